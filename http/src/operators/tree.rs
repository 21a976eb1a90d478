//! The live tree as JSON. Shapes only; what they hold is the engine's.

use holdfast_actors::{
    in_hand::Failure as EngineFailure,
    roster::Node as EngineNode,
    supervision::{AssetView, Supervision},
};
use holdfast_domain::{AssetId, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

/// Everybody under supervision.
#[derive(Serialize, ToSchema)]
pub(super) struct Tree {
    at: Timestamp,
    root: Node,
    assets: Assets,
}

/// One under supervision, with its children.
#[derive(Serialize, ToSchema)]
pub(super) struct Node {
    name: String,
    /// `root`, `supervisor`, `thread` or `lane`
    kind: &'static str,
    /// `running`, `backing_off` (failed, starts again a little later), `ended` (its work is done) or
    /// `failed` (does not start again by itself)
    state: &'static str,
    /// What waits for it; null where nothing can.
    #[schema(required = true)]
    mailbox_depth: Option<usize>,
    restarts: u64,
    failures: u64,
    #[schema(required = true)]
    last_error: Option<Fault>,
    #[schema(no_recursion)]
    children: Vec<Node>,
}

/// What went wrong, and when.
#[derive(Serialize, ToSchema)]
pub(super) struct Fault {
    at: Timestamp,
    message: String,
}

/// The assets' actors: counts, and those that stand out.
#[derive(Serialize, ToSchema)]
pub(super) struct Assets {
    counts: Counts,
    /// Of the live actors with their state.
    resident_bytes: usize,
    /// Of all assets since the start.
    failures: u64,
    restarts: u64,
    /// Asked most in about the last ten seconds; at most 10.
    hottest: Vec<Asset>,
    /// Failed and not held back; the newest 100.
    failing: Vec<Asset>,
    /// Held back until an operator releases them; the newest 100. How many there are: `counts`.
    quarantined: Vec<Asset>,
}

/// Assets by state. Those without an actor that never failed are not counted: they were not asked
/// since the start, or were put away.
#[derive(Serialize, ToSchema)]
pub(super) struct Counts {
    hydrating: usize,
    live: usize,
    idle: usize,
    failed: usize,
    quarantined: usize,
}

/// One asset's actor.
#[derive(Serialize, ToSchema)]
pub(super) struct Asset {
    /// Null where the asset has not come to be: what failed was its registration.
    #[schema(required = true)]
    asset_id: Option<AssetId>,
    /// As in the logs.
    tag: String,
    /// `hydrating`, `live`, `idle`, `failed` or `quarantined`
    state: &'static str,
    /// Messages under way.
    waiting: usize,
    /// Of about the last ten seconds.
    recent_messages: u64,
    /// Since it was last put away or released.
    failures: u64,
    #[schema(required = true)]
    last_failure: Option<Failure>,
    #[schema(required = true)]
    quarantined_since: Option<Timestamp>,
}

/// How an asset's actor failed.
#[derive(Serialize, ToSchema)]
pub(super) struct Failure {
    at: Timestamp,
    message: String,
    /// What it was at; null when it failed between two messages.
    #[schema(required = true)]
    command: Option<Command>,
}

/// The message that an actor had in hand when it failed.
#[derive(Serialize, ToSchema)]
pub(super) struct Command {
    /// `create_booking`, `check_out`, `read_asset`, `tick` …
    kind: &'static str,
    /// Null for what is no command of a client.
    #[schema(required = true)]
    request_id: Option<String>,
}

impl Tree {
    pub(super) fn of(seen: Supervision) -> Self {
        let Supervision { at, root, assets } = seen;
        let of = |views: Vec<AssetView>| views.into_iter().map(Asset::of).collect::<Vec<_>>();
        let census = assets.census;
        Self {
            at,
            root: Node::of(root),
            assets: Assets {
                counts: Counts {
                    hydrating: census.hydrating,
                    live: census.live,
                    idle: census.idle,
                    failed: census.failed,
                    quarantined: census.quarantined,
                },
                resident_bytes: census.resident_bytes,
                failures: assets.failures,
                restarts: assets.restarts,
                hottest: of(assets.hottest),
                failing: of(assets.failing),
                quarantined: of(assets.quarantined),
            },
        }
    }
}

impl Node {
    fn of(node: EngineNode) -> Self {
        Self {
            name: node.name.into_owned(),
            kind: node.kind.name(),
            state: node.state.name(),
            mailbox_depth: node.mailbox_depth,
            restarts: node.restarts,
            failures: node.failures,
            last_error: node.last_error.map(|it| Fault { at: it.at, message: it.message }),
            children: node.children.into_iter().map(Self::of).collect(),
        }
    }
}

impl Asset {
    pub(super) fn of(view: AssetView) -> Self {
        let AssetView { id, entry } = view;
        Self {
            asset_id: id,
            tag: entry.tag.get().to_string(),
            state: entry.state.name(),
            waiting: entry.waiting,
            recent_messages: entry.recent_messages,
            failures: entry.failures,
            last_failure: entry.last_failure.map(Failure::of),
            quarantined_since: entry.since,
        }
    }
}

impl Failure {
    fn of(failure: EngineFailure) -> Self {
        let EngineFailure { at, message, in_hand } = failure;
        let command = in_hand.map(|it| Command { kind: it.kind, request_id: it.request_id });
        Self { at, message, command }
    }
}
