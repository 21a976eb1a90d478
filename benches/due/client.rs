//! The others: an open loop that books, and reads, at a fixed rate.
//!
//! A thread of its own says when the next request is to go, whatever became of those before; the
//! first free connection sends it. Response times count from the intended moment, so an answer that
//! is late makes those behind it late too.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use tokio::{
    sync::{
        Mutex,
        mpsc::{self, UnboundedReceiver, UnboundedSender},
    },
    task::JoinSet,
};

use crate::{
    booker::{Booker, Slots, Template},
    stopwatch::{self, micros},
    wire::Connection,
};

/// Makes the keys of the others' bookings.
const NONCE: u32 = 0xd0e0_0000;
/// A GET after so many bookings.
const BOOKINGS_PER_READ: u64 = 4;
/// One acknowledged body in so many is kept for the check.
const SAMPLE_EVERY: u64 = 61;
const SAMPLE_MAX: usize = 16;
/// Of one asset; more would need longer than any run.
const SLOTS: usize = 1_000;

pub(crate) struct Plan {
    pub(crate) address: SocketAddr,
    /// Bookings a second.
    pub(crate) rate: u32,
    pub(crate) from: Instant,
    pub(crate) first_due: Instant,
    /// Told when everything is done.
    pub(crate) over: Arc<AtomicBool>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Booking,
    Read,
}

/// One answer.
#[derive(Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) kind: Kind,
    /// When it was to be sent, counted from the moment at which the first booking is due.
    pub(crate) sent_seconds: f64,
    pub(crate) micros: u64,
}

type Intended = (Instant, Kind);

/// Returns every sample, the warm-up's too.
///
/// # Errors
/// An answer that is not 201 or 200.
pub(crate) async fn run(
    plan: Plan,
    bookers: Vec<Booker>,
) -> anyhow::Result<(Vec<Sample>, Vec<Booker>)> {
    let (sender, receiver) = mpsc::unbounded_channel();
    let receiver = Arc::new(Mutex::new(receiver));
    let slots = Arc::new(Slots::after(stopwatch::today(), SLOTS));
    let mut running = JoinSet::new();
    for booker in bookers {
        let connection = Connection::open(plan.address).await.context("cannot connect")?;
        let (receiver, slots) = (Arc::clone(&receiver), Arc::clone(&slots));
        running.spawn(serve(connection, booker, receiver, slots, plan.first_due));
    }
    let every = Duration::from_secs(1) * u32::try_from(BOOKINGS_PER_READ)?
        / (plan.rate * u32::try_from(BOOKINGS_PER_READ + 1)?);
    let pace = std::thread::spawn(move || pace(plan.from, every, &plan.over, &sender));
    let (mut samples, mut returned) = (Vec::new(), Vec::new());
    while let Some(ended) = running.join_next().await {
        let (some, booker) = ended??;
        samples.extend(some);
        returned.push(booker);
    }
    ensure!(pace.join().is_ok(), "the schedule was not kept");
    returned.sort_by_key(|booker| booker.number);
    Ok((samples, returned))
}

/// Says when each request is to be sent, until all is over.
#[expect(
    clippy::disallowed_methods,
    reason = "a schedule is a matter of time, and the runtime's timers know whole milliseconds only"
)]
fn pace(from: Instant, every: Duration, over: &AtomicBool, sender: &UnboundedSender<Intended>) {
    let mut intended = from;
    for count in 1_u64.. {
        std::thread::sleep(intended.saturating_duration_since(stopwatch::now()));
        let reads = count % (BOOKINGS_PER_READ + 1) == 0;
        let kind = if reads { Kind::Read } else { Kind::Booking };
        if over.load(Ordering::Acquire) || sender.send((intended, kind)).is_err() {
            return;
        }
        intended += every;
    }
}

async fn serve(
    mut connection: Connection,
    mut booker: Booker,
    receiver: Arc<Mutex<UnboundedReceiver<Intended>>>,
    slots: Arc<Slots>,
    first_due: Instant,
) -> anyhow::Result<(Vec<Sample>, Booker)> {
    let mut template = Template::new(&booker, NONCE);
    let mut samples = Vec::new();
    let (mut turn, mut acknowledged) = (0, 0);
    loop {
        // Whoever is free waits here for its turn.
        let next = receiver.lock().await.recv().await;
        let Some((intended, kind)) = next else { return Ok((samples, booker)) };
        let places = booker.shelf.len();
        let (expected, reply) = match kind {
            Kind::Booking => {
                let shelf = &mut booker.shelf[turn % places];
                turn += 1;
                let slot = slots.0.get(shelf.booked).context("the slots are used up")?;
                shelf.booked += 1;
                (201, connection.exchange(template.fill(&shelf.asset, slot)).await?)
            }
            Kind::Read => {
                // Far from where it books.
                let asset = &booker.shelf[(turn + places / 2) % places].asset;
                (200, connection.get(&format!("/assets/{asset}"), &booker.token).await?)
            }
        };
        let answered = stopwatch::now();
        let text = String::from_utf8_lossy(reply.body);
        ensure!(reply.status == expected, "others were answered {}: {text}", reply.status);
        if kind == Kind::Booking {
            acknowledged += 1;
            if acknowledged % SAMPLE_EVERY == 1 && booker.sample.len() < SAMPLE_MAX {
                booker.sample.push(reply.body.to_vec());
            }
        }
        let late = intended.saturating_duration_since(first_due).as_secs_f64();
        let early = first_due.saturating_duration_since(intended).as_secs_f64();
        samples.push(Sample {
            kind,
            sent_seconds: late - early,
            micros: micros(answered - intended),
        });
    }
}
