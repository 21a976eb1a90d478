//! The idempotency keys of one asset: which record answered which key.
//!
//! A pure function of the asset's keyed records and the newest record's time, so that a state read
//! back from history knows the same keys as the one that lived on. Bodies are not here: the record
//! of the version holds them.

use std::collections::{BTreeMap, VecDeque};

use crate::{
    record::{Outcome, Record},
    request::{IdempotencyKey, KeyScope},
    time::Timestamp,
};

/// How long a key is kept, in time of the asset.
pub(crate) const KEPT_MS: i64 = 24 * 60 * 60 * 1000;
/// The newest keyed records are kept whatever the clock says: a clock that leaps must not turn a
/// retry that is under way into a second booking.
const KEPT_MIN: usize = 64;
/// Stored refusals, per asset …
const REFUSALS_MAX: usize = 1_024;
/// … and new ones per second, so that a client in a loop cannot fill the journal.
const REFUSALS_PER_SECOND_MAX: usize = 64;

/// What is known under a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Stored {
    pub(crate) fingerprint: u64,
    pub(crate) version: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Line {
    at: Timestamp,
    version: u64,
    scope: KeyScope,
}

#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Keys {
    by_scope: BTreeMap<KeyScope, Stored>,
    /// Oldest first.
    accepted: VecDeque<Line>,
    /// Oldest first, at most [`REFUSALS_MAX`].
    refused: VecDeque<Line>,
}

impl Keys {
    /// What the key was used for, unless it has run out at `now`.
    pub(crate) fn find(&self, key: &IdempotencyKey, now: Timestamp) -> Option<Stored> {
        let stored = *self.by_scope.get(&key.scope)?;
        let newer =
            newer_than(&self.accepted, stored.version) + newer_than(&self.refused, stored.version);
        let at = at_version(&self.accepted, stored.version)
            .or_else(|| at_version(&self.refused, stored.version))?;
        (newer < KEPT_MIN || !is_stale(at, now)).then_some(stored)
    }

    /// Whether one more refusal may be stored at `at`: fewer than 64 in the second before it.
    pub(crate) fn has_room_for_refusal(&self, at: Timestamp) -> bool {
        self.refused
            .len()
            .checked_sub(REFUSALS_PER_SECOND_MAX)
            .is_none_or(|index| self.refused[index].at.millis() + 1_000 <= at.millis())
    }

    /// Takes in the key of the next record, if it carries one, and drops what has run out at `now`.
    pub(crate) fn take(&mut self, record: &Record, now: Timestamp) {
        if let Some(key) = &record.key {
            let line = Line { at: record.at, version: record.version, scope: key.scope };
            let stored = Stored { fingerprint: key.fingerprint, version: record.version };
            self.by_scope.insert(key.scope, stored);
            match record.outcome {
                Outcome::Accepted(_) => self.accepted.push_back(line),
                Outcome::Refused(_) => self.refused.push_back(line),
            }
        }
        while self.refused.len() > REFUSALS_MAX {
            let line = self.refused.pop_front();
            self.forget(line);
        }
        while self.accepted.len() + self.refused.len() > KEPT_MIN {
            let oldest_is_refused = match (self.accepted.front(), self.refused.front()) {
                (Some(accepted), Some(refused)) => refused.version < accepted.version,
                (None, _) => true,
                (_, None) => false,
            };
            let lines = if oldest_is_refused { &mut self.refused } else { &mut self.accepted };
            if !lines.front().is_some_and(|line| is_stale(line.at, now)) {
                break;
            }
            let line = lines.pop_front();
            self.forget(line);
        }
    }

    /// A scope that was used again since belongs to the newer record and stays.
    fn forget(&mut self, line: Option<Line>) {
        if let Some(line) = line
            && self.by_scope.get(&line.scope).is_some_and(|stored| stored.version == line.version)
        {
            self.by_scope.remove(&line.scope);
        }
    }

    /// An estimate: a line and a tree entry per key.
    pub(crate) fn bytes(&self) -> usize {
        const LINE: usize = size_of::<Line>();
        const ENTRY: usize = (size_of::<KeyScope>() + size_of::<Stored>()) * 3 / 2;
        (self.accepted.len() + self.refused.len()) * LINE + self.by_scope.len() * ENTRY
    }
}

fn is_stale(at: Timestamp, now: Timestamp) -> bool {
    at <= now.plus_millis(-KEPT_MS)
}

fn newer_than(lines: &VecDeque<Line>, version: u64) -> usize {
    lines.len() - lines.partition_point(|line| line.version <= version)
}

fn at_version(lines: &VecDeque<Line>, version: u64) -> Option<Timestamp> {
    let index = lines.binary_search_by_key(&version, |line| line.version).ok()?;
    Some(lines[index].at)
}
