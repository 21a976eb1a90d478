//! Bookings that are no longer live, by creation, and bookings of a user, by position.

use std::collections::BTreeMap;

use holdfast_domain::{BookingId, Stamp, Tag};

use super::{FinishedBooking, History, HistoryError, ends};
use crate::{
    journal::Position,
    keys,
    tail::FinalEntry,
    views::{
        Views, ViewsError, edge,
        row::{self, LeafEntry, LeafRow, UserEntry},
    },
};

impl History {
    /// The last image of a finished booking; `None` when none such is committed.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn finished(&self, id: BookingId) -> Result<Option<FinishedBooking>, HistoryError> {
        let (recent, folded) =
            self.both(|tail| tail.finished(id), |views| folded_booking(views, id))?;
        let recent = recent.iter().map(|entry| from_tail(id.tag, entry));
        Ok(recent.into_iter().chain(folded).max_by_key(|booking| booking.version))
    }

    /// Up to `limit` finished bookings of an asset with `low < stamp < high`: the newest by creation
    /// first, or the oldest first when `oldest_first`.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn finished_of_asset(
        &self,
        tag: Tag,
        (low, high): (Stamp, Stamp),
        oldest_first: bool,
        limit: usize,
    ) -> Result<Vec<FinishedBooking>, HistoryError> {
        if limit == 0 || low >= high {
            return Ok(Vec::new());
        }
        let bounds = (low.bits() + 1, high.bits());
        let (recent, folded) = self.both(
            |tail| tail.finished_of_asset(tag, (low, high), oldest_first, limit),
            |views| {
                if oldest_first {
                    leaves_up(views, tag, bounds, limit)
                } else {
                    leaves_down(views, tag, bounds, limit)
                }
            },
        )?;
        let recent = recent.iter().map(|entry| from_tail(tag, entry));
        let mut merged: BTreeMap<BookingId, FinishedBooking> = BTreeMap::new();
        for booking in folded.iter().map(|entry| from_leaf(tag, entry)).chain(recent) {
            let known = merged.entry(booking.id).or_insert(booking);
            if known.version < booking.version {
                *known = booking;
            }
        }
        Ok(ends(merged.into_values(), oldest_first, limit))
    }

    /// Up to `limit` bookings created by `user` with `low < position < high`, by the position of
    /// their creation: newest first, or oldest first when `oldest_first`.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn bookings_of_user(
        &self,
        user: u64,
        (low, high): (Position, Position),
        oldest_first: bool,
        limit: usize,
    ) -> Result<Vec<(Position, BookingId)>, HistoryError> {
        if limit == 0 || low >= high {
            return Ok(Vec::new());
        }
        let (recent, folded) = self.both(
            |tail| tail.created_by(user, (low, high), oldest_first, limit),
            |views| user_rows(views, user, (low, high), oldest_first, limit),
        )?;
        let folded = folded.into_iter().map(|entry| (entry.position, entry.booking));
        let merged: BTreeMap<Position, BookingId> = recent.into_iter().chain(folded).collect();
        Ok(ends(merged.into_iter(), oldest_first, limit))
    }
}

fn from_tail(tag: Tag, entry: &FinalEntry) -> FinishedBooking {
    let id = BookingId::new(entry.stamp, tag);
    FinishedBooking { id, version: entry.last.version, address: entry.last.address }
}

fn from_leaf(tag: Tag, entry: &LeafEntry) -> FinishedBooking {
    let id = BookingId::new(entry.stamp, tag);
    FinishedBooking { id, version: entry.version, address: entry.address }
}

/// A leaf with the stamp in its key.
type Leaf = (u64, LeafRow);

/// The lowest leaf with a key in `from..to`, or the highest.
fn leaf(
    views: &dyn Views,
    tag: Tag,
    (from, to): (u64, u64),
    highest: bool,
) -> Result<Option<Leaf>, ViewsError> {
    let row = edge(views, &keys::leaf(tag, from), &keys::leaf(tag, to), highest)?;
    let Some((key, value)) = row else { return Ok(None) };
    let low = keys::low_of_leaf(&key).ok_or(ViewsError::Damaged("leaf key"))?;
    Ok(Some((low, row::open(&value, "leaf")?)))
}

/// The leaf that covers the stamps just below `end`, seen whole: a leaf may be split between two
/// looks (its upper piece appears before it shrinks), which its `until` gives away.
fn leaf_below(views: &dyn Views, tag: Tag, end: u64) -> Result<Option<Leaf>, ViewsError> {
    let mut last = None;
    loop {
        let found = leaf(views, tag, (0, end), true)?;
        match &found {
            Some((low, row)) if row.until < end => {
                if last == Some((*low, row.until)) {
                    return Err(ViewsError::Damaged("a leaf is missing"));
                }
                last = Some((*low, row.until));
            }
            _ => return Ok(found),
        }
    }
}

fn folded_booking(views: &dyn Views, id: BookingId) -> Result<Option<FinishedBooking>, ViewsError> {
    let leaf = leaf_below(views, id.tag, id.stamp.bits() + 1)?;
    let entry = leaf.and_then(|(_, row)| row.entries.into_iter().find(|e| e.stamp == id.stamp));
    Ok(entry.map(|entry| from_leaf(id.tag, &entry)))
}

/// At least the `limit` newest of the stamps `low..high`, or all of them.
fn leaves_down(
    views: &dyn Views,
    tag: Tag,
    (low, high): (u64, u64),
    limit: usize,
) -> Result<Vec<LeafEntry>, ViewsError> {
    let mut found = Vec::new();
    let mut end = high;
    while end > low && found.len() < limit {
        let Some((from, row)) = leaf_below(views, tag, end)? else { break };
        found.extend(row.entries.into_iter().filter(|e| (low..end).contains(&e.stamp.bits())));
        end = from;
    }
    Ok(found)
}

/// At least the `limit` oldest of the stamps `low..high`, or all of them.
pub(super) fn leaves_up(
    views: &dyn Views,
    tag: Tag,
    (low, high): (u64, u64),
    limit: usize,
) -> Result<Vec<LeafEntry>, ViewsError> {
    let mut found = Vec::new();
    let mut next = leaf_below(views, tag, low + 1)?;
    if next.is_none() {
        next = leaf(views, tag, (0, high), false)?;
    }
    while let Some((from, row)) = next {
        // Looked up after the leaf was read: whatever it left to a new neighbour is found there.
        next = leaf(views, tag, (from + 1, high), false)?;
        let end = next.as_ref().map_or(high, |(above, _)| *above);
        found.extend(row.entries.into_iter().filter(|e| (low..end).contains(&e.stamp.bits())));
        if found.len() >= limit {
            break;
        }
    }
    Ok(found)
}

/// At least the `limit` newest (or oldest) entries with `low < position < high`, or all of them.
fn user_rows(
    views: &dyn Views,
    user: u64,
    (low, high): (Position, Position),
    oldest_first: bool,
    limit: usize,
) -> Result<Vec<UserEntry>, ViewsError> {
    // The row that begins at or before `low` may reach beyond it.
    let (all, after_low) = (keys::user(user, 0), keys::user(user, low.saturating_add(1)));
    let from = edge(views, &all, &after_low, true)?.map_or(after_low, |(key, _)| key);
    let (mut found, mut damaged) = (Vec::new(), None);
    views.range(
        &from,
        &keys::user(user, high),
        !oldest_first,
        &mut |_, value| match row::open::<Vec<UserEntry>>(value, "user row") {
            Ok(entries) => {
                found.extend(entries.into_iter().filter(|e| low < e.position && e.position < high));
                found.len() < limit
            }
            Err(error) => {
                damaged = Some(error);
                false
            }
        },
    )?;
    damaged.map_or(Ok(found), Err)
}
