//! Every question to [`History`], answered from the plain list of records.

use std::collections::{BTreeMap, BTreeSet};

use holdfast_domain::{
    MaintenanceId, Outcome, Record, ReportId, Stamp, Subject, Tag, Timestamp,
    registry::{Key, rows_of},
};

use super::world::{World, address, item, mark, past, snapshot};
use crate::{
    history::{FinishedBooking, Item, Past},
    registry::rows_within,
    tail::Noun,
};

/// Asks everything there is to ask about some assets and users and compares.
pub(super) fn check_all(world: &World, assets: &[Tag], users: &[u64]) {
    let log = world.log.records();
    for &tag in assets {
        check_records(world, &log, tag);
        check_replay(world, &log, tag);
        check_finished(world, &log, tag);
        check_past(world, &log, tag);
        check_items(world, &log, tag);
        check_registry(world, &log, tag);
    }
    let known = log.iter().filter(|record| !rows_of(record).is_empty()).map(|record| record.tag);
    let known: BTreeSet<Tag> = known.collect();
    // One whose rows are all gone may still be named.
    assert!(world.history.registries().unwrap().is_subset(&known));
    for &user in users {
        check_user(world, &log, user);
    }
}

fn of_asset(log: &[Record], tag: Tag) -> Vec<&Record> {
    log.iter().filter(|record| record.tag == tag).collect()
}

fn check_records(world: &World, log: &[Record], tag: Tag) {
    let expected = of_asset(log, tag);
    let newest = expected.len() as u64;
    // All of a short history, else some from every page.
    for version in (0..=newest + 1).step_by(1 + expected.len() / 40) {
        let found = world.history.record(tag, version).unwrap();
        let wanted = expected.iter().find(|record| record.version == version);
        assert_eq!(found.as_ref(), wanted.copied(), "version {version}");
    }
    for (below, limit) in [(u64::MAX, 5), (newest, 20), (newest / 2 + 1, 15), (1, 3), (0, 3)] {
        let found = world.history.records_below(tag, below, limit).unwrap();
        let wanted = expected.iter().rev().filter(|record| record.version < below).take(limit);
        assert!(found.iter().eq(wanted.copied()), "{limit} records below {below}");
    }
}

fn check_replay(world: &World, log: &[Record], tag: Tag) {
    let expected = of_asset(log, tag);
    let middle = expected.get(expected.len() / 2).map_or(Timestamp::default(), |r| r.at);
    for since in [Timestamp::default(), middle, Timestamp::MAX] {
        let replay = world.history.replay(tag, since).unwrap();
        let base = replay.snapshot.as_ref().map_or(0, |bytes| {
            let text = String::from_utf8_lossy(bytes);
            let version = text.split(['@', ';']).nth(1).unwrap().parse().unwrap();
            assert!(*bytes == snapshot(tag, version), "snapshot bytes as given");
            version
        });
        let above = expected.iter().filter(|record| record.version > base);
        assert!(replay.records.iter().eq(above.copied()), "records above snapshot {base}");
        let keyed: Vec<&Record> =
            expected.iter().copied().filter(|record| record.key.is_some()).collect();
        let newest_64 = keyed.len().saturating_sub(64);
        let wanted: Vec<&Record> = keyed
            .iter()
            .enumerate()
            .filter(|(at, record)| *at >= newest_64 || record.at >= since)
            .map(|(_, record)| *record)
            .filter(|record| record.version <= base)
            .collect();
        assert!(replay.keyed.iter().eq(wanted), "keyed records up to {base}");
    }
}

/// Every row, alone and in stretches.
fn check_registry(world: &World, log: &[Record], tag: Tag) {
    let mut wanted = BTreeMap::new();
    for record in of_asset(log, tag) {
        for change in rows_of(record) {
            wanted.insert(change.key, change.row);
        }
    }
    for (key, row) in &wanted {
        assert_eq!(world.history.registry_row(tag, *key).unwrap(), *row, "{key:?}");
    }
    wanted.retain(|_, row| row.is_some());
    if !wanted.is_empty() {
        assert!(world.history.registries().unwrap().contains(&tag));
    }
    for limit in [1, 3, 1000] {
        let rows = |from, to| {
            rows_within((from, to), limit, |from, to, limit| {
                Ok(world.history.registry_rows(tag, (from, to), limit).unwrap())
            })
        };
        let (mut found, mut from) = (Vec::new(), Key::FIRST);
        loop {
            let more = rows(from, Key::END).unwrap();
            let Some((last, _)) = more.last() else { break };
            from = last.next();
            found.extend(more.into_iter().map(|(key, row)| (key, Some(row))));
        }
        assert!(found.iter().map(|(key, row)| (key, row)).eq(&wanted), "by {limit}");
    }
}

fn check_finished(world: &World, log: &[Record], tag: Tag) {
    let expected = of_asset(log, tag);
    let mut finished: BTreeMap<Stamp, FinishedBooking> = BTreeMap::new();
    for (number, record) in log.iter().enumerate().filter(|(_, record)| record.tag == tag) {
        if let Some(mark) = mark(record).filter(|mark| mark.finished) {
            let (version, address) = (record.version, address(number));
            finished.insert(mark.id.stamp, FinishedBooking { id: mark.id, version, address });
        }
    }
    let marks = expected.iter().copied().filter_map(mark);
    for mark in marks.step_by(1 + expected.len() / 40) {
        let found = world.history.finished(mark.id).unwrap();
        assert_eq!(found.as_ref(), finished.get(&mark.id.stamp));
    }
    let middle = finished.keys().nth(finished.len() / 2).copied().unwrap_or(Stamp::MAX);
    for bounds in [(Stamp::MIN, Stamp::MAX), (middle, Stamp::MAX), (Stamp::MIN, middle)] {
        for (oldest_first, limit) in [(false, 7), (true, 7), (false, 1000), (true, 1000)] {
            let found = world.history.finished_of_asset(tag, bounds, oldest_first, limit).unwrap();
            let inside = finished.values().copied();
            let mut wanted: Vec<FinishedBooking> =
                inside.filter(|b| bounds.0 < b.id.stamp && b.id.stamp < bounds.1).collect();
            if !oldest_first {
                wanted.reverse();
            }
            wanted.truncate(limit);
            assert_eq!(found, wanted, "{bounds:?} oldest first: {oldest_first}");
        }
    }
}

/// Every finished booking with its figures, in pages.
fn check_past(world: &World, log: &[Record], tag: Tag) {
    let mut wanted: BTreeMap<Stamp, Past> = BTreeMap::new();
    for (number, record) in log.iter().enumerate().filter(|(_, record)| record.tag == tag) {
        let Some(mark) = mark(record).filter(|mark| mark.finished) else { continue };
        let (version, address) = (record.version, address(number));
        let booking = past(mark.id, version);
        let ended = wanted
            .get(&mark.id.stamp)
            .map_or((version, record.at), |earlier| (earlier.ended_version, earlier.ended_at));
        let (ended_version, ended_at) = ended;
        let past = Past { id: mark.id, version, address, ended_version, ended_at, booking };
        wanted.insert(mark.id.stamp, past);
    }
    for limit in [7, 1000] {
        let (mut found, mut low) = (Vec::new(), Stamp::MIN);
        loop {
            let bounds = (low, Stamp::MAX);
            let (page, last) = world.history.past_of_asset(tag, bounds, limit).unwrap();
            found.extend(page);
            match last {
                Some(last) => low = last,
                None => break,
            }
        }
        assert!(found.iter().eq(wanted.values()), "figures in pages of {limit}");
    }
}

fn check_items(world: &World, log: &[Record], tag: Tag) {
    let mut reports: BTreeMap<Stamp, Item> = BTreeMap::new();
    let mut maintenance = reports.clone();
    for (number, record) in log.iter().enumerate().filter(|(_, record)| record.tag == tag) {
        let Some((subject, stamp)) = item(record) else { continue };
        let of =
            if matches!(subject, Subject::Report(_)) { &mut reports } else { &mut maintenance };
        of.insert(stamp, Item { stamp, version: record.version, address: address(number) });
    }
    for (noun, items) in [(Noun::Report, &reports), (Noun::Maintenance, &maintenance)] {
        let subject = |stamp| match noun {
            Noun::Report => Subject::Report(ReportId::new(stamp, tag)),
            Noun::Maintenance => Subject::Maintenance(MaintenanceId::new(stamp, tag)),
        };
        for stamp in items.keys().copied().chain([Stamp::new(1, 77)]) {
            let found = world.history.item(subject(stamp)).unwrap();
            assert_eq!(found, items.get(&stamp).map(|item| item.address), "{noun:?}");
        }
        let middle = items.keys().nth(items.len() / 2).copied().unwrap_or(Stamp::MAX);
        for bounds in [(Stamp::MIN, Stamp::MAX), (middle, Stamp::MAX), (Stamp::MIN, middle)] {
            for (oldest_first, limit) in [(false, 3), (true, 3), (false, 1000), (true, 1000)] {
                let found =
                    world.history.items_of_asset((tag, noun), bounds, oldest_first, limit).unwrap();
                let inside = items.values().copied();
                let mut wanted: Vec<Item> =
                    inside.filter(|item| bounds.0 < item.stamp && item.stamp < bounds.1).collect();
                if !oldest_first {
                    wanted.reverse();
                }
                wanted.truncate(limit);
                assert_eq!(found, wanted, "{noun:?} {bounds:?} oldest first: {oldest_first}");
            }
        }
    }
}

fn check_user(world: &World, log: &[Record], user: u64) {
    let created: Vec<_> = (1..)
        .zip(log)
        .filter_map(|(position, record)| Some((position, mark(record)?)))
        .filter(|(_, mark)| mark.created && mark.user == user)
        .map(|(position, mark)| (position, mark.id))
        .collect();
    let middle = created.get(created.len() / 2).map_or(u64::MAX, |(position, _)| *position);
    for bounds in [(0, u64::MAX), (middle, u64::MAX), (0, middle)] {
        for (oldest_first, limit) in [(false, 7), (true, 7), (false, 10_000), (true, 10_000)] {
            let found = world.history.bookings_of_user(user, bounds, oldest_first, limit).unwrap();
            let inside = created.iter().copied();
            let mut wanted: Vec<_> = inside
                .filter(|(position, _)| bounds.0 < *position && *position < bounds.1)
                .collect();
            if !oldest_first {
                wanted.reverse();
            }
            wanted.truncate(limit);
            assert_eq!(found, wanted, "{bounds:?} oldest first: {oldest_first}");
        }
    }
}

/// Head rows together with the tail name every asset and its newest document.
pub(super) fn check_heads(world: &World, folded: usize) {
    let log = world.log.records();
    let mut wanted = BTreeMap::new();
    for (number, record) in log[..folded].iter().enumerate() {
        let head = wanted.entry(record.tag).or_insert((number as u64 + 1, address(number), None));
        head.2 = record.next_due;
        if let Outcome::Accepted(accepted) = &record.outcome
            && matches!(accepted.subject, Subject::Asset(_))
        {
            head.1 = address(number);
        }
    }
    let mut found = BTreeMap::new();
    let mut each = |head: crate::history::AssetHead| {
        found.insert(head.tag, (head.created, head.document, head.next_due));
    };
    world.history.asset_heads(&mut each).unwrap();
    assert_eq!(found, wanted);
}
