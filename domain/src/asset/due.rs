//! What happens by itself: which transition of a booking is due when.
//!
//! A waiting booking expires; a confirmed one that nobody takes up becomes a no-show; one in use that
//! is not returned becomes overdue. Nothing here happens: `decide::due` makes records of it.
//!
//! The clock of a no-show stands still while the asset cannot be taken up (it is out, or not active)
//! and starts again in full when it can. That would move the timers of many bookings at once, so
//! they are not stored: windows of confirmed bookings do not overlap, and each timer runs out inside
//! its window, so the earliest window has the earliest timer.

use std::collections::BTreeSet;

use crate::{
    asset::{BookingStatus, booking::Booking},
    id::Stamp,
    time::Timestamp,
};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Transition {
    Expire,
    NoShow,
    Overdue,
}

/// The live bookings that wait for something, by when.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Timers {
    /// Of waiting bookings, by the end of their wait.
    waiting: BTreeSet<(Timestamp, Stamp)>,
    /// Of confirmed bookings, by the start of their window.
    confirmed: BTreeSet<(Timestamp, Stamp)>,
}

impl Timers {
    pub(super) fn insert(&mut self, booking: &Booking) {
        match booking.status {
            BookingStatus::PendingApproval => {
                self.waiting.insert((booking.approval_until(), booking.stamp));
            }
            BookingStatus::Confirmed => {
                self.confirmed.insert((booking.window.start, booking.stamp));
            }
            _ => {}
        }
    }

    pub(super) fn remove(&mut self, booking: &Booking) {
        match booking.status {
            BookingStatus::PendingApproval => {
                self.waiting.remove(&(booking.approval_until(), booking.stamp));
            }
            BookingStatus::Confirmed => {
                self.confirmed.remove(&(booking.window.start, booking.stamp));
            }
            _ => {}
        }
    }

    /// The bookings one of which has the earliest timer, leaving one out.
    pub(super) fn next(&self, except: Option<Stamp>) -> impl Iterator<Item = Stamp> {
        let first = |set: &BTreeSet<(Timestamp, Stamp)>| {
            set.iter().map(|(_, stamp)| *stamp).find(|stamp| Some(*stamp) != except)
        };
        [first(&self.waiting), first(&self.confirmed)].into_iter().flatten()
    }
}

impl Booking {
    /// When something happens to it by itself, and what. `free_since`: since when the asset can be
    /// taken up; `None` while it cannot.
    pub(super) fn due(&self, free_since: Option<Timestamp>) -> Option<(Timestamp, Transition)> {
        let end = self.window.end;
        match self.status {
            BookingStatus::PendingApproval => Some((self.approval_until(), Transition::Expire)),
            BookingStatus::CheckedIn => (!self.overdue).then_some((end, Transition::Overdue)),
            BookingStatus::Confirmed => {
                let Some(free_since) = free_since else { return Some((end, Transition::Expire)) };
                let length_ms = end.millis() - self.window.start.millis();
                let patience_ms = self
                    .terms
                    .check_in
                    .no_show_after_minutes
                    .map_or(length_ms, |minutes| (i64::from(minutes) * 60_000).min(length_ms));
                let from = if cfg!(feature = "planted-no-show-never-waits") {
                    self.window.start
                } else {
                    self.window.start.max(free_since)
                };
                let given_up = from.plus_millis(patience_ms);
                Some(if given_up <= end {
                    (given_up, Transition::NoShow)
                } else {
                    (end, Transition::Expire)
                })
            }
            _ => None,
        }
    }
}
