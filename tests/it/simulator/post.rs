//! The courier as one more party: it goes its round step by step, its errands are run in any order and
//! at any time, receivers answer when they like, and a crash takes all of it.
//!
//! Reading order: here (the round and the errands) → `receivers` (how they answer) → `orders` (what
//! clients ask of endpoints and lanes). What must hold is judged in `ledger/post`.

mod errands;
mod orders;
mod receivers;

use std::{collections::VecDeque, sync::Arc, time::Duration};

use holdfast_actors::{
    clock::Clock as _,
    engine::Refusal,
    message::{Ask, Reading},
    webhooks::{
        Courier, CourierParts, RetrySchedule, WebhookAsk, WebhookOptions, WebhookReading,
        errand::{Answering, End, Errand},
    },
};
use holdfast_domain::Tag;
use holdfast_storage::journal::Position;

pub(super) use self::{
    errands::{Awaited, Tried},
    orders::{OrderId, Orders},
    receivers::Receivers,
};
use super::world::{Question, World};

/// When a delivery that failed is tried again; after the last it is dead.
pub(super) const RETRY_S: [u64; 3] = [5, 60, 600];
/// So long the time goes on, at most, until everything is told.
const QUIET_ROUNDS_MAX: usize = 200;
const FAILING_ROUNDS: u32 = 6;
const FAILING_ROUND_MS: u32 = 24 * 60 * 60 * 1_000;
const QUIET_MS_MIN: i64 = 1_100;
/// Lanes that were started before the clock jumped back write nothing down until it is there again.
const QUIET_MS_MAX: i64 = 3 * 60 * 60 * 1_000;

/// What a question about webhooks is for.
#[derive(Clone)]
pub(super) enum Concern {
    Order(OrderId, String),
    /// What the courier must know before it goes on. The number is that of its life.
    Inquiry(u64),
    Errand(u64, Answering),
}

/// The courier on its way round, and what it has sent out.
pub(super) struct Round {
    pub(super) parts: Arc<CourierParts>,
    courier: Courier,
    life: u64,
    stage: Stage,
    /// Its last step has left something to read.
    has_more: bool,
    /// The log was this long at the last look, and everything since is heeded.
    looked: Option<Position>,
    /// With how far the courier had heeded endpoints when it sent it out.
    errands: Vec<(Errand, Position)>,
    /// Tries that receivers have not answered yet.
    awaited: Vec<Awaited>,
    ends: VecDeque<(End, Option<Tried>)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Look,
    Inquire,
    /// It has asked and waits.
    Asked,
    Step,
    Take,
}

impl Round {
    pub(super) fn new(parts: CourierParts) -> Self {
        let parts = Arc::new(parts);
        Self {
            courier: Courier::new(Arc::clone(&parts)),
            parts,
            life: 0,
            stage: Stage::Look,
            has_more: false,
            looked: None,
            errands: Vec::new(),
            awaited: Vec::new(),
            ends: VecDeque::new(),
        }
    }

    pub(super) fn options() -> WebhookOptions {
        let retry = RetrySchedule(RETRY_S.map(Duration::from_secs).to_vec());
        WebhookOptions { retry, rate_max: u32::MAX }
    }

    fn is_idle(&self) -> bool {
        !self.has_more && self.errands.is_empty() && self.ends.is_empty()
    }
}

impl World {
    /// Something happens on the way of events to their receivers.
    pub(super) fn post_moves(&mut self) {
        match self.seed.below(40) {
            0..18 => self.round_goes_on(),
            18..34 => self.some_errand(),
            34..38 => self.some_answer(),
            38 => self.receivers.change(&mut self.seed),
            _ if self.seed.one_in(6) => self.courier_starts_anew(),
            _ => {}
        }
    }

    fn round(&mut self) -> &mut Round {
        &mut self.machine.as_mut().expect("a machine runs between restarts").round
    }

    fn round_goes_on(&mut self) {
        let durable = self.machine().ground.gate.durable();
        let round = self.round();
        match round.stage {
            Stage::Look => {
                round.courier.look();
                (round.looked, round.stage) = (Some(durable), Stage::Inquire);
            }
            Stage::Inquire => match round.courier.inquiry() {
                Some((tag, ask)) => {
                    round.stage = Stage::Asked;
                    let concern = Concern::Inquiry(round.life);
                    self.ask_webhooks(tag, ask, concern);
                }
                None => {
                    round.stage = Stage::Step;
                    if let Some(looked) = round.looked.take() {
                        self.ledger.post.heeded(looked);
                    }
                }
            },
            Stage::Asked => {}
            Stage::Step => {
                let (errands, more) = round.courier.step();
                (round.stage, round.has_more) = (Stage::Take, more);
                self.sent_out(errands);
            }
            Stage::Take => {
                round.stage = Stage::Look;
                let waiting = round.ends.len();
                let taken =
                    if self.seed.one_in(2) { waiting } else { self.seed.index(waiting + 1) };
                for _ in 0..taken {
                    self.take_end();
                }
            }
        }
    }

    fn take_end(&mut self) {
        let now = self.machine().round.parts.clock.now();
        let Some((end, tried)) = self.round().ends.pop_front() else { return };
        if let Some(Tried { endpoint, event, at, outcome }) = tried {
            self.ledger.post.try_ended(endpoint, event, (at, now), outcome);
        }
        let errands = self.round().courier.take(end);
        self.sent_out(errands);
    }

    /// Judges what the courier begins with at once.
    fn sent_out(&mut self, errands: Vec<Errand>) {
        let heeded = self.ledger.post.heeded_so_far();
        for errand in errands {
            if let Errand::Try(trial) = &errand {
                let (endpoint, event, at) = (trial.endpoint(), trial.event(), trial.at());
                self.note(|| format!("try {} of {:?} at {endpoint}", event.version, event.tag));
                self.ledger.post.try_begins(endpoint, event, at);
            }
            self.round().errands.push((errand, heeded));
        }
    }

    /// A full mailbox or a failed log refuses at once.
    fn ask_webhooks(&mut self, tag: Tag, ask: WebhookAsk, concern: Concern) {
        let who = Arc::clone(&self.people[0]);
        let (bytes, question) = (ask.bytes(), Question::Webhooks(concern.clone()));
        if let Err(refusal) = self.ask(who, tag, (Ask::Webhooks(ask), bytes), question) {
            self.heard_of_webhooks(concern, Err(refusal), 0);
        }
    }

    /// An actor has answered the courier, or will not.
    pub(super) fn heard_of_webhooks(
        &mut self,
        concern: Concern,
        answer: Result<Reading, Refusal>,
        shown: u64,
    ) {
        let life = self.machine().round.life;
        match concern {
            Concern::Order(order, request_id) => self.ordered(order, &request_id, answer, shown),
            Concern::Inquiry(of) if of == life => self.inquired(reading(answer)),
            Concern::Errand(of, answering) if of == life => {
                let end = answering.end(reading(answer));
                self.round().ends.extend(end.map(|end| (end, None)));
            }
            // Whoever asked is gone.
            Concern::Inquiry(_) | Concern::Errand(..) => {}
        }
    }

    fn inquired(&mut self, answer: Result<WebhookReading, Refusal>) {
        let round = self.round();
        if answer.is_err() {
            // Heeded after another look.
            round.looked = None;
        }
        round.courier.answered(answer);
        round.stage = Stage::Inquire;
    }

    /// Its thread has ended in a panic, and the root starts it again. What was asked goes on without it.
    fn courier_starts_anew(&mut self) {
        self.note(|| "the courier starts anew".to_owned());
        self.ledger.post.starts_anew();
        let round = self.round();
        let (parts, life) = (Arc::clone(&round.parts), round.life + 1);
        let courier = Courier::new(Arc::clone(&parts));
        let idle = (Vec::new(), Vec::new(), VecDeque::new());
        (round.courier, round.life, round.stage) = (courier, life, Stage::Look);
        (round.errands, round.awaited, round.ends) = idle;
        round.looked = None;
    }

    /// For more than five days no receiver takes anything.
    pub(super) fn days_of_failure(&mut self) {
        self.receivers.fall();
        for _ in 0..FAILING_ROUNDS {
            self.tell_all();
            self.machine().ground.clock.advance_ms(FAILING_ROUND_MS);
        }
    }

    /// Receivers are well again, every endpoint is enabled, and time passes until all that is to be
    /// told is told.
    pub(super) fn hush(&mut self) {
        self.receivers.heal();
        let mut wait_ms = QUIET_MS_MIN;
        for _ in 0..QUIET_ROUNDS_MAX {
            self.tell_all();
            self.enable_all();
            if self.ledger.post.missing().is_empty() {
                return;
            }
            let now = self.machine().ground.clock.now();
            let next = self.ledger.post.next_try().map(|at| at.millis() - now.millis());
            let pass_ms = next.unwrap_or(wait_ms).clamp(QUIET_MS_MIN, QUIET_MS_MAX);
            wait_ms = (2 * wait_ms).min(QUIET_MS_MAX);
            self.machine().ground.clock.advance_ms(u32::try_from(pass_ms).expect("hours"));
        }
        let missing = self.ledger.post.missing();
        assert!(missing.is_empty(), "I8: {}", missing.join("; "));
    }

    /// Whoever starts again when all is told tells nobody again what is written down.
    pub(super) fn nobody_is_told_again(&mut self) {
        self.ledger.post.rests();
        self.tell_all();
        self.machine().ground.clock.advance_ms(10_000);
        self.tell_all();
    }

    /// The courier goes round until it has nothing more to do at this moment.
    fn tell_all(&mut self) {
        for _ in 0..10_000 {
            loop {
                self.round_goes_on();
                self.drain();
                while self.run_errand(0) {}
                while self.answer_first() {}
                if self.machine().round.stage == Stage::Look {
                    break;
                }
            }
            self.drain();
            let round = &self.machine().round;
            if round.is_idle() && self.is_all_heeded() {
                return;
            }
        }
        panic!("I8: the courier never comes to rest");
    }

    /// The last look found nothing, or all it found is heeded.
    fn is_all_heeded(&self) -> bool {
        self.ledger.post.heeded_so_far() >= self.machine().ground.gate.durable()
    }
}

fn reading(answer: Result<Reading, Refusal>) -> Result<WebhookReading, Refusal> {
    match answer {
        Ok(Reading::Webhooks(reading)) => Ok(reading),
        // What disabled an endpoint: there is nothing in it for a lane.
        Ok(_) => Ok(WebhookReading::Unchanged),
        Err(refusal) => Err(refusal),
    }
}
