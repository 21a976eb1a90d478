//! As much of an HTTP/1.1 client as the measurement needs: one request at a time on one kept
//! connection, answers with a `Content-Length`.
//!
//! It must stay cheap, because it runs on the cores of the server it measures: no allocation per
//! request, one write and mostly one read per exchange.

use std::{
    future::poll_fn,
    io::{self, ErrorKind},
    net::SocketAddr,
    ops::Range,
    pin::Pin,
};

use tokio::{
    io::{AsyncRead as _, AsyncWrite as _, ReadBuf},
    net::TcpStream,
};

const INBOX_BYTES: usize = 16 * 1024;

/// One kept connection.
pub(crate) struct Connection {
    stream: TcpStream,
    inbox: Vec<u8>,
    filled: usize,
}

/// What came back.
pub(crate) struct Reply<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
}

/// Where the parts of a complete answer lie in the inbox.
struct Frame {
    status: u16,
    body: Range<usize>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, inbox: vec![0; INBOX_BYTES], filled: 0 })
    }

    /// Sends a whole request and waits for the whole answer.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> io::Result<Reply<'_>> {
        self.send(request).await?;
        self.filled = 0;
        loop {
            if self.receive().await? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            if let Some(Frame { status, body }) = frame(&self.inbox[..self.filled])? {
                if body.end <= self.filled {
                    return Ok(Reply { status, body: &self.inbox[body] });
                }
                if body.end > self.inbox.len() {
                    self.inbox.resize(body.end, 0);
                }
            }
        }
    }

    /// `GET path`, for set-up and checks.
    pub(crate) async fn get(&mut self, path: &str, token: &str) -> io::Result<Reply<'_>> {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n"
        );
        self.exchange(request.as_bytes()).await
    }

    async fn send(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let sent =
                poll_fn(|context| Pin::new(&mut self.stream).poll_write(context, bytes)).await?;
            bytes = &bytes[sent..];
        }
        Ok(())
    }

    async fn receive(&mut self) -> io::Result<usize> {
        if self.filled == self.inbox.len() {
            self.inbox.resize(self.inbox.len() * 2, 0);
        }
        let mut room = ReadBuf::new(&mut self.inbox[self.filled..]);
        poll_fn(|context| Pin::new(&mut self.stream).poll_read(context, &mut room)).await?;
        let received = room.filled().len();
        self.filled += received;
        Ok(received)
    }
}

/// `None` until the head is complete.
fn frame(bytes: &[u8]) -> io::Result<Option<Frame>> {
    let Some(head_length) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let bad = |what: &str| io::Error::new(ErrorKind::InvalidData, what.to_owned());
    let head = &bytes[..head_length];
    let digits = head.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok());
    let status = digits.and_then(|digits| digits.parse().ok()).ok_or_else(|| bad("no status"))?;
    let body_start = head_length + 4;
    let length = content_length(head).ok_or_else(|| bad("no content-length"))?;
    Ok(Some(Frame { status, body: body_start..body_start + length }))
}

fn content_length(head: &[u8]) -> Option<usize> {
    const NAME: &[u8] = b"content-length:";
    head.split(|byte| *byte == b'\n').find_map(|line| {
        let (name, value) = line.split_at_checked(NAME.len())?;
        let value = std::str::from_utf8(value).ok()?.trim();
        name.eq_ignore_ascii_case(NAME).then(|| value.parse().ok())?
    })
}
