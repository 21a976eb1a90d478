//! Webhook endpoints that want everything, and a receiver that takes whatever comes.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::ensure;
use serde_json::json;

use crate::wire::Connection;

/// Takes deliveries on a thread per connection until the process ends; says how many there were.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    taken: Arc<AtomicU64>,
}

impl Receiver {
    pub(crate) fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let taken = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&taken);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let counter = Arc::clone(&counter);
                // A connection that breaks is opened anew by the sender.
                std::thread::spawn(move || drop(take(stream, &counter)));
            }
        });
        Ok(Self { address, taken })
    }

    pub(crate) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }
}

fn take(stream: TcpStream, counter: &AtomicU64) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut answers = stream.try_clone()?;
    let mut requests = BufReader::with_capacity(16 * 1024, stream);
    let (mut line, mut body) = (String::new(), Vec::new());
    loop {
        let mut length = 0;
        loop {
            line.clear();
            if requests.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if line == "\r\n" {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        body.resize(length, 0);
        requests.read_exact(&mut body)?;
        answers.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")?;
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// Asks the server to tell the receiver of everything, so many times over.
pub(crate) async fn subscribe(
    server: SocketAddr,
    token: &str,
    receiver: SocketAddr,
    endpoints: usize,
) -> anyhow::Result<()> {
    let mut connection = Connection::open(server).await?;
    for number in 0..endpoints {
        let url = format!("http://{receiver}/{number}");
        let body = json!({"url": url, "events": ["*"]}).to_string();
        let request = format!(
            "POST /webhook-endpoints HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\
             Idempotency-Key: endpoint-{number}\r\n\r\n{body}",
            body.len()
        );
        let reply = connection.exchange(request.as_bytes()).await?;
        let text = String::from_utf8_lossy(reply.body);
        ensure!(reply.status == 201, "an endpoint is answered {}: {text}", reply.status);
    }
    Ok(())
}
