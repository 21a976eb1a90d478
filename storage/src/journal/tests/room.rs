//! A full disk refuses work; it does not end it.

use super::*;
use crate::sim::FaultPlan;

#[test]
fn a_full_disk_shows_in_the_room_until_space_returns() {
    let disk = SimDisk::new(1);
    let mut opened = open(&disk).unwrap();
    let room = opened.journal.room();
    assert_eq!(opened.preparer.prepare_once(), Prepared::Ready);
    let before = room.bytes_left();
    let full = FaultPlan {
        space_bytes: Some(2 * u64::from(SEGMENT_BYTES) + 2_000),
        ..FaultPlan::default()
    };
    disk.plan(full);
    assert_eq!(opened.preparer.prepare_once(), Prepared::Failed(io::ErrorKind::StorageFull));
    assert!(room.is_full());
    assert_eq!(room.bytes_left(), before);
    assert_eq!(disk.list(FOLDER).unwrap().len(), 3, "the half-written file is gone");
    opened.journal.commit_once(&encode(&[record(1, 100)])).unwrap();
    assert!(room.bytes_left() < before);
    assert_eq!(opened.preparer.prepare_once(), Prepared::Failed(io::ErrorKind::StorageFull));
    disk.plan(FaultPlan::default());
    assert_eq!(opened.preparer.prepare_once(), Prepared::Ready);
    assert!(!room.is_full());
    assert_eq!(opened.preparer.prepare_once(), Prepared::Idle);
    for group in script(30, 8) {
        opened.journal.commit_once(&encode(&group)).unwrap();
    }
}

/// At the bound of what admission let in, a writer without a segment must not wait for ever.
#[test]
fn a_commit_that_needs_a_segment_of_a_full_disk_is_poison() {
    let disk = SimDisk::new(1);
    let mut opened = open(&disk).unwrap();
    disk.plan(FaultPlan { space_bytes: Some(u64::from(SEGMENT_BYTES)), ..FaultPlan::default() });
    let groups = script(30, 8);
    let done = groups.iter().take_while(|group| opened.journal.commit_once(&encode(group)).is_ok());
    let done = done.count();
    assert!(opened.journal.is_poisoned(), "{done} groups went in");
    assert!(done > 0);
    disk.restart();
    assert_eq!(content(&disk), groups[..done].concat());
}

#[test]
fn prepared_segments_are_kept_over_a_restart_and_half_prepared_ones_are_not() {
    let disk = SimDisk::new(1);
    let mut opened = open(&disk).unwrap();
    opened.preparer.prepare_once();
    opened.preparer.prepare_once();
    disk.truncate(&segment::name(3), 100).unwrap();
    let again = open(&disk).unwrap();
    assert_eq!(disk.list(FOLDER).unwrap(), ["00000001.seg", "00000002.seg", "high-water"]);
    let in_use = again.journal.segment.capacity - again.journal.link.next.offset;
    assert_eq!(again.journal.room().bytes_left(), u64::from(in_use + SEGMENT_BYTES - 16));
}

#[test]
fn a_group_out_of_bounds_is_refused_without_touching_the_disk() {
    let too_big = vec![record(1, SEGMENT_BYTES as usize)];
    let too_many: Vec<Record> = (0..=GROUP_RECORDS_MAX as u64).map(|n| record(n, 0)).collect();
    for group in [Vec::new(), too_big, too_many] {
        let disk = SimDisk::new(1);
        let mut opened = open(&disk).unwrap();
        let before = disk.operations();
        let error = opened.journal.commit_once(&encode(&group)).unwrap_err();
        assert_eq!(error.source.kind(), io::ErrorKind::InvalidInput);
        assert_eq!(disk.operations(), before);
    }
}

/// The thread makes segments while the writer appends, and ends when it is told to.
#[test]
fn a_thread_prepares_ahead_of_the_writer() {
    let disk = SimDisk::new(1);
    let mut opened = open(&disk).unwrap();
    let thread = opened.preparer.spawn().unwrap();
    let groups = script(80, 8);
    for group in &groups {
        opened.journal.commit_once(&encode(group)).unwrap();
    }
    drop(thread);
    let files = disk.list(FOLDER).unwrap().len();
    for group in script(20, 9) {
        opened.journal.commit_once(&encode(&group)).unwrap();
    }
    assert!(disk.list(FOLDER).unwrap().len() > files, "the writer helps itself again");
    assert_eq!(content(&disk)[..groups.concat().len()], groups.concat());
}

#[test]
fn a_waiting_writer_hears_of_a_full_disk_from_the_thread() {
    let disk = SimDisk::new(1);
    let mut opened = open(&disk).unwrap();
    disk.plan(FaultPlan { space_bytes: Some(u64::from(SEGMENT_BYTES)), ..FaultPlan::default() });
    let _thread = opened.preparer.spawn().unwrap();
    let groups = script(30, 8);
    assert!(groups.iter().any(|group| opened.journal.commit_once(&encode(group)).is_err()));
    assert!(opened.journal.room().is_full());
}
