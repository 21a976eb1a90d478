//! A wire between a client and a server that can be cut or fall silent at a given answer.

use std::{
    ops::ControlFlow,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::Notify,
};

/// What it does with answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Manner {
    Open,
    /// Lets so many through and keeps the next to itself.
    SilentAfter(usize),
    /// Lets so many through and breaks the connection instead of the next; then it is open.
    CutAfter(usize),
}

pub(super) struct Wire {
    address: std::net::SocketAddr,
    state: Arc<State>,
}

struct State {
    manner: Mutex<Manner>,
    silenced: Notify,
}

impl Wire {
    /// To a server that listens there.
    pub(super) async fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State { manner: Mutex::new(Manner::Open), silenced: Notify::new() });
        let (server, of_wire) = (server.to_owned(), Arc::clone(&state));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(connect(client, server.clone(), Arc::clone(&of_wire)));
            }
        });
        Self { address, state }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    pub(super) fn be(&self, manner: Manner) {
        *self.state.manner.lock().unwrap() = manner;
    }

    /// An answer has been kept back.
    pub(super) async fn silenced(&self) {
        self.state.silenced.notified().await;
    }
}

async fn connect(client: TcpStream, server: String, state: Arc<State>) {
    let Ok(server) = TcpStream::connect(server).await else { return };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        () = pass(from_client, to_server, |_| ControlFlow::Continue(true)) => {}
        () = pass(from_server, to_client, |part| state.judge(part)) => {}
    }
}

/// Hands on what comes, as long as `judge` goes on and says so.
async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    judge: impl Fn(&[u8]) -> ControlFlow<(), bool>,
) {
    let mut part = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut part).await {
        match judge(&part[..read]) {
            ControlFlow::Continue(true) if to.write_all(&part[..read]).await.is_ok() => {}
            ControlFlow::Continue(false) => {}
            _ => return,
        }
    }
}

impl State {
    /// What to do with a part of an answer: an answer to a write is a head, and comes at once.
    fn judge(&self, part: &[u8]) -> ControlFlow<(), bool> {
        let mut manner = self.manner.lock().unwrap();
        if !part.starts_with(b"HTTP/1.1 ") {
            return ControlFlow::Continue(true);
        }
        match &mut *manner {
            Manner::Open => ControlFlow::Continue(true),
            Manner::SilentAfter(0) => {
                self.silenced.notify_one();
                ControlFlow::Continue(false)
            }
            Manner::CutAfter(0) => {
                *manner = Manner::Open;
                ControlFlow::Break(())
            }
            Manner::SilentAfter(left) | Manner::CutAfter(left) => {
                *left -= 1;
                ControlFlow::Continue(true)
            }
        }
    }
}
