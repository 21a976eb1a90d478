//! The live state of one asset: its fields, its live bookings and their calendar, its keys.
//!
//! Finished bookings are not here: they live in the log and its views.

use crate::{
    access::Place,
    asset::Document,
    id::{BookingId, Stamp, Tag},
    record::Record,
    time::Timestamp,
};

/// Equal to the fold of the asset's records.
#[derive(Clone, PartialEq, Debug)]
pub struct AssetState {
    tag: Tag,
    version: u64,
}

/// A live booking as lists need it.
pub struct LiveBooking {
    pub id: BookingId,
    pub document: Document,
}

impl AssetState {
    /// The state before the first record.
    pub fn new(tag: Tag) -> Self {
        Self { tag, version: 0 }
    }

    /// Takes in the next record. Total: whatever [`crate::asset::decide`] returned can be applied.
    pub fn apply(&mut self, record: &Record) {
        let _ = record;
        unimplemented!()
    }

    /// The version of the newest applied record; 0 before the first.
    pub fn version(&self) -> u64 {
        self.version
    }

    pub fn place(&self) -> Option<Place<'_>> {
        unimplemented!()
    }

    /// `None` before registration.
    pub fn asset_document(&self) -> Option<Document> {
        unimplemented!()
    }

    /// `None` when the booking is not live.
    pub fn booking_document(&self, id: BookingId) -> Option<Document> {
        let _ = id;
        unimplemented!()
    }

    /// Live bookings, newest first.
    pub fn live_bookings(&self) -> impl Iterator<Item = LiveBooking> + '_ {
        std::iter::empty()
    }

    /// An estimate of the memory the state holds, for eviction by bytes.
    pub fn bytes(&self) -> usize {
        unimplemented!()
    }

    /// Everything but the idempotency keys, for a snapshot.
    pub fn to_snapshot(&self) -> Snapshot {
        unimplemented!()
    }

    /// Keys are re-read from history: [`AssetState::remember`].
    pub fn from_snapshot(snapshot: Snapshot) -> Self {
        let _ = snapshot;
        unimplemented!()
    }

    /// Takes in only the idempotency key of a record that the snapshot already covers.
    pub fn remember(&mut self, record: &Record) {
        let _ = record;
        unimplemented!()
    }

    /// How far back keys must be re-read at `now`: records newer than the returned instant, and in
    /// any case the newest 64 that carry one.
    pub fn keys_needed_since(now: Timestamp) -> Timestamp {
        now.plus_millis(-24 * 60 * 60 * 1000)
    }
}

/// The stored form of a state.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Snapshot {
    pub tag: Tag,
    pub version: u64,
    pub last_stamp: Stamp,
}
