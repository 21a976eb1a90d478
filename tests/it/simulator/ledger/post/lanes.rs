//! What a lane writes down, judged against what its receiver was really sent and said.

use holdfast_actors::webhooks::deliver::Verdict;
use holdfast_domain::{
    DeliveryId, EndpointId, Outcome, Record, Subject, Timestamp,
    asset::Event as Stored,
    webhooks::{
        Delivery as Seen, DeliveryStatus, EventRef, Failure, LaneEvent, Settled, SettledDelivery,
        Settlement,
    },
};
use serde_json::Value;

use super::{
    EventNo, Post,
    endpoint::{Delivery, Endpoint, Try},
};
use crate::simulator::post::RETRY_S;

/// What this side could not read or make is looked for again after this.
const OWN_FAULT_MS: i64 = 60_000;

impl Post {
    /// A durable record of the lane of `id`.
    pub(super) fn progress(&mut self, id: EndpointId, record: &Record) {
        let Outcome::Accepted(accepted) = &record.outcome else { return };
        match &accepted.events[..] {
            [Stored::Lane(LaneEvent::Progressed { cursor, settled, replay })] => {
                for one in settled {
                    self.settle(id, one);
                }
                let endpoint = self.endpoints.get_mut(&id).expect("it has a lane");
                endpoint.is_replaying &= !replay.is_some_and(|replay| replay.over);
                self.passes(id, cursor.position);
            }
            [Stored::Lane(LaneEvent::RedeliveryAsked { .. })] => {
                let Subject::Delivery(delivery) = accepted.subject else {
                    panic!("I5: a redelivery of {:?}", accepted.subject)
                };
                self.sent_again(id, delivery, record.at);
            }
            [Stored::Lane(LaneEvent::ReplayAsked(_))] => {
                let document: Value = serde_json::from_slice(&accepted.after).expect("I5: json");
                let at = |name: &str| {
                    Timestamp::parse(document[name].as_str().expect("I5: a time")).expect("I5")
                };
                let endpoint = self.endpoints.get_mut(&id).expect("it has a lane");
                endpoint.replays.push((at("from"), at("to")));
                endpoint.is_replaying = true;
                self.count("replay");
            }
            other => panic!("I5: a lane's record of {other:?}"),
        }
    }

    fn number(&self, event: EventRef) -> EventNo {
        let found = self.by_version.get(&(event.tag, event.version)).copied();
        found.unwrap_or_else(|| panic!("I8: {} is not in the log", event.id()))
    }

    fn settle(&mut self, id: EndpointId, one: &SettledDelivery) {
        let settled = one.settled();
        let number = self.number(settled.event);
        let endpoint = self.endpoints.get_mut(&id).expect("it has a lane");
        let (status, next_at) = match settled.outcome {
            Settlement::Delivered => {
                let taken = endpoint.taken.contains(&number);
                assert!(taken, "I8: {id} has not taken {number}, which is written down so");
                endpoint.noted.insert(number);
                let unwritten = endpoint.unwritten.iter().position(|it| *it == number);
                unwritten.map(|index| endpoint.unwritten.remove(index));
                (DeliveryStatus::Succeeded, None)
            }
            Settlement::Retry(at) => {
                endpoint.judge_time(number, settled, at);
                (DeliveryStatus::Pending, Some(at))
            }
            Settlement::Dead => {
                let used_up = endpoint.is_used_up(number);
                assert!(used_up, "I8: {number} is given up for {id} before its last try");
                endpoint.given_up.insert(number);
                (DeliveryStatus::Dead, None)
            }
        };
        let in_order = settled.in_order;
        let tries = endpoint.tries.get(&number).map_or(0, Vec::len);
        let delivery = Delivery { event: number, status, next_at, in_order, tries };
        endpoint.deliveries.insert(one.id(), delivery);
        self.count(match (status, settled.last) {
            (DeliveryStatus::Succeeded, _) if settled.tries > 1 => "delivered again",
            (DeliveryStatus::Succeeded, _) => "delivered",
            (DeliveryStatus::Pending, None) => "followed",
            (DeliveryStatus::Pending, Some(_)) => "retried",
            (DeliveryStatus::Dead, _) => "dead",
        });
    }

    fn sent_again(&mut self, id: EndpointId, delivery: DeliveryId, at: Timestamp) {
        let endpoint = self.endpoints.get_mut(&id).expect("it has a lane");
        let it = endpoint.deliveries.get_mut(&delivery.stamp);
        let it = it.unwrap_or_else(|| panic!("I5: {delivery} was never made"));
        it.in_order &= it.status == DeliveryStatus::Pending;
        (it.status, it.next_at) = (DeliveryStatus::Pending, Some(at));
        it.tries = endpoint.tries.get(&it.event).map_or(0, Vec::len);
        endpoint.asked.insert(it.event);
        self.count("redelivery");
    }

    /// I8: what a cursor has passed is settled, or it waits, or waits behind an earlier one of its
    /// asset.
    fn passes(&mut self, id: EndpointId, position: u64) {
        let endpoint = &self.endpoints[&id];
        let from = endpoint.cursor.max(endpoint.made);
        assert!(endpoint.cursor <= position, "I8: the cursor of {id} ran back to {position}");
        let passed = self.events.iter().enumerate().filter(|(_, event)| {
            event.position > from && event.position <= position && endpoint.must_hear(event)
        });
        for (number, event) in passed {
            let waits = || {
                endpoint.waiting().any(|it| {
                    let head = &self.events[it.event];
                    it.event == number
                        || (it.in_order && head.tag == event.tag && head.version < event.version)
                })
            };
            assert!(
                endpoint.is_settled(number) || waits(),
                "I8: the cursor of {id} passes {} of {:?}, which it has not heard",
                event.version,
                event.tag
            );
        }
        self.endpoints.get_mut(&id).expect("it has a lane").cursor = position;
    }

    /// I5: what there is to see of an endpoint's deliveries is what its records say.
    pub(super) fn judge_deliveries(&self, id: EndpointId, seen: &[&Seen]) {
        let found: Vec<_> = seen
            .iter()
            .rev()
            .map(|it| (it.id, self.number(it.event), it.status, it.next_attempt_at))
            .collect();
        let expected: Vec<_> = self.endpoints[&id]
            .deliveries
            .iter()
            .map(|(stamp, it)| (*stamp, it.event, it.status, it.next_at))
            .collect();
        assert_eq!(found, expected, "I5: the deliveries of {id}");
    }
}

impl Endpoint {
    /// I8: it is stored to be tried again when that is promised.
    fn judge_time(&self, number: EventNo, settled: &Settled, at: Timestamp) {
        let Some(last) = settled.last else { return };
        let tries = self.tries.get(&number).into_iter().flatten();
        let promised = |it: &Try| {
            let ended_ms = it.ended_at.millis();
            if last.error == Some(Failure::NotSendable) {
                return at.millis() == ended_ms + OWN_FAULT_MS;
            }
            let index = usize::try_from(settled.tries).expect("small") - 1;
            let Some(wait_s) = RETRY_S.get(index) else { return false };
            let wait_ms = i64::try_from(*wait_s).expect("small") * 1_000;
            let asked_ms = match it.outcome.verdict {
                Verdict::Failed { retry_after_s: Some(asked_s) } => {
                    i64::try_from(asked_s).expect("small") * 1_000
                }
                _ => 0,
            };
            let (low, high) = (wait_ms - wait_ms / 10, wait_ms + wait_ms / 10);
            (low.max(asked_ms)..=high.max(asked_ms)).contains(&(at.millis() - ended_ms))
        };
        let kept = tries.filter(|it| it.at == last.at).any(promised);
        assert!(kept, "I8: {} is to try {number} again at {at}, after {last:?}", self.id);
    }
}
