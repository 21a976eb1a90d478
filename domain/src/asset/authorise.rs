//! Who may give a command: visibility, role, user, location; and what it names: a booking, a report or
//! a maintenance.
//!
//! Judged before anything else, also before a replay, so that a key never shows what its holder may
//! no longer see. Knows no rule of booking.

use crate::{
    access::{self, Place},
    asset::{
        ApproverRole, AssetState, BookingChange, BookingDocument, Command, Loaded,
        MaintenanceChange, MaintenanceDocument, Needed, NewAsset, NewBooking, NewReport,
        ReportDocument, booking::Booking, maintenance::Maintenance, terms,
    },
    id::{BookingId, MaintenanceId, ReportId},
    principal::Principal,
    rejection::Rejection,
    request::Request,
};

/// What a permitted command names.
pub(super) enum Named<'a> {
    /// The command is about the asset.
    Nothing,
    /// What the body named is none that the caller may see.
    Absent,
    Live(&'a Booking),
    Finished(&'a BookingDocument),
    Report(&'a ReportDocument),
    Open(&'a Maintenance),
    Closed(&'a MaintenanceDocument),
}

impl Named<'_> {
    pub(super) fn etag(&self) -> Option<String> {
        match self {
            Self::Nothing | Self::Absent => None,
            Self::Live(booking) => Some(booking.etag().to_string()),
            Self::Finished(image) => Some(image.etag.clone()),
            Self::Report(image) => Some(image.etag().to_string()),
            Self::Open(maintenance) => Some(maintenance.etag().to_string()),
            Self::Closed(image) => Some(image.etag().to_string()),
        }
    }

    /// Whose booking it is (org and user).
    fn owner(&self) -> (&str, &str) {
        match self {
            Self::Live(booking) => (&booking.org_id, &booking.user_id),
            Self::Finished(image) => (&image.org_id, &image.user_id),
            _ => ("", ""),
        }
    }

    /// Who may approve it; everybody where nobody has to.
    fn approvers(&self) -> Option<&[ApproverRole]> {
        match self {
            Self::Live(booking) => booking.approval.as_ref().map(|it| &*it.approver_roles),
            Self::Finished(image) => image.approvals.first().map(|it| &*it.approver_roles),
            _ => None,
        }
    }
}

/// Why the command goes no further.
pub(super) enum Held {
    Refused(Rejection),
    /// It depends on something that is over.
    Needs(Needed),
}

impl From<Needed> for Held {
    fn from(needed: Needed) -> Self {
        Self::Needs(needed)
    }
}

impl From<Rejection> for Held {
    fn from(rejection: Rejection) -> Self {
        Self::Refused(rejection)
    }
}

pub(super) fn authorise<'a>(
    state: &'a AssetState,
    request: &Request,
    loaded: &'a Loaded,
) -> Result<Named<'a>, Held> {
    let principal = request.principal.as_ref();
    if let Command::RegisterAsset(new) = &request.command {
        may_register(principal, new)?;
        return Ok(Named::Nothing);
    }
    let place = state.place().ok_or(Rejection::NotFound)?;
    match &request.command {
        Command::RegisterAsset(_) => {}
        Command::UpdateAsset(change) => {
            may_update(principal, place, change.location_id.as_deref())?;
        }
        Command::CreateBooking(new) => may_book(principal, place, new)?,
        Command::CancelBooking { booking, .. }
        | Command::RescheduleBooking(BookingChange { booking, .. }) => {
            return reach(state, principal, place, Some(*booking), loaded)?
                .ok_or(Rejection::NotFound.into());
        }
        Command::ApproveBooking { booking }
        | Command::RejectBooking { booking, .. }
        | Command::AdjustCost { booking, .. } => {
            let named = reach(state, principal, place, Some(*booking), loaded)?
                .ok_or(Rejection::NotFound)?;
            if !access::manages(principal, place) {
                return Err(Rejection::ForbiddenRole.into());
            }
            if !matches!(request.command, Command::AdjustCost { .. }) {
                may_approve(principal, &named)?;
            }
            return Ok(named);
        }
        Command::CheckIn { booking, .. } | Command::CheckOut { booking, .. } => {
            return match reach(state, principal, place, *booking, loaded)? {
                Some(named) => Ok(named),
                None if access::is_visible(principal, place) => Ok(Named::Absent),
                None => Err(Rejection::NotFound.into()),
            };
        }
        Command::CreateReport(new) => may_report(state, principal, place, new, loaded)?,
        Command::ApproveReport { report } | Command::RejectReport { report, .. } => {
            return may_judge(state, principal, place, *report, loaded);
        }
        Command::CreateMaintenance(_) => may_update(principal, place, None)?,
        Command::ChangeMaintenance(MaintenanceChange { maintenance, .. })
        | Command::StartMaintenance { maintenance }
        | Command::CompleteMaintenance { maintenance }
        | Command::CancelMaintenance { maintenance, .. } => {
            return may_maintain(state, principal, place, *maintenance, loaded);
        }
    }
    Ok(Named::Nothing)
}

fn may_register(principal: &Principal, new: &NewAsset) -> Result<(), Rejection> {
    if !principal.manages() {
        return Err(Rejection::ForbiddenRole);
    }
    if new.owner_org_id != principal.org || !principal.locations.contain(&new.location_id) {
        return Err(Rejection::ForbiddenLocation);
    }
    Ok(())
}

/// Moving needs the old location (that is what managing means) and the new one.
fn may_update(principal: &Principal, place: Place<'_>, to: Option<&str>) -> Result<(), Rejection> {
    if !access::is_visible(principal, place) {
        return Err(Rejection::NotFound);
    }
    if !access::manages(principal, place) {
        return Err(Rejection::ForbiddenRole);
    }
    if to.is_some_and(|location| !principal.locations.contain(location)) {
        return Err(Rejection::ForbiddenLocation);
    }
    Ok(())
}

fn may_book(principal: &Principal, place: Place<'_>, new: &NewBooking) -> Result<(), Rejection> {
    if !access::is_visible(principal, place) {
        return Err(Rejection::NotFound);
    }
    if new.user_id != principal.subject && !access::manages(principal, place) {
        return Err(Rejection::ForbiddenUser);
    }
    Ok(())
}

/// One of the approvers' roles, and not the one who booked.
fn may_approve(principal: &Principal, named: &Named<'_>) -> Result<(), Rejection> {
    let (org_id, user_id) = named.owner();
    let has_role = named.approvers().is_none_or(|roles| terms::may_decide(roles, principal.roles));
    if has_role && !access::owns_booking(principal, org_id, user_id) {
        Ok(())
    } else {
        Err(Rejection::ForbiddenRole)
    }
}

/// Members report on their own bookings, managers on what they like.
fn may_report(
    state: &AssetState,
    principal: &Principal,
    place: Place<'_>,
    new: &NewReport,
    loaded: &Loaded,
) -> Result<(), Held> {
    let Some(booking) = new.booking else { return Ok(may_update(principal, place, None)?) };
    match reach(state, principal, place, booking, loaded)? {
        Some(_) => Ok(()),
        None if access::is_visible(principal, place) => Err(Rejection::BookingNotFound.into()),
        None => Err(Rejection::NotFound.into()),
    }
}

/// Who manages the asset and did not make the report.
fn may_judge<'a>(
    state: &'a AssetState,
    principal: &Principal,
    place: Place<'_>,
    id: ReportId,
    loaded: &'a Loaded,
) -> Result<Named<'a>, Held> {
    if id.tag != state.tag || id.stamp > state.last_stamp {
        return Err(Rejection::NotFound.into());
    }
    let image = loaded.report(id)?.ok_or(Rejection::NotFound)?;
    if !access::manages(principal, place) {
        let is_seen = access::inspects(principal, place)
            || reach(state, principal, place, image.booking_id, loaded)?.is_some();
        return Err(if is_seen { Rejection::ForbiddenRole } else { Rejection::NotFound }.into());
    }
    // A namesake of another org is somebody else.
    let author = state.upkeep.reports.get(&id.stamp);
    let org_id = author.map_or(principal.org.as_str(), |author| &author.org_id);
    if image.created_by == principal.subject && org_id == principal.org {
        return Err(Rejection::ForbiddenRole.into());
    }
    Ok(Named::Report(image))
}

/// Who manages the asset.
fn may_maintain<'a>(
    state: &'a AssetState,
    principal: &Principal,
    place: Place<'_>,
    id: MaintenanceId,
    loaded: &'a Loaded,
) -> Result<Named<'a>, Held> {
    if !access::is_visible(principal, place) {
        return Err(Rejection::NotFound.into());
    }
    // Before anything is looked for: whether it is there is for those alone who may read it.
    if !access::manages(principal, place) {
        return Err(Rejection::ForbiddenRole.into());
    }
    if id.tag != state.tag || id.stamp > state.last_stamp {
        return Err(Rejection::NotFound.into());
    }
    Ok(match state.upkeep.open.get(&id.stamp) {
        Some(maintenance) => Named::Open(maintenance),
        None => Named::Closed(loaded.maintenance(id)?.ok_or(Rejection::NotFound)?),
    })
}

/// The booking, when the caller may act on it; `None` when there is none that it may see.
fn reach<'a>(
    state: &'a AssetState,
    principal: &Principal,
    place: Place<'_>,
    id: Option<BookingId>,
    loaded: &'a Loaded,
) -> Result<Option<Named<'a>>, Held> {
    let Some(id) = id.filter(|id| id.tag == state.tag) else { return Ok(None) };
    let (named, own) = if let Some(booking) = state.bookings.get(&id.stamp) {
        let own = access::owns_booking(principal, &booking.org_id, &booking.user_id);
        (Named::Live(booking), own)
    } else if id.stamp > state.last_stamp {
        return Ok(None);
    } else {
        let Some(image) = loaded.booking(id)? else { return Ok(None) };
        let own = access::owns_booking(principal, &image.org_id, &image.user_id);
        (Named::Finished(image), own)
    };
    if own || access::manages(principal, place) {
        Ok(Some(named))
    } else if access::inspects(principal, place) {
        Err(Rejection::ForbiddenRole.into())
    } else {
        Ok(None)
    }
}
