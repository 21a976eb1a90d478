//! Work on an open maintenance begins, is done, or is called off.

use super::{Case, Effect, invalid_transition};
use crate::{
    asset::{Event, MaintenanceStatus, fields::Fields, maintenance::Maintenance},
    record::Kind,
    rejection::Rejection,
};

/// From here on it holds the asset.
pub(super) fn start(
    case: &Case<'_>,
    fields: &Fields,
    maintenance: &Maintenance,
) -> Result<Effect, Rejection> {
    if !maintenance.is_waiting() {
        return Err(invalid_transition(maintenance.status.name()));
    }
    if case.state.out.is_some() {
        return Err(Rejection::AssetInUse);
    }
    let event = Event::MaintenanceStarted { id: maintenance.id(case.state.tag) };
    Ok(case.keeps_up(fields, maintenance, (Kind::MaintenanceStarted, Some(event))))
}

/// Also of one that nobody said had begun, once it is due.
pub(super) fn complete(
    case: &Case<'_>,
    fields: &Fields,
    maintenance: &Maintenance,
) -> Result<Effect, Rejection> {
    if maintenance.status == MaintenanceStatus::Scheduled {
        return Err(invalid_transition(maintenance.status.name()));
    }
    let event = Event::MaintenanceCompleted { id: maintenance.id(case.state.tag) };
    Ok(case.keeps_up(fields, maintenance, (Kind::MaintenanceCompleted, Some(event))))
}

pub(super) fn cancel(
    case: &Case<'_>,
    fields: &Fields,
    maintenance: &Maintenance,
    reason: Option<&str>,
) -> Effect {
    let event = Event::MaintenanceCancelled {
        id: maintenance.id(case.state.tag),
        reason: reason.map(Into::into),
    };
    case.keeps_up(fields, maintenance, (Kind::MaintenanceCancelled, Some(event)))
}
