//! The output gate: the queue between the actors and the commit stage, and the position that is
//! durable.
//!
//! Actors hand over records and go on; whatever they answer from a state that holds records not yet
//! durable waits here. It must not touch the disk, and nothing in it waits except the commit stage.

#[cfg(all(test, feature = "loom"))]
mod model;

use std::sync::PoisonError;

use holdfast_storage::journal::Position;

#[cfg(not(feature = "loom"))]
use std::sync::{
    Condvar, Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

#[cfg(feature = "loom")]
use loom::sync::{
    Condvar, Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

/// An answer that may leave once a position is durable.
pub trait Gated: Send {
    /// Every record the answer depends on is on disk.
    fn release(self);

    /// The log failed before that; nobody knows what is on disk.
    fn outcome_unknown(self);
}

/// A queue of records `R` and of answers `A` that depend on them.
pub struct Gate<R, A> {
    queue: Mutex<Queue<R, A>>,
    filled: Condvar,
    durable: AtomicU64,
    poisoned: AtomicBool,
}

struct Queue<R, A> {
    /// The position the next record gets.
    next: Position,
    records: Vec<R>,
    answers: Vec<A>,
    closed: bool,
    /// The commit stage has ended in order; nobody takes any more.
    ended: bool,
}

/// What the commit stage took: `records` end at position `last`.
pub struct Taken<R, A> {
    pub records: Vec<R>,
    pub answers: Vec<A>,
    pub last: Position,
}

impl<R: Gated, A: Gated> Gate<R, A> {
    /// `durable` is the position of the last record that recovery found.
    pub fn new(durable: Position) -> Self {
        Self {
            queue: Mutex::new(Queue {
                next: durable + 1,
                records: Vec::new(),
                answers: Vec::new(),
                closed: false,
                ended: false,
            }),
            filled: Condvar::new(),
            durable: AtomicU64::new(durable),
            poisoned: AtomicBool::new(false),
        }
    }

    /// Queues a record and returns its position, which is also stored in `last` before anything can
    /// see the record. Cannot fail: after poison the record's own answer is "outcome unknown".
    pub fn hand_over(&self, record: R, last: &AtomicPosition) -> Position {
        let mut queue = self.lock();
        if self.is_poisoned() || queue.ended {
            drop(queue);
            // The actor has applied it: from here on nothing it answers may ever be released.
            last.set(Position::MAX);
            record.outcome_unknown();
            return Position::MAX;
        }
        let position = queue.next;
        queue.next += 1;
        last.set(position);
        queue.records.push(record);
        let first = queue.records.len() == 1 && queue.answers.is_empty();
        drop(queue);
        if first {
            self.filled.notify_one();
        }
        position
    }

    /// Lets `answer` go once `position` is durable; at once if it is.
    pub fn after(&self, position: Position, answer: A) {
        if self.durable() >= position {
            return answer.release();
        }
        let mut queue = self.lock();
        if self.is_poisoned() || queue.ended {
            drop(queue);
            return answer.outcome_unknown();
        }
        queue.answers.push(answer);
        let first = queue.answers.len() == 1 && queue.records.is_empty();
        drop(queue);
        if first {
            self.filled.notify_one();
        }
    }

    /// Everything queued, or `None` when there is nothing. An answer taken here depends on no record
    /// beyond `last`, because its actor handed that record over before it queued the answer.
    pub fn take(&self) -> Option<Taken<R, A>> {
        Self::take_from(&mut self.lock())
    }

    /// As [`Gate::take`], after waiting for something to be queued, for [`Gate::close`], or for
    /// `patience`.
    #[cfg(not(feature = "loom"))]
    pub fn take_within(&self, patience: std::time::Duration) -> Option<Taken<R, A>> {
        let mut queue = self.lock();
        if queue.records.is_empty() && queue.answers.is_empty() && !queue.closed {
            queue =
                self.filled.wait_timeout(queue, patience).unwrap_or_else(PoisonError::into_inner).0;
        }
        Self::take_from(&mut queue)
    }

    #[cfg(feature = "loom")]
    pub fn take_within(&self, _patience: std::time::Duration) -> Option<Taken<R, A>> {
        let mut queue = self.lock();
        while queue.records.is_empty() && queue.answers.is_empty() && !queue.closed {
            queue = self.filled.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        Self::take_from(&mut queue)
    }

    fn take_from(queue: &mut Queue<R, A>) -> Option<Taken<R, A>> {
        if queue.records.is_empty() && queue.answers.is_empty() {
            return None;
        }
        // The next round is likely to be as large. The one who will free the memory also gets it: a
        // queue that grows on one thread and is freed on another is paid in page faults.
        let records = Vec::with_capacity(queue.records.len());
        let answers = Vec::with_capacity(queue.answers.len());
        Some(Taken {
            records: std::mem::replace(&mut queue.records, records),
            answers: std::mem::replace(&mut queue.answers, answers),
            last: queue.next - 1,
        })
    }

    /// Everything up to `position` is durable and published. Called by the commit stage alone.
    pub fn advance(&self, position: Position) {
        self.durable.store(position, Ordering::Release);
    }

    pub fn durable(&self) -> Position {
        self.durable.load(Ordering::Acquire)
    }

    /// Nothing is acknowledged from here on; all that waits, and all that comes, gets "outcome
    /// unknown".
    pub fn poison(&self) {
        self.poisoned.store(true, Ordering::SeqCst);
        let taken = self.take();
        self.filled.notify_all();
        if let Some(taken) = taken {
            taken.records.into_iter().for_each(Gated::outcome_unknown);
            taken.answers.into_iter().for_each(Gated::outcome_unknown);
        }
    }

    pub fn is_poisoned(&self) -> bool {
        self.poisoned.load(Ordering::SeqCst)
    }

    /// The commit stage ends once the queue is empty.
    pub fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_all();
    }

    /// True once the gate is closed and empty: the commit stage may end, and whatever is handed
    /// over from here on is "outcome unknown" at once.
    pub fn is_done(&self) -> bool {
        let mut queue = self.lock();
        queue.ended = queue.closed && queue.records.is_empty() && queue.answers.is_empty();
        queue.ended
    }

    /// Records queued and not yet taken.
    pub fn depth(&self) -> usize {
        self.lock().records.len()
    }

    fn lock(&self) -> MutexGuard<'_, Queue<R, A>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The position of the last record an activation handed over; 0 before the first.
#[derive(Default)]
pub struct AtomicPosition(std::sync::atomic::AtomicU64);

impl AtomicPosition {
    pub fn get(&self) -> Position {
        self.0.load(std::sync::atomic::Ordering::Acquire)
    }

    fn set(&self, position: Position) {
        self.0.store(position, std::sync::atomic::Ordering::Release);
    }
}
