//! The limits that terms set to a window, each by itself.

use holdfast_domain::Rejection;

use super::{
    claims::{DAY, Span, advance_days, at, shown},
    hours::local_date,
    terms::{MINUTE, Rules},
};

pub(super) fn deadline(rules: &Rules, start: i64, now: i64) -> Result<(), Rejection> {
    let deadline = start - rules.deadline * MINUTE;
    if now < deadline {
        return Ok(());
    }
    Err(Rejection::DeadlinePassed { now: at(now), deadline_at: at(deadline) })
}

pub(super) fn length(rules: &Rules, (start, end): Span) -> Result<(), Rejection> {
    let max = rules.max.unwrap_or(366 * 24 * 60).min(366 * 24 * 60);
    let limit = if end - start < rules.min * MINUTE {
        rules.min
    } else if end - start > max * MINUTE {
        max
    } else {
        return Ok(());
    };
    Err(Rejection::DurationOutOfRange { limit_minutes: u32::try_from(limit).unwrap() })
}

/// Names what opens on the dates of the instants at fault.
pub(super) fn opening(
    rules: &Rules,
    window: Span,
    (start, end): (bool, bool),
) -> Result<(), Rejection> {
    if start && end {
        return Ok(());
    }
    let mut open = Vec::new();
    for (is_open, at) in [(start, window.0), (end, window.1)] {
        if let Some(hours) = rules.hours.as_ref().filter(|_| !is_open) {
            open.extend(hours.on(rules.zone, local_date(rules.zone, at)));
        }
    }
    open.sort_unstable();
    open.dedup();
    let open = open.into_iter().filter(|(from, to)| from < to).map(shown).collect();
    Err(Rejection::OutsideOpeningHours { start: !start, end: !end, open })
}

pub(super) fn advance(rules: &Rules, start: i64, now: i64) -> Result<(), Rejection> {
    let days = advance_days(rules);
    if start - now <= days * DAY {
        return Ok(());
    }
    Err(Rejection::TooFarAhead { limit_minutes: u32::try_from(days * 24 * 60).unwrap() })
}
