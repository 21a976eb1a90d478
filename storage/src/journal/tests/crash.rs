//! Power failures at every operation of a script, again during the recovery, and failed syncs.

use super::*;
use crate::sim::FaultPlan;

const GROUPS: usize = 64;

/// How far a run came before the disk stopped it.
struct Run {
    /// Groups whose commit returned.
    acknowledged: usize,
}

/// Opens, appends `groups` one by one, stepping the preparer and the mark as chance has it.
fn run(disk: &SimDisk, groups: &[Vec<Record>], seed: u64) -> Run {
    let mut seed = Seed::new(seed);
    let mut run = Run { acknowledged: 0 };
    let Ok(mut open) = open(disk) else { return run };
    for (at, group) in groups.iter().enumerate() {
        if open.journal.commit_once(&encode(group)).is_err() {
            assert!(open.journal.is_poisoned());
            return run;
        }
        run.acknowledged += 1;
        if seed.one_in(3) {
            open.preparer.prepare_once();
        }
        if seed.one_in(2) && open.journal.mark_high_water(at as u64 * 1_000, false).is_err() {
            return run;
        }
    }
    run
}

/// What a start finds is what was acknowledged, and at most the one group that was under way: whole
/// groups, in order, byte-equal. Returns how many groups.
fn check(disk: &SimDisk, groups: &[Vec<Record>], acknowledged: usize, story: &str) -> usize {
    let found = match open(disk) {
        Ok(open) => open.found,
        Err(error) => panic!("{story}: {error}"),
    };
    let found: Vec<Record> = found.into_iter().map(|(_, record)| record).collect();
    let whole = |count: usize| {
        groups.get(..count).is_some_and(|groups| groups.iter().flatten().eq(found.iter()))
    };
    match (acknowledged..=acknowledged + 1).find(|count| whole(*count)) {
        Some(count) => count,
        None => panic!("{story}: {} records for {acknowledged} acknowledged groups", found.len()),
    }
}

/// The script goes on after the crash, so that a recovery which left rubbish behind is seen.
fn go_on(disk: &SimDisk, groups: &[Vec<Record>], from: usize, story: &str) {
    let mut open = match open(disk) {
        Ok(open) => open,
        Err(error) => panic!("{story}: second start: {error}"),
    };
    let more = &groups[from..groups.len().min(from + 3)];
    for group in more {
        open.journal.commit_once(&encode(group)).unwrap();
    }
    let count = from + more.len();
    check(&disk.crash(1), groups, count, story);
}

#[test]
fn nothing_acknowledged_is_lost_at_any_crash_point() {
    for seed in 0..2 {
        let groups = script(GROUPS, seed);
        let healthy = SimDisk::new(seed);
        healthy.plan(FaultPlan::default());
        assert_eq!(run(&healthy, &groups, seed).acknowledged, GROUPS);
        for point in 1..=healthy.operations() {
            let story = format!("seed {seed}, crash at {point}");
            let disk = SimDisk::new(seed);
            disk.plan(FaultPlan { crash_at: Some(point), ..FaultPlan::default() });
            let acknowledged = run(&disk, &groups, seed).acknowledged;
            let after = disk.crash(point ^ seed << 32);
            let found = check(&after, &groups, acknowledged, &story);
            go_on(&after, &groups, found, &story);
        }
    }
}

#[test]
fn a_crash_during_recovery_is_recovered_from() {
    for seed in 0..2 {
        let groups = script(8, seed);
        let healthy = SimDisk::new(seed);
        run(&healthy, &groups, seed);
        for point in 1..=healthy.operations() {
            let disk = SimDisk::new(seed);
            disk.plan(FaultPlan { crash_at: Some(point), ..FaultPlan::default() });
            let acknowledged = run(&disk, &groups, seed).acknowledged;
            let first = disk.crash(point ^ seed << 32);
            let rehearsal = first.fork();
            check(&rehearsal, &groups, acknowledged, "rehearsal");
            for again in 1..=rehearsal.operations() {
                let story = format!("seed {seed}, crash at {point}, then at {again} of recovery");
                let second = first.fork();
                second.plan(FaultPlan { crash_at: Some(again), ..FaultPlan::default() });
                assert!(open(&second).is_err(), "{story}: the crash is inside the recovery");
                let after = second.crash(again ^ point << 20 ^ seed << 40);
                let found = check(&after, &groups, acknowledged, &story);
                go_on(&after, &groups, found, &story);
            }
        }
    }
}

/// The group whose sync failed is in the page cache alone. A start that finds it there and lets
/// answers rest on it must have made it durable.
#[test]
fn what_a_start_found_survives_a_crash_after_a_failed_sync() {
    for seed in 0..8 {
        let groups = script(20, seed);
        let healthy = SimDisk::new(seed);
        run(&healthy, &groups, seed);
        for nth in 1..=healthy.syncs() {
            let story = format!("seed {seed}, sync {nth} fails");
            let disk = SimDisk::new(seed);
            disk.plan(FaultPlan { fail_sync: Some(nth), ..FaultPlan::default() });
            let acknowledged = run(&disk, &groups, seed).acknowledged;
            disk.restart();
            let found = check(&disk, &groups, acknowledged, &story);
            check(&disk.fork().crash(nth), &groups, found.max(acknowledged), &story);
            go_on(&disk, &groups, found, &story);
        }
    }
}

#[test]
fn a_failed_write_or_sync_poisons_for_good() {
    let plans = [
        FaultPlan { fail_write: Some(1), ..FaultPlan::default() },
        FaultPlan { fail_sync: Some(1), ..FaultPlan::default() },
    ];
    for plan in plans {
        let disk = SimDisk::new(5);
        let groups = script(3, 5);
        let mut opened = open(&disk).unwrap();
        opened.journal.commit_once(&encode(&groups[0])).unwrap();
        disk.plan(plan);
        opened.journal.commit_once(&encode(&groups[1])).unwrap_err();
        assert!(opened.journal.is_poisoned());
        let before = disk.operations();
        opened.journal.commit_once(&encode(&groups[2])).unwrap_err();
        opened.journal.mark_high_water(9_000, true).unwrap_err();
        assert_eq!(disk.operations(), before, "the disk is left alone");
        disk.restart();
        check(&disk, &groups, 1, "after poison");
    }
}

/// A torn last group at each of its bytes: cut as a whole, and the bytes are counted.
#[test]
fn a_group_torn_at_any_byte_is_cut_as_a_whole() {
    let disk = SimDisk::new(2);
    let groups = script(4, 2);
    let mut opened = open(&disk).unwrap();
    for group in &groups[..3] {
        opened.journal.commit_once(&encode(group)).unwrap();
    }
    let start = opened.journal.checkpoint().next;
    let placed = opened.journal.commit_once(&encode(&groups[3])).unwrap();
    let end = opened.journal.checkpoint().next;
    assert_eq!((placed[0].address.segment, start.segment, end.segment), (1, 1, 1));
    let name = segment::name(1);
    let file = disk.open(&name).unwrap();
    let mut whole = vec![0; usize::try_from(end.offset - start.offset).unwrap()];
    file.read_at(&mut whole, u64::from(start.offset)).unwrap();
    for keep in 0..whole.len() {
        let torn = disk.fork();
        segment::zero(&*torn.open(&name).unwrap(), start.offset, end.offset).unwrap();
        let file = torn.open(&name).unwrap();
        file.write_at(&whole[..keep], u64::from(start.offset)).unwrap();
        file.sync().unwrap();
        if whole[keep..].iter().all(|byte| *byte == 0) {
            continue;
        }
        let opened =
            Journal::open(Arc::new(torn.clone()), options(), None, &mut |_, _| {}).unwrap();
        let nonzero = whole[..keep].iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        assert_eq!(opened.cut_bytes, nonzero as u64);
        assert_eq!(content(&torn), groups[..3].concat());
        let mut left = vec![1; whole.len()];
        file.read_at(&mut left, u64::from(start.offset)).unwrap();
        assert!(left.iter().all(|byte| *byte == 0), "the cut range is zero");
    }
}
