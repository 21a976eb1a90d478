//! What one record must be, given everything before it. Each line names the invariant it guards.

use holdfast_domain::{
    Digest, KeyScope, Outcome, Record, Rejection, asset::BookingDocument, audit, rejection::Window,
};

use super::{BookingImage, Chronicle};
use crate::simulator::wishes::{Wish, Wishes};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
const KEYS_KEPT_MIN: usize = 64;

/// I3: somebody asked for it, with this key, and was not told that nothing happened.
pub(super) fn origin<'a>(record: &Record, wishes: &'a Wishes) -> &'a Wish {
    let id = &record.request_id;
    let attempt = wishes.attempt(id).unwrap_or_else(|| panic!("I3: nobody sent request {id}"));
    let wish = wishes.get(attempt.wish);
    assert!(!attempt.nothing_happened, "I3: request {id} was told that nothing happened");
    assert_eq!(record.key.as_ref(), Some(&wish.key), "I4: the key of request {id}");
    assert_eq!(record.actor.sub, wish.who.subject, "I3: the actor of request {id}");
    assert_eq!(record.actor.org_id.as_ref(), Some(&wish.who.org), "I3: the actor's org of {id}");
    wish
}

pub(super) fn record(before: &Chronicle, record: &Record, wish: &Wish) {
    let version = record.version;
    assert_eq!(version, before.version() + 1, "I6: a hole in the versions of {:?}", record.tag);
    let last = before.records.last();
    assert!(last.is_none_or(|last| last.at <= record.at), "I6: time ran back at version {version}");
    assert!(
        last.is_none_or(|last| last.audit < record.audit),
        "I6: audit ids ran back at version {version}"
    );
    let previous = last.map_or(Digest::default(), |last| last.hash);
    assert_eq!(record.prev_hash, previous, "I6: the audit chain breaks at version {version}");
    let asset = audit::asset_of(record).or(before.id).expect("I3: a record before registration");
    assert_eq!(record.hash, audit::hash(record, asset), "I6: the audit hash of version {version}");
    key_is_free(before, record, wish.key.scope);
    match &record.outcome {
        Outcome::Accepted(accepted) => {
            if let Some(mark) = accepted.booking
                && let Ok(facts) = serde_json::from_slice::<BookingDocument>(&accepted.after)
                && mark.created
            {
                let window = Window { start: facts.start, end: facts.end };
                assert_eq!(wish.window(), Some(window), "I3: the window of version {version}");
                assert_eq!(meets(before, window), Vec::<Window>::new(), "I1: claims overlap");
            }
        }
        Outcome::Refused(refused) => refusal_is_true(before, &refused.rejection, wish),
    }
}

/// I4: a scope has a second record only when the first has run out.
fn key_is_free(before: &Chronicle, record: &Record, scope: KeyScope) {
    let Some(first) = before.under_key(scope) else { return };
    let older = before.records.iter().filter(|r| r.version <= first.version && r.key.is_some());
    let newer = before.keyed - older.count();
    let ran_out = record.at.millis() - first.at.millis() >= DAY_MS && newer >= KEYS_KEPT_MIN;
    assert!(
        ran_out,
        "I4: one key, two effects: versions {} and {} of {:?}",
        first.version, record.version, record.tag
    );
}

/// The claims in the way of a window, by arithmetic on half-open intervals.
fn meets(before: &Chronicle, window: Window) -> Vec<Window> {
    let live = before.bookings_at(before.version()).filter(|(_, image)| is_live(image));
    live.map(|(_, image)| image.window()).filter(|claim| overlap(*claim, window)).collect()
}

fn is_live(image: &BookingImage) -> bool {
    use holdfast_domain::asset::BookingStatus::{CheckedIn, Confirmed, PendingApproval};
    matches!(image.facts.status, CheckedIn | Confirmed | PendingApproval)
}

fn overlap(a: Window, b: Window) -> bool {
    a.start < b.end && b.start < a.end
}

/// I1, the other half: nobody is refused for an overlap that is none.
fn refusal_is_true(before: &Chronicle, rejection: &Rejection, wish: &Wish) {
    assert!(rejection.is_stored(), "I7: {rejection:?} is not kept");
    let Rejection::Overlap { conflicts, next_available } = rejection else { return };
    let window = wish.window().expect("I3: only a booking overlaps");
    assert!(!conflicts.is_empty(), "I1: an overlap with nothing");
    for conflict in conflicts {
        assert!(overlap(conflict.claim, window), "I1: {conflict:?} does not meet {window:?}");
        let image = before.booking_at(conflict.booking.stamp, before.version());
        assert!(image.is_some_and(is_live), "I1: {conflict:?} is no live booking");
    }
    if let Some(next) = next_available {
        assert_eq!(meets(before, *next), Vec::<Window>::new(), "I1: what is offered is taken");
    }
}
