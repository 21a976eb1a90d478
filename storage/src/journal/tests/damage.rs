//! Rot and missing files: refused by name, never repaired in silence.

use super::*;

/// A closed store of `groups`, with its last checkpoint; the mark is at its end.
fn closed(groups: &[Vec<Record>]) -> (SimDisk, Checkpoint) {
    let disk = SimDisk::new(3);
    let mut opened = open(&disk).unwrap();
    for group in groups {
        opened.journal.commit_once(&encode(group)).unwrap();
    }
    opened.journal.mark_high_water(0, true).unwrap();
    let end = opened.journal.checkpoint();
    (disk, end)
}

fn refused(disk: &SimDisk) -> RecoveryError {
    match open(disk) {
        Ok(open) => panic!("opened with {} records", open.found.len()),
        Err(error) => error,
    }
}

#[test]
fn a_flipped_bit_anywhere_in_a_group_is_damage_or_loss() {
    let groups = script(16, 3);
    let (disk, end) = closed(&groups);
    assert!(end.next.segment > 2);
    let mut last_of = vec![0; end.next.segment as usize + 1];
    for (placed, record) in open(&disk.fork()).unwrap().found {
        let bytes = RECORD_HEADER + codec::encode_record(&record).len();
        last_of[placed.address.segment as usize] = placed.address.offset as usize + bytes;
    }
    for segment in 1..=end.next.segment {
        for offset in (0..last_of[segment as usize]).step_by(7) {
            let rotten = disk.fork();
            rotten.rot(&segment::name(segment), offset, 0x10).unwrap();
            let error = refused(&rotten);
            let expected =
                matches!(error, RecoveryError::Damaged { .. } | RecoveryError::Lost { .. });
            assert!(expected, "segment {segment} byte {offset}: {error}");
        }
    }
    let middle = disk.fork();
    middle.rot(&segment::name(2), 200, 1).unwrap();
    assert!(matches!(refused(&middle), RecoveryError::Damaged { .. }));
    let operations = middle.operations();
    refused(&middle);
    assert!(
        middle.operations() - operations <= 1,
        "a refusal changes nothing but syncs the folder"
    );
}

#[test]
fn a_missing_or_short_segment_under_the_mark_is_loss() {
    let (disk, end) = closed(&script(16, 3));
    let last = segment::name(end.next.segment);
    let lost = |disk: &SimDisk, reached: fn(Position, Position) -> bool| match refused(disk) {
        RecoveryError::Lost { end: found, high_water } => {
            assert_eq!(high_water, end.position);
            assert!(reached(found, high_water));
        }
        error => panic!("{error}"),
    };
    let gone = disk.fork();
    gone.remove(&last).unwrap();
    lost(&gone, |found, high_water| 1 < found && found < high_water);
    let short = disk.fork();
    short.truncate(&last, end.next.offset as usize - 1).unwrap();
    lost(&short, |found, high_water| 1 < found && found < high_water);
    let empty = disk.fork();
    for number in (1..=end.next.segment).rev() {
        empty.remove(&segment::name(number)).unwrap();
    }
    lost(&empty, |found, _| found == 0);
    let hole = disk.fork();
    hole.remove(&segment::name(2)).unwrap();
    assert!(matches!(refused(&hole), RecoveryError::Damaged { .. }));
}

#[test]
fn a_missing_or_unreadable_mark_is_damage_once_there_are_records() {
    let (disk, _) = closed(&script(3, 3));
    let gone = disk.fork();
    gone.remove("journal/high-water").unwrap();
    assert!(matches!(refused(&gone), RecoveryError::Damaged { .. }));
    let rotten = disk.fork();
    rotten.rot("journal/high-water", 20, 1).unwrap();
    open(&rotten).unwrap();
    let both = disk.fork();
    both.rot("journal/high-water", 20, 1).unwrap();
    both.rot("journal/high-water", 532, 1).unwrap();
    assert!(matches!(refused(&both), RecoveryError::Damaged { .. }));
}

#[test]
fn a_checkpoint_of_another_log_or_beyond_the_end_is_refused() {
    let (disk, end) = closed(&script(6, 3));
    let mut other = end.clone();
    other.previous_crc ^= 1;
    assert!(matches!(open_from(&disk, Some(&other)), Err(RecoveryError::Damaged { .. })));
    let mut beyond = end.clone();
    beyond.position += 2;
    assert!(matches!(
        open_from(&disk, Some(&beyond)),
        Err(RecoveryError::Lost { high_water, .. }) if high_water == beyond.position
    ));
    let nothing = SimDisk::new(1);
    assert!(matches!(open_from(&nothing, Some(&end)), Err(RecoveryError::Lost { end: 0, .. })));
}

#[test]
fn a_group_of_a_newer_format_is_not_taken_for_rot() {
    let disk = SimDisk::new(3);
    let opened = open(&disk).unwrap();
    let at = opened.journal.checkpoint();
    let mut group = Vec::new();
    frame::begin(&mut group);
    let header = GroupHeader {
        format: FORMAT + 1,
        store_id: [7; 16],
        epoch: 9,
        first: at.position + 1,
        count: 1,
        bytes: 0,
        previous_crc: at.previous_crc,
        crc: 0,
    };
    frame::finish(&mut group, header);
    opened.journal.segment.file.write_at(&group, u64::from(at.next.offset)).unwrap();
    assert!(matches!(refused(&disk), RecoveryError::TooNew { found } if found == FORMAT + 1));
}

#[test]
fn a_read_of_a_wrong_address_or_rotten_record_is_damage() {
    let disk = SimDisk::new(3);
    let mut opened = open(&disk).unwrap();
    let placed = opened.journal.commit_once(&encode(&[record(1, 50)])).unwrap()[0];
    opened.reader.read(placed.address).unwrap();
    let beside = Address { offset: placed.address.offset + 1, ..placed.address };
    assert!(matches!(opened.reader.read(beside), Err(ReadError::Damaged(at)) if at == beside));
    let nowhere = Address { segment: 77, offset: 0 };
    assert!(matches!(opened.reader.read(nowhere), Err(ReadError::Damaged(_))));
    disk.rot(&segment::name(1), placed.address.offset as usize + 60, 1).unwrap();
    assert!(matches!(opened.reader.read(placed.address), Err(ReadError::Damaged(_))));
}
