//! Reads and runs a table: `time who verb arguments => answer`, one command a line.
//!
//! A table may begin with the terms its asset is registered under, as JSON after `given`; to its first
//! row. What is due by a row's time happens before the row.
//!
//! Verbs: `book FROM~TO [for USER] [terms-refused] [terms=N]`, `cancel #N`, `check-in #N [notes=…]`,
//! `check-out #N [extra=N]`, `approve #N`, `reject #N [reason=…]`, `move-to #N FROM~TO` (either may
//! be left out), `extend #N TO`, both with `[accept-terms[=false]]`, `adjust #N AMOUNT`,
//! `report [#N] [damaged] [charge=N] [out] [supersedes=rN]`, `approve-report rN`,
//! `reject-report rN [reason=…]`, `schedule JSON` (none: clears), `maintain TYPE DUE [FROM~TO]`,
//! `plan mN [FROM~TO] [due=T]` (either end may be left out or `null`), `start mN`, `complete mN`,
//! `call-off mN [reason=…]`, `quote FROM~TO`, `availability FROM~TO`, `status S`, `name N`, `move L`, `share ORG…` (none:
//! clears), `terms JSON` (none: clears), `register`. Anywhere: `key=K` (`key=none`), `if-match=…`.
//! `#0` was never given out, `#9` is still to come, `#alien` is another asset's, `#none` no id.
//!
//! Nobody (`-`) may ask `tick` (what happens by itself until then, by its own time), `also` (what the
//! newest command entailed), `show #N`, `show rN`, `show mN` and `bill #N`.

mod upkeep;

use holdfast_domain::{
    BookingId, IfMatch, Stamp, Tag, Timestamp,
    asset::{AssetChange, AssetStatus, BookingChange, Change, Command, NewBooking},
    rejection::Window,
};

use crate::world::{Manner, TAG, World, forklift, t, who};

/// Runs the table on a fresh asset and checks each answer, then all invariants.
pub(crate) fn check(table: &str) -> World {
    let (given, rows) = given(table);
    let mut world = World::with_terms(given);
    run(&mut world, rows);
    world.check_all();
    world
}

/// The terms at the top of a table, and its rows.
fn given(table: &str) -> (Option<String>, &str) {
    let Some(rest) = table.trim_start().strip_prefix("given") else { return (None, table) };
    let before_row = rest.find("=>").map_or(rest, |row| &rest[..row]);
    let end = before_row.rfind('\n').expect("rows follow the terms");
    (Some(rest[..end].trim().into()), &rest[end..])
}

/// The same on a world with a history, without the invariants.
pub(crate) fn run(world: &mut World, table: &str) {
    for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (asked, wanted) = line.split_once("=>").expect("a line has an answer");
        assert_eq!(answer(world, asked), wanted.trim(), "{line}");
    }
}

fn answer(world: &mut World, asked: &str) -> String {
    let words: Vec<&str> = asked.split_whitespace().collect();
    let [time, caller, verb, ref rest @ ..] = words[..] else { panic!("time, caller and verb") };
    let now = t(time);
    if caller == "-" {
        let happened = world.settle(now);
        return match verb {
            "tick" if happened.is_empty() => "nothing".into(),
            "tick" => happened.join(", "),
            "also" if world.entailed.is_empty() => "nothing".into(),
            "also" => world.entailed.join(", "),
            "show" if rest[0].starts_with('m') => {
                world.shown_maintenance(upkeep::maintenance(world, rest[0]))
            }
            "show" if rest[0].starts_with('r') => {
                world.shown_report(upkeep::report(world, rest[0]))
            }
            "show" => world.shown(booking(world, rest[0]).unwrap()),
            "bill" => world.bill(booking(world, rest[0]).unwrap()),
            _ => panic!("nobody may {verb}"),
        };
    }
    let caller = who(caller);
    match verb {
        "quote" | "availability" => {
            world.settle(now);
            let asked = window(rest[0]);
            let reads = if verb == "quote" { World::quote } else { World::busy };
            reads(world, &caller, asked, now)
        }
        _ => {
            let (manner, rest) = manner(rest);
            let command = command(world, &caller.subject, verb, &rest);
            world.ask(&caller, command, now, &manner)
        }
    }
}

/// How it is asked, and the words that say what.
fn manner<'a>(words: &[&'a str]) -> (Manner, Vec<&'a str>) {
    let mut manner = Manner::default();
    let mut rest = Vec::new();
    for &word in words {
        match word.split_once('=') {
            Some(("key", "none")) => manner.key = None,
            Some(("key", text)) => manner.key = Some(text.into()),
            Some(("if-match", "none")) => manner.if_match = IfMatch::Missing,
            Some(("if-match", tag)) => manner.if_match = IfMatch::Tags(vec![tag.into()]),
            _ => rest.push(word),
        }
    }
    (manner, rest)
}

fn command(world: &World, user: &str, verb: &str, words: &[&str]) -> Command {
    let value =
        |name: &str| words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    let change = |change: AssetChange| Command::UpdateAsset(change);
    let named = || booking(world, words[0]).expect("an id in a path");
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
        "cancel" => Command::CancelBooking { booking: named(), reason: None },
        "approve" => Command::ApproveBooking { booking: named() },
        "reject" => {
            Command::RejectBooking { booking: named(), reason: value("reason").map(Into::into) }
        }
        "adjust" => Command::AdjustCost {
            booking: named(),
            amount_minor: words[1].parse().unwrap(),
            reason: "as agreed".into(),
        },
        "move-to" | "extend" => reschedule(named(), verb, words),
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
        _ => upkeep::command(world, verb, words),
    }
}

fn instant(text: &str) -> Option<Timestamp> {
    (!text.is_empty()).then(|| t(text))
}

fn reschedule(booking: BookingId, verb: &str, words: &[&str]) -> Command {
    let (start, end) = match verb {
        "extend" => (None, instant(words[1])),
        _ => {
            let (start, end) = words[1].split_once('~').expect("FROM~TO");
            (instant(start), instant(end))
        }
    };
    let accept_terms = words.iter().find_map(|word| match *word {
        "accept-terms" => Some(true),
        "accept-terms=false" => Some(false),
        _ => None,
    });
    Command::RescheduleBooking(BookingChange { booking, start, end, accept_terms })
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
