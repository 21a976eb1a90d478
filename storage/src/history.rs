//! Reads over what is committed: the tail first, then the views, bodies from the journal by address.
//!
//! No read waits for a fold. The order (tail, *then* views) together with the fold's (views, *then*
//! trim) means that an entry is seen twice at worst, never zero times. `History::both` is the one
//! place that keeps this order.
//!
//! `history/log.rs` reads records by version, `history/bookings.rs` bookings by stamp and by user,
//! `history/usage.rs` what is over with its figures, `history/items.rs` reports and maintenance.
//! Every call may wait for the disk: never on an async runtime's thread.

mod bookings;
mod items;
mod log;
#[cfg(test)]
mod tests;
mod usage;

use std::sync::Arc;

use holdfast_domain::{BookingId, Record, Tag, Timestamp};

use crate::{
    journal::{Address, JournalReader, Position, ReadError},
    keys,
    tail::Tail,
    views::{Views, ViewsError, row::HeadRow},
};

#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    #[error(transparent)]
    Views(#[from] ViewsError),
    #[error(transparent)]
    Journal(#[from] ReadError),
    /// Versions of one asset with a hole between tail and views, twice in a row.
    #[error("versions {after} and {found} of an asset are not adjacent")]
    Hole { after: u64, found: u64 },
}

impl HistoryError {
    /// The views themselves are wrong, rather than the disk or the journal.
    pub const fn is_damage(&self) -> bool {
        matches!(self, Self::Views(ViewsError::Damaged(_)) | Self::Hole { .. })
    }
}

pub use items::Item;
pub use usage::Past;

/// A finished booking as its index row holds it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FinishedBooking {
    pub id: BookingId,
    /// Version and address of the record with its last image.
    pub version: u64,
    pub address: Address,
}

/// Everything needed to rebuild an actor's state.
#[derive(Clone, PartialEq, Debug)]
pub struct Replay {
    /// The newest usable snapshot: the bytes as the actor gave them.
    pub snapshot: Option<Vec<u8>>,
    /// Records above the snapshot's version, in order, without a hole.
    pub records: Vec<Record>,
    /// Records the snapshot covers whose idempotency keys are still needed, oldest first.
    pub keyed: Vec<Record>,
}

/// What the catalogue needs of one asset at start.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AssetHead {
    pub tag: Tag,
    /// The position of the record that created the asset.
    pub created: Position,
    /// Of the record whose `after` is the asset document now.
    pub document: Address,
    pub next_due: Option<Timestamp>,
}

/// The journal as a reader of single records.
pub trait ReadRecord: Send + Sync + 'static {
    /// The record at `address`.
    ///
    /// # Errors
    /// When there is no valid record, or the disk fails.
    fn read(&self, address: Address) -> Result<Record, ReadError>;
}

impl ReadRecord for JournalReader {
    fn read(&self, address: Address) -> Result<Record, ReadError> {
        JournalReader::read(self, address)
    }
}

/// The committed past. Shared by every reader and the view writer.
pub struct History {
    pub tail: Arc<Tail>,
    pub views: Arc<dyn Views>,
    pub journal: Arc<dyn ReadRecord>,
}

impl History {
    pub fn new(tail: Arc<Tail>, views: Arc<dyn Views>, journal: impl ReadRecord) -> Self {
        Self { tail, views, journal: Arc::new(journal) }
    }

    /// Every asset in the views, in no particular order (the caller adds the tail's). `each` must
    /// not read history.
    ///
    /// Returns how many records the views hold below the tail. At start that must be every record up
    /// to the checkpoint: a store that lost or rolled back a row in silence shows here.
    ///
    /// # Errors
    /// The first fault; some assets may have been handed over by then.
    pub fn asset_heads(&self, each: &mut dyn FnMut(AssetHead)) -> Result<u64, HistoryError> {
        let mut damaged = None;
        let mut folded = 0;
        let (from, to) = keys::heads();
        self.views.range(&from, &to, false, &mut |_, value| match HeadRow::open(value) {
            Ok(HeadRow { tag, version, registered, next_due, .. }) => {
                let in_tail = self.tail.slice(tag, u64::MAX, 0).oldest;
                folded += in_tail.map_or(version, |oldest| version.min(oldest - 1));
                if let Some(registered) = registered {
                    let (created, document) = (registered.created, registered.document);
                    each(AssetHead { tag, created, document, next_due });
                }
                true
            }
            Err(error) => {
                damaged = Some(error);
                false
            }
        })?;
        damaged.map_or(Ok(folded), |error| Err(error.into()))
    }

    /// Reads the tail and then the views, which hold at least what was trimmed meanwhile.
    pub(crate) fn both<T, V>(
        &self,
        tail: impl FnOnce(&Tail) -> T,
        views: impl FnOnce(&dyn Views) -> Result<V, ViewsError>,
    ) -> Result<(T, V), ViewsError> {
        if cfg!(feature = "planted-views-before-tail") {
            let seen = views(&*self.views)?;
            return Ok((tail(&self.tail), seen));
        }
        let recent = tail(&self.tail);
        Ok((recent, views(&*self.views)?))
    }
}

/// The first `limit` of ascending items, from the low end or the high one.
fn ends<I: DoubleEndedIterator>(items: I, from_low: bool, limit: usize) -> Vec<I::Item> {
    if from_low { items.take(limit).collect() } else { items.rev().take(limit).collect() }
}

/// The record at an address, which must be the one that an index said is there.
pub(crate) fn read(
    journal: &dyn ReadRecord,
    tag: Tag,
    version: u64,
    address: Address,
) -> Result<Record, ReadError> {
    let record = journal.read(address)?;
    if record.tag == tag && record.version == version {
        Ok(record)
    } else {
        Err(ReadError::Damaged(address))
    }
}
