//! Moving a confirmed booking: who may, until when, and under which terms it comes.

use holdfast_domain::Outcome;

use crate::{
    scenario::{check, run},
    world::World,
};

#[test]
fn a_booking_moves_whole_or_by_one_end() {
    check(
        r#"given {"check_in":{"no_show_after_minutes":30},"pricing":{"per_hour_minor":1200}}
           07:00 ann book 09:00~10:00          => CONFIRMED
           07:00 ann move-to #1 09:30~11:00    => CONFIRMED
           07:00 - show #1                     => CONFIRMED 09:30~11:00 terms=1
           07:00 - bill #1                     => estimated 1800 EUR
           07:00 ann move-to #1 10:00~         => CONFIRMED
           07:00 - show #1                     => CONFIRMED 10:00~11:00 terms=1
           07:00 ann move-to #1 ~12:00         => CONFIRMED
           07:00 - show #1                     => CONFIRMED 10:00~12:00 terms=1
           07:00 ann move-to #1 12:00~         => refused VALIDATION_FAILED #/end must be after start
           07:00 ann extend #1 10:00           => refused VALIDATION_FAILED #/end must be after start
           07:00 bob book 09:00~10:00          => CONFIRMED
           07:00 bob book 12:00~13:00          => CONFIRMED
           07:00 bob availability 08:00~14:00  => busy 09:00~13:00
           10:29:59.999 - tick                 => 09:30 #2 NO_SHOW
           10:30 - tick                        => 10:30 #1 NO_SHOW"#,
    );
}

#[test]
fn its_own_claim_is_not_in_its_way_and_others_are() {
    check(
        r#"given {"buffer_after_minutes":15}
           07:00 ann book 09:00~10:00          => CONFIRMED
           07:00 bob book 11:00~12:00          => CONFIRMED
           07:00 ann move-to #1 09:05~10:05    => CONFIRMED
           07:00 ann move-to #1 09:45~10:45    => CONFIRMED
           07:00 ann move-to #1 09:46~10:46    => kept BOOKING_OVERLAP #2 11:00~12:15 next 12:15~13:15
           07:00 ann move-to #1 10:00~10:46    => kept BOOKING_OVERLAP #2 11:00~12:15 next 12:15~13:01
           07:00 ann move-to #1 12:14~13:00    => kept BOOKING_OVERLAP #2 11:00~12:15 next 12:15~13:01
           07:00 ann move-to #1 12:15~13:00    => CONFIRMED
           07:00 bob availability 08:00~14:00  => busy 11:00~13:15"#,
    );
}

#[test]
fn if_match_comes_first() {
    check(
        r#"given {"deadline_minutes":60}
           07:00 ann book 09:00~10:00                        => CONFIRMED
           07:00 ann extend #1 08:00 if-match=none           => refused PRECONDITION_REQUIRED
           07:00 ann extend #1 08:00 if-match="1-0"          => refused PRECONDITION_FAILED
           07:00 ann extend #1 08:00 if-match=2-0            => refused PRECONDITION_FAILED
           07:00 ann extend #1 11:00 if-match="2-0" key=a    => CONFIRMED
           07:00 ann extend #1 12:00 if-match="2-0"          => refused PRECONDITION_FAILED
           07:00 ann extend #1 11:00 if-match="2-0" key=a    => replay of CONFIRMED
           07:00 ann cancel #1                               => CANCELLED
           07:00 ann extend #1 12:00 if-match=none           => refused PRECONDITION_REQUIRED
           07:00 ann extend #1 12:00 if-match="3-0"          => refused PRECONDITION_FAILED
           07:00 ann extend #1 12:00 if-match="4-0"          => kept INVALID_TRANSITION CANCELLED"#,
    );
}

#[test]
fn what_changes_nothing_is_accepted_without_an_event() {
    let mut world = World::with_terms(Some(
        r#"{"deadline_minutes":60,"cancel_cutoff_minutes":60,"max_minutes":60}"#.into(),
    ));
    run(&mut world, "07:00 ann book 09:00~10:00 => CONFIRMED");
    let before = world.state.booking_document(world.bookings[0]).unwrap();
    run(
        &mut world,
        "08:30 boss status INACTIVE               => INACTIVE
         08:30 ann move-to #1 09:00~10:00 key=same => CONFIRMED
         08:30 ann move-to #1 ~                   => CONFIRMED
         08:30 ann move-to #1 ~ accept-terms      => CONFIRMED
         08:30 ann move-to #1 ~ accept-terms=false => CONFIRMED
         08:30 ann move-to #1 09:00~10:00 key=same => replay of CONFIRMED
         08:30 ann move-to #1 09:00~10:01         => kept ASSET_UNAVAILABLE INACTIVE",
    );
    assert_eq!(world.state.booking_document(world.bookings[0]).unwrap(), before);
    for record in &world.log[3..7] {
        let Outcome::Accepted(accepted) = &record.outcome else { panic!("refused") };
        assert!(accepted.events.is_empty());
    }
    world.check_all();
}

#[test]
fn a_booking_that_moves_comes_under_the_current_terms() {
    check(
        r#"given {"max_minutes":60,"buffer_after_minutes":15,"pricing":{"per_hour_minor":1200}}
           07:00 ann book 09:00~10:00                        => CONFIRMED
           07:00 boss terms {"max_minutes":120,"pricing":{"per_hour_minor":600}} => ACTIVE
           07:00 - show #1                                   => CONFIRMED 09:00~10:00 terms=1
           07:00 ann move-to #1 ~                            => kept TERMS_NOT_ACCEPTED
           07:00 ann extend #1 11:00                         => kept TERMS_NOT_ACCEPTED
           07:00 ann extend #1 11:00 accept-terms=false      => kept TERMS_NOT_ACCEPTED
           07:00 boss extend #1 11:00                        => kept TERMS_NOT_ACCEPTED
           07:00 bob availability 08:00~14:00                => busy 09:00~10:15
           07:00 ann extend #1 11:00 accept-terms            => CONFIRMED
           07:00 - show #1                                   => CONFIRMED 09:00~11:00 terms=2
           07:00 - bill #1                                   => estimated 1200 EUR
           07:00 bob availability 08:00~14:00                => busy 09:00~11:00
           07:00 ann extend #1 11:01                         => refused DURATION_OUT_OF_RANGE 120
           07:00 ann extend #1 10:30                         => CONFIRMED"#,
    );
    // The same window under newer terms is a change.
    check(
        r#"given {"check_in":{"no_show_after_minutes":30}}
           07:00 ann book 09:00~10:00                        => CONFIRMED
           07:00 boss terms {"check_in":{"no_show_after_minutes":10}} => ACTIVE
           07:00 ann move-to #1 ~ accept-terms               => CONFIRMED
           07:00 - show #1                                   => CONFIRMED 09:00~10:00 terms=2
           09:10 - tick                                      => 09:10 #1 NO_SHOW"#,
    );
}

#[test]
fn a_booking_never_changes_its_currency() {
    check(
        r#"07:00 ann book 09:00~10:00                        => CONFIRMED
           07:00 boss terms {"pricing":{"currency":"CHF"}}   => ACTIVE
           07:00 ann extend #1 11:00                         => kept TERMS_NOT_ACCEPTED
           07:00 ann extend #1 11:00 accept-terms            => kept TERMS_CHANGED 2
           07:00 boss terms {"min_minutes":1}                => ACTIVE
           07:00 ann extend #1 11:00 accept-terms            => CONFIRMED"#,
    );
}

#[test]
fn a_member_moves_before_the_cut_off_of_the_old_start() {
    let moves = |time: &str, who: &str, answer: &str| {
        check(&format!(
            r#"given {{"cancel_cutoff_minutes":60}}
               07:00 ann book 09:00~10:00               => CONFIRMED
               07:00 boss terms {{"min_minutes":5}}      => ACTIVE
               {time} {who} move-to #1 12:00~13:00 accept-terms => {answer}"#
        ));
    };
    moves("07:59:59.999", "ann", "CONFIRMED");
    moves("08:00", "ann", "kept CANCEL_CUTOFF_PASSED");
    moves("08:00", "boss", "CONFIRMED");
    moves("08:59:59.999", "chief", "CONFIRMED");
    moves("09:59:59.999", "chief", "CONFIRMED");
    moves("10:00", "chief", "kept INVALID_TRANSITION NO_SHOW");
}

#[test]
fn the_deadline_is_of_the_new_start_and_binds_everybody() {
    check(
        r#"given {"deadline_minutes":60}
           07:00 ann book 09:00~10:00          => CONFIRMED
           07:00 ann move-to #1 08:00~         => kept BOOKING_DEADLINE_PASSED 07:00 07:00
           07:00 boss move-to #1 08:00~        => kept BOOKING_DEADLINE_PASSED 07:00 07:00
           07:00 ann move-to #1 08:00:00.001~  => CONFIRMED
           07:00:00.001 ann extend #1 10:30    => kept BOOKING_DEADLINE_PASSED 07:00:00.001 07:00:00.001
           07:00:00.001 ann move-to #1 09:00~  => CONFIRMED"#,
    );
}

#[test]
fn where_approval_is_required_only_a_manager_widens() {
    check(
        r#"given {"approval":{"required":true}}
           07:00 ann book 09:00~12:00          => PENDING_APPROVAL
           07:00 ann extend #1 11:00           => kept INVALID_TRANSITION PENDING_APPROVAL
           07:00 boss extend #1 11:00          => kept INVALID_TRANSITION PENDING_APPROVAL
           07:00 boss approve #1               => CONFIRMED
           07:00 ann extend #1 12:00:00.001    => kept APPROVAL_REQUIRED
           07:00 ann move-to #1 08:59:59.999~  => kept APPROVAL_REQUIRED
           07:00 ann move-to #1 13:00~14:00    => kept APPROVAL_REQUIRED
           07:00 ann move-to #1 09:15~12:00    => CONFIRMED
           07:00 ann move-to #1 09:15~11:30    => CONFIRMED
           07:00 ann move-to #1 09:30~11:30    => CONFIRMED
           07:00 ann extend #1 12:00           => kept APPROVAL_REQUIRED
           07:00 boss move-to #1 09:00~12:00   => CONFIRMED
           07:00 chief move-to #1 13:00~14:00  => CONFIRMED
           07:00 - show #1                     => CONFIRMED 13:00~14:00 terms=1; APPROVED expires 09:00 by boss at 07:00"#,
    );
    // Whether it is required is a matter of the terms it comes under.
    check(
        r#"07:00 ann book 09:00~10:00                             => CONFIRMED
           07:00 boss terms {"approval":{"required":true}}        => ACTIVE
           07:00 ann extend #1 11:00 accept-terms                 => kept APPROVAL_REQUIRED
           07:00 ann extend #1 09:30 accept-terms                 => CONFIRMED
           07:00 - show #1                                        => CONFIRMED 09:00~09:30 terms=2
           07:00 boss terms                                       => ACTIVE
           07:00 ann extend #1 11:00 accept-terms                 => CONFIRMED"#,
    );
}

#[test]
fn the_first_rule_in_the_order_of_the_contract_refuses() {
    let rules = |more: &str| {
        format!(
            r#"{{"deadline_minutes":60,"cancel_cutoff_minutes":120,"max_minutes":120,"max_advance_days":7,"opening_hours":{{"mon":[["08:00","18:00"]]}},"approval":{{"required":true}},{more}}}"#
        )
    };
    let (first, francs) =
        (rules(r#""min_minutes":30"#), rules(r#""pricing":{"currency":"CHF"},"min_minutes":30"#));
    let last = rules(r#""min_minutes":45"#);
    check(&format!(
        r#"given {first}
           06:00 ann book 10:00~11:00                               => PENDING_APPROVAL
           06:00 ann book 12:00~13:00                               => PENDING_APPROVAL
           06:00 boss approve #1                                    => CONFIRMED
           06:00 boss approve #2                                    => CONFIRMED
           06:00 boss terms {francs}                                => ACTIVE
           09:00 boss status INACTIVE                               => INACTIVE
           09:00 bob move-to #1 11:00~10:00 if-match=none           => refused NOT_FOUND
           09:00 ann move-to #1 11:00~10:00 if-match=none           => refused PRECONDITION_REQUIRED
           09:00 ann move-to #1 11:00~10:00 if-match="0-0"          => refused PRECONDITION_FAILED
           09:00 ann move-to #1 11:00~10:00                         => refused VALIDATION_FAILED #/end must be after start
           09:00 ann move-to #1 09:30~09:40                         => kept TERMS_NOT_ACCEPTED
           09:00 ann move-to #1 09:30~09:40 accept-terms            => kept TERMS_CHANGED 2
           09:00 boss terms {last}                                  => INACTIVE
           09:00 ann move-to #1 09:30~09:40 accept-terms            => kept ASSET_UNAVAILABLE INACTIVE
           09:00 boss status ACTIVE                                 => ACTIVE
           09:00 ann move-to #1 09:30~09:40 accept-terms            => kept BOOKING_DEADLINE_PASSED 09:00 08:30
           09:00 ann move-to #1 11:30~11:40 accept-terms            => kept CANCEL_CUTOFF_PASSED
           09:00 ann move-to #2 12:50~13:20 accept-terms            => kept APPROVAL_REQUIRED
           09:00 boss move-to #2 03-17T19:00~03-17T19:30 accept-terms => refused DURATION_OUT_OF_RANGE 45
           09:00 boss move-to #2 03-17T19:00~03-17T20:00 accept-terms => refused OUTSIDE_OPENING_HOURS start end open
           09:00 boss move-to #2 03-16T12:00~03-16T13:00 accept-terms => refused TOO_FAR_AHEAD 10080
           09:00 boss move-to #2 10:30~11:30 accept-terms           => kept BOOKING_OVERLAP #1 10:00~11:00 next 11:00~12:00
           09:00 boss move-to #2 11:00~12:00 accept-terms           => CONFIRMED
           09:00 - show #2                                          => CONFIRMED 11:00~12:00 terms=3; APPROVED expires 12:00 by boss at 06:00"#
    ));
}

/// The start has not moved, but it is judged like any other.
#[test]
fn a_start_behind_a_late_return_is_judged_again() {
    check(
        r#"given {"buffer_after_minutes":15}
           07:00 ann book 09:00~10:00          => CONFIRMED
           07:00 bob book 10:15~11:00          => CONFIRMED
           09:00 ann check-in #1               => CHECKED_IN
           10:00 bob extend #2 10:45           => CONFIRMED
           10:05 bob extend #2 10:30           => kept BOOKING_OVERLAP #1 09:00~10:20 next 10:20~10:35
           10:05 bob move-to #2 10:20~         => CONFIRMED"#,
    );
}

/// Outside of the old window the same caller would be refused with `APPROVAL_REQUIRED`.
#[test]
fn nothing_is_offered_that_would_need_another_approval() {
    check(
        r#"given {"buffer_after_minutes":15}
           07:00 ann book 09:00~10:00          => CONFIRMED
           07:00 bob book 10:15~11:00          => CONFIRMED
           07:00 boss terms {"approval":{"required":true},"buffer_after_minutes":30} => ACTIVE
           07:00 ann move-to #1 09:00~09:50 accept-terms => kept BOOKING_OVERLAP #2 10:15~11:15 next none"#,
    );
}
