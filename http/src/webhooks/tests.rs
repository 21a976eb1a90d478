//! Webhooks on the wire, tried against what the internet has to offer. No packet leaves loopback.

mod addresses;
mod hostile;
mod receiver;
mod rows;
mod signatures;

use std::{
    collections::VecDeque,
    error::Error,
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use holdfast_actors::webhooks::deliver::Attempt;
use tower::{Layer, Service};

use super::{
    Addresses, Sender, SenderOptions,
    names::{Lookup, Names},
};

const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";

fn attempt(url: &str) -> Attempt {
    Attempt {
        url: url.to_owned(),
        event_id: "evt_01J6Q7A9ZB".to_owned(),
        timestamp_s: 784_111_777,
        request_id: "01J6Q7A8V4".to_owned(),
        body: Bytes::from_static(br#"{"type":"webhook.test"}"#),
        secrets: vec![SECRET.to_owned()],
    }
}

fn addresses(opened: &[&str]) -> Addresses {
    Addresses::new(opened.iter().map(|net| net.parse().unwrap()).collect())
}

fn options(opened: &[&str]) -> SenderOptions {
    SenderOptions {
        addresses: addresses(opened),
        timeout: Duration::from_secs(20),
        ..SenderOptions::default()
    }
}

/// A sender with the system's DNS and nothing in between.
fn sender(opened: &[&str], timeout_ms: u64) -> Sender {
    let timeout = Duration::from_millis(timeout_ms);
    Sender::new(SenderOptions { timeout, ..options(opened) }).unwrap()
}

/// A DNS that answers as told, one answer a lookup and the last one for ever, and a network that
/// leads every dial to one listener.
struct Stub {
    answers: Mutex<VecDeque<Vec<IpAddr>>>,
    dialled: Mutex<Vec<IpAddr>>,
    listener: SocketAddr,
}

impl Stub {
    fn new(answers: &[&[&str]], listener: SocketAddr) -> Arc<Self> {
        let answers: VecDeque<Vec<IpAddr>> = answers
            .iter()
            .map(|answer| answer.iter().map(|address| address.parse().unwrap()).collect())
            .collect();
        Arc::new(Self { answers: answers.into(), dialled: Mutex::default(), listener })
    }

    /// What was handed to the socket since the last call.
    fn dialled(&self) -> Vec<String> {
        self.dialled.lock().unwrap().drain(..).map(|address| address.to_string()).collect()
    }
}

impl Names for Stub {
    fn lookup(&self, _: String) -> Lookup {
        let mut answers = self.answers.lock().unwrap();
        let answer = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        Box::pin(async { answer.ok_or_else(|| io::Error::other("no such name")) })
    }

    fn route(&self, address: IpAddr) -> SocketAddr {
        self.dialled.lock().unwrap().push(address);
        self.listener
    }
}

/// Around the client's whole connector: counts its connections, and can end each before the network.
#[derive(Clone, Default)]
struct Watch {
    connections: Arc<AtomicUsize>,
    stop: bool,
}

impl Watch {
    fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

impl<S> Layer<S> for Watch {
    type Service = Watched<S>;

    fn layer(&self, inner: S) -> Watched<S> {
        Watched { inner, watch: self.clone() }
    }
}

#[derive(Clone)]
struct Watched<S> {
    inner: S,
    watch: Watch,
}

impl<S, R> Service<R> for Watched<S>
where
    S: Service<R, Error = Box<dyn Error + Send + Sync>>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        self.watch.connections.fetch_add(1, Ordering::Relaxed);
        if self.watch.stop {
            return Box::pin(async { Err("stopped before the network".into()) });
        }
        Box::pin(self.inner.call(request))
    }
}

/// An address on loopback where nobody listens, so far as anybody can know.
fn nobody() -> SocketAddr {
    std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap()
}
