//! The command line: `serve` (also when nothing is named), `token` and `registry`.
//!
//! Results go to stdout, everything else to stderr. It decides what to run and with which exit code
//! to end; the work is in the library.

use std::{
    ffi::OsString,
    io::{self, IsTerminal as _, Write as _},
    path::PathBuf,
};

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use holdfast::{
    Config, Running, Settings,
    config::LogFormat,
    exit::Exit,
    greeting::{self, greeting},
    registry, start,
    token::{self, Claims},
};
use holdfast_actors::{
    clock::{Clock as _, SystemClock},
    ids::Generator,
};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// A booking is dozens of small allocations that one thread makes and another frees; measured in
/// benches/RESULTS.md.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A booking engine for shared assets. Without a command it serves.
#[derive(Parser)]
#[command(name = "holdfast", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the booking API (the default)
    Serve(Box<ServeArgs>),
    /// Print a bearer token signed with the data directory's key
    Token(Box<TokenArgs>),
    /// Files into the asset registry of a running server, and out of it
    #[command(subcommand)]
    Registry(registry::Command),
}

#[derive(clap::Args)]
struct ServeArgs {
    /// TOML file with any of these settings, under the same names with underscores
    #[arg(long, env = "HOLDFAST_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
}

#[derive(clap::Args)]
struct TokenArgs {
    /// TOML file of the server
    #[arg(long, env = "HOLDFAST_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// The server's data directory [default: ./data]
    #[arg(long, env = "HOLDFAST_DATA_DIR", value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
    /// Who acts
    #[arg(long, value_parser = clap::builder::NonEmptyStringValueParser::new())]
    sub: String,
    /// The organisation it acts for
    #[arg(long, value_parser = clap::builder::NonEmptyStringValueParser::new())]
    org: String,
    /// Scopes, separated by spaces
    #[arg(long)]
    scope: String,
    /// member, manager, admin, auditor or operator; may be repeated
    #[arg(long = "role", value_name = "ROLE", value_parser = ["member", "manager", "admin", "auditor", "operator"])]
    roles: Vec<String>,
    /// A location the token reaches; may be repeated
    #[arg(long = "location", value_name = "LOCATION")]
    locations: Vec<String>,
    /// How long it is good for: 90s, 15m, 1h, 7d
    #[arg(long, default_value = "1h", value_parser = token::parse_ttl)]
    ttl: u64,
    /// `iss` of the token
    #[arg(long, env = "HOLDFAST_JWT_ISSUER", value_name = "ISS")]
    jwt_issuer: Option<String>,
    /// `aud` of the token
    #[arg(long, env = "HOLDFAST_JWT_AUDIENCE", value_name = "AUD")]
    jwt_audience: Option<String>,
}

fn main() {
    let exit = match Cli::try_parse_from(with_default_command(std::env::args_os().collect())) {
        Ok(cli) => match cli.command {
            Command::Serve(args) => serve(*args),
            Command::Token(args) => print_token(*args),
            Command::Registry(command) => registry::run(command),
        },
        Err(error) => {
            // To stdout for --help and --version, to stderr otherwise.
            let printed = error.print();
            let code = if error.use_stderr() { Exit::Usage } else { Exit::Ok };
            if printed.is_ok() { code } else { Exit::Failure }
        }
    };
    exit.now()
}

/// `holdfast --listen …` means `holdfast serve --listen …`; help and version speak of the whole.
fn with_default_command(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let first = arguments.get(1).and_then(|argument| argument.to_str());
    let of_the_whole = ["-h", "--help", "-V", "--version"];
    let names_no_command =
        first.is_none_or(|text| text.starts_with('-') && !of_the_whole.contains(&text));
    if names_no_command {
        arguments.insert(arguments.len().min(1), "serve".into());
    }
    arguments
}

fn resolve(config: Option<PathBuf>, settings: Settings) -> anyhow::Result<Config> {
    let file = config.as_deref().map(Settings::from_file).transpose()?.unwrap_or_default();
    settings.over(file).resolve()
}

/// One line on stderr; a closed stderr is nobody's loss.
fn complain(error: &anyhow::Error) {
    let _ = writeln!(io::stderr(), "holdfast: {error:#}");
}

fn print_token(args: TokenArgs) -> Exit {
    let settings = Settings {
        data_dir: args.data_dir,
        jwt_issuer: args.jwt_issuer,
        jwt_audience: args.jwt_audience,
        ..Settings::default()
    };
    let config = match resolve(args.config, settings) {
        Ok(config) => config,
        Err(error) => {
            complain(&error);
            return Exit::Usage;
        }
    };
    let claims = Claims {
        sub: args.sub,
        org_id: args.org,
        scope: args.scope,
        roles: Some(args.roles).filter(|roles| !roles.is_empty()),
        locations: Some(args.locations).filter(|locations| !locations.is_empty()),
        iss: config.jwt_issuer,
        aud: config.jwt_audience,
        ..Claims::default()
    };
    let printed = token::key(&config.data_dir, &Generator::from_os())
        .map(|key| token::mint(&key, claims, SystemClock::start().now(), args.ttl))
        .and_then(|token| {
            writeln!(io::stdout(), "{token}").context("the token could not be printed")
        });
    match printed {
        Ok(()) => Exit::Ok,
        Err(error) => {
            complain(&error);
            Exit::Failure
        }
    }
}

fn serve(args: ServeArgs) -> Exit {
    let config = match resolve(args.config, args.settings).and_then(|config| {
        log_to_stderr(&config)?;
        Ok(config)
    }) {
        Ok(config) => config,
        Err(error) => {
            complain(&error);
            return Exit::Usage;
        }
    };
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    if let Some(threads) = config.worker_threads {
        runtime.worker_threads(threads);
    }
    match runtime.enable_all().build() {
        Ok(runtime) => runtime.block_on(run(config)),
        Err(error) => {
            complain(&anyhow::Error::new(error).context("cannot start the runtime"));
            Exit::Failure
        }
    }
}

fn log_to_stderr(config: &Config) -> anyhow::Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_new(&config.log)
        .with_context(|| format!("log: {:?} is no filter", config.log))?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    match config.log_format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().init(),
    }
    Ok(())
}

/// Serves until a signal or a storage fault; ends the process itself where nothing may run after.
async fn run(config: Config) -> Exit {
    // Before the start, so that a signal during recovery is not lost.
    let (mut terminate, mut interrupt) = match signals() {
        Ok(signals) => signals,
        Err(error) => {
            complain(&error);
            return Exit::Failure;
        }
    };
    let demo = config.demo || io::stdout().is_terminal();
    let (issuer, audience) = (config.jwt_issuer.clone(), config.jwt_audience.clone());
    let started = tokio::select! {
        started = start(config) => started,
        // Recovery runs on a thread that waits for the disk; nothing has been promised yet.
        () = either(&mut terminate, &mut interrupt) => Exit::Ok.now(),
    };
    let running = match started {
        Ok(running) => running,
        Err(error) => {
            let exit = error.exit();
            complain(&error.into());
            return exit;
        }
    };
    announce(&running, demo, Claims { iss: issuer, aud: audience, ..Claims::default() });
    tokio::select! {
        () = running.failed() => {
            let _ = writeln!(io::stderr(), "holdfast: the disk failed; ending");
            running.give_up().await
        }
        () = either(&mut terminate, &mut interrupt) => {}
    }
    tracing::info!("stopping");
    let failed = running.failed();
    tokio::select! {
        () = running.stop() => Exit::Ok,
        () = failed => Exit::StorageFault.now(),
        () = either(&mut terminate, &mut interrupt) => Exit::Failure.now(),
    }
}

fn signals() -> anyhow::Result<(Signal, Signal)> {
    let terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    Ok((terminate, interrupt))
}

async fn either(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

/// Where it listens, for people and scripts; on a terminal also something to try.
fn announce(running: &Running, demo: bool, claims: Claims) {
    let (address, admin) = (running.address, running.admin_address);
    let _ = writeln!(
        io::stderr(),
        "holdfast: listening on http://{address} (operators: http://{admin})"
    );
    if !demo {
        return;
    }
    let claims = Claims {
        sub: greeting::DEMO_SUBJECT.to_owned(),
        org_id: greeting::DEMO_ORG.to_owned(),
        scope: greeting::DEMO_SCOPE.to_owned(),
        ..claims
    };
    let now = running.now();
    let token = token::mint(&running.token_key, claims, now, greeting::DEMO_TTL_SECONDS);
    let text = greeting(address, &token, now, running.nonce());
    let mut stdout = io::stdout();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}
