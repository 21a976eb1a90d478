//! The supervision tree: a root over the engine's threads and over the parent of all asset actors.
//!
//! Restart with back-off is decided here for threads and in the router for assets; ractor itself
//! restarts nothing and by default stops a parent with its child, so both are overridden.

use std::{collections::HashMap, sync::Arc, time::Duration};

use holdfast_domain::Tag;
use parking_lot::Mutex;
use ractor::{Actor, ActorCell, ActorId, ActorProcessingErr, ActorRef, SupervisionEvent};
use tokio::sync::oneshot;

use crate::{
    asset_actor::{AssetActor, Surroundings},
    message::{EngineGate, Message},
    roster::{Depth, Kind, Member, Roster},
    router::{Activation, Router, Spawn},
    worker::{Body, Stop, Worker},
};

/// The first restart of a thread waits this long, each further one twice as long as the last.
const BACK_OFF_MS: u64 = 100;
const BACK_OFF_DOUBLINGS_MAX: u32 = 8;

pub type EngineRouter = Router<ActorRef<Message>>;

/// Which activation an actor is, so that its parent can name it when it fails.
pub type Known = Arc<Mutex<HashMap<ActorId, (Tag, u64)>>>;

/// Starts and stops asset actors under their parent.
pub struct AssetSpawner {
    surroundings: Arc<Surroundings>,
    parent: ActorCell,
    known: Known,
}

impl AssetSpawner {
    pub fn new(surroundings: Arc<Surroundings>, parent: ActorCell, known: Known) -> Self {
        Self { surroundings, parent, known }
    }
}

impl Spawn<ActorRef<Message>> for AssetSpawner {
    fn spawn(&self, activation: &Arc<Activation>) -> ActorRef<Message> {
        let actor = AssetActor { surroundings: Arc::clone(&self.surroundings) };
        let spawned = ractor::ActorRuntime::spawn_linked_instant(
            None,
            actor,
            Arc::clone(activation),
            self.parent.clone(),
        );
        // The only error is a name that is taken, and asset actors have none.
        let (actor, _) = spawned.expect("an actor without a name can always be spawned");
        self.known.lock().insert(actor.get_id(), (activation.tag, activation.incarnation));
        actor
    }

    fn stop(&self, actor: ActorRef<Message>) {
        self.known.lock().remove(&actor.get_id());
        actor.stop(None);
    }
}

/// The parent of all asset actors: tells the router of those that failed, and passivates idle ones.
pub struct AssetParent {
    pub router: Arc<EngineRouter>,
    pub surroundings: Arc<Surroundings>,
    pub known: Known,
    pub resident_bytes_max: usize,
}

pub enum ParentMessage {
    /// Look for actors to passivate.
    Sweep,
}

impl Actor for AssetParent {
    type Msg = ParentMessage;
    type State = AssetSpawner;
    type Arguments = ();

    async fn pre_start(
        &self,
        myself: ActorRef<ParentMessage>,
        (): (),
    ) -> Result<AssetSpawner, ActorProcessingErr> {
        let surroundings = Arc::clone(&self.surroundings);
        Ok(AssetSpawner::new(surroundings, myself.get_cell(), Arc::clone(&self.known)))
    }

    async fn handle(
        &self,
        _: ActorRef<ParentMessage>,
        ParentMessage::Sweep: ParentMessage,
        spawner: &mut AssetSpawner,
    ) -> Result<(), ActorProcessingErr> {
        let durable = self.surroundings.gate.durable();
        let stopped = self.router.passivate(self.resident_bytes_max, durable, spawner);
        if stopped > 0 {
            tracing::debug!(stopped, "passivated idle assets");
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        _: ActorRef<ParentMessage>,
        event: SupervisionEvent,
        _: &mut AssetSpawner,
    ) -> Result<(), ActorProcessingErr> {
        let SupervisionEvent::ActorFailed(actor, error) = event else { return Ok(()) };
        // A statement of its own: the router locks first its entries and then this map, so the map
        // must be free again before the router is told.
        let known = self.known.lock().remove(&actor.get_id());
        if let Some((tag, incarnation)) = known {
            let error = error.to_string();
            let clock = &self.surroundings.clock;
            let (at, now_ms) = (clock.now(), clock.monotonic_ms());
            let quarantined = self.router.failed(tag, incarnation, &error, at, now_ms);
            tracing::error!(asset.tag = tag.get(), quarantined, error, "asset actor failed");
        }
        Ok(())
    }
}

/// A thread as the root keeps it.
pub struct Thread {
    pub name: &'static str,
    pub body: Body,
    pub stop: Arc<Stop>,
    /// A panic of the commit stage leaves the log in an unknown state: poison, no restart.
    pub poisons: bool,
    /// What waits for it, where something does.
    pub depth: Option<Depth>,
}

impl Thread {
    /// One that is started again after a panic, and for which nothing waits.
    pub fn new(name: &'static str, body: Body, stop: &Arc<Stop>) -> Self {
        Self { name, body, stop: Arc::clone(stop), poisons: false, depth: None }
    }

    pub const COMMIT: &'static str = "commit-stage";
    pub const FOLD: &'static str = "view-writer";
    pub const PREPARE: &'static str = "segment-preparer";
    pub const CHECK: &'static str = "segment-check";
    pub const TIMERS: &'static str = "timers";
    pub const WEBHOOKS: &'static str = "webhook-lanes";
}

/// The root of the tree.
pub struct Root {
    pub gate: Arc<EngineGate>,
    pub threads: Vec<Thread>,
    pub roster: Arc<Roster>,
    /// The parent of the assets' actors, as operators see it.
    pub assets: Arc<Member>,
}

pub enum RootMessage {
    Restart(usize),
    /// Answers once the named thread has ended (or at once, when it has).
    WhenEnded(&'static str, oneshot::Sender<()>),
}

/// Which thread each live worker runs, how often each has failed, and who waits for an end.
pub struct Workers {
    live: HashMap<ActorId, usize>,
    members: Vec<Arc<Member>>,
    failures: Vec<u32>,
    waiting: Vec<(&'static str, oneshot::Sender<()>)>,
}

impl Actor for Root {
    type Msg = RootMessage;
    type State = Workers;
    type Arguments = ();

    async fn pre_start(
        &self,
        myself: ActorRef<RootMessage>,
        (): (),
    ) -> Result<Workers, ActorProcessingErr> {
        let joined = self.threads.iter().map(|thread| {
            self.roster.join(Roster::ROOT, thread.name, Kind::Thread, thread.depth.clone())
        });
        let mut workers = Workers {
            live: HashMap::new(),
            members: joined.collect(),
            failures: vec![0; self.threads.len()],
            waiting: Vec::new(),
        };
        for index in 0..self.threads.len() {
            self.start(&myself, index, &mut workers).await?;
        }
        Ok(workers)
    }

    async fn handle(
        &self,
        myself: ActorRef<RootMessage>,
        message: RootMessage,
        workers: &mut Workers,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            RootMessage::Restart(index) => {
                // An error would end the root and with it the engine; there may be room for a
                // thread a little later.
                if let Err(error) = self.start(&myself, index, workers).await {
                    tracing::error!(thread = self.threads[index].name, %error, "cannot restart");
                    restart_later(&myself, index, BACK_OFF_DOUBLINGS_MAX);
                }
            }
            RootMessage::WhenEnded(name, sender) => {
                workers.waiting.push((name, sender));
                self.tell_waiting(workers);
            }
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<RootMessage>,
        event: SupervisionEvent,
        workers: &mut Workers,
    ) -> Result<(), ActorProcessingErr> {
        let (actor, error) = match event {
            SupervisionEvent::ActorFailed(actor, error) => (actor, error.to_string()),
            SupervisionEvent::ActorTerminated(actor, _, gave_up) => {
                if let Some(index) = workers.live.remove(&actor.get_id()) {
                    let member = &workers.members[index];
                    gave_up.map_or_else(|| member.ended(), |why| member.failed(&why));
                }
                self.tell_waiting(workers);
                return Ok(());
            }
            _ => return Ok(()),
        };
        let Some(index) = workers.live.remove(&actor.get_id()) else {
            // Without the parent of the asset actors nothing can be served; a restart of the
            // process recovers from the log.
            tracing::error!(error, "the parent of the asset actors failed");
            self.assets.failed(&error);
            self.gate.poison();
            return Ok(());
        };
        self.tell_waiting(workers);
        let thread = &self.threads[index];
        let failures = &mut workers.failures[index];
        *failures += 1;
        tracing::error!(thread = thread.name, failures = *failures, error, "engine thread failed");
        let member = &workers.members[index];
        if thread.poisons {
            member.failed(&error);
            self.gate.poison();
            return Ok(());
        }
        member.backs_off(&error);
        let doublings = (*failures - 1).min(BACK_OFF_DOUBLINGS_MAX);
        restart_later(&myself, index, doublings);
        Ok(())
    }
}

fn restart_later(root: &ActorRef<RootMessage>, index: usize, doublings: u32) {
    root.send_after(Duration::from_millis(BACK_OFF_MS << doublings), move || {
        RootMessage::Restart(index)
    });
}

impl Root {
    fn tell_waiting(&self, workers: &mut Workers) {
        let live: Vec<&str> =
            workers.live.values().map(|index| self.threads[*index].name).collect();
        for (name, sender) in std::mem::take(&mut workers.waiting) {
            if live.contains(&name) {
                workers.waiting.push((name, sender));
            } else {
                let _ = sender.send(());
            }
        }
    }

    async fn start(
        &self,
        myself: &ActorRef<RootMessage>,
        index: usize,
        workers: &mut Workers,
    ) -> Result<(), ActorProcessingErr> {
        let thread = &self.threads[index];
        let worker = Worker {
            name: thread.name,
            stop: Arc::clone(&thread.stop),
            body: Arc::clone(&thread.body),
        };
        let (actor, _) = Actor::spawn_linked(None, worker, (), myself.get_cell()).await?;
        workers.live.insert(actor.get_id(), index);
        workers.members[index].started();
        Ok(())
    }
}
