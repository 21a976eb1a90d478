//! One round: a fresh server, its load, and whether it kept what it promised.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use anyhow::{Context as _, ensure};

use crate::{
    booker::{Booker, Slots},
    ceiling,
    load::{self, Plan, Tally},
    machine::{self, Shares, Work},
    receivers::{self, Receiver},
    server::{self, Server},
    setup, stopwatch, truth,
    watch::{self, Look},
    wire::Connection,
};

/// What all rounds of a run have in common.
pub(crate) struct Setting {
    pub(crate) connections: usize,
    pub(crate) assets: usize,
    pub(crate) warm_up: Duration,
    pub(crate) length: Duration,
    pub(crate) slots: Arc<Slots>,
    /// Where data directories are made and removed.
    pub(crate) ground: PathBuf,
}

/// What one round came to.
pub(crate) struct Round {
    pub(crate) tally: Tally,
    pub(crate) shares: Shares,
    pub(crate) looks: Vec<Look>,
    pub(crate) peak_resident_bytes: Option<u64>,
    /// Groups appended to the journal, each with one `fdatasync`.
    pub(crate) groups: Option<u64>,
}

/// What is known of a server after a sustained round and an orderly end.
pub(crate) struct Aftermath {
    pub(crate) stop_seconds: f64,
    pub(crate) start_seconds: f64,
    /// With the segments prepared ahead.
    pub(crate) journal_bytes: u64,
    pub(crate) journal_filled_bytes: u64,
    pub(crate) views_bytes: u64,
}

const LOOK_EVERY: Duration = Duration::from_secs(5);

pub(crate) async fn ceiling(setting: &Setting, nonce: u32) -> anyhow::Result<Round> {
    let server = ceiling::start()?;
    let bookers = ceiling::bookers(setting.connections, setting.assets);
    let (round, _) = measure(setting, &server, bookers, nonce, false).await?;
    fault_free(&round.tally)?;
    Ok(round)
}

/// A round on a new data directory. Then the truth is checked twice: by the server that made the
/// promises, and, after it was killed without warning, by the one that recovers.
///
/// `endpoints`: so many are told of everything meanwhile.
pub(crate) async fn burst(
    setting: &Setting,
    build: &Path,
    nonce: u32,
    endpoints: usize,
) -> anyhow::Result<Round> {
    let folder = tempfile::tempdir_in(&setting.ground)?;
    let server = Server::holdfast(build, folder.path())?;
    let bookers = register(setting, &server, folder.path()).await?;
    let receiver = if endpoints > 0 {
        let receiver = Receiver::start()?;
        let token = server::token(folder.path(), 0)?;
        receivers::subscribe(server.address, &token, receiver.address, endpoints).await?;
        Some(receiver)
    } else {
        None
    };
    let (round, bookers) = measure(setting, &server, bookers, nonce, false).await?;
    if let Some(receiver) = receiver {
        println!("  {} deliveries taken meanwhile", receiver.taken());
    }
    fault_free(&round.tally)?;
    truth::check(server.address, &bookers).await.context("the running server")?;
    server.kill();
    let server = Server::holdfast(build, folder.path())?;
    let checked = truth::check(server.address, &bookers).await.context("after SIGKILL")?;
    println!(
        "  truth: {} acknowledged bookings re-read byte for byte, {} lists ({} bookings) complete \
         and free of overlaps, before and after SIGKILL",
        checked.bookings, checked.assets, checked.listed
    );
    Ok(round)
}

/// A long round with the lag of the views watched; then an orderly end, what is on disk, and the
/// truth by the server that starts again.
pub(crate) async fn sustained(
    setting: &Setting,
    build: &Path,
    nonce: u32,
) -> anyhow::Result<(Round, Aftermath)> {
    let folder = tempfile::tempdir_in(&setting.ground)?;
    let server = Server::holdfast(build, folder.path())?;
    let bookers = register(setting, &server, folder.path()).await?;
    let (round, bookers) = measure(setting, &server, bookers, nonce, true).await?;
    fault_free(&round.tally)?;
    truth::check(server.address, &bookers).await.context("the running server")?;
    let stopping = stopwatch::now();
    let status = server.stop()?;
    ensure!(status.success(), "SIGTERM ended in {status}");
    let stop_seconds = (stopwatch::now() - stopping).as_secs_f64();
    let starting = stopwatch::now();
    let journal_bytes = machine::disk_bytes(&folder.path().join("journal"));
    let journal_filled_bytes = machine::filled_bytes(&folder.path().join("journal"));
    let views_bytes = machine::disk_bytes(&folder.path().join("views.sled"));
    let server = Server::holdfast(build, folder.path())?;
    let start_seconds = (stopwatch::now() - starting).as_secs_f64();
    truth::check(server.address, &bookers).await.context("after SIGTERM")?;
    Ok((
        round,
        Aftermath { stop_seconds, start_seconds, journal_bytes, journal_filled_bytes, views_bytes },
    ))
}

async fn register(
    setting: &Setting,
    server: &Server,
    folder: &Path,
) -> anyhow::Result<Vec<Booker>> {
    let tokens = (0..setting.connections)
        .map(|number| server::token(folder, number))
        .collect::<anyhow::Result<Vec<String>>>()?;
    setup::register(server.address, tokens, setting.assets, None).await
}

async fn measure(
    setting: &Setting,
    server: &Server,
    bookers: Vec<Booker>,
    nonce: u32,
    watched: bool,
) -> anyhow::Result<(Round, Vec<Booker>)> {
    let progress = Arc::new(AtomicU64::new(0));
    let plan = Plan {
        address: server.address,
        slots: Arc::clone(&setting.slots),
        warm_up: setting.warm_up,
        length: setting.length,
        nonce,
        progress: Arc::clone(&progress),
    };
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    let watcher = watched.then(|| {
        let seen = move |look| {
            // Nobody listens once the round is over.
            let _ = sender.send(look);
        };
        tokio::spawn(watch::watch(server.address, progress, LOOK_EVERY, seen))
    });
    let groups_before = groups(server);
    let before = Work::of(server.process());
    let (tally, bookers) = load::run(plan, bookers).await?;
    let shares = before.until(Work::of(server.process()));
    let mut looks = Vec::new();
    if let Some(watcher) = watcher {
        watcher.abort();
        while let Ok(look) = receiver.try_recv() {
            looks.push(look);
        }
        let mut connection = Connection::open(server.address).await?;
        looks.push(Look {
            seconds: (setting.warm_up + setting.length).as_secs_f64(),
            acknowledged: tally.acknowledged,
            unfolded: server::unfolded(&mut connection).await,
        });
    }
    let groups = groups(server).zip(groups_before).map(|(after, before)| after - before);
    let peak_resident_bytes = machine::resident_bytes(server.process(), "VmHWM:");
    Ok((Round { tally, shares, looks, peak_resident_bytes, groups }, bookers))
}

fn groups(server: &Server) -> Option<u64> {
    machine::writes_of_thread(server.process(), "commit-stage")
}

/// Any answer but 201 and a refusal for want of room means that the measurement is not one.
fn fault_free(tally: &Tally) -> anyhow::Result<()> {
    ensure!(tally.unexpected.is_empty(), "unexpected answers by status: {:?}", tally.unexpected);
    ensure!(tally.booked > 0, "nothing was booked");
    Ok(())
}
