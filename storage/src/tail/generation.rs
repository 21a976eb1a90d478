//! One generation of the tail with its indices. Immutable once frozen.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Bound,
    sync::Arc,
};

use holdfast_domain::{
    BookingId, Stamp, Tag, Timestamp,
    registry::{Change, Key},
};

use super::{ItemMark, Mark, Noun, TailEntry};
use crate::{
    journal::{Address, Checkpoint, Position},
    registry::{Layered, row_bytes},
};

/// A [`TailEntry`] without its snapshot.
struct Slim {
    tag: Tag,
    version: u64,
    position: Position,
    address: Address,
    at: Timestamp,
    mark: Option<Mark>,
}

/// What a generation knows of a finished booking.
#[derive(Clone, Debug)]
pub struct FinalEntry {
    pub stamp: Stamp,
    /// Version and time of the first record in it that found or made the booking final: that which
    /// ended it, unless that one lies further back.
    pub ended: (u64, Timestamp),
    /// With its last image.
    pub last: TailEntry,
}

/// The numbers of the first and the last of the records that left a booking final.
#[derive(Clone, Copy)]
struct Finals {
    first: u32,
    last: u32,
}

/// Entries in journal order; the maps hold their numbers in that order.
#[derive(Default)]
pub struct Generation {
    entries: Vec<Slim>,
    by_asset: BTreeMap<(Tag, u64), u32>,
    finished: BTreeMap<(Tag, Stamp), Finals>,
    items: BTreeMap<(Tag, ItemMark), u32>,
    created: BTreeMap<(u64, Position), u32>,
    /// The newest per asset, with its version.
    snapshots: HashMap<Tag, (u64, Arc<[u8]>)>,
    /// Of registries, as the newest record leaves them.
    rows: BTreeMap<(Tag, Key), Layered>,
    row_bytes: usize,
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
            let TailEntry { tag, version, position, address, at, mark, snapshot, rows } = entry;
            let number = u32::try_from(self.entries.len())
                .expect("admission stops at a million entries, far below 2^32");
            self.by_asset.insert((tag, version), number);
            match mark {
                Some(Mark::Booking(mark)) => {
                    if mark.finished {
                        let fresh = Finals { first: number, last: number };
                        self.finished.entry((tag, mark.id.stamp)).or_insert(fresh).last = number;
                    }
                    if mark.created {
                        self.created.insert((mark.user, position), number);
                    }
                }
                Some(Mark::Item(item)) => {
                    self.items.insert((tag, item), number);
                }
                None => {}
            }
            if let Some(bytes) = snapshot {
                self.snapshots.insert(tag, (version, bytes));
            }
            for Change { key, row } in rows {
                self.row_bytes += row_bytes(&row);
                self.rows.insert((tag, key), row);
            }
            self.entries.push(Slim { tag, version, position, address, at, mark });
        }
        self.end = Some(end);
    }

    pub fn oldest_at(&self) -> Option<Timestamp> {
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

    pub(super) fn finished(&self, id: BookingId) -> Option<FinalEntry> {
        self.finished.get(&(id.tag, id.stamp)).map(|finals| self.final_entry(id.stamp, *finals))
    }

    /// An asset's finished bookings, by creation.
    pub(crate) fn finished_by_stamp(&self, tag: Tag) -> impl Iterator<Item = FinalEntry> + '_ {
        let range = self.finished.range((tag, Stamp::MIN)..=(tag, Stamp::MAX));
        range.map(|(&(_, stamp), finals)| self.final_entry(stamp, *finals))
    }

    fn final_entry(&self, stamp: Stamp, finals: Finals) -> FinalEntry {
        let first = &self.entries[finals.first as usize];
        FinalEntry { stamp, ended: (first.version, first.at), last: self.entry(finals.last) }
    }

    pub(super) fn item(&self, tag: Tag, item: ItemMark) -> Option<TailEntry> {
        self.items.get(&(tag, item)).map(|number| self.entry(*number))
    }

    /// The entries with the newest images of an asset's items.
    pub(crate) fn items(&self, tag: Tag) -> impl Iterator<Item = (ItemMark, TailEntry)> + '_ {
        let first = ItemMark { noun: Noun::Report, stamp: Stamp::MIN };
        let last = ItemMark { noun: Noun::Maintenance, stamp: Stamp::MAX };
        let range = self.items.range((tag, first)..=(tag, last));
        range.map(|(&(_, item), number)| (item, self.entry(*number)))
    }

    pub(super) fn items_of_asset(
        &self,
        (tag, noun): (Tag, Noun),
        (low, high): (Stamp, Stamp),
        oldest_first: bool,
        limit: usize,
    ) -> Vec<(Stamp, TailEntry)> {
        if low >= high {
            return Vec::new();
        }
        let at = |stamp| (tag, ItemMark { noun, stamp });
        let range = self.items.range(at(low)..at(high));
        let inside = range.filter(|((_, item), _)| item.stamp > low);
        ends(inside, oldest_first, limit)
            .map(|(&(_, item), number)| (item.stamp, self.entry(*number)))
            .collect()
    }

    pub(super) fn finished_of_asset(
        &self,
        tag: Tag,
        (low, high): (Stamp, Stamp),
        oldest_first: bool,
        limit: usize,
    ) -> Vec<FinalEntry> {
        if low >= high {
            return Vec::new();
        }
        let range = self.finished.range((tag, low)..(tag, high));
        let inside = range.filter(|((_, stamp), _)| *stamp > low);
        ends(inside, oldest_first, limit)
            .map(|(&(_, stamp), finals)| self.final_entry(stamp, *finals))
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

    /// An estimate of what the rows of registries take, from above: a row that came twice counts twice.
    pub(crate) fn row_bytes(&self) -> usize {
        self.row_bytes
    }

    pub(super) fn registries(&self) -> impl Iterator<Item = Tag> + '_ {
        let mut after = None;
        std::iter::from_fn(move || {
            let mut rest = match after {
                None => self.rows.range(..),
                Some(tag) => self.rows.range((Bound::Excluded((tag, Key::END)), Bound::Unbounded)),
            };
            after = rest.next().map(|(&(tag, _), _)| tag);
            after
        })
    }

    pub(super) fn registry_row(&self, tag: Tag, key: Key) -> Option<Layered> {
        self.rows.get(&(tag, key)).cloned()
    }

    pub(super) fn registry_rows_within(
        &self,
        tag: Tag,
        (from, to): (Key, Key),
    ) -> impl Iterator<Item = (Key, Layered)> + '_ {
        let range = (from < to).then(|| self.rows.range((tag, from)..(tag, to)));
        range.into_iter().flatten().map(|((_, key), row)| (*key, row.clone()))
    }

    /// All rows of a registry that its records in here change, in the order of keys.
    pub(crate) fn registry_rows(&self, tag: Tag) -> impl Iterator<Item = (Key, Layered)> + '_ {
        let range = self.rows.range((tag, Key::FIRST)..=(tag, Key::END));
        range.map(|((_, key), row)| (*key, row.clone()))
    }

    /// Every creation, by user and then by position.
    pub(crate) fn creations(&self) -> impl Iterator<Item = (u64, Position, BookingId)> + '_ {
        self.created.iter().filter_map(|(&(user, position), number)| {
            Some((user, position, self.booking(*number)?))
        })
    }

    fn booking(&self, number: u32) -> Option<BookingId> {
        self.entries[number as usize].mark.and_then(Mark::booking).map(|mark| mark.id)
    }

    fn entry(&self, number: u32) -> TailEntry {
        let Slim { tag, version, position, address, at, mark } = self.entries[number as usize];
        let snapshot = self.snapshots.get(&tag).filter(|(of, _)| *of == version);
        let snapshot = snapshot.map(|(_, bytes)| Arc::clone(bytes));
        TailEntry { tag, version, position, address, at, mark, snapshot, rows: Vec::new() }
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
