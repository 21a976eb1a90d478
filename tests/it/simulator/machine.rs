//! The server's parts on a simulated machine: recovery, the commit stage, the view writer, admission.
//!
//! One `Machine` lives from a start to the next crash. What outlives it (disk, views, clock) is
//! handed in.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Wake, Waker},
};

use holdfast_actors::{
    catalogue::Catalogue,
    clock::{Clock, ManualClock},
    commit::CommitStage,
    engine::Refusal,
    gate::{Gate, Taken},
    ids::{Generator, StoreKey},
    message::{Ask, EngineGate, Held, Message, Pending, Reading, Reply},
    permit::Budget,
    roster::Roster,
    router::Router,
    start::{self, StartError},
    timers::{TimerOptions, Timers},
    webhooks::{Changes, CourierParts, LaneMeter, Vault},
};
use holdfast_domain::Tag;
use holdfast_storage::{
    fold::{FoldOptions, ViewWriter},
    history::History,
    journal::{Journal, JournalOptions, Position, Room, SegmentPreparer},
    sim::{MemoryViews, SimDisk},
};
use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::{
    cast::{ActorId, AskId, Cast, Ground, Panics},
    post::Round,
};

const WAITING_PER_ASSET_MAX: usize = 12;
const WAITING_MAX: usize = 40;
const IN_FLIGHT_BYTES_MAX: usize = 1024 * 1024;
const DEADLINE_MS: u64 = 10_000;
const SECRET_KEY: [u8; 32] = [5; 32];
pub(super) const STORE_KEY: [u8; 32] = [9; 32];

pub(super) struct Machine {
    pub(super) ground: Ground,
    pub(super) stage: CommitStage,
    /// What the commit stage has taken and not begun with.
    pub(super) withheld: Option<Taken<Pending, Held>>,
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) timers: Timers,
    pub(super) router: Router<ActorId>,
    pub(super) cast: Cast,
    pub(super) writer: Arc<Mutex<ViewWriter>>,
    pub(super) preparer: SegmentPreparer,
    pub(super) store_key: StoreKey,
    pub(super) round: Round,
    /// The last position that recovery found.
    pub(super) end: Position,
    room: Arc<Room>,
    budget: Arc<Budget>,
}

pub(super) fn journal_options(segment_bytes: u32) -> JournalOptions {
    JournalOptions { segment_bytes, fresh_store_id: [7; 16], fresh_store_key: STORE_KEY }
}

impl Machine {
    /// `salt`: for all that it draws.
    pub(super) fn start(
        disk: &SimDisk,
        views: &MemoryViews,
        clock: &Arc<ManualClock>,
        (segment_bytes, salt): (u32, u64),
    ) -> Result<Self, StartError> {
        let recovered = start::recover(
            Arc::new(disk.clone()),
            Arc::new(views.clone()),
            journal_options(segment_bytes),
        )?;
        let start::Recovered { opened, history, catalogue, due, end, orgs, .. } = recovered;
        let gate: Arc<EngineGate> = Arc::new(Gate::new(end));
        let room = opened.journal.room();
        let (tail, catalogue) = (Arc::clone(&history.tail), Arc::clone(&catalogue));
        let changes = Arc::new(Changes::default());
        let stage = CommitStage::new(
            opened.journal,
            Arc::clone(&gate),
            tail,
            Arc::clone(&catalogue),
            Arc::clone(&due),
            Arc::clone(&changes),
        );
        let timers = Timers::new(due, TimerOptions::default());
        let options = FoldOptions { entries: 40, age_ms: 60_000, ..FoldOptions::default() };
        let writer = ViewWriter::new(Arc::clone(&history), options);
        let clock = Arc::clone(clock);
        let randomness = Arc::new(Generator::from_seed(salt));
        let store_key = StoreKey(opened.store_key);
        let round = Round::new(CourierParts {
            gate: Arc::clone(&gate),
            clock: Arc::<ManualClock>::clone(&clock),
            history: Arc::clone(&history),
            reader: opened.reader,
            catalogue: Arc::clone(&catalogue),
            vault: Vault::new(&SECRET_KEY, Arc::<Generator>::clone(&randomness)),
            randomness,
            store_key: store_key.clone(),
            changes,
            options: Round::options(),
            orgs: Mutex::new(orgs),
            lanes: Mutex::default(),
            roster: Arc::new(Roster::new(Arc::<ManualClock>::clone(&clock))),
            meter: LaneMeter::default(),
        });
        Ok(Self {
            ground: Ground { gate, history, clock, faults: Arc::new(Panics::default()) },
            stage,
            withheld: None,
            catalogue,
            timers,
            router: Router::new(WAITING_PER_ASSET_MAX),
            cast: Cast::default(),
            writer: Arc::new(Mutex::new(writer)),
            preparer: opened.preparer,
            store_key,
            round,
            end,
            room,
            budget: Budget::new(WAITING_MAX, IN_FLIGHT_BYTES_MAX),
        })
    }

    /// Every record that a start would find, without touching the disk.
    pub(super) fn read_log(
        disk: &SimDisk,
        segment_bytes: u32,
    ) -> Result<Vec<(Position, holdfast_domain::Record)>, start::StartError> {
        let mut records = Vec::new();
        let options = journal_options(segment_bytes);
        Journal::open(Arc::new(disk.fork()), options, None, &mut |placed, record| {
            records.push((placed.position, record));
        })?;
        Ok(records)
    }

    /// What `Engine::submit` and `Engine::ask` do: admission, then the mailbox.
    pub(super) fn ask(
        &self,
        tag: Tag,
        ask: Ask,
        bytes: usize,
        id: AskId,
    ) -> Result<Waiting, Refusal> {
        let Ground { gate, history, clock, .. } = &self.ground;
        if gate.is_poisoned() {
            return Err(Refusal::OutcomeUnknown);
        }
        let is_written = match &ask {
            Ask::Command(_) => true,
            Ask::Webhooks(ask) => ask.is_written(),
            _ => false,
        };
        if is_written && self.is_full() {
            return Err(Refusal::StorageFull);
        }
        let now_ms = clock.monotonic_ms();
        let share = self.budget.take(bytes).ok_or(Refusal::Overloaded)?;
        let (actor, activation, permit) = self.router.admit(tag, share, now_ms, &self.cast)?;
        let (reply, receiver) = Reply::channel();
        let deadline_ms = now_ms + DEADLINE_MS;
        let incarnation = activation.incarnation;
        let waiting = Waiting::new(receiver, tag, history);
        self.cast.cast(actor, id, Message { ask, deadline_ms, incarnation, reply, permit });
        Ok(waiting)
    }

    fn is_full(&self) -> bool {
        let reserve = 2 * IN_FLIGHT_BYTES_MAX as u64;
        self.room.is_full() && self.room.bytes_left() < reserve
    }

    /// What the timers' thread does: ticks to whoever is due, numbered from `first` on.
    pub(super) fn tick(&mut self, first: AskId) -> Vec<Tag> {
        let Ground { gate, clock, .. } = &self.ground;
        if gate.is_poisoned() || self.is_full() {
            return Vec::new();
        }
        let now_ms = clock.monotonic_ms();
        let ticks = self.timers.step(clock.now(), now_ms);
        let mut told = Vec::new();
        for ((tag, share), id) in ticks.into_iter().zip(first..) {
            let Ok((actor, activation, permit)) = self.router.admit(tag, share, now_ms, &self.cast)
            else {
                continue;
            };
            let (deadline_ms, incarnation) = (now_ms + DEADLINE_MS, activation.incarnation);
            let ask = Ask::Tick(Arc::clone(self.timers.queue()));
            let reply = Reply::to_nobody();
            self.cast.cast(actor, id, Message { ask, deadline_ms, incarnation, reply, permit });
            told.push(tag);
        }
        told
    }
}

/// An answer that has not come yet, with a look at the read paths in the moment in which it leaves.
pub(super) struct Waiting {
    receiver: oneshot::Receiver<Result<Reading, Refusal>>,
    moment: Arc<Moment>,
}

/// What somebody who got the answer and asked again at once would have been shown.
struct Moment {
    history: Arc<History>,
    tag: Tag,
    left: AtomicBool,
    shown: Mutex<u64>,
}

impl Wake for Moment {
    fn wake(self: Arc<Self>) {
        // Nothing may panic here: this runs inside the commit stage.
        let tail = self.history.tail.newest(self.tag).map(|entry| entry.version);
        let newest = tail.or_else(|| {
            let newest = self.history.records_below(self.tag, u64::MAX, 1).ok()?;
            newest.first().map(|record| record.version)
        });
        *self.shown.lock() = newest.unwrap_or(0);
        self.left.store(true, Ordering::SeqCst);
    }
}

impl Waiting {
    fn new(
        mut receiver: oneshot::Receiver<Result<Reading, Refusal>>,
        tag: Tag,
        history: &Arc<History>,
    ) -> Self {
        let moment = Arc::new(Moment {
            history: Arc::clone(history),
            tag,
            left: AtomicBool::new(false),
            shown: Mutex::new(0),
        });
        let waker = Waker::from(Arc::clone(&moment));
        let polled = Pin::new(&mut receiver).poll(&mut Context::from_waker(&waker));
        assert!(polled.is_pending(), "nothing is answered before it is sent");
        Self { receiver, moment }
    }

    pub(super) fn has_left(&self) -> bool {
        self.moment.left.load(Ordering::SeqCst)
    }

    /// The answer, once it has left, and the newest version that could be read then.
    pub(super) fn take(&mut self) -> Option<(Result<Reading, Refusal>, u64)> {
        if !self.has_left() {
            return None;
        }
        let answer = self.receiver.try_recv().expect("a reply is never silent");
        Some((answer, *self.moment.shown.lock()))
    }
}
