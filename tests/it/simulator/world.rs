//! The simulated world: what outlives a crash, the machine that runs now, the questions under way, and
//! the model. Each method is one event that the scheduler may pick.

use std::{collections::BTreeMap, sync::Arc};

use holdfast_actors::{
    cell::Point,
    clock::{Clock, ManualClock},
    engine::Refusal,
    gate::{Gated, Taken},
    message::{Ask, Held, Pending},
};
use holdfast_domain::{Principal, Record, Request, Tag, Timestamp};
use holdfast_storage::{
    codec,
    fold::Folded,
    journal::Position,
    sim::{FaultPlan, MemoryViews, Seed, SimDisk, views::Crash},
};

use super::{
    cast::{ActorId, AskId, Decided, Failure, Turn},
    intruder::Intruder,
    ledger::Ledger,
    machine::{Machine, Waiting},
    post::{Concern, Orders, Receivers},
    readers::FollowUp,
    wishes::{WishId, Wishes},
};

pub(super) struct World {
    pub(super) seed: Seed,
    pub(super) segment_bytes: u32,
    pub(super) disk: SimDisk,
    pub(super) views: MemoryViews,
    pub(super) clock: Arc<ManualClock>,
    pub(super) machine: Option<Machine>,
    pub(super) ledger: Ledger,
    pub(super) wishes: Wishes,
    pub(super) orders: Orders,
    pub(super) receivers: Receivers,
    pub(super) people: Vec<Arc<Principal>>,
    /// Taken by the commit stage and not known to be durable: a crash keeps all of it or nothing.
    pub(super) in_flight: Vec<(Position, Record)>,
    pub(super) asked: BTreeMap<AskId, Asked>,
    pub(super) follow_ups: Vec<FollowUp>,
    /// Actors that died and whose parent has not heard of it yet.
    pub(super) deaths: Vec<Failure>,
    pub(super) intruder: Arc<Intruder>,
    /// A fault of the disk is planned or has struck: only then may the log fail.
    pub(super) fault_planned: bool,
    /// What happened, when that is wanted.
    history: Option<Vec<String>>,
    next_ask: AskId,
}

/// A question under way.
pub(super) struct Asked {
    pub(super) question: Question,
    pub(super) who: Arc<Principal>,
    pub(super) tag: Tag,
    /// The version that was durable, and so may have been seen, when it was asked.
    pub(super) since: u64,
    /// How it was decided last.
    pub(super) decided: Option<Decided>,
    /// Its actor failed over it: what came of it nobody knows.
    pub(super) is_torn: bool,
    pub(super) waiting: Waiting,
}

pub(super) enum Question {
    Command { wish: WishId, request: Box<Request>, attempt: u32 },
    Read(Ask),
    Webhooks(Concern),
}

impl World {
    /// A machine that was never started. `told`: the history of the run is wanted.
    pub(super) fn new(
        seed: u64,
        segment_bytes: u32,
        people: Vec<Arc<Principal>>,
        told: bool,
    ) -> Self {
        let mut seed = Seed::new(seed);
        let intruder = Arc::new(Intruder::new(seed.next()));
        let views = MemoryViews::new();
        let hook = Arc::clone(&intruder);
        views.after_read(Some(Arc::new(move || hook.between_reads())));
        Self {
            segment_bytes,
            disk: SimDisk::new(seed.next()),
            views,
            clock: Arc::new(ManualClock::at(Timestamp::from_millis(1_750_000_000_000))),
            machine: None,
            ledger: Ledger::default(),
            wishes: Wishes::default(),
            orders: Orders::default(),
            receivers: Receivers::default(),
            people,
            in_flight: Vec::new(),
            asked: BTreeMap::new(),
            follow_ups: Vec::new(),
            deaths: Vec::new(),
            intruder,
            fault_planned: false,
            history: told.then(Vec::new),
            next_ask: 0,
            seed,
        }
    }

    pub(super) fn note(&mut self, what: impl FnOnce() -> String) {
        if let Some(history) = &mut self.history {
            history.push(what());
        }
    }

    pub(super) fn into_history(self) -> Vec<String> {
        self.history.unwrap_or_default()
    }

    /// The log has failed: the process is about to end.
    pub(super) fn is_poisoned(&self) -> bool {
        self.machine().ground.gate.is_poisoned()
    }

    pub(super) fn machine(&self) -> &Machine {
        self.machine.as_ref().expect("a machine runs between restarts")
    }

    /// Sends one more request for a wish.
    pub(super) fn send(&mut self, wish: WishId) {
        let request = self.wishes.request(wish);
        self.send_request(wish, request, 0);
    }

    /// `attempt` counts the tags that a registration has tried.
    pub(super) fn send_request(&mut self, wish: WishId, request: Request, attempt: u32) {
        let machine = self.machine();
        let target = self.wishes.get(wish).target;
        let tag = target.tag();
        let known = tag.is_none_or(|tag| machine.catalogue.id_of(tag).is_some());
        assert!(known, "I11: the catalogue lost {target:?}");
        let scope = self.wishes.get(wish).key.scope;
        let tag = tag.unwrap_or_else(|| machine.store_key.tag(scope, attempt));
        let ask = Ask::Command(Box::new(request.clone()));
        let who = Arc::clone(&request.principal);
        self.note(|| format!("send {} on {tag:?}: {:?}", request.request_id, request.command));
        let (bytes, request_id) = (request.bytes(), request.request_id.clone());
        let question = Question::Command { wish, request: Box::new(request), attempt };
        if let Err(refusal) = self.ask(who, tag, (ask, bytes), question) {
            self.note(|| format!("refused {request_id}: {refusal:?}"));
            if refusal != Refusal::OutcomeUnknown {
                self.wishes.tell_that_nothing_happened(&request_id);
            }
        }
    }

    pub(super) fn read(&mut self, who: Arc<Principal>, tag: Tag, ask: Ask) {
        self.note(|| format!("read by {} on {tag:?}: {ask:?}", who.subject));
        let question = Question::Read(copy_of(&ask));
        if let Err(refusal) = self.ask(who, tag, (ask, 512), question) {
            self.note(|| format!("refused the read: {refusal:?}"));
        }
    }

    pub(super) fn ask(
        &mut self,
        who: Arc<Principal>,
        tag: Tag,
        (ask, bytes): (Ask, usize),
        question: Question,
    ) -> Result<(), Refusal> {
        self.next_ask += 1;
        let id = self.next_ask;
        let waiting = self.machine().ask(tag, ask, bytes, id)?;
        let since = self.ledger.version(tag);
        self.asked.insert(
            id,
            Asked { question, who, tag, since, decided: None, is_torn: false, waiting },
        );
        Ok(())
    }

    /// One actor takes one message, or panics at `point` of one of its records.
    pub(super) fn turn(&mut self, actor: ActorId, point: Option<(Point, usize)>) {
        let machine = self.machine();
        machine.ground.faults.arm(point);
        let turn = machine.cast.turn(actor, &machine.ground);
        machine.ground.faults.arm(None);
        match turn {
            Turn::Waiting => {}
            Turn::Decided(decided) => self.decided(decided),
            Turn::TooLate { ask } => self.note(|| format!("too late for {ask}")),
            Turn::Failed(failure) => {
                self.note(|| format!("actor of {:?} failed: {}", failure.tag, failure.why));
                if let Some((point, earlier, left)) = failure.point {
                    // A log that has failed takes nothing any more.
                    let takes = !self.is_poisoned();
                    let expected = earlier + usize::from(point == Point::HandedOver);
                    let expected = if takes { expected } else { 0 };
                    assert_eq!(left, expected, "I3: records left behind by a panic at {point:?}");
                    let ask = failure.decided.map(|decided| decided.ask);
                    if let Some(asked) = ask.and_then(|ask| self.asked.get_mut(&ask)) {
                        asked.is_torn = true;
                    }
                } else {
                    assert!(self.fault_planned, "I5: {:?}: {}", failure.tag, failure.why);
                }
                if let Some(decided) = failure.decided {
                    self.decided(decided);
                }
                self.deaths.push(failure);
            }
        }
    }

    fn decided(&mut self, decided: Decided) {
        let Decided { ask, version, now, .. } = decided;
        self.note(|| format!("decided {ask} at version {version}, {now}"));
        if let Some(asked) = self.asked.get_mut(&ask) {
            asked.decided = Some(decided);
        }
    }

    /// The parent hears of the oldest death.
    pub(super) fn hear_of_death(&mut self) {
        if self.deaths.is_empty() {
            return;
        }
        let Failure { tag, incarnation, why, .. } = self.deaths.remove(0);
        let machine = self.machine();
        let clock = &machine.ground.clock;
        let (at, now_ms) = (clock.now(), clock.monotonic_ms());
        let held = machine.router.failed(tag, incarnation, &why, at, now_ms);
        self.note(|| format!("the parent hears of {tag:?}, quarantined: {held}"));
    }

    /// The commit stage settles what is queued, or only the first so many records of it: what the
    /// log took in one group is then in two, with anything in between.
    pub(super) fn commit(&mut self, most: Option<usize>) {
        let machine = self.machine.as_mut().expect("a machine runs between restarts");
        let gate = Arc::clone(&machine.ground.gate);
        let now_ms = machine.ground.clock.monotonic_ms();
        let taken = machine.withheld.take().or_else(|| gate.take());
        if gate.is_poisoned() {
            return;
        }
        let idle = taken.is_none();
        let taken = taken.map(|taken| match most {
            Some(most) if most < taken.records.len() => {
                let (first, rest) = split(taken, most);
                machine.withheld = Some(rest);
                first
            }
            _ => taken,
        });
        let settled = match taken {
            None => Ok(()),
            Some(taken) => {
                let first = taken.last + 1 - taken.records.len() as u64;
                let records = taken.records.iter().map(|pending| {
                    codec::decode_record(&pending.encoded.bytes).expect("just encoded")
                });
                self.in_flight = (first..).zip(records).collect();
                self.intruder.rest(true);
                let settled = machine.stage.settle(taken);
                self.intruder.rest(false);
                settled
            }
        };
        let count = self.in_flight.len();
        let settled = settled.and_then(|()| machine.stage.mark_high_water(now_ms, idle));
        self.absorb(gate.durable());
        if count > 0 || settled.is_err() {
            self.note(|| format!("commit of {count}: {}", settled.is_ok()));
        }
        if let Err(error) = settled {
            assert!(self.fault_planned, "R11: the log failed without a fault: {error}");
            assert!(gate.is_poisoned(), "R11: a failed log that is not poisoned");
            let machine = self.machine.as_mut().expect("a machine runs between restarts");
            if let Some(rest) = machine.withheld.take() {
                rest.records.into_iter().for_each(Gated::outcome_unknown);
                rest.answers.into_iter().for_each(Gated::outcome_unknown);
            }
        }
    }

    /// What is durable now becomes part of the model.
    fn absorb(&mut self, durable: Position) {
        let still = self.in_flight.partition_point(|(position, _)| *position <= durable);
        for (position, record) in self.in_flight.drain(..still) {
            self.ledger.push(position, record, (&self.wishes, &self.orders));
        }
    }

    /// The view writer folds; `failing_after` so many writes to the views its store fails.
    pub(super) fn fold(&mut self, force: bool, failing_after: Option<u64>) {
        let machine = self.machine();
        let now = machine.ground.clock.now();
        if let Some(calls) = failing_after {
            self.views.fail_after(calls);
        }
        let folded = machine.writer.lock().step(now, force);
        self.views.fail_after(u64::MAX);
        self.note(|| format!("fold, failing after {failing_after:?}: {folded:?}"));
        match folded {
            Ok(Folded::Nothing | Folded::Entries(_)) => {}
            Err(error) => assert!(
                failing_after.is_some() || self.fault_planned,
                "I5: a fold failed without a fault: {error}"
            ),
        }
    }

    /// The timers tell whoever is due.
    pub(super) fn tick(&mut self) {
        let first = self.next_ask + 1;
        let machine = self.machine.as_mut().expect("a machine runs between restarts");
        let told = machine.tick(first);
        self.next_ask += told.len() as AskId + 1;
        if !told.is_empty() {
            self.note(|| format!("ticks to {told:?}"));
        }
    }

    pub(super) fn passivate(&mut self) {
        let machine = self.machine();
        let durable = machine.ground.gate.durable();
        let stopped = machine.router.passivate(0, durable, &machine.cast);
        self.note(|| format!("passivated {stopped}"));
    }

    pub(super) fn discard(&mut self, tag: Tag) {
        self.note(|| format!("discard the shard of {tag:?}"));
        let machine = self.machine();
        machine.router.discard(tag.shard(), &machine.cast);
    }

    pub(super) fn release(&mut self, tag: Tag) {
        let released = self.machine().router.release(tag);
        self.note(|| format!("release {tag:?}: {released}"));
    }

    pub(super) fn prepare(&mut self) {
        let machine = self.machine.as_mut().expect("a machine runs between restarts");
        let prepared = machine.preparer.prepare_once();
        self.note(|| format!("prepare: {prepared:?}"));
    }

    pub(super) fn plan(&mut self, plan: FaultPlan) {
        self.note(|| format!("plan {plan:?}"));
        self.fault_planned = plan != FaultPlan::default();
        self.disk.plan(plan);
    }

    /// The power fails now: whatever was not synced is lost, torn or kept.
    pub(super) fn crash(&mut self, views: &Crash, crash_points: &[u64]) {
        self.note(|| format!("power failure, views: {views:?}"));
        self.stop();
        self.disk = self.disk.crash(self.seed.next());
        self.views.crash(views);
        self.start(crash_points);
    }

    /// The process is killed: the page cache stays as it is.
    pub(super) fn kill(&mut self, views: &Crash, crash_points: &[u64]) {
        self.note(|| format!("kill, views: {views:?}"));
        self.stop();
        self.disk.restart();
        self.views.crash(views);
        self.start(crash_points);
    }

    /// Nobody gets an answer any more.
    fn stop(&mut self) {
        self.asked.clear();
        self.follow_ups.clear();
        self.deaths.clear();
        self.intruder.leave();
        // As a process ends: nothing is flushed or written on the way out, and nobody listens.
        self.machine = None;
    }

    /// Starts until a start succeeds; the first ones meet another power failure, each at the given
    /// operation on the disk (unless it takes fewer).
    pub(super) fn start(&mut self, crash_points: &[u64]) {
        let mut crash_points = crash_points.iter();
        loop {
            self.fault_planned = false;
            let log = Machine::read_log(&self.disk, self.segment_bytes)
                .unwrap_or_else(|error| panic!("I2: the log cannot be read back: {error}"));
            let crash_at = crash_points.next().copied();
            self.plan(FaultPlan { crash_at, ..FaultPlan::default() });
            let chances = (self.segment_bytes, self.seed.next());
            match Machine::start(&self.disk, &self.views, &self.clock, chances) {
                Ok(machine) => {
                    self.recovered(&log, machine);
                    return;
                }
                Err(error) => {
                    assert!(self.fault_planned, "I5: the start failed: {error}");
                    self.note(|| format!("crash during recovery: {error}"));
                    self.disk = self.disk.crash(self.seed.next());
                    self.views.crash(&Crash::Flushed(self.seed.index(2)));
                }
            }
        }
    }

    /// I2 and the other half of I3: the log is what was durable, then all of the last group or nothing.
    fn recovered(&mut self, log: &[(Position, Record)], machine: Machine) {
        let known = self.ledger.order.len();
        assert!(log.len() >= known, "I2: {} of {known} durable records are left", log.len());
        for ((position, record), (at, tag, version)) in log.iter().zip(&self.ledger.order) {
            assert_eq!(position, at, "I6: a record has moved");
            let expected = self.ledger.record(*tag, *version);
            assert_eq!(Some(record), expected, "I2: the record at {position} has changed");
        }
        let more = &log[known..];
        assert!(
            more.is_empty() || more == self.in_flight,
            "I2: {} records of a group of {} survived",
            more.len(),
            self.in_flight.len()
        );
        self.absorb(if more.is_empty() { 0 } else { Position::MAX });
        self.in_flight.clear();
        let end = self.ledger.order.last().map_or(1, |(position, ..)| *position);
        assert_eq!(machine.end, end, "I6: the start ends at another position");
        self.note(|| format!("recovered up to {end}, {} not known before", more.len()));
        self.intruder.enter(&machine);
        self.ledger.post.starts_anew();
        self.machine = Some(machine);
    }
}

/// The first `most` records, and the rest with all answers.
fn split(taken: Taken<Pending, Held>, most: usize) -> (Taken<Pending, Held>, Taken<Pending, Held>) {
    let Taken { mut records, answers, last } = taken;
    let rest = records.split_off(most);
    let first = Taken { records, answers: Vec::new(), last: last - rest.len() as u64 };
    (first, Taken { records: rest, answers, last })
}

fn copy_of(ask: &Ask) -> Ask {
    match ask {
        Ask::Command(request) => Ask::Command(request.clone()),
        Ask::Asset(who) => Ask::Asset(Arc::clone(who)),
        Ask::Booking(who, id) => Ask::Booking(Arc::clone(who), *id),
        Ask::Bookings(who, ask) => Ask::Bookings(Arc::clone(who), ask.clone()),
        Ask::Audit(who) => Ask::Audit(Arc::clone(who)),
        Ask::Standing(who) => Ask::Standing(Arc::clone(who)),
        Ask::Usage(who) => Ask::Usage(Arc::clone(who)),
        Ask::Tick(queue) => Ask::Tick(Arc::clone(queue)),
        Ask::Quote(who, window) => Ask::Quote(Arc::clone(who), *window),
        Ask::Availability(who, window) => Ask::Availability(Arc::clone(who), *window),
        Ask::Webhooks(_) | Ask::Registry(_) => unreachable!("nobody here asks about those"),
    }
}
