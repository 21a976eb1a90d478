//! What one record must be, given everything before it. Each line names the invariant it guards.

use holdfast_domain::{
    Digest, KeyScope, Kind, Outcome, Record, Rejection,
    asset::{BookingDocument, BookingStatus, Command, MaintenanceDocument, MaintenanceStatus},
    audit,
    rejection::{Claimant, Conflict, Window},
};

use super::{
    Chronicle,
    claims::{self, overlap},
    timers::{self, What},
    upkeep,
};
use crate::simulator::wishes::{Wish, Wishes};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
const KEYS_KEPT_MIN: usize = 64;

/// I3: somebody asked for it, with this key, and was not told that nothing happened; or it happens
/// by itself (`None`).
pub(super) fn origin<'a>(record: &Record, wishes: &'a Wishes) -> Option<&'a Wish> {
    let id = &record.request_id;
    if record.actor.sub == "system:timer" {
        assert_eq!(
            (&record.key, &record.actor.org_id),
            (&None, &None),
            "I3: a timer's record {id}"
        );
        assert_eq!(*id, record.audit_id().to_string(), "I3: a timer's record names itself");
        return None;
    }
    let attempt = wishes.attempt(id).unwrap_or_else(|| panic!("I3: nobody sent request {id}"));
    let wish = wishes.get(attempt.wish);
    assert!(!attempt.nothing_happened, "I3: request {id} was told that nothing happened");
    assert_eq!(record.key.as_ref(), Some(&wish.key), "I4: the key of request {id}");
    assert_eq!(record.actor.sub, wish.who.subject, "I3: the actor of request {id}");
    assert_eq!(record.actor.org_id.as_ref(), Some(&wish.who.org), "I3: the actor's org of {id}");
    Some(wish)
}

/// I6: it follows on the record before.
pub(super) fn chain(before: &Chronicle, record: &Record) {
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
}

/// One that nothing before has caused: somebody asked for it, or it happens by itself.
pub(super) fn record(before: &Chronicle, record: &Record, wish: Option<&Wish>) {
    let version = record.version;
    let Some(wish) = wish else { return happened_by_itself(before, record) };
    let missed = timers::next(before).filter(|due| due.at <= record.at);
    assert_eq!(missed, None, "I9: version {version} was decided before what was due");
    key_is_free(before, record, wish.key.scope);
    match &record.outcome {
        Outcome::Accepted(accepted) => {
            let wanted = before.wanted(wish, record.at);
            let Some(wanted) = wanted.filter(|_| accepted.events.len() == 1) else { return };
            let in_the_way = before.in_the_way(&wanted, record.at);
            assert_eq!(in_the_way, Vec::<Window>::new(), "I1: claims overlap at version {version}");
            if accepted.created && wish.window().is_some() {
                let facts: BookingDocument = serde_json::from_slice(&accepted.after).expect("I5");
                let window = Window { start: facts.start, end: facts.end };
                assert_eq!(wish.window(), Some(window), "I3: the window of version {version}");
            }
        }
        Outcome::Refused(refused) => refusal_is_true(before, record, &refused.rejection, wish),
    }
}

/// I9: it was the next thing due, it happens once and at its time.
fn happened_by_itself(before: &Chronicle, record: &Record) {
    let due = timers::next(before).expect("I9: nothing was due");
    let earliest = before.records.last().map_or(due.at, |last| last.at.max(due.at));
    assert_eq!(record.at, earliest, "I9: the moment of version {}", record.version);
    let Outcome::Accepted(accepted) = &record.outcome else { panic!("I9: a refused timer") };
    match due.what {
        What::Status(booking, status) => {
            let facts: BookingDocument = serde_json::from_slice(&accepted.after).expect("I9");
            assert_eq!(facts.id.stamp, booking, "I9: another booking was due");
            assert_eq!(facts.status, status, "I9: something else was due");
            assert_eq!(facts.overdue, status == BookingStatus::CheckedIn, "I9: overdue or not");
        }
        What::Notice(stamp, minutes) => {
            let facts: MaintenanceDocument = serde_json::from_slice(&accepted.after).expect("I9");
            assert_eq!(record.kind, Kind::MaintenanceDue, "I9: a notice was due");
            assert_eq!(facts.id.stamp, stamp, "I9: another maintenance was due");
            assert_eq!(upkeep::notice_of(record), minutes, "I9: another notice was due");
            assert_eq!(facts.status == MaintenanceStatus::Due, minutes == 0, "I9: due or not");
        }
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

/// I1, the other half: nobody is refused for an overlap that is none.
fn refusal_is_true(before: &Chronicle, record: &Record, rejection: &Rejection, wish: &Wish) {
    assert!(rejection.is_stored(), "I7: {rejection:?} is not kept");
    let of_booking = |conflict: &Conflict| (Claimant::Booking(conflict.booking), conflict.claim);
    let (conflicts, next_available): (Vec<_>, _) = match rejection {
        Rejection::Overlap { conflicts, next_available } => {
            (conflicts.iter().map(of_booking).collect(), next_available)
        }
        Rejection::Blocked { conflicts, next_available } => {
            (conflicts.iter().map(|taken| (taken.by, taken.claim)).collect(), next_available)
        }
        _ => return,
    };
    let wanted = before.wanted(wish, record.at).expect("I3: only who wants a window meets another");
    assert!(!conflicts.is_empty(), "I1: an overlap with nothing");
    for (by, met) in conflicts {
        assert!(overlap(met, wanted.claim), "I1: {by:?} is not in the way");
        let claim = match by {
            Claimant::Booking(id) => {
                let image = before.booking_at(id.stamp, before.version());
                image.and_then(|image| before.claim(image, record.at))
            }
            Claimant::Maintenance(id) => {
                before.upkeep.open.get(&id.stamp).and_then(|open| open.claim)
            }
        };
        assert_eq!(claim, Some(met), "I1: the claim of {by:?}");
    }
    let (Some(offer), Command::CreateBooking(new)) = (next_available, wish.command()) else {
        return;
    };
    let offered = claims::offered(new.window, &wanted, *offer);
    let in_the_way = before.in_the_way(&offered, record.at);
    assert_eq!(in_the_way, Vec::<Window>::new(), "I1: what is offered is taken");
}
