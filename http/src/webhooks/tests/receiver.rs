//! Receivers on loopback: each says the same to whoever connects, and counts who did.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc::{self, UnboundedReceiver, UnboundedSender},
};
use tokio_rustls::TlsAcceptor;

/// What a receiver does with a request.
#[derive(Clone, Copy)]
pub(super) enum Says {
    /// These bytes, then waits for the client to go on or go away.
    Answer(&'static str),
    /// These bytes, whatever was or was not asked, then hangs up.
    Shout(&'static str),
    /// Nothing, and keeps the connection.
    Nothing,
    /// This head, and then the same bytes for ever.
    Endless(&'static str),
    /// This head, and then the same byte for ever, one each time.
    Drip(&'static str, Duration),
}

/// One request as it came in.
pub(super) struct Received {
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Received {
    /// The value of a header, whose name is compared as HTTP does.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }
}

pub(super) struct Receiver {
    pub(super) address: SocketAddr,
    accepted: Arc<AtomicUsize>,
    received: UnboundedReceiver<Received>,
}

impl Receiver {
    pub(super) async fn start(says: Says) -> Self {
        Self::with(says, None).await
    }

    pub(super) async fn with(says: Says, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let accepted = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&accepted);
        let (sender, received) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(serve(stream, tls.clone(), says, sender.clone()));
            }
        });
        Self { address, accepted, received }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// How often anybody connected.
    pub(super) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::Relaxed)
    }

    pub(super) async fn received(&mut self) -> Received {
        self.received.recv().await.unwrap()
    }
}

async fn serve(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    says: Says,
    sender: UnboundedSender<Received>,
) -> io::Result<()> {
    match tls {
        Some(tls) => converse(tls.accept(stream).await?, says, sender).await,
        None => converse(stream, says, sender).await,
    }
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    says: Says,
    sender: UnboundedSender<Received>,
) -> io::Result<()> {
    if let Says::Shout(bytes) = says {
        stream.write_all(bytes.as_bytes()).await?;
        stream.shutdown().await?;
        // Hanging up on unread bytes would be a reset, sometimes before the client has read ours.
        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await?;
        return Ok(());
    }
    while let Some(received) = read(&mut stream).await? {
        // The test may have seen enough.
        let _ = sender.send(received);
        match says {
            Says::Answer(bytes) => stream.write_all(bytes.as_bytes()).await?,
            Says::Shout(_) | Says::Nothing => {}
            Says::Endless(head) => {
                stream.write_all(head.as_bytes()).await?;
                loop {
                    stream.write_all(&[b'x'; 4096]).await?;
                }
            }
            Says::Drip(head, each) => {
                stream.write_all(head.as_bytes()).await?;
                let mut pace = tokio::time::interval(each);
                loop {
                    pace.tick().await;
                    stream.write_all(b"x").await?;
                }
            }
        }
    }
    Ok(())
}

/// One request with a `Content-Length`, or `None` where the client has gone.
async fn read<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<Option<Received>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return Ok(None),
        }
    }
    let head = String::from_utf8(head).map_err(io::Error::other)?;
    let mut received = Received { head, body: Vec::new() };
    let length = received.header("content-length").and_then(|length| length.parse().ok());
    received.body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut received.body).await?;
    Ok(Some(received))
}
