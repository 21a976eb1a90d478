//! The tail: an index in memory of what is committed but not yet folded into the views.
//!
//! Two generations: one open, and at most one frozen that a fold is writing. Reads see both. It
//! holds addresses, never bodies.

use std::sync::Arc;

use holdfast_domain::{BookingMark, Tag, Timestamp};

use crate::journal::{Address, Checkpoint, Position};

/// What the tail keeps of a record.
#[derive(Clone, Debug)]
pub struct TailEntry {
    pub tag: Tag,
    pub version: u64,
    pub position: Position,
    pub address: Address,
    pub at: Timestamp,
    pub booking: Option<BookingMark>,
    /// A snapshot of the state after this record, when its actor made one.
    pub snapshot: Option<Arc<[u8]>>,
}

/// Shared by the commit stage (push), the view writer (freeze, trim) and readers.
pub struct Tail {}

impl Default for Tail {
    fn default() -> Self {
        Self::new()
    }
}

impl Tail {
    pub const ENTRIES_MAX: usize = 1_000_000;

    pub fn new() -> Self {
        Self {}
    }

    /// Adds a group in order, seen by readers all at once. `end` is the checkpoint after it.
    pub fn push(&self, group: Vec<TailEntry>, end: Checkpoint) {
        let _ = (group, end);
        unimplemented!()
    }

    /// Entries in both generations.
    pub fn len(&self) -> usize {
        unimplemented!()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The newest version of `tag` in the tail, if any.
    pub fn newest(&self, tag: Tag) -> Option<TailEntry> {
        let _ = tag;
        unimplemented!()
    }

    /// The entries of one asset with `version > after`, oldest first, both generations.
    pub fn of_asset(&self, tag: Tag, after: u64) -> Vec<TailEntry> {
        let _ = (tag, after);
        unimplemented!()
    }
}
