//! What the lanes have done, counted for operators. Written by the courier, read by whoever asks.

use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

use holdfast_domain::{
    EndpointId,
    webhooks::{EndpointStatus, Settlement},
};

use super::lane::Lane;
use crate::roster::{Kind, Member, Roster};
use crate::supervisor::Thread;

/// Since the start.
#[derive(Debug, Default)]
pub struct LaneMeter {
    delivered: AtomicU64,
    retried: AtomicU64,
    dead: AtomicU64,
    behind: AtomicU64,
}

/// Figures of the lanes at one moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LaneFigures {
    pub delivered: u64,
    /// Tries that failed and are made again.
    pub retried: u64,
    pub dead: u64,
    /// Records that the lane furthest back has still to read.
    pub records_behind: u64,
}

impl LaneMeter {
    pub(crate) fn settled(&self, settlement: Settlement) {
        let count = match settlement {
            Settlement::Delivered => &self.delivered,
            Settlement::Retry(_) => &self.retried,
            Settlement::Dead => &self.dead,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn behind(&self, records: u64) {
        self.behind.store(records, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> LaneFigures {
        LaneFigures {
            delivered: self.delivered.load(Ordering::Relaxed),
            retried: self.retried.load(Ordering::Relaxed),
            dead: self.dead.load(Ordering::Relaxed),
            records_behind: self.behind.load(Ordering::Relaxed),
        }
    }
}

/// A lane's place among those under supervision; left when dropped.
pub(crate) struct Seat {
    roster: Arc<Roster>,
    member: Arc<Member>,
    waiting: Arc<AtomicUsize>,
    is_running: bool,
}

impl Seat {
    pub(crate) fn take(roster: &Arc<Roster>, id: EndpointId) -> Self {
        let waiting = Arc::new(AtomicUsize::new(0));
        let depth = Arc::clone(&waiting);
        let depth: crate::roster::Depth = Arc::new(move || depth.load(Ordering::Relaxed));
        let member = roster.join(Thread::WEBHOOKS, id.to_string(), Kind::Lane, Some(depth));
        Self { roster: Arc::clone(roster), member, waiting, is_running: false }
    }

    /// As the lane is now.
    pub(crate) fn show(&mut self, lane: &Lane) {
        self.waiting.store(lane.waiting(), Ordering::Relaxed);
        let runs = lane.endpoint().status == EndpointStatus::Enabled;
        if runs != self.is_running {
            self.is_running = runs;
            if runs { self.member.started() } else { self.member.ended() }
        }
    }

    /// A try failed.
    pub(crate) fn note(&self, error: &str) {
        self.member.noted(error);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.roster.leave(&self.member);
    }
}
