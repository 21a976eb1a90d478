//! The courier's errands: a try goes to a receiver that answers at once, later, or never; a search
//! reads history; a word goes to an actor like any other message.

use holdfast_actors::{
    clock::Clock as _,
    webhooks::{
        deliver::Outcome,
        errand::{Errand, Followed, Question, Trial},
    },
};
use holdfast_domain::{EndpointId, Timestamp, webhooks::EventRef};
use holdfast_storage::journal::Position;

use super::{Concern, World};

/// A try that was sent, and its answer when the time has come.
pub(in crate::simulator) struct Awaited {
    followed: Followed,
    tried: Tried,
    not_before_ms: u64,
}

/// A try that has an end.
#[derive(Clone, Copy)]
pub(in crate::simulator) struct Tried {
    pub(super) endpoint: EndpointId,
    pub(super) event: EventRef,
    pub(super) at: Timestamp,
    pub(super) outcome: Outcome,
}

impl World {
    pub(super) fn some_errand(&mut self) {
        let waiting = self.machine().round.errands.len();
        let index = self.seed.index(waiting);
        self.run_errand(index);
    }

    /// Whether there was one.
    pub(super) fn run_errand(&mut self, index: usize) -> bool {
        let round = self.round();
        if index >= round.errands.len() {
            return false;
        }
        let (errand, heeded) = round.errands.swap_remove(index);
        match errand {
            Errand::Try(trial) => self.try_once(*trial, heeded),
            Errand::Search(search) => {
                let end = search.look(&round.parts);
                round.ends.push_back((end, None));
            }
            Errand::Ask(Question { tag, ask, answer }) => {
                self.note(|| format!("the courier asks {tag:?}: {ask:?}"));
                let life = self.machine().round.life;
                self.ask_webhooks(tag, ask, Concern::Errand(life, answer));
            }
        }
        true
    }

    fn try_once(&mut self, mut trial: Trial, heeded: Position) {
        trial.read(&self.machine().ground.history);
        let (endpoint, event, at) = (trial.endpoint(), trial.event(), trial.at());
        let followed = trial.follow();
        let (outcome, wait_ms) = match trial.attempt() {
            Some(attempt) => {
                self.ledger.try_arrives(endpoint, &attempt, at, heeded);
                self.receivers.answer(&mut self.seed, endpoint)
            }
            None => {
                assert!(self.fault_planned, "I8: {} cannot be sent", event.id());
                (Trial::not_sendable(), None)
            }
        };
        let (version, tag) = (event.version, event.tag);
        self.note(|| format!("{endpoint} is sent {version} of {tag:?}: {outcome:?}"));
        let tried = Tried { endpoint, event, at, outcome };
        let now_ms = self.machine().ground.clock.monotonic_ms();
        let round = self.round();
        match wait_ms {
            Some(wait_ms) => {
                round.awaited.push(Awaited { followed, tried, not_before_ms: now_ms + wait_ms });
            }
            None => round.ends.push_back((followed.end(outcome, &round.parts), Some(tried))),
        }
    }

    /// A receiver answers what it was sent earlier, unless its time has not come.
    pub(super) fn some_answer(&mut self) {
        let waiting = self.machine().round.awaited.len();
        let index = self.seed.index(waiting);
        self.answer_of(index);
    }

    /// The first that may. Whether there was one.
    pub(super) fn answer_first(&mut self) -> bool {
        let now_ms = self.machine().ground.clock.monotonic_ms();
        let due = |awaited: &Awaited| awaited.not_before_ms <= now_ms;
        let index = self.machine().round.awaited.iter().position(due);
        index.is_some_and(|index| self.answer_of(index))
    }

    fn answer_of(&mut self, index: usize) -> bool {
        let now_ms = self.machine().ground.clock.monotonic_ms();
        let round = self.round();
        if round.awaited.get(index).is_none_or(|awaited| awaited.not_before_ms > now_ms) {
            return false;
        }
        let Awaited { followed, tried, .. } = round.awaited.swap_remove(index);
        round.ends.push_back((followed.end(tried.outcome, &round.parts), Some(tried)));
        true
    }
}
