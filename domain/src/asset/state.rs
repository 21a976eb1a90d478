//! The live state of one asset: its fields, its live bookings and their calendar, its keys.
//!
//! Finished bookings are not here: they live in the log and its views.

use std::{collections::BTreeMap, ops::Bound, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    access::Place,
    asset::{
        AssetStatus, BookingStatus, Document, Event,
        booking::Booking,
        calendar::{Calendar, Claim, Taken},
        due::{Timers, Transition},
        fields::Fields,
        keys::{self, Keys},
        terms::{Terms, TermsInUse},
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
    terms: TermsInUse,
    /// Follows from `bookings`, but for the buffers that still run.
    pub(super) calendar: Calendar,
    /// Follows from `bookings`.
    timers: Timers,
    /// The booking the asset is out with; follows from `bookings`.
    pub(super) out: Option<Stamp>,
    /// Since when the asset can be taken up; `None` while it is out or not active.
    pub(super) free_since: Option<Timestamp>,
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
            terms: TermsInUse::default(),
            calendar: Calendar::default(),
            timers: Timers::default(),
            out: None,
            free_since: None,
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
                self.free_since = Some(at);
            }
            Event::AssetUpdated { .. } => {
                let mut fields = self.fields.take();
                self.held_bytes -= fields.as_ref().map_or(0, Fields::bytes);
                if let Some(fields) = &mut fields {
                    fields.update(event, version, at);
                    self.free_since = self.free_since_after(fields.status, at);
                }
                self.set_fields(fields);
            }
            Event::BookingCreated { .. } | Event::BookingPlaced { .. } => {
                if let Some(booking) = Booking::created(event, &self.current_terms(), version, at) {
                    self.insert(booking);
                }
            }
            Event::BookingApproved { id, .. }
            | Event::BookingCheckedIn { id, .. }
            | Event::BookingOverdue { id }
            | Event::BookingRescheduled { id, .. } => {
                if let Some(mut booking) = self.remove(*id) {
                    booking.change(event, &self.current_terms(), version, at);
                    if booking.status == BookingStatus::CheckedIn {
                        self.free_since = None;
                    }
                    self.insert(booking);
                }
            }
            Event::BookingCheckedOut { id, at, .. } => {
                if let Some(booking) = self.remove(*id) {
                    self.calendar.cool(booking.stamp, booking.claim_of_use(*at));
                    self.free_since = self.is_active().then_some(*at);
                }
            }
            Event::BookingCancelled { id, .. }
            | Event::BookingRejected { id, .. }
            | Event::BookingExpired { id }
            | Event::BookingNoShow { id } => {
                self.remove(*id);
            }
            // What it changes is over and not here.
            Event::BookingCostAdjusted { .. } => {}
        }
    }

    fn set_fields(&mut self, fields: Option<Fields>) {
        self.held_bytes += fields.as_ref().map_or(0, Fields::bytes);
        self.fields = fields;
    }

    fn insert(&mut self, booking: Booking) {
        self.held_bytes += booking.bytes() + self.terms.take(&booking);
        self.timers.insert(&booking);
        if booking.status == BookingStatus::CheckedIn {
            self.out = Some(booking.stamp);
        } else {
            self.calendar.insert(booking.stamp, booking.claim());
        }
        self.bookings.insert(booking.stamp, booking);
    }

    fn remove(&mut self, id: BookingId) -> Option<Booking> {
        let booking = self.bookings.remove(&id.stamp)?;
        self.held_bytes -= booking.bytes() + self.terms.give_back(&booking);
        self.timers.remove(&booking);
        if self.out == Some(booking.stamp) {
            self.out = None;
        } else {
            self.calendar.remove(booking.stamp, booking.claim());
        }
        Some(booking)
    }

    fn current_terms(&self) -> Arc<Terms> {
        self.fields.as_ref().map(|fields| Arc::clone(&fields.terms)).unwrap_or_default()
    }

    fn current_version(&self) -> u64 {
        self.fields.as_ref().map_or(0, |fields| fields.terms_version)
    }

    pub(super) fn is_active(&self) -> bool {
        self.fields.as_ref().is_some_and(|fields| fields.status == AssetStatus::Active)
    }

    /// Since when the asset can be taken up once its status is `status`, set at `at`.
    pub(super) fn free_since_after(&self, status: AssetStatus, at: Timestamp) -> Option<Timestamp> {
        let can_be_taken_up = status == AssetStatus::Active && self.out.is_none();
        can_be_taken_up.then(|| self.free_since.unwrap_or(at))
    }

    /// What is taken as of `now`, without the claim of one booking.
    pub(super) fn taken(&self, now: Timestamp, ignoring: Option<Stamp>) -> Taken<'_> {
        let in_use: Option<Claim> =
            self.out.map(|stamp| (stamp, self.bookings[&stamp].claim_in_use(now)));
        Taken { calendar: &self.calendar, in_use, now, ignoring }
    }

    /// The next thing that happens by itself: when, to which booking, and what. Of several at once
    /// the one of the oldest booking, but confirmed ones in the order of their windows.
    pub(super) fn next_transition(&self) -> Option<(Timestamp, &Booking, Transition)> {
        self.timers
            .next(None)
            .chain(self.out)
            .map(|stamp| &self.bookings[&stamp])
            .filter_map(|booking| {
                booking.due(self.free_since).map(|(at, what)| (at, booking, what))
            })
            .min_by_key(|(at, booking, _)| (*at, booking.stamp))
    }

    /// When the asset next wants a tick once a record has changed the booking `changed` into `after`
    /// (`None` where none or one that is over) and the asset can be taken up since `free_since`.
    pub(super) fn next_due_after(
        &self,
        changed: Option<Stamp>,
        after: Option<&Booking>,
        free_since: Option<Timestamp>,
    ) -> Option<Timestamp> {
        self.timers
            .next(changed)
            .chain(self.out.filter(|out| Some(*out) != changed))
            .map(|stamp| &self.bookings[&stamp])
            .chain(after)
            .filter_map(|booking| booking.due(free_since))
            .map(|(at, _)| at)
            .min()
    }

    /// When the asset next wants a [`crate::asset::due`].
    pub fn next_due(&self) -> Option<Timestamp> {
        self.next_transition().map(|(at, ..)| at)
    }

    /// The version of the newest applied record; 0 before the first.
    pub fn version(&self) -> u64 {
        self.version
    }

    pub fn tag(&self) -> Tag {
        self.tag
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
            terms: self.terms.sources(),
            cooling: self.calendar.cooling().to_vec(),
            free_since: self.free_since,
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
        state.set_fields(snapshot.fields.map(Fields::restored));
        let (current, version) = (state.current_terms(), state.current_version());
        let terms: BTreeMap<u64, Arc<Terms>> = snapshot
            .terms
            .iter()
            .map(|(under, source)| {
                let is_current = *under == version;
                (*under, if is_current { current.clone() } else { Terms::of(source.as_deref()) })
            })
            .collect();
        for mut booking in snapshot.bookings {
            booking.terms = terms.get(&booking.under).cloned().unwrap_or_default();
            state.insert(booking);
        }
        state.calendar.restore_cooling(snapshot.cooling);
        state.free_since = snapshot.free_since;
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
    /// The terms that the bookings are under, each once.
    terms: Vec<(u64, Option<Box<str>>)>,
    cooling: Vec<Claim>,
    free_since: Option<Timestamp>,
}
