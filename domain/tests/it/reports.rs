//! Condition reports: who may make and decide them, what they hold and what they cost.

use holdfast_domain::Subject;

use crate::scenario::check;

#[test]
fn nothing_to_decide_is_approved_at_once() {
    check(
        "08:00 boss report                       => APPROVED
         08:00 - also                            => nothing
         08:00 - show r1                         => APPROVED
         08:00 boss report damaged               => PENDING_APPROVAL
         08:00 ann book 09:00~10:00              => CONFIRMED
         08:00 boss report out                   => PENDING_APPROVAL
         08:00 boss report #1 charge=100         => PENDING_APPROVAL
         08:00 boss report #1 charge=0           => APPROVED
         08:00 boss report charge=100            => refused VALIDATION_FAILED #/booking_id is required with a charge
         08:00 boss report #1 charge=-1          => refused AMOUNT_OUT_OF_RANGE #/proposed_charge_minor
         08:00 boss report #1 charge=9007199254740992 => refused AMOUNT_OUT_OF_RANGE #/proposed_charge_minor",
    );
}

#[test]
fn members_report_on_their_own_bookings() {
    check(
        "07:00 ann book 09:00~10:00              => CONFIRMED
         07:00 ann report #1                     => APPROVED
         07:00 bob report #1                     => refused BOOKING_NOT_FOUND
         07:00 ann report                        => refused FORBIDDEN_ROLE
         07:00 ann report #0                     => refused BOOKING_NOT_FOUND
         07:00 ann report #9                     => refused BOOKING_NOT_FOUND
         07:00 ann report #none                  => refused BOOKING_NOT_FOUND
         07:00 boss report #alien                => refused BOOKING_NOT_FOUND
         07:00 auditor report #1                 => refused FORBIDDEN_ROLE
         07:00 auditor report                    => refused FORBIDDEN_ROLE
         07:00 guest report                      => refused NOT_FOUND
         07:00 guest report #1                   => refused NOT_FOUND
         07:00 guest-ann report #1               => refused NOT_FOUND
         07:00 boss share org_2                  => ACTIVE
         07:00 guest book 11:00~12:00            => CONFIRMED
         07:00 guest report #2 damaged           => PENDING_APPROVAL
         07:00 guest report                      => refused FORBIDDEN_ROLE
         07:00 guest-boss report                 => refused FORBIDDEN_ROLE
         07:00 ann cancel #1                     => CANCELLED
         07:00 ann report #1 damaged             => PENDING_APPROVAL
         07:00 boss share                        => ACTIVE
         07:00 guest report #2 damaged           => PENDING_APPROVAL
         07:00 guest report                      => refused NOT_FOUND",
    );
}

#[test]
fn another_manager_decides_once() {
    check(
        "07:00 ann book 09:00~10:00              => CONFIRMED
         07:00 ann report #1 damaged             => PENDING_APPROVAL
         07:00 ann approve-report r1             => refused FORBIDDEN_ROLE
         07:00 bob approve-report r1             => refused NOT_FOUND
         07:00 auditor approve-report r1         => refused FORBIDDEN_ROLE
         07:00 far-boss approve-report r1        => refused NOT_FOUND
         07:00 boss approve-report r0            => refused NOT_FOUND
         07:00 boss approve-report r-later           => refused NOT_FOUND
         07:00 boss approve-report r-alien       => refused NOT_FOUND
         07:30 boss approve-report r1            => APPROVED
         07:30 - also                            => nothing
         07:30 - show r1                         => APPROVED by boss at 07:30
         07:30 chief approve-report r1           => kept INVALID_TRANSITION APPROVED
         07:30 chief reject-report r1            => kept INVALID_TRANSITION APPROVED
         07:30 boss report damaged               => PENDING_APPROVAL
         07:30 boss approve-report r2            => refused FORBIDDEN_ROLE
         07:30 boss reject-report r2             => refused FORBIDDEN_ROLE
         07:40 chief reject-report r2 reason=old => REJECTED
         07:40 - show r2                         => REJECTED by chief at 07:40 for old
         07:40 chief approve-report r2           => kept INVALID_TRANSITION REJECTED
         07:40 near-boss report                  => APPROVED
         07:40 chief approve-report r3           => kept INVALID_TRANSITION APPROVED",
    );
}

#[test]
fn out_of_service_takes_effect_at_once_and_rejection_puts_it_back() {
    check(
        "07:00 ann book 09:00~10:00              => CONFIRMED
         07:00 ann report #1 out                 => PENDING_APPROVAL
         07:00 - also                            => asset MAINTENANCE
         07:00 ann book 11:00~12:00              => kept ASSET_UNAVAILABLE MAINTENANCE
         08:50 ann check-in #1                   => kept ASSET_UNAVAILABLE MAINTENANCE
         08:51 boss reject-report r1             => REJECTED
         08:51 - also                            => asset ACTIVE
         08:51 ann check-in #1                   => CHECKED_IN
         09:00 ann report #1 out                 => PENDING_APPROVAL
         09:00 - also                            => asset MAINTENANCE
         09:30 ann check-out #1                  => CHECKED_OUT",
    );
    // It goes back to what it was, when the last hold is gone.
    check(
        "07:00 boss status INACTIVE              => INACTIVE
         07:00 boss report out                   => PENDING_APPROVAL
         07:00 - also                            => asset MAINTENANCE
         07:00 boss report out                   => PENDING_APPROVAL
         07:00 - also                            => nothing
         07:00 chief reject-report r1            => REJECTED
         07:00 - also                            => nothing
         07:00 chief reject-report r2            => REJECTED
         07:00 - also                            => asset INACTIVE",
    );
    // Somebody's word on the status beats the holds.
    check(
        "07:00 boss report out                   => PENDING_APPROVAL
         07:00 - also                            => asset MAINTENANCE
         07:00 boss name X                       => MAINTENANCE
         07:00 boss status MAINTENANCE           => MAINTENANCE
         07:00 - also                            => nothing
         07:00 boss status ACTIVE                => ACTIVE
         07:00 - also                            => nothing
         07:00 chief reject-report r1            => REJECTED
         07:00 - also                            => nothing
         07:00 boss report out                   => PENDING_APPROVAL
         07:00 boss status RETIRED               => RETIRED
         07:00 chief approve-report r2           => APPROVED
         07:00 - also                            => nothing
         07:00 boss report out                   => PENDING_APPROVAL
         07:00 - also                            => nothing",
    );
    // One that was in maintenance before stays there.
    check(
        "07:00 boss status MAINTENANCE           => MAINTENANCE
         07:00 boss report out                   => PENDING_APPROVAL
         07:00 - also                            => nothing
         07:00 chief reject-report r1            => REJECTED
         07:00 - also                            => nothing
         07:00 boss status ACTIVE                => ACTIVE",
    );
}

#[test]
fn approval_of_out_of_service_opens_a_repair_that_takes_over_the_hold() {
    check(
        "07:00 boss report out                   => PENDING_APPROVAL
         07:10 chief approve-report r1           => APPROVED
         07:10 - also                            => m1 SCHEDULED
         07:10 - show m1                         => DUE CORRECTIVE -/1 due 07:10
         07:20 boss start m1                     => IN_PROGRESS
         07:20 - also                            => nothing
         07:30 boss complete m1                  => COMPLETED
         07:30 - also                            => asset ACTIVE",
    );
    check(
        "07:00 boss report out                   => PENDING_APPROVAL
         07:10 chief approve-report r1           => APPROVED
         07:20 boss call-off m1 reason=fine      => CANCELLED
         07:20 - also                            => asset ACTIVE
         07:20 - show m1                         => CANCELLED CORRECTIVE -/1 due 07:10 for fine",
    );
    // A hold that was dropped by hand is not taken over; starting the work makes a new one.
    check(
        "07:00 boss report out                   => PENDING_APPROVAL
         07:05 boss status ACTIVE                => ACTIVE
         07:10 chief approve-report r1           => APPROVED
         07:10 - also                            => m1 SCHEDULED
         07:20 boss start m1                     => IN_PROGRESS
         07:20 - also                            => asset MAINTENANCE
         07:25 boss status ACTIVE                => ACTIVE
         07:30 boss complete m1                  => COMPLETED
         07:30 - also                            => nothing",
    );
}

#[test]
fn damage_on_a_live_booking_is_on_its_bill_however_it_ends() {
    let ended = |rows: &str| {
        check(&format!(
            r#"given {{"pricing":{{"per_hour_minor":1000,"cancel_fee_minor":70,"no_show_fee_minor":50}}}}
               07:00 ann book 09:00~10:00          => CONFIRMED
               07:00 ann report #1 charge=250      => PENDING_APPROVAL
               07:00 boss approve-report r1        => APPROVED
               07:00 - also                        => nothing
               07:00 - bill #1                     => estimated 1000 EUR
               {rows}"#
        ));
    };
    ended(
        "07:30 ann cancel #1 => CANCELLED
           07:30 - bill #1     => 320 EUR = CANCEL 1 ITEM 70 + DAMAGE 1 ITEM 250",
    );
    ended(
        "10:00 - tick        => 10:00 #1 NO_SHOW
           10:00 - bill #1     => 300 EUR = NO_SHOW 1 ITEM 50 + DAMAGE 1 ITEM 250",
    );
    ended("09:00 ann check-in #1 => CHECKED_IN
           09:10 ann report #1 charge=50 => PENDING_APPROVAL
           09:20 boss approve-report r2 => APPROVED
           10:00 ann check-out #1 extra=5 => CHECKED_OUT
           10:00 - bill #1 => 1305 EUR = BASE 60 MINUTE 1000 + EXTRA 1 ITEM 5 + DAMAGE 1 ITEM 250 + DAMAGE 1 ITEM 50
           10:00 boss adjust #1 -1305 => CHECKED_OUT");
    // Rejected or undecided it costs nothing.
    ended(
        "07:30 ann report #1 charge=1 => PENDING_APPROVAL
           07:30 boss reject-report r2  => REJECTED
           07:30 ann report #1 charge=2 => PENDING_APPROVAL
           07:30 boss cancel #1         => CANCELLED
           07:30 - bill #1              => 250 EUR = DAMAGE 1 ITEM 250",
    );
}

#[test]
fn damage_on_a_booking_that_is_over_is_a_line_at_once() {
    check(
        "07:00 ann book 09:00~10:00              => CONFIRMED
         07:30 ann cancel #1                     => CANCELLED
         07:40 ann report #1 charge=250          => PENDING_APPROVAL
         07:50 boss approve-report r1            => APPROVED
         07:50 - also                            => #1 costs 250
         07:50 - bill #1                         => 250 EUR = DAMAGE 1 ITEM 250
         07:50 ann report #1 charge=9007199254740991 => PENDING_APPROVAL
         07:50 boss approve-report r2            => refused AMOUNT_OUT_OF_RANGE #/proposed_charge_minor
         07:50 boss reject-report r2             => REJECTED",
    );
}

#[test]
fn what_is_charged_leaves_room_for_the_return() {
    let world = check(
        "07:00 ann book 09:00~10:00              => CONFIRMED
         07:00 ann report #1 charge=2251799813685247 => PENDING_APPROVAL
         07:00 boss approve-report r1            => APPROVED
         07:00 ann report #1 charge=1            => PENDING_APPROVAL
         07:00 boss approve-report r2            => refused AMOUNT_OUT_OF_RANGE #/proposed_charge_minor",
    );
    assert!(!world.state.owes());
}

#[test]
fn a_booking_takes_a_hundred_charges() {
    let mut table = "07:00 ann book 09:00~10:00 => CONFIRMED\n".to_owned();
    let mut table_over = table.clone() + "07:00 ann cancel #1 => CANCELLED\n";
    for number in 1..=101 {
        let answer = if number > 100 { "kept LIMIT_REACHED 100" } else { "APPROVED" };
        let rows = format!(
            "07:00 ann report #1 charge=1 => PENDING_APPROVAL
             07:00 boss approve-report r{number} => {answer}\n"
        );
        table += &rows;
        table_over += &rows;
    }
    check(&table);
    check(&table_over);
}

#[test]
fn a_hundred_reports_may_wait() {
    let mut table = String::new();
    for _ in 0..100 {
        table += "07:00 boss report damaged => PENDING_APPROVAL\n";
    }
    check(
        &(table
            + "07:00 boss report damaged               => kept LIMIT_REACHED 100
               07:00 boss report                       => APPROVED
               07:00 boss report damaged supersedes=r7 => PENDING_APPROVAL
               07:00 chief reject-report r1            => REJECTED
               07:00 boss report damaged               => PENDING_APPROVAL"),
    );
}

#[test]
fn a_correction_takes_back_what_the_earlier_report_did() {
    // Its hold.
    check(
        "07:00 boss report out                   => PENDING_APPROVAL
         07:00 boss report supersedes=r1         => APPROVED
         07:00 - also                            => asset ACTIVE
         07:00 chief approve-report r1           => kept INVALID_TRANSITION PENDING_APPROVAL
         07:00 chief report supersedes=r1        => kept ALREADY_SUPERSEDED
         07:00 chief report out supersedes=r2    => PENDING_APPROVAL
         07:00 - also                            => asset MAINTENANCE
         07:00 chief report out supersedes=r3    => PENDING_APPROVAL
         07:00 - also                            => nothing
         07:00 boss approve-report r4            => APPROVED
         07:00 - also                            => m1 SCHEDULED",
    );
    // Its charge, from a bill that is final …
    check(
        "07:00 ann book 09:00~10:00              => CONFIRMED
         07:30 ann cancel #1                     => CANCELLED
         07:40 ann report #1 charge=250          => PENDING_APPROVAL
         07:50 boss approve-report r1            => APPROVED
         07:55 boss report #1 charge=100 supersedes=r1 => PENDING_APPROVAL
         07:55 - also                            => #1 costs 0
         07:55 - bill #1                         => 0 EUR = DAMAGE 1 ITEM 250 + ADJUSTMENT 1 ITEM -250
         07:56 chief approve-report r2           => APPROVED
         07:56 - also                            => #1 costs 100
         07:57 boss adjust #1 -50                => CANCELLED
         07:58 boss report #1 supersedes=r2      => refused AMOUNT_OUT_OF_RANGE #/supersedes",
    );
    // … and from one that is not.
    check(
        "07:00 ann book 09:00~10:00              => CONFIRMED
         07:00 ann report #1 charge=250          => PENDING_APPROVAL
         07:00 boss approve-report r1            => APPROVED
         07:10 boss report #1 supersedes=r1      => APPROVED
         07:10 - also                            => nothing
         07:30 boss cancel #1                    => CANCELLED
         07:30 - bill #1                         => 0 EUR",
    );
}

#[test]
fn who_may_correct_what() {
    check(
        "07:00 ann book 09:00~10:00              => CONFIRMED
         07:00 bob book 11:00~12:00              => CONFIRMED
         07:00 ann report #1 damaged             => PENDING_APPROVAL
         07:00 bob report #2 supersedes=r1       => refused VALIDATION_FAILED #/supersedes is not a report of this asset
         07:00 ann report #1 supersedes=r1       => APPROVED
         07:00 boss report #1 damaged            => PENDING_APPROVAL
         07:00 ann report #1 supersedes=r3       => refused FORBIDDEN_ROLE
         07:00 ann report #1 charge=5            => PENDING_APPROVAL
         07:00 boss approve-report r4            => APPROVED
         07:00 ann report #1 supersedes=r4       => refused FORBIDDEN_ROLE
         07:00 boss report supersedes=r4         => APPROVED
         07:00 boss report supersedes=r0         => refused VALIDATION_FAILED #/supersedes is not a report of this asset
         07:00 boss report supersedes=r-later        => refused VALIDATION_FAILED #/supersedes is not a report of this asset
         07:00 boss report supersedes=r-alien    => refused VALIDATION_FAILED #/supersedes is not a report of this asset",
    );
}

#[test]
fn the_document_of_a_report() {
    let world = check(
        "07:00 ann book 09:00~10:00              => CONFIRMED
         07:00 ann report #1 damaged charge=15000 => PENDING_APPROVAL
         07:30 boss reject-report r1 reason=old  => REJECTED",
    );
    let (asset, booking, report) = (world.asset(), world.bookings[0], world.reports[0]);
    let json = String::from_utf8(world.image_of(Subject::Report(report)).unwrap()).unwrap();
    assert_eq!(
        json,
        format!(
            r#"{{"asset_id":"{asset}","booking_id":"{booking}","checklist":[{{"item":"forks","note":null,"result":"DAMAGED"}}],"created_at":"2026-03-02T07:00:00Z","created_by":"ann","decided_at":"2026-03-02T07:30:00Z","decided_by":"boss","id":"{report}","notes":null,"photos":[],"proposed_charge_minor":15000,"reason":"old","status":"REJECTED","supersedes":null,"takes_out_of_service":false,"version":4}}"#
        )
    );
}
