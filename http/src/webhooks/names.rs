//! From a host name to the addresses that may be dialled for it.
//!
//! The answer of DNS is judged here, after the lookup and before the dial, at each connection: what a
//! name led to yesterday, or a moment ago when somebody else asked, is worth nothing. Hosts that are
//! addresses never come here (the HTTP client dials them as they are); the sender judges those
//! itself before each try.

use std::{
    io,
    net::{IpAddr, SocketAddr, ToSocketAddrs as _},
    pin::Pin,
    sync::Arc,
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;

use super::{Addresses, Reach};

/// The future of one lookup.
pub(super) type Lookup = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// The seam to DNS and to the dial.
pub(super) trait Names: Send + Sync + 'static {
    /// All addresses of `host`, unjudged.
    fn lookup(&self, host: String) -> Lookup;

    /// Where a connection to an address that passed goes: there, at the port of the URL (0). Tests
    /// count here what is dialled, and lead it to a listener of theirs.
    fn route(&self, address: IpAddr) -> SocketAddr {
        SocketAddr::new(address, 0)
    }
}

/// How many lookups may be under way: each holds a thread until the system gives up on it, and
/// others need threads of the same pool (512) too.
const LOOKUPS_MAX: usize = 128;

/// DNS as the system is set up for it.
pub(super) struct SystemNames {
    lookups: Arc<Semaphore>,
}

impl Default for SystemNames {
    fn default() -> Self {
        Self { lookups: Arc::new(Semaphore::new(LOOKUPS_MAX)) }
    }
}

impl Names for SystemNames {
    fn lookup(&self, host: String) -> Lookup {
        let lookups = Arc::clone(&self.lookups);
        Box::pin(async move {
            let permit = lookups.acquire_owned().await.map_err(io::Error::other)?;
            let looked_up = tokio::task::spawn_blocking(move || {
                // Held by the thread, not by whoever waits for it and may have given up.
                let _permit = permit;
                let found = (host.as_str(), 0).to_socket_addrs()?;
                Ok(found.map(|address| address.ip()).collect())
            });
            looked_up.await.map_err(io::Error::other)?
        })
    }
}

/// Why a name leads to no connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum NameError {
    #[error("the name does not resolve")]
    NotResolved,
    #[error("the name resolves to addresses that webhooks must not reach, and to no other")]
    Forbidden,
}

/// The resolver that the HTTP client asks. It hands out what may be dialled and nothing else.
pub(super) struct Judged {
    pub(super) names: Arc<dyn Names>,
    pub(super) addresses: Arc<Addresses>,
    /// For plain http: only networks that the operator opened.
    pub(super) opened_only: bool,
}

impl Judged {
    fn allows(&self, address: IpAddr) -> bool {
        match self.addresses.reach(address) {
            Reach::Public => !self.opened_only,
            Reach::Opened => true,
            Reach::Forbidden => false,
        }
    }

    async fn judge(&self, host: String) -> Result<Vec<SocketAddr>, NameError> {
        let found = self.names.lookup(host).await.map_err(|_| NameError::NotResolved)?;
        if found.is_empty() {
            return Err(NameError::NotResolved);
        }
        let dialled: Vec<SocketAddr> = found
            .into_iter()
            .filter(|address| self.allows(*address))
            .map(|address| self.names.route(address))
            .collect();
        if dialled.is_empty() { Err(NameError::Forbidden) } else { Ok(dialled) }
    }
}

/// What the client keeps: the judge outlives each of its lookups.
pub(super) struct Resolver(pub(super) Arc<Judged>);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let judged = Arc::clone(&self.0);
        Box::pin(async move {
            let dialled = judged.judge(name.as_str().to_owned()).await?;
            Ok(Box::new(dialled.into_iter()) as Addrs)
        })
    }
}
