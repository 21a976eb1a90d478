//! The asset actors without ractor: mailboxes that the scheduler empties one message at a time.
//!
//! What ractor's shell does around a cell is done here as well, in the same order: hydrate when the
//! earlier incarnation's records are durable, step, load a finished booking when asked, resume.

use std::{
    any::Any,
    collections::{BTreeMap, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use holdfast_actors::{
    asset_actor::last_image,
    cell::{AssetCell, Faults, HydrateError, Parked, Point},
    clock::{Clock, ManualClock},
    engine::Refusal,
    message::{Ask, EngineGate, Held, Message},
    router::{Activation, Spawn},
    webhooks::cell::WebhookCell,
};
use holdfast_domain::{Tag, Timestamp};
use holdfast_storage::history::History;
use parking_lot::Mutex;
use tokio::sync::oneshot;

pub(super) type ActorId = u64;
pub(super) type AskId = u64;

/// What the cells stand on.
pub(super) struct Ground {
    pub(super) gate: Arc<EngineGate>,
    pub(super) history: Arc<History>,
    pub(super) clock: Arc<ManualClock>,
    pub(super) faults: Arc<Panics>,
}

/// Every actor that was started and has not been stopped.
#[derive(Default)]
pub(super) struct Cast {
    actors: Mutex<BTreeMap<ActorId, Player>>,
    next: AtomicU64,
}

struct Player {
    activation: Arc<Activation>,
    cell: Option<Cell>,
    mailbox: VecDeque<(AskId, Message)>,
    doing: Doing,
    /// The last message that was decided, or was being decided.
    decided: Option<Decided>,
}

/// What a tag stands for.
enum Cell {
    Asset(Box<AssetCell>),
    Webhooks(Box<WebhookCell>),
}

impl Cell {
    fn hydrate(ask: &Ask, tag: Tag, ground: &Ground) -> Result<Self, HydrateError> {
        let Ground { history, clock, faults, .. } = ground;
        let now = clock.now();
        Ok(match ask {
            Ask::Webhooks(ask) => {
                let cell = WebhookCell::hydrate(history, tag, ask.is_for_a_lane(), now)?;
                Self::Webhooks(Box::new(cell))
            }
            _ => {
                let faults = Arc::clone(faults);
                Self::Asset(Box::new(AssetCell::hydrate(history, tag, now, faults)?))
            }
        })
    }

    fn version(&self) -> u64 {
        match self {
            Self::Asset(cell) => cell.state().version(),
            Self::Webhooks(cell) => cell.version(),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Asset(cell) => cell.bytes(),
            Self::Webhooks(cell) => cell.bytes(),
        }
    }
}

#[derive(Clone, Copy)]
pub(super) struct Decided {
    pub(super) ask: AskId,
    /// Of the state it was decided on.
    pub(super) version: u64,
    /// Of the state it left: what an answer may show.
    pub(super) reached: u64,
    pub(super) now: Timestamp,
}

impl Decided {
    fn at(ask: AskId, version: u64, now: Timestamp) -> Self {
        Self { ask, version, reached: version, now }
    }
}

/// What an actor waits for in the middle of a message.
enum Doing {
    Nothing,
    /// The records of an earlier incarnation.
    Inheriting(oneshot::Receiver<()>, AskId, Message),
    /// Its own records, before it loads a finished booking.
    Loading(oneshot::Receiver<()>, AskId, Parked),
}

/// What came of one turn.
pub(super) enum Turn {
    /// It still waits.
    Waiting,
    Decided(Decided),
    /// The deadline had passed.
    TooLate {
        ask: AskId,
    },
    /// It is gone with everything in its mailbox; its parent is yet to hear of it.
    Failed(Failure),
}

pub(super) struct Failure {
    pub(super) tag: Tag,
    pub(super) incarnation: u64,
    pub(super) why: String,
    /// The point of an injected panic, how many records had been handed over before the one it was
    /// at, and how many were left in the queue.
    pub(super) point: Option<(Point, usize, usize)>,
    pub(super) decided: Option<Decided>,
}

impl Spawn<ActorId> for Cast {
    fn spawn(&self, activation: &Arc<Activation>) -> ActorId {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let player = Player {
            activation: Arc::clone(activation),
            cell: None,
            mailbox: VecDeque::new(),
            doing: Doing::Nothing,
            decided: None,
        };
        let mut actors = self.actors.lock();
        let rivals = actors.values().filter(|other| other.activation.tag == activation.tag);
        assert_eq!(rivals.count(), 0, "R7: two live activations of one asset");
        actors.insert(id, player);
        id
    }

    fn stop(&self, actor: ActorId) {
        // Outside the lock: its messages answer as they are dropped.
        let stopped = self.actors.lock().remove(&actor);
        drop(stopped);
    }
}

impl Cast {
    /// An actor that is gone drops the message.
    pub(super) fn cast(&self, actor: ActorId, ask: AskId, message: Message) {
        let mut actors = self.actors.lock();
        let gone = match actors.get_mut(&actor) {
            Some(player) => {
                player.mailbox.push_back((ask, message));
                None
            }
            None => Some(message),
        };
        drop(actors);
        drop(gone);
    }

    /// Those that have something to do, or wait in the middle of it.
    pub(super) fn busy(&self) -> Vec<ActorId> {
        let actors = self.actors.lock();
        let busy = actors.iter().filter(|(_, player)| {
            !player.mailbox.is_empty() || !matches!(player.doing, Doing::Nothing)
        });
        busy.map(|(id, _)| *id).collect()
    }

    pub(super) fn queued(&self) -> usize {
        self.actors.lock().values().map(|player| player.mailbox.len()).sum()
    }

    /// Lets one actor go on by one message, or not if it has to wait.
    pub(super) fn turn(&self, id: ActorId, ground: &Ground) -> Turn {
        let Some(mut player) = self.actors.lock().remove(&id) else { return Turn::Waiting };
        let depth = ground.gate.depth();
        let turned = catch_unwind(AssertUnwindSafe(|| player.turn(ground)));
        let (why, point) = match turned {
            Ok(Ok(turn)) => {
                self.actors.lock().insert(id, player);
                return turn;
            }
            Ok(Err(why)) => (why, None),
            Err(panic) => {
                let Injected(point, earlier) = injected(panic);
                let left = ground.gate.depth() - depth;
                (format!("injected panic at {point:?}"), Some((point, earlier, left)))
            }
        };
        let Activation { tag, incarnation, .. } = *player.activation;
        Turn::Failed(Failure { tag, incarnation, why, point, decided: player.decided })
    }
}

impl Player {
    fn turn(&mut self, ground: &Ground) -> Result<Turn, String> {
        match std::mem::replace(&mut self.doing, Doing::Nothing) {
            Doing::Nothing => {
                let Some((ask, message)) = self.mailbox.pop_front() else {
                    return Ok(Turn::Waiting);
                };
                if self.cell.is_some() || ground.gate.durable() >= self.activation.inherited {
                    return self.hydrated(ask, message, ground);
                }
                let waiter = wait(&ground.gate, self.activation.inherited);
                self.doing = Doing::Inheriting(waiter, ask, message);
                Ok(Turn::Waiting)
            }
            Doing::Inheriting(mut waiter, ask, message) => {
                if !reached(&mut waiter)? {
                    self.doing = Doing::Inheriting(waiter, ask, message);
                    return Ok(Turn::Waiting);
                }
                self.hydrated(ask, message, ground)
            }
            Doing::Loading(mut waiter, ask, parked) => {
                if !reached(&mut waiter)? {
                    self.doing = Doing::Loading(waiter, ask, parked);
                    return Ok(Turn::Waiting);
                }
                self.load(ask, parked, ground)
            }
        }
    }

    fn hydrated(&mut self, ask: AskId, message: Message, ground: &Ground) -> Result<Turn, String> {
        let Ground { gate, clock, .. } = ground;
        let tag = self.activation.tag;
        assert_eq!(message.incarnation, self.activation.incarnation, "R7: another's message");
        let cell = match &mut self.cell {
            Some(cell) => cell,
            empty => {
                let cell = Cell::hydrate(&message.ask, tag, ground);
                empty.insert(cell.map_err(|error| error.to_string())?)
            }
        };
        if clock.monotonic_ms() > message.deadline_ms {
            message.reply.send(Err(Refusal::Overloaded));
            return Ok(Turn::TooLate { ask });
        }
        let now = clock.now();
        let mut decided = Decided::at(ask, cell.version(), now);
        self.decided = Some(decided);
        let last = &self.activation.last;
        let turn = match cell {
            Cell::Asset(cell) => cell.step(message, now, gate, last),
            Cell::Webhooks(cell) => {
                cell.step(message, now, gate, last);
                None
            }
        };
        decided.reached = cell.version();
        self.after(turn, decided, ground)
    }

    /// Goes on with what a message needs, or is done with it.
    fn after(
        &mut self,
        turn: Option<Parked>,
        decided: Decided,
        ground: &Ground,
    ) -> Result<Turn, String> {
        let Some(parked) = turn else {
            self.activation.weigh(self.cell.as_ref().map_or(0, Cell::bytes));
            return Ok(Turn::Decided(decided));
        };
        let last = self.activation.last_position();
        if ground.gate.durable() >= last {
            return self.load(decided.ask, parked, ground);
        }
        self.doing = Doing::Loading(wait(&ground.gate, last), decided.ask, parked);
        Ok(Turn::Waiting)
    }

    fn load(&mut self, ask: AskId, mut parked: Parked, ground: &Ground) -> Result<Turn, String> {
        let image = last_image(&ground.history, parked.needed).map_err(|e| e.to_string())?;
        parked.loaded.put(parked.needed, image.as_deref());
        let Some(Cell::Asset(cell)) = &mut self.cell else {
            return Err("a parked message without a cell".to_owned());
        };
        let now = ground.clock.now();
        let mut decided = Decided::at(ask, cell.state().version(), now);
        self.decided = Some(decided);
        let turn = cell.resume(parked, now, &ground.gate, &self.activation.last);
        decided.reached = cell.state().version();
        self.after(turn, decided, ground)
    }
}

fn wait(gate: &EngineGate, position: u64) -> oneshot::Receiver<()> {
    let (waiter, reached) = oneshot::channel();
    gate.after(position, Held::Waiter(waiter));
    reached
}

/// An error when the log failed while somebody waited for it.
fn reached(waiter: &mut oneshot::Receiver<()>) -> Result<bool, String> {
    match waiter.try_recv() {
        Ok(()) => Ok(true),
        Err(oneshot::error::TryRecvError::Empty) => Ok(false),
        Err(oneshot::error::TryRecvError::Closed) => Err("the log has failed".to_owned()),
    }
}

/// Panics that the scheduler asks for.
#[derive(Default)]
pub(super) struct Panics {
    /// The point, how many records pass it before, and of how many.
    armed: Mutex<Option<(Point, usize, usize)>>,
}

/// The payload of a panic that was asked for.
struct Injected(Point, usize);

impl Panics {
    /// The next cell to reach `point` with its record of this number (from 0) panics there; `None`
    /// takes that back.
    pub(super) fn arm(&self, point: Option<(Point, usize)>) {
        *self.armed.lock() = point.map(|(point, number)| (point, number, number));
    }
}

impl Faults for Panics {
    fn reach(&self, point: Point, _: Tag) {
        let mut armed = self.armed.lock();
        match &mut *armed {
            Some((at, 0, number)) if *at == point => {
                let number = *number;
                *armed = None;
                drop(armed);
                // Unlike `panic!` this says nothing on stderr.
                resume_unwind(Box::new(Injected(point, number)));
            }
            Some((at, left, _)) if *at == point => *left -= 1,
            _ => {}
        }
    }
}

/// Which point it was; any other panic is a real one and goes on.
fn injected(panic: Box<dyn Any + Send>) -> Injected {
    match panic.downcast::<Injected>() {
        Ok(injected) => *injected,
        Err(real) => resume_unwind(real),
    }
}
