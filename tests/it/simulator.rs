//! The seeded simulator: the parts of the server in one thread, in an order drawn from a seed, on a
//! disk that tears and forgets, under panics and crashes at any moment.
//!
//! Reading order: `world` (every event there is) over `machine` and `cast` (the server's own parts,
//! without threads) → `scheduler` (which event comes next) and `workload` (what clients ask) →
//! `ledger` (the model) → `answers`, `readers`, `checks` (what must hold). A run that breaks an
//! invariant prints its seed and its history; `HOLDFAST_SIM_SEED=<n>` runs that one again.

mod answers;
mod cast;
mod checks;
mod intruder;
mod ledger;
mod machine;
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
const TRACE_LINES_MAX: usize = 400;

/// A run that broke an invariant.
struct Broken {
    what: String,
    trace: Vec<String>,
}

fn run(play: impl FnOnce(&mut Option<World>)) -> Result<(), Broken> {
    let mut world = None;
    let played = catch_unwind(AssertUnwindSafe(|| play(&mut world)));
    played.map_err(|panic| Broken {
        what: text_of(&*panic),
        trace: world.map_or_else(Vec::new, |world| world.trace),
    })
}

fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic").to_owned()
}

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

/// Plays every number below `count`, on all processors; the lowest that breaks is told.
fn play_all(count: u64, play: impl Fn(u64) -> Result<(), Broken> + Sync) -> Option<(u64, Broken)> {
    let next = AtomicU64::new(0);
    let lowest_broken = AtomicU64::new(u64::MAX);
    let worker = || {
        let mut broken = None;
        loop {
            let number = next.fetch_add(1, Ordering::SeqCst);
            if number >= count || number > lowest_broken.load(Ordering::SeqCst) {
                return broken;
            }
            if let Err(what) = play(number) {
                lowest_broken.fetch_min(number, Ordering::SeqCst);
                broken = Some((number, what));
            }
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        let broken = workers.into_iter().filter_map(|worker| worker.join().expect("joined"));
        broken.min_by_key(|(number, _)| *number)
    })
}

fn report(name: &str, broken: Option<(u64, Broken)>) {
    let Some((number, Broken { what, trace })) = broken else { return };
    let skipped = trace.len().saturating_sub(TRACE_LINES_MAX);
    let lines = trace.iter().enumerate().skip(skipped);
    let lines: Vec<String> = lines.map(|(number, line)| format!("{number:5} {line}")).collect();
    panic!("{name}={number} {what}\n{}\n{name}={number} {what}", lines.join("\n"));
}

#[test]
fn random_histories_keep_every_invariant() {
    let seeds = from_environment("HOLDFAST_SIM_SEEDS").unwrap_or(SEEDS);
    let play = |seed| run(|world| scheduler::run(seed, world));
    let broken = match from_environment("HOLDFAST_SIM_SEED") {
        Some(seed) => play(seed).err().map(|broken| (seed, broken)),
        None => play_all(seeds, play),
    };
    report("SEED", broken);
}
