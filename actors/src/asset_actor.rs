//! The ractor shell around [`AssetCell`]: hydrates it on the first message, hands it one message at a
//! time, and loads what it asks for. No rule of booking and no order of commit is decided here.

use std::sync::Arc;

use holdfast_domain::{BookingId, Outcome, asset::BookingDocument};
use holdfast_storage::{
    history::{History, HistoryError},
    journal::Position,
};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::{sync::oneshot, task::spawn_blocking};

use crate::{
    cell::{AssetCell, Faults, HydrateError, Parked},
    clock::Clock,
    engine::Refusal,
    message::{EngineGate, Held, Message},
    router::Activation,
};

/// What every asset's actor shares.
pub struct Surroundings {
    pub clock: Arc<dyn Clock>,
    pub gate: Arc<EngineGate>,
    pub history: Arc<History>,
    pub faults: Arc<dyn Faults>,
}

pub struct AssetActor {
    pub surroundings: Arc<Surroundings>,
}

/// The actor's state: nothing before the first message.
pub struct Live {
    activation: Arc<Activation>,
    cell: Option<AssetCell>,
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
        debug_assert_eq!(message.incarnation, live.activation.incarnation);
        if live.cell.is_none() {
            match self.hydrate(&live.activation).await {
                Ok(cell) => live.cell = Some(cell),
                // A fault that may pass refuses this message and is tried again with the next; one
                // that will not pass ends the actor, and repeats quarantine the asset.
                Err(error) if error.may_pass() => {
                    tracing::warn!(%error, "an asset cannot be read now");
                    message.reply.send(Err(Refusal::Overloaded));
                    return Ok(());
                }
                Err(error) => return Err(error.into()),
            }
        }
        let Some(cell) = &mut live.cell else { return Ok(()) };
        if clock.monotonic_ms() > message.deadline_ms {
            message.reply.send(Err(Refusal::Overloaded));
            return Ok(());
        }
        let last = &live.activation.last;
        if let Some(Parked { message, booking }) = cell.step(message, clock.now(), gate, last) {
            let image = self.finished(booking, live.activation.last_position()).await?;
            cell.resume(message, clock.now(), image.as_ref(), gate, last);
        }
        live.activation.weigh(cell.bytes());
        Ok(())
    }
}

impl AssetActor {
    async fn hydrate(&self, activation: &Activation) -> Result<AssetCell, HydrateError> {
        let Surroundings { clock, gate, history, faults } = &*self.surroundings;
        durable(gate, activation.inherited).await?;
        let (history, faults) = (Arc::clone(history), Arc::clone(faults));
        let (tag, now) = (activation.tag, clock.now());
        spawn_blocking(move || AssetCell::hydrate(&history, tag, now, faults))
            .await
            .unwrap_or_else(|panic| Err(HydrateError::Panic(panic.to_string())))
    }

    /// The last image of a booking that is not live, once everything before is on disk.
    async fn finished(
        &self,
        id: BookingId,
        after: Position,
    ) -> Result<Option<BookingDocument>, ActorProcessingErr> {
        let Surroundings { gate, history, .. } = &*self.surroundings;
        durable(gate, after).await?;
        let history = Arc::clone(history);
        Ok(spawn_blocking(move || finished_image(&history, id)).await??)
    }
}

/// The last image of a finished booking; `None` when history holds no such booking.
pub fn finished_image(
    history: &History,
    id: BookingId,
) -> Result<Option<BookingDocument>, HistoryError> {
    let Some(finished) = history.finished(id)? else { return Ok(None) };
    let record = history.journal.read(finished.address)?;
    let Outcome::Accepted(accepted) = record.outcome else { return Ok(None) };
    Ok(serde_json::from_slice(&accepted.after).ok())
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
