//! A correction of what a booking that is over has cost.

use super::{Case, Effect, invalid_transition};
use crate::{
    asset::{CostLine, Event, LineType, LineUnit, authorise::Named, pricing::AMOUNT_MAX},
    rejection::Rejection,
};

const AMOUNT: &str = "#/amount_minor";
/// Every image of a booking holds all its lines.
const ADJUSTMENTS_MAX: u32 = 100;

pub(super) fn decide(
    case: &Case<'_>,
    named: &Named<'_>,
    amount_minor: i64,
    reason: &str,
) -> Result<Effect, Rejection> {
    let before = match named {
        Named::Finished(image) => *image,
        Named::Live(booking) => return Err(invalid_transition(booking.status.name())),
        _ => return Err(Rejection::NotFound),
    };
    let out_of_range = || Rejection::AmountOutOfRange { pointer: AMOUNT.into() };
    if amount_minor == 0 || !(-AMOUNT_MAX..=AMOUNT_MAX).contains(&amount_minor) {
        return Err(out_of_range());
    }
    let earlier = before.cost_lines.iter().filter(|line| line.r#type == LineType::Adjustment);
    if earlier.count() >= ADJUSTMENTS_MAX as usize {
        return Err(Rejection::LimitReached { limit: ADJUSTMENTS_MAX });
    }
    let line = CostLine {
        amount_minor,
        quantity: 1,
        reason: Some(reason.into()),
        r#type: LineType::Adjustment,
        unit: LineUnit::Item,
    };
    let event = Event::BookingCostAdjusted { id: before.id, amount_minor, reason: reason.into() };
    case.rebills(before, line, event).ok_or_else(out_of_range)
}
