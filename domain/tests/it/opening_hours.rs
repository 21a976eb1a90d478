//! Opening hours by the wall clock of the asset's zone: where a use may start, and where it may end.
//!
//! The days on which the clocks change are in `clock_changes.rs`.

use holdfast_domain::{Rejection, Timestamp, rejection::Window};

use crate::{
    scenario::check,
    world::{World, who},
};

/// Each row: a local time (with its offset from UTC) of `date`, or of the date it begins with, and
/// whether a use may `start` then, `end` then, `both`, or neither (`closed`).
pub(crate) fn hours(zone: &str, hours: &str, date: &str, rows: &str) {
    let terms = format!(r#"{{"time_zone":"{zone}","opening_hours":{{{hours}}}}}"#);
    let world = World::with_terms(Some(terms));
    for row in rows.lines().map(str::trim).filter(|row| !row.is_empty()) {
        let (time, wanted) = row.split_once("=>").unwrap();
        let time = time.trim();
        let full = if time.contains('T') { time.into() } else { format!("{date}T{time}") };
        let at = Timestamp::parse(&full).unwrap_or_else(|why| panic!("{full}: {why}"));
        let start = !is_refused(&world, at, at.plus_minutes(1)).0;
        let end = !is_refused(&world, at.plus_minutes(-1), at).1;
        let answer = match (start, end) {
            (true, true) => "both",
            (true, false) => "start",
            (false, true) => "end",
            (false, false) => "closed",
        };
        assert_eq!(answer, wanted.trim(), "{zone} {hours}: {row}");
    }
}

/// Whether the start is why a quote is refused, and whether the end is.
fn is_refused(world: &World, start: Timestamp, end: Timestamp) -> (bool, bool) {
    match world.state.quote(&who("ann"), Window { start, end }, Timestamp::default()) {
        Err(Rejection::OutsideOpeningHours { start, end, .. }) => (start, end),
        Err(other) => panic!("{other:?}"),
        Ok(_) => (false, false),
    }
}

#[test]
fn a_start_is_in_open_to_close_and_an_end_after_open() {
    hours(
        "UTC",
        r#""mon":[["09:00","17:00"]],"wed":[]"#,
        "2026-03-09",
        "08:59:59.999Z        => closed
         09:00:00Z            => start
         09:00:00.001Z        => both
         16:59:59.999Z        => both
         17:00:00Z            => end
         17:00:00.001Z        => closed
         2026-03-10T12:00:00Z => closed
         2026-03-11T12:00:00Z => closed
         2026-03-15T12:00:00Z => closed",
    );
}

#[test]
fn only_the_two_instants_are_checked() {
    check(
        r#"given {"opening_hours":{"mon":[["09:00","12:00"],["13:00","17:00"]],"tue":[["10:00","11:00"]]}}
           07:00 ann quote 11:00~14:00         => 0 EUR
           07:00 ann quote 16:00~03-03T10:30   => 0 EUR
           07:00 ann quote 08:00~14:00         => refused OUTSIDE_OPENING_HOURS start open 09:00~12:00 13:00~17:00
           07:00 ann quote 16:00~03-03T11:01   => refused OUTSIDE_OPENING_HOURS end open 2026-03-03T10:00:00Z~2026-03-03T11:00:00Z
           07:00 ann quote 17:00~03-04T11:00   => refused OUTSIDE_OPENING_HOURS start end open 09:00~12:00 13:00~17:00"#,
    );
    check(
        r#"given {"opening_hours":{}}
           07:00 ann book 09:00~10:00          => refused OUTSIDE_OPENING_HOURS start end open"#,
    );
}

#[test]
fn touching_intervals_join() {
    hours(
        "UTC",
        r#""mon":[["12:00","18:00"],["07:00","12:00"],["18:00","24:00"]],"tue":[["00:00","01:00"]]"#,
        "2026-03-09",
        "07:00:00Z            => start
         12:00:00Z            => both
         18:00:00Z            => both
         2026-03-10T00:00:00Z => both
         2026-03-10T01:00:00Z => end",
    );
}

#[test]
fn midnight_is_a_legal_end() {
    hours(
        "Asia/Tokyo",
        r#""mon":[["18:00","24:00"]],"wed":[["00:00","24:00"]]"#,
        "2026-03-09",
        "00:00:00+09:00                => closed
         18:00:00+09:00                => start
         23:59:59.999+09:00            => both
         2026-03-10T00:00:00+09:00     => end
         2026-03-10T00:00:00.001+09:00 => closed
         2026-03-11T00:00:00+09:00     => start
         2026-03-12T00:00:00+09:00     => end",
    );
}

#[test]
fn a_night_belongs_to_the_day_it_begins_on() {
    hours(
        "UTC",
        r#""mon":[["22:00","06:00"]],"sun":[["23:00","00:00"]]"#,
        "2026-03-09",
        "00:00:00Z            => end
         00:00:00.001Z        => closed
         05:00:00Z            => closed
         21:59:59.999Z        => closed
         22:00:00Z            => start
         2026-03-10T00:00:00Z => both
         2026-03-10T05:59:00Z => both
         2026-03-10T06:00:00Z => end
         2026-03-10T22:00:00Z => closed",
    );
    hours(
        "UTC",
        r#""sun":[["22:00","06:00"]]"#,
        "2026-03-09",
        "05:59:00Z  => both
         06:00:00Z  => end
         22:00:00Z  => closed",
    );
}

#[test]
fn an_exception_replaces_what_opens_on_its_date() {
    let week = r#""mon":[["22:00","06:00"]],"tue":[["09:00","17:00"]]"#;
    let with = |exceptions: &str| format!(r#"{week},"exceptions":{{{exceptions}}}"#);
    hours(
        "UTC",
        &with(r#""2026-03-10":[]"#),
        "2026-03-10",
        "05:59:59Z            => both
         06:00:00Z            => end
         12:00:00Z            => closed
         2026-03-17T12:00:00Z => both",
    );
    hours(
        "UTC",
        &with(r#""2026-03-09":[]"#),
        "2026-03-09",
        "22:30:00Z            => closed
         2026-03-10T05:00:00Z => closed
         2026-03-10T12:00:00Z => both",
    );
    hours(
        "UTC",
        &with(r#""2026-03-09":[["20:00","02:00"]],"2026-03-10":[["00:00","08:00"]]"#),
        "2026-03-09",
        "20:00:00Z            => start
         22:30:00Z            => both
         2026-03-10T02:00:00Z => both
         2026-03-10T08:00:00Z => end
         2026-03-10T12:00:00Z => closed",
    );
    hours(
        "America/New_York",
        r#""exceptions":{"2026-03-11":[["09:00","12:00"]]}"#,
        "2026-03-11",
        "08:59:59-04:00            => closed
         09:00:00-04:00            => start
         12:00:00-04:00            => end
         2026-03-18T10:00:00-04:00 => closed",
    );
}
