//! The composition root: puts the parts together and takes them down in the right order.
//!
//! The only file that knows every member. It holds no rule of booking and no route.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use holdfast_actors::{
    Engine, Foundation,
    cell::NoFaults,
    clock::{Clock, SystemClock},
    ids::{Generator, Randomness},
    start::StartError as EngineError,
    webhooks::deliver::Deliver,
};
use holdfast_domain::Timestamp;
use holdfast_http::{HttpOptions, Routers, VersionInfo, webhooks::Sender};
use holdfast_storage::{
    disk::{DataLock, FileDisk, LockError},
    history::HistoryError,
    journal::{ReadError, RecoveryError},
    views::{SledViews, ViewsError},
};
use tokio::{net::TcpListener, task::spawn_blocking};

use crate::{
    config::Config,
    exit::Exit,
    key_file,
    listen::Listening,
    token::{self, TokenKey},
};

/// In the data directory: what seals the secrets of webhook endpoints.
const SECRET_KEY_FILE: &str = "secret.key";

/// In the data directory; may be deleted while nothing serves it.
pub const VIEWS_FOLDER: &str = "views.sled";

/// How long requests that wait when the log fails have to be told so. Short: until then a supervisor
/// cannot start another server, and only the next start finds out what is on the disk.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Operators and whoever collects figures: few, and they must get in when the booking API is full.
const OPERATORS_CONNECTIONS_MAX: usize = 256;

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("another process serves {}", .0.display())]
    InUse(PathBuf),
    #[error("stored data is damaged; nothing was repaired")]
    Damaged(#[source] anyhow::Error),
    #[error("the disk failed")]
    Storage(#[source] anyhow::Error),
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

impl StartError {
    /// The exit code for it.
    pub const fn exit(&self) -> Exit {
        match self {
            Self::InUse(_) => Exit::InUse,
            Self::Damaged(_) => Exit::Damaged,
            Self::Storage(_) => Exit::StorageFault,
            Self::Other(_) => Exit::Failure,
        }
    }
}

/// A server that answers.
pub struct Running {
    /// Where the booking API really listens; differs from what was asked for when that was port 0.
    pub address: SocketAddr,
    pub admin_address: SocketAddr,
    /// Signs tokens this server accepts.
    pub token_key: TokenKey,
    engine: Engine,
    public: Listening,
    admin: Listening,
    drain_ms_max: u64,
    clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
    views_folder: PathBuf,
    /// The last to go: nobody else may open the directory while a part of this server lives.
    _lock: DataLock,
}

/// Recovers the data directory and serves it. Returns when requests are answered.
///
/// # Errors
/// Nothing is served; [`StartError::exit`] says how serious it is.
pub async fn start(config: Config) -> Result<Running, StartError> {
    // Before the data is touched: a port that is taken is the commonest mistake and costs nothing.
    let public = bind(config.listen).await?;
    let admin = bind(config.admin_listen).await?;
    let lock = lock(&config.data_dir)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let randomness: Arc<dyn Randomness> = Arc::new(Generator::from_os());
    let engine = open(&config, &clock, &randomness).await?;
    let token_key = token::key(&config.data_dir, randomness.as_ref())?;
    let Routers { api, operators } =
        holdfast_http::routers(engine.clone(), &http_options(&config, &token_key));
    let public = Listening::start(public, api, config.connections_max).context("cannot listen")?;
    let admin = Listening::start(admin, operators, OPERATORS_CONNECTIONS_MAX)
        .context("cannot listen for operators")?;
    Ok(Running {
        address: public.address,
        admin_address: admin.address,
        token_key,
        engine,
        public,
        admin,
        drain_ms_max: config.drain_ms_max,
        clock,
        randomness,
        views_folder: config.data_dir.join(VIEWS_FOLDER),
        _lock: lock,
    })
}

impl Running {
    /// Returns when the log has failed, and never otherwise. Then nothing more may be written: the
    /// caller ends the process at once.
    pub fn failed(&self) -> impl Future<Output = ()> + Send + use<> {
        self.engine.failed()
    }

    /// After [`Running::failed`]: whoever waits is told that the outcome is unknown, for at most half a
    /// second; then the process ends. Nothing is dropped, flushed or marked on the way.
    pub async fn give_up(self) -> ! {
        self.public.drain(LAST_WORDS).await;
        Exit::StorageFault.now()
    }

    /// Stops in order: not ready, no new connections, requests in flight answered, what waits folded
    /// into the views. Each step may be cut short without losing a fact.
    pub async fn stop(self) {
        let Self { engine, public, admin, views_folder, drain_ms_max, _lock: lock, .. } = self;
        let patience = Duration::from_millis(drain_ms_max);
        engine.drain();
        if !public.drain(patience).await {
            tracing::warn!("requests were still in flight when their time was up");
        }
        admin.drain(Duration::ZERO).await;
        engine.shutdown(patience).await;
        drop(engine);
        let _ = tokio::time::timeout(patience, released(&views_folder)).await;
        drop(lock);
    }

    /// Engine time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Fresh random bits.
    pub fn nonce(&self) -> u64 {
        let mut bytes = [0; 8];
        self.randomness.fill(&mut bytes);
        u64::from_be_bytes(bytes)
    }
}

/// Returns when the last part of the engine has let go of the views: whoever opens the directory next
/// must find it free. Actors end in their own time, and tell nobody.
async fn released(views: &Path) {
    while !SledViews::is_released(views) {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
}

fn lock(data_dir: &Path) -> Result<DataLock, StartError> {
    DataLock::acquire(data_dir).map_err(|error| match error {
        LockError::Held(path) => StartError::InUse(path),
        error @ LockError::Disk { .. } => StartError::Other(error.into()),
    })
}

/// Opens the store and starts the engine on it. Views that cannot be trusted are deleted and built
/// anew from the journal, which holds everything that is in them.
async fn open(
    config: &Config,
    clock: &Arc<dyn Clock>,
    randomness: &Arc<dyn Randomness>,
) -> Result<Engine, StartError> {
    let secret_key = key_file::key(&config.data_dir, SECRET_KEY_FILE, &**randomness)?;
    let sender = Sender::new(config.webhook_sender.clone()).context("cannot send webhooks")?;
    let outside = Outside { secret_key, deliver: Arc::new(sender) };
    let opened = match attempt(config, clock, randomness, &outside).await {
        Err(EngineError::Views(ViewsError::Damaged(what)))
        | Err(EngineError::History(HistoryError::Views(ViewsError::Damaged(what)))) => {
            tracing::warn!(what, "the views are damaged and are built anew from the journal");
            let folder = config.data_dir.join(VIEWS_FOLDER);
            std::fs::remove_dir_all(&folder)
                .with_context(|| format!("cannot delete {}", folder.display()))?;
            attempt(config, clock, randomness, &outside).await
        }
        other => other,
    };
    opened.map_err(refuse)
}

/// What webhooks stand on.
struct Outside {
    secret_key: key_file::Key,
    deliver: Arc<dyn Deliver>,
}

async fn attempt(
    config: &Config,
    clock: &Arc<dyn Clock>,
    randomness: &Arc<dyn Randomness>,
    outside: &Outside,
) -> Result<Engine, EngineError> {
    let (folder, cache_bytes) = (config.data_dir.join(VIEWS_FOLDER), config.view_cache_bytes);
    let views = spawn_blocking(move || SledViews::open(&folder, cache_bytes))
        .await
        .map_err(|error| EngineError::Tree(error.to_string()))??;
    Engine::start(Foundation {
        disk: Arc::new(FileDisk::new(&config.data_dir)),
        views: Arc::new(views),
        clock: Arc::clone(clock),
        randomness: Arc::clone(randomness),
        faults: Arc::new(NoFaults),
        secret_key: outside.secret_key,
        deliver: Arc::clone(&outside.deliver),
        options: config.engine.clone(),
    })
    .await
}

fn refuse(error: EngineError) -> StartError {
    match &error {
        EngineError::Recovery(RecoveryError::Disk { .. })
        | EngineError::History(HistoryError::Journal(ReadError::Disk(_)))
        | EngineError::Views(ViewsError::Store(_))
        | EngineError::History(HistoryError::Views(ViewsError::Store(_))) => {
            StartError::Storage(error.into())
        }
        EngineError::Recovery(_) | EngineError::Views(_) | EngineError::History(_) => {
            StartError::Damaged(error.into())
        }
        EngineError::Tree(_) => StartError::Other(error.into()),
    }
}

fn http_options(config: &Config, token_key: &TokenKey) -> HttpOptions {
    HttpOptions {
        token_key: token_key.to_vec(),
        issuer: config.jwt_issuer.clone(),
        audience: config.jwt_audience.clone(),
        public_url: config.public_url.clone(),
        version: VersionInfo {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            commit: env!("HOLDFAST_COMMIT").to_owned(),
            tz_data: chrono_tz::IANA_TZDB_VERSION.to_owned(),
        },
        webhook_addresses: config.webhook_sender.addresses.clone(),
    }
}
