//! Segments made ready before they are needed, and what that says about room on the disk.
//!
//! The preparer is a step machine: a thread runs it in a server, the simulator steps it, and a writer
//! that finds nothing ready takes the step itself when nobody else does. A full disk is not a fault:
//! it is tried again, and admission refuses meanwhile.

use std::{
    collections::VecDeque,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::{
    disk::Disk,
    journal::{
        FOLDER,
        segment::{Segment, name},
    },
};

/// Segments kept ready beyond the one in use.
const AHEAD: usize = 2;
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(2);

/// How much prepared space is left, and whether preparing more has failed for lack of room.
#[derive(Default)]
pub struct Room {
    in_use: AtomicU64,
    ready: AtomicU64,
    full: AtomicBool,
}

impl Room {
    /// For groups: in the segment in use and in those ready.
    pub fn bytes_left(&self) -> u64 {
        self.in_use.load(Ordering::Acquire) + self.ready.load(Ordering::Acquire)
    }

    /// The last preparation failed with "no space"; cleared by the next that succeeds.
    pub fn is_full(&self) -> bool {
        self.full.load(Ordering::Acquire)
    }

    /// What is left in the segment in use.
    pub(super) fn set_in_use(&self, bytes: u32) {
        self.in_use.store(u64::from(bytes), Ordering::Release);
    }
}

/// Between the preparer and the writer.
pub(super) struct Shelf {
    disk: Arc<dyn Disk>,
    segment_bytes: u32,
    room: Arc<Room>,
    stock: Mutex<Stock>,
    changed: Condvar,
    /// Held while a segment is made: one at a time, whoever makes it.
    making: Mutex<()>,
}

struct Stock {
    ready: VecDeque<Segment>,
    /// The number of the next segment to make.
    next: u32,
    /// Made by this process and not finished: may be removed.
    unfinished: Option<u32>,
    failures: u64,
    last_failure: Option<io::ErrorKind>,
    /// A thread runs the preparer.
    attended: bool,
}

/// What one step did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Prepared {
    /// Enough is ready.
    Idle,
    /// One more is.
    Ready,
    /// It failed and is to be tried again later; [`Room::is_full`] says whether for lack of room.
    Failed(io::ErrorKind),
}

impl Shelf {
    /// `ready` are prepared already, `next` is the first number without a file.
    pub(super) fn new(
        disk: Arc<dyn Disk>,
        segment_bytes: u32,
        ready: VecDeque<Segment>,
        next: u32,
    ) -> Self {
        let stock = Stock {
            ready,
            next,
            unfinished: None,
            failures: 0,
            last_failure: None,
            attended: false,
        };
        let shelf = Self {
            disk,
            segment_bytes,
            room: Arc::default(),
            stock: Mutex::new(stock),
            changed: Condvar::new(),
            making: Mutex::new(()),
        };
        shelf.count(&shelf.stock.lock());
        shelf
    }

    pub(super) const fn room(&self) -> &Arc<Room> {
        &self.room
    }

    pub(super) const fn segment_bytes(&self) -> u32 {
        self.segment_bytes
    }

    fn count(&self, stock: &MutexGuard<'_, Stock>) {
        let bytes = stock.ready.iter().map(|segment| u64::from(segment.capacity)).sum();
        self.room.ready.store(bytes, Ordering::Release);
    }

    /// The next segment. Waits for the thread when one prepares, else makes it.
    ///
    /// # Errors
    /// The preparation failed while it was needed.
    pub(super) fn take(&self) -> io::Result<Segment> {
        let mut stock = self.stock.lock();
        let failures = stock.failures;
        loop {
            if let Some(segment) = stock.ready.pop_front() {
                self.count(&stock);
                self.changed.notify_all();
                return Ok(segment);
            }
            if stock.failures != failures {
                return Err(stock.last_failure.unwrap_or(io::ErrorKind::Other).into());
            }
            if stock.attended {
                self.changed.notify_all();
                self.changed.wait(&mut stock);
            } else {
                drop(stock);
                self.prepare_once();
                stock = self.stock.lock();
            }
        }
    }

    fn prepare_once(&self) -> Prepared {
        let _making = self.making.lock();
        let (number, unfinished) = {
            let mut stock = self.stock.lock();
            if stock.ready.len() >= AHEAD {
                return Prepared::Idle;
            }
            let number = stock.next;
            (number, stock.unfinished.replace(number))
        };
        let made = self.make(number, unfinished == Some(number));
        let mut stock = self.stock.lock();
        let outcome = match made {
            Ok(segment) => {
                stock.ready.push_back(segment);
                stock.next += 1;
                stock.unfinished = None;
                self.room.full.store(false, Ordering::Release);
                self.count(&stock);
                Prepared::Ready
            }
            Err(error) => {
                let kind = error.kind();
                let full =
                    matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
                tracing::warn!(segment = number, %error, "cannot prepare a journal segment");
                stock.failures += 1;
                stock.last_failure = Some(kind);
                self.room.full.store(full, Ordering::Release);
                Prepared::Failed(kind)
            }
        };
        self.changed.notify_all();
        outcome
    }

    /// A half-written file gives its space back at once; where that fails, the next attempt does it.
    fn make(&self, number: u32, tried_before: bool) -> io::Result<Segment> {
        if tried_before {
            self.remove_unfinished(number)?;
        }
        let made = Segment::prepare(&*self.disk, number, self.segment_bytes);
        if made.is_err()
            && let Err(error) = self.remove_unfinished(number)
        {
            tracing::warn!(segment = number, %error, "cannot remove a half-prepared segment");
        }
        made
    }

    fn remove_unfinished(&self, number: u32) -> io::Result<()> {
        match self.disk.remove(&name(number)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => self.disk.sync_folder(FOLDER),
        }
    }
}

/// Keeps segments ready, one per step.
pub struct SegmentPreparer {
    shelf: Arc<Shelf>,
}

impl SegmentPreparer {
    pub(super) const fn new(shelf: Arc<Shelf>) -> Self {
        Self { shelf }
    }

    /// Makes one segment ready if fewer than two are.
    pub fn prepare_once(&mut self) -> Prepared {
        self.shelf.prepare_once()
    }

    /// Runs the steps in a thread of their own until the returned value is dropped.
    ///
    /// # Errors
    /// The thread could not be started; the writer then prepares for itself.
    pub fn spawn(self) -> io::Result<PreparerThread> {
        self.shelf.stock.lock().attended = true;
        let shelf = Arc::clone(&self.shelf);
        let run = move || self.run();
        match thread::Builder::new().name("journal-preparer".to_owned()).spawn(run) {
            Ok(thread) => Ok(PreparerThread { shelf, thread: Some(thread) }),
            Err(error) => {
                shelf.dismiss();
                Err(error)
            }
        }
    }

    fn run(mut self) {
        let _dismissed = Dismissed(Arc::clone(&self.shelf));
        let mut pause = RETRY_FIRST;
        loop {
            let outcome = self.prepare_once();
            let mut stock = self.shelf.stock.lock();
            if !stock.attended {
                return;
            }
            match outcome {
                Prepared::Ready => pause = RETRY_FIRST,
                Prepared::Idle if stock.ready.len() >= AHEAD => self.shelf.changed.wait(&mut stock),
                Prepared::Idle => {}
                Prepared::Failed(_) => {
                    self.shelf.changed.wait_for(&mut stock, pause);
                    pause = (pause * 2).min(RETRY_MAX);
                }
            }
            if !stock.attended {
                return;
            }
        }
    }
}

impl Shelf {
    /// The thread is to end, or has; the writer helps itself from now on.
    fn dismiss(&self) {
        self.stock.lock().attended = false;
        self.changed.notify_all();
    }
}

/// However the thread ends, also by a panic, the writer must not wait for it.
struct Dismissed(Arc<Shelf>);

impl Drop for Dismissed {
    fn drop(&mut self) {
        self.0.dismiss();
    }
}

/// The running preparer. Dropping it ends the thread and waits for the step under way.
pub struct PreparerThread {
    shelf: Arc<Shelf>,
    thread: Option<thread::JoinHandle<()>>,
}

impl PreparerThread {
    /// False once the thread has ended, which only a panic makes it do.
    pub fn is_running(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }
}

impl Drop for PreparerThread {
    fn drop(&mut self) {
        self.shelf.dismiss();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the journal preparer panicked");
        }
    }
}
