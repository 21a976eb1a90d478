//! Which actor owns a tag now: activations, their permits, and what happens when one fails.
//!
//! One entry = one activation. An entry stays while its actor lives, waits to be restarted, or is
//! quarantined; it must not decide anything about bookings, and nothing here waits.

pub mod census;
mod heat;

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use holdfast_domain::{Shard, Tag, Timestamp};
use holdfast_storage::journal::Position;
use parking_lot::Mutex;

use crate::{
    engine::Refusal,
    gate::AtomicPosition,
    in_hand::{Failure, InHand},
    permit::Share,
    roster::bounded,
};
use heat::Heat;

/// What an idle actor costs beside its state (a ractor actor with its mailbox).
pub const ACTOR_BYTES: usize = 8 * 1024;

/// More panics than this within [`PANIC_WINDOW_MS`] quarantine the asset.
pub const PANICS_MAX: usize = 5;
pub const PANIC_WINDOW_MS: u64 = 60_000;

/// The first restart is immediate; each further one within the window waits twice as long as the
/// last, from this on.
const BACK_OFF_MS: u64 = 50;

/// One life of one asset's actor, shared by the router, the actor and its permits.
pub struct Activation {
    pub tag: Tag,
    /// Engine-wide unique; a second live one for the same tag would be seen by tests.
    pub incarnation: u64,
    /// Hydration waits until this is durable: what an earlier incarnation handed over last.
    pub inherited: Position,
    pub last: AtomicPosition,
    in_flight: AtomicUsize,
    bytes: AtomicUsize,
    used_ms: AtomicU64,
    resident: Arc<AtomicUsize>,
    /// Set once, on the way to its end.
    in_hand: OnceLock<InHand>,
}

impl Activation {
    /// Nothing of it is under way and all it handed over is durable: dropping it loses nothing.
    pub fn may_passivate(&self, durable: Position) -> bool {
        if cfg!(feature = "planted-passivate-early") {
            return true;
        }
        self.in_flight.load(Ordering::Acquire) == 0 && durable >= self.last_position()
    }

    /// The last position that it, or an incarnation before it, handed over.
    pub fn last_position(&self) -> Position {
        self.last.get().max(self.inherited)
    }

    /// Keeps the resident total up to date.
    pub fn weigh(&self, state_bytes: usize) {
        let now = state_bytes + ACTOR_BYTES;
        let before = self.bytes.swap(now, Ordering::Relaxed);
        self.resident.fetch_add(now, Ordering::Relaxed);
        self.resident.fetch_sub(before, Ordering::Relaxed);
    }

    /// The message that it fails with. Told before the failure itself.
    pub fn blame(&self, in_hand: InHand) {
        let _ = self.in_hand.set(in_hand);
    }

    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }
}

impl Drop for Activation {
    fn drop(&mut self) {
        self.resident.fetch_sub(*self.bytes.get_mut(), Ordering::Relaxed);
    }
}

/// The right to have one message under way at one activation.
pub struct Permit {
    activation: Arc<Activation>,
    share: Share,
}

impl Permit {
    /// For one more record of the same activation; `None` when the budget has no room.
    pub fn another(&self) -> Option<Self> {
        let share = self.share.another()?;
        self.activation.in_flight.fetch_add(1, Ordering::AcqRel);
        Some(Self { activation: Arc::clone(&self.activation), share })
    }

    /// The same for a record that must follow one that was let in: the budget has to bear it.
    pub fn beyond(&self) -> Self {
        self.activation.in_flight.fetch_add(1, Ordering::AcqRel);
        Self { activation: Arc::clone(&self.activation), share: self.share.beyond() }
    }

    /// See [`Share::cover`].
    pub fn cover(&mut self, bytes: usize) -> bool {
        self.share.cover(bytes)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.activation.in_flight.fetch_sub(1, Ordering::AcqRel);
    }
}

/// How the router starts and stops actors; `A` is the handle of one.
pub trait Spawn<A>: Send + Sync + 'static {
    fn spawn(&self, activation: &Arc<Activation>) -> A;
    fn stop(&self, actor: A);
}

/// An entry of the router.
struct Entry<A> {
    activation: Arc<Activation>,
    actor: Option<A>,
    panics: VecDeque<u64>,
    restart_at_ms: u64,
    held: Held,
    heat: Heat,
    /// Since the entry was made or released.
    failures: u64,
    last_failure: Option<Box<Failure>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Held {
    No,
    /// Kept back until an operator releases it.
    Quarantined {
        since: Timestamp,
    },
}

pub struct Router<A> {
    /// Locks of their own per shard, so that no lock is shared by all requests.
    entries: Vec<Mutex<HashMap<Tag, Entry<A>>>>,
    incarnations: AtomicU64,
    resident: Arc<AtomicUsize>,
    waiting_per_asset_max: usize,
    /// The latest monotonic time anybody told.
    now_ms: AtomicU64,
    failures: AtomicU64,
    restarts: AtomicU64,
}

impl<A: Clone + 'static> Router<A> {
    pub fn new(waiting_per_asset_max: usize) -> Self {
        Self {
            entries: (0..Shard::COUNT).map(|_| Mutex::default()).collect(),
            incarnations: AtomicU64::new(1),
            resident: Arc::default(),
            waiting_per_asset_max,
            now_ms: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            restarts: AtomicU64::new(0),
        }
    }

    /// The live actor of `tag` (started if need be) with a permit for one message.
    pub fn admit(
        &self,
        tag: Tag,
        share: Share,
        now_ms: u64,
        spawn: &dyn Spawn<A>,
    ) -> Result<(A, Arc<Activation>, Permit), Refusal> {
        self.now_ms.fetch_max(now_ms, Ordering::Relaxed);
        let mut entries = self.shard(tag).lock();
        let entry = entries.entry(tag).or_insert_with(|| Entry {
            activation: self.activation(tag, 0),
            actor: None,
            panics: VecDeque::new(),
            restart_at_ms: 0,
            held: Held::No,
            heat: Heat::default(),
            failures: 0,
            last_failure: None,
        });
        entry.heat.note(now_ms);
        if entry.held != Held::No {
            return Err(Refusal::Quarantined);
        }
        if entry.actor.is_none() && now_ms < entry.restart_at_ms {
            return Err(Refusal::Overloaded);
        }
        let activation = Arc::clone(&entry.activation);
        if activation.in_flight.load(Ordering::Relaxed) >= self.waiting_per_asset_max {
            return Err(Refusal::Overloaded);
        }
        if entry.actor.is_none() && entry.failures > 0 {
            self.restarts.fetch_add(1, Ordering::Relaxed);
        }
        let actor = entry.actor.get_or_insert_with(|| spawn.spawn(&activation)).clone();
        activation.in_flight.fetch_add(1, Ordering::AcqRel);
        activation.used_ms.store(now_ms, Ordering::Relaxed);
        let permit = Permit { activation: Arc::clone(&activation), share };
        Ok((actor, activation, permit))
    }

    /// An activation ended by a panic or an error: its state is gone, its records are not. A new
    /// one may start at once, later each time, and not at all after too many in a minute.
    /// Returns whether the asset is quarantined now.
    pub fn failed(
        &self,
        tag: Tag,
        incarnation: u64,
        error: &str,
        at: Timestamp,
        now_ms: u64,
    ) -> bool {
        let mut entries = self.shard(tag).lock();
        let Some(entry) = entries.get_mut(&tag) else { return false };
        if entry.activation.incarnation != incarnation {
            return false;
        }
        while entry.panics.front().is_some_and(|at| at + PANIC_WINDOW_MS < now_ms) {
            entry.panics.pop_front();
        }
        entry.panics.push_back(now_ms);
        let repeats = entry.panics.len() - 1;
        if repeats > 0 {
            entry.restart_at_ms = now_ms + (BACK_OFF_MS << (repeats - 1).min(10));
        }
        self.failures.fetch_add(1, Ordering::Relaxed);
        entry.failures += 1;
        let in_hand = entry.activation.in_hand.get().cloned();
        entry.last_failure = Some(Box::new(Failure { at, message: bounded(error), in_hand }));
        entry.actor = None;
        entry.activation = self.activation(tag, entry.activation.last_position());
        if entry.panics.len() > PANICS_MAX {
            entry.held = Held::Quarantined { since: at };
        }
        entry.held != Held::No
    }

    /// An operator's word: the asset may be served again.
    pub fn release(&self, tag: Tag) -> bool {
        let mut entries = self.shard(tag).lock();
        let Some(entry) = entries.get_mut(&tag).filter(|entry| entry.held != Held::No) else {
            return false;
        };
        entry.held = Held::No;
        entry.panics.clear();
        entry.restart_at_ms = 0;
        entry.failures = 0;
        entry.last_failure = None;
        true
    }

    /// Drops the actors of a shard with whatever is queued for them; each hydrates again when it is
    /// next asked. For whoever learns that memory can no longer be trusted.
    pub fn discard(&self, shard: Shard, spawn: &dyn Spawn<A>) {
        for entry in self.entries[shard.index()].lock().values_mut() {
            if let Some(actor) = entry.actor.take() {
                spawn.stop(actor);
                let last = entry.activation.last_position();
                entry.activation = self.activation(entry.activation.tag, last);
            }
        }
    }

    /// Stops idle actors, least recently used first, until what is resident fits `resident_max`.
    /// Writes nothing: a passivated actor has nothing that the log does not hold.
    pub fn passivate(&self, resident_max: usize, durable: Position, spawn: &dyn Spawn<A>) -> usize {
        if self.resident.load(Ordering::Relaxed) <= resident_max {
            return 0;
        }
        let now_ms = self.now_ms.load(Ordering::Relaxed);
        let mut idle: Vec<(u64, Tag)> = Vec::new();
        for shard in &self.entries {
            idle.extend(shard.lock().values().filter(|entry| entry.is_idle(durable, now_ms)).map(
                |entry| (entry.activation.used_ms.load(Ordering::Relaxed), entry.activation.tag),
            ));
        }
        idle.sort_unstable();
        let mut stopped = 0;
        for (_, tag) in idle {
            if self.resident.load(Ordering::Relaxed) <= resident_max {
                break;
            }
            let mut entries = self.shard(tag).lock();
            // A permit is given out only under this lock, so what is idle here stays idle.
            if entries.get(&tag).is_some_and(|entry| entry.is_idle(durable, now_ms))
                && let Some(entry) = entries.remove(&tag)
                && let Some(actor) = entry.actor
            {
                spawn.stop(actor);
                // The actor holds the activation until it has ended; its weight goes now.
                entry.activation.resident.fetch_sub(
                    entry.activation.bytes.swap(0, Ordering::Relaxed),
                    Ordering::Relaxed,
                );
                stopped += 1;
            }
        }
        stopped
    }

    fn activation(&self, tag: Tag, inherited: Position) -> Arc<Activation> {
        let activation = Activation {
            tag,
            incarnation: self.incarnations.fetch_add(1, Ordering::Relaxed),
            inherited,
            last: AtomicPosition::default(),
            in_flight: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            used_ms: AtomicU64::new(0),
            resident: Arc::clone(&self.resident),
            in_hand: OnceLock::new(),
        };
        Arc::new(activation)
    }

    fn shard(&self, tag: Tag) -> &Mutex<HashMap<Tag, Entry<A>>> {
        &self.entries[tag.shard().index()]
    }
}

impl<A> Entry<A> {
    /// An entry whose panics still count stays, so that repeats are still counted.
    fn is_idle(&self, durable: Position, now_ms: u64) -> bool {
        let counted = self.panics.back().is_some_and(|at| at + PANIC_WINDOW_MS >= now_ms);
        self.actor.is_some() && !counted && self.activation.may_passivate(durable)
    }
}

#[cfg(test)]
mod tests;
