//! Readers while folds run: nothing is missing, at any moment.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

use holdfast_domain::{ReportId, Stamp, Subject, Timestamp};
use parking_lot::Mutex;

use super::{
    model,
    world::{Deed, Log, World, tag},
};
use crate::{
    history::{History, Past},
    sim::MemoryViews,
    tail::Noun,
    views::{SledViews, Views},
};

/// A fold between any two reads of one question: what the tail no longer has, the views must.
#[test]
fn a_fold_between_two_reads_hides_nothing() {
    let views = MemoryViews::new();
    let world = World::start(Log::default(), Arc::new(views.clone()));
    let history = Arc::clone(&world.history);
    let world = Arc::new(Mutex::new(world));
    for round in 0..30_usize {
        {
            let world = world.lock();
            for turn in 0..9 {
                world.commit(0, Deed::Book { user: 0 }, false);
                world.commit(0, Deed::Finish { nth: round * 3 + turn }, turn == 0);
            }
            world.commit(0, Deed::Add(Noun::Report), false);
            world.commit(0, Deed::Touch { nth: round / 2 }, false);
        }
        let newest = history.tail.newest(tag(0)).unwrap().version;
        for question in 0..7 {
            let folding = Arc::clone(&world);
            views.after_read(Some(Arc::new(move || {
                // Its own reads come back here: only the outermost one folds.
                if let Some(mut world) = folding.try_lock() {
                    world.fold().unwrap();
                }
            })));
            ask(&history, question, (newest, round + 1));
            views.after_read(None);
            let world = world.lock();
            world.commit(0, Deed::UpdateAsset, false);
        }
        model::check_all(&world.lock(), &[tag(0)], &[0]);
    }
}

fn ask(history: &History, question: u32, (newest, reports): (u64, usize)) {
    let tag = tag(0);
    match question {
        0 => {
            let replay = history.replay(tag, Timestamp::MAX).unwrap();
            let last = replay.records.last().map(|record| record.version);
            assert!(last >= Some(newest), "{last:?} of {newest}");
        }
        1 => assert!(history.record(tag, newest).unwrap().is_some()),
        2 => {
            let records = history.records_below(tag, newest + 1, 40).unwrap();
            assert!(records.iter().map(|r| r.version).eq((1..=newest).rev().take(40)));
        }
        3 => {
            let all = (Stamp::MIN, Stamp::MAX);
            let before = history.finished_of_asset(tag, all, true, usize::MAX).unwrap();
            let after = history.finished_of_asset(tag, all, false, usize::MAX).unwrap();
            assert!(before.iter().eq(after.iter().rev()));
        }
        4 => {
            let all = (Stamp::MIN, Stamp::MAX);
            let of = (tag, Noun::Report);
            let before = history.items_of_asset(of, all, true, usize::MAX).unwrap();
            assert_eq!(before.len(), reports);
            let after = history.items_of_asset(of, all, false, usize::MAX).unwrap();
            assert!(before.iter().eq(after.iter().rev()));
            for item in before {
                let subject = Subject::Report(ReportId::new(item.stamp, tag));
                assert_eq!(history.item(subject).unwrap(), Some(item.address));
            }
        }
        5 => {
            let all = (Stamp::MIN, Stamp::MAX);
            let ids = |found: Vec<Past>| found.into_iter().map(|past| past.id).collect::<Vec<_>>();
            let (past, last) = history.past_of_asset(tag, all, usize::MAX).unwrap();
            assert_eq!(last, None);
            let finished = history.finished_of_asset(tag, all, true, usize::MAX).unwrap();
            assert!(ids(past).into_iter().eq(finished.into_iter().map(|booking| booking.id)));
        }
        _ => {
            let before = history.bookings_of_user(0, (0, u64::MAX), true, usize::MAX).unwrap();
            let after = history.bookings_of_user(0, (0, u64::MAX), false, usize::MAX).unwrap();
            assert!(before.iter().eq(after.iter().rev()));
        }
    }
}

fn readers_see_everything(views: Arc<dyn Views>, rounds: usize) {
    let mut world = World::start(Log::default(), views);
    let history = Arc::clone(&world.history);
    // Versions committed, bookings created and finished: what a reader must at least see.
    let (committed, finished) = (AtomicU64::new(0), AtomicU64::new(0));
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for question in 0..3 {
            let (history, committed, finished, done) = (&history, &committed, &finished, &done);
            scope.spawn(move || {
                while !done.load(Ordering::Acquire) {
                    see(history, question, committed, finished);
                }
            });
        }
        for round in 0..rounds {
            for turn in 0..20 {
                world.commit(0, Deed::Book { user: 0 }, turn == 7);
                committed.fetch_add(1, Ordering::Release);
            }
            // The bookings of this round, in an order that splits leaves in the middle.
            for turn in 0..19_usize {
                let nth = (round * 20 + turn * 7 % 19) / if turn % 2 == 0 { 1 } else { 2 };
                world.commit(0, Deed::Finish { nth }, false);
                committed.fetch_add(1, Ordering::Release);
            }
            let all = (Stamp::MIN, Stamp::MAX);
            let count = world.history.finished_of_asset(tag(0), all, true, usize::MAX).unwrap();
            finished.store(count.len() as u64, Ordering::Release);
            world.fold().unwrap();
        }
        done.store(true, Ordering::Release);
    });
    model::check_all(&world, &[tag(0)], &[0]);
}

fn see(history: &History, question: u32, committed: &AtomicU64, finished: &AtomicU64) {
    let tag = tag(0);
    let least = committed.load(Ordering::Acquire);
    let least_finished = finished.load(Ordering::Acquire);
    match question {
        0 => {
            let replay = history.replay(tag, Timestamp::MAX).unwrap();
            let versions: Vec<u64> = replay.records.iter().map(|r| r.version).collect();
            assert!(versions.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{versions:?}");
            let reached = versions.last().copied().or(replay.snapshot.map(|_| least));
            assert!(reached.unwrap_or(0) >= least);
        }
        1 => {
            let newest_first = history.records_below(tag, u64::MAX, 50).unwrap();
            let top = newest_first.first().map_or(0, |record| record.version);
            assert!(top >= least);
            assert!(newest_first.iter().map(|r| r.version).eq((1..=top).rev().take(50)));
            if least > 0 {
                assert!(history.record(tag, least / 2 + 1).unwrap().is_some());
            }
        }
        _ => {
            for oldest_first in [true, false] {
                let all = (Stamp::MIN, Stamp::MAX);
                let found = history.finished_of_asset(tag, all, oldest_first, usize::MAX).unwrap();
                assert!(found.len() as u64 >= least_finished);
                let all = (0, u64::MAX);
                let of_user = history.bookings_of_user(0, all, oldest_first, usize::MAX).unwrap();
                assert!(of_user.len() as u64 >= least / 39 * 20 - u64::from(least >= 39));
            }
        }
    }
}

#[test]
fn readers_see_everything_in_memory() {
    readers_see_everything(Arc::new(MemoryViews::new()), 60);
}

#[test]
fn readers_see_everything_in_sled() {
    let folder = tempfile::tempdir().unwrap();
    readers_see_everything(Arc::new(SledViews::open(folder.path(), 1 << 24).unwrap()), 40);
}
