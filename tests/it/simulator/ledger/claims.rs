//! What bookings and maintenance keep from each other, by the documents and the text of the terms
//! alone.

use holdfast_domain::{
    Stamp, Timestamp,
    asset::{BookingStatus, Change, Command, MaintenanceChange},
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
    pub(super) fn wanted(&self, wish: &Wish, now: Timestamp) -> Option<Wanted> {
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
            Command::CreateMaintenance(new) => {
                let (start, end) = new.start.zip(new.end)?;
                from_now(Window { start, end }, now).map(|claim| Wanted { claim, own: None })
            }
            Command::ChangeMaintenance(change) => {
                let window = self.moved(change)?;
                let own = Some(change.maintenance.stamp);
                from_now(window, now).map(|claim| Wanted { claim, own })
            }
            _ => None,
        }
    }

    /// The new window of a maintenance, if it gets another one.
    fn moved(&self, change: &MaintenanceChange) -> Option<Window> {
        let image = &self.maintenance_at(change.maintenance.stamp, self.version())?.facts;
        let had = image.start.zip(image.end).map(|(start, end)| Window { start, end });
        let window = match (&change.start, &change.end) {
            (Some(Change::Set(start)), Some(Change::Set(end))) => {
                Window { start: *start, end: *end }
            }
            (Some(Change::Set(start)), None) => {
                let rule = image.rule_id.as_ref().map(|id| &self.upkeep.rules[id].text);
                let takes = rule.and_then(|rule| minutes(&rule["duration_minutes"]));
                let end = takes.map(|minutes| start.plus_minutes(minutes));
                Window { start: *start, end: end.or(had.map(|had| had.end))? }
            }
            _ => return None,
        };
        Some(window).filter(|window| Some(*window) != had)
    }

    /// The claims in the way, as of `now`.
    pub(super) fn in_the_way(&self, wanted: &Wanted, now: Timestamp) -> Vec<Window> {
        let bookings = self.bookings_at(self.version());
        let bookings = bookings.map(|(stamp, image)| (stamp, self.claim(image, now)));
        let maintenance = self.upkeep.open.iter().map(|(stamp, open)| (*stamp, open.claim));
        bookings
            .chain(maintenance)
            .filter(|(stamp, _)| Some(*stamp) != wanted.own)
            .filter_map(|(_, claim)| claim)
            .filter(|claim| overlap(*claim, wanted.claim))
            .collect()
    }

    /// I1: planned bookings and open maintenance, each beside all others.
    pub(in crate::simulator) fn plans_are_apart(&self) {
        let planned = [BookingStatus::PendingApproval, BookingStatus::Confirmed];
        let bookings = self.bookings_at(self.version());
        let bookings = bookings.filter(|(_, image)| planned.contains(&image.facts.status));
        let bookings = bookings.filter_map(|(_, image)| self.claim(image, Timestamp::default()));
        let open = self.upkeep.open.values().filter_map(|open| open.claim);
        let mut claims: Vec<Window> = bookings.chain(open).collect();
        claims.sort_by_key(|claim| claim.start);
        for two in claims.windows(2) {
            assert!(!overlap(two[0], two[1]), "I1: {two:?} overlap");
        }
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

/// What of a maintenance's window counts.
fn from_now(window: Window, now: Timestamp) -> Option<Window> {
    let claim = Window { start: window.start.max(now), ..window };
    (window.start < window.end && now < window.end).then_some(claim)
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
