//! Bookings that wait for a yes: who may give it, until when, and what is judged again.

use crate::scenario::check;

#[test]
fn a_waiting_booking_blocks_its_window_until_it_is_decided() {
    check(
        r#"given {"approval":{"required":true}}
           07:00 ann book 09:00~10:00       => PENDING_APPROVAL
           07:00 - show #1                  => PENDING_APPROVAL 09:00~10:00 terms=1; PENDING expires 09:00
           07:10 bob book 09:30~10:30       => kept BOOKING_OVERLAP #1 09:00~10:00 next 10:00~11:00
           07:10 bob availability 08:00~12:00 => busy 09:00~10:00
           07:30 boss approve #1 key=yes    => CONFIRMED
           07:30 boss approve #1 key=yes    => replay of CONFIRMED
           07:30 - show #1                  => CONFIRMED 09:00~10:00 terms=1; APPROVED expires 09:00 by boss at 07:30
           09:00 ann check-in #1            => CHECKED_IN"#,
    );
    check(
        r#"given {"approval":{"required":true}}
           07:00 ann book 09:00~10:00       => PENDING_APPROVAL
           07:30 boss reject #1 reason=no   => REJECTED
           07:30 - show #1                  => REJECTED 09:00~10:00 terms=1; REJECTED expires 09:00 by boss at 07:30 for no
           07:30 - bill #1                  => 0 EUR
           07:30 bob book 09:30~10:30       => PENDING_APPROVAL
           07:30 chief reject #2            => REJECTED
           07:30 - show #2                  => REJECTED 09:30~10:30 terms=1; REJECTED expires 09:30 by chief at 07:30
           07:30 bob availability 08:00~12:00 => free"#,
    );
}

#[test]
fn it_expires_after_its_minutes_or_at_its_start() {
    check(
        r#"given {"approval":{"required":true,"expires_minutes":60}}
           07:00 ann book 09:00~10:00       => PENDING_APPROVAL
           07:00 bob book 11:00~12:00       => PENDING_APPROVAL
           07:00 ann book 07:30~08:00       => PENDING_APPROVAL
           07:00 ann book 08:00~08:30       => PENDING_APPROVAL
           07:00 - show #1                  => PENDING_APPROVAL 09:00~10:00 terms=1; PENDING expires 08:00
           07:00 - show #3                  => PENDING_APPROVAL 07:30~08:00 terms=1; PENDING expires 07:30
           07:29:59.999 - tick              => nothing
           07:30 - tick                     => 07:30 #3 EXPIRED
           07:59:59.999 boss approve #2     => CONFIRMED
           08:00 boss approve #1            => kept INVALID_TRANSITION EXPIRED
           08:00 boss reject #4             => kept INVALID_TRANSITION EXPIRED
           08:00 - show #1                  => EXPIRED 09:00~10:00 terms=1; EXPIRED expires 08:00
           08:00 - bill #1                  => 0 EUR
           08:00 bob book 09:00~10:00       => PENDING_APPROVAL"#,
    );
    check(
        r#"given {"approval":{"required":true}}
           07:00 ann book 09:00~10:00       => PENDING_APPROVAL
           07:00 ann book 10:00~11:00       => PENDING_APPROVAL
           08:59:59.999 boss approve #1     => CONFIRMED
           09:30 boss status INACTIVE       => INACTIVE
           12:00 - tick                     => 10:00 #1 EXPIRED, 10:00 #2 EXPIRED"#,
    );
    check(
        r#"given {"approval":{"required":true,"expires_minutes":0}}
           07:00 ann book 09:00~10:00       => PENDING_APPROVAL
           07:00 - tick                     => 07:00 #1 EXPIRED"#,
    );
}

#[test]
fn only_a_role_that_the_terms_name_and_never_the_booker() {
    check(
        r#"given {"approval":{"required":true,"approver_roles":["admin"]}}
           07:00 ann book 09:00~10:00       => PENDING_APPROVAL
           07:00 boss approve #1            => refused FORBIDDEN_ROLE
           07:00 boss reject #1             => refused FORBIDDEN_ROLE
           07:00 chief approve #1           => CONFIRMED
           07:00 chief book 10:00~11:00     => PENDING_APPROVAL
           07:00 chief approve #2           => refused FORBIDDEN_ROLE
           07:00 chief reject #2            => refused FORBIDDEN_ROLE
           07:00 chief cancel #2            => CANCELLED"#,
    );
    check(
        r#"given {"approval":{"required":true,"approver_roles":["manager"]}}
           07:00 ann book 09:00~10:00       => PENDING_APPROVAL
           07:00 chief approve #1           => refused FORBIDDEN_ROLE
           07:00 boss approve #1            => CONFIRMED"#,
    );
    check(
        r#"given {"approval":{"required":true}}
           07:00 boss book 09:00~10:00          => PENDING_APPROVAL
           07:00 boss approve #1                => refused FORBIDDEN_ROLE
           07:00 boss reject #1                 => refused FORBIDDEN_ROLE
           07:00 near-boss approve #1           => CONFIRMED
           07:00 boss book 10:00~11:00 for ann  => PENDING_APPROVAL
           07:00 boss approve #2                => CONFIRMED"#,
    );
}

#[test]
fn who_may_is_judged_before_the_state_and_by_the_terms_of_the_booking() {
    check(
        r#"given {"approval":{"required":true,"approver_roles":["manager"]}}
           07:00 ann book 09:00~10:00       => PENDING_APPROVAL
           07:00 boss terms {"approval":{"required":true,"approver_roles":["admin"]}} => ACTIVE
           07:00 ann book 10:00~11:00       => PENDING_APPROVAL
           07:00 chief approve #1           => refused FORBIDDEN_ROLE
           07:00 boss approve #2            => refused FORBIDDEN_ROLE
           07:00 boss approve #1            => CONFIRMED
           07:00 chief approve #1           => refused FORBIDDEN_ROLE
           07:00 ann approve #1             => refused FORBIDDEN_ROLE
           07:00 boss approve #1            => kept INVALID_TRANSITION CONFIRMED
           07:00 ann cancel #1              => CANCELLED
           07:00 chief reject #1            => refused FORBIDDEN_ROLE
           07:00 ann reject #1              => refused FORBIDDEN_ROLE
           07:00 boss reject #1             => kept INVALID_TRANSITION CANCELLED
           07:00 boss terms                 => ACTIVE
           07:00 boss book 11:00~12:00      => CONFIRMED
           07:00 - show #3                  => CONFIRMED 11:00~12:00 terms=3
           07:00 boss approve #3            => refused FORBIDDEN_ROLE
           07:00 chief approve #3           => kept INVALID_TRANSITION CONFIRMED"#,
    );
}

#[test]
fn a_yes_needs_an_active_asset_and_a_no_does_not() {
    check(
        r#"given {"approval":{"required":true}}
           07:00 ann book 09:00~10:00       => PENDING_APPROVAL
           07:00 ann book 10:00~11:00       => PENDING_APPROVAL
           07:00 boss status INACTIVE       => INACTIVE
           07:00 boss approve #1            => kept ASSET_UNAVAILABLE INACTIVE
           07:00 boss reject #2             => REJECTED
           07:00 boss status MAINTENANCE    => MAINTENANCE
           07:00 boss approve #1            => kept ASSET_UNAVAILABLE MAINTENANCE
           07:00 boss status RETIRED        => kept ASSET_HAS_LIVE_BOOKINGS
           07:00 boss status ACTIVE         => ACTIVE
           07:00 boss approve #1            => CONFIRMED"#,
    );
}

/// The terms' other rules were judged when it was asked for.
#[test]
fn a_yes_looks_at_no_deadline_length_or_hours_again() {
    check(
        r#"given {"approval":{"required":true},"deadline_minutes":60,"max_minutes":60,
                  "opening_hours":{"mon":[["09:00","10:00"]]}}
           07:00 ann book 09:00~10:00       => PENDING_APPROVAL
           07:00 boss terms {"approval":{"required":true},"opening_hours":{},"max_minutes":5} => ACTIVE
           08:59:59.999 boss approve #1     => CONFIRMED
           08:59:59.999 - show #1           => CONFIRMED 09:00~10:00 terms=1; APPROVED expires 09:00 by boss at 08:59:59.999"#,
    );
}

/// An overdue use may have grown into the window that waits.
#[test]
fn a_yes_judges_overlap_again() {
    let late = |minute: &str, answer: &str| {
        check(&format!(
            r#"given {{"approval":{{"required":true}},"buffer_after_minutes":5}}
               07:00 ann book 09:00~09:50       => PENDING_APPROVAL
               07:00 boss approve #1            => CONFIRMED
               07:00 bob book 10:00~11:00       => PENDING_APPROVAL
               09:00 ann check-in #1            => CHECKED_IN
               {minute} boss approve #2         => {answer}"#
        ));
    };
    late("09:55", "CONFIRMED");
    late("09:57", "kept BOOKING_OVERLAP #1 09:00~10:02 next 10:02~11:02");
}

#[test]
fn giving_up_before_a_decision_is_free_and_ends_the_wait() {
    check(
        r#"given {"approval":{"required":true},"pricing":{"cancel_fee_minor":500},"cancel_cutoff_minutes":60}
           07:00 ann book 09:00~10:00       => PENDING_APPROVAL
           07:00 ann book 10:00~11:00       => PENDING_APPROVAL
           07:59:59.999 ann cancel #1       => CANCELLED
           07:59:59.999 - show #1           => CANCELLED 09:00~10:00 terms=1; CANCELLED expires 09:00
           07:59:59.999 - bill #1           => 0 EUR
           09:00 ann cancel #2              => kept CANCEL_CUTOFF_PASSED
           09:00 boss cancel #2             => CANCELLED"#,
    );
}
