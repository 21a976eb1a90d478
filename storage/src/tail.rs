//! The tail: an index in memory of what is committed but not yet folded into the views.
//!
//! Two generations: one open, and at most one frozen that a fold is writing. Reads see both under
//! one short lock. It holds addresses, never bodies: about 130 B per record, snapshots apart.

mod generation;
mod mark;

use std::sync::Arc;

use holdfast_domain::{
    BookingId, Stamp, Tag, Timestamp,
    registry::{Change, Key},
};
use parking_lot::RwLock;

use crate::{
    journal::{Address, Checkpoint, Position},
    registry::{Layered, Stretch},
};

pub use generation::{FinalEntry, Generation};
pub use mark::{ItemMark, Mark, Noun};

/// What the tail keeps of a record.
#[derive(Clone, Debug)]
pub struct TailEntry {
    pub tag: Tag,
    pub version: u64,
    pub position: Position,
    pub address: Address,
    pub at: Timestamp,
    pub mark: Option<Mark>,
    /// A snapshot of the state after this record, when its actor made one. Of several of one asset
    /// in one generation only the newest is kept.
    pub snapshot: Option<Arc<[u8]>>,
    /// The rows it changes, when it is of a registry.
    pub rows: Vec<Change>,
}

/// Part of what the tail holds of one asset, read under one lock.
#[derive(Clone, Debug)]
pub struct Slice {
    /// The oldest version the tail holds, asked for or not: the views hold all before it.
    pub oldest: Option<u64>,
    /// Oldest first.
    pub entries: Vec<TailEntry>,
}

#[derive(Default)]
struct Generations {
    frozen: Option<Arc<Generation>>,
    open: Generation,
}

impl Generations {
    /// Oldest first.
    fn iter(&self) -> impl DoubleEndedIterator<Item = &Generation> {
        self.frozen.as_deref().into_iter().chain([&self.open])
    }
}

/// Shared by the commit stage (push), the view writer (freeze, trim) and readers.
#[derive(Default)]
pub struct Tail {
    generations: RwLock<Generations>,
}

impl Tail {
    /// Admission refuses beyond this, by [`Tail::len`].
    pub const ENTRIES_MAX: usize = 1_000_000;

    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a group in order, seen by readers all at once. `end` is the checkpoint after it.
    pub fn push(&self, group: Vec<TailEntry>, end: Checkpoint) {
        self.generations.write().open.push(group, end);
    }

    /// Entries in both generations.
    pub fn len(&self) -> usize {
        self.generations.read().iter().map(Generation::len).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Entries in the open generation: what the next fold would take.
    pub fn open_len(&self) -> usize {
        self.generations.read().open.len()
    }

    /// The time of the oldest entry of the open generation.
    pub fn oldest_at(&self) -> Option<Timestamp> {
        self.generations.read().open.oldest_at()
    }

    /// The newest version of `tag` in the tail, if any.
    pub fn newest(&self, tag: Tag) -> Option<TailEntry> {
        self.slice(tag, u64::MAX, 1).entries.pop()
    }

    /// The entries of one asset with `version > after`, oldest first, both generations.
    pub fn of_asset(&self, tag: Tag, after: u64) -> Vec<TailEntry> {
        let generations = self.generations.read();
        generations.iter().flat_map(|generation| generation.of_asset(tag, after)).collect()
    }

    /// What the tail holds of one asset: up to `limit` entries with `version < below`, the newest.
    pub fn slice(&self, tag: Tag, below: u64, limit: usize) -> Slice {
        let generations = self.generations.read();
        let oldest = generations.iter().find_map(|generation| generation.oldest_version(tag));
        let newest_first = generations.iter().rev().flat_map(|of| of.below(tag, below));
        let mut entries: Vec<TailEntry> = newest_first.take(limit).collect();
        entries.reverse();
        Slice { oldest, entries }
    }

    /// What each generation knows of a finished booking, oldest first.
    pub fn finished(&self, id: BookingId) -> Vec<FinalEntry> {
        let generations = self.generations.read();
        generations.iter().filter_map(|generation| generation.finished(id)).collect()
    }

    /// What each generation knows of an asset's finished bookings, `low < stamp < high`, by creation;
    /// up to `limit` of each from the old end or the new.
    pub fn finished_of_asset(
        &self,
        tag: Tag,
        bounds: (Stamp, Stamp),
        oldest_first: bool,
        limit: usize,
    ) -> Vec<FinalEntry> {
        let generations = self.generations.read();
        generations
            .iter()
            .flat_map(|generation| generation.finished_of_asset(tag, bounds, oldest_first, limit))
            .collect()
    }

    /// The entry with the newest image of a report or a maintenance.
    pub fn item(&self, tag: Tag, item: ItemMark) -> Option<TailEntry> {
        self.generations.read().iter().rev().find_map(|generation| generation.item(tag, item))
    }

    /// The entries with the newest images of an asset's items of one kind, `low < stamp < high`, by
    /// creation; up to `limit` of each generation, from the old end or the new.
    pub fn items_of_asset(
        &self,
        of: (Tag, Noun),
        bounds: (Stamp, Stamp),
        oldest_first: bool,
        limit: usize,
    ) -> Vec<(Stamp, TailEntry)> {
        let generations = self.generations.read();
        generations
            .iter()
            .flat_map(|generation| generation.items_of_asset(of, bounds, oldest_first, limit))
            .collect()
    }

    /// The bookings a user created, `low < position < high`; up to `limit` of each generation, from
    /// the old end or the new.
    pub fn created_by(
        &self,
        user: u64,
        bounds: (Position, Position),
        oldest_first: bool,
        limit: usize,
    ) -> Vec<(Position, BookingId)> {
        let generations = self.generations.read();
        generations
            .iter()
            .flat_map(|generation| generation.created_by(user, bounds, oldest_first, limit))
            .collect()
    }

    /// The generation being folded. There is none when nothing was frozen since the last trim.
    pub fn frozen(&self) -> Option<Arc<Generation>> {
        self.generations.read().frozen.clone()
    }

    /// Bytes of rows of registries in both generations.
    pub fn row_bytes(&self) -> usize {
        self.generations.read().iter().map(Generation::row_bytes).sum()
    }

    /// The same of the open one.
    pub fn open_row_bytes(&self) -> usize {
        self.generations.read().open.row_bytes()
    }

    /// The tags of the registries of which it holds rows.
    pub(crate) fn registries(&self) -> Vec<Tag> {
        let generations = self.generations.read();
        generations.iter().flat_map(Generation::registries).collect()
    }

    /// A row of a registry; `None` where the tail does not know of it.
    pub fn registry_row(&self, tag: Tag, key: Key) -> Option<Layered> {
        let generations = self.generations.read();
        generations.iter().rev().find_map(|generation| generation.registry_row(tag, key))
    }

    /// What the tail knows of `from..to`.
    pub fn registry_rows(&self, tag: Tag, (from, to): (Key, Key), limit: usize) -> Stretch {
        let generations = self.generations.read();
        let mut layers = generations
            .iter()
            .rev()
            .map(|generation| Stretch::of(generation.registry_rows_within(tag, (from, to)), limit));
        let newest = layers.next().unwrap_or_else(|| Stretch::of(std::iter::empty(), limit));
        layers.fold(newest, Stretch::over)
    }

    /// Makes the open generation the frozen one and opens an empty one. `None`, and nothing
    /// happens, when the open one is empty or another is still frozen.
    pub fn freeze(&self) -> Option<Arc<Generation>> {
        let mut generations = self.generations.write();
        if generations.frozen.is_some() || generations.open.is_empty() {
            return None;
        }
        let frozen = Arc::new(std::mem::take(&mut generations.open));
        generations.frozen = Some(Arc::clone(&frozen));
        Some(frozen)
    }

    /// Forgets the frozen generation. Only once everything in it is in the views.
    pub fn trim(&self) {
        // Freed outside the lock: up to a million entries.
        let trimmed = self.generations.write().frozen.take();
        drop(trimmed);
    }
}
