//! The one function that lets a window in: for new bookings, moved and extended ones, approvals,
//! quotes, and maintenance. What is offered instead, and what is shown as free, comes from the same rules.
//!
//! Refusals are in the order of the contract: the asset's status, what came too late, the window
//! against the terms, and overlap last.

use crate::{
    asset::{AssetStatus, booking::Booking, calendar::Taken, state::AssetState, terms::Terms},
    id::{BookingId, MaintenanceId, Stamp},
    rejection::{self, Claimant, Conflict, Finding, Rejection, Window},
    time::Timestamp,
};

const MINUTE_MS: i64 = 60_000;
const DAY_MINUTES: u32 = 24 * 60;
/// No booking is longer …
const LENGTH_MINUTES_MAX: u32 = 366 * DAY_MINUTES;
/// … or starts later than so far ahead.
const ADVANCE_MINUTES_MAX: u32 = 1_830 * DAY_MINUTES;
/// How far after the asked start another window is looked for.
const SEARCH_MINUTES_MAX: i64 = 90 * DAY_MINUTES as i64;

/// A window that wants to be let in.
pub(super) struct Asked<'a> {
    pub(super) purpose: Purpose<'a>,
    pub(super) window: Window,
    pub(super) terms: &'a Terms,
    pub(super) now: Timestamp,
}

#[derive(Clone, Copy)]
pub(super) enum Purpose<'a> {
    Create,
    /// As create, but it holds nothing and so meets nothing.
    Quote,
    /// A confirmed booking moves.
    Reschedule {
        from: &'a Booking,
        manages: bool,
    },
    /// A booking in use ends later or earlier.
    Extend {
        from: &'a Booking,
    },
    /// A waiting booking becomes confirmed: only what may have changed since is judged.
    Approve {
        of: &'a Booking,
    },
    /// A maintenance takes a window: terms do not bind it.
    Maintain {
        own: Option<Stamp>,
    },
}

/// # Errors
/// The first rule that the window breaks.
pub(super) fn admit(state: &AssetState, asked: &Asked<'_>) -> Result<(), Rejection> {
    is_active(state, asked)?;
    in_time(asked)?;
    match asked.purpose {
        Purpose::Maintain { .. } => {}
        Purpose::Create | Purpose::Quote | Purpose::Reschedule { .. } => {
            fits_length(asked)?;
            is_open(asked, asked.terms.open_at(asked.window))?;
            is_near(asked)?;
        }
        Purpose::Extend { .. } => {
            fits_length(asked)?;
            is_open(asked, (true, asked.terms.open_at(asked.window).1))?;
        }
        Purpose::Approve { .. } => {}
    }
    match asked.purpose {
        Purpose::Quote => Ok(()),
        Purpose::Extend { .. } if asked.gives_back() => Ok(()),
        _ => is_free(state, asked),
    }
}

/// The same for a maintenance, whose window counts from now on. `own`: which has one already.
///
/// # Errors
/// What its window meets.
pub(super) fn admit_maintenance(
    state: &AssetState,
    window: Window,
    own: Option<Stamp>,
    now: Timestamp,
) -> Result<(), Rejection> {
    if window.end <= now {
        return Ok(());
    }
    let terms = &Terms::default();
    admit(state, &Asked { purpose: Purpose::Maintain { own }, window, terms, now })
}

impl Asked<'_> {
    /// Whose own claim is not in its way.
    fn own(&self) -> Option<Stamp> {
        match self.purpose {
            Purpose::Create | Purpose::Quote => None,
            Purpose::Maintain { own } => own,
            Purpose::Reschedule { from: own, .. }
            | Purpose::Extend { from: own }
            | Purpose::Approve { of: own } => Some(own.stamp),
        }
    }

    /// One in use that ends earlier asks for nothing.
    fn gives_back(&self) -> bool {
        matches!(self.purpose, Purpose::Extend { from } if self.window.end <= from.window.end)
    }

    /// What it would keep from others and does not yet: one in use keeps what it has.
    fn claim(&self) -> Window {
        let claim = self.terms.claim(self.window);
        match self.purpose {
            Purpose::Extend { from } => Window { start: from.claim().end, ..claim },
            Purpose::Maintain { .. } => Window { start: claim.start.max(self.now), ..claim },
            _ => claim,
        }
    }

    fn length_ms(&self) -> i64 {
        self.window.end.millis() - self.window.start.millis()
    }

    fn advance_minutes_max(&self) -> u32 {
        self.terms.max_advance_days.map_or(ADVANCE_MINUTES_MAX, |days| {
            days.saturating_mul(DAY_MINUTES).min(ADVANCE_MINUTES_MAX)
        })
    }
}

fn is_active(state: &AssetState, asked: &Asked<'_>) -> Result<(), Rejection> {
    let status = state.fields.as_ref().ok_or(Rejection::NotFound)?.status;
    let is_maintenance = matches!(asked.purpose, Purpose::Maintain { .. });
    if status == AssetStatus::Active || asked.gives_back() || is_maintenance {
        Ok(())
    } else {
        Err(Rejection::AssetUnavailable { status })
    }
}

/// The deadline of the new window, and what binds members who move a booking.
fn in_time(asked: &Asked<'_>) -> Result<(), Rejection> {
    let Asked { window, terms, now, .. } = *asked;
    let deadline = |minutes: u32| {
        let deadline_at = window.start.plus_minutes(-i64::from(minutes));
        let passed = now >= deadline_at;
        if passed { Err(Rejection::DeadlinePassed { now, deadline_at }) } else { Ok(()) }
    };
    match asked.purpose {
        Purpose::Create | Purpose::Quote => deadline(terms.deadline_minutes),
        Purpose::Reschedule { from, manages } => {
            deadline(terms.deadline_minutes)?;
            if !manages {
                may_still_cancel(from, now)?;
            }
            let inside = from.window.start <= window.start && window.end <= from.window.end;
            if terms.approval.required && !inside && !manages {
                return Err(Rejection::ApprovalRequired);
            }
            Ok(())
        }
        Purpose::Approve { .. } => deadline(0),
        Purpose::Extend { .. } | Purpose::Maintain { .. } => Ok(()),
    }
}

/// Until its cut-off a booking is its user's to give up or to move.
pub(super) fn may_still_cancel(booking: &Booking, now: Timestamp) -> Result<(), Rejection> {
    let cutoff = i64::from(booking.terms.cancel_cutoff_minutes);
    if now < booking.window.start.plus_minutes(-cutoff) {
        Ok(())
    } else {
        Err(Rejection::CancelCutoffPassed)
    }
}

fn fits_length(asked: &Asked<'_>) -> Result<(), Rejection> {
    let (min, max) = (asked.terms.min_minutes, asked.terms.max_minutes);
    let max = max.unwrap_or(LENGTH_MINUTES_MAX).min(LENGTH_MINUTES_MAX);
    let length_ms = asked.length_ms();
    for (limit_minutes, breaks) in [(min, length_ms < millis(min)), (max, length_ms > millis(max))]
    {
        if breaks {
            return Err(Rejection::DurationOutOfRange { limit_minutes });
        }
    }
    Ok(())
}

/// `open`: whether the start and the end are.
fn is_open(asked: &Asked<'_>, open: (bool, bool)) -> Result<(), Rejection> {
    let (Some(hours), (start, end)) = (&asked.terms.opening_hours, open) else { return Ok(()) };
    if start && end {
        return Ok(());
    }
    let Asked { window, terms, .. } = asked;
    let at_fault = [(start, window.start), (end, window.end)];
    let mut open: Vec<Window> = at_fault
        .into_iter()
        .filter(|(is_open, _)| !is_open)
        .flat_map(|(_, at)| hours.of_day(terms.time_zone, at))
        .collect();
    open.sort_by_key(|open| (open.start, open.end));
    open.dedup();
    Err(Rejection::OutsideOpeningHours { start: !start, end: !end, open })
}

fn is_near(asked: &Asked<'_>) -> Result<(), Rejection> {
    let limit_minutes = asked.advance_minutes_max();
    if asked.window.start.millis() - asked.now.millis() > millis(limit_minutes) {
        return Err(Rejection::TooFarAhead { limit_minutes });
    }
    Ok(())
}

fn is_free(state: &AssetState, asked: &Asked<'_>) -> Result<(), Rejection> {
    let taken = state.taken(asked.now, asked.own());
    let conflicts = taken.conflicts(asked.claim());
    if conflicts.is_empty() {
        return Ok(());
    }
    let next_available = next_available(taken, asked);
    let is_maintenance = |stamp: &Stamp| state.upkeep.open.contains_key(stamp);
    if conflicts.iter().any(|(stamp, _)| is_maintenance(stamp)) {
        let by = |stamp: Stamp| {
            if is_maintenance(&stamp) {
                Claimant::Maintenance(MaintenanceId::new(stamp, state.tag))
            } else {
                Claimant::Booking(BookingId::new(stamp, state.tag))
            }
        };
        let taken = |(stamp, claim)| rejection::Taken { by: by(stamp), claim };
        let conflicts = conflicts.into_iter().map(taken).collect();
        return Err(Rejection::Blocked { conflicts, next_available });
    }
    let conflict = |(stamp, claim)| Conflict { booking: BookingId::new(stamp, state.tag), claim };
    Err(Rejection::Overlap {
        conflicts: conflicts.into_iter().map(conflict).collect(),
        next_available,
    })
}

/// The earliest window of the same length that these rules would let in, at or after the asked start
/// and within 90 days of it. Where a window must end after an opening it ends a minute after.
fn next_available(taken: Taken<'_>, asked: &Asked<'_>) -> Option<Window> {
    // One that is in use cannot start at another time.
    if matches!(asked.purpose, Purpose::Extend { .. }) {
        return None;
    }
    let Asked { terms, window, now, .. } = *asked;
    // What is offered must itself be acceptable, so the limit on advance binds it as well.
    let (length_ms, before) = (asked.length_ms(), i64::from(terms.buffer_before_minutes));
    let mut latest = window
        .start
        .plus_minutes(SEARCH_MINUTES_MAX)
        .min(now.plus_minutes(asked.advance_minutes_max().into()));
    // So does the window that was approved.
    if let Purpose::Reschedule { from, manages: false } = asked.purpose
        && terms.approval.required
    {
        latest = latest.min(from.window.end.plus_millis(-length_ms));
    }
    let of_start = |start: Timestamp| Window { start, end: start.plus_millis(length_ms) };
    let open = terms
        .opening_hours
        .as_ref()
        .map(|hours| hours.spans(terms.time_zone, window.start, latest.plus_millis(length_ms)));
    let mut start = window.start;
    loop {
        let claim = terms.claim(of_start(start));
        let free = taken.next_free(claim, latest.plus_minutes(-before))?.plus_minutes(before);
        start = open.as_deref().map_or(Some(free), |open| next_open(open, of_start(free)))?;
        if start == free {
            return Some(of_start(free));
        }
    }
}

/// The window's start where both its ends are open, else the earliest later one at which the end
/// that is not may be. `open`: apart from each other, by start.
fn next_open(open: &[Window], window: Window) -> Option<Timestamp> {
    let length_ms = window.end.millis() - window.start.millis();
    let next = open.partition_point(|span| span.start <= window.start);
    let has_start = next > 0 && window.start < open[next - 1].end;
    if !has_start {
        return open.get(next).map(|span| span.start);
    }
    let next = open.partition_point(|span| span.start < window.end);
    let has_end = next > 0 && window.end <= open[next - 1].end;
    if !has_end {
        // An end at the very opening is not open yet, the minute after it is. A window that is
        // shorter than that begins with the opening.
        let opening = open.get(next)?.start;
        return Some(opening.plus_minutes(1).plus_millis(-length_ms).min(opening));
    }
    Some(window.start)
}

/// # Errors
/// A finding at the end of a window that is none.
pub(super) fn in_order(window: Window) -> Result<(), Rejection> {
    if window.start < window.end {
        return Ok(());
    }
    Err(invalid("#/end", "must be after start"))
}

pub(super) fn invalid(pointer: &str, reason: &str) -> Rejection {
    Rejection::Invalid(vec![Finding { pointer: pointer.into(), reason: reason.into() }])
}

fn millis(minutes: u32) -> i64 {
    i64::from(minutes) * MINUTE_MS
}
