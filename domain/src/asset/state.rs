//! The live state of one asset: its fields, its live bookings and their calendar, its upkeep, its
//! keys.
//!
//! Finished bookings, decided reports and closed maintenance are not here: they live in the log and
//! its views.

mod reads;
mod snapshot;

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    asset::{
        AssetStatus, BookingStatus, Event,
        booking::Booking,
        calendar::{Calendar, Claim, Taken},
        due::{Timers, Transition},
        fields::Fields,
        keys::{self, Keys},
        terms::{Terms, TermsInUse},
        upkeep::{Context, Upkeep},
    },
    id::{BookingId, Stamp, Tag},
    record::{Digest, Outcome, Record},
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
    pub(super) upkeep: Upkeep,
    pub(super) keys: Keys,
    /// Of fields and bookings; follows from them.
    held_bytes: usize,
    /// The same of `upkeep`.
    upkeep_bytes: usize,
}

pub use reads::LiveBooking;
pub use snapshot::Snapshot;

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
            upkeep: Upkeep::default(),
            keys: Keys::default(),
            held_bytes: 0,
            upkeep_bytes: 0,
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
                if self.upkeep.concerns(event) {
                    self.keep_up(event, record);
                } else {
                    self.take(event, record.version, record.at);
                }
            }
            self.upkeep.caused_by(&record.actor, &record.request_id);
        }
    }

    /// Takes in an event that concerns the upkeep, and what of it the calendar holds.
    fn keep_up(&mut self, event: &Event, record: &Record) {
        let context = self.context(event, self.status(), record.version, record.at);
        let maintenance = event.maintenance().map(|id| id.stamp);
        let claim = |state: &Self| state.upkeep.open.get(&maintenance?)?.claim.zip(maintenance);
        let before = claim(self);
        self.take(event, record.version, record.at);
        self.upkeep.take(event, context);
        self.upkeep_bytes = self.upkeep.bytes();
        let after = claim(self);
        if before != after {
            if let Some((claim, stamp)) = before {
                self.calendar.remove(stamp, claim);
            }
            if let Some((claim, stamp)) = after {
                self.calendar.insert(stamp, claim);
            }
        }
    }

    /// What the upkeep needs to know of an event that has not been taken in, on an asset whose status
    /// is `status` before it.
    pub(super) fn context(
        &self,
        event: &Event,
        status: AssetStatus,
        version: u64,
        at: Timestamp,
    ) -> Context {
        let live = |id: BookingId| self.bookings.get(&id.stamp);
        let (mut used_minutes, mut charged) = (0, None);
        match event {
            Event::BookingCheckedOut { id, at, .. } => {
                used_minutes = live(*id).map_or(0, |booking| booking.used_minutes(*at));
            }
            Event::ReportCreated { reverses: charge, .. } | Event::ReportDecided { charge, .. } => {
                charged = charge.as_ref()
            }
            _ => {}
        }
        let status = match event {
            Event::AssetUpdated { status: Some(set), .. }
            | Event::AssetFollowed { status: set } => *set,
            _ => status,
        };
        let is_live = charged.is_some_and(|charge| live(charge.booking).is_some());
        Context { version, at, status, used_minutes, is_live }
    }

    fn take(&mut self, event: &Event, version: u64, at: Timestamp) {
        match event {
            Event::AssetRegistered { .. } => {
                self.set_fields(Fields::registered(event, version, at));
                self.free_since = Some(at);
            }
            Event::AssetUpdated { .. }
            | Event::AssetFollowed { .. }
            | Event::ScheduleChanged { .. } => {
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
            Event::ReportCreated { reverses: Some(charge), .. } => {
                self.recharge(charge.booking, |booking| booking.uncharge(charge.report));
            }
            Event::ReportDecided { charge: Some(charge), .. } => {
                self.recharge(charge.booking, |booking| booking.charge(charge));
            }
            // What they change is over and not here, or is the upkeep's.
            _ => {}
        }
    }

    /// What a live booking will have to pay beside its use.
    fn recharge(&mut self, id: BookingId, change: impl FnOnce(&mut Booking)) {
        if let Some(mut booking) = self.remove(id) {
            change(&mut booking);
            self.insert(booking);
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
        self.status() == AssetStatus::Active && self.fields.is_some()
    }

    /// Before registration there is none; it begins active.
    pub(super) fn status(&self) -> AssetStatus {
        self.fields.as_ref().map_or(AssetStatus::Active, |fields| fields.status)
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
        self.next_due_with(&self.upkeep, self.next_booking_due(), self.at)
    }

    /// The same once a record of the time `at` has left the upkeep like this, and bookings with
    /// something due at `booking`.
    pub(super) fn next_due_with(
        &self,
        upkeep: &Upkeep,
        booking: Option<Timestamp>,
        at: Timestamp,
    ) -> Option<Timestamp> {
        if upkeep.owed.is_empty() {
            [booking, upkeep.next_notice_at()].into_iter().flatten().min()
        } else {
            Some(at)
        }
    }

    /// When a booking next changes by itself.
    pub(super) fn next_booking_due(&self) -> Option<Timestamp> {
        self.next_transition().map(|(at, ..)| at)
    }

    /// The newest record has consequences on other resources that are still to be recorded. Nothing
    /// is decided or read before they are.
    pub fn owes(&self) -> bool {
        !self.upkeep.owed.is_empty()
    }

    /// The version of the newest applied record; 0 before the first.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// An estimate of the memory the state holds, for eviction by bytes. Costs nothing to ask.
    pub fn bytes(&self) -> usize {
        size_of::<Self>() + self.held_bytes + self.upkeep_bytes + self.keys.bytes()
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
