//! How many durable bookings a second over HTTP, beside a bare handler in the same run?
//!
//! `cargo bench --bench bookings -- --mode burst|sustained|groups|all [--write]`. Both servers are
//! processes of their own on loopback, loaded in turn by the same closed loop; every run ends in a
//! check of the truth. What it must not do: compare figures of different runs, or leave out a
//! round.

#![expect(clippy::print_stdout, reason = "what is measured is printed")]
#![expect(clippy::cast_precision_loss, reason = "figures for people have few digits")]

mod ceiling;
mod load;
mod machine;
mod report;
mod round;
mod server;
mod setup;
mod stopwatch;
mod truth;
mod watch;
mod wire;

use std::{
    fs::OpenOptions,
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use clap::{Parser, ValueEnum};

use crate::{
    load::Slots,
    round::{Round, Setting},
};

/// Durable bookings a second over HTTP, beside a bare axum handler
#[derive(Parser)]
#[command(name = "bookings")]
struct Cli {
    /// What to measure
    #[arg(long, value_enum, default_value_t = Mode::Burst)]
    mode: Mode,
    /// Pairs of rounds; [default: 5 of a burst, 1 sustained]
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
    /// Leave out the real server, or the ceiling
    #[arg(long, value_enum)]
    only: Option<Target>,
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
    /// Records that share an fdatasync; needs strace
    Groups,
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
        return ended(ceiling::serve());
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
    ended(runtime.enable_all().build().map_err(Into::into).and_then(|runtime| {
        runtime.block_on(async {
            let text = measure(&cli).await?;
            if cli.write { write(&text) } else { Ok(()) }
        })
    }))
}

fn ended(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("bookings: {error:#}");
            // As everywhere in this product: 3 = the figures cannot be trusted.
            ExitCode::from(3)
        }
    }
}

async fn measure(cli: &Cli) -> anyhow::Result<String> {
    let today = stopwatch::today().to_string();
    let mut text = format!(
        "\n## {} · commit {}\n\n{}; {} connections, {} assets, generator on the same cores with {} \
         thread{}.\n",
        today.get(..10).unwrap_or(&today),
        machine::commit(),
        machine::describe(),
        cli.connections,
        cli.assets,
        cli.threads,
        if cli.threads == 1 { "" } else { "s" },
    );
    println!("{text}");
    if matches!(cli.mode, Mode::Burst | Mode::All) {
        text += &burst(cli, &setting(cli, cli.seconds.unwrap_or(10))?).await?;
    }
    if matches!(cli.mode, Mode::Groups | Mode::All) {
        let groups = round::groups(&setting(cli, cli.seconds.unwrap_or(5))?, 0x9000_0000).await?;
        text += &shown(format!("\n{}", report::groups(&groups)));
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

async fn burst(cli: &Cli, setting: &Setting) -> anyhow::Result<String> {
    let mut pairs = Vec::new();
    for number in 0..cli.rounds.unwrap_or(5) {
        println!("burst, pair {}:", number + 1);
        let nonce = u32::try_from(number)?;
        let ceiling = match cli.only {
            Some(Target::Holdfast) => None,
            _ => Some(told("ceiling", round::ceiling(setting, nonce).await?)),
        };
        let bookings = match cli.only {
            Some(Target::Ceiling) => None,
            _ => Some(told("holdfast", round::burst(setting, nonce).await?)),
        };
        pairs.extend(ceiling.zip(bookings));
    }
    if pairs.is_empty() {
        return Ok(String::new());
    }
    let heading = format!(
        "\n### Burst: {} pairs of rounds of {} s, each on a fresh data directory\n\n",
        pairs.len(),
        setting.length.as_secs()
    );
    Ok(shown(heading + "Least – **median** – greatest.\n\n" + &report::table(&pairs)))
}

async fn sustained(cli: &Cli, setting: &Setting) -> anyhow::Result<String> {
    let mut text = format!("\n### Sustained: {} s\n\n", setting.length.as_secs());
    let mut pairs = Vec::new();
    for number in 0..cli.rounds.unwrap_or(1) {
        println!("sustained, pair {}:", number + 1);
        let nonce = 0x5000_0000 + u32::try_from(number)?;
        let ceiling = match cli.only {
            Some(Target::Holdfast) => None,
            _ => Some(told("ceiling", round::ceiling(setting, nonce).await?)),
        };
        if cli.only == Some(Target::Ceiling) {
            continue;
        }
        let (bookings, after) = round::sustained(setting, nonce).await?;
        let bookings = told("holdfast", bookings);
        text += &shown(report::timeline(&bookings) + "\n" + &report::aftermath(&bookings, &after));
        pairs.extend(ceiling.map(|ceiling| (ceiling, bookings)));
    }
    if !pairs.is_empty() {
        text += &shown(format!("\n{}", report::table(&pairs)));
    }
    Ok(text)
}

fn told(name: &str, round: Round) -> Round {
    println!("{}", round.line(name));
    round
}

fn shown(text: String) -> String {
    println!("{text}");
    text
}

fn write(text: &str) -> anyhow::Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/RESULTS.md");
    OpenOptions::new().create(true).append(true).open(path)?.write_all(text.as_bytes())?;
    Ok(())
}
