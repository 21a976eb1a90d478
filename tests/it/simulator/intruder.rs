//! What happens in the middle of somebody else's reads of the views: a fold while an asset is
//! hydrated, a reader while a fold is half done.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use holdfast_actors::clock::{Clock, ManualClock};
use holdfast_domain::{Tag, Timestamp};
use holdfast_storage::{
    fold::ViewWriter,
    history::{History, HistoryError, Replay},
    sim::Seed,
};
use parking_lot::Mutex;

use super::machine::Machine;

pub(super) struct Intruder {
    seed: Mutex<Seed>,
    /// Once in so many reads.
    once_in: Mutex<u64>,
    house: Mutex<Option<House>>,
    resting: AtomicBool,
    tags: Mutex<Vec<Tag>>,
    /// What the readers found, to be judged when the step is over.
    found: Mutex<Vec<Found>>,
    folds_failed: Mutex<Vec<HistoryError>>,
}

/// What a reader was shown of an asset.
pub(super) type Found = (Tag, Result<Replay, HistoryError>);

#[derive(Clone)]
struct House {
    history: Arc<History>,
    writer: Arc<Mutex<ViewWriter>>,
    clock: Arc<ManualClock>,
}

impl Intruder {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed: Mutex::new(Seed::new(seed)),
            once_in: Mutex::new(0),
            house: Mutex::default(),
            resting: AtomicBool::new(false),
            tags: Mutex::default(),
            found: Mutex::default(),
            folds_failed: Mutex::default(),
        }
    }

    /// Comes between once in `once_in` reads; 0 = never.
    pub(super) fn comes(&self, once_in: u64) {
        *self.once_in.lock() = once_in;
    }

    pub(super) fn rest(&self, resting: bool) {
        self.resting.store(resting, Ordering::SeqCst);
    }

    pub(super) fn enter(&self, machine: &Machine) {
        let history = Arc::clone(&machine.ground.history);
        let writer = Arc::clone(&machine.writer);
        let clock = Arc::clone(&machine.ground.clock);
        *self.house.lock() = Some(House { history, writer, clock });
    }

    pub(super) fn leave(&self) {
        *self.house.lock() = None;
    }

    /// Which assets readers may ask for.
    pub(super) fn knows(&self, tags: Vec<Tag>) {
        *self.tags.lock() = tags;
    }

    /// What was read since the last call, and the folds that failed.
    pub(super) fn take(&self) -> (Vec<Found>, Vec<HistoryError>) {
        (std::mem::take(&mut *self.found.lock()), std::mem::take(&mut *self.folds_failed.lock()))
    }

    /// Called after each read of the views.
    pub(super) fn between_reads(&self) {
        let once_in = *self.once_in.lock();
        if once_in == 0 || self.resting.swap(true, Ordering::SeqCst) {
            return;
        }
        if self.seed.lock().one_in(once_in) {
            self.intrude();
        }
        self.rest(false);
    }

    fn intrude(&self) {
        let Some(House { history, writer, clock }) = self.house.lock().clone() else { return };
        if let Some(mut writer) = writer.try_lock() {
            if let Err(error) = writer.step(clock.now(), true) {
                self.folds_failed.lock().push(error);
            }
            return;
        }
        let tag = {
            let tags = self.tags.lock();
            let index = self.seed.lock().index(tags.len());
            tags.get(index).copied()
        };
        if let Some(tag) = tag {
            let found = history.replay(tag, Timestamp::default());
            self.found.lock().push((tag, found));
        }
    }
}
