//! The log: groups of records appended with one write and one fdatasync, in segments made ready ahead.
//!
//! It knows no rules of booking and never reads what it writes, except to recover.

mod follow;
mod frame;
mod genesis;
mod high_water;
mod prepare;
mod read;
mod recover;
mod scan;
mod segment;
#[cfg(test)]
mod tests;

use std::{io, sync::Arc};

use holdfast_domain::{Record, Shard, Tag};
use serde::{Deserialize, Serialize};

pub use self::{
    follow::{Follower, Group, Place},
    prepare::{Prepared, PreparerThread, Room, SegmentPreparer},
    read::JournalReader,
    recover::check_older_segments,
};
use self::{
    frame::{FORMAT, GROUP_HEADER, GroupHeader, RECORD_HEADER, RecordFrame},
    high_water::HighWater,
    prepare::Shelf,
    recover::{Recovered, mark_at},
    scan::Link,
    segment::Segment,
};
use crate::disk::Disk;

/// Holds the segments and the high-water mark.
const FOLDER: &str = "journal";
/// The mark is renewed this often: a start rewrites what is above it.
const MARK_INTERVAL_MS: u64 = 1_000;

/// Where a record lies. Stable for ever: segments are never rewritten, recycled or pruned.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Address {
    pub segment: u32,
    pub offset: u32,
}

/// The place of a record in the order of all records, from 1 (position 0 = nothing yet).
pub type Position = u64;

/// A record ready to be appended.
#[derive(Clone, Debug)]
pub struct Encoded {
    pub tag: Tag,
    pub version: u64,
    /// `codec::encode_record` of the record; at most [`RECORD_BYTES_MAX`].
    pub bytes: Vec<u8>,
}

pub const RECORD_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A durable record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Placed {
    pub position: Position,
    pub address: Address,
}

/// From where followers still have to read: everything before it is in the views.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The last position the views hold.
    pub position: Position,
    /// Of the first group after it, and the CRC of the group before that one.
    pub next: Address,
    pub previous_crc: u32,
    /// The last shard position of each of the 256 shards ([`Shard::COUNT`]).
    pub shards: Vec<u64>,
}

#[derive(Clone, Debug)]
pub struct JournalOptions {
    /// Size of a segment file. A group must fit: see [`Journal::group_bytes_max`].
    pub segment_bytes: u32,
    /// Drawn by the caller; used only when the journal is created: the store id and the store key.
    pub fresh_store_id: [u8; 16],
    pub fresh_store_key: [u8; 32],
}

/// What recovery found.
pub struct Opened {
    pub journal: Journal,
    pub reader: JournalReader,
    /// Makes segments ready ahead: to be stepped, or spawned as a thread. Without either the writer
    /// makes them itself when it needs them.
    pub preparer: SegmentPreparer,
    /// The secret drawn when the store was made: the first record.
    pub store_key: [u8; 32],
    /// Bytes cut off as a torn tail, for the log line.
    pub cut_bytes: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    /// Exit 65: never repaired in silence.
    #[error("the journal is damaged in segment {segment} at byte {offset}: {what}")]
    Damaged { segment: u32, offset: u32, what: &'static str },
    /// Exit 65: the high-water mark proves that records are missing.
    #[error("the journal ends at position {end} but position {high_water} was acknowledged")]
    Lost { end: Position, high_water: Position },
    /// Exit 65: written by a newer release.
    #[error("format {found} is newer than this release reads")]
    TooNew { found: u16 },
    #[error("disk fault while {doing}")]
    Disk { doing: &'static str, source: io::Error },
}

/// The outcome of every record of the group is unknown: the writer must stop for good (poison).
#[derive(Debug, thiserror::Error)]
#[error("append failed; its outcome is unknown")]
pub struct AppendError {
    #[from]
    pub source: io::Error,
}

#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("no valid record at {0:?}")]
    Damaged(Address),
    #[error("disk fault while reading a record")]
    Disk(#[from] io::Error),
}

/// The writing end. One owner.
pub struct Journal {
    shelf: Arc<Shelf>,
    store_id: [u8; 16],
    segment: Segment,
    /// After everything appended so far; its epoch is the one of this start.
    link: Link,
    shards: Vec<u64>,
    /// The group being assembled, used again and again.
    buffer: Vec<u8>,
    high_water: HighWater,
    marked: Position,
    marked_at_ms: Option<u64>,
    poisoned: bool,
}

impl Journal {
    /// Recovers: validates from the checkpoint (or from the start), cuts a torn tail, rewrites and
    /// syncs everything above the high-water mark, and hands each record after the checkpoint to
    /// `on_record` in order. Creates the journal when there is none.
    ///
    /// # Errors
    /// `Damaged` and `Lost` leave the disk as it was; after `Disk` a later start tries again.
    pub fn open(
        disk: Arc<dyn Disk>,
        options: JournalOptions,
        checkpoint: Option<&Checkpoint>,
        on_record: &mut dyn FnMut(Placed, Record),
    ) -> Result<Opened, RecoveryError> {
        let found = recover::recover(&disk, &options, checkpoint, on_record)?;
        let Recovered { store_id, store_key, segment, link, shards, high_water, ready, cut_bytes } =
            found;
        let next = ready.back().map_or(segment.number, |last| last.number) + 1;
        let reader = JournalReader::new(Arc::clone(&disk), store_id);
        let shelf = Arc::new(Shelf::new(disk, options.segment_bytes, ready, next));
        let journal = Self {
            shelf: Arc::clone(&shelf),
            store_id,
            segment,
            link,
            shards,
            buffer: Vec::new(),
            high_water,
            marked: link.position,
            marked_at_ms: None,
            poisoned: false,
        };
        journal.note_room();
        let preparer = SegmentPreparer::new(shelf);
        Ok(Opened { journal, reader, preparer, store_key, cut_bytes })
    }

    /// Appends the records as one group: all durable when it returns, in order. `group` holds 1 to
    /// [`GROUP_RECORDS_MAX`] records and fits a segment. Poisoned by its first error.
    ///
    /// # Errors
    /// The outcome is unknown, and every later call fails without touching the disk.
    pub fn commit_once(&mut self, group: &[Encoded]) -> Result<Vec<Placed>, AppendError> {
        self.healthy()?;
        // Set first and taken back last: whatever goes wrong in between is final.
        self.poisoned = true;
        let placed = self.append(group)?;
        self.poisoned = false;
        Ok(placed)
    }

    fn append(&mut self, group: &[Encoded]) -> io::Result<Vec<Placed>> {
        let bytes: u64 = group.iter().map(Self::bytes_in_group).sum();
        let fits = bytes <= self.group_bytes_max()
            && group.iter().all(|record| record.bytes.len() <= RECORD_BYTES_MAX);
        if group.is_empty() || group.len() > GROUP_RECORDS_MAX || !fits {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a group out of bounds"));
        }
        let total = bytes + GROUP_HEADER as u64;
        if u64::from(self.link.next.offset) + total > u64::from(self.segment.capacity) {
            self.segment = self.shelf.take()?;
            self.link.next = Address { segment: self.segment.number, offset: 0 };
        }
        let (placed, crc) = self.assemble(group);
        let end = self.link.next.offset + u32::try_from(total).map_err(io::Error::other)?;
        let link = Link {
            position: self.link.position + group.len() as u64,
            next: Address { offset: end, ..self.link.next },
            previous_crc: crc,
            epoch: self.link.epoch,
        };
        self.segment.file.write_at(&self.buffer, u64::from(self.link.next.offset))?;
        if cfg!(feature = "planted-high-water-before-sync") {
            self.high_water.write(&mark_at(self.store_id, link))?;
        }
        self.segment.file.sync()?;
        self.link = link;
        self.note_room();
        Ok(placed)
    }

    /// Fills the buffer; returns the places and the group's checksum.
    fn assemble(&mut self, group: &[Encoded]) -> (Vec<Placed>, u32) {
        frame::begin(&mut self.buffer);
        let mut placed = Vec::with_capacity(group.len());
        for (position, record) in (self.link.position + 1..).zip(group) {
            let shard = &mut self.shards[record.tag.shard().index()];
            *shard += 1;
            let frame = RecordFrame {
                tag: record.tag,
                shard_position: *shard,
                version: record.version,
                payload: &record.bytes,
            };
            let start = frame::push(&mut self.buffer, &frame);
            let start = u32::try_from(start).expect("a group fits a segment of at most 4 GiB");
            let address = Address { offset: self.link.next.offset + start, ..self.link.next };
            placed.push(Placed { position, address });
        }
        let header = GroupHeader {
            format: FORMAT,
            store_id: self.store_id,
            epoch: self.link.epoch,
            first: self.link.position + 1,
            count: u32::try_from(group.len()).expect("a group has at most 512 records"),
            bytes: 0,
            previous_crc: self.link.previous_crc,
            crc: 0,
        };
        let crc = frame::finish(&mut self.buffer, header);
        (placed, crc)
    }

    /// Writes the high-water mark when `now_ms` (monotonic) is a second past the last one, or when
    /// `force`d; only ever of what is durable.
    ///
    /// # Errors
    /// As [`Journal::commit_once`]: a journal whose mark cannot be written is poisoned.
    pub fn mark_high_water(&mut self, now_ms: u64, force: bool) -> Result<(), AppendError> {
        self.healthy()?;
        let since = self.marked_at_ms.map(|marked| now_ms.saturating_sub(marked));
        let due = force || since.is_none_or(|since| since >= MARK_INTERVAL_MS);
        if !due || self.marked == self.link.position {
            return Ok(());
        }
        self.poisoned = true;
        self.high_water.write(&mark_at(self.store_id, self.link))?;
        self.poisoned = false;
        self.marked = self.link.position;
        self.marked_at_ms = Some(now_ms);
        Ok(())
    }

    /// The checkpoint after everything appended so far.
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            position: self.link.position,
            next: self.link.next,
            previous_crc: self.link.previous_crc,
            shards: self.shards.clone(),
        }
    }

    /// What is prepared on disk, for admission; updated by the preparing thread.
    pub fn room(&self) -> Arc<Room> {
        Arc::clone(self.shelf.room())
    }

    /// A write or sync has failed: nothing will be appended any more.
    pub const fn is_poisoned(&self) -> bool {
        self.poisoned
    }

    /// What the records of one group may take together, each counted by [`Journal::bytes_in_group`].
    pub fn group_bytes_max(&self) -> u64 {
        recover::group_bytes_max(self.shelf.segment_bytes())
    }

    /// What a record takes in a group.
    pub fn bytes_in_group(record: &Encoded) -> u64 {
        (RECORD_HEADER + record.bytes.len()) as u64
    }

    fn healthy(&self) -> Result<(), AppendError> {
        if self.poisoned {
            return Err(io::Error::other("the journal is poisoned by an earlier fault").into());
        }
        Ok(())
    }

    fn note_room(&self) {
        let left = self.segment.capacity.saturating_sub(self.link.next.offset);
        self.shelf.room().set_in_use(left);
    }
}

pub const GROUP_RECORDS_MAX: usize = 512;

/// The shard a record's header carries.
pub fn shard_of(tag: Tag) -> Shard {
    tag.shard()
}
