//! One fixed script, and a power failure at every operation on the disk that it leads to: creation of
//! the log, groups, high-water marks, prepared segments; and at every operation of the recovery after.

use holdfast_storage::sim::{FaultPlan, views::Crash};

use super::{play_all, workload::people, world::World};

const SEED: u64 = 0x00c0_ffee;
/// Accepted or stored refusals; beside them it asks what leaves no record.
const RECORDS_MIN: usize = 64;
const ROUNDS_MAX: u32 = 400;
const ASSETS: usize = 2;
/// So small that the script goes through several.
const SEGMENT_BYTES: u32 = 48 * 1024;
/// Of every so many crash points the recovery is crashed as well, at each of its operations.
const RECOVERIES_EVERY: u64 = 24;
const RECOVERY_OPERATIONS_MAX: u64 = 16;

/// Plays the script until it ends or the power has failed. The log notices that only when it writes:
/// until then actors die of what they cannot read.
fn play(world: &mut World) {
    for round in 0..ROUNDS_MAX {
        if world.ledger.order.len() >= RECORDS_MIN || !world.deaths.is_empty() {
            return;
        }
        world.client_writes(ASSETS);
        if round % 4 == 0 {
            world.client_reads();
        }
        for actor in world.machine().cast.busy() {
            world.turn(actor, None);
        }
        if round % 2 == 1 {
            world.commit(None);
            world.machine().ground.clock.advance_ms(40_000);
        }
        world.listen();
        while !world.follow_ups.is_empty() && !world.is_poisoned() {
            world.follow_up(0);
        }
        match round % 16 {
            3 | 9 => world.passivate(),
            5 => world.prepare(),
            13 => world.fold(true, None),
            _ => {}
        }
        if world.is_poisoned() {
            return;
        }
    }
}

fn new_world<'a>(slot: &'a mut Option<World>, told: bool, crash_points: &[u64]) -> &'a mut World {
    let world = slot.insert(World::new(SEED, SEGMENT_BYTES, people(), told));
    world.start(crash_points);
    world
}

/// How many operations the whole script leads to, without a fault.
fn operations() -> u64 {
    let mut slot = None;
    let world = new_world(&mut slot, false, &[]);
    world.plan(FaultPlan::default());
    play(world);
    assert!(world.ledger.order.len() >= RECORDS_MIN, "the script comes to its end");
    world.disk.operations()
}

/// The script with a power failure at its nth operation, and at operations of the starts after it.
fn crash_at(world: &mut World, nth: u64, in_recovery: &[u64]) {
    world.plan(FaultPlan { crash_at: Some(nth), ..FaultPlan::default() });
    play(world);
    let views = match nth % 3 {
        0 => Crash::Empty,
        1 => Crash::Flushed(1),
        _ => Crash::Partly(vec![true, false, true]),
    };
    world.crash(&views, in_recovery);
    world.check_all();
    world.settle();
    world.check_all();
}

#[test]
fn every_crash_point_of_a_script_recovers() {
    play_all("CRASH_POINT", operations(), &|point, slot, told| {
        crash_at(new_world(slot, told, &[]), point + 1, &[]);
    });
}

#[test]
fn every_crash_point_of_a_recovery_recovers() {
    let samples = operations() / RECOVERIES_EVERY;
    play_all("RECOVERY_CRASH_POINT", samples * RECOVERY_OPERATIONS_MAX, &|number, slot, told| {
        let sample = number / RECOVERY_OPERATIONS_MAX;
        let nth = 1 + sample * RECOVERIES_EVERY + sample % RECOVERIES_EVERY;
        let in_recovery = 1 + number % RECOVERY_OPERATIONS_MAX;
        crash_at(new_world(slot, told, &[]), nth, &[in_recovery]);
    });
}

#[test]
fn every_crash_point_of_a_new_log_recovers() {
    play_all("CREATION_CRASH_POINT", RECOVERY_OPERATIONS_MAX, &|number, slot, told| {
        let world = new_world(slot, told, &[number + 1]);
        world.client_writes(ASSETS);
        world.settle();
        world.crash(&Crash::Empty, &[number + 1]);
        world.check_all();
    });
}
