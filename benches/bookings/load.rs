//! The closed loop: each connection books, waits for the answer, and books again.
//!
//! Every connection has assets of its own and walks through their slots, so no two bookings meet
//! and every answer should be 201. What a connection was promised it remembers, for the check.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Context as _;
use hdrhistogram::Histogram;
use tokio::task::JoinSet;

use crate::{
    booker::{Booker, Slots, Template},
    stopwatch::{self, micros},
    wire::Connection,
};

/// A refusal for want of room is answered with this pause, so that asking again is not the load.
const BACK_OFF: Duration = Duration::from_millis(20);
/// One acknowledged body in so many is kept for the check.
const SAMPLE_EVERY: u64 = 499;
const SAMPLE_MAX: usize = 16;
const LATENCY_US_MAX: u64 = 60_000_000;

/// What one round does.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) address: SocketAddr,
    pub(crate) slots: Arc<Slots>,
    /// Not counted, at the beginning.
    pub(crate) warm_up: Duration,
    pub(crate) length: Duration,
    /// Makes the keys of this round differ from all others'.
    pub(crate) nonce: u32,
    /// Bookings acknowledged so far, for whoever watches.
    pub(crate) progress: Arc<AtomicU64>,
}

/// What a round came to.
pub(crate) struct Tally {
    /// Microseconds from the request to the whole answer, of acknowledged bookings.
    pub(crate) latency: Histogram<u64>,
    /// Acknowledged within the measured time.
    pub(crate) booked: u64,
    /// Acknowledged in all.
    pub(crate) acknowledged: u64,
    /// `503 OVERLOADED`: refused for want of room, nothing happened.
    pub(crate) overloaded: u64,
    /// Everything else, by status.
    pub(crate) unexpected: BTreeMap<u16, u64>,
    pub(crate) elapsed: Duration,
}

impl Tally {
    fn new() -> anyhow::Result<Self> {
        Ok(Self {
            latency: Histogram::new_with_max(LATENCY_US_MAX, 3)?,
            booked: 0,
            acknowledged: 0,
            overloaded: 0,
            unexpected: BTreeMap::new(),
            elapsed: Duration::ZERO,
        })
    }

    fn add(&mut self, other: &Self) -> anyhow::Result<()> {
        self.latency.add(&other.latency)?;
        self.booked += other.booked;
        self.acknowledged += other.acknowledged;
        self.overloaded += other.overloaded;
        for (status, count) in &other.unexpected {
            *self.unexpected.entry(*status).or_default() += count;
        }
        self.elapsed = self.elapsed.max(other.elapsed);
        Ok(())
    }
}

/// Runs all bookers until the plan's time is up; each finishes the exchange it is in.
pub(crate) async fn run(plan: Plan, bookers: Vec<Booker>) -> anyhow::Result<(Tally, Vec<Booker>)> {
    let mut running = JoinSet::new();
    let start = stopwatch::now();
    for booker in bookers {
        running.spawn(book(plan.clone(), booker, start));
    }
    let mut total = Tally::new()?;
    let mut returned = Vec::new();
    while let Some(ended) = running.join_next().await {
        let (tally, booker) = ended??;
        total.add(&tally)?;
        returned.push(booker);
    }
    returned.sort_by_key(|booker| booker.number);
    Ok((total, returned))
}

async fn book(plan: Plan, mut booker: Booker, start: Instant) -> anyhow::Result<(Tally, Booker)> {
    let mut connection = Connection::open(plan.address).await.context("cannot connect")?;
    let mut tally = Tally::new()?;
    let mut template = Template::new(&booker, plan.nonce);
    let (counted_from, end) = (start + plan.warm_up, start + plan.warm_up + plan.length);
    let mut turn = 0;
    let mut asked_at = stopwatch::now();
    while asked_at < end {
        let place = turn % booker.shelf.len();
        let shelf = &mut booker.shelf[place];
        let slot = plan.slots.0.get(shelf.booked).context("the slots are used up")?;
        let reply = connection.exchange(template.fill(&shelf.asset, slot)).await?;
        let answered_at = stopwatch::now();
        match reply.status {
            201 => {
                shelf.booked += 1;
                turn += 1;
                tally.acknowledged += 1;
                plan.progress.fetch_add(1, Ordering::Relaxed);
                if tally.acknowledged % SAMPLE_EVERY == 1 && booker.sample.len() < SAMPLE_MAX {
                    booker.sample.push(reply.body.to_vec());
                }
                if answered_at >= counted_from && answered_at < end {
                    tally.booked += 1;
                    tally.latency.saturating_record(micros(answered_at - asked_at));
                }
            }
            503 if contains(reply.body, b"\"OVERLOADED\"") => {
                tally.overloaded += 1;
                tokio::time::sleep(BACK_OFF).await;
            }
            status => {
                // Shown once, so that a wrong set-up explains itself.
                if tally.unexpected.is_empty() {
                    let body = String::from_utf8_lossy(reply.body);
                    println!("  unexpected {status}: {body}");
                }
                *tally.unexpected.entry(status).or_default() += 1;
                turn += 1;
            }
        }
        asked_at = stopwatch::now();
    }
    tally.elapsed = end - counted_from;
    Ok((tally, booker))
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
