//! The role matrix: who may do what, and what the others are told.

use crate::scenario::check;

#[test]
fn who_may_change_an_asset() {
    check(
        "07:00 boss name A        => ACTIVE
         07:00 chief name B       => ACTIVE
         07:00 near-boss name C   => ACTIVE
         07:00 ann name D         => refused FORBIDDEN_ROLE
         07:00 auditor name D     => refused FORBIDDEN_ROLE
         07:00 operator name D    => refused FORBIDDEN_ROLE
         07:00 far-boss name D    => refused NOT_FOUND
         07:00 guest-boss name D  => refused NOT_FOUND
         07:00 guest-boss name D if-match=none => refused NOT_FOUND",
    );
}

#[test]
fn moving_needs_the_old_and_the_new_location() {
    check(
        "07:00 near-boss move loc_8  => refused FORBIDDEN_LOCATION
         07:00 far-boss move loc_8   => refused NOT_FOUND
         07:00 boss move loc_8       => ACTIVE
         07:00 near-boss move loc_7  => refused NOT_FOUND
         07:00 far-boss name X       => ACTIVE",
    );
}

#[test]
fn sharing_gives_a_members_powers_whatever_the_role() {
    for shared in ["org_2", "*", "org_3 org_2"] {
        check(&format!(
            "07:00 guest book 09:00~10:00              => refused NOT_FOUND
             07:00 boss share {shared}                 => ACTIVE
             07:00 guest book 09:00~10:00              => CONFIRMED
             07:00 guest-boss book 11:00~12:00 for guest => refused FORBIDDEN_USER
             07:00 guest-boss book 11:00~12:00         => CONFIRMED
             07:00 guest-boss name X                   => refused FORBIDDEN_ROLE
             07:00 guest-boss status RETIRED if-match=none => refused FORBIDDEN_ROLE
             07:00 guest-boss cancel #1                => refused NOT_FOUND
             07:00 guest-auditor cancel #1             => refused NOT_FOUND
             09:00 guest-boss check-in #1              => refused BOOKING_NOT_FOUND
             11:00 guest-boss cancel #2                => kept CANCEL_CUTOFF_PASSED"
        ));
    }
}

#[test]
fn who_books_for_whom() {
    check(
        "07:00 ann book 09:00~10:00                => CONFIRMED
         07:00 ann book 10:00~11:00 for bob        => refused FORBIDDEN_USER
         07:00 auditor book 10:00~11:00 for bob    => refused FORBIDDEN_USER
         07:00 operator book 10:00~11:00 for bob   => refused FORBIDDEN_USER
         07:00 boss book 10:00~11:00 for bob       => CONFIRMED
         07:00 chief book 11:00~12:00 for bob      => CONFIRMED
         07:00 far-boss book 12:00~13:00           => refused NOT_FOUND
         10:00 bob check-in #2                     => CHECKED_IN",
    );
}

#[test]
fn others_bookings_are_absent_for_a_member() {
    check(
        "07:00 ann book 09:00~10:00   => CONFIRMED
         07:00 bob cancel #1          => refused NOT_FOUND
         09:00 bob check-in #1        => refused BOOKING_NOT_FOUND
         09:00 bob check-out #1       => refused BOOKING_NOT_FOUND
         07:00 auditor cancel #1      => refused FORBIDDEN_ROLE
         09:00 auditor check-in #1    => refused FORBIDDEN_ROLE
         09:00 auditor check-out #1   => refused FORBIDDEN_ROLE
         09:00 boss check-in #1       => CHECKED_IN
         09:00 chief check-out #1     => CHECKED_OUT
         09:00 bob cancel #1          => refused NOT_FOUND
         09:00 bob check-in #1        => refused BOOKING_NOT_FOUND
         09:00 auditor cancel #1      => refused FORBIDDEN_ROLE
         09:00 boss cancel #1         => kept INVALID_TRANSITION CHECKED_OUT",
    );
}

#[test]
fn one_name_in_two_orgs_is_two_people() {
    check(
        "07:00 boss share org_2       => ACTIVE
         07:00 ann book 09:00~10:00   => CONFIRMED
         07:00 guest-ann cancel #1    => refused NOT_FOUND
         09:00 guest-ann check-in #1  => refused BOOKING_NOT_FOUND",
    );
}

#[test]
fn own_bookings_stay_reachable_when_the_asset_is_no_longer_visible() {
    check(
        "07:00 ann book 09:00~10:00     => CONFIRMED
         07:00 ann book 10:00~11:00     => CONFIRMED
         07:00 bob book 11:00~12:00     => CONFIRMED
         07:00 far-ann book 12:00~13:00 => refused NOT_FOUND
         09:00 far-ann check-in #1      => CHECKED_IN
         09:30 far-ann check-out #1     => CHECKED_OUT
         09:30 far-ann check-out #1     => kept INVALID_TRANSITION CHECKED_OUT
         09:30 far-ann cancel #2        => CANCELLED
         09:30 far-ann cancel #3        => refused NOT_FOUND
         11:00 far-ann check-in #3      => refused NOT_FOUND
         11:00 far-ann check-in #0      => refused NOT_FOUND
         11:00 far-ann check-in #none   => refused NOT_FOUND
         11:00 far-boss check-out #3    => refused NOT_FOUND
         11:00 guest check-out #3       => refused NOT_FOUND",
    );
}

#[test]
fn a_key_shows_nothing_that_its_holder_may_no_longer_see() {
    check(
        "07:00 boss share org_2                 => ACTIVE
         07:00 guest book 09:00~10:00 key=k     => CONFIRMED
         07:00 guest book 09:00~10:00 key=k     => replay of CONFIRMED
         07:00 boss share                       => ACTIVE
         07:00 guest book 09:00~10:00 key=k     => refused NOT_FOUND
         07:00 guest cancel #1 key=c            => CANCELLED
         07:00 guest cancel #1 key=c            => replay of CANCELLED",
    );
}

#[test]
fn who_approves_adjusts_and_moves() {
    check(
        r#"given {"approval":{"required":true}}
           07:00 ann book 09:00~10:00        => PENDING_APPROVAL
           07:00 ann approve #1              => refused FORBIDDEN_ROLE
           07:00 ann reject #1               => refused FORBIDDEN_ROLE
           07:00 bob approve #1              => refused NOT_FOUND
           07:00 bob reject #1               => refused NOT_FOUND
           07:00 auditor approve #1          => refused FORBIDDEN_ROLE
           07:00 auditor reject #1           => refused FORBIDDEN_ROLE
           07:00 operator approve #1         => refused NOT_FOUND
           07:00 far-boss approve #1         => refused NOT_FOUND
           07:00 guest-boss approve #1       => refused NOT_FOUND
           07:00 boss approve #0             => refused NOT_FOUND
           07:00 boss approve #9             => refused NOT_FOUND
           07:00 boss approve #alien         => refused NOT_FOUND
           07:00 near-boss approve #1        => CONFIRMED
           07:00 bob extend #1 09:30         => refused NOT_FOUND
           07:00 bob extend #1 09:30 if-match=none => refused NOT_FOUND
           07:00 auditor extend #1 09:30 if-match=none => refused FORBIDDEN_ROLE
           07:00 far-boss extend #1 09:30    => refused NOT_FOUND
           07:00 guest-boss extend #1 09:30  => refused NOT_FOUND
           07:00 ann extend #0 09:30         => refused NOT_FOUND
           07:00 ann extend #1 09:30         => CONFIRMED
           07:00 chief extend #1 09:45       => CONFIRMED
           07:00 boss adjust #1 100          => kept INVALID_TRANSITION CONFIRMED
           07:00 ann adjust #1 100           => refused FORBIDDEN_ROLE
           07:00 ann cancel #1               => CANCELLED
           07:00 ann adjust #1 100           => refused FORBIDDEN_ROLE
           07:00 bob adjust #1 100           => refused NOT_FOUND
           07:00 auditor adjust #1 100       => refused FORBIDDEN_ROLE
           07:00 far-boss adjust #1 100      => refused NOT_FOUND
           07:00 guest-boss adjust #1 100    => refused NOT_FOUND
           07:00 boss adjust #0 100          => refused NOT_FOUND
           07:00 near-boss adjust #1 100     => CANCELLED
           07:00 chief adjust #1 100         => CANCELLED"#,
    );
}

#[test]
fn who_asks_for_quotes_and_availability() {
    check(
        "07:00 ann book 09:00~10:00                => CONFIRMED
         07:00 bob quote 09:00~10:00               => 0 EUR
         07:00 bob availability 08:00~12:00        => busy 09:00~10:00
         07:00 auditor quote 09:00~10:00           => 0 EUR
         07:00 auditor availability 08:00~12:00    => busy 09:00~10:00
         07:00 boss quote 09:00~10:00              => 0 EUR
         07:00 far-ann quote 09:00~10:00           => refused NOT_FOUND
         07:00 far-ann availability 08:00~12:00    => refused NOT_FOUND
         07:00 guest-boss quote 09:00~10:00        => refused NOT_FOUND
         07:00 guest-boss availability 08:00~12:00 => refused NOT_FOUND
         07:00 boss share org_2                    => ACTIVE
         07:00 guest quote 09:00~10:00             => 0 EUR
         07:00 guest availability 08:00~12:00      => busy 09:00~10:00",
    );
}

#[test]
fn through_sharing_a_manager_is_bound_as_a_member() {
    check(
        r#"given {"approval":{"required":true},"cancel_cutoff_minutes":60}
           07:00 boss share org_2                => ACTIVE
           07:00 guest book 09:00~10:00          => PENDING_APPROVAL
           07:00 guest-boss book 11:00~12:00     => PENDING_APPROVAL
           07:00 guest-boss approve #1           => refused NOT_FOUND
           07:00 guest-boss approve #2           => refused FORBIDDEN_ROLE
           07:00 boss approve #1                 => CONFIRMED
           07:00 chief approve #2                => CONFIRMED
           07:00 guest-boss extend #1 09:30      => refused NOT_FOUND
           07:00 guest-boss extend #2 12:30      => kept APPROVAL_REQUIRED
           07:00 guest-boss extend #2 11:30      => CONFIRMED
           10:00 guest-boss extend #2 11:15      => kept CANCEL_CUTOFF_PASSED
           10:00 guest-boss cancel #2            => kept CANCEL_CUTOFF_PASSED
           10:00 boss cancel #2                  => CANCELLED
           10:00 guest-boss adjust #2 100        => refused FORBIDDEN_ROLE
           10:00 boss adjust #2 100              => CANCELLED"#,
    );
}

#[test]
fn ones_own_bookings_go_on_after_the_asset_went_out_of_sight() {
    check(
        r#"given {"approval":{"required":true}}
           07:00 boss share org_2            => ACTIVE
           07:00 ann book 09:00~10:00        => PENDING_APPROVAL
           07:00 guest book 10:00~11:00      => PENDING_APPROVAL
           07:00 boss approve #1             => CONFIRMED
           07:00 boss approve #2             => CONFIRMED
           07:00 boss share                  => ACTIVE
           07:00 guest quote 12:00~13:00     => refused NOT_FOUND
           07:00 guest availability 08:00~12:00 => refused NOT_FOUND
           07:00 guest extend #2 10:30       => CONFIRMED
           07:00 guest extend #1 09:30       => refused NOT_FOUND
           07:00 far-ann extend #1 09:45     => CONFIRMED
           07:00 far-ann approve #1          => refused FORBIDDEN_ROLE
           07:00 far-ann extend #2 10:45     => refused NOT_FOUND
           09:00 far-ann check-in #1         => CHECKED_IN
           09:00 far-ann extend #1 09:50     => CHECKED_IN
           09:50 far-ann check-out #1        => CHECKED_OUT
           10:00 guest check-in #2           => CHECKED_IN
           10:10 guest check-out #2          => CHECKED_OUT
           10:10 guest adjust #2 100         => refused FORBIDDEN_ROLE"#,
    );
}
