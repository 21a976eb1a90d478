//! One asset's actor as a plain step machine: hydrate, then one message at a time.
//!
//! The order inside a command is the heart of the promise: decide → render → encode → apply → hand
//! over. A panic before the hand-over leaves nothing behind; after it only the disk can fail.
//! No ractor, thread, clock or disk in here.

#[cfg(feature = "planted-key-in-separate-record")]
mod planted;
mod reads;

use std::sync::Arc;

use holdfast_domain::{
    Outcome, Record, Tag, Timestamp,
    asset::{self, AssetDocument, AssetState, Due, Loaded, Needed, Verdict},
    rejection::Rejection,
};
use holdfast_storage::{
    codec,
    history::{History, HistoryError},
    journal::{Encoded, RECORD_BYTES_MAX, ReadError},
    tail::Mark,
    views::ViewsError,
};

use crate::{
    catalogue::Card,
    engine::Refusal,
    gate::AtomicPosition,
    message::{Ask, EngineGate, Facts, Held, Message, Pending, Reading, Reply, take_answer},
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
    /// When the message in hand was taken; 0 where nobody measures.
    taken_us: u64,
}

/// An answer that waits for what its record owes.
type HeldBack = (Result<Reading, Refusal>, Reply, Permit);

#[derive(Default)]
struct SinceSnapshot {
    records: usize,
    bytes: usize,
}

/// A message that depends on something that is over: look up its last image (after everything handed
/// over is durable), put it into `loaded`, and give it back to [`AssetCell::resume`].
pub struct Parked {
    pub message: Message,
    pub needed: Needed,
    pub loaded: Loaded,
}

/// What became of all that was due.
enum Settled {
    Done,
    /// There is more than one message waits for, or no room for it.
    Unfinished,
    Needs(Needed),
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
        Ok(Self { state, since_snapshot, told: Told::default(), faults, taken_us: 0 })
    }

    /// When the next message was taken in hand, for measuring how long its record waits.
    pub fn take_at(&mut self, monotonic_us: u64) {
        self.taken_us = monotonic_us;
    }

    /// Decides one message. Its answer leaves through `gate`; `last` is where this activation's
    /// last handed-over position is kept. `Some` when something must be looked up first.
    pub fn step(
        &mut self,
        message: Message,
        now: Timestamp,
        gate: &EngineGate,
        last: &AtomicPosition,
    ) -> Option<Parked> {
        self.turn(message, now, Loaded::none(), gate, last)
    }

    /// Continues a parked message with what history held; it may need something more.
    pub fn resume(
        &mut self,
        Parked { message, loaded, .. }: Parked,
        now: Timestamp,
        gate: &EngineGate,
        last: &AtomicPosition,
    ) -> Option<Parked> {
        self.turn(message, now, loaded, gate, last)
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
        mut loaded: Loaded,
        gate: &EngineGate,
        last: &AtomicPosition,
    ) -> Option<Parked> {
        let most = match &message.ask {
            Ask::Command(_) if cfg!(feature = "planted-decide-before-due") => 0,
            Ask::Command(_) => TRANSITIONS_PER_COMMAND_MAX,
            Ask::Tick(_) => TRANSITIONS_PER_TICK_MAX,
            // A read waits only for what the newest record owes.
            _ if self.state.owes() => TRANSITIONS_PER_COMMAND_MAX,
            _ => 0,
        };
        let before = self.state.version();
        if most > 0 {
            match self.settle((now, most), &mut loaded, &message.permit, gate, last) {
                Settled::Needs(needed) => return Some(Parked { message, needed, loaded }),
                Settled::Unfinished if !matches!(message.ask, Ask::Tick(_)) => {
                    // What is due and did happen stands; the message itself was not looked at.
                    message.reply.send(Err(Refusal::Overloaded));
                    return None;
                }
                Settled::Unfinished | Settled::Done => {}
            }
        }
        let answer = match &message.ask {
            Ask::Tick(queue) => {
                if self.state.version() == before {
                    queue.put_all([(self.state.tag(), NextDue::of(self.state.next_due()))]);
                }
                Ok(Reading::Ticked)
            }
            Ask::Command(request) => match asset::decide(&self.state, request, now, &loaded) {
                Verdict::Append(record) => {
                    let Message { reply, permit, .. } = message;
                    #[cfg(feature = "planted-key-in-separate-record")]
                    let (record, reply, permit) =
                        self.append_apart(record, (reply, permit), gate, last);
                    self.carry_out(*record, (reply, permit), &mut loaded, gate, last);
                    return None;
                }
                Verdict::Replay { version } => Ok(Reading::Stored { version }),
                Verdict::Refuse(rejection) => Err(Refusal::Rejected(rejection)),
                Verdict::Needs(needed) => return Some(Parked { message, needed, loaded }),
            },
            Ask::Asset(principal) => self.asset(principal),
            Ask::Booking(principal, id) => self.booking(principal, *id),
            Ask::Bookings(principal, ask) => self.bookings(principal, ask),
            Ask::Audit(principal) => self.may_audit(principal),
            Ask::Standing(principal) => Ok(Reading::Standing(self.standing(principal))),
            Ask::Usage(principal) => {
                self.state.usage_ground(principal).map(Reading::Ground).map_err(Refusal::Rejected)
            }
            Ask::Quote(principal, window) => {
                rendered(self.state.quote(principal, *window, now).map(|quote| quote.render()))
            }
            Ask::Availability(principal, within) => {
                rendered(self.state.availability(principal, *within, now).map(|busy| busy.render()))
            }
            Ask::Webhooks(_) | Ask::Registry(_) => Err(Refusal::Rejected(Rejection::NotFound)),
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

    /// Lets happen what is due by `now`, at most `most` of it, each with a record of its own.
    fn settle(
        &mut self,
        (now, most): (Timestamp, usize),
        loaded: &mut Loaded,
        permit: &Permit,
        gate: &EngineGate,
        last: &AtomicPosition,
    ) -> Settled {
        for _ in 0..most {
            let record = match asset::due(&self.state, now, loaded) {
                Due::Nothing => return Settled::Done,
                Due::Needs(needed) => return Settled::Needs(needed),
                Due::Append(record) => record,
            };
            let Some(permit) = permit.another() else { return Settled::Unfinished };
            let (reply, permit) = (Reply::to_nobody(), permit);
            if self.append(*record, (reply, permit), loaded, gate, last).is_none() {
                return Settled::Unfinished;
            }
        }
        Settled::Unfinished
    }

    /// A command's record, then at once all that it owes. Only then may its answer leave, so that
    /// whoever holds it finds every consequence everywhere.
    fn carry_out(
        &mut self,
        record: Record,
        (reply, permit): (Reply, Permit),
        loaded: &mut Loaded,
        gate: &EngineGate,
        last: &AtomicPosition,
    ) {
        let at = record.at;
        let Some(Some((answer, reply, permit))) =
            self.append(record, (reply, permit), loaded, gate, last)
        else {
            return;
        };
        // Every answer waits for these: they are under way before any other message is looked at.
        let mut forced = 0;
        while self.state.owes() && forced < TRANSITIONS_PER_COMMAND_MAX {
            let Due::Append(record) = asset::due(&self.state, at, loaded) else {
                // What they depend on was looked up to decide the command.
                debug_assert!(false, "what a command owes can be done at once");
                break;
            };
            self.append(*record, (Reply::to_nobody(), permit.beyond()), loaded, gate, last);
            forced += 1;
        }
        gate.after(last.get(), Held::Answer { answer, reply, permit });
    }

    /// `None` when there is no room for the record: then nothing has happened. `Some(None)`: its
    /// answer leaves with it; else the record owes something, and the answer is given back.
    fn append(
        &mut self,
        mut record: Record,
        (reply, mut permit): (Reply, Permit),
        loaded: &mut Loaded,
        gate: &EngineGate,
        last: &AtomicPosition,
    ) -> Option<Option<HeldBack>> {
        self.faults.reach(Point::Decided, record.tag);
        let encoded = Encoded {
            tag: record.tag,
            version: record.version,
            bytes: codec::encode_record(&record),
        };
        // A change of one letter carries the whole document twice, so only now is it known what the
        // record takes.
        let bytes = encoded.bytes.len();
        // What is owed was let in with the command that caused it.
        let is_owed = self.state.owes();
        if bytes > RECORD_BYTES_MAX || !(permit.cover(bytes) || is_owed) {
            reply.send(Err(Refusal::Overloaded));
            return None;
        }
        let late = cfg!(feature = "planted-apply-after-hand-over").then(|| record.clone());
        if late.is_none() {
            self.apply(&record);
        }
        loaded.follow(&record);
        let facts = Facts {
            tag: record.tag,
            version: record.version,
            at: record.at,
            mark: Mark::of(&record),
            snapshot: self.snapshot(encoded.bytes.len()),
            card: card_of(&record).map(Box::new),
            webhooks: None,
            rows: Vec::new(),
            next_due: self.told.news(record.next_due),
        };
        let (tag, answer) = (record.tag, take_answer(&mut record));
        let (reply, decided_us) = (reply.handed_over(), self.taken_us);
        let held_back = if self.state.owes() {
            let beyond = permit.beyond();
            let pending = Pending {
                encoded,
                facts,
                answer: Ok(Reading::Ticked),
                reply: Reply::to_nobody(),
                permit,
                decided_us,
            };
            gate.hand_over(pending, last);
            Some((answer, reply, beyond))
        } else {
            let pending = Pending { encoded, facts, answer, reply, permit, decided_us };
            gate.hand_over(pending, last);
            None
        };
        if let Some(record) = late {
            self.apply(&record);
        }
        self.faults.reach(Point::HandedOver, tag);
        Some(held_back)
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
}

/// Why an actor could not come to life, or look up what is over. While it lasts the asset answers
/// "overloaded", or where it will not pass, in the end, "quarantined".
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

    /// The views are wrong: rows, or the snapshot that they hold.
    pub fn is_damage(&self) -> bool {
        match self {
            Self::History(error) => error.is_damage(),
            Self::Snapshot(_) => true,
            Self::Poisoned(_) | Self::Panic(_) => false,
        }
    }
}

fn rendered(answer: Result<Arc<[u8]>, Rejection>) -> Result<Reading, Refusal> {
    answer.map(Reading::Rendered).map_err(Refusal::Rejected)
}

/// The catalogue's facts, when the record changed the asset itself.
pub fn card_of(record: &Record) -> Option<Card> {
    let Outcome::Accepted(accepted) = &record.outcome else { return None };
    let holdfast_domain::Subject::Asset(_) = accepted.subject else { return None };
    let document: AssetDocument = serde_json::from_slice(&accepted.after)
        .expect("an accepted asset document is one we rendered");
    Some(Card::of(document))
}
