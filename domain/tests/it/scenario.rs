//! Reads and runs a table: `time who verb arguments => answer`, one command a line.
//!
//! Verbs: `book FROM~TO [for USER] [terms-refused] [terms=N]`, `cancel #N`, `check-in #N [notes=…]`,
//! `check-out #N [extra=N]`, `status S`, `name N`, `move L`, `share ORG…` (none: clears),
//! `terms JSON` (none: clears), `register`. Anywhere: `key=K` (`key=none`), `if-match=…`.
//! `#0` was never given out, `#9` is still to come, `#alien` is another asset's, `#none` no id.

use holdfast_domain::{
    BookingId, IfMatch, Stamp, Tag,
    asset::{AssetChange, AssetStatus, Change, Command, NewBooking},
    rejection::Window,
};

use crate::world::{Manner, TAG, World, forklift, t, who};

/// Runs the table on a fresh asset and checks each answer, then all invariants.
pub(crate) fn check(table: &str) -> World {
    let mut world = World::new();
    run(&mut world, table);
    world.check_all();
    world
}

/// The same on a world with a history, without the invariants.
pub(crate) fn run(world: &mut World, table: &str) {
    for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (asked, wanted) = line.split_once("=>").expect("a line has an answer");
        let mut words = asked.split_whitespace();
        let mut word = || words.next().expect("time, caller and verb");
        let (now, caller, verb) = (t(word()), who(word()), word());
        let mut manner = Manner::default();
        let mut rest = Vec::new();
        for word in words {
            match word.split_once('=') {
                Some(("key", "none")) => manner.key = None,
                Some(("key", text)) => manner.key = Some(text.into()),
                Some(("if-match", "none")) => manner.if_match = IfMatch::Missing,
                Some(("if-match", tag)) => manner.if_match = IfMatch::Tags(vec![tag.into()]),
                _ => rest.push(word),
            }
        }
        let command = command(world, &caller.subject, verb, &rest);
        let answer = world.ask(&caller, command, now, &manner);
        assert_eq!(answer, wanted.trim(), "{line}");
    }
}

fn command(world: &World, user: &str, verb: &str, words: &[&str]) -> Command {
    let value =
        |name: &str| words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    let change = |change: AssetChange| Command::UpdateAsset(change);
    match verb {
        "register" => Command::RegisterAsset(forklift()),
        "book" => Command::CreateBooking(NewBooking {
            user_id: match words {
                [_, "for", other, ..] => (*other).into(),
                _ => user.into(),
            },
            window: window(words[0]),
            accept_terms: !words.contains(&"terms-refused"),
            terms_version: value("terms").map(|it| it.parse().unwrap()),
        }),
        "cancel" => Command::CancelBooking {
            booking: booking(world, words[0]).expect("an id in a path"),
            reason: None,
        },
        "check-in" => Command::CheckIn {
            booking: booking(world, words[0]),
            condition_notes: value("notes").map(Into::into),
        },
        "check-out" => Command::CheckOut {
            booking: booking(world, words[0]),
            extra_cost_minor: value("extra").map(|it| it.parse().unwrap()),
        },
        "status" => change(AssetChange { status: Some(status(words[0])), ..Default::default() }),
        "name" => change(AssetChange { name: Some(words[0].into()), ..Default::default() }),
        "move" => change(AssetChange { location_id: Some(words[0].into()), ..Default::default() }),
        "share" => {
            let orgs = words.iter().map(|&org| org.into()).collect();
            change(AssetChange { shared_with: Some(orgs), ..Default::default() })
        }
        "terms" => {
            let terms = match words {
                [] => Change::Clear,
                words => Change::Set(words.join(" ")),
            };
            change(AssetChange { booking_terms: Some(terms), ..Default::default() })
        }
        _ => panic!("no verb {verb}"),
    }
}

pub(crate) fn window(text: &str) -> Window {
    let (start, end) = text.split_once('~').expect("FROM~TO");
    Window { start: t(start), end: t(end) }
}

fn booking(world: &World, text: &str) -> Option<BookingId> {
    match text {
        "#none" => None,
        "#0" => Some(BookingId::new(Stamp::new(1, 1), TAG)),
        "#9" => Some(BookingId::new(Stamp::MAX, TAG)),
        "#alien" => Some(BookingId::new(world.bookings[0].stamp, Tag::new(7))),
        _ => {
            let number: usize = text.strip_prefix('#').expect("#N").parse().unwrap();
            Some(world.bookings[number - 1])
        }
    }
}

fn status(text: &str) -> AssetStatus {
    serde_json::from_value(text.into()).unwrap()
}
