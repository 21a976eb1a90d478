//! Giving a booking up before it begins.

use super::{Case, Effect, invalid_transition};
use crate::{
    asset::{BookingStatus, Event, booking::Booking, fields::Fields},
    record::Kind,
    rejection::Rejection,
};

pub(super) fn decide(
    case: &Case<'_>,
    fields: &Fields,
    booking: &Booking,
    reason: Option<&str>,
) -> Result<Effect, Rejection> {
    if !matches!(booking.status, BookingStatus::Confirmed | BookingStatus::PendingApproval) {
        return Err(invalid_transition(booking.status.name()));
    }
    if case.at >= booking.window.start && !case.manages(fields.place()) {
        return Err(Rejection::CancelCutoffPassed);
    }
    let image = case.image(fields, booking, |image| {
        image.status = BookingStatus::Cancelled;
        image.cost_minor = Some(0);
    });
    let event = Event::BookingCancelled { id: image.id, reason: reason.map(Into::into) };
    Ok(case.booking_effect(fields, (Kind::BookingCancelled, event), booking, &image))
}
