//! One asset's actor as a plain step machine: hydrate, then one message at a time.
//!
//! The order inside a command is the heart of the promise: decide → render → encode → apply → hand
//! over. A panic before the hand-over leaves nothing behind; after it only the disk can fail.
//! No ractor, thread, clock or disk in here.

#[cfg(feature = "planted-key-in-separate-record")]
mod planted;

use std::sync::Arc;

use bytes::Bytes;
use holdfast_domain::{
    Outcome, Principal, Record, Tag, Timestamp, access,
    asset::{self, AssetDocument, AssetState, BookingDocument, Finished, LiveBooking, Verdict},
    rejection::Rejection,
};
use holdfast_storage::{
    codec,
    history::{History, HistoryError},
    journal::{Encoded, RECORD_BYTES_MAX, ReadError},
    views::ViewsError,
};

use crate::{
    catalogue::Card,
    engine::Refusal,
    gate::AtomicPosition,
    message::{
        Ask, BookingsAsk, EngineGate, Facts, Held, LivePage, Message, Pending, Reading, Reply,
        answer_of,
    },
    router::Permit,
    timers::{NextDue, Told},
};

/// What one tick lets happen; the rest is due at once again, after whatever else waits.
const TRANSITIONS_PER_TICK_MAX: usize = 64;
/// What one command waits for; where more is due it is refused, and ticks go on with the rest. Only a
/// long time in which nothing ran leaves so much.
const TRANSITIONS_PER_COMMAND_MAX: usize = 1_024;

/// A snapshot is made no sooner than after this many records.
const SNAPSHOT_RECORDS_MIN: usize = 16;

/// Where a test may make the actor fail; a server passes [`NoFaults`].
pub trait Faults: Send + Sync + 'static {
    fn reach(&self, point: Point, tag: Tag);
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Point {
    Decided,
    Applied,
    HandedOver,
}

pub struct NoFaults;

impl Faults for NoFaults {
    fn reach(&self, _: Point, _: Tag) {}
}

/// The live asset. Everything it answers goes through the gate.
pub struct AssetCell {
    state: AssetState,
    since_snapshot: SinceSnapshot,
    told: Told,
    faults: Arc<dyn Faults>,
}

#[derive(Default)]
struct SinceSnapshot {
    records: usize,
    bytes: usize,
}

/// A message whose command names a booking that is no longer live: load its last image (after
/// everything handed over is durable) and give both back to [`AssetCell::resume`].
pub struct Parked {
    pub message: Message,
    pub booking: holdfast_domain::BookingId,
}

impl AssetCell {
    /// The state as committed. The caller has waited until everything that an earlier incarnation
    /// handed over is durable.
    pub fn hydrate(
        history: &History,
        tag: Tag,
        now: Timestamp,
        faults: Arc<dyn Faults>,
    ) -> Result<Self, HydrateError> {
        let replay = history.replay(tag, AssetState::keys_needed_since(now))?;
        let mut state = match &replay.snapshot {
            Some(sealed) => AssetState::from_snapshot(codec::open(sealed)?),
            None => AssetState::new(tag),
        };
        for record in &replay.keyed {
            state.remember(record);
        }
        for record in &replay.records {
            state.apply(record);
        }
        let since_snapshot = SinceSnapshot { records: replay.records.len(), bytes: 0 };
        Ok(Self { state, since_snapshot, told: Told::default(), faults })
    }

    /// Decides one message. Its answer leaves through `gate`; `last` is where this activation's
    /// last handed-over position is kept. `Some` when a finished booking must be loaded first.
    pub fn step(
        &mut self,
        message: Message,
        now: Timestamp,
        gate: &EngineGate,
        last: &AtomicPosition,
    ) -> Option<Parked> {
        self.turn(message, now, Finished::Unknown, gate, last)
    }

    /// Continues a parked message with what history held.
    pub fn resume(
        &mut self,
        message: Message,
        now: Timestamp,
        finished: Option<&BookingDocument>,
        gate: &EngineGate,
        last: &AtomicPosition,
    ) {
        let finished = finished.map_or(Finished::Absent, Finished::Loaded);
        let parked = self.turn(message, now, finished, gate, last);
        debug_assert!(parked.is_none(), "a loaded booking is asked for once");
    }

    /// An estimate of the memory held, for passivation.
    pub fn bytes(&self) -> usize {
        self.state.bytes()
    }

    pub fn state(&self) -> &AssetState {
        &self.state
    }

    fn turn(
        &mut self,
        message: Message,
        now: Timestamp,
        finished: Finished<'_>,
        gate: &EngineGate,
        last: &AtomicPosition,
    ) -> Option<Parked> {
        let answer = match &message.ask {
            Ask::Command(_)
                if !cfg!(feature = "planted-decide-before-due")
                    && !self.settle(
                        now,
                        TRANSITIONS_PER_COMMAND_MAX,
                        &message.permit,
                        gate,
                        last,
                    ) =>
            {
                // What is due and did happen stands; the command itself was not decided.
                message.reply.send(Err(Refusal::Overloaded));
                return None;
            }
            Ask::Tick(queue) => {
                let before = self.state.version();
                self.settle(now, TRANSITIONS_PER_TICK_MAX, &message.permit, gate, last);
                if self.state.version() == before {
                    queue.put_all([(self.state.tag(), NextDue::of(self.state.next_due()))]);
                }
                Ok(Reading::Ticked)
            }
            Ask::Command(request) => match asset::decide(&self.state, request, now, finished) {
                Verdict::Append(record) => {
                    let Message { reply, permit, .. } = message;
                    #[cfg(feature = "planted-key-in-separate-record")]
                    let (record, reply, permit) =
                        self.append_apart(record, (reply, permit), gate, last);
                    self.append(*record, (reply, permit), gate, last);
                    return None;
                }
                Verdict::Replay { version } => Ok(Reading::Stored { version }),
                Verdict::Refuse(rejection) => Err(Refusal::Rejected(rejection)),
                Verdict::NeedsFinished(booking) => return Some(Parked { message, booking }),
            },
            Ask::Asset(principal) => self.asset(principal),
            Ask::Booking(principal, id) => self.booking(principal, *id),
            Ask::Bookings(principal, ask) => self.bookings(principal, ask),
            Ask::Audit(principal) => self.may_audit(principal),
            Ask::Quote(principal, window) => {
                rendered(self.state.quote(principal, *window, now).map(|quote| quote.render()))
            }
            Ask::Availability(principal, within) => {
                rendered(self.state.availability(principal, *within, now).map(|busy| busy.render()))
            }
        };
        let Message { reply, mut permit, .. } = message;
        let answer = answer.and_then(|answer| match answer {
            Reading::Rendered(bytes) if !permit.cover(bytes.len()) => Err(Refusal::Overloaded),
            answer => Ok(answer),
        });
        // A replay tells of something that happened, so being lost at the gate is no "nothing".
        let reply = reply.handed_over();
        gate.after(last.get(), Held::Answer { answer, reply, permit });
        None
    }

    /// Lets happen what is due by `now`, each transition with a record of its own. False when there
    /// is no room for all of it, or it was more than `most`.
    fn settle(
        &mut self,
        now: Timestamp,
        most: usize,
        permit: &Permit,
        gate: &EngineGate,
        last: &AtomicPosition,
    ) -> bool {
        for _ in 0..most {
            let Some(record) = asset::due(&self.state, now) else { return true };
            let Some(permit) = permit.another() else { return false };
            if !self.append(*record, (Reply::to_nobody(), permit), gate, last) {
                return false;
            }
        }
        false
    }

    /// False when there is no room for the record: then nothing has happened.
    fn append(
        &mut self,
        mut record: Record,
        (reply, mut permit): (Reply, Permit),
        gate: &EngineGate,
        last: &AtomicPosition,
    ) -> bool {
        self.faults.reach(Point::Decided, record.tag);
        let encoded = Encoded {
            tag: record.tag,
            version: record.version,
            bytes: codec::encode_record(&record),
        };
        // A change of one letter carries the whole document twice, so only now is it known what the
        // record takes.
        let bytes = encoded.bytes.len();
        if bytes > RECORD_BYTES_MAX || !permit.cover(bytes) {
            reply.send(Err(Refusal::Overloaded));
            return false;
        }
        let late = cfg!(feature = "planted-apply-after-hand-over").then(|| record.clone());
        if late.is_none() {
            self.apply(&record);
        }
        let facts = Facts {
            tag: record.tag,
            version: record.version,
            at: record.at,
            booking: booking_mark(&record),
            snapshot: self.snapshot(encoded.bytes.len()),
            card: card_of(&record).map(Box::new),
            next_due: self.told.news(record.next_due),
        };
        let (tag, answer) = (record.tag, take_answer(&mut record));
        gate.hand_over(
            Pending { encoded, facts, answer, reply: reply.handed_over(), permit },
            last,
        );
        if let Some(record) = late {
            self.apply(&record);
        }
        self.faults.reach(Point::HandedOver, tag);
        true
    }

    fn apply(&mut self, record: &Record) {
        self.state.apply(record);
        self.faults.reach(Point::Applied, record.tag);
    }

    /// Made when at least sixteen records since the last one outweigh the state in bytes, so that
    /// its cost is paid by the writes that made it worth having.
    fn snapshot(&mut self, record_bytes: usize) -> Option<Arc<[u8]>> {
        self.since_snapshot.records += 1;
        self.since_snapshot.bytes += record_bytes;
        if self.since_snapshot.records < SNAPSHOT_RECORDS_MIN
            || self.since_snapshot.bytes < self.state.bytes()
            || cfg!(feature = "planted-apply-after-hand-over")
        {
            return None;
        }
        self.since_snapshot = SinceSnapshot::default();
        Some(codec::seal(&self.state.to_snapshot()).into())
    }

    fn asset(&self, principal: &Principal) -> Result<Reading, Refusal> {
        match (self.state.place(), self.state.asset_document()) {
            (Some(place), Some(document)) if access::is_visible(principal, place) => {
                Ok(Reading::Document(document))
            }
            _ => Err(not_found()),
        }
    }

    fn booking(
        &self,
        principal: &Principal,
        id: holdfast_domain::BookingId,
    ) -> Result<Reading, Refusal> {
        let inspects = self.state.place().is_some_and(|place| access::inspects(principal, place));
        match self.state.booking(id) {
            None => Ok(Reading::NotLive { inspects }),
            Some(booking) if inspects || owns(principal, &booking) => {
                Ok(Reading::Document(booking.document()))
            }
            Some(_) => Err(not_found()),
        }
    }

    fn bookings(&self, principal: &Principal, ask: &BookingsAsk) -> Result<Reading, Refusal> {
        let place = self
            .state
            .place()
            .filter(|place| access::is_visible(principal, *place))
            .ok_or_else(not_found)?;
        let inspects = access::inspects(principal, place);
        let admitted = |booking: &LiveBooking<'_>| {
            (inspects || owns(principal, booking))
                && ask.filter.admits(booking.status(), booking.user_id(), booking.window())
        };
        let row = |booking: LiveBooking<'_>| {
            (booking.id().stamp, Bytes::from_owner(booking.document().json))
        };
        let live = self.state.live_between(ask.low, ask.high);
        let rows = if ask.oldest_first {
            live.filter(admitted).take(ask.limit).map(row).collect()
        } else {
            live.rev().filter(admitted).take(ask.limit).map(row).collect()
        };
        Ok(Reading::Live(LivePage { rows, version: self.state.version(), inspects }))
    }

    fn may_audit(&self, principal: &Principal) -> Result<Reading, Refusal> {
        let place = self.state.place().ok_or_else(not_found)?;
        if access::inspects(principal, place) {
            Ok(Reading::MayAudit)
        } else if access::is_visible(principal, place) {
            Err(Refusal::Rejected(Rejection::ForbiddenRole))
        } else {
            Err(not_found())
        }
    }
}

/// Why an actor could not come to life; the asset answers "quarantined" until it can.
#[derive(Debug, thiserror::Error)]
pub enum HydrateError {
    #[error(transparent)]
    History(#[from] HistoryError),
    #[error("snapshot: {0}")]
    Snapshot(#[from] codec::CodecError),
    #[error(transparent)]
    Poisoned(#[from] crate::asset_actor::Poisoned),
    #[error("panic: {0}")]
    Panic(String),
}

impl HydrateError {
    /// A fault of the disk or the store under it, rather than of what is stored.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::History(HistoryError::Views(ViewsError::Store(_)))
            | Self::History(HistoryError::Journal(ReadError::Disk(_)))
            | Self::Poisoned(_) => true,
            Self::History(
                HistoryError::Views(ViewsError::Damaged(_))
                | HistoryError::Journal(ReadError::Damaged(_))
                | HistoryError::Hole { .. },
            )
            | Self::Snapshot(_)
            | Self::Panic(_) => false,
        }
    }
}

fn owns(principal: &Principal, booking: &LiveBooking<'_>) -> bool {
    access::owns_booking(principal, booking.org_id(), booking.user_id())
}

fn rendered(answer: Result<Arc<[u8]>, Rejection>) -> Result<Reading, Refusal> {
    answer.map(Reading::Rendered).map_err(Refusal::Rejected)
}

fn not_found() -> Refusal {
    Refusal::Rejected(Rejection::NotFound)
}

/// What followers index about the booking the record touched, if any.
pub fn booking_mark(record: &Record) -> Option<holdfast_domain::BookingMark> {
    match &record.outcome {
        Outcome::Accepted(accepted) => accepted.booking,
        Outcome::Refused(_) => None,
    }
}

/// The catalogue's facts, when the record changed the asset itself.
pub fn card_of(record: &Record) -> Option<Card> {
    let Outcome::Accepted(accepted) = &record.outcome else { return None };
    let holdfast_domain::Subject::Asset(_) = accepted.subject else { return None };
    let document: AssetDocument = serde_json::from_slice(&accepted.after)
        .expect("an accepted asset document is one we rendered");
    Some(Card::of(document))
}

fn take_answer(record: &mut Record) -> Result<Reading, Refusal> {
    match &mut record.outcome {
        Outcome::Accepted(accepted) => {
            let taken = holdfast_domain::Accepted {
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
