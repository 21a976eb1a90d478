//! The shell around the courier: runs its errands on a runtime, asks the actors, and goes to the
//! network. One thread with a runtime of its own; the root of the tree starts it anew after a panic.
//!
//! Nothing is decided here.

use std::{
    sync::{Arc, OnceLock, Weak},
    time::Duration,
};

use holdfast_domain::Tag;
use tokio::{runtime::Handle, sync::mpsc, task::spawn_blocking, time::sleep};

use super::{
    CourierParts,
    courier::Courier,
    deliver::Deliver,
    errand::{End, Errand, Question, Search, Trial},
    message::{WebhookAsk, WebhookReading},
};
use crate::{
    engine::{Engine, Parts, Refusal},
    message::{Ask, Reading},
    worker::Stop,
};

/// How long the lanes do not look whether the log has grown.
const REST: Duration = Duration::from_millis(10);
/// And where there are none.
const REST_WITHOUT_LANES: Duration = Duration::from_millis(50);
/// Tries under way whose end has not been looked at.
const ENDS_MAX: usize = 1_024;

pub(crate) struct WebhookParts {
    pub(crate) courier: Arc<CourierParts>,
    pub(crate) engine: Arc<OnceLock<Weak<Parts>>>,
    pub(crate) deliver: Arc<dyn Deliver>,
    /// Where actors live.
    pub(crate) runtime: Handle,
}

impl WebhookParts {
    /// Until it is asked to stop.
    pub(crate) async fn run(self: &Arc<Self>, stop: &Stop) {
        let mut courier = Courier::new(Arc::clone(&self.courier));
        let (sender, mut ends) = mpsc::channel(ENDS_MAX);
        while !stop.is_asked() {
            courier.look();
            while let Some((tag, ask)) = courier.inquiry() {
                courier.answered(self.ask(tag, ask).await);
            }
            let (errands, more) = courier.step();
            self.go(errands, &sender);
            let rest = match (more, courier.has_lanes()) {
                (true, _) => Duration::ZERO,
                (false, true) => REST,
                (false, false) => REST_WITHOUT_LANES,
            };
            tokio::select! {
                Some(end) = ends.recv() => {
                    self.go(courier.take(end), &sender);
                    while let Ok(end) = ends.try_recv() {
                        self.go(courier.take(end), &sender);
                    }
                }
                () = sleep(rest) => {}
            }
        }
    }

    /// Asks an aggregate, on the runtime on which actors live.
    async fn ask(&self, tag: Tag, ask: WebhookAsk) -> Result<WebhookReading, Refusal> {
        let parts = self.engine.get().and_then(Weak::upgrade).ok_or(Refusal::NotReady)?;
        if ask.is_written() {
            parts.writable()?;
        }
        let engine = Engine { parts };
        let bytes = ask.bytes();
        let asked =
            self.runtime.spawn(async move { engine.ask(tag, Ask::Webhooks(ask), bytes).await });
        match asked.await {
            Ok(Ok(Reading::Webhooks(reading))) => Ok(reading),
            Ok(Err(refusal)) => Err(refusal),
            Ok(Ok(_)) => Ok(WebhookReading::Unchanged),
            Err(_) => Err(Refusal::Overloaded),
        }
    }

    /// Does errands, beside everything else.
    fn go(self: &Arc<Self>, errands: Vec<Errand>, ends: &mpsc::Sender<End>) {
        for errand in errands {
            let (parts, ends) = (Arc::clone(self), ends.clone());
            tokio::spawn(async move {
                let end = match errand {
                    Errand::Try(trial) => Some(parts.try_once(*trial).await),
                    Errand::Search(search) => Some(parts.search(search).await),
                    Errand::Ask(Question { tag, ask, answer }) => {
                        answer.end(parts.ask(tag, ask).await)
                    }
                };
                if let Some(end) = end {
                    let _ = ends.send(end).await;
                }
            });
        }
    }

    async fn try_once(self: &Arc<Self>, trial: Trial) -> End {
        let followed = trial.follow();
        let parts = Arc::clone(self);
        let tried = tokio::spawn(async move {
            let trial = parts.read(trial).await?;
            Some(parts.deliver.deliver(trial.attempt()?).await)
        });
        // A try that panics is over as well, or its asset would wait for ever.
        let outcome = tried.await.unwrap_or_else(|panic| {
            tracing::error!(%panic, "a try to deliver");
            None
        });
        followed.end(outcome.unwrap_or_else(Trial::not_sendable), &self.courier)
    }

    async fn read(&self, mut trial: Trial) -> Option<Trial> {
        if !trial.is_to_be_read() {
            return Some(trial);
        }
        let history = Arc::clone(&self.courier.history);
        let read = spawn_blocking(move || {
            trial.read(&history);
            trial
        });
        read.await.ok()
    }

    async fn search(&self, search: Search) -> End {
        sleep(search.wait()).await;
        let (search, parts) = (Arc::new(search), Arc::clone(&self.courier));
        let looking = Arc::clone(&search);
        let looked = spawn_blocking(move || looking.look(&parts)).await;
        looked.unwrap_or_else(|_| search.nothing())
    }
}
