//! Use begins.

use super::{Case, Effect, invalid_transition};
use crate::{
    asset::{AssetStatus, BookingStatus, Event, booking::Booking, fields::Fields},
    record::Kind,
    rejection::Rejection,
};

/// How long before its start a booking may be taken up.
const EARLY_MINUTES: i64 = 15;

pub(super) fn decide(
    case: &Case<'_>,
    fields: &Fields,
    booking: &Booking,
    notes: Option<&str>,
) -> Result<Effect, Rejection> {
    let from = booking.window.start.plus_minutes(-EARLY_MINUTES);
    let in_time = from <= case.at && case.at < booking.window.end;
    if booking.status != BookingStatus::Confirmed || !in_time {
        return Err(invalid_transition(booking.status.name()));
    }
    if fields.status != AssetStatus::Active {
        return Err(Rejection::AssetUnavailable { status: fields.status });
    }
    let claimed_by_another =
        case.state.calendar.covering(case.at).is_some_and(|other| other != booking.stamp);
    if case.state.out.is_some() || (case.at < booking.window.start && claimed_by_another) {
        return Err(Rejection::AssetInUse);
    }
    let image = case.image(fields, booking, |image| {
        image.status = BookingStatus::CheckedIn;
        image.actual_start = Some(case.at);
        image.check_in_notes = notes.map(Into::into);
    });
    let event = Event::BookingCheckedIn { id: image.id, at: case.at, notes: notes.map(Into::into) };
    Ok(case.booking_effect(fields, (Kind::BookingCheckedIn, event), booking, &image))
}
