//! Random records, folds, failing stores and crashes: every answer equals the model's, always.

use std::sync::Arc;

use holdfast_domain::{Stamp, Tag, Timestamp};
use proptest::prelude::*;

use super::{
    model,
    world::{Deed, Log, World, tag},
};
use crate::{
    fold::{self, Folded},
    history::HistoryError,
    sim::{Crash, MemoryViews},
    tail::Noun,
    views::{SledViews, Views, ViewsError},
};

const ASSETS: u8 = 4;
const USERS: u64 = 3;

#[derive(Clone, Debug)]
enum Act {
    Commit {
        asset: u8,
        deed: Deed,
        times: u8,
        snapshot: bool,
    },
    Fold,
    /// A fold whose store stops working after so many writes.
    FailingFold(u64),
    Crash(Crash),
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        1 => Just(Deed::UpdateAsset),
        1 => Just(Deed::Refuse),
        4 => (0..USERS).prop_map(|user| Deed::Book { user }),
        5 => (0..500_usize).prop_map(|nth| Deed::Finish { nth }),
        1 => Just(Deed::Bulky),
        1 => Just(Deed::Add(Noun::Report)),
        1 => Just(Deed::Add(Noun::Maintenance)),
        2 => (0..500_usize).prop_map(|nth| Deed::Touch { nth }),
        6 => (0..500_usize).prop_map(|nth| Deed::Register { nth }),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    let commit = (0..ASSETS, deed(), 1..40_u8, any::<bool>());
    let kept = proptest::collection::vec(any::<bool>(), 1..40);
    prop_oneof![
        8 => commit.prop_map(|(asset, deed, times, snapshot)| {
            Act::Commit { asset, deed, times, snapshot }
        }),
        3 => Just(Act::Fold),
        2 => (0..40_u64).prop_map(Act::FailingFold),
        1 => Just(Act::Crash(Crash::Empty)),
        1 => (0..4_usize).prop_map(|back| Act::Crash(Crash::Flushed(back))),
        2 => kept.prop_map(|kept| Act::Crash(Crash::Partly(kept))),
    ]
}

fn commit(world: &World, asset: u8, deed: Deed, times: u8, snapshot: bool) {
    for turn in 0..times {
        let deed = match deed {
            Deed::Finish { nth } => Deed::Finish { nth: nth + usize::from(turn) * 7 },
            Deed::Touch { nth } => Deed::Touch { nth: nth + usize::from(turn) * 3 },
            Deed::Register { nth } => Deed::Register { nth: nth + usize::from(turn) * 11 },
            Deed::Bulky if turn > 8 => Deed::UpdateAsset,
            other => other,
        };
        world.commit(asset, deed, snapshot && turn + 1 == times);
    }
}

fn check(world: &World) {
    let tags: Vec<Tag> = (0..ASSETS).map(tag).collect();
    let users: Vec<u64> = (0..USERS).collect();
    model::check_all(world, &tags, &users);
}

fn run(acts: &[Act]) {
    let views = MemoryViews::new();
    let mut world = World::start(Log::default(), Arc::new(views.clone()));
    for act in acts {
        match act {
            Act::Commit { asset, deed, times, snapshot } => {
                commit(&world, *asset, *deed, *times, *snapshot);
            }
            Act::Fold => {
                world.fold().unwrap();
            }
            Act::FailingFold(calls) => {
                views.fail_after(*calls);
                let folded = world.fold();
                assert!(folded.is_ok() || *calls < 1000);
                check(&world);
                views.fail_after(u64::MAX);
            }
            Act::Crash(crash) => {
                views.crash(crash);
                world = World::start(world.log, Arc::new(views.clone()));
            }
        }
        check(&world);
    }
    while world.fold().unwrap() != Folded::Nothing {}
    check(&world);
    model::check_heads(&world, world.log.records().len());
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn answers_do_not_depend_on_folds_and_crashes(acts in proptest::collection::vec(act(), 1..20)) {
        run(&acts);
    }
}

#[test]
fn a_row_that_was_removed_after_it_was_folded_is_gone() {
    let mut world = World::start(Log::default(), Arc::new(MemoryViews::new()));
    // The same row: there, then not.
    for nth in [9, 3] {
        world.commit(0, Deed::Register { nth }, false);
        world.fold().unwrap();
        check(&world);
    }
}

/// Every write of a fold as the one after which the store fails, with each kind of crash after it.
#[test]
fn a_fold_may_be_cut_at_any_write() {
    let crashes = [
        None,
        Some(Crash::Flushed(0)),
        Some(Crash::Partly(vec![true, false])),
        Some(Crash::Partly(vec![false, true])),
    ];
    for crash in crashes {
        let cut = (0..).find(|calls| !is_cut(*calls, crash.as_ref()));
        assert!(cut > Some(10), "the fold under test has many writes");
    }
}

/// Whether the store failed before the fold was through.
fn is_cut(calls: u64, crash: Option<&Crash>) -> bool {
    let views = MemoryViews::new();
    let mut world = World::start(Log::default(), Arc::new(views.clone()));
    one_fold_and_more(&mut world);
    views.fail_after(calls);
    let cut = world.fold().is_err();
    views.fail_after(u64::MAX);
    if let Some(crash) = crash {
        views.crash(crash);
        world = World::start(world.log, Arc::new(views.clone()));
    }
    model::check_all(&world, &[tag(0)], &[1]);
    world.fold().unwrap();
    model::check_all(&world, &[tag(0)], &[1]);
    cut
}

/// One whole fold, then what the fold under test takes.
fn one_fold_and_more(world: &mut World) {
    commit(world, 0, Deed::Book { user: 1 }, 66, false);
    commit(world, 0, Deed::Finish { nth: 0 }, 60, true);
    commit(world, 0, Deed::Add(Noun::Report), 3, false);
    commit(world, 0, Deed::Add(Noun::Maintenance), 2, false);
    world.fold().unwrap();
    commit(world, 0, Deed::Touch { nth: 1 }, 4, false);
    commit(world, 0, Deed::Add(Noun::Report), 2, false);
    commit(world, 0, Deed::Book { user: 1 }, 30, false);
    commit(world, 0, Deed::Finish { nth: 3 }, 30, true);
}

/// The contract of the views, as the simulated ones and sled must both keep it.
#[test]
fn sled_answers_like_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let open = || -> Arc<dyn Views> { Arc::new(SledViews::open(folder.path(), 1 << 24).unwrap()) };
    let mut world = World::start(Log::default(), open());
    for round in 0..4_usize {
        for asset in 0..ASSETS {
            commit(&world, asset, Deed::Book { user: u64::from(asset) % USERS }, 40, false);
            commit(&world, asset, Deed::Finish { nth: round }, 35, round % 2 == 0);
            commit(&world, asset, Deed::Add(Noun::Maintenance), 3, false);
            commit(&world, asset, Deed::Touch { nth: round }, 2, false);
        }
        check(&world);
        world.fold().unwrap();
        check(&world);
        let log = world.log.clone();
        drop(world);
        world = World::start(log, open());
        assert!(world.history.tail.is_empty(), "everything was applied");
    }
    check(&world);
    model::check_heads(&world, world.log.records().len());
    let log = world.log.clone();
    drop(world);
    std::fs::remove_dir_all(folder.path()).unwrap();
    let mut world = World::start(log, open());
    check(&world);
    world.fold().unwrap();
    check(&world);
}

/// One flipped bit in any row is noticed by whoever reads it; nothing is answered from it.
#[test]
fn a_damaged_row_is_never_believed() {
    let views = MemoryViews::new();
    let mut world = World::start(Log::default(), Arc::new(views.clone()));
    one_fold_and_more(&mut world);
    world.fold().unwrap();
    assert_eq!(ask_all(&world), Ok(()));
    let rows = views.rows();
    assert!(rows.len() > 15);
    for (key, value) in rows {
        let mut bent = value.clone();
        let middle = bent.len() / 2;
        bent[middle] ^= 0x10;
        views.insert(&key, &bent).unwrap();
        assert_eq!(ask_all(&world), Err("damaged"), "row {key:?}");
        views.insert(&key, &value).unwrap();
    }
    assert_eq!(ask_all(&world), Ok(()));
}

/// Reads every row once.
fn ask_all(world: &World) -> Result<(), &'static str> {
    let history = &world.history;
    let all = (Stamp::MIN, Stamp::MAX);
    history.replay(tag(0), Timestamp::default()).map_err(damage)?;
    history.finished_of_asset(tag(0), all, true, usize::MAX).map_err(damage)?;
    history.bookings_of_user(1, (0, u64::MAX), true, usize::MAX).map_err(damage)?;
    for noun in [Noun::Report, Noun::Maintenance] {
        history.items_of_asset((tag(0), noun), all, true, usize::MAX).map_err(damage)?;
    }
    history.asset_heads(&mut |_| ()).map_err(damage)?;
    fold::applied(&*history.views).map_err(|error| damage(error.into()))?;
    Ok(())
}

fn damage(error: HistoryError) -> &'static str {
    match error {
        HistoryError::Views(ViewsError::Damaged(_)) => "damaged",
        _ => "something else",
    }
}
