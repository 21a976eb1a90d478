//! The ractor shell around a thread of the engine: starts it, and turns its panic into an actor's
//! failure, so that the supervisor sees threads and actors alike.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use ractor::{Actor, ActorProcessingErr, ActorRef};

/// The body of a thread: runs until `stop` says so, or gives up with the reason. Called again after a
/// panic.
pub type Body = Arc<dyn Fn(&Stop) -> Result<(), String> + Send + Sync>;

/// Asks a thread to end, or to look at its work before its time.
#[derive(Default)]
pub struct Stop {
    asked: AtomicBool,
    woken: Mutex<bool>,
    changed: Condvar,
}

impl Stop {
    pub fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Acquire)
    }

    pub fn ask(&self) {
        self.asked.store(true, Ordering::Release);
        self.wake();
    }

    pub fn wake(&self) {
        *self.woken.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
    }

    /// Returns after `patience`, a wake, or the wish to stop; whichever comes first.
    pub fn rest(&self, patience: Duration) {
        let woken = self.woken.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut woken, _) = self
            .changed
            .wait_timeout_while(woken, patience, |woken| !*woken && !self.is_asked())
            .unwrap_or_else(PoisonError::into_inner);
        *woken = false;
    }
}

/// How a thread ended: `Ok` when it came to the end of its body, with what that says.
pub struct Ended(Result<Result<(), String>, String>);

/// One named thread under supervision.
pub struct Worker {
    pub name: &'static str,
    pub stop: Arc<Stop>,
    pub body: Body,
}

impl Actor for Worker {
    type Msg = Ended;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, myself: ActorRef<Ended>, (): ()) -> Result<(), ActorProcessingErr> {
        let (stop, body) = (Arc::clone(&self.stop), Arc::clone(&self.body));
        thread::Builder::new().name(self.name.to_owned()).spawn(move || {
            // Whatever a panic leaves half-done is inside the body's own step machine, which is
            // made anew (or, for the commit stage, poisoned).
            let ended = catch_unwind(AssertUnwindSafe(|| body(&stop)));
            let _ = myself.cast(Ended(ended.map_err(|panic| panic_text(&*panic))));
        })?;
        Ok(())
    }

    async fn handle(
        &self,
        myself: ActorRef<Ended>,
        Ended(ended): Ended,
        (): &mut (),
    ) -> Result<(), ActorProcessingErr> {
        match ended {
            Ok(said) => myself.stop(said.err()),
            Err(panic) => return Err(panic.into()),
        }
        Ok(())
    }
}

pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_else(|| "a panic without words".to_owned())
}
