//! The log: groups of records appended with one write and one fdatasync, in segments made ready ahead.
//!
//! It knows no rules of booking and never reads what it writes, except to recover.

use std::{io, sync::Arc};

use holdfast_domain::{Record, Shard, Tag};
use serde::{Deserialize, Serialize};

use crate::disk::Disk;

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
    /// `codec::encode` of the record; at most [`RECORD_BYTES_MAX`].
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
    /// Size of a segment file.
    pub segment_bytes: u32,
    /// Drawn by the caller; used only when the journal is created: the store id and the store key.
    pub fresh_store_id: [u8; 16],
    pub fresh_store_key: [u8; 32],
}

/// What recovery found.
pub struct Opened {
    pub journal: Journal,
    pub reader: JournalReader,
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
pub struct Journal {}

impl Journal {
    /// Recovers: validates from the checkpoint (or from the start), cuts a torn tail, rewrites and
    /// syncs everything above the high-water mark, and hands each record after the checkpoint to
    /// `on_record` in order. Creates the journal when there is none.
    pub fn open(
        disk: Arc<dyn Disk>,
        options: JournalOptions,
        checkpoint: Option<&Checkpoint>,
        on_record: &mut dyn FnMut(Placed, Record),
    ) -> Result<Opened, RecoveryError> {
        let _ = (disk, options, checkpoint, on_record);
        unimplemented!()
    }

    /// Appends the records as one group: all durable when it returns, in order. `group` holds 1 to
    /// [`GROUP_RECORDS_MAX`] records and fits a segment. Poisoned by its first error.
    pub fn commit_once(&mut self, group: &[Encoded]) -> Result<Vec<Placed>, AppendError> {
        let _ = group;
        unimplemented!()
    }

    /// Writes the high-water mark when `now_ms` (monotonic) is a second past the last one, or when
    /// `force`d; only ever of what is durable.
    pub fn mark_high_water(&mut self, now_ms: u64, force: bool) -> Result<(), AppendError> {
        let _ = (now_ms, force);
        unimplemented!()
    }

    /// The checkpoint after everything appended so far.
    pub fn checkpoint(&self) -> Checkpoint {
        unimplemented!()
    }

    /// What is prepared on disk, for admission; updated by the preparing thread.
    pub fn room(&self) -> Arc<Room> {
        unimplemented!()
    }
}

pub const GROUP_RECORDS_MAX: usize = 512;

/// Reads records by address. Cheap to clone; any thread.
#[derive(Clone)]
pub struct JournalReader {}

impl JournalReader {
    pub fn read(&self, address: Address) -> Result<Record, ReadError> {
        let _ = address;
        unimplemented!()
    }
}

/// How much prepared space is left, and whether preparing more has failed for lack of room.
pub struct Room {}

impl Room {
    pub fn bytes_left(&self) -> u64 {
        unimplemented!()
    }

    /// The last preparation failed with "no space"; cleared by the next that succeeds.
    pub fn is_full(&self) -> bool {
        unimplemented!()
    }
}

/// The shard a record's header carries.
pub fn shard_of(tag: Tag) -> Shard {
    tag.shard()
}
