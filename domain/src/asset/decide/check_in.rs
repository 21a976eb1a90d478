//! Use begins.

use super::{Case, Effect, invalid_transition};
use crate::{
    asset::{AssetStatus, BookingStatus, Event, booking::Booking, fields::Fields},
    record::Kind,
    rejection::{Rejection, Window},
};

pub(super) fn decide(
    case: &Case<'_>,
    fields: &Fields,
    booking: &Booking,
    notes: Option<&str>,
) -> Result<Effect, Rejection> {
    let early = i64::from(booking.terms.check_in.early_minutes);
    let from = booking.window.start.plus_minutes(-early);
    let in_time = from <= case.at && case.at < booking.window.end;
    if booking.status != BookingStatus::Confirmed || !in_time {
        return Err(invalid_transition(booking.status.name()));
    }
    if fields.status != AssetStatus::Active {
        return Err(Rejection::AssetUnavailable { status: fields.status });
    }
    // Taken up early, it also keeps the time until its own claim begins, which must not be another's.
    let early = Window { start: case.at, end: booking.claim().start };
    if case.state.out.is_some() || case.state.calendar.holds_any(early) {
        return Err(Rejection::AssetInUse);
    }
    let event = Event::BookingCheckedIn {
        id: booking.id(case.state.tag),
        at: case.at,
        notes: notes.map(Into::into),
    };
    Ok(case.goes_on(fields, booking, (Kind::BookingCheckedIn, Some(event))))
}
