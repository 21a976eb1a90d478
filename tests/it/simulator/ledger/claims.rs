//! What bookings keep from each other, by the documents and the text of the terms alone.

use holdfast_domain::{
    Stamp, Timestamp,
    asset::{BookingStatus, Command},
    rejection::Window,
};
use serde_json::Value;

use super::{BookingImage, Chronicle};
use crate::simulator::wishes::Wish;

/// A window that somebody wants, and whose own claim is not in its way.
pub(super) struct Wanted {
    pub(super) claim: Window,
    own: Option<Stamp>,
}

impl Chronicle {
    /// The terms of a version, as sent.
    pub(super) fn terms(&self, version: u64) -> Value {
        let image = self.images.iter().find(|image| image.facts.terms_version == version);
        image.and_then(|image| image.facts.booking_terms.clone()).unwrap_or(Value::Null)
    }

    /// What the wish asks for, as the asset is now; `None` when it asks for no window.
    pub(super) fn wanted(&self, wish: &Wish) -> Option<Wanted> {
        let current = self.asset_at(self.version())?.facts.terms_version;
        let image = |stamp| self.booking_at(stamp, self.version());
        match wish.command() {
            Command::CreateBooking(new) => {
                let claim = with_buffers(&self.terms(current), new.window);
                Some(Wanted { claim, own: None })
            }
            Command::RescheduleBooking(change) => {
                let facts = &image(change.booking.stamp)?.facts;
                let window = Window {
                    start: change.start.unwrap_or(facts.start),
                    end: change.end.unwrap_or(facts.end),
                };
                let in_use = facts.status == BookingStatus::CheckedIn;
                let terms = self.terms(if in_use { facts.terms_version } else { current });
                let mut claim = with_buffers(&terms, window);
                if in_use {
                    // It keeps what it has; only what it adds must be free.
                    let has = Window { start: facts.start, end: facts.end };
                    claim.start = with_buffers(&terms, has).end;
                }
                let adds = claim.start < claim.end;
                adds.then_some(Wanted { claim, own: Some(change.booking.stamp) })
            }
            Command::ApproveBooking { booking } => {
                let image = image(booking.stamp)?;
                let terms = self.terms(image.facts.terms_version);
                let claim = with_buffers(&terms, image.window());
                Some(Wanted { claim, own: Some(booking.stamp) })
            }
            _ => None,
        }
    }

    /// The claims in the way, as of `now`.
    pub(super) fn in_the_way(&self, wanted: &Wanted, now: Timestamp) -> Vec<Window> {
        self.bookings_at(self.version())
            .filter(|(stamp, _)| Some(*stamp) != wanted.own)
            .filter_map(|(_, image)| self.claim(image, now))
            .filter(|claim| overlap(*claim, wanted.claim))
            .collect()
    }

    /// What a booking keeps from others at `now`: planned, in use, or after its use; then
    /// also when its buffer has run out, for the buffer before another may reach back into it.
    pub(super) fn claim(&self, image: &BookingImage, now: Timestamp) -> Option<Window> {
        let facts = &image.facts;
        let (start, end) = match facts.status {
            BookingStatus::PendingApproval | BookingStatus::Confirmed => (facts.start, facts.end),
            BookingStatus::CheckedIn => (facts.start, facts.end.max(now)),
            BookingStatus::CheckedOut => (facts.start, facts.actual_end?),
            _ => return None,
        };
        let mut claim = with_buffers(&self.terms(facts.terms_version), Window { start, end });
        claim.start = facts.actual_start.map_or(claim.start, |actual| actual.min(claim.start));
        Some(claim)
    }
}

/// A window offered instead of a wanted one is as long; its claim has the same buffers.
pub(super) fn offered(asked: Window, wanted: &Wanted, offer: Window) -> Wanted {
    let (before, after) = (
        asked.start.millis() - wanted.claim.start.millis(),
        wanted.claim.end.millis() - asked.end.millis(),
    );
    let claim =
        Window { start: offer.start.plus_millis(-before), end: offer.end.plus_millis(after) };
    Wanted { claim, own: wanted.own }
}

fn with_buffers(terms: &Value, window: Window) -> Window {
    let buffer = |name: &str| minutes(&terms[name]).unwrap_or(0);
    Window {
        start: window.start.plus_minutes(-buffer("buffer_before_minutes")),
        end: window.end.plus_minutes(buffer("buffer_after_minutes")),
    }
}

pub(super) fn minutes(value: &Value) -> Option<i64> {
    value.as_i64()
}

pub(super) fn overlap(a: Window, b: Window) -> bool {
    a.start < b.end && b.start < a.end
}
