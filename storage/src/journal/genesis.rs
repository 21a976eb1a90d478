//! The first record of a log: who the store is. Alone in its group, at position 1.

use std::{collections::VecDeque, io};

use holdfast_domain::{Shard, Tag};
use serde::{Deserialize, Serialize};

use crate::{
    codec::{self, CodecError},
    disk::Disk,
    journal::{
        Address, FOLDER, JournalOptions, Position, RecoveryError,
        frame::{self, FORMAT, GROUP_HEADER, GroupHeader, RecordFrame},
        high_water::HighWater,
        recover::{Recovered, mark_at},
        scan::{Link, damaged, disk_fault, intact_group, remains},
        segment::{self, Segment, Window},
    },
};

pub(super) const POSITION: Position = 1;

#[derive(Serialize, Deserialize)]
struct Genesis {
    store_key: [u8; 32],
}

/// Who the store is, as its first group says.
pub(super) struct Identity {
    pub(super) store_id: [u8; 16],
    pub(super) store_key: [u8; 32],
}

/// `None` when the log has no intact first group.
pub(super) fn read(disk: &dyn Disk) -> Result<Option<Identity>, RecoveryError> {
    let Some(segment) = Segment::open(disk, 1).map_err(disk_fault)? else { return Ok(None) };
    let mut window = Window::new(segment);
    let Some(header) = intact_group(&mut window, 0, None).map_err(disk_fault)? else {
        return Ok(None);
    };
    if header.format > FORMAT {
        return Err(RecoveryError::TooNew { found: header.format });
    }
    let group = window.get(0, header.total()).map_err(disk_fault)?.unwrap_or_default();
    let record = group.get(GROUP_HEADER..).and_then(RecordFrame::parse);
    let Some(record) = record.filter(|_| header.first == POSITION && header.count == 1) else {
        return Err(damaged(Link::START.next, "the first group is not a first group"));
    };
    match codec::open::<Genesis>(record.payload) {
        Ok(Genesis { store_key }) => Ok(Some(Identity { store_id: header.store_id, store_key })),
        Err(CodecError::TooNew { found }) => Err(RecoveryError::TooNew { found }),
        Err(CodecError::Damaged) => Err(damaged(Link::START.next, "the first record is not sound")),
    }
}

/// Makes a new log, durable when it returns. Whatever an interrupted creation left is removed, but
/// only when no group of any store lies in it.
pub(super) fn create(
    disk: &dyn Disk,
    options: &JournalOptions,
) -> Result<Recovered, RecoveryError> {
    let numbers = segment::numbers(disk).map_err(disk_fault)?;
    for number in &numbers {
        let Some(segment) = Segment::open(disk, *number).map_err(disk_fault)? else { continue };
        let remains = remains(&mut Window::new(segment), 0, None).map_err(disk_fault)?;
        if let Some(offset) = remains.group {
            return Err(damaged(
                Address { segment: *number, offset },
                "groups without a first one",
            ));
        }
    }
    write(disk, options, &numbers)
        .map_err(|source| RecoveryError::Disk { doing: "creating the journal", source })
}

fn write(disk: &dyn Disk, options: &JournalOptions, stale: &[u32]) -> io::Result<Recovered> {
    remove(disk, stale)?;
    let segment = Segment::prepare(disk, 1, options.segment_bytes)?;
    let payload = codec::seal(&Genesis { store_key: options.fresh_store_key });
    let store_id = options.fresh_store_id;
    let mut group = Vec::new();
    frame::begin(&mut group);
    let record = RecordFrame { tag: Tag::new(0), shard_position: 0, version: 0, payload: &payload };
    frame::push(&mut group, &record);
    let epoch = 1;
    let header = GroupHeader {
        format: FORMAT,
        store_id,
        epoch,
        first: POSITION,
        count: 1,
        bytes: 0,
        previous_crc: 0,
        crc: 0,
    };
    let previous_crc = frame::finish(&mut group, header);
    let offset = u32::try_from(group.len()).unwrap_or(u32::MAX);
    if offset > segment.capacity {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "segments are too small"));
    }
    segment.file.write_at(&group, 0)?;
    segment.file.sync()?;
    let next = Address { segment: 1, offset };
    let link = Link { position: POSITION, next, previous_crc, epoch };
    let mut high_water = HighWater::create(disk)?;
    high_water.write_first(disk, &mark_at(store_id, link))?;
    Ok(Recovered {
        store_id,
        store_key: options.fresh_store_key,
        segment,
        link,
        shards: vec![0; Shard::COUNT],
        high_water,
        ready: VecDeque::new(),
        cut_bytes: 0,
    })
}

/// Removes segments, the last one first; durable when it returns.
pub(super) fn remove(disk: &dyn Disk, numbers: &[u32]) -> io::Result<()> {
    for number in numbers.iter().rev() {
        disk.remove(&segment::name(*number))?;
    }
    if numbers.is_empty() { Ok(()) } else { disk.sync_folder(FOLDER) }
}
