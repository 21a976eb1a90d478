//! Admission, failure, release and passivation, without actors.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use holdfast_domain::{Tag, Timestamp};

use super::{Activation, PANIC_WINDOW_MS, PANICS_MAX, Refusal, Router, Spawn, census::AssetState};
use crate::permit::Budget;

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(i64::try_from(ms).expect("small"))
}

#[derive(Default)]
struct Counting {
    spawned: AtomicUsize,
    stopped: AtomicUsize,
}

impl Spawn<u64> for Counting {
    fn spawn(&self, activation: &Arc<Activation>) -> u64 {
        self.spawned.fetch_add(1, Ordering::Relaxed);
        activation.weigh(1_000);
        activation.incarnation
    }

    fn stop(&self, _: u64) {
        self.stopped.fetch_add(1, Ordering::Relaxed);
    }
}

struct Bench {
    router: Router<u64>,
    budget: Arc<Budget>,
    spawn: Counting,
}

impl Bench {
    fn new(per_asset: usize) -> Self {
        let budget = Budget::new(100, 1_000_000);
        Self { router: Router::new(per_asset), budget, spawn: Counting::default() }
    }

    fn admit(&self, tag: u64, now_ms: u64) -> Result<(u64, super::Permit), Refusal> {
        let share = self.budget.take(10).expect("the budget is large");
        let (actor, _, permit) = self.router.admit(Tag::new(tag), share, now_ms, &self.spawn)?;
        Ok((actor, permit))
    }
}

#[test]
fn one_activation_serves_all_and_permits_bound_it() {
    let bench = Bench::new(2);
    let (first, permit) = bench.admit(7, 0).expect("admitted");
    let (second, _other) = bench.admit(7, 0).expect("admitted");
    assert_eq!(first, second);
    assert_eq!(bench.admit(7, 0).err(), Some(Refusal::Overloaded));
    drop(permit);
    assert!(bench.admit(7, 0).is_ok());
    assert_eq!(bench.spawn.spawned.load(Ordering::Relaxed), 1);
}

#[test]
fn a_panic_restarts_later_each_time_and_then_not_at_all() {
    let bench = Bench::new(2);
    let tag = Tag::new(7);
    let mut now = 0;
    for panic in 1..=PANICS_MAX + 1 {
        let incarnation = loop {
            match bench.admit(7, now) {
                Ok((incarnation, _)) => break incarnation,
                Err(refusal) => assert_eq!(refusal, Refusal::Overloaded),
            }
            now += 1;
        };
        let held = bench.router.failed(tag, incarnation, "boom", at(now), now);
        assert_eq!(held, panic > PANICS_MAX, "after {panic} panics");
    }
    assert_eq!(bench.admit(7, now + PANIC_WINDOW_MS).err(), Some(Refusal::Quarantined));
    assert!(bench.admit(8, now).is_ok(), "another asset never notices");
    assert!(bench.router.release(tag));
    assert!(bench.admit(7, now).is_ok());
}

#[test]
fn a_late_word_about_an_older_incarnation_changes_nothing() {
    let bench = Bench::new(2);
    let (first, _) = bench.admit(7, 0).expect("admitted");
    bench.router.failed(Tag::new(7), first, "boom", at(0), 0);
    let (second, _) = bench.admit(7, 0).expect("the first restart is immediate");
    assert_ne!(first, second);
    bench.router.failed(Tag::new(7), first, "boom", at(0), 0);
    assert_eq!(bench.admit(7, 0).expect("still there").0, second);
}

#[test]
fn only_idle_and_durable_actors_are_passivated() {
    let bench = Bench::new(2);
    let (_, busy) = bench.admit(1, 5).expect("admitted");
    let (_, idle) = bench.admit(2, 1).expect("admitted");
    drop(idle);
    assert_eq!(bench.router.passivate(usize::MAX, 0, &bench.spawn), 0, "it all fits");
    assert_eq!(bench.router.passivate(0, 0, &bench.spawn), 1);
    drop(busy);
    assert_eq!(bench.router.passivate(0, 0, &bench.spawn), 1);
    assert_eq!(bench.router.census().resident_bytes, 0);
}

#[test]
fn operators_see_states_heat_and_what_is_held_back() {
    let bench = Bench::new(9);
    let busy: Vec<_> = (0..3).map(|_| bench.admit(1, 100).expect("admitted")).collect();
    drop(bench.admit(2, 100).expect("admitted"));
    let (first, _) = bench.admit(3, 100).expect("admitted");
    bench.router.failed(Tag::new(3), first, "once", at(100), 100);
    for _ in 0..=PANICS_MAX {
        let mut now = 100;
        let (incarnation, _) = loop {
            match bench.admit(4, now) {
                Ok(admitted) => break admitted,
                Err(_) => now += 1,
            }
        };
        bench.router.failed(Tag::new(4), incarnation, "boom", at(now), now);
    }
    let seen = bench.router.sample(200);
    let census = seen.census;
    assert_eq!((census.live, census.idle, census.failed, census.quarantined), (1, 1, 1, 1));
    let hottest: Vec<_> = seen.hottest.iter().map(|it| (it.tag.get(), it.waiting)).collect();
    assert_eq!(hottest[..2], [(4, 0), (1, 3)]);
    let [failing] = seen.failing.as_slice() else { panic!("{:?}", seen.failing) };
    assert_eq!((failing.tag.get(), failing.failures, failing.state), (3, 1, AssetState::Failed));
    let [held] = seen.quarantined.as_slice() else { panic!("{:?}", seen.quarantined) };
    assert_eq!((held.tag.get(), held.state), (4, AssetState::Quarantined));
    assert_eq!(usize::try_from(held.failures), Ok(PANICS_MAX + 1));
    assert!(held.since.is_some());
    assert_eq!(held.last_failure.as_ref().map(|it| it.message.as_str()), Some("boom"));
    assert_eq!(
        bench.router.entry(Tag::new(4), 200).map(|it| it.state),
        Some(AssetState::Quarantined)
    );
    assert!(bench.router.release(Tag::new(4)));
    assert_eq!(bench.router.entry(Tag::new(4), 200).map(|it| it.state), Some(AssetState::Idle));
    drop(busy);
}

#[test]
fn heat_is_of_the_last_ten_seconds() {
    let bench = Bench::new(9);
    for _ in 0..4 {
        drop(bench.admit(1, 12_000).expect("admitted"));
    }
    let recent = |now_ms| bench.router.entry(Tag::new(1), now_ms).expect("live").recent_messages;
    assert_eq!([13_000, 20_000, 25_000, 30_000, 90_000].map(recent), [4, 4, 2, 0, 0]);
}
