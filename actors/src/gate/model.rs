//! The gate under loom: every interleaving of two actors, a commit stage and a poisoning.
//!
//! Run with `cargo test -p holdfast-actors --features loom gate::model`.

use loom::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use super::{AtomicPosition, Gate, Gated};

/// What came of the things that were queued: counts of released and of unknown.
#[derive(Default)]
struct Seen {
    released: AtomicU64,
    unknown: AtomicU64,
    synced: AtomicU64,
}

/// A record or an answer that depends on `position`.
struct Probe {
    seen: Arc<Seen>,
    position: u64,
}

impl Gated for Probe {
    fn release(self) {
        let synced = self.seen.synced.load(Ordering::SeqCst);
        assert!(synced >= self.position, "released before its record was synced");
        self.seen.released.fetch_add(1, Ordering::SeqCst);
    }

    fn outcome_unknown(self) {
        self.seen.unknown.fetch_add(1, Ordering::SeqCst);
    }
}

/// One actor: hands over a record, then answers from a state that holds it.
fn actor(gate: &Gate<Probe, Probe>, seen: &Arc<Seen>) {
    let last = AtomicPosition::default();
    gate.hand_over(Probe { seen: Arc::clone(seen), position: 0 }, &last);
    gate.after(last.get(), Probe { seen: Arc::clone(seen), position: last.get() });
}

/// The commit stage until `count` records are synced; poisons instead of the sync at `fail_at`.
fn commit(gate: &Gate<Probe, Probe>, seen: &Seen, count: u64, fail_at: Option<u64>) {
    while gate.durable() < count {
        let Some(taken) = gate.take_within(std::time::Duration::ZERO) else { continue };
        if fail_at.is_some_and(|at| taken.last >= at) {
            gate.poison();
            taken.records.into_iter().chain(taken.answers).for_each(Gated::outcome_unknown);
            return;
        }
        seen.synced.store(taken.last, Ordering::SeqCst);
        gate.advance(taken.last);
        taken.records.into_iter().chain(taken.answers).for_each(Gated::release);
    }
    if let Some(taken) = gate.take() {
        taken.answers.into_iter().for_each(Gated::release);
    }
}

fn check(fail_at: Option<u64>) {
    loom::model(move || {
        let gate = Arc::new(Gate::new(0));
        let seen = Arc::new(Seen::default());
        let actors: Vec<_> = (0..2)
            .map(|_| {
                let (gate, seen) = (Arc::clone(&gate), Arc::clone(&seen));
                thread::spawn(move || actor(&gate, &seen))
            })
            .collect();
        commit(&gate, &seen, 2, fail_at);
        for actor in actors {
            actor.join().expect("an actor never panics");
        }
        if fail_at.is_none() {
            // What was queued after the last look of the commit stage goes with its next one.
            if let Some(taken) = gate.take() {
                taken.answers.into_iter().for_each(Gated::release);
            }
        }
        let (released, unknown) =
            (seen.released.load(Ordering::SeqCst), seen.unknown.load(Ordering::SeqCst));
        assert_eq!(released + unknown, 4, "each record and answer ends exactly once");
        if fail_at.is_none() {
            assert_eq!(unknown, 0);
        }
    });
}

#[test]
fn answers_leave_only_after_their_records_are_synced() {
    check(None);
}

#[test]
fn poison_leaves_nobody_waiting() {
    check(Some(1));
    check(Some(2));
}
