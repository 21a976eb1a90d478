//! A new condition report: approved at once where there is nothing to decide.

use super::{Case, Effect, Loaded, owed::reversal};
use crate::{
    access,
    asset::{
        Event, NewReport, ReportDocument, ReportStatus,
        admission::invalid,
        authorise::Held,
        event::Charge,
        fields::Fields,
        pricing::{self, AMOUNT_MAX},
        upkeep::OPEN_MAX,
    },
    id::{ReportId, Stamp},
    principal::Principal,
    record::{Kind, Subject},
    rejection::Rejection,
};

const CHARGE: &str = "#/proposed_charge_minor";
const SUPERSEDES: &str = "#/supersedes";

pub(super) fn decide(
    case: &Case<'_>,
    fields: &Fields,
    new: &NewReport,
    principal: &Principal,
    loaded: &Loaded,
) -> Result<Effect, Held> {
    if !(0..=AMOUNT_MAX).contains(&new.charge_minor()) {
        return Err(Rejection::AmountOutOfRange { pointer: CHARGE.into() }.into());
    }
    if new.charge_minor() > 0 && new.booking.is_none() {
        return Err(invalid("#/booking_id", "is required with a charge").into());
    }
    let reverses = superseded(case, fields, new, principal, loaded)?;
    let pending = !new.is_harmless();
    let waiting = &case.state.upkeep.reports;
    let makes_room = new.supersedes.is_some_and(|id| waiting.contains_key(&id.stamp));
    if pending && waiting.len() - usize::from(makes_room) >= OPEN_MAX as usize {
        return Err(Rejection::LimitReached { limit: OPEN_MAX }.into());
    }
    let stamp = case.next_stamp();
    let image = image(case, fields, new, principal, stamp);
    let event = Event::ReportCreated {
        id: image.id,
        by: principal.subject.clone(),
        org_id: principal.org.clone(),
        pending,
        holds: new.takes_out_of_service,
        supersedes: new.supersedes,
        reverses,
    };
    let after = image.render();
    Ok(Effect {
        kind: Kind::ReportCreated,
        events: vec![event],
        subject: Subject::Report(image.id),
        created: true,
        before: None,
        after,
        booking: None,
        stamp,
        next_due: case.state.next_booking_due(),
    })
}

fn image(
    case: &Case<'_>,
    fields: &Fields,
    new: &NewReport,
    principal: &Principal,
    stamp: Stamp,
) -> ReportDocument {
    ReportDocument {
        asset_id: case.asset(fields),
        booking_id: new.booking.flatten(),
        checklist: new.checklist.clone(),
        created_at: case.at,
        created_by: principal.subject.clone(),
        // Nobody decided what there was nothing to decide about.
        decided_at: None,
        decided_by: None,
        id: ReportId::new(stamp, case.state.tag),
        notes: new.notes.clone(),
        photos: new.photos.clone(),
        proposed_charge_minor: new.proposed_charge_minor,
        reason: None,
        status: if new.is_harmless() {
            ReportStatus::Approved
        } else {
            ReportStatus::PendingApproval
        },
        supersedes: new.supersedes,
        takes_out_of_service: new.takes_out_of_service,
        version: case.next_version(),
    }
}

/// The charge of the report that the new one corrects, if it has one that counts.
fn superseded(
    case: &Case<'_>,
    fields: &Fields,
    new: &NewReport,
    principal: &Principal,
    loaded: &Loaded,
) -> Result<Option<Charge>, Held> {
    let Some(id) = new.supersedes else { return Ok(None) };
    let unknown = || invalid(SUPERSEDES, "is not a report of this asset");
    if id.tag != case.state.tag || id.stamp > case.state.last_stamp {
        return Err(unknown().into());
    }
    let earlier = loaded.report(id)?.ok_or_else(unknown)?;
    let approved = earlier.status == ReportStatus::Approved;
    let amount_minor = earlier.proposed_charge_minor.filter(|_| approved).unwrap_or(0);
    if !access::manages(principal, fields.place()) {
        if earlier.booking_id.is_none() || earlier.booking_id != new.booking.flatten() {
            return Err(unknown().into());
        }
        // What others found, or somebody approved at a price, is not its user's to take back.
        if earlier.created_by != principal.subject || amount_minor > 0 {
            return Err(Rejection::ForbiddenRole.into());
        }
    }
    if case.state.upkeep.superseded.contains(&id.stamp) {
        return Err(Rejection::AlreadySuperseded.into());
    }
    let Some(booking) = earlier.booking_id.filter(|_| amount_minor > 0) else { return Ok(None) };
    let charge = Charge { report: id, booking, amount_minor };
    if !case.state.bookings.contains_key(&booking.stamp) {
        let image = loaded.booking(booking)?.ok_or(Rejection::BookingNotFound)?;
        let mut lines = image.cost_lines.clone();
        lines.push(reversal(&charge));
        let out_of_range = || Rejection::AmountOutOfRange { pointer: SUPERSEDES.into() };
        pricing::total(&lines).ok_or_else(out_of_range)?;
    }
    Ok(Some(charge))
}
