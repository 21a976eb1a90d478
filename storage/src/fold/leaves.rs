//! Folds finished bookings of one asset into its sorted leaf rows.
//!
//! A leaf covers the stamps from the one in its key to the key of the next. One that grows above
//! [`LEAF_ENTRIES_MAX`] is cut into even pieces, each at least half of that.

use std::collections::BTreeMap;

use holdfast_domain::{Outcome, Record, Stamp, Tag, asset::PastBooking};

use super::batch::Batch;
use crate::{
    codec,
    history::{HistoryError, ReadRecord, read},
    keys,
    tail::{FinalEntry, Generation},
    views::{
        ViewsError, edge,
        row::{self, LeafEntry, LeafRow},
    },
};

pub(super) const LEAF_ENTRIES_MAX: usize = 64;

/// What records say of bookings that are over, by their versions.
pub(super) type PastByVersion = BTreeMap<u64, PastBooking>;

/// What a record that left a booking final says of it.
pub(super) fn past_booking(record: &Record) -> Option<PastBooking> {
    let Outcome::Accepted(accepted) = &record.outcome else { return None };
    accepted.booking.filter(|mark| mark.finished).and_then(|_| PastBooking::of(&accepted.after))
}

/// `past` holds what of them was read already.
pub(super) fn fold(
    batch: &mut Batch<'_>,
    journal: &dyn ReadRecord,
    (generation, tag): (&Generation, Tag),
    mut past: PastByVersion,
) -> Result<(), HistoryError> {
    let mut fresh = generation.finished_by_stamp(tag).peekable();
    while let Some(first) = fresh.peek() {
        let mut leaf = Leaf::of(batch, tag, first.stamp)?;
        while let Some(FinalEntry { stamp, ended, last }) =
            fresh.next_if(|entry| entry.stamp.bits() < leaf.until)
        {
            let (version, address) = (last.version, last.address);
            let past = match past.remove(&version) {
                Some(past) => Some(past),
                // An interrupted fold had written the head row, so it was not read again.
                None => past_booking(&read(journal, tag, version, address)?),
            };
            leaf.put(LeafEntry { stamp, version, address, ended, past });
        }
        leaf.write(batch, tag)?;
    }
    Ok(())
}

/// A leaf being changed.
struct Leaf {
    low: u64,
    until: u64,
    entries: Vec<LeafEntry>,
    /// An interrupted fold had written the upper piece of a split but not this lower one: what is
    /// now the next leaf's was taken out.
    cut: bool,
}

impl Leaf {
    /// The leaf that a stamp belongs to; an empty one when the asset has none yet.
    fn of(batch: &Batch<'_>, tag: Tag, stamp: Stamp) -> Result<Self, ViewsError> {
        let views = batch.views();
        let (from, to) = (keys::leaf(tag, 0), keys::leaf(tag, stamp.bits() + 1));
        let (low, mut entries) = match edge(views, &from, &to, true)? {
            Some((key, value)) => {
                let low = keys::low_of_leaf(&key).ok_or(ViewsError::Damaged("leaf key"))?;
                (low, row::open::<LeafRow>(&value, "leaf")?.entries)
            }
            None => (0, Vec::new()),
        };
        let (above, end) = (keys::leaf(tag, low + 1), keys::leaf(tag, keys::STAMP_END));
        let until = match edge(views, &above, &end, false)? {
            Some((key, _)) => keys::low_of_leaf(&key).ok_or(ViewsError::Damaged("leaf key"))?,
            None => keys::STAMP_END,
        };
        let before = entries.len();
        entries.retain(|entry| entry.stamp.bits() < until);
        Ok(Self { low, until, cut: entries.len() < before, entries })
    }

    /// Adds a booking, or replaces it when this image of it is newer. When it ended stays.
    fn put(&mut self, entry: LeafEntry) {
        match self.entries.binary_search_by_key(&entry.stamp, |known| known.stamp) {
            Ok(at) if self.entries[at].version < entry.version => {
                let ended = self.entries[at].ended.min(entry.ended);
                self.entries[at] = LeafEntry { ended, ..entry };
            }
            Ok(_) => {}
            Err(at) => self.entries.insert(at, entry),
        }
    }

    fn write(self, batch: &mut Batch<'_>, tag: Tag) -> Result<(), ViewsError> {
        let (count, pieces) = (self.entries.len(), self.entries.len().div_ceil(LEAF_ENTRIES_MAX));
        let mut until = self.until;
        // From the top, so that a piece's end is known; the lowest keeps the key and so forgets.
        for piece in (0..pieces).rev() {
            let entries = &self.entries[count * piece / pieces..count * (piece + 1) / pieces];
            let low = if piece == 0 { self.low } else { entries[0].stamp.bits() };
            let value = codec::seal(&LeafRow { until, entries: entries.to_vec() });
            if piece == 0 && (pieces > 1 || self.cut) {
                batch.hold(keys::leaf(tag, low), value);
            } else {
                batch.add(&keys::leaf(tag, low), &value)?;
            }
            until = low;
        }
        Ok(())
    }
}
