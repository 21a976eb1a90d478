//! One generation of the tail with its indices. Immutable once frozen.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use holdfast_domain::{BookingId, BookingMark, Stamp, Tag, Timestamp};

use super::TailEntry;
use crate::journal::{Address, Checkpoint, Position};

/// A [`TailEntry`] without its snapshot.
struct Slim {
    tag: Tag,
    version: u64,
    position: Position,
    address: Address,
    at: Timestamp,
    booking: Option<BookingMark>,
}

/// Entries in journal order; the maps hold their numbers in that order.
#[derive(Default)]
pub struct Generation {
    entries: Vec<Slim>,
    by_asset: BTreeMap<(Tag, u64), u32>,
    finished: BTreeMap<(Tag, Stamp), u32>,
    created: BTreeMap<(u64, Position), u32>,
    /// The newest per asset, with its version.
    snapshots: HashMap<Tag, (u64, Arc<[u8]>)>,
    end: Option<Checkpoint>,
}

impl Generation {
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The position of its first entry.
    pub(crate) fn first_position(&self) -> Option<Position> {
        self.entries.first().map(|entry| entry.position)
    }

    /// Where the journal stood after its last group; `None` only when nothing was pushed.
    pub(crate) fn end(&self) -> Option<&Checkpoint> {
        self.end.as_ref()
    }

    pub(super) fn push(&mut self, group: Vec<TailEntry>, end: Checkpoint) {
        self.entries.reserve(group.len());
        for entry in group {
            let TailEntry { tag, version, position, address, at, booking, snapshot } = entry;
            let number = u32::try_from(self.entries.len())
                .expect("admission stops at a million entries, far below 2^32");
            self.by_asset.insert((tag, version), number);
            if let Some(mark) = booking {
                if mark.finished {
                    self.finished.insert((tag, mark.id.stamp), number);
                }
                if mark.created {
                    self.created.insert((mark.user, position), number);
                }
            }
            if let Some(bytes) = snapshot {
                self.snapshots.insert(tag, (version, bytes));
            }
            self.entries.push(Slim { tag, version, position, address, at, booking });
        }
        self.end = Some(end);
    }

    pub(super) fn oldest_at(&self) -> Option<Timestamp> {
        self.entries.first().map(|entry| entry.at)
    }

    /// The assets in it, in key order.
    pub(crate) fn assets(&self) -> impl Iterator<Item = Tag> + '_ {
        let mut after = None;
        std::iter::from_fn(move || {
            let from = after.map_or((Tag::new(0), 0), |tag| (tag, u64::MAX));
            let (&(tag, _), _) =
                self.by_asset.range(from..).find(|((tag, _), _)| Some(*tag) != after)?;
            after = Some(tag);
            Some(tag)
        })
    }

    /// Entries of an asset with `version > after`, oldest first.
    pub(crate) fn of_asset(&self, tag: Tag, after: u64) -> impl Iterator<Item = TailEntry> + '_ {
        let from = after.saturating_add(1);
        self.by_asset.range((tag, from)..=(tag, u64::MAX)).map(|(_, number)| self.entry(*number))
    }

    /// The version of its newest entry of an asset.
    pub(crate) fn newest_version(&self, tag: Tag) -> Option<u64> {
        let newest = self.by_asset.range((tag, 0)..=(tag, u64::MAX)).next_back();
        newest.map(|(&(_, version), _)| version)
    }

    pub(super) fn oldest_version(&self, tag: Tag) -> Option<u64> {
        let oldest = self.by_asset.range((tag, 0)..=(tag, u64::MAX)).next();
        oldest.map(|(&(_, version), _)| version)
    }

    pub(super) fn below(&self, tag: Tag, below: u64) -> impl Iterator<Item = TailEntry> + '_ {
        let entries = self.by_asset.range((tag, 0)..(tag, below)).rev();
        entries.map(|(_, number)| self.entry(*number))
    }

    /// The newest snapshot of an asset with its version.
    pub(crate) fn snapshot(&self, tag: Tag) -> Option<&(u64, Arc<[u8]>)> {
        self.snapshots.get(&tag)
    }

    pub(super) fn finished(&self, id: BookingId) -> Option<TailEntry> {
        self.finished.get(&(id.tag, id.stamp)).map(|number| self.entry(*number))
    }

    /// The entries with the last images of an asset's finished bookings, by creation.
    pub(crate) fn finished_by_stamp(
        &self,
        tag: Tag,
    ) -> impl Iterator<Item = (Stamp, TailEntry)> + '_ {
        let range = self.finished.range((tag, Stamp::MIN)..=(tag, Stamp::MAX));
        range.map(|(&(_, stamp), number)| (stamp, self.entry(*number)))
    }

    pub(super) fn finished_of_asset(
        &self,
        tag: Tag,
        (low, high): (Stamp, Stamp),
        oldest_first: bool,
        limit: usize,
    ) -> Vec<(Stamp, TailEntry)> {
        if low >= high {
            return Vec::new();
        }
        let range = self.finished.range((tag, low)..(tag, high));
        let inside = range.filter(|((_, stamp), _)| *stamp > low);
        ends(inside, oldest_first, limit)
            .map(|(&(_, stamp), number)| (stamp, self.entry(*number)))
            .collect()
    }

    pub(super) fn created_by(
        &self,
        user: u64,
        (low, high): (Position, Position),
        oldest_first: bool,
        limit: usize,
    ) -> Vec<(Position, BookingId)> {
        if low >= high {
            return Vec::new();
        }
        let range = self.created.range((user, low)..(user, high));
        let inside = range.filter(|((_, position), _)| *position > low);
        ends(inside, oldest_first, limit)
            .filter_map(|(&(_, position), number)| Some((position, self.booking(*number)?)))
            .collect()
    }

    /// Every creation, by user and then by position.
    pub(crate) fn creations(&self) -> impl Iterator<Item = (u64, Position, BookingId)> + '_ {
        self.created.iter().filter_map(|(&(user, position), number)| {
            Some((user, position, self.booking(*number)?))
        })
    }

    fn booking(&self, number: u32) -> Option<BookingId> {
        self.entries[number as usize].booking.map(|mark| mark.id)
    }

    fn entry(&self, number: u32) -> TailEntry {
        let Slim { tag, version, position, address, at, booking } = self.entries[number as usize];
        let snapshot = self.snapshots.get(&tag).filter(|(of, _)| *of == version);
        let snapshot = snapshot.map(|(_, bytes)| Arc::clone(bytes));
        TailEntry { tag, version, position, address, at, booking, snapshot }
    }
}

/// The first `limit` items from one end.
fn ends<I: DoubleEndedIterator>(
    mut items: I,
    from_front: bool,
    limit: usize,
) -> impl Iterator<Item = I::Item> {
    std::iter::from_fn(move || if from_front { items.next() } else { items.next_back() })
        .take(limit)
}
