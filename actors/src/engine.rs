//! The engine as `http` sees it: submit a command; reads are in `reads.rs`, the start in `start.rs`.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use bytes::Bytes;
use holdfast_domain::{
    AssetId, Etag, Outcome, Rejection, Request, Subject, Tag, Timestamp, registry,
};
use holdfast_storage::{
    fold::FoldOptions,
    history::{History, HistoryError},
    journal::Room,
    tail::Tail,
};
use tokio::task::spawn_blocking;

use crate::{
    asset_actor::Surroundings,
    catalogue::Catalogue,
    ids::{Randomness, StoreKey},
    message::{Ask, Message, Reading, Reply, answer_of},
    permit::{Budget, Share},
    roster::Roster,
    start::Tree,
    supervisor::{AssetSpawner, EngineRouter},
    timers::{DueQueue, TimerOptions},
    vitals::CommitMeter,
    webhooks::{WebhookOptions, WebhookParts},
};
pub use crate::{catalogue::AssetFilter, message::BookingFilter};

/// What bounds the engine. Each limit has its unit last.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// Waiting commands per asset.
    pub waiting_per_asset_max: usize,
    /// Waiting commands in all.
    pub waiting_max: usize,
    /// Bytes of requests in flight.
    pub in_flight_bytes_max: usize,
    /// A command not decided by then is refused: nothing happened.
    pub deadline_ms: u64,
    /// Memory for live actors (their state and 8 kB each) before idle ones are passivated.
    pub resident_bytes_max: usize,
    /// Size of a journal segment; prepared two ahead.
    pub segment_bytes: u32,
    /// When the tail is folded into the views.
    pub fold: FoldOptions,
    /// How fast assets are reminded of what is due.
    pub timers: TimerOptions,
    /// When deliveries of webhooks are tried again.
    pub webhooks: WebhookOptions,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            waiting_per_asset_max: 4_096,
            waiting_max: 65_536,
            in_flight_bytes_max: 64 * 1024 * 1024,
            deadline_ms: 10_000,
            resident_bytes_max: 512 * 1024 * 1024,
            segment_bytes: 64 * 1024 * 1024,
            fold: FoldOptions::default(),
            timers: TimerOptions::default(),
            webhooks: WebhookOptions::default(),
        }
    }
}

/// A command's result: the document in its record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    pub json: Bytes,
    pub etag: Etag,
    pub subject: Subject,
    /// The first answer was 201.
    pub created: bool,
    /// The key had been used: this is what was stored.
    pub replayed: bool,
}

/// Why there is no answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    Rejected(Rejection),
    /// By the registry, in its own words.
    Registry(registry::Refusal),
    /// A refusal stored under the key by an earlier request.
    Replayed {
        rejection: Rejection,
        request_id: String,
        path: String,
    },
    /// Nothing happened: a bound was reached, the deadline passed before deciding, or the actor
    /// failed before it handed anything over.
    Overloaded,
    /// Nothing happened: no room is prepared on disk.
    StorageFull,
    /// Nothing happened: the asset is held back after repeated panics.
    Quarantined,
    /// Nothing happened: recovering or draining.
    NotReady,
    /// A storage fault after the append began: ask again with the same key.
    OutcomeUnknown,
}

/// A document read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Read {
    pub json: Bytes,
    pub etag: Etag,
}

/// Which page of a list. Keys are opaque numbers of the list's order (newest = greatest).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PageAsk {
    /// 1..=100
    pub limit: usize,
    pub anchor: Option<Anchor>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Anchor {
    /// Rows after this key in the list's order (older ones): a `next_cursor`.
    After(u64),
    /// Rows before this key (newer ones): a `prev_cursor`.
    Before(u64),
}

/// Rendered rows, newest first.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Page {
    pub items: Vec<Bytes>,
    /// `Some` when more may follow: the key for [`Anchor::After`].
    pub next: Option<u64>,
    /// `Some` unless this is the first page: the key for [`Anchor::Before`].
    pub prev: Option<u64>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Readiness {
    pub recovered: bool,
    pub store_writable: bool,
    pub draining: bool,
    /// The wall clock and the engine's differ by more than five minutes.
    pub clock_astray: bool,
    /// Records committed and not yet folded into the views.
    pub unfolded_records: usize,
}

impl Readiness {
    pub fn is_ready(&self) -> bool {
        self.recovered && self.store_writable && !self.draining
    }
}

/// How many tags a create tries before it gives up: each one taken by an asset whose key is forgotten.
const TAGS_MAX: u32 = 64;

/// Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    pub(crate) parts: Arc<Parts>,
}

/// What the engine is made of once it runs.
pub(crate) struct Parts {
    pub(crate) options: EngineOptions,
    pub(crate) surroundings: Arc<Surroundings>,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) router: Arc<EngineRouter>,
    pub(crate) spawner: AssetSpawner,
    pub(crate) budget: Arc<Budget>,
    /// Of registries alone.
    pub(crate) registry_budget: Arc<Budget>,
    pub(crate) room: Arc<Room>,
    pub(crate) roster: Arc<Roster>,
    pub(crate) meter: Arc<CommitMeter>,
    pub(crate) due: Arc<DueQueue>,
    pub(crate) randomness: Arc<dyn Randomness>,
    pub(crate) store_key: StoreKey,
    pub(crate) webhooks: Arc<WebhookParts>,
    /// Readiness says so; what comes is still served.
    pub(crate) draining: AtomicBool,
    /// Nothing is taken any more.
    pub(crate) stopped: AtomicBool,
    pub(crate) tree: Tree,
}

impl Engine {
    /// Decides and makes durable one command on the asset `id`. Returns only after the answer's
    /// facts are on disk.
    pub async fn submit(&self, id: AssetId, request: Request) -> Result<Answer, Refusal> {
        if !self.parts.catalogue.contains(id) {
            return Err(Refusal::Rejected(Rejection::NotFound));
        }
        self.command(id.tag, request).await
    }

    /// As [`Engine::submit`], on the asset that a booking's id names.
    pub async fn submit_to_booking(
        &self,
        id: holdfast_domain::BookingId,
        request: Request,
    ) -> Result<Answer, Refusal> {
        self.submit_below(id.tag, request).await
    }

    /// As [`Engine::submit`], on the asset whose tag the id of a report or a maintenance carries.
    pub async fn submit_below(&self, tag: Tag, request: Request) -> Result<Answer, Refusal> {
        if self.parts.catalogue.id_of(tag).is_none() {
            return Err(Refusal::Rejected(Rejection::NotFound));
        }
        self.command(tag, request).await
    }

    /// A [`holdfast_domain::asset::Command::RegisterAsset`]: the key decides which tag it goes to,
    /// so that two creates with one key meet in one actor.
    pub async fn register(&self, request: Request) -> Result<Answer, Refusal> {
        let Some(key) = &request.key else { return Err(Refusal::NotReady) };
        let scope = key.scope;
        for attempt in 0..TAGS_MAX {
            let tag = self.parts.store_key.tag(scope, attempt);
            match self.command(tag, request.clone()).await {
                Err(Refusal::Rejected(Rejection::TagTaken)) => {}
                answer => return answer,
            }
        }
        Err(Refusal::Overloaded)
    }

    async fn command(&self, tag: Tag, request: Request) -> Result<Answer, Refusal> {
        let bytes = request.bytes();
        self.decide(tag, Ask::Command(Box::new(request)), bytes).await
    }

    /// A command of any aggregate, and what came of it.
    pub(crate) async fn decide(&self, tag: Tag, ask: Ask, bytes: usize) -> Result<Answer, Refusal> {
        self.writable()?;
        match self.ask(tag, ask, bytes).await? {
            Reading::Written(answer) => Ok(answer),
            Reading::Stored { version } => self.stored(tag, version).await,
            other => unreachable!("a command is never answered with {other:?}"),
        }
    }

    /// What the record of an earlier request stored under its key.
    async fn stored(&self, tag: Tag, version: u64) -> Result<Answer, Refusal> {
        // Something did happen under this key, so a failure to read it is not "nothing happened".
        let record = self.read(move |history| history.record(tag, version)).await;
        let record = record.ok().flatten().ok_or(Refusal::OutcomeUnknown)?;
        match record.outcome {
            Outcome::Accepted(accepted) => Ok(answer_of(accepted, true)),
            Outcome::Refused(refused) => Err(Refusal::Replayed {
                rejection: refused.rejection,
                request_id: record.request_id,
                path: refused.path,
            }),
        }
    }

    pub(crate) fn writable(&self) -> Result<(), Refusal> {
        self.parts.writable()
    }

    /// Sends one question to the actor of `tag` and waits for its gated answer.
    pub(crate) async fn ask(&self, tag: Tag, ask: Ask, bytes: usize) -> Result<Reading, Refusal> {
        self.ask_within(&self.parts.budget, tag, ask, bytes).await
    }

    /// The same on a budget of one's own.
    pub(crate) async fn ask_within(
        &self,
        budget: &Arc<Budget>,
        tag: Tag,
        ask: Ask,
        bytes: usize,
    ) -> Result<Reading, Refusal> {
        self.parts.accepting()?;
        let share = budget.take(bytes).ok_or(Refusal::Overloaded)?;
        let (reply, answer) = Reply::channel();
        self.parts.send(tag, ask, share, reply)?;
        answer.await.unwrap_or(Err(Refusal::Overloaded))
    }

    /// Runs a read of history on a thread that may block.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&History) -> Result<T, HistoryError> + Send + 'static,
    ) -> Result<T, Refusal> {
        let history = Arc::clone(&self.parts.surroundings.history);
        match spawn_blocking(move || read(&history)).await {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(error)) => {
                // Found damaged, they will be built anew at the next start.
                let condemned =
                    error.is_damage().then(|| self.parts.surroundings.history.views.condemn());
                tracing::error!(%error, ?condemned, "a read of history failed");
                Err(Refusal::Overloaded)
            }
            Err(_) => Err(Refusal::Overloaded),
        }
    }

    pub fn readiness(&self) -> Readiness {
        let Parts { surroundings, draining, .. } = &*self.parts;
        Readiness {
            recovered: true,
            store_writable: !surroundings.gate.is_poisoned() && self.writable().is_ok(),
            draining: draining.load(Ordering::Acquire),
            clock_astray: surroundings.clock.is_astray(),
            unfolded_records: surroundings.history.tail.len(),
        }
    }

    /// Engine time.
    pub fn now(&self) -> Timestamp {
        self.parts.surroundings.clock.now()
    }

    /// Microseconds since some fixed moment, for measuring how long something takes.
    pub fn monotonic_us(&self) -> u64 {
        self.parts.surroundings.clock.monotonic_us()
    }

    /// A secret for one purpose (cursors, say), derived from the store key: the same after a restart.
    pub fn secret(&self, purpose: &str) -> [u8; 32] {
        self.parts.store_key.secret(purpose)
    }

    /// Fresh random bytes from the engine's seam (request ids).
    pub fn random(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        self.parts.randomness.fill(&mut bytes);
        bytes
    }

    /// Readiness says so from now on; what still comes is served until [`Engine::shutdown`].
    pub fn drain(&self) {
        self.parts.draining.store(true, Ordering::Release);
    }
}

impl Parts {
    /// Writes are refused before anything happens when there is nowhere for them to go.
    /// Whether there is room for one more record. What is read or decided without one needs none.
    pub(crate) fn writable(&self) -> Result<(), Refusal> {
        if self.surroundings.history.tail.len() >= Tail::ENTRIES_MAX {
            return Err(Refusal::Overloaded);
        }
        let reserve = 2 * self.budget.bytes_max() as u64;
        if self.room.is_full() && self.room.bytes_left() < reserve {
            return Err(Refusal::StorageFull);
        }
        Ok(())
    }

    fn accepting(&self) -> Result<(), Refusal> {
        if self.stopped.load(Ordering::Acquire) {
            return Err(Refusal::NotReady);
        }
        if self.surroundings.gate.is_poisoned() {
            return Err(Refusal::OutcomeUnknown);
        }
        Ok(())
    }

    /// Puts one message into the mailbox of the actor of `tag`, starting it if need be.
    fn send(&self, tag: Tag, ask: Ask, share: Share, reply: Reply) -> Result<(), Refusal> {
        let Self { options, surroundings, router, spawner, .. } = self;
        let now_ms = surroundings.clock.monotonic_ms();
        let (actor, activation, permit) = router.admit(tag, share, now_ms, spawner)?;
        let message = Message {
            ask,
            deadline_ms: now_ms + options.deadline_ms,
            incarnation: activation.incarnation,
            reply,
            permit,
        };
        // An actor that is gone drops the message, and with it the reply: nothing happened. The
        // handle is not held any longer: it would keep alive the very mailbox whose end is noticed.
        let _ = actor.cast(message);
        Ok(())
    }

    /// Reminds an asset of what is due. One that cannot be told now stays due.
    pub(crate) fn tick(&self, tag: Tag, share: Share, queue: &Arc<DueQueue>) {
        let room = self.accepting().and_then(|()| self.writable());
        let ask = Ask::Tick(Arc::clone(queue));
        let sent = room.and_then(|()| self.send(tag, ask, share, Reply::to_nobody()));
        if let Err(refusal) = sent {
            tracing::debug!(asset.tag = tag.get(), ?refusal, "an asset that is due cannot be told");
        }
    }
}
