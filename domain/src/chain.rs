//! What the records of every aggregate but the asset have in common: versions without a hole, time
//! that does not run back, stamps that grow, and a hash chain. An asset keeps the same itself.

use crate::{
    asset::Event,
    audit,
    id::{AssetId, Stamp, Tag},
    record::{Accepted, Actor, Digest, Etag, Kind, Outcome, Record, Subject},
    request::{IdempotencyKey, Request},
    time::Timestamp,
};

/// The newest record's place.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Chain {
    pub(crate) tag: Tag,
    pub(crate) version: u64,
    pub(crate) at: Timestamp,
    pub(crate) last_stamp: Stamp,
    pub(crate) last_hash: Digest,
}

/// Who causes a record, and under which key.
pub(crate) struct By<'a> {
    pub(crate) actor: Actor,
    /// `None`: nobody asked, so the record names itself.
    pub(crate) request_id: Option<&'a str>,
    pub(crate) path: &'a str,
    pub(crate) key: Option<&'a IdempotencyKey>,
}

impl<'a> By<'a> {
    pub(crate) fn request<C>(request: &'a Request<C>) -> Self {
        Self {
            actor: Actor {
                sub: request.principal.subject.clone(),
                org_id: Some(request.principal.org.clone()),
            },
            request_id: Some(&request.request_id),
            path: &request.path,
            key: request.key.as_ref(),
        }
    }
}

/// What an accepted command does.
pub(crate) struct Effect {
    pub(crate) kind: Kind,
    pub(crate) event: Option<Event>,
    pub(crate) subject: Subject,
    pub(crate) created: bool,
    pub(crate) before: Option<Vec<u8>>,
    pub(crate) after: Vec<u8>,
    /// The version in the entity tag of what `after` shows.
    pub(crate) tagged: u64,
    /// The last stamp the effect has used up.
    pub(crate) stamp: Stamp,
}

impl Chain {
    /// The place before the first record.
    pub(crate) fn new(tag: Tag) -> Self {
        Self {
            tag,
            version: 0,
            at: Timestamp::default(),
            last_stamp: Stamp::MIN,
            last_hash: Digest::default(),
        }
    }

    /// Goes on to this record.
    pub(crate) fn follow(&mut self, record: &Record) {
        self.version = record.version;
        self.at = record.at;
        self.last_stamp = record.audit;
        self.last_hash = record.hash;
    }

    /// When a record that is decided at `now` happens.
    pub(crate) fn moment(&self, now: Timestamp) -> Timestamp {
        now.max(self.at)
    }

    pub(crate) fn next_version(&self) -> u64 {
        self.version + 1
    }

    pub(crate) fn next_stamp(&self, at: Timestamp) -> Stamp {
        self.last_stamp.next(at.unsigned_millis())
    }

    pub(crate) fn accept(&self, at: Timestamp, by: By<'_>, effect: Effect) -> Box<Record> {
        let outcome = Outcome::Accepted(Accepted {
            events: effect.event.into_iter().collect(),
            subject: effect.subject,
            created: effect.created,
            etag: Etag { version: effect.tagged, link: 0 },
            before: effect.before,
            after: effect.after,
            booking: None,
        });
        self.record(at, by, effect.kind, outcome, effect.stamp)
    }

    pub(crate) fn record(
        &self,
        at: Timestamp,
        by: By<'_>,
        kind: Kind,
        outcome: Outcome,
        last_stamp: Stamp,
    ) -> Box<Record> {
        let mut record = Box::new(Record {
            tag: self.tag,
            version: self.next_version(),
            at,
            kind,
            audit: last_stamp.next(at.unsigned_millis()),
            actor: by.actor,
            request_id: String::new(),
            key: by.key.cloned(),
            prev_hash: self.last_hash,
            hash: Digest::default(),
            outcome,
            next_due: None,
        });
        record.request_id = by.request_id.map_or_else(|| record.audit_id().to_string(), Into::into);
        // The chain names its tag where that of an asset names the asset.
        record.hash = audit::hash(&record, AssetId::new(Stamp::MIN, self.tag));
        record
    }
}
