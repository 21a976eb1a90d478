//! A partial update of an asset. One that changes nothing leaves a record without an event.

use super::{Case, Effect, invalid_transition, precondition};
use crate::{
    asset::{AssetChange, AssetStatus, Change, Event, fields::Fields, schedule, terms},
    record::{Kind, Subject},
    rejection::Rejection,
    request::IfMatch,
};

pub(super) fn decide(
    case: &Case<'_>,
    fields: &Fields,
    change: &AssetChange,
    if_match: &IfMatch,
) -> Result<Effect, Rejection> {
    precondition(if_match, Some(fields.etag().to_string()))?;
    status_may_become(case, fields, change.status)?;
    let events: Vec<Event> =
        differences(fields, change)?.into_iter().chain(rescheduled(fields, change)?).collect();
    let mut after = fields.clone();
    for event in &events {
        after.update(event, case.next_version(), case.at);
    }
    let free_since = case.state.free_since_after(after.status, case.at);
    Ok(Effect {
        kind: Kind::AssetUpdated,
        events,
        subject: Subject::Asset(case.asset(fields)),
        created: false,
        before: Some(fields.document(case.state.tag)),
        after: after.document(case.state.tag),
        booking: None,
        stamp: case.state.last_stamp,
        next_due: case.state.next_due_after(None, None, free_since),
    })
}

fn status_may_become(
    case: &Case<'_>,
    fields: &Fields,
    asked: Option<AssetStatus>,
) -> Result<(), Rejection> {
    match asked {
        None => Ok(()),
        Some(status) if status == fields.status => Ok(()),
        Some(_) if fields.status == AssetStatus::Retired => {
            Err(invalid_transition(fields.status.name()))
        }
        Some(AssetStatus::Retired) if !case.state.bookings.is_empty() => {
            Err(Rejection::AssetHasLiveBookings)
        }
        Some(_) => Ok(()),
    }
}

/// The event with only the members that differ; `None` when none does.
fn differences(fields: &Fields, change: &AssetChange) -> Result<Option<Event>, Rejection> {
    let terms = match &change.booking_terms {
        None => None,
        Some(Change::Clear) => Some(None),
        Some(Change::Set(terms)) => Some(Some(terms::recheck(terms)?)),
    };
    let name = differing(change.name.as_ref(), &fields.name);
    let category = differing(change.category.as_ref(), &fields.category);
    let location_id = differing(change.location_id.as_ref(), &fields.location_id);
    let status = differing(change.status.as_ref(), &fields.status);
    let shared_with = differing(change.shared_with.as_ref(), &fields.shared_with);
    let booking_terms = differing(terms.as_ref(), &fields.booking_terms);
    let changes = name.is_some()
        || category.is_some()
        || location_id.is_some()
        || status.is_some()
        || shared_with.is_some()
        || booking_terms.is_some();
    Ok(changes.then_some(Event::AssetUpdated {
        name,
        category,
        location_id,
        status,
        shared_with,
        booking_terms,
    }))
}

/// The event of another maintenance schedule.
fn rescheduled(fields: &Fields, change: &AssetChange) -> Result<Option<Event>, Rejection> {
    let asked = match &change.maintenance_schedule {
        None => return Ok(None),
        Some(Change::Clear) => None,
        Some(Change::Set(asked)) => Some(schedule::recheck(asked)?),
    };
    let differs = asked != fields.maintenance_schedule;
    Ok(differs.then_some(Event::ScheduleChanged { maintenance_schedule: asked }))
}

fn differing<T: Clone + PartialEq>(asked: Option<&T>, current: &T) -> Option<T> {
    asked.filter(|asked| *asked != current).cloned()
}
