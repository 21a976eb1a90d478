//! A maintenance gets a window, another one, or none; and, while it is only scheduled, another due
//! time.

use super::{Case, Effect, invalid_transition};
use crate::{
    asset::{
        Change, Event, MaintenanceChange, MaintenanceStatus,
        admission::{self, invalid},
        fields::Fields,
        maintenance::Maintenance,
    },
    record::Kind,
    rejection::{Rejection, Window},
};

pub(super) fn decide(
    case: &Case<'_>,
    fields: &Fields,
    maintenance: &Maintenance,
    change: &MaintenanceChange,
) -> Result<Effect, Rejection> {
    let window = window(case, maintenance, change)?;
    window.map_or(Ok(()), admission::in_order)?;
    let due_at = change.due_at.or(maintenance.due_at);
    let moves = due_at != maintenance.due_at;
    if !maintenance.is_waiting() || (moves && maintenance.status != MaintenanceStatus::Scheduled) {
        return Err(invalid_transition(maintenance.status.name()));
    }
    let event = if moves || window != maintenance.window {
        if let Some(window) = window.filter(|_| window != maintenance.window) {
            let own = Some(maintenance.stamp);
            admission::admit_maintenance(case.state, window, own, case.at)?;
        }
        Some(Event::MaintenanceMoved { id: maintenance.id(case.state.tag), due_at, window })
    } else {
        None
    };
    Ok(case.keeps_up(fields, maintenance, (Kind::MaintenanceUpdated, event)))
}

/// The window that it would have.
fn window(
    case: &Case<'_>,
    maintenance: &Maintenance,
    change: &MaintenanceChange,
) -> Result<Option<Window>, Rejection> {
    let before = maintenance.window;
    match (&change.start, &change.end) {
        (None, None) => Ok(before),
        (Some(Change::Clear), None | Some(Change::Clear)) | (None, Some(Change::Clear)) => Ok(None),
        (Some(Change::Set(start)), Some(Change::Set(end))) => {
            Ok(Some(Window { start: *start, end: *end }))
        }
        (Some(Change::Set(start)), None) => {
            let rule = maintenance.rule.as_deref();
            let rule = rule.and_then(|rule| case.state.upkeep.schedule.rule(rule));
            let takes = rule.and_then(|rule| rule.duration_minutes);
            let end = takes
                .map(|minutes| start.plus_minutes(minutes.into()))
                .or(before.map(|window| window.end))
                .ok_or_else(|| invalid("#/end", "is required with start"))?;
            Ok(Some(Window { start: *start, end }))
        }
        (None, Some(Change::Set(end))) => {
            let before = before.ok_or_else(|| invalid("#/start", "is required with end"))?;
            Ok(Some(Window { end: *end, ..before }))
        }
        (Some(Change::Set(_)), Some(Change::Clear)) => {
            Err(invalid("#/end", "must not be null with start"))
        }
        (Some(Change::Clear), Some(Change::Set(_))) => {
            Err(invalid("#/start", "must not be null with end"))
        }
    }
}
