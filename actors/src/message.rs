//! What travels between the engine, an asset's actor and the gate: asks, answers, and the reply that
//! cannot be forgotten.

use std::sync::Arc;

use bytes::Bytes;
use holdfast_domain::{
    Accepted, BookingId, Outcome, Principal, Record, Request, Stamp, Tag, Timestamp,
    asset::{BookingStatus, Document, UsageGround},
    registry::Change,
    rejection::Window,
};
use holdfast_storage::{journal::Encoded, tail::Mark};
use tokio::sync::oneshot;

use crate::{
    catalogue::Card,
    engine::{Answer, Refusal},
    gate::{Gate, Gated},
    registry::{Cut, RegistryAsk},
    router::Permit,
    timers::{DueQueue, NextDue},
    webhooks::{News, WebhookAsk, WebhookReading},
};

/// One question to one asset's actor.
pub struct Message {
    pub ask: Ask,
    /// By the monotonic clock; later than this nothing is decided any more.
    pub deadline_ms: u64,
    /// Of the activation it was sent to.
    pub incarnation: u64,
    pub reply: Reply,
    pub permit: Permit,
}

#[derive(Debug)]
pub enum Ask {
    Command(Box<Request>),
    Asset(Arc<Principal>),
    Booking(Arc<Principal>, BookingId),
    Bookings(Arc<Principal>, BookingsAsk),
    /// May the caller read the audit log?
    Audit(Arc<Principal>),
    /// Let happen what is due. Nobody waits for the answer; where nothing was due the queue is told
    /// what the asset really waits for.
    Tick(Arc<DueQueue>),
    /// How does the caller stand to the asset?
    Standing(Arc<Principal>),
    /// May the caller read the usage, and how is it counted?
    Usage(Arc<Principal>),
    Quote(Arc<Principal>, Window),
    Availability(Arc<Principal>, Window),
    /// To an aggregate of webhooks, whose tag no asset has.
    Webhooks(WebhookAsk),
    /// To the registry of an org, whose tag no asset has.
    Registry(RegistryAsk),
}

impl Ask {
    /// What kind of message it is, as operators read it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Command(request) => request.command.name(),
            Self::Asset(_) => "read_asset",
            Self::Booking(..) => "read_booking",
            Self::Bookings(..) => "list_bookings",
            Self::Audit(_) => "read_audit",
            Self::Tick(_) => "tick",
            Self::Quote(..) => "quote",
            Self::Availability(..) => "read_availability",
            Self::Standing(_) => "read_standing",
            Self::Usage(_) => "read_usage",
            Self::Webhooks(ask) => ask.kind(),
            Self::Registry(ask) => ask.kind(),
        }
    }
}

/// Which live bookings of the asset: stamps strictly between `low` and `high`, newest first unless
/// `oldest_first`, at most `limit`.
#[derive(Clone, Debug)]
pub struct BookingsAsk {
    pub filter: BookingFilter,
    pub low: Stamp,
    pub high: Stamp,
    pub oldest_first: bool,
    pub limit: usize,
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct BookingFilter {
    /// Any of these; empty = all.
    pub status: Vec<BookingStatus>,
    pub user_id: Option<String>,
    /// Bookings whose window ends after `from` …
    pub from: Option<Timestamp>,
    /// … and starts before `to`.
    pub to: Option<Timestamp>,
}

impl BookingFilter {
    pub fn admits(&self, status: BookingStatus, user_id: &str, window: Window) -> bool {
        (self.status.is_empty() || self.status.contains(&status))
            && self.user_id.as_ref().is_none_or(|user| user == user_id)
            && self.from.is_none_or(|from| window.end > from)
            && self.to.is_none_or(|to| window.start < to)
    }
}

/// What an actor answers, once the gate lets it.
#[derive(Debug)]
pub enum Reading {
    Written(Answer),
    /// The key was used: the answer is what the record of this version stored.
    Stored {
        version: u64,
    },
    Document(Document),
    /// The booking is not live; whether the caller may see every booking of the asset.
    NotLive {
        inspects: bool,
    },
    Live(LivePage),
    MayAudit,
    Standing(Standing),
    Ground(UsageGround),
    Ticked,
    /// Computed for this moment; it has no version.
    Rendered(Arc<[u8]>),
    Webhooks(WebhookReading),
    /// The registry is as the command asked for.
    Registered,
    /// The registry at one moment.
    Cut(Arc<Cut>),
}

/// What a caller may know of an asset.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// The asset is visible to it.
    pub sees: bool,
    /// It may see whatever there is of the asset.
    pub inspects: bool,
}

/// Live bookings of an asset as of `version`.
#[derive(Debug)]
pub struct LivePage {
    pub rows: Vec<(Stamp, Bytes)>,
    pub version: u64,
    /// Whether the caller may see bookings of others.
    pub inspects: bool,
}

/// The one-shot way back to whoever asked. Dropped without an answer it says `unanswered`, so that a
/// panic or a lost actor is never silence and never a wrong "nothing happened".
pub struct Reply {
    sender: Option<oneshot::Sender<Result<Reading, Refusal>>>,
    unanswered: Refusal,
}

impl Reply {
    pub fn channel() -> (Self, oneshot::Receiver<Result<Reading, Refusal>>) {
        let (sender, receiver) = oneshot::channel();
        (Self { sender: Some(sender), unanswered: Refusal::Overloaded }, receiver)
    }

    /// For what nobody asked.
    pub fn to_nobody() -> Self {
        Self { sender: None, unanswered: Refusal::Overloaded }
    }

    /// From here on silence means that the outcome is unknown.
    pub fn handed_over(mut self) -> Self {
        self.unanswered = Refusal::OutcomeUnknown;
        self
    }

    pub fn send(mut self, reading: Result<Reading, Refusal>) {
        if let Some(sender) = self.sender.take() {
            // The asker may have gone away; what was decided stands all the same.
            let _ = sender.send(reading);
        }
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if let Some(sender) = self.sender.take() {
            let _ = sender.send(Err(self.unanswered.clone()));
        }
    }
}

/// A record on its way to the disk, with the answer that waits for it.
pub struct Pending {
    pub encoded: Encoded,
    pub facts: Facts,
    pub answer: Result<Reading, Refusal>,
    pub reply: Reply,
    pub permit: Permit,
    /// When its message was taken in hand, by the monotonic clock; 0 where nobody measures.
    pub decided_us: u64,
}

/// What is published of a record once it is durable.
pub struct Facts {
    pub tag: Tag,
    pub version: u64,
    pub at: Timestamp,
    pub mark: Option<Mark>,
    pub snapshot: Option<Arc<[u8]>>,
    /// Set when the record changed the asset itself.
    pub card: Option<Box<Card>>,
    /// Set when the lanes must hear of it.
    pub webhooks: Option<News>,
    /// The rows it changes, when it is of a registry.
    pub rows: Vec<Change>,
    pub next_due: NextDue,
}

/// What waits at the gate for records handed over before it.
#[expect(clippy::large_enum_variant, reason = "nearly all are answers; a box would cost each")]
pub enum Held {
    /// An answer computed from a state that holds them.
    Answer { answer: Result<Reading, Refusal>, reply: Reply, permit: Permit },
    /// Somebody inside the engine who must read what they left behind. Dropped on poison.
    Waiter(oneshot::Sender<()>),
}

pub type EngineGate = Gate<Pending, Held>;

impl Gated for Pending {
    fn release(self) {
        self.reply.send(self.answer);
    }

    fn outcome_unknown(self) {
        self.reply.send(Err(Refusal::OutcomeUnknown));
    }
}

impl Gated for Held {
    fn release(self) {
        match self {
            Self::Answer { answer, reply, permit } => {
                drop(permit);
                reply.send(answer);
            }
            Self::Waiter(waiter) => {
                let _ = waiter.send(());
            }
        }
    }

    fn outcome_unknown(self) {
        if let Self::Answer { reply, .. } = self {
            reply.send(Err(Refusal::OutcomeUnknown));
        }
    }
}

/// The answer to an accepted command; `replayed` when it is given again under the same key.
pub fn answer_of(accepted: Accepted, replayed: bool) -> Answer {
    Answer {
        json: Bytes::from(accepted.after),
        etag: accepted.etag,
        subject: accepted.subject,
        created: accepted.created,
        replayed,
    }
}

/// The answer to the command that made a record; takes the document out of it.
pub(crate) fn take_answer(record: &mut Record) -> Result<Reading, Refusal> {
    match &mut record.outcome {
        Outcome::Accepted(accepted) => {
            let taken = Accepted {
                after: std::mem::take(&mut accepted.after),
                events: Vec::new(),
                before: None,
                ..*accepted
            };
            Ok(Reading::Written(answer_of(taken, false)))
        }
        Outcome::Refused(refused) => Err(Refusal::Rejected(refused.rejection.clone())),
    }
}
