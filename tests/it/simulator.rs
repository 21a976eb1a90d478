//! The seeded simulator: the parts of the server in one thread, in an order drawn from a seed, on a
//! disk that tears and forgets, under panics and crashes at any moment.
//!
//! Reading order: `world` (every event there is) over `machine` and `cast` (the server's own parts,
//! without threads) → `scheduler` (which event comes next) and `workload` (what clients ask) → `post`
//! (events on their way to webhooks) → `ledger` (the model) → `answers`, `readers`, `checks` (what must
//! hold). A run that breaks an invariant prints its seed and its history; `HOLDFAST_SIM_SEED=<n>` runs
//! that one again.

mod answers;
mod cast;
mod census;
mod checks;
mod intruder;
mod ledger;
mod machine;
mod post;
mod readers;
mod scheduler;
mod script;
mod wishes;
mod workload;
mod world;

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

use world::World;

const SEEDS: u64 = 1_000;
const HISTORY_LINES_MAX: usize = 400;

/// One run; the flag asks for its history.
type Play<'a> = dyn Fn(u64, &mut Option<World>, bool) + Sync + 'a;

/// What a broken invariant says, when there was one, and the history of the run if asked for.
fn run(play: &Play<'_>, number: u64, told: bool) -> (Option<String>, Vec<String>) {
    let mut world = None;
    let played = catch_unwind(AssertUnwindSafe(|| play(number, &mut world, told)));
    let broken = played.err().map(|panic| text_of(&*panic));
    (broken, world.map_or_else(Vec::new, World::into_history))
}

fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic").to_owned()
}

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

/// Plays every number below `count`, on all processors. The lowest that breaks is played again, to
/// tell its history.
fn play_all(name: &str, count: u64, play: &Play<'_>) {
    let next = AtomicU64::new(0);
    let lowest_broken = AtomicU64::new(u64::MAX);
    let worker = || {
        loop {
            let number = next.fetch_add(1, Ordering::SeqCst);
            if number >= count || number > lowest_broken.load(Ordering::SeqCst) {
                return;
            }
            if run(play, number, false).0.is_some() {
                lowest_broken.fetch_min(number, Ordering::SeqCst);
            }
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(worker))));
    let lowest = lowest_broken.into_inner();
    if lowest < u64::MAX {
        tell(name, lowest, play);
    }
}

fn tell(name: &str, number: u64, play: &Play<'_>) {
    let (Some(broken), history) = run(play, number, true) else { return };
    let skipped = history.len().saturating_sub(HISTORY_LINES_MAX);
    let lines = history.iter().enumerate().skip(skipped);
    let lines: Vec<String> = lines.map(|(at, line)| format!("{at:5} {line}")).collect();
    panic!("{name}={number} {broken}\n{}\n{name}={number} {broken}", lines.join("\n"));
}

#[test]
fn random_histories_keep_every_invariant() {
    let play: &Play<'_> = &|seed, world, told| scheduler::run(seed, world, told);
    match from_environment("HOLDFAST_SIM_SEED") {
        Some(seed) => tell("SEED", seed, play),
        None => {
            let seeds = from_environment("HOLDFAST_SIM_SEEDS").unwrap_or(SEEDS);
            play_all("SEED", seeds, play);
            census::nothing_is_missing(seeds);
        }
    }
}
