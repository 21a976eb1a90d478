//! What the records of a webhook aggregate have in common with those of an asset: versions without a
//! hole, time that does not run back, stamps that grow, a hash chain, and idempotency keys.

use super::{Stop, Verdict};
use crate::{
    asset::keys::Keys,
    audit,
    id::{AssetId, Stamp, Tag},
    record::{Accepted, Actor, Digest, Etag, Kind, Outcome, Record, Refused, Subject},
    rejection::Rejection,
    request::{IdempotencyKey, Request},
    time::Timestamp,
};

/// The newest record's place.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Chain {
    pub(super) tag: Tag,
    pub(super) version: u64,
    pub(super) at: Timestamp,
    pub(super) last_stamp: Stamp,
    pub(super) last_hash: Digest,
    keys: Keys,
}

/// Who causes a record, and under which key.
pub(super) struct By<'a> {
    actor: Actor,
    /// `None`: nobody asked, so the record names itself.
    request_id: Option<&'a str>,
    path: &'a str,
    key: Option<&'a IdempotencyKey>,
}

impl<'a> By<'a> {
    pub(super) fn request<C>(request: &'a Request<C>) -> Self {
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

    /// The lanes themselves.
    pub(super) fn lanes() -> Self {
        let actor = Actor { sub: "system:webhooks".into(), org_id: None };
        Self { actor, request_id: None, path: "", key: None }
    }
}

/// What an accepted command does.
pub(super) struct Effect {
    pub(super) kind: Kind,
    pub(super) event: Option<crate::asset::Event>,
    pub(super) subject: Subject,
    pub(super) created: bool,
    pub(super) before: Option<Vec<u8>>,
    pub(super) after: Vec<u8>,
    /// The version in the entity tag of what `after` shows.
    pub(super) tagged: u64,
    /// The last stamp the effect has used up.
    pub(super) stamp: Stamp,
}

impl Chain {
    pub(super) fn new(tag: Tag) -> Self {
        Self {
            tag,
            version: 0,
            at: Timestamp::default(),
            last_stamp: Stamp::MIN,
            last_hash: Digest::default(),
            keys: Keys::default(),
        }
    }

    pub(super) fn take(&mut self, record: &Record) {
        self.version = record.version;
        self.at = record.at;
        self.last_stamp = record.audit;
        self.last_hash = record.hash;
        self.keys.take(record, record.at);
    }

    /// As [`crate::asset::AssetState::remember`].
    pub(super) fn remember(&mut self, record: &Record) {
        self.keys.take(record, self.at);
    }

    pub(super) fn moment(&self, now: Timestamp) -> Timestamp {
        now.max(self.at)
    }

    pub(super) fn next_version(&self) -> u64 {
        self.version + 1
    }

    pub(super) fn next_stamp(&self, at: Timestamp) -> Stamp {
        self.last_stamp.next(at.unsigned_millis())
    }

    pub(super) fn bytes(&self) -> usize {
        self.keys.bytes()
    }

    /// Stops a command whose key was used.
    pub(super) fn replay<C>(&self, request: &Request<C>, at: Timestamp) -> Result<(), Stop> {
        let stored = request.key.as_ref().and_then(|key| Some((key, self.keys.find(key, at)?)));
        match stored {
            None => Ok(()),
            Some((key, stored)) if stored.fingerprint == key.fingerprint => {
                Err(Stop::Replay(stored.version))
            }
            Some(_) => Err(Stop::Refused(Rejection::KeyReused)),
        }
    }

    /// A command's verdict; stored refusals are kept as `refused`.
    pub(super) fn settle(
        &self,
        at: Timestamp,
        by: By<'_>,
        refused: Kind,
        effect: Result<Effect, Stop>,
    ) -> Verdict {
        match effect {
            Ok(effect) => Verdict::Append(self.accept(at, by, effect)),
            Err(Stop::Replay(version)) => Verdict::Replay { version },
            Err(Stop::Refused(rejection))
                if rejection.is_stored()
                    && by.key.is_some()
                    && self.keys.has_room_for_refusal(at) =>
            {
                let outcome = Outcome::Refused(Refused { rejection, path: by.path.into() });
                Verdict::Append(self.record(at, by, refused, outcome, self.last_stamp))
            }
            Err(Stop::Refused(rejection)) => Verdict::Refuse(rejection),
        }
    }

    pub(super) fn accept(&self, at: Timestamp, by: By<'_>, effect: Effect) -> Box<Record> {
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

    fn record(
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
