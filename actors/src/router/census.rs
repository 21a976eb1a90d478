//! What operators see of the assets: counts by state, the hottest, those that failed, those held
//! back. Looked up when somebody asks, one shard at a time; nothing is kept for it on the way of a
//! message but a count.

use std::sync::atomic::Ordering;

use holdfast_domain::{Tag, Timestamp};

use super::{Activation, Entry, Held, Router};
use crate::in_hand::Failure;

/// How many of the hottest are shown …
pub const HOTTEST_MAX: usize = 10;
/// … and of the failed and the quarantined, the newest.
pub const LISTED_MAX: usize = 100;

/// Counts of the assets the router knows. The others have no actor: they were not asked since the
/// start, or were put away.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Census {
    /// With an actor that reads what is stored, before its first answer.
    pub hydrating: usize,
    /// With an actor and at least one message under way.
    pub live: usize,
    /// With an actor that nobody asks, or about to get one.
    pub idle: usize,
    /// Without an actor since the last one failed; the next message starts another.
    pub failed: usize,
    pub quarantined: usize,
    pub resident_bytes: usize,
}

impl Census {
    /// Actors there are.
    pub fn actors(&self) -> usize {
        self.hydrating + self.live + self.idle
    }

    fn count(&mut self, state: AssetState) {
        *match state {
            AssetState::Hydrating => &mut self.hydrating,
            AssetState::Live => &mut self.live,
            AssetState::Idle => &mut self.idle,
            AssetState::Failed => &mut self.failed,
            AssetState::Quarantined => &mut self.quarantined,
        } += 1;
    }
}

/// As the members of [`Census`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AssetState {
    Hydrating,
    Live,
    Idle,
    Failed,
    Quarantined,
}

impl AssetState {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hydrating => "hydrating",
            Self::Live => "live",
            Self::Idle => "idle",
            Self::Failed => "failed",
            Self::Quarantined => "quarantined",
        }
    }
}

/// One asset as operators see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AssetEntry {
    pub tag: Tag,
    pub state: AssetState,
    /// Messages under way.
    pub waiting: usize,
    /// Messages of about the last ten seconds.
    pub recent_messages: u64,
    /// Since the entry was made or an operator released it.
    pub failures: u64,
    pub last_failure: Option<Failure>,
    /// Since when it is held back.
    pub since: Option<Timestamp>,
}

/// All that is shown.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Sample {
    pub census: Census,
    /// By recent messages, then by those that wait; at most [`HOTTEST_MAX`].
    pub hottest: Vec<AssetEntry>,
    /// Failed since they were last put away and not held back; the newest [`LISTED_MAX`].
    pub failing: Vec<AssetEntry>,
    /// The newest [`LISTED_MAX`]; the census has the number of all.
    pub quarantined: Vec<AssetEntry>,
}

impl<A: Clone + 'static> Router<A> {
    pub fn census(&self) -> Census {
        let mut census = self.empty_census();
        for shard in &self.entries {
            shard.lock().values().for_each(|entry| census.count(entry.state()));
        }
        census
    }

    pub fn sample(&self, now_ms: u64) -> Sample {
        let mut sample = Sample { census: self.empty_census(), ..Sample::default() };
        for shard in &self.entries {
            for entry in shard.lock().values() {
                let state = entry.state();
                sample.census.count(state);
                let heat = (entry.heat.recent(now_ms), entry.activation.in_flight());
                let coolest = sample.hottest.last().filter(|_| sample.hottest.len() == HOTTEST_MAX);
                if heat > coolest.map_or((0, 0), heat_of) {
                    sample.hottest.push(entry.seen(now_ms));
                    sample.hottest.sort_by_key(|entry| std::cmp::Reverse(heat_of(entry)));
                    sample.hottest.truncate(HOTTEST_MAX);
                }
                match state {
                    AssetState::Quarantined => sample.quarantined.push(entry.seen(now_ms)),
                    _ if entry.last_failure.is_some() => sample.failing.push(entry.seen(now_ms)),
                    _ => {}
                }
            }
            // Bounded as it goes: many may be held back at once.
            newest(&mut sample.quarantined, |entry| entry.since);
            newest(&mut sample.failing, |entry| entry.last_failure.as_ref().map(|it| it.at));
        }
        sample
    }

    /// One asset; `None` when the router has no entry for it.
    pub fn entry(&self, tag: Tag, now_ms: u64) -> Option<AssetEntry> {
        self.shard(tag).lock().get(&tag).map(|entry| entry.seen(now_ms))
    }

    /// Failures and restarts of actors since the start.
    pub fn failures_and_restarts(&self) -> (u64, u64) {
        (self.failures.load(Ordering::Relaxed), self.restarts.load(Ordering::Relaxed))
    }

    fn empty_census(&self) -> Census {
        let resident_bytes = self.resident.load(Ordering::Relaxed);
        Census { resident_bytes, ..Census::default() }
    }
}

fn heat_of(entry: &AssetEntry) -> (u64, usize) {
    (entry.recent_messages, entry.waiting)
}

fn newest(entries: &mut Vec<AssetEntry>, at: impl Fn(&AssetEntry) -> Option<Timestamp>) {
    entries.sort_by_key(|entry| std::cmp::Reverse(at(entry)));
    entries.truncate(LISTED_MAX);
}

impl Activation {
    /// It has taken its first message in hand, so its state was read.
    fn is_hydrated(&self) -> bool {
        self.bytes.load(Ordering::Relaxed) > 0
    }
}

impl<A> Entry<A> {
    fn state(&self) -> AssetState {
        match (self.held, &self.actor) {
            (Held::Quarantined { .. }, _) => AssetState::Quarantined,
            (Held::No, Some(_)) if !self.activation.is_hydrated() => AssetState::Hydrating,
            (Held::No, Some(_)) if self.activation.in_flight() > 0 => AssetState::Live,
            (Held::No, None) if !self.panics.is_empty() => AssetState::Failed,
            (Held::No, _) => AssetState::Idle,
        }
    }

    fn seen(&self, now_ms: u64) -> AssetEntry {
        let since = match self.held {
            Held::No => None,
            Held::Quarantined { since } => Some(since),
        };
        AssetEntry {
            tag: self.activation.tag,
            state: self.state(),
            waiting: self.activation.in_flight(),
            recent_messages: self.heat.recent(now_ms),
            failures: self.failures,
            last_failure: self.last_failure.as_deref().cloned(),
            since,
        }
    }
}
