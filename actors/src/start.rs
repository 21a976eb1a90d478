//! From a data directory to a running engine, and back: recovery, the catalogue, the threads and the
//! supervision tree.

use std::{
    collections::HashSet,
    sync::{
        Arc, OnceLock, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use holdfast_domain::{Outcome, Record, Subject, Tag, Timestamp, registry};
use holdfast_storage::{
    disk::Disk,
    fold,
    history::{AssetHead, History, HistoryError},
    journal::{
        Address, Checkpoint, Journal, JournalOptions, Opened, Placed, Position, PreparerThread,
        RecoveryError,
    },
    registry::row_bytes,
    tail::{Mark, Tail, TailEntry},
    views::{Views, ViewsError},
};
use parking_lot::Mutex;
use ractor::{Actor, ActorRef};
use tokio::{
    runtime::Handle,
    sync::{oneshot, watch},
    task::spawn_blocking,
    time::timeout,
};

use crate::{
    asset_actor::Surroundings,
    catalogue::{Card, Catalogue},
    cell::{Faults, card_of},
    clock::Clock,
    commit::CommitStage,
    engine::{Engine, EngineOptions, Parts},
    gate::Gate,
    ids::{Randomness, StoreKey},
    message::EngineGate,
    permit::Budget,
    registry::HeldCuts,
    roster::{Depth, Kind, Member, Roster},
    router::Router,
    supervisor::{AssetParent, AssetSpawner, ParentMessage, Root, RootMessage, Thread},
    threads::{check_thread, commit_thread, fold_thread, timer_thread, webhook_thread},
    timers::{DueQueue, NextDue, Timers},
    vitals::CommitMeter,
    webhooks::{Changes, CourierParts, LaneMeter, Vault, WebhookParts, deliver::Deliver},
    worker::Stop,
};

/// How often idle actors are looked for.
const SWEEP: Duration = Duration::from_secs(1);

/// Of registries, gathered while the log is read.
const ROWS_AT_ONCE_BYTES: usize = 32 * 1024 * 1024;

/// Everything from outside that an engine stands on.
pub struct Foundation {
    pub disk: Arc<dyn Disk>,
    pub views: Arc<dyn Views>,
    pub clock: Arc<dyn Clock>,
    pub randomness: Arc<dyn Randomness>,
    pub faults: Arc<dyn Faults>,
    /// Seals the secrets of webhook endpoints.
    pub secret_key: [u8; 32],
    /// The way out for webhooks.
    pub deliver: Arc<dyn Deliver>,
    pub options: EngineOptions,
}

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The journal cannot be trusted or read; nothing was changed that recovery does not change.
    #[error(transparent)]
    Recovery(#[from] RecoveryError),
    /// The views are damaged: delete them and start again; they are rebuilt from the journal.
    #[error(transparent)]
    Views(#[from] ViewsError),
    #[error("history: {0}")]
    History(#[from] HistoryError),
    #[error("the supervision tree did not start: {0}")]
    Tree(String),
}

/// The live tree, for shutting it down and for whoever must know that the log has failed.
pub(crate) struct Tree {
    root: ActorRef<RootMessage>,
    parent: ActorRef<ParentMessage>,
    stop: Arc<Stop>,
    fold_stop: Arc<Stop>,
    failed: watch::Receiver<bool>,
    /// Ends when dropped.
    pub(crate) preparer: Mutex<Option<PreparerThread>>,
}

impl Engine {
    /// Recovers what is on the disk and starts everything. Ready when it returns.
    #[expect(clippy::too_many_lines, reason = "one list of parts, put together in one place")]
    pub async fn start(foundation: Foundation) -> Result<Self, StartError> {
        let Foundation { disk, views, clock, randomness, faults, secret_key, deliver, options } =
            foundation;
        let journal_options = journal_options(&options, &*randomness);
        let journal_disk = Arc::clone(&disk);
        let recovered = spawn_blocking(move || recover(journal_disk, views, journal_options))
            .await
            .map_err(|error| StartError::Tree(error.to_string()))??;
        let Recovered { opened, history, catalogue, due, applied, end, orgs } = recovered;
        let store_key = StoreKey(opened.store_key);
        let room = opened.journal.room();
        let gate: Arc<EngineGate> = Arc::new(Gate::new(end));
        let surroundings = Arc::new(Surroundings {
            clock: Arc::clone(&clock),
            gate: Arc::clone(&gate),
            history: Arc::clone(&history),
            faults,
            group_bytes_max: opened.journal.group_bytes_max(),
            cuts: HeldCuts::default(),
        });
        let router = Arc::new(Router::new(options.waiting_per_asset_max));
        let budget = Budget::new(options.waiting_max, options.in_flight_bytes_max);
        // Batches are large, and bookings shall not wait for the room they take.
        let registry_budget = Budget::new(options.waiting_max / 4, options.in_flight_bytes_max / 4);

        let changes = Arc::new(Changes::default());
        let roster = Arc::new(Roster::new(Arc::clone(&clock)));
        let meter = Arc::new(CommitMeter::default());
        let stage = stage(opened.journal, &gate, &history, &catalogue, &due, &changes)
            .measured_by(Arc::clone(&meter), Arc::clone(&clock));
        let (failed_sender, failed) = watch::channel(false);
        let (stop, fold_stop): (Arc<Stop>, Arc<Stop>) = Default::default();
        let ticked: Arc<OnceLock<Weak<Parts>>> = Arc::default();
        let timers = Timers::new(Arc::clone(&due), options.timers.clone());
        let courier = Arc::new(CourierParts {
            gate: Arc::clone(&gate),
            clock: Arc::clone(&clock),
            history: Arc::clone(&history),
            reader: opened.reader,
            catalogue: Arc::clone(&catalogue),
            randomness: Arc::clone(&randomness),
            store_key: store_key.clone(),
            vault: Vault::new(&secret_key, Arc::clone(&randomness)),
            changes,
            options: options.webhooks.clone(),
            orgs: Mutex::new(orgs),
            lanes: Mutex::default(),
            roster: Arc::clone(&roster),
            meter: LaneMeter::default(),
        });
        let (engine, runtime) = (Arc::clone(&ticked), Handle::current());
        let webhooks = Arc::new(WebhookParts { courier, engine, deliver, runtime });
        let threads = vec![
            commit_thread(stage, &gate, &clock, failed_sender, &stop),
            fold_thread(&history, &clock, options.fold.clone(), &fold_stop),
            check_thread(disk, applied, &stop),
            timer_thread(timers, &clock, &ticked, &stop),
            webhook_thread(&webhooks, &stop),
        ];
        let preparer =
            opened.preparer.spawn().map_err(|error| StartError::Tree(error.to_string()))?;
        let assets = assets_of(&roster, &budget);
        let root = Root { gate, threads, roster: Arc::clone(&roster), assets };
        let known = Arc::default();
        let parent = AssetParent {
            router: Arc::clone(&router),
            surroundings: Arc::clone(&surroundings),
            known: Arc::clone(&known),
            resident_bytes_max: options.resident_bytes_max,
        };
        let (root, parent) = grow(root, parent).await?;
        let spawner = AssetSpawner::new(Arc::clone(&surroundings), parent.get_cell(), known);
        let tree =
            Tree { root, parent, stop, fold_stop, failed, preparer: Mutex::new(Some(preparer)) };
        let parts = Parts {
            options,
            surroundings,
            catalogue,
            router,
            spawner,
            budget,
            registry_budget,
            room,
            roster,
            meter,
            due,
            randomness,
            store_key,
            webhooks,
            draining: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
            tree,
        };
        let parts = Arc::new(parts);
        let _ = ticked.set(Arc::downgrade(&parts));
        let engine = Self { parts };
        engine.warm_registries();
        Ok(engine)
    }

    /// Resolves when the log has failed: nothing more will be acknowledged, and the process must end
    /// at once, without cleaning up.
    ///
    /// The future holds nothing of the engine, so that it can be awaited while that is shut down.
    pub fn failed(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut failed = self.parts.tree.failed.clone();
        async move {
            // A sender that is gone means an orderly end, which is no failure.
            if failed.wait_for(|failed| *failed).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Refuses new work, lets what is under way finish for at most `patience`, folds, and stops the
    /// tree. Every step may be skipped without loss.
    pub async fn shutdown(&self, patience: Duration) {
        let Parts { tree, surroundings, budget, registry_budget, .. } = &*self.parts;
        self.drain();
        self.parts.stopped.store(true, Ordering::Release);
        let _ = timeout(patience, budget.idle()).await;
        let _ = timeout(patience, registry_budget.idle()).await;
        surroundings.gate.close();
        tree.stop.ask();
        let _ = timeout(patience, tree.ended(Thread::COMMIT)).await;
        let preparer = tree.preparer.lock().take();
        let _ = timeout(patience, spawn_blocking(move || drop(preparer))).await;
        tree.fold_stop.ask();
        let _ = timeout(patience, tree.ended(Thread::FOLD)).await;
        let _ = tree.parent.stop_and_wait(None, Some(patience)).await;
        let _ = tree.root.stop_and_wait(None, Some(patience)).await;
    }
}

impl Tree {
    /// Waits until a thread has ended.
    async fn ended(&self, name: &'static str) {
        let (sender, ended) = oneshot::channel();
        let _ = self.root.cast(RootMessage::WhenEnded(name, sender));
        let _ = ended.await;
    }
}

fn stage(
    journal: Journal,
    gate: &Arc<EngineGate>,
    history: &History,
    catalogue: &Arc<Catalogue>,
    due: &Arc<DueQueue>,
    changes: &Arc<Changes>,
) -> CommitStage {
    let (gate, tail) = (Arc::clone(gate), Arc::clone(&history.tail));
    CommitStage::new(
        journal,
        gate,
        tail,
        Arc::clone(catalogue),
        Arc::clone(due),
        Arc::clone(changes),
    )
}

/// The parent of the assets' actors as operators see it.
fn assets_of(roster: &Roster, budget: &Arc<Budget>) -> Arc<Member> {
    let budget = Arc::clone(budget);
    let depth: Depth = Arc::new(move || budget.waiting());
    let member = roster.join(Roster::ROOT, "assets", Kind::Supervisor, Some(depth));
    member.started();
    member
}

/// Starts the root with its threads, and below it the parent of the assets' actors.
async fn grow(
    root: Root,
    parent: AssetParent,
) -> Result<(ActorRef<RootMessage>, ActorRef<ParentMessage>), StartError> {
    let (root, _) = Actor::spawn(None, root, ()).await.map_err(tree_error)?;
    let (parent, _) =
        Actor::spawn_linked(None, parent, (), root.get_cell()).await.map_err(tree_error)?;
    parent.send_interval(SWEEP, || ParentMessage::Sweep);
    Ok((root, parent))
}

fn tree_error(error: ractor::SpawnErr) -> StartError {
    StartError::Tree(error.to_string())
}

fn journal_options(options: &EngineOptions, randomness: &dyn Randomness) -> JournalOptions {
    let (mut fresh_store_id, mut fresh_store_key) = ([0; 16], [0; 32]);
    randomness.fill(&mut fresh_store_id);
    randomness.fill(&mut fresh_store_key);
    JournalOptions { segment_bytes: options.segment_bytes, fresh_store_id, fresh_store_key }
}

/// What recovery brings up, before anything runs.
pub struct Recovered {
    pub opened: Opened,
    pub history: Arc<History>,
    pub catalogue: Arc<Catalogue>,
    pub due: Arc<DueQueue>,
    /// How far the views were; segments before it have not been read.
    pub applied: Option<Checkpoint>,
    /// The last position on disk.
    pub end: Position,
    /// The tags of the orgs that have had webhook endpoints.
    pub orgs: HashSet<Tag>,
}

/// Indexes the tail and loads the catalogue; folds nothing.
pub fn recover(
    disk: Arc<dyn Disk>,
    views: Arc<dyn Views>,
    options: JournalOptions,
) -> Result<Recovered, StartError> {
    let applied = fold::applied(&*views)?;
    let (tail, mut entries, mut gathered) = (Arc::new(Tail::new()), Vec::new(), 0);
    let mut cards: Vec<(Card, Placed)> = Vec::new();
    let mut dues: Vec<(Tag, Option<Timestamp>)> = Vec::new();
    let mut orgs = HashSet::new();
    let opened = Journal::open(disk, options, applied.as_ref(), &mut |placed, record| {
        orgs.extend(endpoints_of(&record));
        cards.extend(card_of(&record).map(|card| (card, placed)));
        dues.push((record.tag, record.next_due));
        let entry = tail_entry(&record, placed);
        gathered += entry.rows.iter().map(|change| row_bytes(&change.row)).sum::<usize>();
        entries.push(entry);
        // In the tail a row lies once, however often it was changed. Nothing folds it before it is
        // whole, so where the log stands here is of no use to anybody.
        if gathered > ROWS_AT_ONCE_BYTES {
            gathered = 0;
            let Placed { position, address: next } = placed;
            let unused = Checkpoint { position, next, previous_crc: 0, shards: Vec::new() };
            tail.push(std::mem::take(&mut entries), unused);
        }
    })?;
    let end = opened.journal.checkpoint();
    let position = end.position;
    if !(entries.is_empty() && tail.is_empty()) {
        tail.push(entries, end);
    }
    let history = Arc::new(History { tail, views, journal: Arc::new(opened.reader.clone()) });
    let catalogue = Arc::new(Catalogue::default());
    let due = Arc::new(DueQueue::default());
    let folded = load(&history, &catalogue, &due, &mut orgs, cards)?;
    due.put_all(dues.into_iter().map(|(tag, at)| (tag, NextDue::of(at))));
    // Position 1 is the store's own record.
    let expected = applied.as_ref().map_or(0, |applied| applied.position - 1);
    if folded != expected {
        tracing::warn!(folded, expected, "the views have lost records");
        return Err(ViewsError::Damaged("heads that do not add up to the checkpoint").into());
    }
    tracing::info!(
        position,
        tail = history.tail.len(),
        assets = catalogue.len(),
        cut_bytes = opened.cut_bytes,
        "recovered"
    );
    Ok(Recovered { opened, history, catalogue, due, applied, end: position, orgs })
}

/// Loads the assets in the order in which they came to be; returns how many records the views hold
/// below the tail. A fold that was cut short may have left the head of a later asset and not that of
/// an earlier one, so heads and tail are merged by position.
fn load(
    history: &History,
    catalogue: &Catalogue,
    due: &DueQueue,
    orgs: &mut HashSet<Tag>,
    tail: Vec<(Card, Placed)>,
) -> Result<u64, StartError> {
    let mut heads: Vec<(Position, Address)> = Vec::new();
    let folded = history.asset_heads(&mut |head: AssetHead| {
        heads.push((head.created, head.document));
        due.put_all([(head.tag, NextDue::of(head.next_due))]);
    })?;
    let mut cards: Vec<(Position, Address, Card)> = Vec::with_capacity(heads.len() + tail.len());
    for (created, document) in heads {
        let record = history.journal.read(document).map_err(HistoryError::from)?;
        cards.extend(card_of(&record).map(|card| (created, document, card)));
        orgs.extend(endpoints_of(&record));
    }
    cards.extend(tail.into_iter().map(|(card, placed)| (placed.position, placed.address, card)));
    // Stable: what the tail says of the same creation comes later and counts.
    cards.sort_by_key(|(position, ..)| *position);
    for (position, address, card) in cards {
        catalogue.put(card, Placed { position, address });
    }
    Ok(folded)
}

/// The tag of an org's endpoints, when the record is about one of them.
fn endpoints_of(record: &Record) -> Option<Tag> {
    match &record.outcome {
        Outcome::Accepted(accepted) => match accepted.subject {
            Subject::Endpoint(id) if id.tag == record.tag => Some(id.tag),
            _ => None,
        },
        Outcome::Refused(_) => None,
    }
}

fn tail_entry(record: &Record, placed: Placed) -> TailEntry {
    TailEntry {
        tag: record.tag,
        version: record.version,
        position: placed.position,
        address: placed.address,
        at: record.at,
        mark: Mark::of(record),
        snapshot: None,
        rows: registry::rows_of(record),
    }
}
