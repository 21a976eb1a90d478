//! Use ends: the cost becomes final, and but for its buffer the asset is free. Always allowed, also
//! late.

use super::{Case, Effect, invalid_transition};
use crate::{
    asset::{
        BookingStatus, Event, LineType,
        admission::invalid,
        booking::Booking,
        fields::Fields,
        pricing::{self, AMOUNT_MAX},
    },
    record::Kind,
    rejection::{Rejection, Window},
};

const EXTRA: &str = "#/extra_cost_minor";

pub(super) fn decide(
    case: &Case<'_>,
    fields: &Fields,
    booking: &Booking,
    extra_cost_minor: Option<i64>,
) -> Result<Effect, Rejection> {
    let extra = extra_cost_minor.unwrap_or(0);
    if !(0..=AMOUNT_MAX).contains(&extra) {
        return Err(invalid(EXTRA, &format!("must be from 0 to {AMOUNT_MAX}")));
    }
    if booking.status != BookingStatus::CheckedIn {
        return Err(invalid_transition(booking.status.name()));
    }
    let actual = Window { start: booking.used_from(), end: case.at };
    let mut lines = pricing::use_lines(&booking.terms.pricing, booking.window, actual);
    lines.extend(pricing::item(LineType::Extra, extra));
    // What reports charge comes on top, and must fit as well.
    let all: Vec<_> = lines.iter().cloned().chain(booking.damage_lines()).collect();
    pricing::total(&all).ok_or(Rejection::AmountOutOfRange { pointer: EXTRA.into() })?;
    let event =
        Event::BookingCheckedOut { id: booking.id(case.state.tag), at: case.at, extra_cost_minor };
    Ok(case.ends(fields, booking, (Kind::BookingCheckedOut, event), |image| {
        image.status = BookingStatus::CheckedOut;
        image.actual_end = Some(case.at);
        image.cost_lines = lines;
    }))
}
