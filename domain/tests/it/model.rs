//! A naive model, written apart from the engine: a list of bookings and a list of keys, no
//! calendar, no index, no events. Random commands and clocks must get the model's answers.

use holdfast_domain::{
    BookingId, IfMatch, Stamp, Timestamp,
    asset::{AssetChange, AssetStatus, Command, NewBooking},
    rejection::Window,
};
use proptest::prelude::*;

use crate::world::{Manner, TAG, World, clock, t, who};

#[derive(Clone, Debug)]
enum Ask {
    Book {
        start: i64,
        minutes: i64,
        other: bool,
        accept: bool,
        terms: Option<u64>,
    },
    Cancel(usize),
    CheckIn(usize),
    CheckOut(usize, Option<i64>),
    Status(AssetStatus),
    Share(bool),
    /// Another value each time: raises the version of the terms.
    Terms(u32),
}

#[derive(Clone, Debug)]
struct Step {
    caller: &'static str,
    /// The clock moves by so many minutes, also back.
    moves: i64,
    /// One of a few keys, so that they meet again; `None` is a fresh one.
    key: Option<u8>,
    ask: Ask,
}

const CALLERS: [&str; 8] = ["ann", "ann", "bob", "boss", "far-ann", "far-boss", "guest", "auditor"];

#[derive(Clone, Debug)]
struct Line {
    user: &'static str,
    org: &'static str,
    start: i64,
    end: i64,
    status: &'static str,
}

impl Line {
    fn is_live(&self) -> bool {
        self.status == "CONFIRMED" || self.status == "CHECKED_IN"
    }

    fn shown(&self) -> String {
        span(self.start, self.end)
    }
}

struct Used {
    at: i64,
    scope: (&'static str, String),
    request: String,
    answer: String,
}

struct Model {
    now: i64,
    status: &'static str,
    shared: bool,
    terms: Option<u32>,
    terms_version: u64,
    bookings: Vec<Line>,
    used: Vec<Used>,
}

fn span(start: i64, end: i64) -> String {
    let at = |minute: i64| clock(Timestamp::from_millis(minute * 60_000));
    format!("{}~{}", at(start), at(end))
}

const DAY: i64 = 24 * 60;

impl Model {
    /// What the step is answered, in the words of [`World`].
    fn answer(&mut self, step: &Step, now: i64, key: &str) -> String {
        let now = now.max(self.now);
        let (subject, org, manages) = match step.caller {
            "far-ann" => ("ann", "org_1", false),
            "guest" => ("guest", "org_2", false),
            "boss" => ("boss", "org_1", true),
            name => (name, "org_1", false),
        };
        let sees = self.shared || !(step.caller.starts_with("far") || step.caller == "guest");
        if let Some(word) = self.access(step, subject, org, manages, sees) {
            return format!("refused {word}");
        }
        let scope = (subject, key.to_owned());
        let mut ask = step.ask.clone();
        if let Ask::Book { other, .. } = &mut ask {
            *other |= subject == "bob";
        }
        let request = format!("{ask:?}");
        let newest = self.used.len().saturating_sub(64);
        let known = self.used.iter().enumerate().rev().find(|(_, used)| used.scope == scope);
        if let Some((index, used)) = known
            && (index >= newest || now - used.at < DAY)
        {
            return if used.request == request {
                format!("replay of {}", used.answer)
            } else {
                "refused IDEMPOTENCY_KEY_REUSED".into()
            };
        }
        let answer = match self.rules(&step.ask, (subject, org, manages), now) {
            Ok(status) => status,
            Err(word) => {
                let stored = ["DURATION", "TOO_FAR", "BOOKING_NOT_FOUND"]
                    .iter()
                    .all(|code| !word.starts_with(code));
                let kept_now = |used: &&Used| used.at == now && used.answer.starts_with("kept");
                if !stored || self.used.iter().filter(kept_now).count() >= 64 {
                    return format!("refused {word}");
                }
                format!("kept {word}")
            }
        };
        self.now = now;
        self.used.push(Used { at: now, scope, request, answer: answer.clone() });
        answer
    }

    fn access(
        &self,
        step: &Step,
        subject: &str,
        org: &str,
        manages: bool,
        sees: bool,
    ) -> Option<&'static str> {
        match &step.ask {
            Ask::Status(_) | Ask::Share(_) | Ask::Terms(_) => match (sees, manages) {
                (false, _) => Some("NOT_FOUND"),
                (true, false) => Some("FORBIDDEN_ROLE"),
                (true, true) => None,
            },
            Ask::Book { other, .. } => match (sees, *other && subject != "bob" && !manages) {
                (false, _) => Some("NOT_FOUND"),
                (true, true) => Some("FORBIDDEN_USER"),
                (true, false) => None,
            },
            Ask::Cancel(n) | Ask::CheckIn(n) | Ask::CheckOut(n, _) => {
                let line = self.bookings.get(*n);
                let own = line.is_some_and(|line| line.user == subject && line.org == org);
                if own || (manages && line.is_some()) {
                    return None;
                }
                if step.caller == "auditor" && line.is_some() {
                    return Some("FORBIDDEN_ROLE");
                }
                (matches!(step.ask, Ask::Cancel(_)) || !sees).then_some("NOT_FOUND")
            }
        }
    }

    fn rules(
        &mut self,
        ask: &Ask,
        (subject, org, manages): (&'static str, &'static str, bool),
        now: i64,
    ) -> Result<String, String> {
        match ask {
            Ask::Status(asked) => {
                let name = asked.name();
                if self.status == "RETIRED" && name != "RETIRED" {
                    return Err("INVALID_TRANSITION RETIRED".into());
                }
                if name != self.status && name == "RETIRED" && self.live().next().is_some() {
                    return Err("ASSET_HAS_LIVE_BOOKINGS".into());
                }
                self.status = name;
                Ok(self.status.into())
            }
            Ask::Share(shared) => {
                self.shared = *shared;
                Ok(self.status.into())
            }
            Ask::Terms(minutes) => {
                if self.terms != Some(*minutes) {
                    self.terms = Some(*minutes);
                    self.terms_version += 1;
                }
                Ok(self.status.into())
            }
            Ask::Book { start, minutes, other, accept, terms } => {
                let user = if *other { "bob" } else { subject };
                let line =
                    Line { user, org, start: *start, end: start + minutes, status: "CONFIRMED" };
                self.may_book(&line, *accept, *terms, now)?;
                self.bookings.push(line);
                Ok("CONFIRMED".into())
            }
            Ask::Cancel(n) => {
                let line = &mut self.bookings[*n];
                if line.status != "CONFIRMED" {
                    return Err(format!("INVALID_TRANSITION {}", line.status));
                }
                if now >= line.start && !manages {
                    return Err("CANCEL_CUTOFF_PASSED".into());
                }
                line.status = "CANCELLED";
                Ok("CANCELLED".into())
            }
            Ask::CheckIn(n) => self.check_in(*n, subject, manages, now),
            Ask::CheckOut(n, _) => {
                let line = self.reached(*n, subject, manages)?;
                if line.status != "CHECKED_IN" {
                    return Err(format!("INVALID_TRANSITION {}", line.status));
                }
                self.bookings[*n].status = "CHECKED_OUT";
                Ok("CHECKED_OUT".into())
            }
        }
    }

    fn live(&self) -> impl Iterator<Item = (usize, &Line)> {
        self.bookings.iter().enumerate().filter(|(_, line)| line.is_live())
    }

    fn reached(&self, n: usize, subject: &str, manages: bool) -> Result<Line, String> {
        let line = self.bookings.get(n).filter(|line| manages || line.user == subject);
        line.cloned().ok_or("BOOKING_NOT_FOUND".into())
    }

    fn check_in(
        &mut self,
        n: usize,
        subject: &str,
        manages: bool,
        now: i64,
    ) -> Result<String, String> {
        let line = self.reached(n, subject, manages)?;
        if line.status != "CONFIRMED" || now < line.start - 15 || now >= line.end {
            return Err(format!("INVALID_TRANSITION {}", line.status));
        }
        if self.status != "ACTIVE" {
            return Err(format!("ASSET_UNAVAILABLE {}", self.status));
        }
        for (index, other) in self.live() {
            let covers = other.start <= now && now < other.end && now < line.start;
            if index != n && (other.status == "CHECKED_IN" || covers) {
                return Err("ASSET_IN_USE".into());
            }
        }
        self.bookings[n].status = "CHECKED_IN";
        Ok("CHECKED_IN".into())
    }

    fn may_book(
        &self,
        asked: &Line,
        accept: bool,
        terms: Option<u64>,
        now: i64,
    ) -> Result<(), String> {
        if !accept {
            return Err("TERMS_NOT_ACCEPTED".into());
        }
        if terms.is_some_and(|version| version != self.terms_version) {
            return Err(format!("TERMS_CHANGED {}", self.terms_version));
        }
        if self.status != "ACTIVE" {
            return Err(format!("ASSET_UNAVAILABLE {}", self.status));
        }
        if now >= asked.start {
            return Err(format!(
                "BOOKING_DEADLINE_PASSED {}",
                span(now, asked.start).replace('~', " ")
            ));
        }
        if asked.end - asked.start > 366 * DAY {
            return Err("DURATION_OUT_OF_RANGE 527040".into());
        }
        if asked.start - now > 1_830 * DAY {
            return Err("TOO_FAR_AHEAD 2635200".into());
        }
        let meets = |start: i64, end: i64| {
            let mut met: Vec<_> =
                self.live().filter(|(_, line)| start < line.end && line.start < end).collect();
            met.sort_by_key(|(_, line)| line.start);
            met
        };
        let met = meets(asked.start, asked.end);
        if met.is_empty() {
            return Ok(());
        }
        // The first free window starts where it was asked or where a claim ends.
        let length = asked.end - asked.start;
        let mut starts: Vec<i64> = self.live().map(|(_, line)| line.end).collect();
        starts.sort_unstable();
        let next = starts
            .into_iter()
            .filter(|start| *start >= asked.start && start - asked.start <= 90 * DAY)
            .filter(|start| start - now <= 1_830 * DAY)
            .find(|start| meets(*start, start + length).is_empty())
            .map_or("none".into(), |start| span(start, start + length));
        let named: String =
            met.iter().take(10).map(|(n, line)| format!(" #{} {}", n + 1, line.shown())).collect();
        Err(format!("BOOKING_OVERLAP{named} next {next}"))
    }
}

/// Minutes since the epoch at 07:00 of the day.
fn morning() -> i64 {
    t("07:00").millis() / 60_000
}

fn command(world: &World, step: &Step) -> Command {
    let booking = |n: usize| match world.bookings.get(n) {
        Some(id) => *id,
        None => BookingId::new(Stamp::MAX, TAG),
    };
    let at = |minute: i64| Timestamp::from_millis(minute * 60_000);
    let change = |change: AssetChange| Command::UpdateAsset(change);
    match &step.ask {
        Ask::Book { start, minutes, other, accept, terms } => Command::CreateBooking(NewBooking {
            user_id: if *other { "bob".into() } else { who(step.caller).subject },
            window: Window { start: at(*start), end: at(start + minutes) },
            accept_terms: *accept,
            terms_version: *terms,
        }),
        Ask::Cancel(n) => Command::CancelBooking { booking: booking(*n), reason: None },
        Ask::CheckIn(n) => Command::CheckIn { booking: Some(booking(*n)), condition_notes: None },
        Ask::CheckOut(n, extra) => {
            Command::CheckOut { booking: Some(booking(*n)), extra_cost_minor: *extra }
        }
        Ask::Status(status) => change(AssetChange { status: Some(*status), ..Default::default() }),
        Ask::Share(shared) => {
            let orgs = if *shared { vec!["*".into()] } else { Vec::new() };
            change(AssetChange { shared_with: Some(orgs), ..Default::default() })
        }
        Ask::Terms(minutes) => {
            let terms = format!(r#"{{"min_minutes":{minutes}}}"#);
            let terms = Some(holdfast_domain::asset::Change::Set(terms));
            change(AssetChange { booking_terms: terms, ..Default::default() })
        }
    }
}

fn run(steps: &[Step], cut: prop::sample::Index) {
    let mut world = World::new();
    let mut model = Model {
        now: morning() - 7 * 60,
        status: "ACTIVE",
        shared: false,
        terms: None,
        terms_version: 1,
        bookings: Vec::new(),
        // The registration carries a key as well.
        used: vec![Used {
            at: morning() - 7 * 60,
            scope: ("boss", "fresh-1".into()),
            request: String::new(),
            answer: "ACTIVE".into(),
        }],
    };
    let mut now = morning();
    for (index, step) in steps.iter().enumerate() {
        now += step.moves;
        let key = step.key.map_or(format!("step-{index}"), |key| format!("key-{key}"));
        let manner = Manner { key: Some(key.clone()), if_match: IfMatch::Any };
        let command = command(&world, step);
        let at = Timestamp::from_millis(now * 60_000);
        let answer = world.ask(&who(step.caller), command, at, &manner);
        assert_eq!(answer, model.answer(step, now, &key), "step {index}: {step:?}");
    }
    world.check_all();
    assert_eq!(world.hydrated(cut.index(world.log.len() + 1)), world.state);
}

fn booking() -> impl Strategy<Value = Ask> {
    let start = prop_oneof![
        10 => (-2i64..60).prop_map(|n| morning() + n * 15),
        1 => (0i64..3).prop_map(|n| morning() + 1_830 * DAY + n),
        1 => (-2i64..3).prop_map(|n| morning() - 90 * DAY + n),
    ];
    let minutes = prop_oneof![
        20 => (1i64..12).prop_map(|n| n * 15),
        1 => (-1i64..2).prop_map(|n| 366 * DAY + n),
        1 => (-1i64..2).prop_map(|n| 90 * DAY + n),
    ];
    let accept = prop::bool::weighted(0.95);
    let terms = prop_oneof![3 => Just(None), 1 => (1u64..4).prop_map(Some)];
    (start, minutes, prop::bool::weighted(0.2), accept, terms).prop_map(
        |(start, minutes, other, accept, terms)| Ask::Book { start, minutes, other, accept, terms },
    )
}

fn ask() -> impl Strategy<Value = Ask> {
    let status = prop_oneof![
        6 => Just(AssetStatus::Active),
        2 => Just(AssetStatus::Maintenance),
        1 => Just(AssetStatus::Inactive),
        1 => Just(AssetStatus::Retired),
    ];
    prop_oneof![
        12 => booking(),
        3 => (0usize..8).prop_map(Ask::Cancel),
        5 => (0usize..8).prop_map(Ask::CheckIn),
        5 => (0usize..8, prop::option::of(0i64..9)).prop_map(|(n, extra)| Ask::CheckOut(n, extra)),
        2 => status.prop_map(Ask::Status),
        1 => any::<bool>().prop_map(Ask::Share),
        1 => (0u32..3).prop_map(Ask::Terms),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let moves = prop_oneof![
        20 => -10i64..20,
        1 => Just(DAY),
        1 => Just(DAY - 1),
        1 => Just(-DAY),
    ];
    (prop::sample::select(&CALLERS[..]), moves, prop::option::weighted(0.4, 0u8..6), ask())
        .prop_map(|(caller, moves, key, ask)| Step { caller, moves, key, ask })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn the_engine_answers_as_the_model_does(
        steps in proptest::collection::vec(step(), 1..150),
        cut in any::<prop::sample::Index>(),
    ) {
        run(&steps, cut);
    }
}
