//! The live tree as operators see it, and the one thing they can do about it: let an asset be served
//! again. No status code and no JSON; those are `http`'s.

use std::sync::Arc;

use holdfast_domain::{AssetId, Tag, Timestamp};
use tokio::task::spawn_blocking;

use crate::{
    engine::{Engine, Parts},
    roster::{Kind, Node, Roster, State},
    router::census::{AssetEntry, AssetState, Census, Sample},
    supervisor::Thread,
};

/// Everybody under supervision at one moment.
#[derive(Clone, Debug)]
pub struct Supervision {
    pub at: Timestamp,
    pub root: Node,
    pub assets: Assets,
}

/// The assets' actors: too many to list, so counts and those that stand out.
#[derive(Clone, Debug)]
pub struct Assets {
    pub census: Census,
    pub failures: u64,
    pub restarts: u64,
    pub hottest: Vec<AssetView>,
    pub failing: Vec<AssetView>,
    pub quarantined: Vec<AssetView>,
}

/// An asset with its id, where it has come to be: the first command on it may be what fails.
#[derive(Clone, Debug)]
pub struct AssetView {
    pub id: Option<AssetId>,
    pub entry: AssetEntry,
}

/// Whom an operator means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    Id(AssetId),
    /// As the tree shows it where there is no id.
    Tag(Tag),
}

/// Why an asset is not released.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NotReleased {
    Unknown,
    /// It is not held back but in this state.
    NotQuarantined(AssetState),
}

impl Engine {
    /// The whole tree. Walks over all live assets, so not for every request.
    pub async fn supervision(&self) -> Option<Supervision> {
        let parts = Arc::clone(&self.parts);
        spawn_blocking(move || parts.supervision()).await.ok()
    }

    /// An operator's word: the quarantined asset may be served again. Its actor starts with the next
    /// message, and its failures are counted anew.
    pub fn release(&self, target: Target) -> Result<AssetView, NotReleased> {
        let Parts { router, catalogue, surroundings, .. } = &*self.parts;
        let tag = match target {
            Target::Id(id) if !catalogue.contains(id) => return Err(NotReleased::Unknown),
            Target::Id(id) => id.tag,
            Target::Tag(tag) => tag,
        };
        let now_ms = surroundings.clock.monotonic_ms();
        let released = router.release(tag);
        match (router.entry(tag, now_ms), target) {
            (Some(entry), _) if released => Ok(self.parts.view(entry)),
            (Some(entry), _) => Err(NotReleased::NotQuarantined(entry.state)),
            (None, Target::Id(_)) => Err(NotReleased::NotQuarantined(AssetState::Idle)),
            (None, Target::Tag(_)) => Err(NotReleased::Unknown),
        }
    }
}

impl Parts {
    fn supervision(&self) -> Supervision {
        let Self { surroundings, router, roster, .. } = self;
        let Sample { census, hottest, failing, quarantined } =
            router.sample(surroundings.clock.monotonic_ms());
        let views = |entries: Vec<AssetEntry>| {
            entries.into_iter().map(|entry| self.view(entry)).collect::<Vec<_>>()
        };
        let (failures, restarts) = router.failures_and_restarts();
        let poisoned = surroundings.gate.is_poisoned();
        let state = if poisoned { State::Failed } else { State::Running };
        let mut root = roster.tree(node(Roster::ROOT, Kind::Root, state));
        root.children.push(self.preparer());
        Supervision {
            at: surroundings.clock.now(),
            root,
            assets: Assets {
                census,
                failures,
                restarts,
                hottest: views(hottest),
                failing: views(failing),
                quarantined: views(quarantined),
            },
        }
    }

    /// The storage's own thread. It is not started again: without it the commit stage prepares its
    /// segments itself, a little slower.
    pub(crate) fn preparer(&self) -> Node {
        let state = match &*self.tree.preparer.lock() {
            Some(thread) if thread.is_running() => State::Running,
            Some(_) => State::Failed,
            None => State::Ended,
        };
        node(Thread::PREPARE, Kind::Thread, state)
    }

    fn view(&self, entry: AssetEntry) -> AssetView {
        AssetView { id: self.catalogue.id_of(entry.tag), entry }
    }
}

fn node(name: &'static str, kind: Kind, state: State) -> Node {
    Node {
        name: name.into(),
        kind,
        state,
        mailbox_depth: None,
        restarts: 0,
        failures: 0,
        last_error: None,
        children: Vec::new(),
    }
}
