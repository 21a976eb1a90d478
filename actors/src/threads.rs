//! What the engine's own threads do: commit, fold, remind, check. The root of the supervision tree
//! starts them; each body is a loop around a step machine and decides nothing itself.

use std::{
    sync::{Arc, OnceLock, Weak},
    time::Duration,
};

use holdfast_storage::{
    disk::Disk,
    fold::{FoldOptions, ViewWriter},
    history::History,
    journal::{self, Checkpoint},
};
use parking_lot::Mutex;
use tokio::{
    runtime::{Builder, Handle},
    sync::watch,
};

use crate::{
    clock::Clock, commit::CommitStage, engine::Parts, message::EngineGate, roster::Depth,
    supervisor::Thread, timers::Timers, webhooks::WebhookParts, worker::Stop,
};

/// How long the commit stage sleeps when nothing comes; also how often an idle log is marked.
const IDLE: Duration = Duration::from_secs(1);

/// How often the view writer looks whether a fold is due.
const FOLD_CHECK: Duration = Duration::from_millis(500);

/// Poisons the gate when the commit stage ends by a panic, and tells whoever waits for a failure.
struct Sentinel {
    gate: Arc<EngineGate>,
    failed: watch::Sender<bool>,
}

impl Drop for Sentinel {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.gate.poison();
        }
        if self.gate.is_poisoned() {
            self.failed.send_replace(true);
        }
    }
}

pub(crate) fn commit_thread(
    stage: CommitStage,
    gate: &Arc<EngineGate>,
    clock: &Arc<dyn Clock>,
    failed: watch::Sender<bool>,
    stop: &Arc<Stop>,
) -> Thread {
    let (gate, queue, clock) = (Arc::clone(gate), Arc::clone(gate), Arc::clone(clock));
    let once = Mutex::new(Some((stage, failed)));
    let body = move |_: &Stop| {
        let Some((mut stage, failed)) = once.lock().take() else { return Ok(()) };
        let _sentinel = Sentinel { gate: Arc::clone(&gate), failed };
        loop {
            let taken = gate.take_within(IDLE);
            let idle = taken.is_none();
            let settled = taken.map_or(Ok(()), |taken| stage.settle(taken));
            let marked = settled.and_then(|()| stage.mark_high_water(clock.monotonic_ms(), idle));
            if let Err(error) = marked {
                tracing::error!(%error, "the log has failed; nothing more is acknowledged");
                return Err(error.to_string());
            }
            // Somebody else may have poisoned it; the sentinel then tells the process to end.
            if gate.is_poisoned() {
                return Err("the log was given up".to_owned());
            }
            if idle && gate.is_done() {
                return Ok(());
            }
        }
    };
    let depth: Depth = Arc::new(move || queue.depth());
    let thread = Thread::new(Thread::COMMIT, Arc::new(body), stop);
    Thread { depth: Some(depth), poisons: true, ..thread }
}

pub(crate) fn fold_thread(
    history: &Arc<History>,
    clock: &Arc<dyn Clock>,
    options: FoldOptions,
    stop: &Arc<Stop>,
) -> Thread {
    let (history, clock) = (Arc::clone(history), Arc::clone(clock));
    let body = move |stop: &Stop| {
        let mut writer = ViewWriter::new(Arc::clone(&history), options.clone());
        loop {
            let last = stop.is_asked();
            if let Err(error) = writer.step(clock.now(), last) {
                // Not tried again: a failed sync leaves a store that says yes the next time without
                // it being true. Reads go on from tail and views; writes until the tail is full.
                let condemned = history.views.condemn();
                tracing::error!(%error, ?condemned, "a fold failed; a restart rebuilds the views");
                return Err(error.to_string());
            }
            if last {
                return Ok(());
            }
            stop.rest(FOLD_CHECK);
        }
    };
    Thread::new(Thread::FOLD, Arc::new(body), stop)
}

/// Sends ticks to the assets that are due.
pub(crate) fn timer_thread(
    timers: Timers,
    clock: &Arc<dyn Clock>,
    engine: &Arc<OnceLock<Weak<Parts>>>,
    stop: &Arc<Stop>,
) -> Thread {
    let (clock, engine) = (Arc::clone(clock), Arc::clone(engine));
    let ticks = timers.ticks();
    let depth: Depth = Arc::new(move || ticks.waiting());
    let (timers, runtime) = (Mutex::new(timers), Handle::current());
    let body = move |stop: &Stop| {
        // A tick may have to start the actor it is for.
        let _entered = runtime.enter();
        while !stop.is_asked() {
            let now = clock.now();
            // Before the start is through and after the end nobody can be told.
            if let Some(parts) = engine.get().and_then(Weak::upgrade) {
                let mut timers = timers.lock();
                for (tag, share) in timers.step(now, clock.monotonic_ms()) {
                    parts.tick(tag, share, timers.queue());
                }
            }
            let rest_ms = timers.lock().rest_ms(now);
            stop.rest(Duration::from_millis(rest_ms));
        }
        Ok(())
    };
    Thread { depth: Some(depth), ..Thread::new(Thread::TIMERS, Arc::new(body), stop) }
}

/// Brings events to webhook endpoints, on a runtime of its own.
pub(crate) fn webhook_thread(parts: &Arc<WebhookParts>, stop: &Arc<Stop>) -> Thread {
    let parts = Arc::clone(parts);
    let body = move |stop: &Stop| {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime without threads of its own can be built");
        runtime.block_on(parts.run(stop));
        // What is under way is made again after the next start.
        runtime.shutdown_background();
        Ok(())
    };
    Thread::new(Thread::WEBHOOKS, Arc::new(body), stop)
}

/// Reads what recovery did not, once, beside the running server.
pub(crate) fn check_thread(
    disk: Arc<dyn Disk>,
    until: Option<Checkpoint>,
    stop: &Arc<Stop>,
) -> Thread {
    let body = move |stop: &Stop| {
        let Some(until) = &until else { return Ok(()) };
        match journal::check_older_segments(&*disk, until, &mut || !stop.is_asked()) {
            Ok(position) => {
                tracing::debug!(position, "older segments are sound");
                Ok(())
            }
            Err(error) => {
                tracing::error!(%error, "an older segment is damaged");
                Err(format!("an older segment is damaged: {error}"))
            }
        }
    };
    Thread::new(Thread::CHECK, Arc::new(body), stop)
}
