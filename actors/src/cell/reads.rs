//! What one asset's actor answers from its state without anything happening.

use bytes::Bytes;
use holdfast_domain::{BookingId, Principal, access, asset::LiveBooking, rejection::Rejection};

use super::AssetCell;
use crate::{
    engine::Refusal,
    message::{BookingsAsk, LivePage, Reading, Standing},
};

impl AssetCell {
    pub(super) fn asset(&self, principal: &Principal) -> Result<Reading, Refusal> {
        match (self.state.place(), self.state.asset_document()) {
            (Some(place), Some(document)) if access::is_visible(principal, place) => {
                Ok(Reading::Document(document))
            }
            _ => Err(not_found()),
        }
    }

    pub(super) fn booking(&self, principal: &Principal, id: BookingId) -> Result<Reading, Refusal> {
        let inspects = self.state.place().is_some_and(|place| access::inspects(principal, place));
        match self.state.booking(id) {
            None => Ok(Reading::NotLive { inspects }),
            Some(booking) if inspects || owns(principal, &booking) => {
                Ok(Reading::Document(booking.document()))
            }
            Some(_) => Err(not_found()),
        }
    }

    pub(super) fn bookings(
        &self,
        principal: &Principal,
        ask: &BookingsAsk,
    ) -> Result<Reading, Refusal> {
        let place = self
            .state
            .place()
            .filter(|place| access::is_visible(principal, *place))
            .ok_or_else(not_found)?;
        let inspects = access::inspects(principal, place);
        let admitted = |booking: &LiveBooking<'_>| {
            (inspects || owns(principal, booking))
                && ask.filter.admits(booking.status(), booking.user_id(), booking.window())
        };
        let row = |booking: LiveBooking<'_>| {
            (booking.id().stamp, Bytes::from_owner(booking.document().json))
        };
        let live = self.state.live_between(ask.low, ask.high);
        let rows = if ask.oldest_first {
            live.filter(admitted).take(ask.limit).map(row).collect()
        } else {
            live.rev().filter(admitted).take(ask.limit).map(row).collect()
        };
        Ok(Reading::Live(LivePage { rows, version: self.state.version(), inspects }))
    }

    pub(super) fn standing(&self, principal: &Principal) -> Standing {
        let place = self.state.place();
        Standing {
            sees: place.is_some_and(|place| access::is_visible(principal, place)),
            inspects: place.is_some_and(|place| access::inspects(principal, place)),
        }
    }

    pub(super) fn may_audit(&self, principal: &Principal) -> Result<Reading, Refusal> {
        let place = self.state.place().ok_or_else(not_found)?;
        if access::inspects(principal, place) {
            Ok(Reading::MayAudit)
        } else if access::is_visible(principal, place) {
            Err(Refusal::Rejected(Rejection::ForbiddenRole))
        } else {
            Err(not_found())
        }
    }
}

fn owns(principal: &Principal, booking: &LiveBooking<'_>) -> bool {
    access::owns_booking(principal, booking.org_id(), booking.user_id())
}

fn not_found() -> Refusal {
    Refusal::Rejected(Rejection::NotFound)
}
