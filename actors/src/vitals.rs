//! The engine's figures: what the commit stage counts per group, and everything else as it is when
//! somebody asks. No names of metrics and no format; those are `http`'s.

use std::sync::Arc;

use tokio::task::spawn_blocking;

use crate::{
    engine::{Engine, Parts},
    histogram::{Distribution, Histogram},
    roster::Node,
    router::census::Census,
    webhooks::LaneFigures,
};

/// Records.
const GROUP_BOUNDS: &[u64] = &[1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

/// Microseconds: from a write that only the page cache sees to a disk that stalls.
const DURATION_BOUNDS_US: &[u64] = &[
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
    1_000_000, 2_500_000, 10_000_000,
];

/// What the commit stage tells of each group; nobody else writes it.
#[derive(Debug)]
pub struct CommitMeter {
    group_records: Histogram,
    sync_us: Histogram,
    wait_us: Histogram,
}

impl Default for CommitMeter {
    fn default() -> Self {
        Self {
            group_records: Histogram::new(GROUP_BOUNDS),
            sync_us: Histogram::new(DURATION_BOUNDS_US),
            wait_us: Histogram::new(DURATION_BOUNDS_US),
        }
    }
}

impl CommitMeter {
    /// A group of so many records was written and synced, well or not.
    pub fn written(&self, records: usize, started_us: u64, now_us: u64) {
        self.group_records.add(records as u64);
        self.sync_us.add(now_us.saturating_sub(started_us));
    }

    /// The group's answers went out; its oldest record was decided at `decided_us`, where that is
    /// known.
    pub fn released(&self, decided_us: u64, now_us: u64) {
        if decided_us > 0 {
            self.wait_us.add(now_us.saturating_sub(decided_us));
        }
    }
}

/// Figures of one moment.
#[derive(Clone, Debug)]
pub struct Vitals {
    pub census: Census,
    /// Failures and restarts of the assets' actors since the start.
    pub asset_failures: u64,
    pub asset_restarts: u64,
    /// Everybody else under supervision, without children.
    pub members: Vec<Node>,
    /// Messages admitted and not yet answered.
    pub waiting: usize,
    pub in_flight_bytes: usize,
    /// Records handed over and not yet taken by the commit stage.
    pub gate_records: usize,
    pub group_records: Distribution,
    /// Of one write and one fdatasync per group.
    pub sync_us: Distribution,
    /// Per group, of its oldest record: from its decision to its answer.
    pub wait_us: Distribution,
    /// Records committed and not yet in the views.
    pub tail_entries: usize,
    /// How long the oldest of them has been waiting, by its own time.
    pub fold_lag_ms: u64,
    /// Assets with a timer.
    pub timers: usize,
    /// How long the asset that is longest due has been waiting for its reminder.
    pub timer_lag_ms: u64,
    pub lanes: LaneFigures,
    pub journal_room_bytes: u64,
    pub poisoned: bool,
}

impl Engine {
    /// Everything there is to measure. Walks over all live assets, so not for every request.
    pub async fn vitals(&self) -> Option<Vitals> {
        let parts = Arc::clone(&self.parts);
        spawn_blocking(move || parts.vitals()).await.ok()
    }
}

impl Parts {
    fn vitals(&self) -> Vitals {
        let Self { surroundings, router, budget, meter, due, room, roster, .. } = self;
        let now = surroundings.clock.now();
        let ago_ms = |at: holdfast_domain::Timestamp| {
            u64::try_from(now.millis() - at.millis()).unwrap_or_default()
        };
        let tail = &surroundings.history.tail;
        // What is frozen is older than what is open.
        let frozen = tail.frozen().and_then(|generation| generation.oldest_at());
        let mut members = roster.nodes();
        members.push(self.preparer());
        let (asset_failures, asset_restarts) = router.failures_and_restarts();
        Vitals {
            census: router.census(),
            asset_failures,
            asset_restarts,
            members,
            waiting: budget.waiting(),
            in_flight_bytes: budget.bytes(),
            gate_records: surroundings.gate.depth(),
            group_records: meter.group_records.read(),
            sync_us: meter.sync_us.read(),
            wait_us: meter.wait_us.read(),
            tail_entries: tail.len(),
            fold_lag_ms: frozen.or_else(|| tail.oldest_at()).map_or(0, ago_ms),
            timers: due.len(),
            timer_lag_ms: due.next().map_or(0, ago_ms),
            lanes: self.webhooks.courier.meter.read(),
            journal_room_bytes: room.bytes_left(),
            poisoned: surroundings.gate.is_poisoned(),
        }
    }
}
