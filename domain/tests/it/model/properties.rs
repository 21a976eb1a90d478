//! What must hold by itself, whatever the model says: a quote is what a booking used as planned
//! costs, and what is offered instead of a taken window is free, and nothing earlier is.

use holdfast_domain::{
    Outcome, Rejection,
    asset::{BookingDocument, Command, NewAsset, NewBooking, Verdict},
};
use proptest::prelude::*;
use serde_json::{Map, Value};

use super::{
    claims::{DAY, Span, at, shown},
    dice::Dice,
    hours::local_date,
    roll::CHANGES,
    terms::{MINUTE, Rules},
};
use crate::world::{Manner, World, forklift, who};

/// An asset of `boss` under these terms.
fn world(terms: String, now: i64) -> World {
    let mut world = World::empty();
    let asset = NewAsset { booking_terms: Some(terms), ..forklift() };
    world.ask(&who("boss"), Command::RegisterAsset(asset), at(now), &Manner::default());
    world
}

fn book(window: Span) -> Command {
    Command::CreateBooking(NewBooking {
        user_id: "boss".into(),
        window: shown(window),
        accept_terms: true,
        terms_version: None,
    })
}

/// What a booking of the window would be answered, without making it.
fn asked(world: &mut World, window: Span, now: i64) -> Result<(), Rejection> {
    let request = world.request(&who("boss"), book(window), &Manner::default());
    match world.decide(&request, at(now)) {
        Verdict::Refuse(rejection) => Err(rejection),
        Verdict::Append(record) => match record.outcome {
            Outcome::Accepted(_) => Ok(()),
            Outcome::Refused(refused) => Err(refused.rejection),
        },
        verdict => panic!("{verdict:?}"),
    }
}

fn used_as_planned(dice: &[u16], start: i64, length: i64) {
    let price = Rules::absent().price.roll(&mut Dice(dice));
    let terms = Value::from(Map::from_iter([("pricing".to_owned(), price)])).to_string();
    let (now, end) = (start - DAY, start + length);
    let mut world = world(terms, now);
    let boss = who("boss");
    let quote = world.state.quote(&boss, shown((start, end)), at(now)).unwrap();
    let mut ask = |command, now: i64| world.ask(&boss, command, at(now), &Manner::default());
    assert_eq!(ask(book((start, end)), now), "CONFIRMED");
    let booking = world.bookings[0];
    let check_in = Command::CheckIn { booking: Some(booking), condition_notes: None };
    let check_out = Command::CheckOut { booking: Some(booking), extra_cost_minor: None };
    let mut ask = |command, now: i64| world.ask(&boss, command, at(now), &Manner::default());
    assert_eq!(ask(check_in, start), "CHECKED_IN");
    assert_eq!(ask(check_out, end), "CHECKED_OUT");
    let image: &BookingDocument = &world.finished[&booking];
    assert_eq!(image.cost_minor, Some(quote.estimated_cost_minor));
    assert_eq!(image.estimated_cost_minor, quote.estimated_cost_minor);
    assert_eq!((&image.cost_lines, &image.currency), (&quote.cost_lines, &quote.currency));
}

/// What waits for approval may be over at once, and then takes nothing.
fn without_approval(terms: &str) -> String {
    let mut terms: serde_json::Value = serde_json::from_str(terms).unwrap();
    terms.as_object_mut().unwrap().remove("approval");
    terms.to_string()
}

/// Every minute between the window that is asked for and the one that is offered is tried.
fn offered(dice: &[u16], clock: i64) {
    let mut dice = Dice(dice);
    let zone = dice.pick(&[Some("Europe/Berlin"), Some("America/New_York"), None]);
    let rules = Rules::roll(&mut dice, zone, local_date(chrono_tz::Tz::UTC, clock));
    let mut world = world(without_approval(rules.json.as_ref().unwrap()), clock);
    let window = |dice: &mut Dice<'_>| {
        let start = clock + rules.deadline * MINUTE + (dice.roll(90) as i64 + 1) * 30 * MINUTE;
        (start, start + (dice.roll(6) as i64 + 1) * 30 * MINUTE)
    };
    let mut taken: Vec<Span> = Vec::new();
    for _ in 0..12 {
        let window = window(&mut dice);
        match asked(&mut world, window, clock) {
            Ok(()) => {
                world.ask(&who("boss"), book(window), at(clock), &Manner::default());
            }
            Err(Rejection::Overlap { .. }) => taken.push(window),
            Err(_) => {}
        }
    }
    for (start, end) in taken {
        let Err(Rejection::Overlap { next_available, .. }) = asked(&mut world, (start, end), clock)
        else {
            panic!("a taken window stays taken");
        };
        let next = next_available.map(|it| it.start.millis());
        let until = next.unwrap_or(start + 2 * DAY).min(start + 2 * DAY);
        let mut tried = start;
        while tried < until {
            let window = (tried, tried + end - start);
            assert!(asked(&mut world, window, clock).is_err(), "{} is free", at(tried));
            tried += MINUTE;
        }
        if let Some(next) = next {
            assert_eq!(asked(&mut world, (next, next + end - start), clock), Ok(()));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn a_booking_used_as_planned_costs_what_was_quoted(
        dice in proptest::collection::vec(any::<u16>(), 24),
        start in 0i64..DAY,
        length in prop_oneof![1..3 * DAY, (1i64..5_000).prop_map(|n| n * MINUTE)],
    ) {
        used_as_planned(&dice, CHANGES[0] + start, length);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn what_is_offered_is_the_earliest_that_is_free(
        dice in proptest::collection::vec(any::<u16>(), 80),
        change in 0..CHANGES.len(),
    ) {
        offered(&dice, CHANGES[change]);
    }
}
