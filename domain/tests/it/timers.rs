//! What happens by itself, and when: no-shows, late returns and the bookings that wait behind them.

use crate::{scenario::check, world::clock};

#[test]
fn nobody_came_by_the_end_where_the_terms_name_no_patience() {
    check(
        "07:00 ann book 09:00~10:00  => CONFIRMED
         09:59:59.999 - tick         => nothing
         10:00 - tick                => 10:00 #1 NO_SHOW
         12:00 - tick                => nothing",
    );
    check(
        "07:00 ann book 09:00~10:00    => CONFIRMED
         09:59:59.999 ann check-in #1  => CHECKED_IN",
    );
}

#[test]
fn patience_ends_at_its_minute() {
    check(
        r#"given {"check_in":{"no_show_after_minutes":30},"pricing":{"no_show_fee_minor":500}}
           07:00 ann book 09:00~10:00       => CONFIRMED
           09:29:59.999 - tick              => nothing
           09:30 ann check-in #1            => kept INVALID_TRANSITION NO_SHOW
           09:30 - bill #1                  => 500 EUR = NO_SHOW 1 ITEM 500
           09:30 bob book 09:31~10:00       => CONFIRMED"#,
    );
    check(
        r#"given {"check_in":{"no_show_after_minutes":30}}
           07:00 ann book 09:00~10:00       => CONFIRMED
           09:29:59.999 ann check-in #1     => CHECKED_IN"#,
    );
}

#[test]
fn a_no_show_is_dated_when_it_was_due_whenever_somebody_looks() {
    let world = check(
        r#"given {"check_in":{"no_show_after_minutes":30}}
           07:00 ann book 09:00~10:00       => CONFIRMED
           07:00 bob book 10:00~11:00       => CONFIRMED
           07:00 bob book 11:00~12:00       => CONFIRMED
           2026-03-09T09:00:00Z - tick      => 09:30 #1 NO_SHOW, 10:30 #2 NO_SHOW, 11:30 #3 NO_SHOW
           2026-03-09T09:00:00Z boss name X => ACTIVE"#,
    );
    let times = world.log[4..7].iter().map(|record| clock(record.at));
    assert_eq!(times.collect::<Vec<_>>(), ["09:30", "10:30", "11:30"]);
}

#[test]
fn patience_is_never_longer_than_the_window() {
    for minutes in [60, 61, 5_256_000] {
        check(&format!(
            r#"given {{"check_in":{{"no_show_after_minutes":{minutes}}}}}
               07:00 ann book 09:00~10:00       => CONFIRMED
               09:59:59.999 - tick              => nothing
               10:00 - tick                     => 10:00 #1 NO_SHOW"#
        ));
    }
    check(
        r#"given {"check_in":{"no_show_after_minutes":0}}
           07:00 ann book 09:00~10:00           => CONFIRMED
           07:00 ann book 10:00~11:00           => CONFIRMED
           08:50 ann check-in #1                => CHECKED_IN
           08:55 ann check-out #1               => CHECKED_OUT
           09:59:59.999 - tick                  => nothing
           10:00 - tick                         => 10:00 #2 NO_SHOW"#,
    );
}

#[test]
fn check_in_opens_its_minutes_before_the_start() {
    let at = |time: &str, answer: &str| {
        check(&format!(
            r#"given {{"check_in":{{"early_minutes":60}}}}
               07:00 ann book 09:00~10:00       => CONFIRMED
               {time} ann check-in #1           => {answer}"#
        ));
    };
    at("07:59:59.999", "kept INVALID_TRANSITION CONFIRMED");
    at("08:00", "CHECKED_IN");
    check(
        r#"given {"check_in":{"early_minutes":0}}
           07:00 ann book 09:00~10:00           => CONFIRMED
           08:59:59.999 ann check-in #1         => kept INVALID_TRANSITION CONFIRMED
           09:00 ann check-in #1                => CHECKED_IN"#,
    );
}

#[test]
fn early_check_in_waits_for_the_claim_before_it() {
    check(
        r#"given {"buffer_after_minutes":15,"check_in":{"early_minutes":30}}
           07:00 ann book 09:00~10:00           => CONFIRMED
           07:00 bob book 10:15~11:00           => CONFIRMED
           09:59 bob check-in #2                => kept ASSET_IN_USE
           10:00 bob check-in #2                => CHECKED_IN"#,
    );
    // One that waits for approval is live as well.
    check(
        r#"given {"check_in":{"early_minutes":60}}
           07:00 ann book 10:00~11:00           => CONFIRMED
           07:00 boss terms {"approval":{"required":true},"buffer_before_minutes":15} => ACTIVE
           07:00 bob book 09:30~10:00           => PENDING_APPROVAL
           09:15 ann check-in #1                => kept ASSET_IN_USE
           09:29:59.999 ann check-in #1         => kept ASSET_IN_USE
           09:30 ann check-in #1                => CHECKED_IN"#,
    );
    // A use that is over is not: its buffer keeps new bookings away, not the next user.
    check(
        r#"given {"buffer_after_minutes":15,"check_in":{"early_minutes":30}}
           07:00 ann book 09:00~10:00           => CONFIRMED
           07:00 bob book 10:15~11:00           => CONFIRMED
           09:00 ann check-in #1                => CHECKED_IN
           09:50 bob check-in #2                => kept ASSET_IN_USE
           09:50 ann check-out #1               => CHECKED_OUT
           09:50 bob check-in #2                => CHECKED_IN"#,
    );
}

const FOLLOWED: &str = r#"given {"check_in":{"no_show_after_minutes":30},"pricing":{"no_show_fee_minor":500}}
           07:00 ann book 09:00~10:00       => CONFIRMED
           07:00 bob book 10:00~12:00       => CONFIRMED
           09:00 ann check-in #1            => CHECKED_IN
           10:00 - tick                     => 10:00 #1 overdue
           10:10 bob check-in #2            => kept ASSET_IN_USE
           11:00 - tick                     => nothing"#;

#[test]
fn who_follows_a_late_return_has_full_patience_from_it_on() {
    check(&format!(
        "{FOLLOWED}
         11:10 ann check-out #1           => CHECKED_OUT
         11:39:59.999 - tick              => nothing
         11:40 - tick                     => 11:40 #2 NO_SHOW
         11:40 - bill #2                  => 500 EUR = NO_SHOW 1 ITEM 500"
    ));
    check(&format!(
        "{FOLLOWED}
         11:10 ann check-out #1           => CHECKED_OUT
         11:39:59.999 bob check-in #2     => CHECKED_IN
         11:50 bob check-out #2           => CHECKED_OUT"
    ));
    check(&format!(
        "{FOLLOWED}
         11:30 ann check-out #1           => CHECKED_OUT
         12:00 - tick                     => 12:00 #2 NO_SHOW"
    ));
}

#[test]
fn who_never_had_full_patience_expires_at_no_cost() {
    check(&format!(
        "{FOLLOWED}
         11:30:00.001 ann check-out #1    => CHECKED_OUT
         11:59:59.999 - tick              => nothing
         12:00 bob check-in #2            => kept INVALID_TRANSITION EXPIRED
         12:00 - show #2                  => EXPIRED 10:00~12:00 terms=1
         12:00 - bill #2                  => 0 EUR"
    ));
    check(&format!(
        "{FOLLOWED}
         11:45 bob book 12:00~13:00       => CONFIRMED
         14:00 - tick                     => 12:00 #2 EXPIRED, 13:00 #3 EXPIRED
         14:00 - bill #3                  => 0 EUR
         14:00 ann check-out #1           => CHECKED_OUT"
    ));
}

#[test]
fn without_a_patience_in_the_terms_it_is_the_whole_window() {
    let returned = |time: &str, then: &str| {
        check(&format!(
            "07:00 ann book 09:00~10:00       => CONFIRMED
             07:00 bob book 10:00~12:00       => CONFIRMED
             09:00 ann check-in #1            => CHECKED_IN
             {time} ann check-out #1          => CHECKED_OUT
             11:59:59.999 - tick              => nothing
             12:00 - tick                     => 12:00 #2 {then}"
        ));
    };
    returned("09:59", "NO_SHOW");
    returned("10:00", "NO_SHOW");
    returned("10:00:00.001", "EXPIRED");
}

#[test]
fn patience_stands_still_while_the_asset_is_not_active() {
    let patient = |rows: &str| {
        check(&format!(
            r#"given {{"check_in":{{"no_show_after_minutes":30}}}}
               07:00 ann book 09:00~10:00       => CONFIRMED
               {rows}"#
        ));
    };
    patient(
        "08:00 boss status INACTIVE       => INACTIVE
         08:30 boss status ACTIVE         => ACTIVE
         10:00 - tick                     => 09:30 #1 NO_SHOW",
    );
    patient(
        "08:00 boss status INACTIVE       => INACTIVE
         09:10 boss status MAINTENANCE    => MAINTENANCE
         09:20 boss status ACTIVE         => ACTIVE
         10:00 - tick                     => 09:50 #1 NO_SHOW",
    );
    // It does not go on where it stood, it begins again.
    patient(
        "09:29:59.999 boss status INACTIVE => INACTIVE
         09:30 boss status ACTIVE         => ACTIVE
         10:00 - tick                     => 10:00 #1 NO_SHOW",
    );
    patient(
        "09:10 boss status INACTIVE       => INACTIVE
         09:30:00.001 boss status ACTIVE  => ACTIVE
         11:00 - tick                     => 10:00 #1 EXPIRED",
    );
    patient(
        "09:29:59.999 boss status RETIRED => kept ASSET_HAS_LIVE_BOOKINGS
         09:29:59.999 boss status INACTIVE => INACTIVE
         11:00 - tick                     => 10:00 #1 EXPIRED
         11:00 - bill #1                  => 0 EUR
         11:00 boss status RETIRED        => RETIRED",
    );
    // What leaves the status alone leaves the clock alone.
    patient(
        "09:10 boss name X                => ACTIVE
         09:20 boss status ACTIVE         => ACTIVE
         09:30 - tick                     => 09:30 #1 NO_SHOW",
    );
    patient(
        "09:30 boss status INACTIVE       => INACTIVE
         09:30 - show #1                  => NO_SHOW 09:00~10:00 terms=1",
    );
}

#[test]
fn out_and_not_active_are_two_reasons_to_stand_still() {
    let returned = |rows: &str| {
        check(&format!(
            r#"given {{"check_in":{{"no_show_after_minutes":30}}}}
               07:00 ann book 09:00~10:00       => CONFIRMED
               07:00 bob book 10:00~12:00       => CONFIRMED
               09:00 ann check-in #1            => CHECKED_IN
               {rows}"#
        ));
    };
    returned(
        "10:05 boss status INACTIVE       => INACTIVE
         10:20 ann check-out #1           => CHECKED_OUT
         10:30 boss status ACTIVE         => ACTIVE
         12:00 - tick                     => 11:00 #2 NO_SHOW",
    );
    returned(
        "10:05 boss status INACTIVE       => INACTIVE
         10:20 boss status ACTIVE         => ACTIVE
         10:30 ann check-out #1           => CHECKED_OUT
         12:00 - tick                     => 11:00 #2 NO_SHOW",
    );
    // Active again is not back yet, nor is a name a return.
    returned(
        "10:05 boss status INACTIVE       => INACTIVE
         10:10 boss status ACTIVE         => ACTIVE
         10:15 boss name X                => ACTIVE
         11:00 - tick                     => nothing
         11:00 ann check-out #1           => CHECKED_OUT
         12:00 - tick                     => 11:30 #2 NO_SHOW",
    );
}

#[test]
fn things_that_are_due_together_come_in_their_order() {
    check(
        r#"given {"check_in":{"no_show_after_minutes":0}}
           07:00 ann book 09:00~10:00       => CONFIRMED
           07:00 bob book 10:00~11:00       => CONFIRMED
           07:00 boss terms {"approval":{"required":true}} => ACTIVE
           07:00 bob book 11:00~12:00       => PENDING_APPROVAL
           08:50 ann check-in #1            => CHECKED_IN
           09:50 - tick                     => nothing
           11:00 - tick                     => 10:00 #1 overdue, 11:00 #2 EXPIRED, 11:00 #3 EXPIRED"#,
    );
}

/// The clock of an asset never runs back, so what was due is not undone.
#[test]
fn a_clock_set_back_finds_what_is_due_by_the_newest_record() {
    check(
        "07:00 ann book 09:00~10:00           => CONFIRMED
         10:00 boss name X                    => ACTIVE
         08:00 - tick                         => nothing
         08:00 ann check-in #1                => kept INVALID_TRANSITION NO_SHOW",
    );
}
