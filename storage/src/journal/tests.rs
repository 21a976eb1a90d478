//! The journal against the simulated disk: whatever the disk does, what was acknowledged is there.

mod crash;
mod damage;
mod room;

use std::sync::Arc;

use holdfast_domain::{Accepted, Actor, Etag, Kind, Outcome, Stamp, Subject, Timestamp};

use super::*;
use crate::{
    codec,
    sim::{Seed, SimDisk},
};

const SEGMENT_BYTES: u32 = 4_096;

fn options() -> JournalOptions {
    JournalOptions {
        segment_bytes: SEGMENT_BYTES,
        fresh_store_id: [7; 16],
        fresh_store_key: [9; 32],
    }
}

/// The nth record of some script: small, of one of many assets, and unlike every other.
fn record(n: u64, length: usize) -> Record {
    let mut seed = Seed::new(n);
    let tag = Tag::new(seed.next());
    let id = holdfast_domain::AssetId::new(Stamp::new(n, 0), tag);
    Record {
        tag,
        version: n,
        at: Timestamp::from_millis(1_700_000_000_000),
        kind: Kind::AssetUpdated,
        audit: Stamp::new(n, 1),
        actor: Actor { sub: "user".to_owned(), org_id: None },
        request_id: format!("request-{n}"),
        key: None,
        prev_hash: [0; 32],
        hash: [1; 32],
        outcome: Outcome::Accepted(Accepted {
            events: Vec::new(),
            subject: Subject::Asset(id),
            created: false,
            etag: Etag { version: n, link: 0 },
            before: None,
            after: (0..length).map(|_| seed.next().to_le_bytes()[0]).collect(),
            booking: None,
        }),
        next_due: None,
    }
}

fn encoded(record: &Record) -> Encoded {
    Encoded { tag: record.tag, version: record.version, bytes: codec::encode_record(record) }
}

/// The groups a test hands in: from one to four records of up to 300 bytes and some.
fn script(groups: usize, seed: u64) -> Vec<Vec<Record>> {
    let mut seed = Seed::new(seed);
    let mut n = 0;
    let mut group = || {
        (0..=seed.below(4))
            .map(|_| {
                n += 1;
                record(n, seed.index(300))
            })
            .collect()
    };
    (0..groups).map(|_| group()).collect()
}

fn encode(group: &[Record]) -> Vec<Encoded> {
    group.iter().map(encoded).collect()
}

struct Open {
    journal: Journal,
    reader: JournalReader,
    preparer: SegmentPreparer,
    found: Vec<(Placed, Record)>,
}

fn open_from(disk: &SimDisk, checkpoint: Option<&Checkpoint>) -> Result<Open, RecoveryError> {
    let mut found = Vec::new();
    let opened =
        Journal::open(Arc::new(disk.clone()), options(), checkpoint, &mut |placed, record| {
            found.push((placed, record));
        })?;
    assert_eq!(opened.store_key, [9; 32]);
    let Opened { journal, reader, preparer, .. } = opened;
    Ok(Open { journal, reader, preparer, found })
}

fn open(disk: &SimDisk) -> Result<Open, RecoveryError> {
    open_from(disk, None)
}

/// What the journal holds, each record also read by its address.
fn content(disk: &SimDisk) -> Vec<Record> {
    let open = open(disk).unwrap();
    for (place, (placed, record)) in open.found.iter().enumerate() {
        assert_eq!(placed.position, place as u64 + 2, "after the first record, without a hole");
        assert_eq!(open.reader.read(placed.address).unwrap(), *record);
    }
    open.found.into_iter().map(|(_, record)| record).collect()
}

#[test]
fn what_is_appended_is_found_again_over_many_segments() {
    let disk = SimDisk::new(1);
    let mut handed_in = Vec::new();
    let mut open = open(&disk).unwrap();
    let mut placed = Vec::new();
    for (at, group) in script(60, 1).into_iter().enumerate() {
        placed.extend(open.journal.commit_once(&encode(&group)).unwrap());
        if at % 3 == 0 {
            open.preparer.prepare_once();
            open.journal.mark_high_water(at as u64 * 700, false).unwrap();
        }
        handed_in.extend(group);
    }
    for (placed, record) in placed.iter().zip(&handed_in) {
        assert_eq!(open.reader.read(placed.address).unwrap(), *record);
    }
    assert!(placed.last().unwrap().address.segment > 5);
    assert_eq!(content(&disk), handed_in);
    assert_eq!(content(&disk.crash(3)), handed_in);
}

#[test]
fn a_start_from_a_checkpoint_sees_only_what_follows_it_and_reads_no_older_segment() {
    let disk = SimDisk::new(1);
    let groups = script(40, 2);
    let mut opened = open(&disk).unwrap();
    let mut checkpoint = opened.journal.checkpoint();
    for (at, group) in groups.iter().enumerate() {
        opened.journal.commit_once(&encode(group)).unwrap();
        if at == 29 {
            checkpoint = opened.journal.checkpoint();
            opened.journal.mark_high_water(0, true).unwrap();
        }
    }
    assert!(checkpoint.next.segment > 2);
    assert_eq!(
        check_older_segments(&disk, &checkpoint, &mut || true).unwrap(),
        checkpoint.position
    );
    let end = opened.journal.checkpoint();
    disk.rot("journal/00000002.seg", 99, 1).unwrap();
    let later = open_from(&disk, Some(&checkpoint)).unwrap();
    let found: Vec<Record> = later.found.into_iter().map(|(_, record)| record).collect();
    assert_eq!(found, groups[30..].concat());
    assert_eq!(Checkpoint { previous_crc: end.previous_crc, ..later.journal.checkpoint() }, end);
    assert!(matches!(
        check_older_segments(&disk, &checkpoint, &mut || true),
        Err(RecoveryError::Damaged { .. })
    ));
    let mut beyond = end.clone();
    beyond.position += 1;
    assert!(matches!(open_from(&disk, Some(&beyond)), Err(RecoveryError::Lost { .. })));
}

#[test]
fn the_real_disk_holds_what_the_simulated_one_does() {
    let folder = tempfile::tempdir().unwrap();
    let disk: Arc<dyn Disk> = Arc::new(crate::disk::FileDisk::new(folder.path()));
    let groups = script(30, 4);
    let opened = Journal::open(Arc::clone(&disk), options(), None, &mut |_, _| {}).unwrap();
    let thread = opened.preparer.spawn().unwrap();
    let mut journal = opened.journal;
    for group in &groups {
        journal.commit_once(&encode(group)).unwrap();
    }
    journal.mark_high_water(0, true).unwrap();
    drop((journal, thread));
    let mut found = Vec::new();
    let other = JournalOptions { segment_bytes: 8_192, ..options() };
    let mut opened = Journal::open(disk, other, None, &mut |_, record| found.push(record)).unwrap();
    assert_eq!(found, groups.concat());
    opened.journal.commit_once(&encode(&[record(1, 5_000)])).unwrap();
}
