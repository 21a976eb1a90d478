//! What the rules of a maintenance schedule bring forth by themselves.

use holdfast_domain::{asset::schedule, rejection::Finding};
use serde_json::{Value, json};

use crate::scenario::check;

#[test]
fn rules_open_one_occurrence_each_that_tells_each_notice_once() {
    check(
        r#"07:00 boss schedule {"rules":[{"id":"oil","type":"PREVENTIVE","every_days":2,"notify_before_minutes":[1440,60]}]} => ACTIVE
           07:00 - also                      => m1 SCHEDULED
           07:00 - show m1                   => SCHEDULED PREVENTIVE oil/1 due 2026-03-04T07:00:00Z
           03-03T06:59 - tick                => nothing
           03-05T00:00 - tick                => 2026-03-03T07:00:00Z m1 in 1440, 2026-03-04T06:00:00Z m1 in 60, 2026-03-04T07:00:00Z m1 DUE
           03-05T00:00 boss complete m1      => COMPLETED
           03-05T00:00 - also                => m2 SCHEDULED
           03-05T00:00 - show m2             => SCHEDULED PREVENTIVE oil/2 due 2026-03-07T00:00:00Z"#,
    );
    // Notices of before the rule was made are not told, but it is due.
    check(
        r#"07:00 boss schedule {"rules":[{"id":"oil","type":"PREVENTIVE","every_days":2,"first_due":"2026-03-02T08:00:00Z","notify_before_minutes":[120,60,30]}]} => ACTIVE
           07:00 - tick                      => 07:00 m1 in 60
           09:00 - tick                      => 07:30 m1 in 30, 08:00 m1 DUE
           09:00 boss schedule {"rules":[{"id":"oil","type":"PREVENTIVE","every_days":2,"first_due":"2026-03-02T08:00:00Z","notify_before_minutes":[120,60,30]},{"id":"old","type":"SAFETY","every_days":2,"first_due":"2026-03-01T08:00:00Z"}]} => ACTIVE
           09:00 - tick                      => 09:00 m2 DUE"#,
    );
}

#[test]
fn completion_counts_from_when_it_was_done() {
    check(
        r#"07:00 boss schedule {"rules":[{"id":"oil","type":"PREVENTIVE","every_days":1,"first_due":"2026-03-05T08:00:00Z"}]} => ACTIVE
           07:00 - show m1                   => SCHEDULED PREVENTIVE oil/1 due 2026-03-05T08:00:00Z
           03-03T09:00 boss start m1         => IN_PROGRESS
           03-03T10:00 boss complete m1      => COMPLETED
           03-03T10:00 - also                => m2 SCHEDULED, asset ACTIVE
           03-03T10:00 - show m2             => SCHEDULED PREVENTIVE oil/2 due 2026-03-04T10:00:00Z
           03-03T11:00 boss call-off m2      => CANCELLED
           03-03T11:00 - show m3             => SCHEDULED PREVENTIVE oil/3 due 2026-03-04T11:00:00Z
           03-03T11:00 boss plan m3 due=03-09T00:00 => SCHEDULED
           03-09T00:00 - tick                => 2026-03-09T00:00:00Z m3 DUE"#,
    );
}

#[test]
fn fixed_keeps_its_dates_and_of_missed_ones_only_the_latest() {
    check(
        r#"07:00 boss schedule {"rules":[{"id":"oil","type":"PREVENTIVE","every_days":10,"first_due":"2026-03-05T08:00:00Z","anchor":"FIXED"}]} => ACTIVE
           07:00 - show m1                   => SCHEDULED PREVENTIVE oil/1 due 2026-03-05T08:00:00Z
           03-03T09:00 boss start m1         => IN_PROGRESS
           03-03T10:00 boss complete m1      => COMPLETED
           03-03T10:00 - show m2             => SCHEDULED PREVENTIVE oil/2 due 2026-03-15T08:00:00Z
           04-20T00:00 - tick                => 2026-03-15T08:00:00Z m2 DUE
           04-20T00:00 boss complete m2      => COMPLETED
           04-20T00:00 - show m3             => DUE PREVENTIVE oil/3 due 2026-04-14T08:00:00Z
           04-20T00:00 boss complete m3      => COMPLETED
           04-20T00:00 - show m4             => SCHEDULED PREVENTIVE oil/4 due 2026-04-24T08:00:00Z
           04-20T00:00 boss plan m4 due=04-21T00:00 => SCHEDULED
           04-21T00:00 boss complete m4      => COMPLETED
           04-21T00:00 - show m5             => SCHEDULED PREVENTIVE oil/5 due 2026-05-04T08:00:00Z"#,
    );
    check(
        r#"07:00 boss schedule {"rules":[{"id":"oil","type":"PREVENTIVE","every_days":1,"first_due":"2026-02-01T08:00:00Z","anchor":"FIXED"}]} => ACTIVE
           07:00 - show m1                   => DUE PREVENTIVE oil/1 due 2026-03-01T08:00:00Z"#,
    );
}

const USE: &str = "
    08:00 ann book 09:00~10:00        => CONFIRMED
    08:00 ann book 10:00~11:00        => CONFIRMED
    08:00 ann book 11:00~12:00        => CONFIRMED
    09:00 ann check-in #1             => CHECKED_IN
    09:10:00.001 ann check-out #1     => CHECKED_OUT";

#[test]
fn use_makes_it_due_whichever_comes_first() {
    check(&format!(
        r#"07:00 boss schedule {{"rules":[{{"id":"brake","type":"SAFETY","every_uses":2}},{{"id":"oil","type":"PREVENTIVE","every_usage_minutes":11,"every_days":1,"notify_before_minutes":[1000]}}]}} => ACTIVE
           07:00 - also                      => m1 SCHEDULED, m2 SCHEDULED
           07:00 - show m1                   => SCHEDULED SAFETY brake/1
           {USE}
           09:10:00.001 - also               => m2 DUE USAGE_MINUTES
           09:10:00.001 - show m2            => DUE PREVENTIVE oil/1 due 09:10:00.001
           09:45 - tick                      => nothing
           09:50 ann check-in #2             => CHECKED_IN
           10:00 ann check-out #2            => CHECKED_OUT
           10:00 - also                      => m1 DUE USES
           10:00 - show m1                   => DUE SAFETY brake/1 due 10:00
           10:05 boss complete m1            => COMPLETED
           10:05 - also                      => m3 SCHEDULED
           10:05 boss complete m2            => COMPLETED
           10:05 - show m4                   => SCHEDULED PREVENTIVE oil/2 due 2026-03-03T10:05:00Z
           10:50 ann check-in #3             => CHECKED_IN
           11:00 ann check-out #3            => CHECKED_OUT
           11:00 - also                      => nothing"#
    ));
}

#[test]
fn fixed_use_is_subtracted_and_what_was_missed_is_told_once() {
    // 11 of every 4 minutes: told once, 3 are left; one more minute makes the next due.
    check(&format!(
        r#"07:00 boss schedule {{"rules":[{{"id":"oil","type":"PREVENTIVE","every_usage_minutes":4,"anchor":"FIXED"}}]}} => ACTIVE
           {USE}
           09:10:00.001 - also               => m1 DUE USAGE_MINUTES
           09:20 boss complete m1            => COMPLETED
           09:20 - also                      => m2 SCHEDULED
           09:50 ann check-in #2             => CHECKED_IN
           09:50:00.001 ann check-out #2     => CHECKED_OUT
           09:50:00.001 - also               => m2 DUE USAGE_MINUTES
           10:50 ann check-in #3             => CHECKED_IN
           11:00 ann check-out #3            => CHECKED_OUT
           11:00 - also                      => nothing
           11:00 boss complete m2            => COMPLETED
           11:00 - also                      => m3 SCHEDULED, m3 DUE USAGE_MINUTES
           11:00 boss complete m3            => COMPLETED
           11:00 - also                      => m4 SCHEDULED"#
    ));
}

#[test]
fn counters_follow_the_id_and_a_changed_rule_plans_anew() {
    check(&format!(
        r#"07:00 boss schedule {{"rules":[{{"id":"brake","type":"SAFETY","every_uses":5}}]}} => ACTIVE
           {USE}
           09:20 boss schedule {{"rules":[{{"id":"brake","type":"INSPECTION","every_uses":3,"every_days":9}}]}} => ACTIVE
           09:20 - also                      => m1 replanned
           09:20 - show m1                   => SCHEDULED INSPECTION brake/1 due 2026-03-11T07:00:00Z
           09:20 boss schedule {{"rules":[{{"id":"brake","type":"INSPECTION","every_uses":1}}]}} => ACTIVE
           09:20 - also                      => m1 replanned, m1 DUE USES
           09:20 boss schedule {{"rules":[{{"id":"brake","type":"SAFETY","every_uses":7}}]}} => ACTIVE
           09:20 - also                      => nothing
           09:20 - show m1                   => DUE INSPECTION brake/1 due 09:20"#
    ));
    // What was told is not told again, and a date set by hand stays while the calendar does.
    check(
        r#"07:00 boss schedule {"rules":[{"id":"oil","type":"SAFETY","every_days":2,"notify_before_minutes":[2880]}]} => ACTIVE
           07:00 - tick                      => 07:00 m1 in 2880
           07:00 boss plan m1 due=03-08T07:00 => SCHEDULED
           07:00 boss schedule {"rules":[{"id":"oil","type":"SAFETY","every_days":2,"notify_before_minutes":[2880,60]}]} => ACTIVE
           07:00 - show m1                   => SCHEDULED SAFETY oil/1 due 2026-03-08T07:00:00Z
           03-09T00:00 - tick                => 2026-03-08T06:00:00Z m1 in 60, 2026-03-08T07:00:00Z m1 DUE"#,
    );
}

#[test]
fn a_removed_rule_ends_what_waits_and_not_what_is_under_way() {
    check(
        r#"07:00 boss schedule {"rules":[{"id":"a","type":"SAFETY","every_days":2},{"id":"b","type":"SAFETY","every_days":2}]} => ACTIVE
           08:00 boss start m2               => IN_PROGRESS
           08:00 boss schedule               => MAINTENANCE
           08:00 - also                      => m1 CANCELLED
           08:10 boss schedule {"rules":[{"id":"a","type":"SAFETY","every_days":2},{"id":"b","type":"SAFETY","every_days":3}]} => MAINTENANCE
           08:10 - also                      => m3 SCHEDULED
           08:10 - show m3                   => SCHEDULED SAFETY a/2 due 2026-03-04T08:10:00Z
           09:00 boss complete m2            => COMPLETED
           09:00 - also                      => m4 SCHEDULED, asset ACTIVE
           09:00 - show m4                   => SCHEDULED SAFETY b/2 due 2026-03-05T09:00:00Z
           09:00 boss start m4               => IN_PROGRESS
           09:00 boss schedule               => MAINTENANCE
           09:00 - also                      => m3 CANCELLED
           09:00 boss complete m4            => COMPLETED
           09:00 - also                      => asset ACTIVE"#,
    );
    check(
        r#"07:00 boss schedule {"rules":[{"id":"a","type":"SAFETY","every_days":2},{"id":"b","type":"SAFETY","every_days":2}]} => ACTIVE
           08:00 boss start m2               => IN_PROGRESS
           08:00 boss status RETIRED         => RETIRED
           08:00 - also                      => m1 CANCELLED
           08:00 boss complete m2            => COMPLETED
           08:00 - also                      => nothing
           08:00 boss schedule {"rules":[{"id":"c","type":"SAFETY","every_days":2}]} => RETIRED
           08:00 - also                      => nothing"#,
    );
}

fn findings(schedule: Value) -> Vec<String> {
    match schedule::check(&schedule) {
        Ok(_) => Vec::new(),
        Err(found) => {
            let say = |it: &Finding| {
                let pointer = it.pointer.strip_prefix("#/maintenance_schedule").unwrap();
                format!("{pointer} {}", it.reason)
            };
            found.iter().map(say).collect()
        }
    }
}

#[test]
fn the_shape_of_a_schedule() {
    let rule = |more: Value| {
        let mut rule = json!({"id": "a", "type": "SAFETY", "every_days": 1});
        rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"rules": [rule]})
    };
    let good = [
        json!({"rules": []}),
        rule(json!({"every_uses": 1, "every_usage_minutes": 5_256_000, "duration_minutes": 1})),
        rule(json!({"first_due": "2026-03-02T08:00:00+01:00", "anchor": "FIXED"})),
        rule(json!({"notify_before_minutes": [], "every_days": 3_650})),
        rule(json!({"notify_before_minutes": [0, 1, 2, 3, 4, 5, 6, 7, 8, 5_256_000]})),
    ];
    for schedule in good {
        assert_eq!(findings(schedule.clone()), [""; 0], "{schedule}");
    }
    let bad: [(Value, &[&str]); 17] = [
        (json!([]), &[" must be an object"]),
        (json!({"rule": []}), &["/rules is required", "/rule unknown member"]),
        (json!({"rules": {}}), &["/rules must be an array"]),
        (json!({"rules": [1]}), &["/rules/0 must be an object"]),
        (
            json!({"rules": [{}]}),
            &[
                "/rules/0/id is required",
                "/rules/0/type is required",
                "/rules/0 must have every_days, every_uses or every_usage_minutes",
            ],
        ),
        (rule(json!({"id": " "})), &["/rules/0/id must not be blank"]),
        (rule(json!({"id": "x".repeat(129)})), &["/rules/0/id must have at most 128 characters"]),
        (
            rule(json!({"type": "OTHER"})),
            &["/rules/0/type must be PREVENTIVE, INSPECTION, CORRECTIVE or SAFETY"],
        ),
        (rule(json!({"every_days": 0})), &["/rules/0/every_days must be from 1 to 3650"]),
        (rule(json!({"every_uses": 1.5})), &["/rules/0/every_uses must be a whole number"]),
        (
            rule(json!({"duration_minutes": 0})),
            &["/rules/0/duration_minutes must be from 1 to 5256000"],
        ),
        (
            rule(json!({"first_due": "soon"})),
            &["/rules/0/first_due must be an RFC 3339 instant with an offset"],
        ),
        (
            json!({"rules": [{"id": "a", "type": "SAFETY", "every_uses": 1, "first_due": "2026-03-02T08:00:00Z"}]}),
            &["/rules/0/first_due needs every_days"],
        ),
        (
            rule(json!({"notify_before_minutes": [1, -1, 1]})),
            &[
                "/rules/0/notify_before_minutes/1 must be from 0 to 5256000",
                "/rules/0/notify_before_minutes/2 is repeated",
            ],
        ),
        (
            rule(json!({"notify_before_minutes": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]})),
            &["/rules/0/notify_before_minutes must have at most 10 notices"],
        ),
        (rule(json!({"anchor": "LATER"})), &["/rules/0/anchor must be COMPLETION or FIXED"]),
        (rule(json!({"colour": 1})), &["/rules/0/colour unknown member"]),
    ];
    for (schedule, wanted) in bad {
        assert_eq!(findings(schedule.clone()), wanted, "{schedule}");
    }
}

#[test]
fn a_schedule_has_fifty_rules_at_most_each_with_its_own_id() {
    let many = |count: usize| {
        let rule = |n: usize| json!({"id": n.to_string(), "type": "SAFETY", "every_days": 1});
        json!({"rules": (0..count).map(rule).collect::<Vec<_>>()})
    };
    assert_eq!(findings(many(50)), [""; 0]);
    assert_eq!(findings(many(51)), ["/rules must have at most 50 rules"]);
    let mut twice = many(2);
    twice["rules"][1]["id"] = "0".into();
    assert_eq!(findings(twice), ["/rules/1/id is repeated"]);
}
