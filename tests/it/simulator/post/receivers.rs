//! Receivers of webhooks: well, moody or down, each for a while.

use std::collections::BTreeMap;

use holdfast_actors::webhooks::deliver::{Outcome, Verdict};
use holdfast_domain::{EndpointId, webhooks::Failure};
use holdfast_storage::sim::Seed;

/// How long a try may take.
const TIMEOUT_MS: u64 = 15_000;

#[derive(Default)]
pub(in crate::simulator) struct Receivers {
    moods: BTreeMap<EndpointId, Mood>,
    all: Option<Mood>,
}

#[derive(Clone, Copy)]
enum Mood {
    Well,
    Moody,
    Down,
    Healed,
}

impl Mood {
    fn draw(seed: &mut Seed) -> Self {
        [Self::Well, Self::Moody, Self::Moody, Self::Down][seed.index(4)]
    }
}

impl Receivers {
    /// From now on all of them take everything.
    pub(in crate::simulator) fn heal(&mut self) {
        self.all = Some(Mood::Healed);
    }

    /// From now on none of them takes anything.
    pub(super) fn fall(&mut self) {
        self.all = Some(Mood::Down);
    }

    /// One of them is in another mood.
    pub(super) fn change(&mut self, seed: &mut Seed) {
        let index = seed.index(self.moods.len());
        if let Some(mood) = self.moods.values_mut().nth(index) {
            *mood = Mood::draw(seed);
        }
    }

    /// What the receiver answers, and after how long, unless at once.
    pub(super) fn answer(&mut self, seed: &mut Seed, of: EndpointId) -> (Outcome, Option<u64>) {
        let known = *self.moods.entry(of).or_insert_with(|| Mood::draw(seed));
        let mood = self.all.unwrap_or(known);
        let pick = seed.below(100);
        let (well, failing) = match mood {
            Mood::Healed => return (answered(200), None),
            Mood::Well => (97, 99),
            Mood::Moody => (50, 90),
            Mood::Down => (0, 92),
        };
        if pick < well {
            // Some think about it first.
            return (answered(200), seed.one_in(3).then(|| seed.below(3_000)));
        }
        if pick >= failing {
            let error = Some(Failure::Timeout);
            let verdict = Verdict::Failed { retry_after_s: None };
            return (Outcome { verdict, status_code: None, error }, Some(TIMEOUT_MS));
        }
        let outcome = match seed.below(40) {
            0 => answered(410),
            1..5 => {
                let retry_after_s = Some(1 + seed.below(120));
                Outcome { verdict: Verdict::Failed { retry_after_s }, ..answered(503) }
            }
            5 => answered(302),
            _ => answered(500),
        };
        (outcome, seed.one_in(4).then(|| seed.below(3_000)))
    }
}

fn answered(status: u16) -> Outcome {
    let verdict = match status {
        200..300 => Verdict::Delivered,
        410 => Verdict::Gone,
        _ => Verdict::Failed { retry_after_s: None },
    };
    Outcome { verdict, status_code: Some(status), error: None }
}
