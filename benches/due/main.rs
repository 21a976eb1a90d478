//! When very many assets fall due in the same minute, do other clients feel it?
//!
//! `cargo bench --bench due -- [--assets 1000000] [--due 100000] [--rate 400] [--write]`. A server
//! process gets the assets, and one booking on each of those that are to fall due, through the
//! public API. Then others book at a fixed rate: for a while when nothing is due, and through the
//! minute. What it must not do: wait for an answer before the next request is due, or end without
//! having read every booking that fell due.

#![expect(clippy::print_stdout, reason = "what is measured is printed")]
#![expect(clippy::cast_precision_loss, reason = "figures for people have few digits")]

#[path = "../shared/booker.rs"]
mod booker;
mod client;
mod herd;
#[path = "../shared/machine.rs"]
#[expect(dead_code, reason = "another bench looks at the disk as well")]
mod machine;
mod probe;
mod report;
#[path = "../shared/results.rs"]
mod results;
mod schedule;
#[path = "../shared/server.rs"]
#[expect(dead_code, reason = "another bench ends its servers in more ways")]
mod server;
#[path = "../shared/setup.rs"]
mod setup;
#[path = "../shared/stopwatch.rs"]
mod stopwatch;
#[path = "../shared/truth.rs"]
mod truth;
mod verdict;
#[path = "../shared/wire.rs"]
mod wire;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, ensure};
use clap::Parser;
use serde_json::json;

use crate::{
    booker::Booker,
    client::Plan,
    herd::Herd,
    machine::Work,
    report::{Findings, Stretch},
    schedule::Schedule,
    server::Server,
    wire::Connection,
};

/// The server's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What clients feel when very many assets fall due in the same minute
#[derive(Parser)]
#[command(name = "due")]
struct Cli {
    /// Assets registered first
    #[arg(long, default_value_t = 20_000)]
    assets: usize,
    /// How many of them fall due
    #[arg(long, default_value_t = 2_000)]
    due: usize,
    /// Bookings a second by other clients, with a GET after every fourth
    #[arg(long, default_value_t = 400)]
    rate: u32,
    /// Seconds measured before anything is due
    #[arg(long, default_value_t = 60)]
    idle: u64,
    /// Kept connections
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// The server to measure [default: the one built with this bench]
    #[arg(long, value_name = "BINARY")]
    build: Option<PathBuf>,
    /// Append the figures to benches/RESULTS.md
    #[arg(long)]
    write: bool,
    /// Given by `cargo bench`
    #[arg(long, hide = true)]
    bench: bool,
}

/// Between the last booking of the set-up and the first measured one: views are folded meanwhile.
const SETTLE: Duration = Duration::from_secs(20);
/// Load before the first measured window.
const WARM_UP: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    let cli = Cli::parse();
    if !cli.bench {
        println!("a measurement; run it with `cargo bench --bench due`");
        return ExitCode::SUCCESS;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    results::ended(runtime.map_err(Into::into).and_then(|runtime| {
        runtime.block_on(async {
            let text = measure(&cli).await?;
            if cli.write { results::append(&text) } else { Ok(()) }
        })
    }))
}

async fn measure(cli: &Cli) -> anyhow::Result<String> {
    ensure!(cli.due > 0 && cli.rate > 0 && cli.connections > 0, "nothing to measure");
    ensure!(cli.assets >= cli.due + cli.connections, "others need assets too");
    let head = format!(
        "{}; {} assets of which {} fall due in one minute, {} bookings a second by others over {} \
         connections, generator on the same cores.\n",
        results::heading("due"),
        cli.assets,
        cli.due,
        cli.rate,
        cli.connections,
    );
    println!("{head}");
    let ground = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    std::fs::create_dir_all(&ground)?;
    let folder = tempfile::tempdir_in(&ground)?;
    let build = cli.build.clone().unwrap_or_else(server::this_build);
    let server = Server::holdfast(&build, folder.path())?;
    let (mut herd, bookers) = set_up(cli, &server, folder.path()).await?;
    let (findings, bookers) = minute(cli, &server, &herd, bookers).await?;
    let text = report::table(&findings);
    println!("{text}");
    let verdict = verdict::check(server.address, &mut herd, &bookers).await?;
    println!("{verdict}");
    Ok(format!("{head}\n{text}\n{verdict}"))
}

/// Registers the assets and makes the bookings that will fall due.
async fn set_up(cli: &Cli, server: &Server, folder: &Path) -> anyhow::Result<(Herd, Vec<Booker>)> {
    let tokens = (0..cli.connections)
        .map(|number| server::token(folder, number))
        .collect::<anyhow::Result<Vec<String>>>()?;
    let began = stopwatch::now();
    // Nobody comes: a minute after its start a booking is over.
    let terms = json!({"check_in": {"no_show_after_minutes": 1}});
    let mut bookers = setup::register(server.address, tokens, cli.assets, Some(&terms)).await?;
    let registering = stopwatch::now() - began;
    println!("  {} assets registered in {:.0} s", cli.assets, registering.as_secs_f64());
    let chosen = herd::choose(&mut bookers, cli.due);
    // A booking is expected to take no more than three times as long as an asset.
    let booking = registering.mul_f64(3.0 * cli.due as f64 / cli.assets as f64);
    let before = Duration::from_secs(cli.idle.max(herd::NO_SHOW_AFTER.as_secs()));
    let schedule = Schedule::after(Duration::from_secs(20) + booking + SETTLE + before);
    let began = stopwatch::now();
    let herd = herd::book(server.address, chosen, schedule).await?;
    println!(
        "  {} bookings that fall due made in {:.0} s",
        cli.due,
        (stopwatch::now() - began).as_secs_f64()
    );
    ensure!(
        stopwatch::now() + SETTLE + before <= schedule.monotonic,
        "the set-up took too long: the first booking is due too soon"
    );
    Ok((herd, bookers))
}

/// The load of the others, and what is seen of the herd meanwhile.
async fn minute(
    cli: &Cli,
    server: &Server,
    herd: &Herd,
    bookers: Vec<Booker>,
) -> anyhow::Result<(Findings, Vec<Booker>)> {
    let first_due = herd.schedule.monotonic;
    let idle_from = first_due - Duration::from_secs(cli.idle);
    let mut connection = Connection::open(server.address).await?;
    tokio::time::sleep_until((idle_from - WARM_UP).into()).await;
    if let Some(unfolded) = server::unfolded(&mut connection).await {
        println!("  {unfolded} records are not folded when the load begins");
    }
    let over = Arc::new(AtomicBool::new(false));
    let plan = Plan {
        address: server.address,
        rate: cli.rate,
        from: idle_from - WARM_UP,
        first_due,
        over: Arc::clone(&over),
    };
    let load = tokio::spawn(client::run(plan, bookers));
    tokio::time::sleep_until(idle_from.into()).await;
    let began = Work::of(server.process());
    tokio::time::sleep_until(first_due.into()).await;
    let turned = Work::of(server.process());
    let idle_resident = machine::resident_bytes(server.process(), "VmRSS:");
    let seen = probe::follow(server.address, herd).await;
    let during_seconds = (stopwatch::now() - first_due).as_secs_f64();
    let ended = Work::of(server.process());
    let during_resident = machine::resident_bytes(server.process(), "VmRSS:");
    over.store(true, Ordering::Release);
    let (samples, bookers) = load.await?.context("the load of the others")?;
    let idle = Stretch {
        seconds: cli.idle as f64,
        shares: began.until(turned),
        resident_bytes: idle_resident,
    };
    let during = Stretch {
        seconds: during_seconds,
        shares: turned.until(ended),
        resident_bytes: during_resident,
    };
    let peak_resident_bytes = machine::resident_bytes(server.process(), "VmHWM:");
    let findings = Findings { idle, during, samples, seen: seen?, peak_resident_bytes };
    Ok((findings, bookers))
}
