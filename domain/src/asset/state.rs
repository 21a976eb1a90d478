//! The live state of one asset: its fields, its live bookings and their calendar, its keys.
//!
//! Finished bookings are not here: they live in the log and its views.

use std::{collections::BTreeMap, ops::Bound};

use serde::{Deserialize, Serialize};

use crate::{
    access::Place,
    asset::{
        BookingStatus, Document, Event,
        booking::Booking,
        calendar::Calendar,
        fields::Fields,
        keys::{self, Keys},
    },
    id::{AssetId, BookingId, Stamp, Tag},
    record::{Digest, Outcome, Record},
    rejection::Window,
    time::Timestamp,
};

/// Equal to the fold of the asset's records.
#[derive(Clone, PartialEq, Debug)]
pub struct AssetState {
    pub(super) tag: Tag,
    pub(super) version: u64,
    /// The last stamp given out.
    pub(super) last_stamp: Stamp,
    /// Of the newest record.
    pub(super) at: Timestamp,
    /// The newest record's link of the audit chain.
    pub(super) last_hash: Digest,
    pub(super) fields: Option<Fields>,
    /// Live ones, by creation.
    pub(super) bookings: BTreeMap<Stamp, Booking>,
    /// Follows from `bookings`.
    pub(super) calendar: Calendar,
    /// The booking the asset is out with; follows from `bookings`.
    pub(super) out: Option<Stamp>,
    pub(super) keys: Keys,
    /// Of fields and bookings; follows from them.
    held_bytes: usize,
}

/// A live booking as reads need it: its facts to judge by, its document when it is wanted.
#[derive(Clone, Copy)]
pub struct LiveBooking<'a> {
    booking: &'a Booking,
    asset: AssetId,
}

impl LiveBooking<'_> {
    pub fn id(&self) -> BookingId {
        self.booking.id(self.asset.tag)
    }

    pub fn user_id(&self) -> &str {
        &self.booking.user_id
    }

    pub fn org_id(&self) -> &str {
        &self.booking.org_id
    }

    pub fn status(&self) -> BookingStatus {
        self.booking.status
    }

    pub fn window(&self) -> Window {
        self.booking.window
    }

    pub fn document(&self) -> Document {
        self.booking.document(self.asset)
    }
}

impl AssetState {
    /// The state before the first record.
    pub fn new(tag: Tag) -> Self {
        Self {
            tag,
            version: 0,
            last_stamp: Stamp::MIN,
            at: Timestamp::default(),
            last_hash: Digest::default(),
            fields: None,
            bookings: BTreeMap::new(),
            calendar: Calendar::default(),
            out: None,
            keys: Keys::default(),
            held_bytes: 0,
        }
    }

    /// Takes in the next record, in time that grows with the logarithm of the live bookings. Total:
    /// whatever [`crate::asset::decide`] returned can be applied.
    pub fn apply(&mut self, record: &Record) {
        self.version = record.version;
        self.last_stamp = record.audit;
        self.at = record.at;
        self.last_hash = record.hash;
        self.keys.take(record, record.at);
        if let Outcome::Accepted(accepted) = &record.outcome {
            for event in &accepted.events {
                self.take(event, record.version, record.at);
            }
        }
    }

    fn take(&mut self, event: &Event, version: u64, at: Timestamp) {
        match event {
            Event::AssetRegistered { .. } => {
                self.set_fields(Fields::registered(event, version, at));
            }
            Event::AssetUpdated { .. } => {
                let mut fields = self.fields.take();
                self.held_bytes -= fields.as_ref().map_or(0, Fields::bytes);
                if let Some(fields) = &mut fields {
                    fields.update(event, version, at);
                }
                self.set_fields(fields);
            }
            Event::BookingCreated { .. } => {
                if let Some(booking) = Booking::created(event, version, at) {
                    self.insert(booking);
                }
            }
            Event::BookingCheckedIn { id, at, notes } => {
                if let Some(mut booking) = self.remove(*id) {
                    booking.check_in(*at, notes.as_deref(), version);
                    self.insert(booking);
                }
            }
            Event::BookingCancelled { id, .. } | Event::BookingCheckedOut { id, .. } => {
                self.remove(*id);
            }
        }
    }

    fn set_fields(&mut self, fields: Option<Fields>) {
        self.held_bytes += fields.as_ref().map_or(0, Fields::bytes);
        self.fields = fields;
    }

    fn insert(&mut self, booking: Booking) {
        self.held_bytes += booking.bytes();
        self.calendar.insert(booking.stamp, booking.claim());
        if booking.status == BookingStatus::CheckedIn {
            self.out = Some(booking.stamp);
        }
        self.bookings.insert(booking.stamp, booking);
    }

    fn remove(&mut self, id: BookingId) -> Option<Booking> {
        let booking = self.bookings.remove(&id.stamp)?;
        self.held_bytes -= booking.bytes();
        self.calendar.remove(booking.stamp, booking.claim());
        if self.out == Some(booking.stamp) {
            self.out = None;
        }
        Some(booking)
    }

    /// The version of the newest applied record; 0 before the first.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// `None` before registration. An id with this tag and another stamp names nothing.
    pub fn asset_id(&self) -> Option<AssetId> {
        self.fields.as_ref().map(|fields| AssetId::new(fields.id, self.tag))
    }

    pub fn place(&self) -> Option<Place<'_>> {
        self.fields.as_ref().map(Fields::place)
    }

    /// `None` before registration.
    pub fn asset_document(&self) -> Option<Document> {
        self.fields.as_ref().map(|fields| fields.document(self.tag))
    }

    /// `None` when the booking is not live.
    pub fn booking(&self, id: BookingId) -> Option<LiveBooking<'_>> {
        let asset = self.asset_id().filter(|asset| asset.tag == id.tag)?;
        self.bookings.get(&id.stamp).map(|booking| LiveBooking { booking, asset })
    }

    /// As [`AssetState::booking`], rendered.
    pub fn booking_document(&self, id: BookingId) -> Option<Document> {
        self.booking(id).map(|booking| booking.document())
    }

    /// Live bookings with `low < stamp < high`, oldest first.
    pub fn live_between(
        &self,
        low: Stamp,
        high: Stamp,
    ) -> impl DoubleEndedIterator<Item = LiveBooking<'_>> {
        let within = (low < high).then_some((Bound::Excluded(low), Bound::Excluded(high)));
        let asset = self.asset_id();
        within
            .into_iter()
            .flat_map(|within| self.bookings.range(within))
            .filter_map(move |(_, booking)| asset.map(|asset| LiveBooking { booking, asset }))
    }

    /// An estimate of the memory the state holds, for eviction by bytes. Costs nothing to ask.
    pub fn bytes(&self) -> usize {
        size_of::<Self>() + self.held_bytes + self.keys.bytes()
    }

    /// Everything but the idempotency keys, for a snapshot.
    pub fn to_snapshot(&self) -> Snapshot {
        Snapshot {
            tag: self.tag,
            version: self.version,
            last_stamp: self.last_stamp,
            at: self.at,
            last_hash: self.last_hash,
            fields: self.fields.clone(),
            bookings: self.bookings.values().cloned().collect(),
        }
    }

    /// Keys are re-read from history: [`AssetState::remember`].
    pub fn from_snapshot(snapshot: Snapshot) -> Self {
        let mut state = Self {
            version: snapshot.version,
            last_stamp: snapshot.last_stamp,
            at: snapshot.at,
            last_hash: snapshot.last_hash,
            ..Self::new(snapshot.tag)
        };
        state.set_fields(snapshot.fields);
        for booking in snapshot.bookings {
            state.insert(booking);
        }
        state
    }

    /// Takes in only the idempotency key of a record that the snapshot already covers. Call it for
    /// such records from the oldest on, and before any [`AssetState::apply`].
    pub fn remember(&mut self, record: &Record) {
        self.keys.take(record, self.at);
    }

    /// How far back keys must be re-read at `now`: records newer than the returned instant, and in
    /// any case the newest 64 that carry one.
    pub fn keys_needed_since(now: Timestamp) -> Timestamp {
        now.plus_millis(-keys::KEPT_MS)
    }
}

/// The stored form of a state.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Snapshot {
    pub tag: Tag,
    pub version: u64,
    pub last_stamp: Stamp,
    at: Timestamp,
    last_hash: Digest,
    fields: Option<Fields>,
    bookings: Vec<Booking>,
}
