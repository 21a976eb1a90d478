//! Idempotency: one key, one effect, one stored answer; for how long, and how many.

use holdfast_domain::asset::AssetState;

use crate::{
    scenario::{check, run},
    world::{World, clock, t},
};

#[test]
fn the_same_request_replays_and_another_is_refused() {
    check(
        "07:00 ann book 09:00~10:00 key=k   => CONFIRMED
         07:00 ann book 09:00~10:00 key=k   => replay of CONFIRMED
         07:00 ann book 09:00~10:01 key=k   => refused IDEMPOTENCY_KEY_REUSED
         07:00 ann cancel #1 key=k          => refused IDEMPOTENCY_KEY_REUSED
         07:00 bob book 10:00~11:00 key=k   => CONFIRMED
         07:00 ann cancel #1 key=c          => CANCELLED
         09:30 ann book 09:00~10:00 key=k   => replay of CONFIRMED",
    );
}

#[test]
fn stored_refusals_replay_and_others_are_decided_again() {
    check(
        "07:00 ann book 09:00~10:00                 => CONFIRMED
         07:00 bob book 09:00~10:00 key=k           => kept BOOKING_OVERLAP #1 09:00~10:00 next 10:00~11:00
         07:00 bob book 10:00~09:00 key=u           => refused VALIDATION_FAILED #/end must be after start
         07:00 ann cancel #1                        => CANCELLED
         07:00 bob book 09:00~10:00 key=k           => replay of kept BOOKING_OVERLAP #1 09:00~10:00 next 10:00~11:00
         07:00 bob book 09:00~10:30 key=k           => refused IDEMPOTENCY_KEY_REUSED
         07:00 bob book 09:00~10:00 key=u           => CONFIRMED",
    );
}

#[test]
fn without_a_key_nothing_is_kept_of_a_refusal() {
    let world = check(
        "07:00 ann book 09:00~10:00 key=none  => CONFIRMED
         07:00 ann book 09:00~10:00 key=none  => refused BOOKING_OVERLAP #1 09:00~10:00 next 10:00~11:00",
    );
    assert_eq!(world.log.len(), 2);
}

/// More than 64 keys after it, so that only the clock keeps it.
fn with_old_key(world: &mut World) {
    run(world, "07:00 ann name A key=none => refused FORBIDDEN_ROLE");
    run(world, "07:00 ann book 2026-04-01T09:00:00Z~2026-04-01T10:00:00Z key=old => CONFIRMED");
    for _ in 0..64 {
        run(world, "07:00 boss name A => ACTIVE");
    }
}

const OLD: &str = "ann book 2026-04-01T09:00:00Z~2026-04-01T10:00:00Z key=old";
const OVERLAP: &str = "kept BOOKING_OVERLAP #1 2026-04-01T09:00:00Z~2026-04-01T10:00:00Z \
                       next 2026-04-01T10:00:00Z~2026-04-01T11:00:00Z";

#[test]
fn a_key_is_kept_for_a_day() {
    let mut world = World::new();
    with_old_key(&mut world);
    run(&mut world, &format!("2026-03-03T06:59:59.999Z {OLD} => replay of CONFIRMED"));
    run(&mut world, &format!("2026-03-03T07:00:00Z {OLD} => {OVERLAP}"));
}

#[test]
fn a_key_is_kept_for_a_day_also_when_other_records_come() {
    let mut world = World::new();
    with_old_key(&mut world);
    run(&mut world, "2026-03-03T06:59:59.999Z boss name B => ACTIVE");
    run(&mut world, &format!("07:00 {OLD} => replay of CONFIRMED"));
    run(&mut world, "2026-03-03T07:00:00Z boss name C => ACTIVE");
    run(&mut world, &format!("2026-03-03T07:00:00Z {OLD} => {OVERLAP}"));
}

#[test]
fn the_newest_64_keys_are_kept_whatever_the_clock_says() {
    let mut world = World::new();
    run(&mut world, &format!("07:00 {OLD} => CONFIRMED"));
    for _ in 0..63 {
        run(&mut world, "07:00 boss name A => ACTIVE");
    }
    run(&mut world, &format!("2026-03-28T07:00:00Z {OLD} => replay of CONFIRMED"));
    run(&mut world, "2026-03-28T07:00:00Z boss name B key=none => ACTIVE");
    run(&mut world, &format!("2026-03-28T07:00:00Z {OLD} => replay of CONFIRMED"));
    run(&mut world, "2026-03-28T07:00:00Z boss name C => ACTIVE");
    run(&mut world, &format!("2026-03-28T07:00:00Z {OLD} => {OVERLAP}"));
}

#[test]
fn a_key_that_ran_out_may_be_used_again() {
    let mut world = World::new();
    with_old_key(&mut world);
    let later = "2026-03-05T07:00:00Z ann book 2026-05-01T09:00:00Z~2026-05-01T10:00:00Z key=old";
    run(&mut world, &format!("{later} => CONFIRMED"));
    run(&mut world, &format!("{later} => replay of CONFIRMED"));
    run(&mut world, &format!("2026-03-05T07:00:00Z {OLD} => refused IDEMPOTENCY_KEY_REUSED"));
}

const LATE: &str = "BOOKING_DEADLINE_PASSED";

#[test]
fn sixty_four_refusals_are_stored_per_second() {
    let mut world = World::new();
    for _ in 0..32 {
        run(&mut world, &format!("07:00 ann book 06:00~06:30 => kept {LATE} 07:00 06:00"));
    }
    for _ in 0..32 {
        let time = "07:00:00.500";
        run(&mut world, &format!("{time} ann book 06:00~06:30 => kept {LATE} {time} 06:00"));
    }
    let stored = world.log.len();
    let time = "07:00:00.999";
    let refused = format!("{time} ann book 06:00~06:30 key=k => refused {LATE} {time} 06:00");
    run(&mut world, &refused);
    run(&mut world, &refused);
    assert_eq!(world.log.len(), stored, "beyond the rate nothing is stored");
    run(&mut world, "07:00:00.999 ann book 09:00~10:00 => CONFIRMED");
    for _ in 0..32 {
        let time = "07:00:01.000";
        run(&mut world, &format!("{time} ann book 06:00~06:30 => kept {LATE} 07:00:01 06:00"));
    }
    let time = "07:00:01.001";
    run(&mut world, &format!("{time} ann book 06:00~06:30 => refused {LATE} {time} 06:00"));
}

#[test]
fn the_newest_1024_refusals_are_kept() {
    let mut world = World::new();
    let first = "07:00 ann book 06:00~06:30 key=first";
    run(&mut world, &format!("{first} => kept {LATE} 07:00 06:00"));
    run(
        &mut world,
        "07:00 ann book 2026-04-01T09:00:00Z~2026-04-01T10:00:00Z key=old => CONFIRMED",
    );
    let refuse = |world: &mut World, n: i64| {
        let time = clock(t("07:00:02.000").plus_millis(n * 20));
        run(world, &format!("{time} ann book 06:00~06:30 => kept {LATE} {time} 06:00"));
    };
    for n in 0..1_023 {
        refuse(&mut world, n);
    }
    run(&mut world, &format!("{first} => replay of kept {LATE} 07:00 06:00"));
    refuse(&mut world, 1_023);
    refuse(&mut world, 1_024);
    run(&mut world, &format!("07:00:40 {OLD} => replay of CONFIRMED"));
    run(&mut world, &format!("08:00 ann book 06:00~06:30 key=first => kept {LATE} 08:00 06:00"));
    world.check_all();
    for covered in [1, 500, world.log.len()] {
        assert_eq!(world.hydrated(covered), world.state);
    }
}

#[test]
fn memory_is_counted() {
    let mut world = World::new();
    let empty = world.state.bytes();
    run(&mut world, "07:00 ann book 09:00~10:00 key=none => CONFIRMED");
    let booked = world.state.bytes();
    assert!(booked > empty + 100, "{booked} {empty}");
    run(&mut world, "07:00 ann cancel #1 key=none => CANCELLED");
    assert_eq!(world.state.bytes(), empty);
    run(&mut world, "07:00 boss name Forklift-A2-with-a-long-name key=none => ACTIVE");
    let named = world.state.bytes();
    assert!(named > empty);
    run(&mut world, "07:00 boss name Forklift-A2-with-a-long-name => ACTIVE");
    assert!(world.state.bytes() > named, "a key has its price");
}

#[test]
fn a_state_read_back_knows_the_keys_of_the_one_that_lived_on() {
    let mut world = World::new();
    for _ in 0..20 {
        run(&mut world, &format!("07:00 ann book 06:00~06:30 => kept {LATE} 07:00 06:00"));
        run(&mut world, "07:00 boss name A => ACTIVE");
    }
    run(&mut world, "2026-03-03T06:00:00Z boss name B => ACTIVE");
    // From here on those of the first day have run out, the oldest of either kind first.
    for _ in 0..80 {
        run(&mut world, "2026-03-03T07:00:00Z boss name C => ACTIVE");
    }
    world.check_all();
    for covered in 0..=world.log.len() {
        assert_eq!(world.hydrated(covered), world.state, "after {covered} records");
    }
    let mut all = AssetState::from_snapshot(world.state.to_snapshot());
    for record in &world.log {
        all.remember(record);
    }
    assert_eq!(all, world.state, "a key more than needed does no harm");
}
