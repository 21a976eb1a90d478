//! The lane of one endpoint: how far the log has been told, what waits for another try, and what was
//! given up.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::{
    Cursor, Delivery, DeliveryStatus, EventRef, LaneEvent, Stop, Try, Verdict,
    chain::{KeyedChain, by_lanes},
};
use crate::{
    asset::Event,
    chain::{By, Effect},
    id::{DeliveryId, EndpointId, Stamp, Tag},
    record::{Digest, Kind, Outcome, Record, Subject},
    rejection::Rejection,
    request::{CommandText, Request},
    time::Timestamp,
};

/// The newest successes are kept to be looked at.
const SUCCEEDED_MAX: usize = 1_000;
/// The newest dead letters are kept to be sent again. What is older is in the log alone.
const DEAD_MAX: usize = 10_000;
/// Waiting because somebody asked for them again, at once.
const ASKED_MAX: u32 = 1_000;

/// What may be asked of a lane. Who may ask was judged where the endpoint is.
#[derive(Clone, PartialEq, Debug)]
pub enum LaneCommand {
    Redeliver(DeliveryId),
    /// Send again what happened in `from..to`.
    Replay {
        from: Timestamp,
        to: Timestamp,
    },
}

impl LaneCommand {
    /// What kind of command it is, as operators read it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Redeliver(_) => "redeliver",
            Self::Replay { .. } => "replay",
        }
    }
}

impl CommandText for LaneCommand {
    fn text_bytes(&self) -> usize {
        0
    }
}

/// What the lane has done since it last said so.
#[derive(Clone, PartialEq, Debug)]
pub struct Progress {
    pub endpoint: EndpointId,
    pub cursor: Cursor,
    pub settled: Vec<Settled>,
    pub replay: Option<ReplayProgress>,
}

/// How far a replay is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReplayProgress {
    pub replay: Replay,
    /// All of it has been sent, or waits for another try.
    pub over: bool,
}

/// One try that has come to an end.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Settled {
    /// `None` when it is the first that is told of this delivery.
    pub delivery: Option<Stamp>,
    pub event: EventRef,
    pub attempts: u32,
    pub tries: u32,
    /// `None` where it has not been tried yet: it waits behind what was settled with it.
    pub last: Option<Try>,
    pub outcome: Settlement,
    pub in_order: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Settlement {
    Delivered,
    /// To be tried again then.
    Retry(Timestamp),
    /// Given up.
    Dead,
}

/// As stored: every delivery has its id.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SettledDelivery {
    id: Stamp,
    settled: Settled,
}

impl SettledDelivery {
    pub fn new(id: Stamp, settled: Settled) -> Self {
        Self { id, settled }
    }

    pub fn id(&self) -> Stamp {
        self.id
    }

    pub fn settled(&self) -> &Settled {
        &self.settled
    }
}

/// A stretch of time that is told once more.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Replay {
    /// Of the record that asked for it; names the replay.
    pub id: Stamp,
    pub from: Timestamp,
    pub to: Timestamp,
    /// How far the log has been read.
    pub cursor: Cursor,
}

/// Equal to the fold of the lane's records.
#[derive(Clone, PartialEq, Debug)]
pub struct Lane {
    chain: KeyedChain,
    endpoint: Option<EndpointId>,
    cursor: Option<Cursor>,
    failing_since: Option<Timestamp>,
    pending: BTreeMap<Stamp, Delivery>,
    dead: BTreeMap<Stamp, Delivery>,
    /// In the order in which they arrived.
    succeeded: VecDeque<Delivery>,
    replay: Option<Replay>,
}

/// The stored form of a state, without its keys.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct LaneSnapshot {
    tag: Tag,
    version: u64,
    at: Timestamp,
    last_stamp: Stamp,
    last_hash: Digest,
    endpoint: Option<EndpointId>,
    cursor: Option<Cursor>,
    failing_since: Option<Timestamp>,
    pending: Vec<Delivery>,
    dead: Vec<Delivery>,
    succeeded: Vec<Delivery>,
    replay: Option<Replay>,
}

impl Lane {
    /// The state before the first record.
    pub fn new(tag: Tag) -> Self {
        Self {
            chain: KeyedChain::new(tag),
            endpoint: None,
            cursor: None,
            failing_since: None,
            pending: BTreeMap::new(),
            dead: BTreeMap::new(),
            succeeded: VecDeque::new(),
            replay: None,
        }
    }

    pub fn version(&self) -> u64 {
        self.chain.head.version
    }

    pub fn tag(&self) -> Tag {
        self.chain.head.tag
    }

    /// `None` before the first progress.
    pub fn cursor(&self) -> Option<Cursor> {
        self.cursor
    }

    /// Since when nothing has been delivered though something should have been.
    pub fn failing_since(&self) -> Option<Timestamp> {
        self.failing_since
    }

    pub fn replay(&self) -> Option<Replay> {
        self.replay
    }

    /// What waits for another try.
    pub fn pending(&self) -> impl Iterator<Item = &Delivery> {
        self.pending.values()
    }

    pub fn dead(&self) -> usize {
        self.dead.len()
    }

    /// Of any status.
    pub fn delivery(&self, id: Stamp) -> Option<&Delivery> {
        self.pending
            .get(&id)
            .or_else(|| self.dead.get(&id))
            .or_else(|| self.succeeded.iter().find(|delivery| delivery.id == id))
    }

    /// Every delivery there is to see with `low < id < high`, newest first.
    pub fn deliveries(&self, low: Stamp, high: Stamp) -> Vec<&Delivery> {
        let within = |delivery: &&Delivery| low < delivery.id && delivery.id < high;
        let mut all: Vec<&Delivery> = self
            .pending
            .values()
            .chain(self.dead.values())
            .chain(&self.succeeded)
            .filter(within)
            .collect();
        all.sort_unstable_by_key(|delivery| std::cmp::Reverse(delivery.id));
        all
    }

    pub fn apply(&mut self, record: &Record) {
        self.chain.take(record);
        let Outcome::Accepted(accepted) = &record.outcome else { return };
        for event in &accepted.events {
            let Event::Lane(event) = event else { continue };
            match event {
                LaneEvent::Progressed { cursor, settled, replay } => {
                    if let Subject::Endpoint(endpoint) = accepted.subject {
                        self.endpoint = Some(endpoint);
                    }
                    self.cursor = Some(*cursor);
                    if let Some(told) = replay
                        && self.replay.is_some_and(|known| known.id == told.replay.id)
                    {
                        self.replay = (!told.over).then_some(told.replay);
                    }
                    for one in settled {
                        self.take(one);
                    }
                }
                LaneEvent::RedeliveryAsked { delivery } => {
                    self.ask_again(*delivery, record.at);
                }
                LaneEvent::ReplayAsked(replay) => self.replay = Some(*replay),
            }
        }
    }

    fn take(&mut self, SettledDelivery { id, settled }: &SettledDelivery) {
        self.pending.remove(id);
        self.dead.remove(id);
        self.succeeded.retain(|earlier| earlier.id != *id);
        let (status, next_attempt_at) = match settled.outcome {
            Settlement::Delivered => (DeliveryStatus::Succeeded, None),
            Settlement::Retry(at) => (DeliveryStatus::Pending, Some(at)),
            Settlement::Dead => (DeliveryStatus::Dead, None),
        };
        let delivery = Delivery {
            id: *id,
            event: settled.event,
            status,
            attempts: settled.attempts,
            tries: settled.tries,
            next_attempt_at,
            last: settled.last,
            in_order: settled.in_order,
            asked: false,
        };
        match status {
            DeliveryStatus::Succeeded => {
                self.failing_since = None;
                self.succeeded.push_back(delivery);
                if self.succeeded.len() > SUCCEEDED_MAX {
                    self.succeeded.pop_front();
                }
            }
            DeliveryStatus::Pending => {
                self.fails(settled.last);
                self.pending.insert(*id, delivery);
            }
            DeliveryStatus::Dead => {
                self.fails(settled.last);
                self.dead.insert(*id, delivery);
                if self.dead.len() > DEAD_MAX {
                    self.dead.pop_first();
                }
            }
        }
    }

    fn fails(&mut self, last: Option<Try>) {
        if let Some(last) = last {
            self.failing_since.get_or_insert(last.at);
        }
    }

    fn ask_again(&mut self, id: Stamp, at: Timestamp) {
        if let Some(waiting) = self.pending.get_mut(&id) {
            waiting.next_attempt_at = Some(at);
            waiting.asked = true;
            return;
        }
        let found = match self.dead.remove(&id) {
            Some(dead) => Some(dead),
            None => {
                let place = self.succeeded.iter().position(|delivery| delivery.id == id);
                place.and_then(|place| self.succeeded.remove(place))
            }
        };
        if let Some(mut delivery) = found {
            delivery.status = DeliveryStatus::Pending;
            delivery.next_attempt_at = Some(at);
            delivery.tries = 0;
            delivery.asked = true;
            // The asset's later events have gone on without it.
            delivery.in_order = false;
            self.pending.insert(id, delivery);
        }
    }

    /// See [`crate::asset::AssetState::remember`].
    pub fn remember(&mut self, record: &Record) {
        self.chain.remember(record);
    }

    /// An estimate of the memory it holds.
    pub fn bytes(&self) -> usize {
        let deliveries = self.pending.len() + self.dead.len() + self.succeeded.len();
        self.chain.bytes() + deliveries * (size_of::<Delivery>() + 16)
    }

    pub fn to_snapshot(&self) -> LaneSnapshot {
        LaneSnapshot {
            tag: self.chain.head.tag,
            version: self.chain.head.version,
            at: self.chain.head.at,
            last_stamp: self.chain.head.last_stamp,
            last_hash: self.chain.head.last_hash,
            endpoint: self.endpoint,
            cursor: self.cursor,
            failing_since: self.failing_since,
            pending: self.pending.values().cloned().collect(),
            dead: self.dead.values().cloned().collect(),
            succeeded: self.succeeded.iter().cloned().collect(),
            replay: self.replay,
        }
    }

    pub fn from_snapshot(snapshot: LaneSnapshot) -> Self {
        let mut lane = Self::new(snapshot.tag);
        lane.chain.head.version = snapshot.version;
        lane.chain.head.at = snapshot.at;
        lane.chain.head.last_stamp = snapshot.last_stamp;
        lane.chain.head.last_hash = snapshot.last_hash;
        lane.endpoint = snapshot.endpoint;
        lane.cursor = snapshot.cursor;
        lane.failing_since = snapshot.failing_since;
        lane.pending = snapshot.pending.into_iter().map(|it| (it.id, it)).collect();
        lane.dead = snapshot.dead.into_iter().map(|it| (it.id, it)).collect();
        lane.succeeded = snapshot.succeeded.into();
        lane.replay = snapshot.replay;
        lane
    }
}

/// The record of what the lane has done. Every delivery that has no id yet gets one.
pub fn progress(state: &Lane, progress: Progress, now: Timestamp) -> Box<Record> {
    let at = state.chain.head.moment(now);
    let mut stamp = state.chain.head.last_stamp;
    let settled: Vec<SettledDelivery> = progress
        .settled
        .into_iter()
        .map(|settled| {
            let id = settled.delivery.unwrap_or_else(|| {
                stamp = stamp.next(at.unsigned_millis());
                stamp
            });
            SettledDelivery::new(id, settled)
        })
        .collect();
    let after = serde_json::json!({
        "position": progress.cursor.position,
        "settled": settled.len(),
    });
    let event = LaneEvent::Progressed { cursor: progress.cursor, settled, replay: progress.replay };
    let effect = Effect {
        kind: Kind::DeliveryProgressed,
        event: Some(Event::Lane(event)),
        subject: Subject::Endpoint(progress.endpoint),
        created: false,
        before: None,
        after: crate::canonical::to_string(&after).into_bytes(),
        tagged: state.chain.head.next_version(),
        stamp,
    };
    state.chain.head.accept(at, by_lanes(), effect)
}

/// Replay of the key, then the command's own rules. The caller has judged who may ask.
pub fn decide_lane(
    state: &Lane,
    endpoint: EndpointId,
    request: &Request<LaneCommand>,
    now: Timestamp,
) -> Verdict {
    let at = state.chain.head.moment(now);
    let replayed = state.chain.replay(request, at);
    let effect = replayed.and_then(|()| match &request.command {
        LaneCommand::Redeliver(id) => redeliver(state, endpoint, *id, at),
        LaneCommand::Replay { from, to } => replay(state, endpoint, (*from, *to), at),
    });
    state.chain.settle(at, By::request(request), Kind::DeliveryRefused, effect)
}

fn redeliver(
    state: &Lane,
    endpoint: EndpointId,
    id: DeliveryId,
    at: Timestamp,
) -> Result<Effect, Stop> {
    let tag = state.chain.head.tag;
    let before = state.delivery(id.stamp).filter(|_| id.tag == tag).ok_or(Rejection::NotFound)?;
    let asked = state.pending.values().filter(|delivery| delivery.asked).count();
    if before.status != DeliveryStatus::Pending && asked >= ASKED_MAX as usize {
        return Err(Rejection::LimitReached { limit: ASKED_MAX }.into());
    }
    let mut after = before.clone();
    after.status = DeliveryStatus::Pending;
    after.next_attempt_at = Some(at);
    Ok(Effect {
        kind: Kind::DeliveryRequested,
        event: Some(Event::Lane(LaneEvent::RedeliveryAsked { delivery: id.stamp })),
        subject: Subject::Delivery(id),
        created: false,
        before: Some(before.document(tag, endpoint).json()),
        after: after.document(tag, endpoint).json(),
        tagged: state.chain.head.next_version(),
        stamp: state.chain.head.last_stamp,
    })
}

/// One at a time: a second has to wait for the first.
fn replay(
    state: &Lane,
    endpoint: EndpointId,
    (from, to): (Timestamp, Timestamp),
    at: Timestamp,
) -> Result<Effect, Stop> {
    if state.replay.is_some() {
        return Err(Rejection::InvalidTransition { current_status: "REPLAYING".into() }.into());
    }
    let id = state.chain.head.next_stamp(at);
    // What happens from now on is told anyhow.
    let to = to.min(at);
    let replay = Replay { id, from, to, cursor: Cursor::default() };
    let after = serde_json::json!({
        "created_at": at,
        "endpoint_id": endpoint,
        "from": from,
        "status": "REPLAYING",
        "to": to,
    });
    Ok(Effect {
        kind: Kind::DeliveryRequested,
        event: Some(Event::Lane(LaneEvent::ReplayAsked(replay))),
        subject: Subject::Endpoint(endpoint),
        created: false,
        before: None,
        after: crate::canonical::to_string(&after).into_bytes(),
        tagged: state.chain.head.next_version(),
        stamp: id,
    })
}
