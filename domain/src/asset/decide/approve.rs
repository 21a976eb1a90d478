//! Somebody with one of the approvers' roles says yes or no to a booking that waits for it.

use super::{Case, Effect, invalid_transition};
use crate::{
    asset::{
        ApprovalStatus, BookingStatus, Event,
        admission::{self, Asked, Purpose},
        booking::Booking,
        fields::Fields,
    },
    record::Kind,
    rejection::Rejection,
};

pub(super) fn approve(
    case: &Case<'_>,
    fields: &Fields,
    booking: &Booking,
    by: &str,
) -> Result<Effect, Rejection> {
    waits(booking)?;
    let (purpose, window) = (Purpose::Approve { of: booking }, booking.window);
    let asked = Asked { purpose, window, terms: &booking.terms, now: case.at };
    admission::admit(case.state, &asked)?;
    let event = Event::BookingApproved { id: booking.id(case.state.tag), by: by.into() };
    Ok(case.goes_on(fields, booking, (Kind::BookingApproved, Some(event))))
}

pub(super) fn reject(
    case: &Case<'_>,
    fields: &Fields,
    booking: &Booking,
    by: &str,
    reason: Option<&str>,
) -> Result<Effect, Rejection> {
    waits(booking)?;
    let event = Event::BookingRejected {
        id: booking.id(case.state.tag),
        by: by.into(),
        reason: reason.map(Into::into),
    };
    Ok(case.ends(fields, booking, (Kind::BookingRejected, event), |image| {
        image.status = BookingStatus::Rejected;
        for approval in &mut image.approvals {
            approval.status = ApprovalStatus::Rejected;
            approval.decided_by = Some(by.into());
            approval.decided_at = Some(case.at);
            approval.reason = reason.map(Into::into);
        }
    }))
}

fn waits(booking: &Booking) -> Result<(), Rejection> {
    match booking.status {
        BookingStatus::PendingApproval => Ok(()),
        status => Err(invalid_transition(status.name())),
    }
}
