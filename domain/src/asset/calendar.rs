//! What is taken: the claims of an asset's bookings, and the windows of its maintenance.
//!
//! Those of waiting and confirmed bookings and of maintenance are planned: they never overlap, because only what was
//! found free is inserted, and that is what lets a query look at one predecessor instead of all
//! earlier ones. The claim of the booking in use grows while it is late, and after a return its
//! buffer still runs; those few lie beside the planned ones and may reach into them.

use std::{collections::BTreeMap, ops::Bound};

use crate::{asset::ClaimKind, id::Stamp, rejection::Window, time::Timestamp};

/// How many conflicts an answer names.
const CONFLICTS_MAX: usize = 10;

/// A booking or a maintenance with what it keeps from others.
pub(super) type Claim = (Stamp, Window);

#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Calendar {
    /// (start, booking) → end.
    planned: BTreeMap<(Timestamp, Stamp), Timestamp>,
    /// Of uses that are over, with their buffers: those that end last, by their end. One whose buffer
    /// has run out still counts, for the buffer before a new window may reach back into it.
    cooling: Vec<Claim>,
}

/// The calendar as of one moment, with the claim of the booking in use.
#[derive(Clone, Copy)]
pub(super) struct Taken<'a> {
    pub(super) calendar: &'a Calendar,
    pub(super) in_use: Option<Claim>,
    pub(super) now: Timestamp,
    /// Whose claim does not count: the booking that is about to change.
    pub(super) ignoring: Option<Stamp>,
}

impl Calendar {
    pub(super) fn insert(&mut self, booking: Stamp, claim: Window) {
        self.planned.insert((claim.start, booking), claim.end);
    }

    pub(super) fn remove(&mut self, booking: Stamp, claim: Window) {
        self.planned.remove(&(claim.start, booking));
    }

    /// Takes in the claim of a use that is over. As many are kept as an answer can name: what a window
    /// meets of the past it meets at the end of the last of them.
    pub(super) fn cool(&mut self, booking: Stamp, claim: Window) {
        let place = self.cooling.partition_point(|(_, cooling)| cooling.end <= claim.end);
        self.cooling.insert(place, (booking, claim));
        if self.cooling.len() > CONFLICTS_MAX {
            self.cooling.remove(0);
        }
    }

    pub(super) fn restore_cooling(&mut self, cooling: Vec<Claim>) {
        self.cooling = cooling;
    }

    pub(super) fn cooling(&self) -> &[Claim] {
        &self.cooling
    }

    /// A planned claim lies within the window or reaches into it; false for a window that is none.
    pub(super) fn holds_any(&self, window: Window) -> bool {
        window.start < window.end
            && self
                .around(window.start)
                .take_while(|(_, claim)| claim.start < window.end)
                .any(|(_, claim)| claim.overlaps(window))
    }

    /// The planned claim that is under way at `start`, if any, and all that begin from there on.
    fn around(&self, start: Timestamp) -> impl Iterator<Item = Claim> + '_ {
        let border = (start, Stamp::MAX);
        let before = self.planned.range(..=border).next_back();
        let after = self.planned.range((Bound::Excluded(border), Bound::Unbounded));
        before
            .into_iter()
            .chain(after)
            .map(|(&(start, booking), &end)| (booking, Window { start, end }))
    }
}

impl<'a> Taken<'a> {
    /// The planned claim that may cover `start` and all after it, by start. Where the one before
    /// `start` is the ignored one, those before it end even earlier.
    fn planned(self, start: Timestamp) -> impl Iterator<Item = Claim> + 'a {
        self.calendar.around(start).filter(move |(booking, _)| Some(*booking) != self.ignoring)
    }

    fn beside(self) -> impl Iterator<Item = Claim> + 'a {
        let cooling = self.calendar.cooling.iter().copied();
        self.in_use
            .into_iter()
            .chain(cooling)
            .filter(move |(booking, _)| Some(*booking) != self.ignoring)
    }

    /// The claims that meet `asked`, earliest first, at most [`CONFLICTS_MAX`].
    pub(super) fn conflicts(self, asked: Window) -> Vec<Claim> {
        let mut met: Vec<Claim> = self
            .planned(asked.start)
            .take_while(|(_, claim)| claim.start <= asked.end)
            .filter(|(_, claim)| claim.overlaps(asked))
            .take(CONFLICTS_MAX)
            .collect();
        let planned = met.len();
        met.extend(self.beside().filter(|(_, claim)| claim.overlaps(asked)));
        if met.len() > planned {
            met.sort_by_key(|(booking, claim)| (claim.start, *booking));
            met.truncate(CONFLICTS_MAX);
        }
        met
    }

    /// The earliest start, from that of `asked` on and not after `latest`, of a window as long as
    /// `asked` that meets no claim. Walks the claims in between, no others.
    pub(super) fn next_free(self, asked: Window, latest: Timestamp) -> Option<Timestamp> {
        let length = asked.end.millis() - asked.start.millis();
        let mut free = asked;
        loop {
            let from = free.start;
            for (_, claim) in self.planned(from) {
                if claim.start > free.end || free.start > latest {
                    break;
                }
                free = past(free, claim, length);
            }
            for (_, claim) in self.beside() {
                free = past(free, claim, length);
            }
            // At the end of time a window would be cut short.
            if free.start > latest || free.end.millis() - free.start.millis() != length {
                return None;
            }
            if free.start == from {
                return Some(free.start);
            }
        }
    }

    /// All claims clipped to `within`, those of a kind joined where they meet, by start and apart from
    /// each other: where two kinds meet the one that began first goes on. `is_maintenance` tells whose
    /// a claim is.
    pub(super) fn busy(
        self,
        within: Window,
        is_maintenance: impl Fn(Stamp) -> bool,
    ) -> Vec<(Window, ClaimKind)> {
        let planned = self.planned(within.start).take_while(|(_, claim)| claim.start < within.end);
        // Nothing is kept of most of the past, so nothing of it is shown.
        let beside = self.beside().filter(|(_, claim)| claim.end > self.now);
        let mut claims: Vec<(Window, ClaimKind)> = planned
            .chain(beside)
            .map(|(stamp, claim)| {
                let start = claim.start.max(within.start);
                let is_maintenance = is_maintenance(stamp);
                let kind = if is_maintenance { ClaimKind::Maintenance } else { ClaimKind::Booking };
                (Window { start, end: claim.end.min(within.end) }, kind)
            })
            .filter(|(claim, _)| claim.start < claim.end)
            .collect();
        claims.sort_by_key(|(claim, _)| (claim.start, claim.end));
        let mut joined: Vec<(Window, ClaimKind)> = Vec::with_capacity(claims.len());
        for (mut claim, kind) in claims {
            match joined.last_mut() {
                Some((last, same)) if claim.start <= last.end && *same == kind => {
                    last.end = last.end.max(claim.end);
                }
                last => {
                    let taken_until = last.map_or(claim.start, |(last, _)| last.end);
                    claim.start = claim.start.max(taken_until);
                    if claim.start < claim.end {
                        joined.push((claim, kind));
                    }
                }
            }
        }
        joined
    }
}

/// The window moved to the end of a claim, if the two meet.
fn past(free: Window, claim: Window, length: i64) -> Window {
    if claim.overlaps(free) {
        Window { start: claim.end, end: claim.end.plus_millis(length) }
    } else {
        free
    }
}
