//! A manager or admin, other than its author, says yes or no to a condition report.

use super::{Case, Effect, Loaded, invalid_transition};
use crate::{
    asset::{
        AssetStatus, Event, LineType, ReportDocument, ReportStatus,
        authorise::{Held, Named},
        event::Charge,
        fields::Fields,
        pricing::{self, AMOUNT_MAX},
        upkeep::OPEN_MAX,
    },
    principal::Principal,
    record::{Kind, Subject},
    rejection::Rejection,
};

/// Every image of a booking that is over holds all its lines.
const CHARGES_MAX: u32 = 100;
/// What reports charge a live booking in all: a return, however late, must still fit on the bill.
const CHARGED_MAX: i64 = AMOUNT_MAX / 4;
const CHARGE: &str = "#/proposed_charge_minor";

pub(super) fn approve(
    case: &Case<'_>,
    fields: &Fields,
    named: &Named<'_>,
    principal: &Principal,
    loaded: &Loaded,
) -> Result<Effect, Held> {
    let before = waiting(case, named)?;
    let charge = before.booking_id.zip(before.proposed_charge_minor.filter(|it| *it > 0));
    let charge =
        charge.map(|(booking, amount_minor)| Charge { report: before.id, booking, amount_minor });
    if let Some(charge) = &charge {
        fits(case, charge, loaded)?;
    }
    // What is retired is not repaired.
    let opens = before.takes_out_of_service && fields.status != AssetStatus::Retired;
    if opens && case.state.upkeep.ad_hoc() >= OPEN_MAX as usize {
        return Err(Rejection::LimitReached { limit: OPEN_MAX }.into());
    }
    let event = Event::ReportDecided { id: before.id, approved: true, charge, opens };
    Ok(decided(case, before, event, |image| {
        image.status = ReportStatus::Approved;
        image.decided_by = Some(principal.subject.clone());
    }))
}

pub(super) fn reject(
    case: &Case<'_>,
    named: &Named<'_>,
    principal: &Principal,
    reason: Option<&str>,
) -> Result<Effect, Rejection> {
    let before = waiting(case, named)?;
    let event = Event::ReportDecided { id: before.id, approved: false, charge: None, opens: false };
    Ok(decided(case, before, event, |image| {
        image.status = ReportStatus::Rejected;
        image.decided_by = Some(principal.subject.clone());
        image.reason = reason.map(Into::into);
    }))
}

fn decided(
    case: &Case<'_>,
    before: &ReportDocument,
    event: Event,
    change: impl FnOnce(&mut ReportDocument),
) -> Effect {
    let mut after = before.clone();
    change(&mut after);
    after.decided_at = Some(case.at);
    after.version = case.next_version();
    Effect {
        kind: Kind::ReportDecided,
        events: vec![event],
        subject: Subject::Report(after.id),
        created: false,
        before: Some(before.render()),
        after: after.render(),
        booking: None,
        stamp: case.state.last_stamp,
        next_due: case.state.next_booking_due(),
    }
}

/// One that was superseded waits for nothing any more, whatever its image says.
fn waiting<'a>(case: &Case<'_>, named: &Named<'a>) -> Result<&'a ReportDocument, Rejection> {
    let Named::Report(image) = named else { return Err(Rejection::NotFound) };
    if case.state.upkeep.reports.contains_key(&image.id.stamp) {
        Ok(image)
    } else {
        Err(invalid_transition(image.status.name()))
    }
}

/// The bill has room for one more line, and for its amount.
fn fits(case: &Case<'_>, charge: &Charge, loaded: &Loaded) -> Result<(), Held> {
    let out_of_range = || Rejection::AmountOutOfRange { pointer: CHARGE.into() };
    let charges = if let Some(booking) = case.state.bookings.get(&charge.booking.stamp) {
        let (charges, charged_minor) = booking.charged();
        if charged_minor.saturating_add(charge.amount_minor) > CHARGED_MAX {
            return Err(out_of_range().into());
        }
        charges
    } else {
        let image = loaded.booking(charge.booking)?.ok_or(Rejection::BookingNotFound)?;
        let mut lines = image.cost_lines.clone();
        lines.extend(pricing::item(LineType::Damage, charge.amount_minor));
        pricing::total(&lines).ok_or_else(out_of_range)?;
        image.cost_lines.iter().filter(|line| line.r#type == LineType::Damage).count()
    };
    if charges >= CHARGES_MAX as usize {
        return Err(Rejection::LimitReached { limit: CHARGES_MAX }.into());
    }
    Ok(())
}
