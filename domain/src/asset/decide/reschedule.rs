//! Another window for a booking: a confirmed one moves and comes under the asset's terms as they are,
//! one in use ends earlier or later and keeps its own.

use super::{Case, Effect, invalid_transition};
use crate::{
    asset::{
        BookingChange, BookingStatus, Event,
        admission::{self, Asked, Purpose, invalid},
        booking::Booking,
        fields::Fields,
        pricing,
    },
    record::Kind,
    rejection::{Rejection, Window},
};

pub(super) fn decide(
    case: &Case<'_>,
    fields: &Fields,
    booking: &Booking,
    change: &BookingChange,
    manages: bool,
) -> Result<Effect, Rejection> {
    let window = Window {
        start: change.start.unwrap_or(booking.window.start),
        end: change.end.unwrap_or(booking.window.end),
    };
    let event = match booking.status {
        BookingStatus::Confirmed => moved(case, fields, (booking, window), change, manages)?,
        BookingStatus::CheckedIn => extended(case, (booking, window), change)?,
        status => return Err(invalid_transition(status.name())),
    };
    Ok(case.goes_on(fields, booking, (Kind::BookingRescheduled, event)))
}

/// `None` where nothing changes.
fn moved(
    case: &Case<'_>,
    fields: &Fields,
    (booking, window): (&Booking, Window),
    change: &BookingChange,
    manages: bool,
) -> Result<Option<Event>, Rejection> {
    admission::in_order(window)?;
    let has_terms = booking.under == fields.terms_version;
    if has_terms && window == booking.window {
        return Ok(None);
    }
    if !has_terms && change.accept_terms != Some(true) {
        return Err(Rejection::TermsNotAccepted);
    }
    // A booking's currency is fixed; under terms in another one it would have to be made anew.
    if *booking.currency != *fields.terms.pricing.currency {
        return Err(Rejection::TermsChanged { current: fields.terms_version });
    }
    let terms = &*fields.terms;
    let purpose = Purpose::Reschedule { from: booking, manages };
    admission::admit(case.state, &Asked { purpose, window, terms, now: case.at })?;
    Ok(Some(event(case, booking, window, fields.terms_version, terms)))
}

/// `None` where nothing changes.
fn extended(
    case: &Case<'_>,
    (booking, window): (&Booking, Window),
    change: &BookingChange,
) -> Result<Option<Event>, Rejection> {
    if change.start.is_some() {
        return Err(invalid("#/start", "cannot be changed while the booking is in use"));
    }
    if window.end <= case.at {
        return Err(invalid("#/end", "must be in the future while the booking is in use"));
    }
    admission::in_order(window)?;
    if window == booking.window {
        return Ok(None);
    }
    let (purpose, terms) = (Purpose::Extend { from: booking }, &*booking.terms);
    admission::admit(case.state, &Asked { purpose, window, terms, now: case.at })?;
    Ok(Some(event(case, booking, window, booking.terms_version(), terms)))
}

fn event(
    case: &Case<'_>,
    booking: &Booking,
    window: Window,
    terms_version: u64,
    terms: &crate::asset::terms::Terms,
) -> Event {
    Event::BookingRescheduled {
        id: booking.id(case.state.tag),
        window,
        terms_version,
        estimated_cost_minor: pricing::estimate(&terms.pricing, window),
    }
}
