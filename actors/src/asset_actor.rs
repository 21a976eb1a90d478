//! The ractor shell around [`AssetCell`]: hydrates it on the first message, hands it one message at a
//! time, and loads what it asks for. No rule of booking and no order of commit is decided here.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use holdfast_domain::{Outcome, Subject, asset::Needed};
use holdfast_storage::{
    history::{History, HistoryError},
    journal::Position,
};
use parking_lot::Mutex;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::{sync::oneshot, task::spawn_blocking};

use crate::{
    cell::{AssetCell, Faults, HydrateError},
    clock::Clock,
    engine::Refusal,
    in_hand::Note,
    message::{Ask, EngineGate, Held, Message},
    registry::{HeldCuts, RegistryAsk, cell::RegistryCell},
    router::Activation,
    webhooks::cell::WebhookCell,
    worker::panic_text,
};

/// What every asset's actor shares.
pub struct Surroundings {
    pub clock: Arc<dyn Clock>,
    pub gate: Arc<EngineGate>,
    pub history: Arc<History>,
    pub faults: Arc<dyn Faults>,
    /// What a group of the journal holds, and so the largest record of a registry.
    pub group_bytes_max: u64,
    /// What readers of registries hold.
    pub cuts: HeldCuts,
}

pub struct AssetActor {
    pub surroundings: Arc<Surroundings>,
}

/// The actor's state: nothing before the first message.
pub struct Live {
    activation: Arc<Activation>,
    cell: Option<Cell>,
}

/// What a tag stands for. Tags are drawn so that none stands for two.
enum Cell {
    Asset(Box<AssetCell>),
    Webhooks(Box<WebhookCell>),
    /// Locked only by the one step under way, which may be on another thread.
    Registry(Arc<Mutex<RegistryCell>>),
}

/// Whom a message is for: a new actor learns from the first one what its tag stands for.
#[derive(Clone, Copy)]
enum Of {
    Asset,
    Webhooks { is_lane: bool },
    Registry,
}

impl Of {
    fn whom(ask: &Ask) -> Self {
        match ask {
            Ask::Webhooks(ask) => Self::Webhooks { is_lane: ask.is_for_a_lane() },
            Ask::Registry(_) => Self::Registry,
            _ => Self::Asset,
        }
    }
}

impl Cell {
    fn bytes(&self) -> usize {
        match self {
            Self::Asset(cell) => cell.bytes(),
            Self::Webhooks(cell) => cell.bytes(),
            Self::Registry(cell) => cell.lock().bytes(),
        }
    }
}

impl Actor for AssetActor {
    type Msg = Message;
    type State = Live;
    type Arguments = Arc<Activation>;

    async fn pre_start(
        &self,
        _: ActorRef<Message>,
        activation: Arc<Activation>,
    ) -> Result<Live, ActorProcessingErr> {
        Ok(Live { activation, cell: None })
    }

    async fn handle(
        &self,
        _: ActorRef<Message>,
        message: Message,
        live: &mut Live,
    ) -> Result<(), ActorProcessingErr> {
        let Surroundings { clock, gate, .. } = &*self.surroundings;
        let activation = &*live.activation;
        debug_assert_eq!(message.incarnation, activation.incarnation);
        if live.cell.is_none() {
            match self.hydrate(activation, &message.ask).await {
                Ok(cell) => live.cell = Some(cell),
                Err(error) => return unread(activation, message, error),
            }
        }
        let Some(cell) = &mut live.cell else { return Ok(()) };
        let taken_us = clock.monotonic_us();
        if taken_us / 1_000 > message.deadline_ms {
            message.reply.send(Err(Refusal::Overloaded));
            return Ok(());
        }
        let last = &activation.last;
        let note = Note::of(&message.ask);
        match cell {
            Cell::Asset(cell) => {
                cell.take_at(taken_us);
                let step = || cell.step(message, clock.now(), gate, last);
                let mut turn = blaming(activation, note, step)?;
                while let Some(mut parked) = turn {
                    let image = match self.image(parked.needed, activation.last_position()).await {
                        Ok(image) => image,
                        // What was due and did happen stands; the message was not decided.
                        Err(error) => return unread(activation, parked.message, error),
                    };
                    let note = Note::of(&parked.message.ask);
                    parked.loaded.put(parked.needed, image.as_deref());
                    cell.take_at(clock.monotonic_us());
                    let resume = || cell.resume(parked, clock.now(), gate, last);
                    turn = blaming(activation, note, resume)?;
                }
            }
            Cell::Webhooks(cell) => {
                blaming(activation, note, || cell.step(message, clock.now(), gate, last))?;
            }
            Cell::Registry(cell) if matches!(message.ask, Ask::Registry(RegistryAsk::Cut)) => {
                let step = || cell.lock().step(message, clock.now(), gate, last);
                blaming(activation, note, step)?;
            }
            Cell::Registry(cell) => {
                let (cell, surroundings) = (Arc::clone(cell), Arc::clone(&self.surroundings));
                let activation = Arc::clone(&live.activation);
                let step = move || {
                    let Surroundings { clock, gate, .. } = &*surroundings;
                    let step = || cell.lock().step(message, clock.now(), gate, &activation.last);
                    blaming(&activation, note, step)
                };
                spawn_blocking(step).await??;
            }
        }
        activation.weigh(cell.bytes());
        Ok(())
    }
}

/// A fault that may pass refuses this message and is tried again with the next; one that will not
/// pass ends the actor, and repeats quarantine the asset.
fn unread(
    activation: &Activation,
    message: Message,
    error: HydrateError,
) -> Result<(), ActorProcessingErr> {
    if error.may_pass() {
        tracing::warn!(%error, "an asset cannot be read now");
        message.reply.send(Err(Refusal::Overloaded));
        return Ok(());
    }
    activation.blame(Note::of(&message.ask).read());
    Err(error.into())
}

/// Reads on a thread that may block. Views that are found damaged are condemned: the next start
/// builds them anew.
async fn read<T: Send + 'static>(
    history: &Arc<History>,
    read: impl FnOnce(&History) -> Result<T, HydrateError> + Send + 'static,
) -> Result<T, HydrateError> {
    let history = Arc::clone(history);
    let found = spawn_blocking(move || {
        read(&history).inspect_err(|error| {
            if error.is_damage() {
                let condemned = history.views.condemn();
                tracing::error!(%error, ?condemned, "the views of an asset are damaged");
            }
        })
    });
    found.await.unwrap_or_else(|panic| Err(HydrateError::Panic(panic.to_string())))
}

/// Runs a step. A panic in it ends the actor as any panic does, and its parent can name the message
/// that did it: the message itself is gone by then.
fn blaming<T>(
    activation: &Activation,
    note: Note,
    step: impl FnOnce() -> T,
) -> Result<T, ActorProcessingErr> {
    // Nothing of the cell is used after a panic: the actor ends with it.
    catch_unwind(AssertUnwindSafe(step)).map_err(|panic| {
        activation.blame(note.read());
        panic_text(&*panic).into()
    })
}

impl AssetActor {
    async fn hydrate(&self, activation: &Activation, ask: &Ask) -> Result<Cell, HydrateError> {
        let Surroundings { clock, gate, history, faults, .. } = &*self.surroundings;
        durable(gate, activation.inherited).await?;
        let (tag, now, faults) = (activation.tag, clock.now(), Arc::clone(faults));
        let (of, surroundings) = (Of::whom(ask), Arc::clone(&self.surroundings));
        read(history, move |history| match of {
            Of::Asset => {
                let cell = AssetCell::hydrate(history, tag, now, faults);
                cell.map(|cell| Cell::Asset(Box::new(cell)))
            }
            Of::Webhooks { is_lane } => {
                let cell = WebhookCell::hydrate(history, tag, is_lane, now);
                cell.map(|cell| Cell::Webhooks(Box::new(cell)))
            }
            Of::Registry => {
                let Surroundings { history, cuts, group_bytes_max, .. } = &*surroundings;
                let history = Arc::clone(history);
                let cell = RegistryCell::hydrate(history, tag, cuts, *group_bytes_max);
                cell.map(|cell| Cell::Registry(Arc::new(Mutex::new(cell))))
            }
        })
        .await
    }

    /// The last image of something that is over, once everything before is on disk.
    async fn image(
        &self,
        needed: Needed,
        after: Position,
    ) -> Result<Option<Vec<u8>>, HydrateError> {
        let Surroundings { gate, history, .. } = &*self.surroundings;
        durable(gate, after).await?;
        read(history, move |history| Ok(last_image(history, needed)?)).await
    }
}

/// The last image of something that is over, as stored; `None` when history holds no such thing.
pub fn last_image(history: &History, needed: Needed) -> Result<Option<Vec<u8>>, HistoryError> {
    let address = match needed {
        Needed::Booking(id) => history.finished(id)?.map(|finished| finished.address),
        Needed::Report(id) => history.item(Subject::Report(id))?,
        Needed::Maintenance(id) => history.item(Subject::Maintenance(id))?,
    };
    let Some(address) = address else { return Ok(None) };
    match history.journal.read(address)?.outcome {
        Outcome::Accepted(accepted) => Ok(Some(accepted.after)),
        Outcome::Refused(_) => Ok(None),
    }
}

/// Waits until `position` is durable; an error when the log has failed before that.
pub async fn durable(gate: &EngineGate, position: Position) -> Result<(), Poisoned> {
    if gate.durable() >= position {
        return Ok(());
    }
    let (waiter, reached) = oneshot::channel();
    gate.after(position, Held::Waiter(waiter));
    reached.await.map_err(|_| Poisoned)
}

#[derive(Debug, thiserror::Error)]
#[error("the log has failed")]
pub struct Poisoned;
