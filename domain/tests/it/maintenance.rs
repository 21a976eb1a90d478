//! Maintenance by hand: its transitions, its window and what it holds.

use holdfast_domain::{Subject, asset::AssetDocument};

use crate::{
    scenario::{check, run},
    world::World,
};

/// How an ad-hoc maintenance, made at 07:00 and due at 09:00, comes into each state at 10:00.
const STATES: [(&str, &str, &str); 5] = [
    ("SCHEDULED", "08:00", ""),
    ("DUE", "10:00", ""),
    ("IN_PROGRESS", "10:00", "09:30 boss start m1 => IN_PROGRESS"),
    ("COMPLETED", "10:00", "09:30 boss complete m1 => COMPLETED"),
    ("CANCELLED", "10:00", "09:30 boss call-off m1 => CANCELLED"),
];

/// `-` is `INVALID_TRANSITION` with the state.
const ANSWERS: &str = "
              start        complete   call-off   window     due        same
SCHEDULED     IN_PROGRESS  -          CANCELLED  SCHEDULED  SCHEDULED  SCHEDULED
DUE           IN_PROGRESS  COMPLETED  CANCELLED  DUE        -          DUE
IN_PROGRESS   -            COMPLETED  CANCELLED  -          -          -
COMPLETED     -            -          -          -          -          -
CANCELLED     -            -          -          -          -          -
";

#[test]
fn each_state_answers_each_command() {
    let mut lines = ANSWERS.lines().skip(1);
    let commands: Vec<&str> = lines.next().unwrap().split_whitespace().collect();
    let mut asked = 0;
    for (line, (state, time, history)) in lines.zip(STATES) {
        let (named, answers) = line.split_once(' ').unwrap();
        assert_eq!(named, state, "in the same order");
        for (command, answer) in commands.iter().zip(answers.split_whitespace()) {
            let answer = match answer {
                "-" => format!("kept INVALID_TRANSITION {state}"),
                _ => answer.to_owned(),
            };
            let asked_for = match *command {
                "window" => "plan m1 12:00~13:00",
                "due" => "plan m1 due=14:00",
                "same" => "plan m1",
                _ => &format!("{command} m1"),
            };
            let mut world = World::new();
            run(&mut world, "07:00 boss maintain SAFETY 09:00 => SCHEDULED");
            run(&mut world, history);
            run(&mut world, &format!("{time} boss {asked_for} => {answer}"));
            world.check_all();
            asked += 1;
        }
    }
    assert_eq!(asked, 5 * 6);
}

#[test]
fn only_who_manages_the_asset_maintains_it() {
    check(
        "07:00 boss maintain SAFETY 09:00        => SCHEDULED
         07:00 ann maintain SAFETY 09:00         => refused FORBIDDEN_ROLE
         07:00 ann start m1                      => refused FORBIDDEN_ROLE
         07:00 auditor call-off m1               => refused FORBIDDEN_ROLE
         07:00 ann start m0                      => refused FORBIDDEN_ROLE
         07:00 boss start m0                     => refused NOT_FOUND
         07:00 boss start m-later                    => refused NOT_FOUND
         07:00 boss start m-alien                => refused NOT_FOUND
         07:00 guest maintain SAFETY 09:00       => refused NOT_FOUND
         07:00 guest start m1                    => refused NOT_FOUND
         07:00 far-boss start m1                 => refused NOT_FOUND
         07:00 boss plan m1 due=10:00 if-match=none => refused PRECONDITION_REQUIRED
         07:00 boss plan m1 due=10:00 if-match=\"9-0\" => refused PRECONDITION_FAILED
         07:00 boss plan m1 due=10:00 if-match=\"2-0\" => SCHEDULED
         07:00 boss status RETIRED               => RETIRED
         07:00 - also                            => m1 CANCELLED
         07:00 boss maintain SAFETY 09:00        => kept INVALID_TRANSITION RETIRED",
    );
}

#[test]
fn it_falls_due_once() {
    check(
        "07:00 boss maintain SAFETY 09:00 reason=worn => SCHEDULED
         07:00 - show m1                         => SCHEDULED SAFETY -/1 due 09:00 for worn
         10:00 - tick                            => 09:00 m1 DUE
         10:00 - tick                            => nothing",
    );
    // A due time that has passed is due at once; moved on, once more never.
    check(
        "07:00 boss maintain SAFETY 06:00        => SCHEDULED
         07:00 - tick                            => 07:00 m1 DUE
         07:10 boss maintain SAFETY 09:00        => SCHEDULED
         07:20 boss plan m2 due=07:05            => SCHEDULED
         07:20 - tick                            => 07:20 m2 DUE
         07:20 boss maintain SAFETY 09:00        => SCHEDULED
         07:30 boss plan m3 due=11:00            => SCHEDULED
         10:00 - tick                            => nothing
         11:00 - tick                            => 11:00 m3 DUE",
    );
    // Nor once somebody works on it.
    check(
        "07:00 boss maintain SAFETY 09:00        => SCHEDULED
         08:00 boss start m1                     => IN_PROGRESS
         08:00 - also                            => asset MAINTENANCE
         10:00 - tick                            => nothing
         10:00 boss complete m1                  => COMPLETED
         10:00 - also                            => asset ACTIVE
         10:00 - tick                            => nothing",
    );
}

#[test]
fn work_begins_only_when_the_asset_is_back() {
    check(
        "07:00 ann book 09:00~10:00              => CONFIRMED
         07:00 boss maintain SAFETY 09:00        => SCHEDULED
         09:00 ann check-in #1                   => CHECKED_IN
         09:10 boss start m1                     => kept ASSET_IN_USE
         09:30 ann check-out #1                  => CHECKED_OUT
         09:30 boss start m1                     => IN_PROGRESS
         09:30 - also                            => asset MAINTENANCE
         09:30 boss maintain SAFETY 12:00        => SCHEDULED
         09:30 boss start m2                     => IN_PROGRESS
         09:30 - also                            => nothing
         09:40 boss complete m1                  => COMPLETED
         09:40 - also                            => nothing
         09:50 boss call-off m2                  => CANCELLED
         09:50 - also                            => asset ACTIVE",
    );
}

#[test]
fn the_no_show_clock_stands_still_in_maintenance() {
    check(
        r#"given {"check_in":{"no_show_after_minutes":20}}
           07:00 ann book 09:00~10:00            => CONFIRMED
           09:10 boss report out                 => PENDING_APPROVAL
           09:25 - tick                          => nothing
           09:30 chief reject-report r1          => REJECTED
           09:49 - tick                          => nothing
           10:00 - tick                          => 09:50 #1 NO_SHOW"#,
    );
}

#[test]
fn a_window_keeps_bookings_away_and_they_it() {
    check(
        r#"given {"buffer_after_minutes":30}
           07:00 ann book 09:00~10:00            => CONFIRMED
           07:00 boss maintain SAFETY 12:00 10:00~11:00 => kept BOOKING_OVERLAP #1 09:00~10:30 next 10:30~11:30
           07:00 boss maintain SAFETY 12:00 10:30~11:30 => SCHEDULED
           07:00 bob book 11:00~12:00            => kept BOOKING_OVERLAP m1 10:30~11:30 next 11:30~12:30
           07:00 bob book 08:45~11:00            => kept BOOKING_OVERLAP #1 09:00~10:30 m1 10:30~11:30 next 11:30~13:45
           07:00 ann move-to #1 09:30~10:30      => kept BOOKING_OVERLAP m1 10:30~11:30 next 11:30~12:30
           07:00 ann quote 11:00~12:00           => 0 EUR
           07:00 ann availability 00:00~23:00    => busy 09:00~10:30 maintenance 10:30~11:30
           07:00 boss maintain SAFETY 12:00 11:00~12:00 => kept BOOKING_OVERLAP m1 10:30~11:30 next 11:30~12:30
           07:00 boss maintain SAFETY 12:00 11:30~12:00 => SCHEDULED
           07:00 boss plan m1 10:30~11:00        => SCHEDULED
           07:00 ann availability 00:00~23:00    => busy 09:00~10:30 maintenance 10:30~11:00 maintenance 11:30~12:00
           07:00 boss call-off m2                => CANCELLED
           07:00 bob book 11:00~12:00            => CONFIRMED
           07:00 boss plan m1 10:30~11:30        => kept BOOKING_OVERLAP #2 11:00~12:30 next 12:30~13:30
           07:00 boss plan m1 null~null          => SCHEDULED
           07:00 ann availability 00:00~10:31    => busy 09:00~10:30
           07:00 ann move-to #1 09:20~10:20      => CONFIRMED"#,
    );
}

#[test]
fn a_window_that_is_no_longer_needed_blocks_nothing() {
    check(
        "07:00 boss maintain SAFETY 08:00 09:00~12:00 => SCHEDULED
         09:30 boss start m1                     => IN_PROGRESS
         10:00 boss complete m1                  => COMPLETED
         10:00 ann book 10:30~11:00              => CONFIRMED",
    );
    // What of it has passed is nobody's concern.
    check(
        "07:00 ann book 09:00~10:00              => CONFIRMED
         09:00 ann check-in #1                   => CHECKED_IN
         09:30 ann check-out #1                  => CHECKED_OUT
         09:40 boss maintain SAFETY 08:00 09:00~09:35 => SCHEDULED
         09:40 boss maintain SAFETY 08:00 09:00~10:00 => SCHEDULED
         09:40 ann book 09:50~10:30              => kept BOOKING_OVERLAP m2 09:40~10:00 next 10:00~10:40
         09:40 ann availability 00:00~23:00      => busy maintenance 09:40~10:00",
    );
    // A use that is late reaches into it, and it stays.
    check(
        "07:00 ann book 09:00~10:00              => CONFIRMED
         07:00 boss maintain SAFETY 10:00 10:00~11:00 => SCHEDULED
         09:00 ann check-in #1                   => CHECKED_IN
         10:30 - tick                            => 10:00 #1 overdue, 10:00 m1 DUE
         10:30 ann availability 00:00~23:00      => busy maintenance 10:00~11:00
         10:30 ann extend #1 10:45               => kept BOOKING_OVERLAP m1 10:00~11:00 next none
         10:30 boss start m1                     => kept ASSET_IN_USE
         10:40 ann check-out #1                  => CHECKED_OUT",
    );
    // Nor is an asset taken up early within one.
    check(
        "07:00 boss maintain SAFETY 10:00 08:00~09:00 => SCHEDULED
         07:00 ann book 09:00~10:00              => CONFIRMED
         08:50 ann check-in #1                   => kept ASSET_IN_USE
         09:00 ann check-in #1                   => CHECKED_IN",
    );
}

#[test]
fn a_window_has_two_ends_in_order() {
    check(
        r#"07:00 boss maintain SAFETY 12:00 09:00~   => refused VALIDATION_FAILED #/end is required with start
           07:00 boss maintain SAFETY 12:00 ~09:00   => refused VALIDATION_FAILED #/start is required with end
           07:00 boss maintain SAFETY 12:00 10:00~10:00 => refused VALIDATION_FAILED #/end must be after start
           07:00 boss maintain SAFETY 12:00          => SCHEDULED
           07:00 boss plan m1 09:00~                 => refused VALIDATION_FAILED #/end is required with start
           07:00 boss plan m1 ~09:00                 => refused VALIDATION_FAILED #/start is required with end
           07:00 boss plan m1 09:00~null             => refused VALIDATION_FAILED #/end must not be null with start
           07:00 boss plan m1 null~09:00             => refused VALIDATION_FAILED #/start must not be null with end
           07:00 boss plan m1 09:00~10:00            => SCHEDULED
           07:00 boss plan m1 ~11:00                 => SCHEDULED
           07:00 - show m1                           => SCHEDULED SAFETY -/1 due 12:00 09:00~11:00
           07:00 boss plan m1 10:00~                 => SCHEDULED
           07:00 - show m1                           => SCHEDULED SAFETY -/1 due 12:00 10:00~11:00
           07:00 boss plan m1 null~                  => SCHEDULED
           07:00 - show m1                           => SCHEDULED SAFETY -/1 due 12:00
           07:00 boss schedule {"rules":[{"id":"oil","type":"SAFETY","every_days":1,"duration_minutes":90}]} => ACTIVE
           07:00 boss plan m2 09:00~                 => SCHEDULED
           07:00 - show m2                           => SCHEDULED SAFETY oil/1 due 2026-03-03T07:00:00Z 09:00~10:30"#,
    );
}

#[test]
fn a_hundred_may_be_open() {
    let mut table = String::new();
    for _ in 0..100 {
        table += "07:00 boss maintain SAFETY 09:00 => SCHEDULED\n";
    }
    check(
        &(table
            + "07:00 boss maintain SAFETY 09:00        => kept LIMIT_REACHED 100
               07:00 boss report out                   => PENDING_APPROVAL
               07:00 chief approve-report r1           => kept LIMIT_REACHED 100
               07:00 boss call-off m1                  => CANCELLED
               07:00 chief approve-report r1           => APPROVED"),
    );
}

#[test]
fn the_document_of_a_maintenance() {
    let world = check(
        r#"07:00 boss schedule {"rules":[{"id":"oil","type":"PREVENTIVE","every_days":1,"duration_minutes":60}]} => ACTIVE
           07:10 boss plan m1 09:00~              => SCHEDULED"#,
    );
    let (asset, id) = (world.asset(), world.maintenance[0]);
    let json = String::from_utf8(world.image_of(Subject::Maintenance(id)).unwrap()).unwrap();
    assert_eq!(
        json,
        format!(
            r#"{{"asset_id":"{asset}","created_at":"2026-03-02T07:00:00Z","due_at":"2026-03-03T07:00:00Z","end":"2026-03-02T10:00:00Z","id":"{id}","occurrence":1,"reason":null,"rule_id":"oil","start":"2026-03-02T09:00:00Z","status":"SCHEDULED","type":"PREVENTIVE","updated_at":"2026-03-02T07:10:00Z","version":4}}"#
        )
    );
    let asset: AssetDocument =
        serde_json::from_slice(&world.state.asset_document().unwrap().json).unwrap();
    assert_eq!(asset.maintenance_schedule.unwrap()["rules"][0]["id"], "oil");
}
