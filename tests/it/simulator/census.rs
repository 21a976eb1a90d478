//! What all histories of a run have seen: they are worth something only when everything happens in
//! them, and often.

use std::collections::BTreeMap;

use holdfast_domain::Outcome;
use parking_lot::Mutex;

use super::ledger::Ledger;

/// Records by what they are and whether they are consequences of others.
static SEEN: Mutex<BTreeMap<(&str, bool), u64>> = Mutex::new(BTreeMap::new());

/// With fewer histories nothing can be said.
const SEEDS_MIN: u64 = 500;

/// What must be seen, and whether as a consequence.
const WANTED: [(&str, bool); 24] = [
    ("asset.created", false),
    ("asset.updated", false),
    ("asset.updated", true),
    ("booking.approved", false),
    ("booking.cancelled", false),
    ("booking.checked_in", false),
    ("booking.checked_out", false),
    ("booking.cost_adjusted", false),
    ("booking.cost_adjusted", true),
    ("booking.created", false),
    ("booking.expired", false),
    ("booking.no_show", false),
    ("booking.overdue", false),
    ("booking.rescheduled", false),
    ("condition_report.created", false),
    ("condition_report.decided", false),
    ("maintenance.cancelled", false),
    ("maintenance.cancelled", true),
    ("maintenance.due", false),
    ("maintenance.due", true),
    ("maintenance.scheduled", true),
    ("maintenance.started", false),
    ("maintenance.updated", false),
    ("maintenance.updated", true),
];

/// What must be seen of webhooks.
const TOLD: [&str; 12] = [
    "dead",
    "deleted",
    "delivered",
    "delivered again",
    "disabled: failing",
    "disabled: gone",
    "followed",
    "redelivery",
    "replay",
    "retried",
    "tested",
    "try",
];

pub(super) fn count(ledger: &Ledger) {
    let mut seen = SEEN.lock();
    for (what, times) in ledger.post.seen() {
        *seen.entry((what, false)).or_default() += times;
    }
    for chronicle in ledger.assets.values() {
        let mut earlier = "";
        for record in &chronicle.records {
            let is_owed = record.request_id == earlier;
            earlier = &record.request_id;
            if matches!(record.outcome, Outcome::Accepted(_)) {
                *seen.entry((record.kind.name(), is_owed)).or_default() += 1;
            }
        }
    }
}

pub(super) fn nothing_is_missing(seeds: u64) {
    let seen = SEEN.lock();
    let rare = |what: &&(&str, bool)| seen.get(*what).copied().unwrap_or(0) < seeds / 100;
    let told = TOLD.map(|what| (what, false));
    let rare: Vec<_> = WANTED.iter().chain(&told).filter(rare).collect();
    assert!(rare.is_empty() || seeds < SEEDS_MIN, "hardly ever seen: {rare:?} in {seen:?}");
}
