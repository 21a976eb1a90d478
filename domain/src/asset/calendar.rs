//! The claims of an asset's live bookings, by start.
//!
//! Claims in it never overlap: only what [`Calendar::conflicts`] found free is inserted. That is
//! what lets a query look at one predecessor instead of all earlier claims.

use std::{collections::BTreeMap, ops::Bound};

use crate::{id::Stamp, rejection::Window, time::Timestamp};

/// How many conflicts an answer names.
pub(super) const CONFLICTS_MAX: usize = 10;

#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Calendar {
    /// (start, booking) → end.
    claims: BTreeMap<(Timestamp, Stamp), Timestamp>,
}

impl Calendar {
    pub(super) fn insert(&mut self, booking: Stamp, claim: Window) {
        self.claims.insert((claim.start, booking), claim.end);
    }

    pub(super) fn remove(&mut self, booking: Stamp, claim: Window) {
        self.claims.remove(&(claim.start, booking));
    }

    /// The claim that is under way at `start`, if any, and all that begin from there on.
    fn around(&self, start: Timestamp) -> impl Iterator<Item = (Stamp, Window)> + '_ {
        let border = (start, Stamp::MAX);
        let before = self.claims.range(..=border).next_back();
        let after = self.claims.range((Bound::Excluded(border), Bound::Unbounded));
        before
            .into_iter()
            .chain(after)
            .map(|(&(start, booking), &end)| (booking, Window { start, end }))
    }

    /// The claims that meet `asked`, earliest first, at most [`CONFLICTS_MAX`].
    pub(super) fn conflicts(&self, asked: Window) -> Vec<(Stamp, Window)> {
        self.around(asked.start)
            .take_while(|(_, claim)| claim.start <= asked.end)
            .filter(|(_, claim)| claim.overlaps(asked))
            .take(CONFLICTS_MAX)
            .collect()
    }

    /// The booking whose claim covers the instant.
    pub(super) fn covering(&self, at: Timestamp) -> Option<Stamp> {
        let (booking, claim) = self.around(at).next()?;
        (claim.start <= at && at < claim.end).then_some(booking)
    }

    /// The earliest free window of the same length that starts at or after the asked start and not
    /// after `latest`. Walks the claims in between, no others.
    pub(super) fn next_available(&self, asked: Window, latest: Timestamp) -> Option<Window> {
        let length = asked.end.millis() - asked.start.millis();
        let mut free = asked;
        for (_, claim) in self.around(asked.start) {
            if claim.start > free.end || free.start > latest {
                break;
            }
            if claim.overlaps(free) {
                free = Window { start: claim.end, end: claim.end.plus_millis(length) };
            }
        }
        // At the end of time a window would be cut short.
        let whole = free.end.millis() - free.start.millis() == length;
        (whole && free.start <= latest).then_some(free)
    }
}
