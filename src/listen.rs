//! The accept loop: connections in, requests to the router, and an orderly end.
//!
//! It knows no route and no rule; what a request means is `http`'s business.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

/// A client that opens a connection and then says nothing holds one of the permits; not for ever.
const HEADER_READ_SECONDS_MAX: u64 = 30;

/// Requests beyond this many bytes of head are refused by the HTTP parser.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// Of headers: as many as a head that `http` would still answer itself is likely to have. The parser
/// pays a microsecond a request for not having the usual hundred.
const HEADERS_MAX: usize = 1024;

/// A bound listener being served.
pub(crate) struct Listening {
    pub(crate) address: SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<GracefulShutdown>,
}

impl Listening {
    /// Serves `router` on `listener`, at most `connections_max` at a time; further clients wait
    /// unaccepted in the system's queue.
    pub(crate) fn start(
        listener: TcpListener,
        router: Router,
        connections_max: usize,
    ) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let stop = CancellationToken::new();
        let permits = Arc::new(Semaphore::new(connections_max));
        let task = tokio::spawn(accept(listener, router, permits, stop.clone()));
        Ok(Self { address, stop, task })
    }

    /// Accepts nothing more and lets requests in flight finish, for at most `patience`. Returns
    /// whether all did.
    pub(crate) async fn drain(self, patience: Duration) -> bool {
        self.stop.cancel();
        let Ok(connections) = self.task.await else {
            return false;
        };
        tokio::time::timeout(patience, connections.shutdown()).await.is_ok()
    }
}

async fn accept(
    listener: TcpListener,
    router: Router,
    permits: Arc<Semaphore>,
    stop: CancellationToken,
) -> GracefulShutdown {
    let connections = GracefulShutdown::new();
    let next = async || {
        // The permit first: a connection that cannot be served is not taken off the queue.
        let permit = Arc::clone(&permits).acquire_owned().await;
        (permit, listener.accept().await)
    };
    loop {
        let (permit, accepted) = tokio::select! {
            () = stop.cancelled() => return connections,
            taken = next() => taken,
        };
        match (permit, accepted) {
            (Ok(permit), Ok((stream, _))) => serve(stream, router.clone(), permit, &connections),
            (Err(_), _) => return connections,
            (_, Err(error)) => {
                tracing::warn!(%error, "a connection could not be accepted");
                // Out of descriptors, most likely: give those in flight time to free one.
                tokio::select! {
                    () = stop.cancelled() => return connections,
                    () = tokio::time::sleep(Duration::from_millis(50)) => {}
                }
            }
        }
    }
}

fn serve(
    stream: TcpStream,
    router: Router,
    permit: OwnedSemaphorePermit,
    connections: &GracefulShutdown,
) {
    // Answers are one small write each; waiting to merge them only delays the client.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY was refused");
    }
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(HEADER_READ_SECONDS_MAX))
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let watched = connections.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = watched.await {
            tracing::debug!(%error, "a connection ended early");
        }
        drop(permit);
    });
}
