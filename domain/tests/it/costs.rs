//! What a booking costs, by its terms and its use.

use crate::{
    scenario::{check, run},
    world::World,
};

/// Each row: `FROM~TO` as booked, as used, and the bill.
fn bills(pricing: &str, rows: &str) {
    let terms = format!(r#"{{"check_in":{{"early_minutes":600}},"pricing":{{{pricing}}}}}"#);
    for row in rows.lines().map(str::trim).filter(|row| !row.is_empty()) {
        let (asked, bill) = row.split_once("=>").unwrap();
        let [planned, "used", used] = asked.split_whitespace().collect::<Vec<_>>()[..] else {
            panic!("FROM~TO used FROM~TO: {row}");
        };
        let (from, until) = used.split_once('~').unwrap();
        let mut world = World::with_terms(Some(terms.clone()));
        run(
            &mut world,
            &format!(
                "00:00 ann book {planned} => CONFIRMED
                 {from} ann check-in #1   => CHECKED_IN
                 {until} ann check-out #1 => CHECKED_OUT
                 {until} - bill #1        => {bill}"
            ),
        );
        world.check_all();
    }
}

/// Each row: a window and what a quote says; the estimate of a booking is the same.
fn quotes(pricing: &str, rows: &str) {
    for row in rows.lines().map(str::trim).filter(|row| !row.is_empty()) {
        let (window, quote) = row.split_once("=>").unwrap();
        let sum = quote.split(" = ").next().unwrap().trim();
        check(&format!(
            r#"given {{"pricing":{{{pricing}}}}}
               00:00 ann quote {window} => {quote}
               00:00 ann book {window}  => CONFIRMED
               00:00 - bill #1          => estimated {sum}"#
        ));
    }
}

#[test]
fn an_hour_is_charged_by_the_minute_and_rounded_half_up_once() {
    quotes(
        r#""per_hour_minor":1200"#,
        "09:00~10:00                     => 1200 EUR = BASE 60 MINUTE 1200
         09:00~09:01                     => 20 EUR = BASE 1 MINUTE 20
         09:00~09:00:00.001              => 20 EUR = BASE 1 MINUTE 20
         09:00~09:01:00.001              => 40 EUR = BASE 2 MINUTE 40
         09:00~03-03T10:00               => 30000 EUR = BASE 1500 MINUTE 30000",
    );
    quotes(
        r#""per_hour_minor":50"#,
        "09:00~09:01                     => 1 EUR = BASE 1 MINUTE 1
         09:00~09:02                     => 2 EUR = BASE 2 MINUTE 2
         09:00~09:03                     => 3 EUR = BASE 3 MINUTE 3
         09:00~09:09                     => 8 EUR = BASE 9 MINUTE 8",
    );
    quotes(
        r#""per_hour_minor":29"#,
        "09:00~09:01                     => 0 EUR
         09:00~09:02                     => 1 EUR = BASE 2 MINUTE 1",
    );
    quotes(r#""per_hour_minor":30"#, "09:00~09:01 => 1 EUR = BASE 1 MINUTE 1");
}

#[test]
fn billable_time_is_rounded_up() {
    quotes(
        r#""per_hour_minor":1200,"rounding_minutes":15"#,
        "09:00~10:00                     => 1200 EUR = BASE 60 MINUTE 1200
         09:00~10:00:00.001              => 1500 EUR = BASE 75 MINUTE 1500
         09:00~10:15                     => 1500 EUR = BASE 75 MINUTE 1500
         09:00~09:01                     => 300 EUR = BASE 15 MINUTE 300",
    );
    quotes(
        r#""per_hour_minor":100,"per_day_minor":1000,"rounding_minutes":60"#,
        "09:00~03-03T08:01               => 1000 EUR = BASE 1440 MINUTE 1000
         09:00~03-03T09:01               => 1100 EUR = BASE 1500 MINUTE 1100",
    );
}

#[test]
fn whole_days_and_the_cheaper_rest() {
    quotes(
        r#""per_hour_minor":1200,"per_day_minor":6000"#,
        "09:00~13:59                     => 5980 EUR = BASE 299 MINUTE 5980
         09:00~14:00                     => 6000 EUR = BASE 300 MINUTE 6000
         09:00~14:01                     => 6000 EUR = BASE 301 MINUTE 6000
         09:00~03-03T08:59               => 6000 EUR = BASE 1439 MINUTE 6000
         09:00~03-03T09:00               => 6000 EUR = BASE 1440 MINUTE 6000
         09:00~03-03T09:01               => 6020 EUR = BASE 1441 MINUTE 6020
         09:00~03-03T13:59               => 11980 EUR = BASE 1739 MINUTE 11980
         09:00~03-03T14:01               => 12000 EUR = BASE 1741 MINUTE 12000
         09:00~03-04T09:00               => 12000 EUR = BASE 2880 MINUTE 12000",
    );
    quotes(
        r#""per_hour_minor":0,"per_day_minor":6000"#,
        "09:00~10:00                     => 0 EUR
         09:00~03-03T10:00               => 6000 EUR = BASE 1500 MINUTE 6000",
    );
}

#[test]
fn only_a_day_rate_charges_each_started_day() {
    quotes(
        r#""per_day_minor":6000,"currency":"CHF""#,
        "09:00~09:01                     => 6000 CHF = BASE 1 MINUTE 6000
         09:00~03-03T09:00               => 6000 CHF = BASE 1440 MINUTE 6000
         09:00~2026-03-03T09:00:00.001Z  => 12000 CHF = BASE 1441 MINUTE 12000",
    );
}

#[test]
fn nothing_is_due_where_there_is_no_price() {
    quotes("", "09:00~10:00 => 0 EUR");
    quotes(r#""currency":"JPY""#, "09:00~10:00 => 0 JPY");
    bills("", "09:00~10:00 used 09:00~11:00 => 0 EUR");
}

#[test]
fn what_was_planned_what_was_used_or_the_greater() {
    bills(
        r#""per_hour_minor":60"#,
        "09:00~10:00 used 09:00~09:30   => 60 EUR = BASE 60 MINUTE 60
         09:00~10:00 used 08:30~11:00   => 60 EUR = BASE 60 MINUTE 60",
    );
    bills(
        r#""per_hour_minor":60,"basis":"ACTUAL""#,
        "09:00~10:00 used 09:00~09:30   => 30 EUR = BASE 30 MINUTE 30
         09:00~10:00 used 08:30~09:30   => 60 EUR = BASE 60 MINUTE 60
         09:00~10:00 used 09:15~11:00   => 105 EUR = BASE 105 MINUTE 105
         09:00~10:00 used 09:00~09:00:00.001 => 1 EUR = BASE 1 MINUTE 1
         09:00~10:00 used 09:00~09:00   => 0 EUR",
    );
    bills(
        r#""per_hour_minor":60,"basis":"GREATER_OF_PLANNED_AND_ACTUAL""#,
        "09:00~10:00 used 09:00~09:30   => 60 EUR = BASE 60 MINUTE 60
         09:00~10:00 used 09:00~10:00   => 60 EUR = BASE 60 MINUTE 60
         09:00~10:00 used 08:30~09:45   => 75 EUR = BASE 75 MINUTE 75
         09:00~10:00 used 09:30~10:45   => 75 EUR = BASE 75 MINUTE 75",
    );
}

#[test]
fn with_a_late_fee_the_base_ends_at_the_end() {
    let late = r#""late_fee":{"per_started_minutes":30,"amount_minor":7}"#;
    bills(
        &format!(r#""per_hour_minor":60,"basis":"ACTUAL",{late}"#),
        "09:00~10:00 used 09:30~11:00   => 44 EUR = BASE 30 MINUTE 30 + LATE 2 STARTED_PERIOD 14
         09:00~10:00 used 09:30~09:45   => 15 EUR = BASE 15 MINUTE 15",
    );
    bills(
        &format!(r#""per_hour_minor":60,"basis":"GREATER_OF_PLANNED_AND_ACTUAL",{late}"#),
        "09:00~10:00 used 09:00~11:00   => 74 EUR = BASE 60 MINUTE 60 + LATE 2 STARTED_PERIOD 14
         09:00~10:00 used 08:30~11:00   => 104 EUR = BASE 90 MINUTE 90 + LATE 2 STARTED_PERIOD 14",
    );
}

#[test]
fn past_the_grace_the_whole_overdue_time_counts() {
    bills(
        r#""late_fee":{"grace_minutes":10,"per_started_minutes":30,"amount_minor":900}"#,
        "09:00~10:00 used 09:00~10:00         => 0 EUR
         09:00~10:00 used 09:00~10:10         => 0 EUR
         09:00~10:00 used 09:00~10:10:00.001  => 900 EUR = LATE 1 STARTED_PERIOD 900
         09:00~10:00 used 09:00~10:30         => 900 EUR = LATE 1 STARTED_PERIOD 900
         09:00~10:00 used 09:00~10:30:00.001  => 1800 EUR = LATE 2 STARTED_PERIOD 1800",
    );
    bills(
        r#""late_fee":{"grace_minutes":45,"per_started_minutes":30,"amount_minor":900}"#,
        "09:00~10:00 used 09:00~10:45         => 0 EUR
         09:00~10:00 used 09:00~10:46         => 1800 EUR = LATE 2 STARTED_PERIOD 1800",
    );
    bills(
        r#""late_fee":{"per_started_minutes":1,"amount_minor":1}"#,
        "09:00~10:00 used 09:00~10:00         => 0 EUR
         09:00~10:00 used 09:00~10:00:00.001  => 1 EUR = LATE 1 STARTED_PERIOD 1",
    );
}

#[test]
fn a_late_fee_is_capped() {
    bills(
        r#""late_fee":{"per_started_minutes":30,"amount_minor":900,"cap_minor":1800}"#,
        "09:00~10:00 used 09:00~11:00         => 1800 EUR = LATE 2 STARTED_PERIOD 1800
         09:00~10:00 used 09:00~11:01         => 1800 EUR = LATE 3 STARTED_PERIOD 1800
         09:00~10:00 used 09:00~03-09T10:00   => 1800 EUR = LATE 336 STARTED_PERIOD 1800",
    );
    bills(
        r#""late_fee":{"per_started_minutes":30,"amount_minor":900,"cap_minor":1000}"#,
        "09:00~10:00 used 09:00~11:00         => 1000 EUR = LATE 2 STARTED_PERIOD 1000",
    );
    bills(
        r#""late_fee":{"per_started_minutes":30,"amount_minor":900,"cap_minor":0}"#,
        "09:00~10:00 used 09:00~11:00         => 0 EUR",
    );
}

const PUBLISHED: &str = r#"given {"time_zone":"Europe/Berlin","buffer_after_minutes":15,
                  "pricing":{"currency":"EUR","per_hour_minor":1200,"per_day_minor":6000,"rounding_minutes":15,
                             "late_fee":{"grace_minutes":10,"per_started_minutes":30,"amount_minor":900,"cap_minor":20000}}}"#;

#[test]
fn the_published_bill() {
    let world = check(&format!(
        "{PUBLISHED}
         07:00 ann quote 08:00~16:00                    => 6000 EUR = BASE 480 MINUTE 6000
         07:00 ann book 08:00~16:00                     => CONFIRMED
         07:00 - bill #1                                => estimated 6000 EUR
         08:02:11 ann check-in #1 notes=scratch         => CHECKED_IN
         16:47 ann check-out #1 extra=500               => CHECKED_OUT
         16:47 - bill #1                                => 8300 EUR = BASE 480 MINUTE 6000 + LATE 2 STARTED_PERIOD 1800 + EXTRA 1 ITEM 500
         16:47 - show #1                                => CHECKED_OUT 08:00~16:00 terms=1 from 08:02:11 until 16:47"
    ));
    let image = world.image(world.bookings[0]);
    assert_eq!(image.estimated_cost_minor, 6000);
    assert_eq!(
        serde_json::to_string(&image.cost_lines).unwrap(),
        r#"[{"amount_minor":6000,"quantity":480,"type":"BASE","unit":"MINUTE"},{"amount_minor":1800,"quantity":2,"type":"LATE","unit":"STARTED_PERIOD"},{"amount_minor":500,"quantity":1,"type":"EXTRA","unit":"ITEM"}]"#
    );
}

const FEES: &str =
    r#"given {"pricing":{"per_hour_minor":1200,"cancel_fee_minor":300,"no_show_fee_minor":500}}"#;

#[test]
fn who_cancels_a_confirmed_booking_of_its_own_pays_for_it() {
    check(&format!(
        "{FEES}
         07:00 ann book 09:00~10:00            => CONFIRMED
         07:00 ann book 10:00~11:00            => CONFIRMED
         07:00 boss book 11:00~12:00           => CONFIRMED
         07:00 boss book 12:00~13:00 for ann   => CONFIRMED
         07:00 ann cancel #1                   => CANCELLED
         07:00 - bill #1                       => 300 EUR = CANCEL 1 ITEM 300
         07:00 boss cancel #2                  => CANCELLED
         07:00 - bill #2                       => 0 EUR
         07:00 boss cancel #3                  => CANCELLED
         07:00 - bill #3                       => 300 EUR = CANCEL 1 ITEM 300
         07:00 ann cancel #4                   => CANCELLED
         07:00 - bill #4                       => 300 EUR = CANCEL 1 ITEM 300"
    ));
}

#[test]
fn a_bill_is_by_the_terms_the_booking_was_made_under() {
    check(&format!(
        "{FEES}
         07:00 ann book 09:00~10:00            => CONFIRMED
         07:00 ann book 10:00~11:00            => CONFIRMED
         07:00 ann book 11:00~12:00            => CONFIRMED
         07:00 boss terms {{\"pricing\":{{\"currency\":\"CHF\",\"cancel_fee_minor\":9,\"no_show_fee_minor\":9}}}} => ACTIVE
         07:00 ann cancel #1                   => CANCELLED
         07:00 - bill #1                       => 300 EUR = CANCEL 1 ITEM 300
         10:00 ann check-in #2                 => CHECKED_IN
         10:10 ann check-out #2                => CHECKED_OUT
         10:10 - bill #2                       => 1200 EUR = BASE 60 MINUTE 1200
         12:00 - tick                          => 12:00 #3 NO_SHOW
         12:00 - bill #3                       => 500 EUR = NO_SHOW 1 ITEM 500"
    ));
}

#[test]
fn adjustments_add_up_and_never_go_below_zero() {
    check(&format!(
        "{FEES}
         07:00 ann book 09:00~10:00            => CONFIRMED
         09:00 boss adjust #1 100              => kept INVALID_TRANSITION CONFIRMED
         09:00 ann check-in #1                 => CHECKED_IN
         09:00 boss adjust #1 100              => kept INVALID_TRANSITION CHECKED_IN
         10:00 ann check-out #1 extra=100      => CHECKED_OUT
         10:00 boss adjust #1 -1301            => refused AMOUNT_OUT_OF_RANGE #/amount_minor
         10:00 boss adjust #1 -500 key=a       => CHECKED_OUT
         10:00 boss adjust #1 -500 key=a       => replay of CHECKED_OUT
         10:00 - bill #1                       => 800 EUR = BASE 60 MINUTE 1200 + EXTRA 1 ITEM 100 + ADJUSTMENT 1 ITEM -500
         11:00 boss adjust #1 -801             => refused AMOUNT_OUT_OF_RANGE #/amount_minor
         11:00 boss adjust #1 -800             => CHECKED_OUT
         11:00 - bill #1                       => 0 EUR = BASE 60 MINUTE 1200 + EXTRA 1 ITEM 100 + ADJUSTMENT 1 ITEM -500 + ADJUSTMENT 1 ITEM -800
         11:00 boss adjust #1 9007199254740991 => CHECKED_OUT
         11:00 boss adjust #1 1                => refused AMOUNT_OUT_OF_RANGE #/amount_minor
         11:00 boss adjust #1 -9007199254740991 => CHECKED_OUT"
    ));
}

#[test]
fn a_return_is_not_kept_from_ending_by_what_it_would_cost_beside() {
    check(&format!(
        "{FEES}
         07:00 ann book 09:00~10:00                    => CONFIRMED
         09:00 ann check-in #1                         => CHECKED_IN
         09:30 ann check-out #1 extra=9007199254740991 => refused AMOUNT_OUT_OF_RANGE #/extra_cost_minor
         09:30 ann check-out #1 extra=9007199254739791 => CHECKED_OUT
         09:30 - bill #1                               => 9007199254740991 EUR = BASE 60 MINUTE 1200 + EXTRA 1 ITEM 9007199254739791"
    ));
}

#[test]
fn a_bill_takes_a_hundred_adjustments() {
    let mut world = World::new();
    run(&mut world, "07:00 ann book 09:00~10:00 => CONFIRMED");
    run(&mut world, "07:00 ann cancel #1 => CANCELLED");
    for _ in 0..100 {
        run(&mut world, "07:00 boss adjust #1 1 => CANCELLED");
    }
    run(&mut world, "07:00 boss adjust #1 1 => kept LIMIT_REACHED 100");
    world.check_all();
    assert_eq!(world.image(world.bookings[0]).cost_minor, Some(100));
}
