//! Creating, cancelling, checking in and out: each refusal, each pair of state and command, each border.

use holdfast_domain::{Timestamp, asset::BookingDocument};

use crate::{
    scenario::{check, run},
    world::{World, t},
};

#[test]
fn a_booking_goes_from_confirmed_to_checked_out() {
    let world = check(
        "07:00 ann book 09:00~10:00              => CONFIRMED
         08:50 ann check-in #1 notes=scratch     => CHECKED_IN
         10:20 ann check-out #1 extra=500        => CHECKED_OUT",
    );
    let image = &world.finished[&world.bookings[0]];
    assert_eq!(image.check_in_notes.as_deref(), Some("scratch"));
    assert_eq!((image.actual_start, image.actual_end), (Some(t("08:50")), Some(t("10:20"))));
    assert_eq!(world.bill(image.id), "500 EUR = EXTRA 1 ITEM 500");
    assert_eq!((image.version, image.etag.as_str()), (5, "\"5-0\""), "overdue in between");
    assert_eq!((image.created_at, image.updated_at), (t("07:00"), t("10:20")));
}

#[test]
fn costs_nothing_without_an_extra() {
    let world = check(
        "07:00 ann book 09:00~10:00   => CONFIRMED
         07:00 ann book 10:00~11:00   => CONFIRMED
         07:00 ann book 11:00~12:00   => CONFIRMED
         09:00 ann check-in #1        => CHECKED_IN
         09:10 ann check-out #1       => CHECKED_OUT
         10:00 ann check-in #2        => CHECKED_IN
         10:10 ann check-out #2 extra=0 => CHECKED_OUT
         10:10 ann cancel #3          => CANCELLED",
    );
    for id in &world.bookings {
        let image = &world.finished[id];
        assert_eq!((image.cost_minor, image.cost_lines.len()), (Some(0), 0));
    }
}

#[test]
fn every_refusal_of_a_new_booking_in_its_order() {
    check(
        "07:00 ann book 09:00~09:00 terms-refused => refused VALIDATION_FAILED #/end must be after start
         07:00 ann book 09:00~08:00               => refused VALIDATION_FAILED #/end must be after start
         07:00 ann book 09:00~10:00               => CONFIRMED
         07:00 boss status MAINTENANCE            => MAINTENANCE
         09:30 ann book 09:00~10:00 terms-refused terms=9 => kept TERMS_NOT_ACCEPTED
         09:30 ann book 09:00~10:00 terms=9       => kept TERMS_CHANGED 1
         09:30 ann book 09:00~10:00               => kept ASSET_UNAVAILABLE MAINTENANCE
         09:30 boss status INACTIVE               => INACTIVE
         09:30 ann book 09:00~10:00               => kept ASSET_UNAVAILABLE INACTIVE
         09:30 boss status ACTIVE                 => ACTIVE
         09:30 ann book 09:00~2027-03-04T09:00:00Z => kept BOOKING_DEADLINE_PASSED 09:30 09:00
         09:30 ann book 09:31~2027-03-03T09:31:00.001Z => refused DURATION_OUT_OF_RANGE 527040
         09:30 ann book 2031-03-06T09:30:00.001Z~2032-03-06T09:30:00.002Z => refused DURATION_OUT_OF_RANGE 527040
         09:30 ann book 2031-03-06T09:30:00.001Z~2032-03-06T09:30:00.001Z => refused TOO_FAR_AHEAD 2635200
         09:30 ann book 09:31~09:32               => kept BOOKING_OVERLAP #1 09:00~10:00 next 10:00~10:01",
    );
}

#[test]
fn borders_of_time() {
    check(
        "09:00 ann book 09:00~10:00               => kept BOOKING_DEADLINE_PASSED 09:00 09:00
         08:59:59.999 ann book 09:00~10:00        => kept BOOKING_DEADLINE_PASSED 09:00 09:00
         09:00 ann book 09:00:00.001~10:00        => CONFIRMED
         09:00 ann book 2027-01-01T00:00:00Z~2028-01-02T00:00:00Z => CONFIRMED
         09:00 ann book 2029-01-01T00:00:00Z~2030-01-02T00:00:00.001Z => refused DURATION_OUT_OF_RANGE 527040
         09:00 ann book 2031-03-06T09:00:00Z~2031-03-06T09:01:00Z => CONFIRMED
         09:00 ann book 2031-03-06T09:00:00.001Z~2031-03-06T09:01:00Z => refused TOO_FAR_AHEAD 2635200",
    );
}

#[test]
fn windows_are_half_open() {
    check(
        "07:00 ann book 09:00~10:00         => CONFIRMED
         07:00 bob book 10:00~11:00         => CONFIRMED
         07:00 bob book 08:00~09:00         => CONFIRMED
         07:00 bob book 09:59:59.999~12:00  => kept BOOKING_OVERLAP #1 09:00~10:00 #2 10:00~11:00 next 11:00~2026-03-02T13:00:00.001Z
         07:00 bob book 07:30~08:00:00.001  => kept BOOKING_OVERLAP #3 08:00~09:00 next 11:00~11:30:00.001
         07:00 bob book 09:10~09:20         => kept BOOKING_OVERLAP #1 09:00~10:00 next 11:00~11:10
         07:00 bob book 07:10~12:00         => kept BOOKING_OVERLAP #3 08:00~09:00 #1 09:00~10:00 #2 10:00~11:00 next 11:00~15:50
         07:00 bob book 09:00~10:00         => kept BOOKING_OVERLAP #1 09:00~10:00 next 11:00~12:00"
        .replace("2026-03-02T13:00:00.001Z", "13:00:00.001")
        .as_str(),
    );
}

#[test]
fn the_next_available_window_is_the_first_gap_that_is_long_enough() {
    check(
        "07:00 ann book 09:00~10:00  => CONFIRMED
         07:00 ann book 10:30~11:00  => CONFIRMED
         07:00 ann book 12:00~13:00  => CONFIRMED
         07:00 bob book 09:30~10:00  => kept BOOKING_OVERLAP #1 09:00~10:00 next 10:00~10:30
         07:00 bob book 09:30~10:01  => kept BOOKING_OVERLAP #1 09:00~10:00 next 11:00~11:31
         07:00 bob book 09:30~10:30  => kept BOOKING_OVERLAP #1 09:00~10:00 next 11:00~12:00
         07:00 bob book 09:29~10:30  => kept BOOKING_OVERLAP #1 09:00~10:00 next 13:00~14:01
         07:00 bob book 08:00~09:01  => kept BOOKING_OVERLAP #1 09:00~10:00 next 13:00~14:01
         07:00 bob book 08:00~09:00:00.001 => kept BOOKING_OVERLAP #1 09:00~10:00 next 13:00~14:00:00.001",
    );
}

#[test]
fn the_search_ends_after_ninety_days() {
    check(
        "07:00 ann book 09:00~2026-05-31T09:00:00Z        => CONFIRMED
         07:00 ann book 09:00~10:00 => kept BOOKING_OVERLAP #1 09:00~2026-05-31T09:00:00Z next 2026-05-31T09:00:00Z~2026-05-31T10:00:00Z
         07:00 ann book 08:59~09:59 => kept BOOKING_OVERLAP #1 09:00~2026-05-31T09:00:00Z next none",
    );
}

#[test]
fn what_is_offered_is_not_too_far_ahead() {
    check(
        "07:00 ann book 2031-03-05T09:00:00Z~2031-03-08T09:00:00Z => CONFIRMED
         07:00 ann book 2031-03-06T06:00:00Z~2031-03-06T08:00:00Z => kept BOOKING_OVERLAP #1 2031-03-05T09:00:00Z~2031-03-08T09:00:00Z next none",
    );
}

#[test]
fn at_most_ten_conflicts_are_named() {
    let mut world = World::new();
    for minute in 10..22 {
        run(&mut world, &format!("07:00 ann book 09:{minute}~09:{} => CONFIRMED", minute + 1));
    }
    let named = (1..=10).map(|n| format!("#{n} 09:{}~09:{} ", n + 9, n + 10)).collect::<String>();
    run(
        &mut world,
        &format!("07:00 bob book 09:00~10:00 => kept BOOKING_OVERLAP {named}next 09:22~10:22"),
    );
}

#[test]
fn each_state_answers_each_command() {
    let check_out = "=> kept INVALID_TRANSITION";
    check(&format!(
        "07:00 ann book 09:00~10:00  => CONFIRMED
         07:00 ann book 11:00~12:00  => CONFIRMED
         09:00 ann check-out #1      {check_out} CONFIRMED
         09:00 ann check-in #1       => CHECKED_IN
         09:00 ann check-in #1       => kept INVALID_TRANSITION CHECKED_IN
         09:00 ann cancel #1         => kept INVALID_TRANSITION CHECKED_IN
         09:30 ann check-out #1      => CHECKED_OUT
         09:30 ann check-out #1      {check_out} CHECKED_OUT
         09:30 ann check-in #1       => kept INVALID_TRANSITION CHECKED_OUT
         09:30 ann cancel #1         => kept INVALID_TRANSITION CHECKED_OUT
         09:30 ann cancel #2         => CANCELLED
         09:30 ann cancel #2         => kept INVALID_TRANSITION CANCELLED
         11:00 ann check-in #2       => kept INVALID_TRANSITION CANCELLED
         11:00 ann check-out #2      {check_out} CANCELLED",
    ));
}

#[test]
fn what_is_over_frees_its_window() {
    check(
        "07:00 ann book 09:00~12:00   => CONFIRMED
         07:00 ann cancel #1          => CANCELLED
         07:00 bob book 09:00~12:00   => CONFIRMED
         09:00 bob check-in #2        => CHECKED_IN
         09:30 ann book 10:00~11:00   => kept BOOKING_OVERLAP #2 09:00~12:00 next 12:00~13:00
         09:40 bob check-out #2       => CHECKED_OUT
         09:40 ann book 10:00~11:00   => CONFIRMED",
    );
}

#[test]
fn check_in_keeps_its_hours() {
    check(
        "07:00 ann book 09:00~10:00            => CONFIRMED
         08:44:59.999 ann check-in #1          => kept INVALID_TRANSITION CONFIRMED
         10:00 ann check-in #1                 => kept INVALID_TRANSITION NO_SHOW",
    );
    check(
        "07:00 ann book 09:00~10:00            => CONFIRMED
         08:45 ann check-in #1                 => CHECKED_IN",
    );
    check(
        "07:00 ann book 09:00~10:00            => CONFIRMED
         09:59:59.999 ann check-in #1          => CHECKED_IN",
    );
}

#[test]
fn an_asset_that_is_out_or_claimed_is_in_use() {
    check(
        "07:00 ann book 09:00~10:00   => CONFIRMED
         07:00 bob book 10:00~11:00   => CONFIRMED
         07:00 bob book 11:30~12:00   => CONFIRMED
         09:50 bob check-in #2        => kept ASSET_IN_USE
         09:50 ann check-in #1        => CHECKED_IN
         10:30 bob check-in #2        => kept ASSET_IN_USE
         10:40 ann check-out #1       => CHECKED_OUT
         10:40 bob check-in #2        => CHECKED_IN
         10:45 bob check-out #2       => CHECKED_OUT
         11:15 bob check-in #3        => CHECKED_IN",
    );
}

#[test]
fn check_in_needs_an_active_asset_and_check_out_none() {
    check(
        "07:00 ann book 09:00~10:00     => CONFIRMED
         07:00 ann book 10:00~11:00     => CONFIRMED
         09:00 boss status INACTIVE     => INACTIVE
         09:00 ann check-in #1          => kept ASSET_UNAVAILABLE INACTIVE
         09:00 ann check-in #2          => kept INVALID_TRANSITION CONFIRMED
         09:00 boss status ACTIVE       => ACTIVE
         09:00 ann check-in #1          => CHECKED_IN
         09:00 boss status MAINTENANCE  => MAINTENANCE
         2026-03-09T09:00:00Z ann check-out #1 => CHECKED_OUT",
    );
}

#[test]
fn a_member_cancels_before_the_start_and_a_manager_at_any_time() {
    check(
        "07:00 ann book 09:00~10:00     => CONFIRMED
         07:00 ann book 10:00~11:00     => CONFIRMED
         08:59:59.999 ann cancel #1     => CANCELLED
         10:00 ann cancel #2            => kept CANCEL_CUTOFF_PASSED
         10:00 boss cancel #2           => CANCELLED",
    );
}

#[test]
fn bookings_that_are_not_there() {
    check(
        "07:00 ann book 09:00~10:00   => CONFIRMED
         07:00 ann cancel #0          => refused NOT_FOUND
         07:00 ann cancel #9          => refused NOT_FOUND
         07:00 ann cancel #alien      => refused NOT_FOUND
         09:00 ann check-in #0        => refused BOOKING_NOT_FOUND
         09:00 ann check-in #9        => refused BOOKING_NOT_FOUND
         09:00 ann check-in #alien    => refused BOOKING_NOT_FOUND
         09:00 ann check-in #none     => refused BOOKING_NOT_FOUND
         09:00 ann check-out #0       => refused BOOKING_NOT_FOUND
         09:00 ann check-out #none    => refused BOOKING_NOT_FOUND",
    );
}

#[test]
fn an_extra_cost_is_a_whole_amount() {
    check(
        "07:00 ann book 09:00~10:00                    => CONFIRMED
         09:00 ann check-in #1                         => CHECKED_IN
         09:30 ann check-out #1 extra=-1               => refused VALIDATION_FAILED #/extra_cost_minor must be from 0 to 9007199254740991
         09:30 ann check-out #1 extra=9007199254740992 => refused VALIDATION_FAILED #/extra_cost_minor must be from 0 to 9007199254740991
         09:30 ann check-out #1 extra=9007199254740991 => CHECKED_OUT",
    );
}

#[test]
fn time_does_not_run_back_within_an_asset() {
    let world = check(
        "08:00 ann book 09:00~10:00   => CONFIRMED
         07:00 ann book 10:00~11:00   => CONFIRMED
         07:00 ann book 07:30~07:40   => kept BOOKING_DEADLINE_PASSED 08:00 07:30",
    );
    let times: Vec<Timestamp> = world.log.iter().map(|record| record.at).collect();
    assert_eq!(times, [t("00:00"), t("08:00"), t("08:00"), t("08:00")]);
}

#[test]
fn a_booking_keeps_terms_and_currency_of_its_creation() {
    let world = check(
        r#"07:00 ann book 09:00~10:00                                => CONFIRMED
           07:00 boss terms {"pricing":{"currency":"CHF"}}           => ACTIVE
           07:00 ann book 10:00~11:00 terms=1                        => kept TERMS_CHANGED 2
           07:00 ann book 10:00~11:00 terms=2                        => CONFIRMED
           07:00 boss terms                                          => ACTIVE
           07:00 ann book 11:00~12:00 terms=3                        => CONFIRMED"#,
    );
    let shown: Vec<_> = world
        .bookings
        .iter()
        .map(|id| {
            let json = world.state.booking_document(*id).unwrap().json;
            let image: BookingDocument = serde_json::from_slice(&json).unwrap();
            (image.terms_version, image.currency)
        })
        .collect();
    assert_eq!(shown, [(1, "EUR".into()), (2, "CHF".into()), (3, "EUR".into())]);
}
