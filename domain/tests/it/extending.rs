//! A booking in use ends later or earlier: it keeps its terms, and what it adds must be free.

use crate::scenario::check;

#[test]
fn in_use_only_the_end_moves_and_into_the_future() {
    let (start, end) = (
        "refused VALIDATION_FAILED #/start cannot be changed while the booking is in use",
        "refused VALIDATION_FAILED #/end must be in the future while the booking is in use",
    );
    check(&format!(
        "07:00 ann book 09:00~10:00          => CONFIRMED
         08:50 ann check-in #1               => CHECKED_IN
         08:55 ann extend #1 08:59           => refused VALIDATION_FAILED #/end must be after start
         09:10 ann move-to #1 09:30~         => {start}
         09:10 ann move-to #1 09:00~11:00    => {start}
         09:10 ann extend #1 09:10           => {end}
         09:10 ann extend #1 09:10:00.001    => CHECKED_IN
         09:10 ann extend #1 11:00           => CHECKED_IN
         09:10 - show #1                     => CHECKED_IN 09:00~11:00 terms=1 from 08:50
         09:10 ann extend #1 11:00           => CHECKED_IN
         10:59:59.999 - tick                 => nothing
         11:00 - tick                        => 11:00 #1 overdue"
    ));
}

#[test]
fn an_overdue_booking_may_be_extended() {
    check(
        r#"given {"buffer_after_minutes":15,"pricing":{"per_hour_minor":60,
                  "late_fee":{"per_started_minutes":30,"amount_minor":900}}}
           07:00 ann book 09:00~10:00          => CONFIRMED
           09:00 ann check-in #1               => CHECKED_IN
           10:10 - tick                        => 10:00 #1 overdue
           10:10 ann extend #1 10:00           => refused VALIDATION_FAILED #/end must be in the future while the booking is in use
           10:10 ann move-to #1 ~              => refused VALIDATION_FAILED #/end must be in the future while the booking is in use
           10:10 ann extend #1 11:00           => CHECKED_IN
           10:10 - show #1                     => CHECKED_IN 09:00~11:00 terms=1 from 09:00
           10:10 - bill #1                     => estimated 120 EUR
           10:10 bob availability 08:00~14:00  => busy 09:00~11:15
           10:59:59.999 - tick                 => nothing
           11:00 - tick                        => 11:00 #1 overdue
           11:00 ann extend #1 11:30           => CHECKED_IN
           11:30 ann check-out #1              => CHECKED_OUT
           11:30 - bill #1                     => 150 EUR = BASE 150 MINUTE 150"#,
    );
}

#[test]
fn an_extension_knows_no_deadline_cut_off_or_approval() {
    check(
        r#"given {"deadline_minutes":600,"cancel_cutoff_minutes":600,"approval":{"required":true}}
           00:00 ann book 12:00~13:00          => PENDING_APPROVAL
           01:00 boss approve #1               => CONFIRMED
           12:00 ann check-in #1               => CHECKED_IN
           12:30 ann extend #1 14:00           => CHECKED_IN
           12:30 ann extend #1 13:30           => CHECKED_IN"#,
    );
}

#[test]
fn an_extension_keeps_its_terms() {
    check(
        r#"given {"min_minutes":30,"max_minutes":120,"pricing":{"per_hour_minor":60}}
           07:00 ann book 09:00~10:00          => CONFIRMED
           09:00 ann check-in #1               => CHECKED_IN
           09:00 boss terms {"max_minutes":5,"pricing":{"currency":"CHF"},"opening_hours":{}} => ACTIVE
           09:10 ann extend #1 09:29:59.999    => refused DURATION_OUT_OF_RANGE 30
           09:10 ann extend #1 11:00:00.001    => refused DURATION_OUT_OF_RANGE 120
           09:10 ann extend #1 11:00           => CHECKED_IN
           09:10 - show #1                     => CHECKED_IN 09:00~11:00 terms=1 from 09:00
           09:10 - bill #1                     => estimated 120 EUR
           09:10 ann extend #1 09:30 accept-terms => CHECKED_IN
           09:10 - show #1                     => CHECKED_IN 09:00~09:30 terms=1 from 09:00"#,
    );
}

#[test]
fn an_extension_ends_in_the_opening_hours() {
    check(
        r#"given {"opening_hours":{"mon":[["09:00","12:00"],["13:00","17:00"]]}}
           07:00 ann book 09:00~10:00          => CONFIRMED
           09:00 ann check-in #1               => CHECKED_IN
           11:00 ann extend #1 12:00:00.001    => refused OUTSIDE_OPENING_HOURS end open 09:00~12:00 13:00~17:00
           11:00 ann extend #1 13:00           => refused OUTSIDE_OPENING_HOURS end open 09:00~12:00 13:00~17:00
           11:00 ann extend #1 12:00           => CHECKED_IN
           11:00 ann extend #1 17:00           => CHECKED_IN"#,
    );
}

#[test]
fn an_extension_meets_others_and_is_offered_nothing() {
    check(
        r#"given {"buffer_after_minutes":15}
           07:00 ann book 09:00~10:00          => CONFIRMED
           07:00 bob book 11:00~12:00          => CONFIRMED
           09:00 ann check-in #1               => CHECKED_IN
           09:10 ann extend #1 10:46           => kept BOOKING_OVERLAP #2 11:00~12:15 next none
           09:10 ann extend #1 10:45           => CHECKED_IN
           10:50 ann extend #1 11:00           => kept BOOKING_OVERLAP #2 11:00~12:15 next none"#,
    );
}

#[test]
fn only_a_longer_use_needs_an_active_asset() {
    check(
        "07:00 ann book 09:00~10:00          => CONFIRMED
         09:00 ann check-in #1               => CHECKED_IN
         09:10 boss status MAINTENANCE       => MAINTENANCE
         09:10 ann extend #1 10:00           => CHECKED_IN
         09:10 ann extend #1 10:00:00.001    => kept ASSET_UNAVAILABLE MAINTENANCE
         09:10 ann extend #1 09:30           => CHECKED_IN
         09:30 ann extend #1 09:40           => kept ASSET_UNAVAILABLE MAINTENANCE
         09:40 ann check-out #1              => CHECKED_OUT",
    );
}

/// The buffer of the return before it still runs over the part that is used already, which no new
/// end can take back; the time that is added is free.
#[test]
fn a_use_that_began_behind_a_late_return_is_shortened_and_extended() {
    check(
        r#"given {"buffer_after_minutes":15}
           07:00 ann book 09:00~10:00          => CONFIRMED
           07:00 bob book 10:15~11:00          => CONFIRMED
           09:00 ann check-in #1               => CHECKED_IN
           10:20 ann check-out #1              => CHECKED_OUT
           10:20 bob check-in #2               => CHECKED_IN
           10:25 bob extend #2 10:50           => CHECKED_IN
           10:25 bob extend #2 11:30           => CHECKED_IN"#,
    );
}
