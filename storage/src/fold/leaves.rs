//! Folds finished bookings of one asset into its sorted leaf rows.
//!
//! A leaf covers the stamps from the one in its key to the key of the next. One that grows above
//! [`LEAF_ENTRIES_MAX`] is cut into even pieces, each at least half of that.

use holdfast_domain::{Stamp, Tag};

use super::batch::Batch;
use crate::{
    codec, keys,
    tail::Generation,
    views::{
        ViewsError, edge,
        row::{self, LeafEntry, LeafRow},
    },
};

pub(super) const LEAF_ENTRIES_MAX: usize = 64;

pub(super) fn fold(
    batch: &mut Batch<'_>,
    generation: &Generation,
    tag: Tag,
) -> Result<(), ViewsError> {
    let mut fresh = generation
        .finished_by_stamp(tag)
        .map(|(stamp, entry)| LeafEntry { stamp, version: entry.version, address: entry.address })
        .peekable();
    while let Some(first) = fresh.peek() {
        let mut leaf = Leaf::of(batch, tag, first.stamp)?;
        while let Some(entry) = fresh.next_if(|entry| entry.stamp.bits() < leaf.until) {
            leaf.put(entry);
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

    /// Adds a booking, or replaces it when this image of it is newer.
    fn put(&mut self, entry: LeafEntry) {
        match self.entries.binary_search_by_key(&entry.stamp, |known| known.stamp) {
            Ok(at) if self.entries[at].version < entry.version => self.entries[at] = entry,
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
