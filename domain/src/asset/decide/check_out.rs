//! Use ends: the cost becomes final and the asset is free at once. Always allowed, also late.

use super::{Case, Effect, invalid_transition};
use crate::{
    asset::{BookingStatus, CostLine, Event, booking::Booking, fields::Fields},
    record::Kind,
    rejection::{Finding, Rejection},
};

/// Amounts are exact in every JSON reader: 2^53 − 1.
const AMOUNT_MAX: i64 = (1 << 53) - 1;

pub(super) fn decide(
    case: &Case<'_>,
    fields: &Fields,
    booking: &Booking,
    extra_cost_minor: Option<i64>,
) -> Result<Effect, Rejection> {
    let extra = extra_cost_minor.unwrap_or(0);
    if !(0..=AMOUNT_MAX).contains(&extra) {
        return Err(Rejection::Invalid(vec![Finding {
            pointer: "#/extra_cost_minor".into(),
            reason: format!("must be from 0 to {AMOUNT_MAX}"),
        }]));
    }
    if booking.status != BookingStatus::CheckedIn {
        return Err(invalid_transition(booking.status.name()));
    }
    let image = case.image(fields, booking, |image| {
        image.status = BookingStatus::CheckedOut;
        image.actual_end = Some(case.at);
        image.cost_minor = Some(extra);
        if extra > 0 {
            image.cost_lines.push(CostLine {
                amount_minor: extra,
                quantity: 1,
                r#type: "EXTRA".into(),
                unit: "ITEM".into(),
            });
        }
    });
    let event = Event::BookingCheckedOut { id: image.id, at: case.at, extra_cost_minor };
    Ok(case.booking_effect(fields, (Kind::BookingCheckedOut, event), booking, &image))
}
