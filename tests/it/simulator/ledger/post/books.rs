//! The records of one org's endpoints, or of one lane: as an aggregate they keep the same promises as
//! an asset's.

use holdfast_actors::{cell::HydrateError, webhooks::cell::WebhookCell};
use holdfast_domain::{
    AssetId, Digest, Record, Stamp, Tag, Timestamp, audit,
    webhooks::{Endpoints, Lane},
};
use holdfast_storage::history::{History, HistoryError};

use super::Post;
use crate::simulator::post::Orders;

pub(super) struct Book {
    pub(super) records: Vec<Record>,
    pub(super) state: State,
}

/// The fold of all records.
pub(super) enum State {
    Endpoints(Box<Endpoints>),
    Lane(Box<Lane>),
}

impl Book {
    pub(super) fn new(tag: Tag, is_lane: bool) -> Self {
        let state = match is_lane {
            true => State::Lane(Box::new(Lane::new(tag))),
            false => State::Endpoints(Box::new(Endpoints::new(tag))),
        };
        Self { records: Vec::new(), state }
    }

    /// I6: it follows on the record before.
    pub(super) fn take(&mut self, record: &Record) {
        let (tag, version) = (record.tag, record.version);
        let expected = self.records.len() as u64 + 1;
        assert_eq!(version, expected, "I6: a hole in the versions of {tag:?}");
        let last = self.records.last();
        assert!(last.is_none_or(|last| last.at <= record.at), "I6: time ran back at {version}");
        assert!(last.is_none_or(|it| it.audit < record.audit), "I6: ids ran back at {version}");
        let previous = last.map_or(Digest::default(), |last| last.hash);
        assert_eq!(record.prev_hash, previous, "I6: the audit chain breaks at version {version}");
        let hash = audit::hash(record, AssetId::new(Stamp::MIN, tag));
        assert_eq!(record.hash, hash, "I6: the audit hash of version {version}");
        if let Some(key) = &record.key {
            let mut keys = self.records.iter().filter_map(|record| record.key.as_ref());
            assert!(keys.all(|it| it.scope != key.scope), "I4: one key, two effects: {}", key.text);
        }
        match &mut self.state {
            State::Endpoints(endpoints) => endpoints.apply(record),
            State::Lane(lane) => lane.apply(record),
        }
    }
}

/// I3: somebody asked for it and was not told that nothing happened, or a lane said it. The secret
/// that came with the request.
pub(super) fn origin(record: &Record, orders: &Orders) -> Option<String> {
    let id = &record.request_id;
    if record.actor.sub == "system:webhooks" {
        let nobody = (&record.key, &record.actor.org_id) == (&None, &None);
        assert!(nobody, "I3: a record of the lanes {id}");
        assert_eq!(*id, record.audit_id().to_string(), "I3: a record of the lanes names itself");
        return None;
    }
    let order = orders.sent(id).unwrap_or_else(|| panic!("I3: nobody sent request {id}"));
    assert!(!orders.was_nothing(id), "I3: request {id} was told that nothing happened");
    assert_eq!(record.key.as_ref(), order.key.as_ref(), "I4: the key of request {id}");
    assert_eq!(record.actor.sub, order.who.subject, "I3: the actor of request {id}");
    assert_eq!(record.actor.org_id.as_ref(), Some(&order.who.org), "I3: the org of {id}");
    order.secret.clone()
}

impl Post {
    /// I5: hydrated, each aggregate is what its records fold to, and shows what they say.
    pub(in crate::simulator) fn check(&self, history: &History) -> Result<(), HistoryError> {
        for (tag, book) in &self.books {
            let is_lane = matches!(book.state, State::Lane(_));
            let now = book.records.last().map_or(Timestamp::default(), |newest| newest.at);
            let cell = match WebhookCell::hydrate(history, *tag, is_lane, now) {
                Ok(cell) => cell,
                Err(HydrateError::History(error)) => return Err(error),
                Err(error) => panic!("I5: {tag:?} cannot hydrate: {error}"),
            };
            match &book.state {
                State::Endpoints(endpoints) => {
                    assert_eq!(cell.endpoints(), Some(&**endpoints), "I5: {tag:?} hydrated");
                }
                State::Lane(lane) => {
                    assert_eq!(cell.lane(), Some(&**lane), "I5: {tag:?} hydrated");
                    let seen = lane.deliveries(Stamp::MIN, Stamp::MAX);
                    self.judge_deliveries(self.lanes[tag], &seen);
                }
            }
        }
        Ok(())
    }
}
