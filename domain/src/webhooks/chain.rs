//! What the records of a webhook aggregate have beside a [`Chain`]: idempotency keys.

use super::{Stop, Verdict};
use crate::{
    asset::keys::Keys,
    chain::{By, Chain, Effect},
    id::Tag,
    record::{Actor, Kind, Outcome, Record, Refused},
    rejection::Rejection,
    request::Request,
    time::Timestamp,
};

/// The newest record's place, and the keys of those before it.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct KeyedChain {
    pub(super) head: Chain,
    keys: Keys,
}

/// The lanes themselves.
pub(super) fn by_lanes() -> By<'static> {
    let actor = Actor { sub: "system:webhooks".into(), org_id: None };
    By { actor, request_id: None, path: "", key: None }
}

impl KeyedChain {
    pub(super) fn new(tag: Tag) -> Self {
        Self { head: Chain::new(tag), keys: Keys::default() }
    }

    pub(super) fn take(&mut self, record: &Record) {
        self.head.follow(record);
        self.keys.take(record, record.at);
    }

    /// As [`crate::asset::AssetState::remember`].
    pub(super) fn remember(&mut self, record: &Record) {
        self.keys.take(record, self.head.at);
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
            Ok(effect) => Verdict::Append(self.head.accept(at, by, effect)),
            Err(Stop::Replay(version)) => Verdict::Replay { version },
            Err(Stop::Refused(rejection))
                if rejection.is_stored()
                    && by.key.is_some()
                    && self.keys.has_room_for_refusal(at) =>
            {
                let outcome = Outcome::Refused(Refused { rejection, path: by.path.into() });
                Verdict::Append(self.head.record(at, by, refused, outcome, self.head.last_stamp))
            }
            Err(Stop::Refused(rejection)) => Verdict::Refuse(rejection),
        }
    }
}
