//! Which windows are let in: deadline, length, advance, buffers, and what is offered instead.

use crate::scenario::check;

#[test]
fn the_deadline_has_passed_when_it_is_reached() {
    check(
        r#"given {"deadline_minutes":120}
           06:59:59.999 ann book 09:00~10:00  => CONFIRMED
           07:00 bob book 09:00~10:00         => kept BOOKING_DEADLINE_PASSED 07:00 07:00
           07:00 boss book 09:00~10:00        => kept BOOKING_DEADLINE_PASSED 07:00 07:00
           07:01 bob book 08:00~09:00         => kept BOOKING_DEADLINE_PASSED 07:01 06:00
           07:00 bob book 10:00~11:00         => CONFIRMED"#,
    );
}

#[test]
fn a_length_is_from_min_to_max() {
    check(
        r#"given {"min_minutes":30,"max_minutes":60}
           07:00 ann book 09:00~09:29:59.999  => refused DURATION_OUT_OF_RANGE 30
           07:00 ann book 09:00~09:30         => CONFIRMED
           07:00 ann book 10:00~11:00:00.001  => refused DURATION_OUT_OF_RANGE 60
           07:00 ann book 10:00~11:00         => CONFIRMED"#,
    );
    check(
        r#"given {"min_minutes":60,"max_minutes":60}
           07:00 ann book 09:00~09:59:59.999  => refused DURATION_OUT_OF_RANGE 60
           07:00 ann book 09:00~10:00:00.001  => refused DURATION_OUT_OF_RANGE 60
           07:00 ann book 09:00~10:00         => CONFIRMED"#,
    );
}

#[test]
fn terms_do_not_lift_the_hard_limits() {
    check(
        r#"given {"max_minutes":5256000,"max_advance_days":5256000}
           09:00 ann book 2027-01-01T00:00:00Z~2028-01-02T00:00:00.001Z     => refused DURATION_OUT_OF_RANGE 527040
           09:00 ann book 2027-01-01T00:00:00Z~2028-01-02T00:00:00Z         => CONFIRMED
           09:00 ann book 2031-03-06T09:00:00.001Z~2031-03-06T10:00:00.001Z => refused TOO_FAR_AHEAD 2635200
           09:00 ann book 2031-03-06T09:00:00Z~2031-03-06T10:00:00Z         => CONFIRMED"#,
    );
}

#[test]
fn only_the_start_is_limited_in_advance() {
    check(
        r#"given {"max_advance_days":1}
           07:00 ann book 2026-03-03T07:00:00.001Z~2026-03-03T08:00:00Z => refused TOO_FAR_AHEAD 1440
           07:00 boss book 03-03T07:01~03-03T08:00                      => refused TOO_FAR_AHEAD 1440
           07:00 ann book 03-03T07:00~03-09T07:00                       => CONFIRMED"#,
    );
    check(
        r#"given {"max_advance_days":0}
           07:00 ann book 07:01~08:00         => refused TOO_FAR_AHEAD 0"#,
    );
}

#[test]
fn the_buffers_of_both_bookings_add_up() {
    check(
        r#"given {"buffer_before_minutes":10,"buffer_after_minutes":15}
           07:00 ann book 09:00~10:00         => CONFIRMED
           07:00 bob book 10:24:59.999~11:00  => kept BOOKING_OVERLAP #1 08:50~10:15 next 10:25~11:00:00.001
           07:00 bob book 10:25~11:00         => CONFIRMED
           07:00 bob book 08:20~08:35:00.001  => kept BOOKING_OVERLAP #1 08:50~10:15 next 11:25~11:40:00.001
           07:00 bob book 08:20~08:35         => CONFIRMED
           07:00 ann availability 07:00~12:00 => busy 08:10~11:15
           07:00 ann availability 09:00~09:30 => busy 09:00~09:30
           07:00 ann availability 07:00~08:10 => free
           07:00 ann availability 11:15~12:00 => free"#,
    );
}

#[test]
fn each_booking_keeps_the_buffers_of_its_own_terms() {
    check(
        r#"given {"buffer_after_minutes":15}
           07:00 ann book 09:00~10:00                 => CONFIRMED
           07:00 boss terms {"buffer_before_minutes":30} => ACTIVE
           07:00 bob book 10:44:59.999~11:00          => kept BOOKING_OVERLAP #1 09:00~10:15 next 10:45~11:00:00.001
           07:00 bob book 10:45~11:00                 => CONFIRMED
           07:00 bob book 08:30~09:00                 => CONFIRMED
           07:00 boss terms                           => ACTIVE
           07:00 bob book 10:15~10:16                 => kept BOOKING_OVERLAP #2 10:15~11:00 next 11:00~11:01
           07:00 bob book 11:00~12:00                 => CONFIRMED
           07:00 ann availability 07:00~12:00         => busy 08:00~12:00"#,
    );
}

#[test]
fn the_published_overlap() {
    check(
        r#"given {"time_zone":"Europe/Berlin","buffer_after_minutes":15}
           07:00 ann book 08:00~16:00  => CONFIRMED
           07:00 bob book 10:00~12:00  => kept BOOKING_OVERLAP #1 08:00~16:15 next 16:15~18:15"#,
    );
}

#[test]
fn buffers_may_lie_outside_the_opening_hours() {
    check(
        r#"given {"opening_hours":{"mon":[["09:00","17:00"]]},
                  "buffer_before_minutes":60,"buffer_after_minutes":60}
           07:00 ann book 09:00~17:00             => CONFIRMED
           07:00 ann availability 07:00~23:00     => busy 08:00~18:00"#,
    );
}

#[test]
fn what_is_offered_is_open_at_both_ends() {
    let next_day = "2026-03-03T09:00:00Z~2026-03-03T";
    check(&format!(
        r#"given {{"opening_hours":{{"mon":[["09:00","12:00"]],"tue":[["09:00","12:00"]]}},
                  "buffer_after_minutes":30}}
           07:00 ann book 09:00~10:00  => CONFIRMED
           07:00 bob book 09:30~10:30  => kept BOOKING_OVERLAP #1 09:00~10:30 next 10:30~11:30
           07:00 bob book 09:00~10:30  => kept BOOKING_OVERLAP #1 09:00~10:30 next 10:30~12:00
           07:00 bob book 09:00~10:31  => kept BOOKING_OVERLAP #1 09:00~10:30 next {next_day}10:31:00Z
           07:00 bob book 09:00~12:00  => kept BOOKING_OVERLAP #1 09:00~10:30 next {next_day}12:00:00Z"#
    ));
}

/// Of 23 hours, so that only a start on a Monday after 10:00 ends while it is open on Tuesday.
#[test]
fn what_has_to_end_after_an_opening_ends_a_minute_after() {
    check(
        r#"given {"opening_hours":{"mon":[["09:00","12:00"]],"tue":[["09:00","12:00"]]}}
           07:00 ann book 11:00~12:00         => CONFIRMED
           07:00 bob book 10:30~03-03T09:30   => kept BOOKING_OVERLAP #1 11:00~12:00 next 2026-03-09T10:01:00Z~2026-03-10T09:01:00Z"#,
    );
}

#[test]
fn an_end_at_the_very_opening_is_not_open_yet() {
    check(
        r#"given {"opening_hours":{"mon":[["09:00","12:00"],["14:00","17:00"]]}}
           07:00 ann book 09:00~11:58  => CONFIRMED
           07:00 bob book 09:00~11:02  => kept BOOKING_OVERLAP #1 09:00~11:58 next 11:59~14:01
           07:00 bob book 09:00~11:03  => kept BOOKING_OVERLAP #1 09:00~11:58 next 11:58~14:01
           07:00 bob book 09:00~11:01  => kept BOOKING_OVERLAP #1 09:00~11:58 next 14:00~16:01"#,
    );
}

#[test]
fn the_advance_of_what_is_offered_counts_to_its_start() {
    let booked_until = |end: &str, next: &str| {
        check(&format!(
            r#"given {{"buffer_before_minutes":30,"max_advance_days":1}}
               07:00 ann book 09:00~03-03T{end} => CONFIRMED
               07:00 bob book 10:00~11:00       => kept BOOKING_OVERLAP #1 08:30~2026-03-03T{end}:00Z next {next}"#
        ));
    };
    booked_until("06:30", "2026-03-03T07:00:00Z~2026-03-03T08:00:00Z");
    booked_until("06:31", "none");
}

#[test]
fn nothing_is_offered_where_no_rule_would_let_it_in() {
    check(
        r#"given {"opening_hours":{"exceptions":{"2026-03-02":[["09:00","12:00"]]}}}
           07:00 ann book 09:00~11:30  => CONFIRMED
           07:00 bob book 09:00~09:30  => kept BOOKING_OVERLAP #1 09:00~11:30 next 11:30~12:00
           07:00 bob book 09:00~09:31  => kept BOOKING_OVERLAP #1 09:00~11:30 next none"#,
    );
    check(
        r#"given {"max_advance_days":2}
           07:00 ann book 09:00~03-04T07:00  => CONFIRMED
           07:00 bob book 10:00~11:00        => kept BOOKING_OVERLAP #1 09:00~2026-03-04T07:00:00Z next 2026-03-04T07:00:00Z~2026-03-04T08:00:00Z"#,
    );
    check(
        r#"given {"max_advance_days":2}
           07:00 ann book 09:00~03-04T07:01  => CONFIRMED
           07:00 bob book 10:00~11:00        => kept BOOKING_OVERLAP #1 09:00~2026-03-04T07:01:00Z next none"#,
    );
}

#[test]
fn the_first_rule_in_the_order_of_the_contract_refuses() {
    check(
        r#"given {"min_minutes":60,"max_minutes":120,"deadline_minutes":60,"max_advance_days":1,
                  "opening_hours":{"mon":[["09:00","12:00"]]},"buffer_after_minutes":10}
           07:00 ann book 09:00~10:00                                => CONFIRMED
           08:30 boss status INACTIVE                                => INACTIVE
           08:30 guest book 09:15~09:05 for bob terms-refused terms=7 => refused NOT_FOUND
           08:30 ann book 09:15~09:30 for bob terms-refused terms=7  => refused FORBIDDEN_USER
           08:30 ann book 09:15~09:05 terms-refused terms=7          => refused VALIDATION_FAILED #/end must be after start
           08:30 ann book 09:15~09:30 terms-refused terms=7          => kept TERMS_NOT_ACCEPTED
           08:30 ann book 09:15~09:30 terms=7                        => kept TERMS_CHANGED 1
           08:30 ann book 09:15~09:30                                => kept ASSET_UNAVAILABLE INACTIVE
           08:30 boss status ACTIVE                                  => ACTIVE
           08:30 ann book 09:15~09:30                                => kept BOOKING_DEADLINE_PASSED 08:30 08:15
           08:30 ann book 03-10T08:00~03-10T08:30                    => refused DURATION_OUT_OF_RANGE 60
           08:30 ann book 03-10T08:00~03-10T09:00                    => refused OUTSIDE_OPENING_HOURS start end open
           08:30 ann book 03-09T09:00~03-09T10:00                    => refused TOO_FAR_AHEAD 1440
           08:30 ann book 09:31~10:31                                => kept BOOKING_OVERLAP #1 09:00~10:10 next 10:10~11:10"#,
    );
}

#[test]
fn a_quote_is_refused_as_a_booking_but_for_overlap_and_acceptance() {
    check(
        r#"given {"min_minutes":60,"max_minutes":120,"deadline_minutes":60,"max_advance_days":1,
                  "opening_hours":{"mon":[["09:00","12:00"]]}}
           07:00 ann book 09:00~10:00             => CONFIRMED
           07:00 bob quote 09:00~10:00            => 0 EUR
           08:30 boss status MAINTENANCE          => MAINTENANCE
           08:30 guest quote 09:30~09:15          => refused NOT_FOUND
           08:30 ann quote 09:15~09:15            => refused VALIDATION_FAILED #/end must be after start
           08:30 ann quote 09:15~09:30            => refused ASSET_UNAVAILABLE MAINTENANCE
           08:30 boss status ACTIVE               => ACTIVE
           08:30 ann quote 09:15~09:30            => refused BOOKING_DEADLINE_PASSED 08:30 08:15
           08:30 ann quote 03-10T08:00~03-10T08:30 => refused DURATION_OUT_OF_RANGE 60
           08:30 ann quote 03-10T08:00~03-10T09:00 => refused OUTSIDE_OPENING_HOURS start end open
           08:30 ann quote 03-09T09:00~03-09T10:00 => refused TOO_FAR_AHEAD 1440
           08:30 ann quote 09:31~10:31            => 0 EUR"#,
    );
}

#[test]
fn a_quote_is_given_at_the_time_of_the_asset() {
    check(
        "08:00 boss name X               => ACTIVE
         07:00 ann quote 07:30~09:00     => refused BOOKING_DEADLINE_PASSED 08:00 07:30",
    );
}
