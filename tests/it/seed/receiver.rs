//! A receiver of webhooks on a socket of this machine, which keeps what came as it came.

use std::sync::{Arc, Mutex};

use axum::{Router, body::Bytes, http::HeaderMap, routing::post};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use standardwebhooks::Webhook;
use tokio::{net::TcpListener, task::JoinSet};

#[derive(Clone)]
pub(super) struct Received {
    pub(super) headers: HeaderMap,
    pub(super) bytes: Bytes,
}

pub(super) struct Receiver {
    pub(super) url: String,
    kept: Arc<Mutex<Vec<Received>>>,
    _server: JoinSet<()>,
}

impl Receiver {
    pub(super) async fn start() -> Self {
        let kept: Arc<Mutex<Vec<Received>>> = Arc::default();
        let keep = Arc::clone(&kept);
        let router = Router::new().route(
            "/hooks",
            post(async move |headers: HeaderMap, bytes: Bytes| {
                keep.lock().unwrap().push(Received { headers, bytes });
            }),
        );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hooks", listener.local_addr().unwrap());
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, kept, _server: server }
    }

    /// The first delivery of this event.
    pub(super) fn first(&self, kind: &str) -> Option<Received> {
        let kept = self.kept.lock().unwrap();
        kept.iter().find(|it| it.body()["type"] == kind).cloned()
    }
}

impl Received {
    pub(super) fn body(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap()
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap().to_str().unwrap()
    }

    /// Signed with this secret, in both forms, as others make them.
    #[track_caller]
    pub(super) fn check(&self, secret: &str) {
        let at = self.header("webhook-timestamp").parse().unwrap();
        let standard = Webhook::new(secret).unwrap();
        let expected = standard.sign(self.header("webhook-id"), at, &self.bytes).unwrap();
        assert_eq!(self.header("webhook-signature"), expected);
        let mut older = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        older.update(&self.bytes);
        let hex: String =
            older.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(self.header("x-toss-signature"), hex);
        assert_eq!(self.header("webhook-id"), self.body()["id"]);
        assert_eq!(self.header("x-request-id"), self.body()["request_id"]);
    }
}
