//! What keeps a window from others: every booking of the list is looked at, each time.

use holdfast_domain::{
    Rejection, Timestamp,
    asset::{
        AvailabilityDocument,
        BookingStatus::{CheckedIn, CheckedOut, Confirmed, PendingApproval},
        Busy, ClaimKind,
    },
    rejection::{Conflict, Window},
};

use super::{
    asset::{Line, Model},
    terms::{MINUTE, Rules},
};

pub(super) const DAY: i64 = 24 * 60 * MINUTE;

/// In milliseconds, half-open.
pub(super) type Span = (i64, i64);

pub(super) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

pub(super) fn shown((start, end): Span) -> Window {
    Window { start: at(start), end: at(end) }
}

fn meet(one: Span, other: Span) -> bool {
    one.0 < other.1 && other.0 < one.1
}

pub(super) fn with_buffers(rules: &Rules, (start, end): Span) -> Span {
    (start - rules.before * MINUTE, end + rules.after * MINUTE)
}

impl Line {
    pub(super) fn span(&self) -> Span {
        (self.doc.start.millis(), self.doc.end.millis())
    }

    fn taken(&self) -> i64 {
        self.doc.actual_start.unwrap().millis()
    }

    pub(super) fn claim(&self, now: i64) -> Option<Span> {
        let planned = with_buffers(&self.terms, self.span());
        match self.doc.status {
            PendingApproval | Confirmed => Some(planned),
            CheckedIn => Some(self.in_use_until(self.doc.end.millis().max(now))),
            CheckedOut => {
                // Also when it is past: the buffer before another may reach back into it.
                Some(self.in_use_until(self.doc.actual_end.unwrap().millis()))
            }
            _ => None,
        }
    }

    /// The claim of a booking that was taken up and comes back at `end`.
    pub(super) fn in_use_until(&self, end: i64) -> Span {
        let planned = with_buffers(&self.terms, self.span());
        (planned.0.min(self.taken()), end + self.terms.after * MINUTE)
    }
}

impl Model {
    /// The claims in the way of one, by start; `own` is the number of a booking that may stay.
    pub(super) fn in_the_way(&self, claim: Span, own: Option<usize>, now: i64) -> Vec<Conflict> {
        let mut found: Vec<(Span, usize)> = (0..self.lines.len())
            .filter(|n| Some(*n) != own)
            .filter_map(|n| Some((self.lines[n].claim(now)?, n)))
            .filter(|(other, _)| meet(claim, *other))
            .collect();
        found.sort_by_key(|(claim, n)| (claim.0, *n));
        let conflict = |(claim, n)| Conflict { booking: Self::id(n), claim: shown(claim) };
        found.into_iter().take(10).map(conflict).collect()
    }

    /// Refuses a window whose claim meets another; `rules` are those that the window is under, and
    /// nothing is offered that begins after `last`.
    pub(super) fn overlap(
        &self,
        rules: &Rules,
        window: Span,
        (own, last): (Option<usize>, i64),
        now: i64,
    ) -> Result<(), Rejection> {
        let conflicts = self.in_the_way(with_buffers(rules, window), own, now);
        if conflicts.is_empty() {
            return Ok(());
        }
        let next_available = self.next_available(rules, window, (own, last), now).map(shown);
        Err(Rejection::Overlap { conflicts, next_available })
    }

    /// A window can only begin to be possible where a claim ends, something opens, or something has
    /// been open for a minute when it ends.
    fn next_available(
        &self,
        rules: &Rules,
        (start, end): Span,
        (own, last): (Option<usize>, i64),
        now: i64,
    ) -> Option<Span> {
        let length = end - start;
        let last = last.min(start + 90 * DAY).min(now + advance_days(rules) * DAY);
        // Most are found within days; a search of all of the ninety is worth putting off.
        for horizon in [start + 2 * DAY, start + 12 * DAY, last] {
            let horizon = horizon.min(last);
            let mut starts: Vec<i64> =
                self.lines.iter().filter_map(|line| Some(line.claim(now)?.1)).collect();
            starts.iter_mut().for_each(|end| *end += rules.before * MINUTE);
            if let Some(hours) = &rules.hours {
                let openings = hours.openings(rules.zone, start - DAY, horizon + length + DAY);
                starts.extend(openings.iter().map(|open| open + MINUTE - length));
                starts.extend(openings);
            }
            starts.retain(|it| (start..=horizon).contains(it));
            starts.sort_unstable();
            let found = starts.into_iter().find(|it| {
                let window = (*it, it + length);
                open(rules, window) == (true, true)
                    && self.in_the_way(with_buffers(rules, window), own, now).is_empty()
            });
            if let Some(found) = found {
                return Some((found, found + length));
            }
        }
        None
    }

    /// Another live claim lies between the moment and the booking's own claim.
    pub(super) fn is_claimed_before(&self, own: usize, now: i64) -> bool {
        let own_claim = with_buffers(&self.lines[own].terms, self.lines[own].span());
        now < own_claim.0
            && self.lines.iter().enumerate().any(|(n, line)| {
                let meets = line.claim(now).is_some_and(|claim| meet(claim, (now, own_claim.0)));
                n != own && line.doc.status.is_live() && meets
            })
    }

    pub(super) fn availability(&self, (from, to): Span, now: i64) -> AvailabilityDocument {
        let mut claims: Vec<Span> = self
            .lines
            .iter()
            .filter_map(|line| line.claim(now))
            .map(|(start, end)| (start.max(from), end.min(to)))
            .filter(|(start, end)| start < end)
            .collect();
        claims.sort_unstable();
        let mut busy: Vec<Span> = Vec::new();
        for claim in claims {
            match busy.last_mut() {
                Some(last) if claim.0 <= last.1 => last.1 = last.1.max(claim.1),
                _ => busy.push(claim),
            }
        }
        let busy = busy.into_iter().map(|(start, end)| Busy {
            start: at(start),
            end: at(end),
            kind: ClaimKind::Booking,
        });
        AvailabilityDocument {
            asset_id: self.asset.id,
            busy: busy.collect(),
            from: at(from),
            time_zone: self.current().zone.name().into(),
            to: at(to),
        }
    }
}

pub(super) fn advance_days(rules: &Rules) -> i64 {
    rules.advance_days.unwrap_or(1830).min(1830)
}

/// Whether the start is within the opening hours, and whether the end is.
pub(super) fn open(rules: &Rules, (start, end): Span) -> (bool, bool) {
    rules.hours.as_ref().map_or((true, true), |hours| {
        (hours.may_start(rules.zone, start), hours.may_end(rules.zone, end))
    })
}
