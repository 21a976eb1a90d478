//! What a run looks like while it goes: bookings so far and records not yet folded into the views.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use crate::{server, stopwatch, wire::Connection};

/// One look.
#[derive(Clone, Copy)]
pub(crate) struct Look {
    pub(crate) seconds: f64,
    pub(crate) acknowledged: u64,
    /// `None` where the server does not say.
    pub(crate) unfolded: Option<u64>,
}

/// Looks `every` so often until its task is ended; `seen` is called with each look.
pub(crate) async fn watch(
    address: SocketAddr,
    progress: Arc<AtomicU64>,
    every: Duration,
    mut seen: impl FnMut(Look),
) {
    let start = stopwatch::now();
    let mut ticks = tokio::time::interval(every);
    let Ok(mut connection) = Connection::open(address).await else { return };
    loop {
        ticks.tick().await;
        let unfolded = server::unfolded(&mut connection).await;
        seen(Look {
            seconds: (stopwatch::now() - start).as_secs_f64(),
            acknowledged: progress.load(Ordering::Relaxed),
            unfolded,
        });
    }
}
