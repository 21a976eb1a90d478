//! A maintenance that no rule asks for.

use super::{Case, Effect, invalid_transition};
use crate::{
    asset::{
        AssetStatus, Event, NewMaintenance,
        admission::{self, invalid},
        fields::Fields,
        upkeep::OPEN_MAX,
    },
    rejection::{Rejection, Window},
};

pub(super) fn decide(
    case: &Case<'_>,
    fields: &Fields,
    new: &NewMaintenance,
) -> Result<Effect, Rejection> {
    let window = match (new.start, new.end) {
        (None, None) => None,
        (Some(start), Some(end)) => Some(Window { start, end }),
        (Some(_), None) => return Err(invalid("#/end", "is required with start")),
        (None, Some(_)) => return Err(invalid("#/start", "is required with end")),
    };
    window.map_or(Ok(()), admission::in_order)?;
    if fields.status == AssetStatus::Retired {
        return Err(invalid_transition(fields.status.name()));
    }
    if case.state.upkeep.ad_hoc() >= OPEN_MAX as usize {
        return Err(Rejection::LimitReached { limit: OPEN_MAX });
    }
    if let Some(window) = window {
        admission::admit_maintenance(case.state, window, None, case.at)?;
    }
    Ok(case.opens(fields, |id| Event::MaintenanceOpened {
        id,
        rule: None,
        occurrence: 1,
        r#type: new.r#type,
        reason: new.reason.clone(),
        due_at: Some(new.due_at),
        window,
        notices: vec![0],
        report: None,
    }))
}
