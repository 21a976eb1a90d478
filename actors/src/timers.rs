//! Timers: which assets want a tick now, and how many at once.
//!
//! A timer is never the truth. What is due follows from an asset's state, is decided by its actor
//! (before each command, and when a tick reminds it), and happens at the moment at which it was due,
//! however late the reminder. So ticks can be few and slow: a hundred thousand assets that fall due
//! in one minute must not be felt by clients.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use holdfast_domain::{Tag, Timestamp};
use parking_lot::Mutex;

use crate::permit::{Budget, Share};

/// What a tick is expected to take of the memory budget until its records are known.
const TICK_BYTES: usize = 4 * 1024;

/// An asset that was told and is still due is told again after this: the tick may have been refused,
/// or its actor may have failed.
const AGAIN_MS: i64 = 5_000;

/// How long nobody looks who is due, at most; one that is due sooner than all others before may have
/// come meanwhile.
const REST_MS_MAX: u64 = 100;
/// And at least. The fewer are told at once, the less it is felt.
const REST_MS_MIN: u64 = 10;

/// What was not used is not saved up for longer than this, or it would come as a burst: tens of
/// threads that hydrate at once are felt by every client.
const SAVED_MS: u64 = 20;

/// Records that the ticks under way may have waiting for the disk …
const RECORDS_WAITING_MAX: usize = 4_096;
/// … and their bytes.
const BYTES_WAITING_MAX: usize = 32 * 1024 * 1024;

/// What a record says of when its asset next wants a tick.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NextDue {
    AsBefore,
    At(Timestamp),
    Never,
}

impl NextDue {
    pub fn of(due: Option<Timestamp>) -> Self {
        due.map_or(Self::Never, Self::At)
    }
}

/// What an activation has said of its next tick. What an earlier one said it does not know, so the
/// first word is always said.
#[derive(Default)]
pub struct Told(Option<Option<Timestamp>>);

impl Told {
    /// What is to be said of the next record.
    pub fn news(&mut self, due: Option<Timestamp>) -> NextDue {
        match self.0.replace(due) {
            Some(before) if before == due => NextDue::AsBefore,
            _ => NextDue::of(due),
        }
    }
}

/// When each asset next wants a tick, as committed: one entry an asset, published with its records.
#[derive(Default, Debug)]
pub struct DueQueue {
    entries: Mutex<Entries>,
}

#[derive(Default, Debug)]
struct Entries {
    by_time: BTreeSet<(Timestamp, Tag)>,
    by_tag: HashMap<Tag, Timestamp>,
}

impl DueQueue {
    /// Takes in what a group of records says, oldest first.
    pub fn put_all(&self, changes: impl IntoIterator<Item = (Tag, NextDue)>) {
        let mut changes =
            changes.into_iter().filter(|(_, due)| *due != NextDue::AsBefore).peekable();
        // Most groups change nothing here, and the commit stage need not lock for that.
        if changes.peek().is_none() {
            return;
        }
        let mut entries = self.entries.lock();
        for (tag, due) in changes {
            match due {
                NextDue::AsBefore => {}
                NextDue::At(at) => entries.put(tag, at),
                NextDue::Never => entries.remove(tag),
            }
        }
    }

    /// Up to `limit` assets that are due by `now`, the longest overdue first. Until a record of
    /// theirs says otherwise they are due again at `again`.
    fn take(&self, now: Timestamp, again: Timestamp, limit: usize) -> Vec<Tag> {
        let mut entries = self.entries.lock();
        let due: Vec<Tag> = entries
            .by_time
            .iter()
            .take_while(|(at, _)| *at <= now)
            .take(limit)
            .map(|(_, tag)| *tag)
            .collect();
        for tag in &due {
            entries.put(*tag, again);
        }
        due
    }

    /// When the next asset is due.
    pub fn next(&self) -> Option<Timestamp> {
        self.entries.lock().by_time.first().map(|(at, _)| *at)
    }

    /// Assets with a timer.
    pub fn len(&self) -> usize {
        self.entries.lock().by_tag.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Entries {
    fn put(&mut self, tag: Tag, at: Timestamp) {
        if let Some(before) = self.by_tag.insert(tag, at) {
            self.by_time.remove(&(before, tag));
        }
        self.by_time.insert((at, tag));
    }

    fn remove(&mut self, tag: Tag) {
        if let Some(before) = self.by_tag.remove(&tag) {
            self.by_time.remove(&(before, tag));
        }
    }
}

/// How fast ticks may be sent.
#[derive(Clone, Debug)]
pub struct TimerOptions {
    /// Ticks under way at once, and their records.
    pub ticks_waiting_max: usize,
    /// What is left for clients when very many assets fall due at once.
    pub ticks_per_second_max: u32,
}

impl Default for TimerOptions {
    fn default() -> Self {
        Self { ticks_waiting_max: 256, ticks_per_second_max: 800 }
    }
}

/// Decides who is told, step by step; whoever calls it sends the ticks.
pub struct Timers {
    queue: Arc<DueQueue>,
    options: TimerOptions,
    budget: Arc<Budget>,
    /// In thousandths of a tick, so that short steps add up.
    allowance: u64,
    stepped_ms: Option<u64>,
}

impl Timers {
    pub fn new(queue: Arc<DueQueue>, options: TimerOptions) -> Self {
        let budget = Budget::new(RECORDS_WAITING_MAX, BYTES_WAITING_MAX);
        Self { queue, options, budget, allowance: 0, stepped_ms: None }
    }

    pub fn queue(&self) -> &Arc<DueQueue> {
        &self.queue
    }

    /// What the ticks under way take.
    pub fn ticks(&self) -> Arc<Budget> {
        Arc::clone(&self.budget)
    }

    /// How long to wait after a step at `now` before the next.
    pub fn rest_ms(&self, now: Timestamp) -> u64 {
        let Some(next) = self.queue.next() else { return REST_MS_MAX };
        let away_ms = u64::try_from(next.millis() - now.millis()).unwrap_or(0);
        away_ms.clamp(REST_MS_MIN, REST_MS_MAX)
    }

    /// The assets to send a tick to now, each with the share that its message carries.
    pub fn step(&mut self, now: Timestamp, monotonic_ms: u64) -> Vec<(Tag, Share)> {
        let rate = u64::from(self.options.ticks_per_second_max);
        let elapsed_ms = self.stepped_ms.map_or(1_000, |last| monotonic_ms.saturating_sub(last));
        self.stepped_ms = Some(monotonic_ms);
        let most = (rate * SAVED_MS).max(1_000);
        self.allowance = self.allowance.saturating_add(elapsed_ms.saturating_mul(rate)).min(most);
        let allowed = usize::try_from(self.allowance / 1_000).unwrap_or(usize::MAX);
        let free = self.options.ticks_waiting_max.saturating_sub(self.budget.waiting());
        let due = self.queue.take(now, now.plus_millis(AGAIN_MS), allowed.min(free));
        self.allowance -= 1_000 * due.len() as u64;
        // Whoever finds no room is due again soon.
        due.into_iter()
            .map_while(|tag| self.budget.take(TICK_BYTES).map(|share| (tag, share)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn timers(count: u64, ticks_waiting_max: usize, ticks_per_second_max: u32) -> Timers {
        let queue = DueQueue::default();
        queue.put_all((1..=count).map(|n| (Tag::new(n), NextDue::At(at(1_000)))));
        Timers::new(Arc::new(queue), TimerOptions { ticks_waiting_max, ticks_per_second_max })
    }

    fn told(ticks: &[(Tag, Share)]) -> Vec<u64> {
        ticks.iter().map(|(tag, _)| tag.get()).collect()
    }

    #[test]
    fn nobody_is_told_before_the_time_and_everybody_once() {
        let mut timers = timers(2, 9, 1_000);
        assert!(timers.step(at(999), 0).is_empty());
        assert_eq!(told(&timers.step(at(1_000), 100)), [1, 2]);
        assert!(timers.step(at(1_000), 200).is_empty());
    }

    #[test]
    fn what_stays_due_is_told_again_later() {
        let mut timers = timers(1, 9, 1_000);
        assert_eq!(told(&timers.step(at(1_000), 0)), [1]);
        assert!(timers.step(at(1_000 + AGAIN_MS - 1), 100).is_empty());
        assert_eq!(told(&timers.step(at(1_000 + AGAIN_MS), 200)), [1]);
    }

    #[test]
    fn a_record_moves_or_ends_the_timer() {
        let mut timers = timers(3, 9, 1_000);
        timers.queue.put_all([
            (Tag::new(1), NextDue::Never),
            (Tag::new(2), NextDue::At(at(5))),
            (Tag::new(3), NextDue::AsBefore),
        ]);
        assert_eq!(timers.queue.len(), 2);
        assert_eq!(timers.queue.next(), Some(at(5)));
        assert_eq!(told(&timers.step(at(5), 0)), [2]);
        assert_eq!(told(&timers.step(at(1_000), 100)), [3]);
    }

    #[test]
    fn an_activation_says_its_first_word_and_then_only_news() {
        let mut waits = Told::default();
        assert_eq!(waits.news(None), NextDue::Never);
        assert_eq!(waits.news(None), NextDue::AsBefore);
        assert_eq!(waits.news(Some(at(5))), NextDue::At(at(5)));
        assert_eq!(waits.news(Some(at(5))), NextDue::AsBefore);
    }

    #[test]
    fn a_herd_is_told_at_a_steady_pace() {
        let mut timers = timers(10_000, 1_000, 500);
        assert_eq!(timers.step(at(2_000), 0).len(), 10, "no burst at the start");
        let mut sent = Vec::new();
        for step in 1..=20 {
            // The ticks of a step are done before the next.
            sent.push(timers.step(at(2_000), step * 10).len());
        }
        assert_eq!(sent, [5; 20]);
        assert_eq!(timers.step(at(2_000), 100_000).len(), 10, "nothing is saved up");
    }

    #[test]
    fn it_rests_until_somebody_is_due() {
        let timers = timers(1, 1, 1_000);
        assert_eq!(timers.rest_ms(at(0)), REST_MS_MAX);
        assert_eq!(timers.rest_ms(at(970)), 30);
        assert_eq!(timers.rest_ms(at(9_999)), REST_MS_MIN, "more than could be told");
        timers.queue.put_all([(Tag::new(1), NextDue::Never)]);
        assert_eq!(timers.rest_ms(at(0)), REST_MS_MAX);
    }

    #[test]
    fn no_more_are_told_than_may_wait() {
        let mut timers = timers(10, 4, 1_000_000);
        let first = timers.step(at(1_000), 0);
        assert_eq!(first.len(), 4);
        assert!(timers.step(at(1_000), 1_000).is_empty(), "all places are taken");
        drop(first);
        assert_eq!(timers.step(at(1_000), 2_000).len(), 4);
    }
}
