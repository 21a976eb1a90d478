//! A naive model of the booking rules, written from the contract and apart from the engine, to
//! disagree with. Random terms, commands, callers, keys and clocks must get the model's answers.

mod asset;
mod claims;
mod costs;
mod dice;
mod hours;
mod limits;
mod properties;
mod reschedule;
mod roll;
mod rules;
mod seen;
mod step;
mod terms;
mod timers;
mod windows;

use std::sync::Arc;

use holdfast_domain::{
    Actor, BookingId, IfMatch, Kind, Outcome, Record, Rejection, Stamp, Subject,
    asset::{AssetChange, BookingChange, BookingDocument, Change, Command, NewBooking, Verdict},
    rejection::Window,
};
use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

use crate::world::{Manner, TAG, World, forklift, who};
use asset::{Answer, Model};
use claims::{at, shown};
use dice::Dice;
use hours::local_date;
use roll::{CHANGES, View};
use step::{Ask, Match, Step};
use terms::Rules;

struct Reference;

const ZONES: [Option<&str>; 6] = [
    None,
    Some("UTC"),
    Some("Europe/Berlin"),
    Some("America/New_York"),
    Some("Australia/Lord_Howe"),
    Some("Europe/Berlin"),
];

impl ReferenceStateMachine for Reference {
    type State = Model;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Model> {
        let dice = proptest::collection::vec(any::<u16>(), 45);
        let terms = proptest::collection::vec(dice, 4);
        (terms, any::<u16>(), 0..CHANGES.len())
            .prop_map(|(terms, hours, change)| {
                let clock = CHANGES[change] + i64::from(hours % 24) * 60 * terms::MINUTE;
                let around = local_date(chrono_tz::Tz::UTC, clock);
                let rules = |dice: &Vec<u16>| {
                    let mut dice = Dice(dice);
                    let zone = dice.pick(&ZONES);
                    let is_absent = dice.one_in(20);
                    let rules = Rules::roll(&mut dice, zone, around);
                    Arc::new(if is_absent { Rules::absent() } else { rules })
                };
                Model::registered(clock, terms.iter().map(rules).collect())
            })
            .boxed()
    }

    fn transitions(model: &Model) -> BoxedStrategy<Step> {
        let view = View::of(model);
        proptest::collection::vec(any::<u16>(), 28)
            .prop_map(move |dice| view.roll(&mut Dice(&dice)))
            .boxed()
    }

    fn apply(mut model: Model, step: &Step) -> Model {
        model.take(step);
        model
    }

    /// What names the version of a booking needs the booking.
    fn preconditions(model: &Model, step: &Step) -> bool {
        step.ask.names_one_of(model.lines.len())
    }
}

struct Engine;

impl StateMachineTest for Engine {
    type SystemUnderTest = World;
    type Reference = Reference;

    fn init_test(model: &Model) -> World {
        let mut world = World::empty();
        let terms = model.terms[0].json.clone();
        let register = Command::RegisterAsset(holdfast_domain::asset::NewAsset {
            booking_terms: terms,
            ..forklift()
        });
        world.ask(&who("boss"), register, at(model.clock), &Manner::default());
        world
    }

    fn apply(mut world: World, model: &Model, step: Step) -> World {
        let known = world.log.len();
        let now = at(step.clock);
        world.settle(now);
        let timers = world.log[known..].iter();
        assert_eq!(timers.len(), model.told.timers.len(), "{:?}", &world.log[known..]);
        for (record, timer) in timers.zip(&model.told.timers) {
            assert_eq!((record.at, record.kind), (at(timer.at), timer.kind));
            assert_eq!((&record.actor, &record.key), (&Actor::timer(), &None));
            assert_booking(record, &timer.doc, &world);
        }
        let caller = who(step.caller);
        match &step.ask {
            Ask::Quote { start, end } => {
                let told = world.state.quote(&caller, shown((*start, *end)), now);
                let Answer::Quote(wanted) = &model.told.answer else { panic!("a quote was asked") };
                match (told, wanted) {
                    (Err(told), Err(wanted)) => assert_refused(&told, wanted, &world),
                    (told, wanted) => assert_eq!(&told, wanted),
                }
            }
            Ask::Availability { from, to } => {
                let mut told = world.state.availability(&caller, shown((*from, *to)), now);
                let Answer::Busy(wanted) = &model.told.answer else {
                    panic!("a calendar was asked")
                };
                if let (Ok(told), Ok(wanted)) = (&mut told, wanted) {
                    told.asset_id = wanted.asset_id;
                }
                assert_eq!(&told, wanted);
            }
            _ => command(&mut world, model, &step),
        }
        assert_eq!(world.state.version(), model.version);
        assert_eq!(world.state.next_due(), model.next_due().map(at), "what is due next");
        world
    }

    fn teardown(world: World, model: Model) {
        world.check_all();
        // Anywhere, but the same again for the same case.
        let cut = model.lines.len() * 7 % (world.log.len() + 1);
        assert_eq!(world.hydrated(cut), world.state);
    }
}

fn command(world: &mut World, model: &Model, step: &Step) {
    let if_match = match step.matches {
        Match::Any => IfMatch::Any,
        Match::Missing => IfMatch::Missing,
        Match::Version(version) => IfMatch::Tags(vec![format!("\"{version}-0\"")]),
    };
    let manner = Manner { key: Some(step.key.clone()), if_match };
    let request = world.request(&who(step.caller), asked(world, &step.ask), &manner);
    let verdict = world.decide(&request, at(step.clock));
    match (&verdict, &model.told.answer) {
        (Verdict::Replay { version }, Answer::Replay(wanted)) => assert_eq!(version, wanted),
        (Verdict::Refuse(told), Answer::Refused(wanted)) => assert_refused(told, wanted, world),
        (Verdict::Append(record), wanted) => {
            assert_eq!(record.at, at(model.at));
            world.keep((**record).clone());
            match (&record.outcome, wanted) {
                (Outcome::Refused(told), Answer::Kept(wanted)) => {
                    assert_refused(&told.rejection, wanted, world);
                }
                (_, Answer::Booking(kind, doc)) => {
                    assert_eq!(record.kind, *kind);
                    assert_booking(record, doc, world);
                }
                (Outcome::Accepted(told), Answer::Asset(wanted)) => {
                    assert_eq!(record.kind, Kind::AssetUpdated);
                    let mut wanted = wanted.clone();
                    wanted.id = world.asset();
                    assert_eq!(text(&told.after), text(&wanted.render().json));
                }
                (Outcome::Accepted(told), wanted) => {
                    panic!(
                        "the model: {wanted:?}, the engine: {:?} {}",
                        record.kind,
                        text(&told.after)
                    )
                }
                (told, wanted) => panic!("the model: {wanted:?}, the engine: {told:?}"),
            }
        }
        (told, wanted) => panic!("the model: {wanted:?}, the engine: {told:?}"),
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// The engine's id for the booking of the model's placeholder.
fn id(world: &World, placeholder: BookingId) -> BookingId {
    world.bookings[usize::try_from(placeholder.stamp.bits()).unwrap()]
}

fn assert_booking(record: &Record, doc: &BookingDocument, world: &World) {
    let Outcome::Accepted(accepted) = &record.outcome else { panic!("refused: {record:?}") };
    let mut wanted = doc.clone();
    wanted.id = id(world, doc.id);
    wanted.asset_id = world.asset();
    assert_eq!(text(&accepted.after), text(&wanted.render().json));
    assert_eq!(accepted.subject, Subject::Booking(wanted.id));
    assert_eq!(accepted.etag.to_string(), wanted.etag);
    if let Some(cost) = doc.cost_minor {
        assert!(!doc.status.is_live());
        assert_eq!(cost, costs::sum(&doc.cost_lines));
    }
}

fn assert_refused(told: &Rejection, wanted: &Rejection, world: &World) {
    let mut wanted = wanted.clone();
    match (&mut wanted, told) {
        (Rejection::Overlap { conflicts, .. }, Rejection::Overlap { .. }) => {
            conflicts.iter_mut().for_each(|it| it.booking = id(world, it.booking));
        }
        (Rejection::Invalid(wanted), Rejection::Invalid(told)) => {
            wanted[0].reason.clone_from(&told[0].reason);
        }
        _ => {}
    }
    assert_eq!(*told, wanted);
}

fn asked(world: &World, ask: &Ask) -> Command {
    let booking =
        |n: usize| world.bookings.get(n).copied().unwrap_or(BookingId::new(Stamp::MAX, TAG));
    let named = |n: usize| (n != usize::MAX).then(|| booking(n));
    let change = |change: AssetChange| Command::UpdateAsset(change);
    match ask.clone() {
        Ask::Book { user, start, end, accept, terms } => Command::CreateBooking(NewBooking {
            user_id: user.into(),
            window: Window { start: at(start), end: at(end) },
            accept_terms: accept,
            terms_version: terms,
        }),
        Ask::Move { n, start, end, accept } => Command::RescheduleBooking(BookingChange {
            booking: booking(n),
            start: start.map(at),
            end: end.map(at),
            accept_terms: accept,
        }),
        Ask::Approve(n) => Command::ApproveBooking { booking: booking(n) },
        Ask::Reject(n, reason) => Command::RejectBooking { booking: booking(n), reason },
        Ask::Cancel(n) => Command::CancelBooking { booking: booking(n), reason: None },
        Ask::CheckIn(n, notes) => Command::CheckIn { booking: named(n), condition_notes: notes },
        Ask::CheckOut(n, extra) => Command::CheckOut { booking: named(n), extra_cost_minor: extra },
        Ask::Adjust(n, amount_minor) => {
            Command::AdjustCost { booking: booking(n), amount_minor, reason: "agreed".into() }
        }
        Ask::Status(status) => change(AssetChange { status: Some(status), ..Default::default() }),
        Ask::Share(orgs) => {
            let orgs = orgs.into_iter().map(Into::into).collect();
            change(AssetChange { shared_with: Some(orgs), ..Default::default() })
        }
        Ask::Terms(terms) => {
            let terms = terms.json.clone().map_or(Change::Clear, Change::Set);
            change(AssetChange { booking_terms: Some(terms), ..Default::default() })
        }
        Ask::Quote { .. } | Ask::Availability { .. } => unreachable!("reads are no commands"),
    }
}

/// More cases than these are for whoever hunts: `PROPTEST_CASES`.
fn config() -> ProptestConfig {
    let config = ProptestConfig::default();
    ProptestConfig { cases: config.cases.max(5_000), failure_persistence: None, ..config }
}

prop_state_machine! {
    #![proptest_config(config())]

    #[test]
    fn the_engine_answers_as_the_model_does(sequential 40..41 => Engine);
}
