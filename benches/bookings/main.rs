//! How many durable bookings a second over HTTP, beside a bare handler in the same run?
//!
//! `cargo bench --bench bookings -- --mode burst|sustained|all [--write]`. Both servers are
//! processes of their own on loopback, loaded in turn by the same closed loop; every run ends in a
//! check of the truth. What it must not do: compare figures of different runs, or leave out a
//! round.

#![expect(clippy::print_stdout, reason = "what is measured is printed")]
#![expect(clippy::cast_precision_loss, reason = "figures for people have few digits")]

#[path = "../shared/booker.rs"]
mod booker;
mod ceiling;
mod load;
#[path = "../shared/machine.rs"]
mod machine;
mod receivers;
mod report;
#[path = "../shared/results.rs"]
mod results;
mod round;
#[path = "../shared/server.rs"]
mod server;
#[path = "../shared/setup.rs"]
mod setup;
#[path = "../shared/stopwatch.rs"]
mod stopwatch;
#[path = "../shared/truth.rs"]
mod truth;
mod watch;
#[path = "../shared/wire.rs"]
mod wire;

use std::{path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use clap::{Parser, ValueEnum};

use crate::{booker::Slots, report::Column, round::Setting};

/// The server's, so that the ceiling has the same.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Durable bookings a second over HTTP, beside a bare axum handler
#[derive(Parser)]
#[command(name = "bookings")]
struct Cli {
    /// What to measure
    #[arg(long, value_enum, default_value_t = Mode::Burst)]
    mode: Mode,
    /// Turns [default: 5 of a burst, 1 sustained]
    #[arg(long)]
    rounds: Option<usize>,
    /// Measured seconds of a round [default: 10 of a burst, 60 sustained]
    #[arg(long)]
    seconds: Option<u64>,
    /// Seconds before the measured ones
    #[arg(long, default_value_t = 1)]
    warm_up: u64,
    /// Kept connections, each with one request at a time
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Assets registered first
    #[arg(long, default_value_t = 10_000)]
    assets: usize,
    /// Threads of the generator
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Leave out the ceiling, or everything else
    #[arg(long, value_enum)]
    only: Option<Target>,
    /// Another build of the server to take turns with; may be repeated
    #[arg(long, value_name = "BINARY")]
    against: Vec<PathBuf>,
    /// Also with so many webhook endpoints that want everything
    #[arg(long, default_value_t = 0)]
    endpoints: usize,
    /// Seconds to wait, before each turn, for other processes to be quiet
    #[arg(long, default_value_t = 0)]
    patience: u64,
    /// Append the figures to benches/RESULTS.md
    #[arg(long)]
    write: bool,
    /// Be the ceiling
    #[arg(long, hide = true)]
    serve_ceiling: bool,
    /// Given by `cargo bench`
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// Short rounds on fresh data directories
    Burst,
    /// A long round, with the lag of the views watched
    Sustained,
    All,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Target {
    Ceiling,
    Holdfast,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    if cli.serve_ceiling {
        return results::ended(ceiling::serve());
    }
    if !cli.bench {
        println!("a measurement; run it with `cargo bench --bench bookings`");
        return ExitCode::SUCCESS;
    }
    let mut runtime = if cli.threads > 1 {
        let mut threads = tokio::runtime::Builder::new_multi_thread();
        threads.worker_threads(cli.threads);
        threads
    } else {
        tokio::runtime::Builder::new_current_thread()
    };
    results::ended(runtime.enable_all().build().map_err(Into::into).and_then(|runtime| {
        runtime.block_on(async {
            let text = measure(&cli).await?;
            if cli.write { results::append(&text) } else { Ok(()) }
        })
    }))
}

async fn measure(cli: &Cli) -> anyhow::Result<String> {
    let mut text = format!(
        "{}; {} connections, {} assets, generator on the same cores with {} thread{}.\n",
        results::heading("bookings"),
        cli.connections,
        cli.assets,
        cli.threads,
        if cli.threads == 1 { "" } else { "s" },
    );
    println!("{text}");
    if matches!(cli.mode, Mode::Burst | Mode::All) {
        text += &burst(cli, &setting(cli, cli.seconds.unwrap_or(10))?).await?;
    }
    if matches!(cli.mode, Mode::Sustained | Mode::All) {
        text += &sustained(cli, &setting(cli, cli.seconds.unwrap_or(60))?).await?;
    }
    Ok(text)
}

fn setting(cli: &Cli, seconds: u64) -> anyhow::Result<Setting> {
    // Enough for the ceiling at 150,000 a second, with room for an uneven deal.
    let per_asset = 150_000 * (seconds + cli.warm_up) / cli.assets.max(1) as u64 * 2 + 1_000;
    let slots = usize::try_from(per_asset)?.min(40_000);
    let ground = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    std::fs::create_dir_all(&ground)?;
    Ok(Setting {
        connections: cli.connections.max(1),
        assets: cli.assets.max(cli.connections),
        warm_up: Duration::from_secs(cli.warm_up),
        length: Duration::from_secs(seconds),
        slots: Arc::new(Slots::after(stopwatch::today(), slots)),
        ground,
    })
}

/// What takes turns, in order.
fn contestants(cli: &Cli) -> Vec<Contestant> {
    let mut contestants = Vec::new();
    if cli.only != Some(Target::Holdfast) {
        contestants.push(Contestant::Ceiling);
    }
    if cli.only != Some(Target::Ceiling) {
        contestants.push(Contestant::Build(server::this_build()));
        if cli.endpoints > 0 {
            contestants.push(Contestant::Telling(server::this_build(), cli.endpoints));
        }
        contestants.extend(cli.against.iter().cloned().map(Contestant::Build));
    }
    contestants
}

enum Contestant {
    Ceiling,
    Build(PathBuf),
    /// This build, with so many endpoints.
    Telling(PathBuf, usize),
}

impl Contestant {
    fn name(&self) -> String {
        match self {
            Self::Ceiling => "bare axum handler".to_owned(),
            Self::Telling(_, endpoints) => format!("told to {endpoints}"),
            Self::Build(path) if *path == server::this_build() => "durable bookings".to_owned(),
            Self::Build(path) => path.display().to_string(),
        }
    }
}

fn columns(contestants: &[Contestant]) -> Vec<Column> {
    contestants.iter().map(|one| Column { name: one.name(), rounds: Vec::new() }).collect()
}

async fn burst(cli: &Cli, setting: &Setting) -> anyhow::Result<String> {
    let contestants = contestants(cli);
    let mut columns = columns(&contestants);
    let turns = cli.rounds.unwrap_or(5);
    for turn in 0..turns {
        println!("burst, turn {}:", turn + 1);
        let nonce = u32::try_from(turn)?;
        machine::quiet(Duration::from_secs(cli.patience)).await;
        for (contestant, column) in contestants.iter().zip(&mut columns) {
            let round = match contestant {
                Contestant::Ceiling => round::ceiling(setting, nonce).await?,
                Contestant::Build(build) => round::burst(setting, build, nonce, 0).await?,
                Contestant::Telling(build, endpoints) => {
                    round::burst(setting, build, nonce, *endpoints).await?
                }
            };
            println!("{}", round.line(&column.name));
            column.rounds.push(round);
        }
    }
    let heading = format!(
        "\n### Burst: {turns} turns of {} s, each on a fresh data directory\n\n\
         Least – **median** – greatest.\n\n",
        setting.length.as_secs()
    );
    Ok(shown(heading + &report::table(&columns)))
}

async fn sustained(cli: &Cli, setting: &Setting) -> anyhow::Result<String> {
    let contestants = contestants(cli);
    let mut columns = columns(&contestants);
    let turns = cli.rounds.unwrap_or(1);
    let mut text = format!("\n### Sustained: {turns} × {} s\n\n", setting.length.as_secs());
    for turn in 0..turns {
        println!("sustained, turn {}:", turn + 1);
        let nonce = 0x5000_0000 + u32::try_from(turn)?;
        machine::quiet(Duration::from_secs(cli.patience)).await;
        for (contestant, column) in contestants.iter().zip(&mut columns) {
            let round = match contestant {
                Contestant::Ceiling => round::ceiling(setting, nonce).await?,
                Contestant::Build(build) | Contestant::Telling(build, _) => {
                    let (round, after) = round::sustained(setting, build, nonce).await?;
                    text += &shown(format!(
                        "{}, turn {}:\n\n{}\n{}\n",
                        column.name,
                        turn + 1,
                        report::timeline(&round),
                        report::aftermath(&round, &after)
                    ));
                    round
                }
            };
            println!("{}", round.line(&column.name));
            column.rounds.push(round);
        }
    }
    Ok(text + &shown(report::table(&columns)))
}

fn shown(text: String) -> String {
    println!("{text}");
    text
}
