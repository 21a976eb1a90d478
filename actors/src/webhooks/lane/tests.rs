//! What somebody asks of a lane while what it did is on its way into the log.

use holdfast_domain::{
    Kind, Stamp, Tag,
    webhooks::{Cursor, DeliveryStatus, Secret},
};

use super::*;

const MADE: Stamp = Stamp::new(1, 1);

fn now() -> Timestamp {
    Timestamp::from_millis(1_000_000)
}

/// Apart from any order, tried so often, to be tried now.
fn delivery(attempts: u32, asked: bool) -> Delivery {
    let event = EventRef {
        tag: Tag::new(7),
        version: 3,
        stamp: Stamp::new(2, 1),
        kind: Kind::BookingCreated,
        at: now(),
    };
    Delivery {
        id: Stamp::new(3, 1),
        event,
        status: DeliveryStatus::Pending,
        attempts,
        tries: attempts,
        next_attempt_at: Some(now()),
        last: None,
        in_order: false,
        asked,
    }
}

fn standing(pending: Delivery) -> Standing {
    let cursor = Some(Cursor { position: 9, place: [0; 20] });
    Standing { cursor, failing_since: None, pending: vec![pending], replay: None }
}

fn lane(pending: Delivery) -> Lane {
    let endpoint = Endpoint {
        id: MADE,
        url: "https://receiver.example".into(),
        events: vec!["*".into()],
        description: None,
        org_id: "org_1".into(),
        locations: vec!["*".into()],
        status: EndpointStatus::Enabled,
        disabled_reason: None,
        enabled_at: now(),
        secrets: Vec::<Secret>::new(),
        created_at: now(),
        created_version: 1,
        updated_at: now(),
        version: 1,
    };
    let id = EndpointId::new(MADE, Tag::new(1));
    Lane::new((endpoint, id), &standing(pending), Place::START, (now(), 9), 300)
}

/// Its one delivery arrives, and that is on its way into the log.
fn delivered(lane: &mut Lane) {
    let (key, event) = lane.parked.take_due(now()).expect("it is due");
    (lane.under_way, lane.again) = (1, 1);
    let tried = Try { at: now(), status_code: Some(200), error: None, duration_ms: 1 };
    let ended = Ended { verdict: Verdict::Delivered, tried, chance: 0 };
    lane.end(Flight::Again(key, event.version), ended, &RetrySchedule::default(), now());
    assert!(lane.report(now().plus_millis(REPORT_MS)).is_some());
    assert!(!lane.has_something(now()));
}

#[test]
fn what_is_asked_for_after_the_log_had_its_last_try_is_sent_again() {
    let mut lane = lane(delivery(1, false));
    delivered(&mut lane);
    lane.heed(&standing(delivery(2, true)), 9);
    assert!(lane.has_something(now()));
}

#[test]
fn what_is_asked_for_before_the_log_has_its_last_try_is_not_sent_twice() {
    let mut lane = lane(delivery(1, false));
    delivered(&mut lane);
    lane.heed(&standing(delivery(1, true)), 9);
    assert!(!lane.has_something(now()));
}
