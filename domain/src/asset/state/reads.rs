//! What reads see of a state.

use std::ops::Bound;

use super::AssetState;
use crate::{
    access::Place,
    asset::{BookingStatus, Document, booking::Booking, fields::Fields},
    id::{AssetId, BookingId, MaintenanceId, Stamp, Tag},
    rejection::Window,
};

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

    /// `None` when the maintenance is not open.
    pub fn maintenance_document(&self, id: MaintenanceId) -> Option<Document> {
        let asset = self.asset_id().filter(|asset| asset.tag == id.tag)?;
        self.upkeep.open.get(&id.stamp).map(|maintenance| maintenance.document(asset))
    }

    /// Open maintenance, oldest first.
    pub fn open_maintenance(&self) -> impl Iterator<Item = MaintenanceId> {
        self.upkeep.open.keys().map(|stamp| MaintenanceId::new(*stamp, self.tag))
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
}
