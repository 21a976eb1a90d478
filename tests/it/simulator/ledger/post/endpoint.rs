//! One endpoint as its documents have it, what it was sent, and what its lane has written down.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use holdfast_actors::webhooks::deliver::{Outcome, Verdict};
use holdfast_domain::{
    EndpointId, Record, Stamp, Timestamp,
    webhooks::{DeliveryStatus, DisabledReason, Failure},
};
use holdfast_storage::journal::Position;
use serde_json::Value;

use super::{Event, EventNo};
use crate::simulator::post::RETRY_S;

const FAILING_MS: i64 = 5 * 24 * 60 * 60 * 1_000;

/// The shortest wait, as short as chance makes it.
const RETRY_MS_MIN: i64 = 4_500;

pub(super) struct Endpoint {
    pub(super) id: EndpointId,
    pub(super) org: String,
    /// It hears of nothing before.
    pub(super) made: Position,
    pub(super) images: Vec<Image>,
    pub(super) deleted: Option<Position>,
    /// Asked to be told once more.
    pub(super) replays: Vec<(Timestamp, Timestamp)>,
    pub(super) is_replaying: bool,
    pub(super) cursor: Position,
    pub(super) deliveries: BTreeMap<Stamp, Delivery>,
    pub(super) tries: HashMap<EventNo, Vec<Try>>,
    /// A receiver took it, and the lane heard so.
    pub(super) taken: BTreeSet<EventNo>,
    /// … and wrote it down.
    pub(super) noted: BTreeSet<EventNo>,
    /// Taken in this life of the courier, and not written down since.
    pub(super) unwritten: Vec<EventNo>,
    /// Dead, once at least.
    pub(super) given_up: BTreeSet<EventNo>,
    /// Asked for again.
    pub(super) asked: BTreeSet<EventNo>,
}

/// From a position on.
pub(super) struct Image {
    pub(super) since: Position,
    pub(super) enabled: bool,
    pub(super) url: String,
    /// The newest.
    pub(super) secret: String,
    names: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Delivery {
    pub(super) event: EventNo,
    pub(super) status: DeliveryStatus,
    pub(super) next_at: Option<Timestamp>,
    pub(super) in_order: bool,
    /// How many tries there had been when this was written down.
    pub(super) tries: usize,
}

/// One that came to its end in the life of its process.
pub(super) struct Try {
    pub(super) at: Timestamp,
    pub(super) ended_at: Timestamp,
    pub(super) outcome: Outcome,
    pub(super) life: u64,
}

impl Try {
    /// The receiver had its chance.
    pub(super) fn is_failure(&self) -> bool {
        self.outcome.verdict != Verdict::Delivered
            && self.outcome.error != Some(Failure::NotSendable)
    }
}

impl Image {
    fn wants(&self, name: &str) -> bool {
        let noun = name.split('.').next().unwrap_or_default();
        self.names.iter().any(|asked| {
            asked == "*" || asked == name || asked.strip_suffix(".*").is_some_and(|it| it == noun)
        })
    }
}

impl Endpoint {
    pub(super) fn new(id: EndpointId, made: Position, document: &Value) -> Self {
        Self {
            id,
            org: document["org_id"].as_str().expect("I5: of an org").to_owned(),
            made,
            images: Vec::new(),
            deleted: None,
            replays: Vec::new(),
            is_replaying: false,
            cursor: 0,
            deliveries: BTreeMap::new(),
            tries: HashMap::new(),
            taken: BTreeSet::new(),
            noted: BTreeSet::new(),
            unwritten: Vec::new(),
            given_up: BTreeSet::new(),
            asked: BTreeSet::new(),
        }
    }

    /// `secret`: a new one.
    pub(super) fn becomes(&mut self, since: Position, document: &Value, secret: Option<String>) {
        let text = |value: &Value| value.as_str().expect("I5: a text").to_owned();
        let former = self.images.last().map(|image| image.secret.clone());
        self.images.push(Image {
            since,
            enabled: document["status"] == "ENABLED",
            url: text(&document["url"]),
            secret: secret.or(former).expect("I5: it is made with a secret"),
            names: document["events"].as_array().expect("I5: names").iter().map(text).collect(),
        });
    }

    pub(super) fn newest(&self) -> &Image {
        self.images.last().expect("it was made")
    }

    /// What a lane that has heeded `position` may take it for.
    pub(super) fn images_since(&self, position: Position) -> &[Image] {
        let after = self.images.partition_point(|image| image.since <= position);
        &self.images[after.saturating_sub(1)..]
    }

    /// Whatever the lane took it for.
    pub(super) fn must_hear(&self, event: &Event) -> bool {
        let wanted = || {
            let mut images = self.images_since(event.heeded).iter();
            event.org == self.org && images.all(|image| image.wants(event.name))
        };
        event.position > self.made && event.only.map_or_else(wanted, |only| only == self.id)
    }

    pub(super) fn may_hear(&self, event: &Event) -> bool {
        let wanted = || {
            let mut images = self.images_since(event.heeded).iter();
            event.org == self.org && images.any(|image| image.wants(event.name))
        };
        (event.position > self.made || self.is_replayed(event))
            && event.only.map_or_else(wanted, |only| only == self.id)
    }

    fn is_replayed(&self, event: &Event) -> bool {
        self.replays.iter().any(|(from, to)| *from <= event.at && event.at < *to)
    }

    /// Somebody asked for it, out of order.
    pub(super) fn is_asked_again(&self, number: EventNo, event: &Event) -> bool {
        self.asked.contains(&number) || self.is_replayed(event)
    }

    /// Its asset's next event may follow.
    pub(super) fn is_settled(&self, number: EventNo) -> bool {
        self.taken.contains(&number) || self.given_up.contains(&number) || self.is_used_up(number)
    }

    /// Every try that is promised was made, and failed.
    pub(super) fn is_used_up(&self, number: EventNo) -> bool {
        let failed = self.tries.get(&number).into_iter().flatten().filter(|it| it.is_failure());
        failed.count() > RETRY_S.len()
    }

    /// When the event may be tried at the earliest: when it is stored to be, or as long after a try that
    /// failed since, and in this life of the courier, as is promised.
    pub(super) fn not_before(&self, number: EventNo, life: u64) -> Option<Timestamp> {
        let tries = self.tries.get(&number).map_or(&[][..], Vec::as_slice);
        let waiting = self.waiting().filter(|it| it.event == number);
        let times = waiting.filter_map(|it| {
            let since = tries.get(it.tries..).unwrap_or_default();
            let last = since.last().filter(|last| last.life == life);
            last.map_or(it.next_at, |last| Some(last.ended_at.plus_millis(RETRY_MS_MIN)))
        });
        times.min()
    }

    pub(super) fn waiting(&self) -> impl Iterator<Item = &Delivery> {
        self.deliveries.values().filter(|it| it.status == DeliveryStatus::Pending)
    }

    /// The lane has disabled it.
    pub(super) fn judge_disabling(&self, record: &Record, document: &Value) -> DisabledReason {
        let id = self.id;
        assert_eq!(document["status"], "DISABLED", "I8: lanes only disable {id}");
        let mut tries = self.tries.values().flatten();
        match document["disabled_reason"].as_str() {
            Some("GONE") => {
                let gone = tries.any(|it| it.outcome.verdict == Verdict::Gone);
                assert!(gone, "I8: {id} never said that it is gone");
                DisabledReason::Gone
            }
            Some("FAILING") => {
                let since = record.at.plus_millis(-FAILING_MS);
                let failing = tries.any(|it| it.is_failure() && it.at <= since);
                assert!(failing, "I8: {id} has not failed for five days");
                DisabledReason::Failing
            }
            other => panic!("I8: lanes disable {id} for {other:?}"),
        }
    }
}
