//! Giving a booking up before it begins.

use super::{Case, Effect, invalid_transition};
use crate::{
    asset::{
        ApprovalStatus, BookingStatus, Event, LineType, admission, booking::Booking,
        fields::Fields, pricing,
    },
    record::Kind,
    rejection::Rejection,
};

/// Who cancels.
#[derive(Clone, Copy)]
pub(super) struct By {
    /// The booking's own user.
    pub(super) user: bool,
    pub(super) manages: bool,
}

pub(super) fn decide(
    case: &Case<'_>,
    fields: &Fields,
    booking: &Booking,
    reason: Option<&str>,
    by: By,
) -> Result<Effect, Rejection> {
    if !matches!(booking.status, BookingStatus::Confirmed | BookingStatus::PendingApproval) {
        return Err(invalid_transition(booking.status.name()));
    }
    if !by.manages {
        admission::may_still_cancel(booking, case.at)?;
    }
    // Whoever was still waiting for a yes, or is turned away by the owner, owes nothing.
    let owes = by.user && booking.status == BookingStatus::Confirmed;
    let fee = if owes { booking.terms.pricing.cancel_fee_minor } else { 0 };
    let event =
        Event::BookingCancelled { id: booking.id(case.state.tag), reason: reason.map(Into::into) };
    Ok(case.ends(fields, booking, (Kind::BookingCancelled, event), |image| {
        image.status = BookingStatus::Cancelled;
        image.cost_lines.extend(pricing::item(LineType::Cancel, fee.into()));
        for approval in &mut image.approvals {
            if approval.status == ApprovalStatus::Pending {
                approval.status = ApprovalStatus::Cancelled;
            }
        }
    }))
}
