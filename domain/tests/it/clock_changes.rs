//! Opening hours and lengths on the days on which the clocks go forward or back.
//!
//! These are Sundays (in Beirut the night before). Times are local, with their offset from UTC.

use crate::{opening_hours::hours, scenario::check};

#[test]
fn a_time_in_a_gap_means_the_instant_after_it() {
    let (berlin, date) = ("Europe/Berlin", "2026-03-29");
    hours(
        berlin,
        r#""sun":[["02:30","05:00"]]"#,
        date,
        "01:59:59.999+01:00 => closed
         03:00:00+02:00     => start
         03:00:00.001+02:00 => both
         05:00:00+02:00     => end",
    );
    hours(
        berlin,
        r#""sun":[["00:00","02:30"]]"#,
        date,
        "00:00:00+01:00     => start
         01:59:59.999+01:00 => both
         03:00:00+02:00     => end
         03:00:00.001+02:00 => closed",
    );
    hours(
        berlin,
        r#""sun":[["00:00","02:00"],["03:00","04:00"]]"#,
        date,
        "01:59:59.999+01:00 => both
         03:00:00+02:00     => both
         04:00:00+02:00     => end",
    );
    // Nothing is left of hours that lie in the gap as a whole.
    hours(
        berlin,
        r#""sun":[["02:10","02:50"]]"#,
        date,
        "01:59:59.999+01:00 => closed
         03:00:00+02:00     => closed
         03:10:00+02:00     => closed",
    );
    hours(
        berlin,
        r#""sat":[["22:00","02:30"]]"#,
        date,
        "01:59:59+01:00     => both
         03:00:00+02:00     => end
         03:00:00.001+02:00 => closed",
    );
}

#[test]
fn the_same_across_the_ocean_and_where_the_clock_moves_by_half_an_hour() {
    hours(
        "America/New_York",
        r#""sun":[["02:30","05:00"]]"#,
        "2026-03-08",
        "01:59:59.999-05:00 => closed
         03:00:00-04:00     => start
         05:00:00-04:00     => end",
    );
    hours(
        "America/New_York",
        r#""sun":[["00:00","02:30"]]"#,
        "2026-03-08",
        "01:59:59.999-05:00 => both
         03:00:00-04:00     => end
         03:00:00.001-04:00 => closed",
    );
    hours(
        "Australia/Lord_Howe",
        r#""sun":[["02:15","05:00"]]"#,
        "2026-10-04",
        "01:59:59.999+10:30 => closed
         02:30:00+11:00     => start
         05:00:00+11:00     => end",
    );
    hours(
        "Australia/Lord_Howe",
        r#""sun":[["00:00","02:15"]]"#,
        "2026-10-04",
        "01:59:59.999+10:30 => both
         02:30:00+11:00     => end
         02:30:00.001+11:00 => closed",
    );
}

#[test]
fn of_a_time_that_comes_twice_opening_is_the_first_and_closing_the_last() {
    let (berlin, date) = ("Europe/Berlin", "2026-10-25");
    hours(
        berlin,
        r#""sun":[["02:30","05:00"]]"#,
        date,
        "02:29:59.999+02:00 => closed
         02:30:00+02:00     => start
         02:00:00+01:00     => both
         02:15:00+01:00     => both
         05:00:00+01:00     => end",
    );
    hours(
        berlin,
        r#""sun":[["00:00","02:30"]]"#,
        date,
        "02:30:00+02:00     => both
         02:59:59.999+02:00 => both
         02:00:00+01:00     => both
         02:30:00+01:00     => end
         02:30:00.001+01:00 => closed",
    );
    hours(
        berlin,
        r#""sun":[["02:10","02:50"]]"#,
        date,
        "02:09:59.999+02:00 => closed
         02:10:00+02:00     => start
         02:55:00+02:00     => both
         02:50:00+01:00     => end",
    );
    hours(
        berlin,
        r#""sun":[["00:00","02:00"]]"#,
        date,
        "02:00:00+02:00     => both
         02:00:00+01:00     => end
         02:00:00.001+01:00 => closed",
    );
    hours(
        berlin,
        r#""sat":[["22:00","02:30"]]"#,
        date,
        "02:30:00+02:00     => both
         02:30:00+01:00     => end
         02:30:00.001+01:00 => closed",
    );
}

#[test]
fn the_same_in_other_zones() {
    hours(
        "America/New_York",
        r#""sun":[["01:30","05:00"]]"#,
        "2026-11-01",
        "01:29:59.999-04:00 => closed
         01:30:00-04:00     => start
         01:15:00-05:00     => both
         05:00:00-05:00     => end",
    );
    hours(
        "America/New_York",
        r#""sun":[["00:00","01:30"]]"#,
        "2026-11-01",
        "01:45:00-04:00     => both
         01:30:00-05:00     => end
         01:30:00.001-05:00 => closed",
    );
    hours(
        "Australia/Lord_Howe",
        r#""sun":[["01:45","05:00"]]"#,
        "2026-04-05",
        "01:44:59.999+11:00 => closed
         01:45:00+11:00     => start
         01:30:00+10:30     => both
         05:00:00+10:30     => end",
    );
    hours(
        "Australia/Lord_Howe",
        r#""sun":[["00:00","01:45"]]"#,
        "2026-04-05",
        "01:50:00+11:00     => both
         01:45:00+10:30     => end
         01:45:00.001+10:30 => closed",
    );
    for date in ["2026-03-29", "2026-10-25"] {
        hours(
            "Asia/Tokyo",
            r#""sun":[["02:30","05:00"]]"#,
            date,
            "02:29:59.999+09:00 => closed
             02:30:00+09:00     => start
             05:00:00+09:00     => end
             05:00:00.001+09:00 => closed",
        );
    }
}

/// Beirut changes its clocks at midnight: forward from 00:00 to 01:00, back from 24:00 to 23:00.
#[test]
fn clocks_may_change_at_midnight() {
    let beirut = "Asia/Beirut";
    hours(
        beirut,
        r#""sat":[["20:00","24:00"]],"sun":[["00:00","06:00"]]"#,
        "2026-03-29",
        "2026-03-28T23:59:59.999+02:00 => both
         01:00:00+03:00                => both
         06:00:00+03:00                => end",
    );
    hours(
        beirut,
        r#""sat":[["20:00","24:00"]]"#,
        "2026-03-29",
        "2026-03-28T23:59:59.999+02:00 => both
         01:00:00+03:00                => end
         01:00:00.001+03:00            => closed",
    );
    hours(
        beirut,
        r#""sat":[["23:30","24:00"]]"#,
        "2026-10-24",
        "23:29:59.999+03:00        => closed
         23:30:00+03:00            => start
         23:15:00+02:00            => both
         2026-10-25T00:00:00+02:00 => end",
    );
    hours(
        beirut,
        r#""sat":[["20:00","23:30"]]"#,
        "2026-10-24",
        "23:45:00+03:00            => both
         23:30:00+02:00            => end
         23:30:00.001+02:00        => closed",
    );
}

/// What is offered follows the wall clock: the same hours are an hour earlier in UTC.
#[test]
fn what_is_offered_knows_the_change_of_clocks() {
    check(
        r#"given {"time_zone":"Europe/Berlin","opening_hours":{"sat":[["09:00","10:00"]],"sun":[["09:00","10:00"]]}}
           07:00 ann book 03-28T08:00~03-28T09:00 => CONFIRMED
           07:00 bob book 03-28T08:00~03-28T09:00 => kept BOOKING_OVERLAP #1 2026-03-28T08:00:00Z~2026-03-28T09:00:00Z next 2026-03-29T07:00:00Z~2026-03-29T08:00:00Z"#,
    );
}

#[test]
fn minutes_and_days_elapse_whatever_the_clocks_say() {
    check(
        r#"given {"time_zone":"Europe/Berlin","min_minutes":60,"max_minutes":60,"max_advance_days":27}
           07:00 ann quote 2026-03-29T01:30:00+01:00~2026-03-29T02:30:00+01:00 => 0 EUR
           07:00 ann quote 2026-03-29T01:30:00+01:00~2026-03-29T03:30:00+02:00 => 0 EUR
           07:00 ann quote 2026-03-29T01:30:00+01:00~2026-03-29T04:30:00+02:00 => refused DURATION_OUT_OF_RANGE 60
           07:00 ann quote 2026-03-29T09:00:00+02:00~2026-03-29T10:00:00+02:00 => 0 EUR
           07:00 ann quote 2026-03-29T09:01:00+02:00~2026-03-29T10:01:00+02:00 => refused TOO_FAR_AHEAD 38880"#,
    );
    check(
        r#"given {"time_zone":"Europe/Berlin","pricing":{"per_hour_minor":100,"per_day_minor":1000}}
           07:00 ann quote 2026-03-29T00:00:00+01:00~2026-03-30T00:00:00+02:00 => 1000 EUR = BASE 1380 MINUTE 1000
           07:00 ann quote 2026-10-25T00:00:00+02:00~2026-10-26T00:00:00+01:00 => 1100 EUR = BASE 1500 MINUTE 1100"#,
    );
}
