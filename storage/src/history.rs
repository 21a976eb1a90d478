//! Reads over what is committed: the tail first, then the views, bodies from the journal by address.
//!
//! No read waits for a fold. The order (tail, *then* views) together with the fold's (views, *then*
//! trim) means that an entry is seen twice at worst, never zero times.

use std::sync::Arc;

use holdfast_domain::{BookingId, Record, Stamp, Tag, Timestamp};

use crate::{
    journal::{Address, JournalReader, Position, ReadError},
    tail::Tail,
    views::{Views, ViewsError},
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

/// A finished booking as its index row holds it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FinishedBooking {
    pub id: BookingId,
    /// Version and address of the record with its last image.
    pub version: u64,
    pub address: Address,
}

/// Everything needed to rebuild an actor's state.
pub struct Replay {
    /// The newest usable snapshot: `codec::decode`d bytes as the actor gave them.
    pub snapshot: Option<Vec<u8>>,
    /// Records above the snapshot's version, in order, without a hole.
    pub records: Vec<Record>,
    /// Records the snapshot covers whose idempotency keys are still needed, oldest first.
    pub keyed: Vec<Record>,
}

/// What the catalogue needs of one asset at start.
pub struct AssetHead {
    pub tag: Tag,
    /// The position of the record that created the asset.
    pub created: Position,
    /// Of the record whose `after` is the asset document now.
    pub document: Address,
    pub next_due: Option<Timestamp>,
}

pub struct History {
    pub tail: Arc<Tail>,
    pub views: Arc<dyn Views>,
    pub journal: JournalReader,
}

impl History {
    /// For hydration (R6): tail, then head row → snapshot → pages. `keys_since` is the oldest time
    /// whose idempotency keys are wanted; the newest 64 keyed records are included in any case.
    pub fn replay(&self, tag: Tag, keys_since: Timestamp) -> Result<Replay, HistoryError> {
        let _ = (tag, keys_since);
        unimplemented!()
    }

    /// One record by version; `None` when the asset has no such version (yet).
    pub fn record(&self, tag: Tag, version: u64) -> Result<Option<Record>, HistoryError> {
        let _ = (tag, version);
        unimplemented!()
    }

    /// Up to `limit` records with `version < below`, newest first.
    pub fn records_below(
        &self,
        tag: Tag,
        below: u64,
        limit: usize,
    ) -> Result<Vec<Record>, HistoryError> {
        let _ = (tag, below, limit);
        unimplemented!()
    }

    /// The last image of a finished booking; `None` when none such is committed.
    pub fn finished(&self, id: BookingId) -> Result<Option<FinishedBooking>, HistoryError> {
        let _ = id;
        unimplemented!()
    }

    /// Up to `limit` finished bookings of an asset with `low < stamp < high`: the newest by creation
    /// first, or the oldest first when `oldest_first`.
    pub fn finished_of_asset(
        &self,
        tag: Tag,
        (low, high): (Stamp, Stamp),
        oldest_first: bool,
        limit: usize,
    ) -> Result<Vec<FinishedBooking>, HistoryError> {
        let _ = (tag, low, high, oldest_first, limit);
        unimplemented!()
    }

    /// Up to `limit` bookings created by `user` with `low < position < high`, by the position of
    /// their creation: newest first, or oldest first when `oldest_first`.
    pub fn bookings_of_user(
        &self,
        user: u64,
        (low, high): (Position, Position),
        oldest_first: bool,
        limit: usize,
    ) -> Result<Vec<(Position, BookingId)>, HistoryError> {
        let _ = (user, low, high, oldest_first, limit);
        unimplemented!()
    }

    /// Every asset in the views, in no particular order (the caller adds the tail's).
    pub fn asset_heads(&self, each: &mut dyn FnMut(AssetHead)) -> Result<(), HistoryError> {
        let _ = each;
        unimplemented!()
    }
}
