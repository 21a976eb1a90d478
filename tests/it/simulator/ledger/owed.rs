//! What a record has made due on other resources: each becomes a record of its own, before anything
//! else is decided, in the name of whoever caused it, and exactly once.

use holdfast_domain::{
    Outcome, Record, Subject,
    asset::{
        AssetDocument, BookingDocument, CostLine, LineType, MaintenanceDocument, MaintenanceStatus,
    },
};

use super::{Chronicle, Owed, upkeep::window_of};

/// Judges a record that follows while something is owed.
pub(super) fn consequence(before: &Chronicle, record: &Record, owed: &[Owed]) {
    let (version, last) = (record.version, before.records.last().expect("something caused it"));
    assert_eq!(record.key, None, "I4: a consequence with a key of its own at version {version}");
    assert_eq!(
        (&record.request_id, &record.actor),
        (&last.request_id, &last.actor),
        "I3: version {version} came before what is owed: {owed:?}"
    );
    assert_eq!(record.at, last.at, "I9: the moment of what is owed at version {version}");
    let Outcome::Accepted(accepted) = &record.outcome else {
        panic!("I9: what is owed is refused")
    };
    let (json, created) = (&accepted.after, accepted.created);
    let is_one = |one: &Owed| match accepted.subject {
        Subject::Asset(_) => {
            let facts: AssetDocument = serde_json::from_slice(json).expect("I5: an asset");
            *one == Owed::Follow(facts.status)
        }
        Subject::Booking(_) => {
            let facts = serde_json::from_slice(json).expect("I5: a booking");
            !created && is_billed(before, &facts, one)
        }
        Subject::Maintenance(_) => {
            let facts: MaintenanceDocument = serde_json::from_slice(json).expect("I5: an item");
            if created {
                is_opened(before, &facts, one, record)
            } else {
                is_changed(before, &facts, one, record)
            }
        }
        _ => false,
    };
    let found = owed.iter().any(is_one);
    let kind = record.kind.name();
    assert!(found, "I9: nobody owed the {kind} of version {version}, owed: {owed:?}");
}

fn is_billed(before: &Chronicle, facts: &BookingDocument, owed: &Owed) -> bool {
    let was = before.booking_at(facts.id.stamp, before.version()).map(|image| &image.facts);
    let Some(was) = was.filter(|was| !was.status.is_live()) else { return false };
    let Some((line, earlier)) = facts.cost_lines.split_last() else { return false };
    let (r#type, charge, amount_minor) = match owed {
        Owed::Damage(charge) => (LineType::Damage, charge, charge.amount_minor),
        Owed::Reverse(charge) => (LineType::Adjustment, charge, -charge.amount_minor),
        _ => return false,
    };
    charge.booking == facts.id.stamp
        && earlier == was.cost_lines
        && (line.r#type, line.amount_minor) == (r#type, amount_minor)
}

fn is_opened(
    before: &Chronicle,
    facts: &MaintenanceDocument,
    owed: &Owed,
    record: &Record,
) -> bool {
    let is_new = facts.status == MaintenanceStatus::Scheduled && window_of(facts).is_none();
    match (owed, &facts.rule_id) {
        (Owed::Open(id), Some(rule)) if id == rule => {
            let rule = &before.upkeep.rules[rule];
            is_new
                && facts.due_at == rule.due_at(record.at)
                && facts.occurrence == rule.occurrence + 1
        }
        (Owed::Correct(_), None) => is_new && facts.due_at == Some(record.at),
        _ => false,
    }
}

fn is_changed(
    before: &Chronicle,
    facts: &MaintenanceDocument,
    owed: &Owed,
    record: &Record,
) -> bool {
    let stamp = facts.id.stamp;
    let was = before.maintenance_at(stamp, before.version()).map(|image| &image.facts);
    let (Some(was), Some(open)) = (was, before.upkeep.open.get(&stamp)) else { return false };
    match owed {
        Owed::Cancel(it) => *it == stamp && facts.status == MaintenanceStatus::Cancelled,
        Owed::Fire(it) => {
            *it == stamp
                && facts.status == MaintenanceStatus::Due
                && facts.due_at == Some(record.at)
        }
        Owed::Replan(it, keeps) => {
            let rule = open.rule.as_ref().map(|rule| &before.upkeep.rules[rule]);
            let planned = rule.and_then(|rule| rule.due_at(record.at));
            let expected = if *keeps { was.due_at } else { planned };
            *it == stamp && facts.status == was.status && facts.due_at == expected
        }
        _ => false,
    }
}

/// Each approved charge is on the bill of a booking that is over exactly once, and what was taken
/// back is on it once more, the other way round.
pub(super) fn is_on_the_bill(chronicle: &Chronicle, facts: &BookingDocument) {
    if facts.status.is_live() {
        return;
    }
    let sorted = |mut amounts: Vec<i64>| {
        amounts.sort_unstable();
        amounts
    };
    let of = |is: &dyn Fn(&CostLine) -> bool| {
        let lines = facts.cost_lines.iter().filter(|line| is(line));
        sorted(lines.map(|line| line.amount_minor.abs()).collect())
    };
    let known = |side: &std::collections::BTreeMap<_, Vec<i64>>| {
        sorted(side.get(&facts.id.stamp).cloned().unwrap_or_default())
    };
    let damage = of(&|line| line.r#type == LineType::Damage);
    assert_eq!(damage, known(&chronicle.upkeep.billed), "I9: what reports charge {}", facts.id);
    let reversed = of(&|line| {
        line.r#type == LineType::Adjustment
            && line.reason.as_ref().is_some_and(|reason| reason.ends_with("is superseded"))
    });
    assert_eq!(reversed, known(&chronicle.upkeep.reversed), "I9: what {} gets back", facts.id);
    let sum: i64 = facts.cost_lines.iter().map(|line| line.amount_minor).sum();
    assert_eq!(facts.cost_minor, Some(sum), "I9: the bill of {}", facts.id);
}
