//! What a use keeps from others: while it lasts, while it is late, and after the return.

use crate::{
    scenario::{check, run},
    world::World,
};

#[test]
fn a_claim_grows_while_its_use_is_late() {
    check(
        r#"given {"buffer_after_minutes":15}
           07:00 ann book 09:00~10:00       => CONFIRMED
           09:00 ann check-in #1            => CHECKED_IN
           09:59 bob availability 08:00~12:00 => busy 09:00~10:15
           10:00 bob availability 08:00~12:00 => busy 09:00~10:15
           10:00 - show #1                  => CHECKED_IN 09:00~10:00 terms=1 overdue from 09:00
           10:30 bob availability 08:00~12:00 => busy 09:00~10:45
           10:30 bob book 10:44:59.999~11:00 => kept BOOKING_OVERLAP #1 09:00~10:45 next 10:45~11:00:00.001
           10:30 bob book 10:45~11:00       => CONFIRMED
           10:50 bob availability 08:00~12:00 => busy 09:00~11:15
           10:50 bob book 10:55~11:10       => kept BOOKING_OVERLAP #1 09:00~11:05 #2 10:45~11:15 next 11:15~11:30"#,
    );
}

#[test]
fn after_the_return_the_buffer_runs_from_it() {
    let returned = |time: &str, until: &str| {
        check(&format!(
            r#"given {{"buffer_after_minutes":15}}
               07:00 ann book 09:00~10:00       => CONFIRMED
               09:00 ann check-in #1            => CHECKED_IN
               {time} ann check-out #1          => CHECKED_OUT
               {time} bob availability 08:00~12:00 => busy 09:00~{until}
               {time} bob book {time}:00.001~11:30 => kept BOOKING_OVERLAP #1 09:00~{until} next {until}~11:44:59.999
               {time} bob book {until}~11:30    => CONFIRMED
               {until} bob availability 08:00~12:00 => busy {until}~11:45"#
        ));
    };
    returned("09:30", "09:45");
    returned("10:30", "10:45");
}

#[test]
fn a_return_frees_to_the_millisecond_and_also_before_the_start() {
    check(
        r#"given {"buffer_after_minutes":15}
           07:00 ann book 09:00~10:00       => CONFIRMED
           08:50 ann check-in #1            => CHECKED_IN
           08:55:30.500 ann check-out #1    => CHECKED_OUT
           08:56 bob availability 07:00~12:00 => busy 08:50~09:10:30.500
           08:56 bob book 09:00~09:30       => kept BOOKING_OVERLAP #1 08:50~09:10:30.500 next 09:10:30.500~09:40:30.500
           08:56 bob book 09:10:30.500~09:40 => CONFIRMED"#,
    );
}

#[test]
fn a_claim_in_use_begins_with_the_buffer_or_the_check_in() {
    check(
        r#"given {"check_in":{"early_minutes":120}}
           07:00 ann book 09:00~10:00       => CONFIRMED
           08:00 ann check-in #1            => CHECKED_IN
           08:00 bob availability 07:00~12:00 => busy 08:00~10:00"#,
    );
    check(
        r#"given {"buffer_before_minutes":30}
           07:00 ann book 09:00~10:00       => CONFIRMED
           08:45 ann check-in #1            => CHECKED_IN
           08:45 bob availability 07:00~12:00 => busy 08:30~10:00"#,
    );
}

#[test]
fn conflicts_are_sorted_by_start_also_with_a_late_use_among_them() {
    check(
        r#"given {"check_in":{"no_show_after_minutes":30}}
           07:00 ann book 11:00~12:00       => CONFIRMED
           07:00 bob book 10:00~11:00       => CONFIRMED
           07:00 ann book 09:00~10:00       => CONFIRMED
           09:00 ann check-in #3            => CHECKED_IN
           10:30 bob book 10:29:59.999~10:35 => kept BOOKING_DEADLINE_PASSED 10:30 10:29:59.999
           10:30 bob book 10:31~11:30       => kept BOOKING_OVERLAP #2 10:00~11:00 #1 11:00~12:00 next 12:00~12:59"#,
    );
    check(
        r#"given {"buffer_after_minutes":10}
           07:00 ann book 09:00~10:00       => CONFIRMED
           07:00 bob book 10:10~11:00       => CONFIRMED
           09:00 ann check-in #1            => CHECKED_IN
           10:30 ann check-out #1           => CHECKED_OUT
           10:31 bob check-in #2            => CHECKED_IN
           10:31 ann book 10:32~10:50       => kept BOOKING_OVERLAP #1 09:00~10:40 #2 10:10~11:10 next 11:10~11:28
           10:41 ann book 10:42~10:50       => kept BOOKING_OVERLAP #2 10:10~11:10 next 11:10~11:18"#,
    );
}

#[test]
fn a_late_use_counts_among_the_ten_conflicts() {
    let terms = r#"{"buffer_before_minutes":2}"#;
    let mut world = World::with_terms(Some(terms.into()));
    run(&mut world, "07:00 ann book 08:50~09:00 => CONFIRMED");
    run(&mut world, "08:50 ann check-in #1 => CHECKED_IN");
    for number in 0..11 {
        let minute = 10 + 3 * number;
        run(&mut world, &format!("08:50 ann book 09:{minute}~09:{} => CONFIRMED", minute + 1));
    }
    let planned = |n: u32| format!(" #{n} 09:{:02}~09:{}", 3 * n + 2, 3 * n + 5);
    let named = (2..=10).map(planned).collect::<String>();
    run(
        &mut world,
        &format!(
            "09:04 bob book 09:05~10:00 => kept BOOKING_OVERLAP #1 08:48~09:04{named} next 09:43~10:38"
        ),
    );
}

#[test]
fn the_buffer_before_a_window_reaches_back_into_a_use_that_is_over() {
    check(
        r#"given {"buffer_after_minutes":15,"buffer_before_minutes":30}
           07:00 ann book 09:00~10:00   => CONFIRMED
           09:00 ann check-in #1        => CHECKED_IN
           09:30 ann check-out #1       => CHECKED_OUT
           09:40 bob book 09:50~11:00   => kept BOOKING_OVERLAP #1 08:30~09:45 next 10:15~11:25
           09:45 bob book 09:50~11:00   => kept BOOKING_OVERLAP #1 08:30~09:45 next 10:15~11:25
           10:00 bob book 10:14:59~11:00 => kept BOOKING_OVERLAP #1 08:30~09:45 next 10:15~11:00:01
           10:00 bob book 10:15~11:00   => CONFIRMED"#,
    );
}

#[test]
fn taken_up_early_a_booking_keeps_the_time_until_its_start_and_that_must_be_nobodys() {
    check(
        r#"given {"buffer_before_minutes":10,"check_in":{"early_minutes":240}}
           07:00 ann book 12:00~13:00   => CONFIRMED
           07:00 bob book 10:00~11:00   => CONFIRMED
           08:30 ann check-in #1        => kept ASSET_IN_USE
           09:49 ann check-in #1        => kept ASSET_IN_USE
           10:59 ann check-in #1        => kept ASSET_IN_USE
           10:59 bob cancel #2          => kept CANCEL_CUTOFF_PASSED
           11:00 ann check-in #1        => CHECKED_IN"#,
    );
}
