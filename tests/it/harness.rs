//! A server under test, and callers with tokens of their own.
//!
//! In this process through the library's `start`, or as a child made from the real binary.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::atomic::{AtomicU64, Ordering},
};

use holdfast::{
    Config, Running, Settings,
    token::{self, Claims, TokenKey},
};
use holdfast_domain::Timestamp;
use reqwest::{Method, header::HeaderMap};
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const ALL_SCOPES: &str = "asset:read asset:write booking:write";

/// Small, so that starting a server does not write hundreds of megabytes of zeros.
const SEGMENT_BYTES: u32 = 4 * 1024 * 1024;

/// A configuration on free ports.
pub(crate) fn config(data_dir: &Path) -> Config {
    let local = "127.0.0.1:0".parse().unwrap();
    Settings {
        listen: Some(local),
        admin_listen: Some(local),
        data_dir: Some(data_dir.to_owned()),
        journal_segment_bytes: Some(SEGMENT_BYTES),
        ..Settings::default()
    }
    .resolve()
    .unwrap()
}

/// A server in this process on a folder of its own.
pub(crate) struct Server {
    running: Running,
    client: reqwest::Client,
    folder: TempDir,
    /// The whole minute in which it started: one test's instants must not straddle two.
    minute: Timestamp,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), change).await
    }

    pub(crate) async fn start_in(folder: TempDir, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = config(&folder.path().join("data"));
        change(&mut config);
        let running = holdfast::start(config).await.unwrap();
        let minute = Timestamp::from_millis(running.now().millis() / 60_000 * 60_000);
        Self { running, client: client(), folder, minute }
    }

    /// Stops it in order and leaves what it stored.
    pub(crate) async fn stop(self) -> TempDir {
        self.running.stop().await;
        self.folder
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.running.now()
    }

    /// An instant `minutes` after the minute of the start, as text.
    pub(crate) fn in_minutes(&self, minutes: i64) -> String {
        self.minute.plus_minutes(minutes).to_string()
    }

    /// Every scope, no roles claim (so a manager), every location.
    pub(crate) fn caller(&self, sub: &str, org: &str) -> Caller {
        self.caller_with(sub, org, |_| {})
    }

    pub(crate) fn caller_with(
        &self,
        sub: &str,
        org: &str,
        change: impl FnOnce(&mut Claims),
    ) -> Caller {
        let base = format!("http://{}", self.running.address);
        let (key, now) = (&self.running.token_key, test_now());
        Caller::new((base, self.client.clone()), key, (sub, org), now, change)
    }

    /// With these roles, no scope, and the operators' listener.
    pub(crate) fn operator(&self, roles: &[&str]) -> Caller {
        let base = format!("http://{}", self.running.admin_address);
        let roles = roles.iter().map(|role| (*role).to_owned()).collect();
        let key = &self.running.token_key;
        let place = (base, self.client.clone());
        Caller::new(place, key, ("ops", "org_ops"), test_now(), |claims| {
            claims.roles = Some(roles);
            claims.scope = String::new();
        })
    }

    pub(crate) fn member(&self, sub: &str, org: &str) -> Caller {
        self.caller_with(sub, org, |claims| claims.roles = Some(vec!["member".into()]))
    }
}

pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().tcp_nodelay(true).build().unwrap()
}

/// Somebody with a token.
#[derive(Clone)]
pub(crate) struct Caller {
    base: String,
    token: String,
    client: reqwest::Client,
    pub(crate) sub: String,
    pub(crate) org: String,
}

impl Caller {
    /// With a token that is good for years from `now` on.
    pub(crate) fn new(
        (base, client): (String, reqwest::Client),
        key: &TokenKey,
        (sub, org): (&str, &str),
        now: Timestamp,
        change: impl FnOnce(&mut Claims),
    ) -> Self {
        let mut claims = Claims {
            sub: sub.into(),
            org_id: org.into(),
            scope: ALL_SCOPES.into(),
            ..Claims::default()
        };
        change(&mut claims);
        let token = token::mint(key, claims, now, 10 * 366 * 86_400);
        Self { base, token, client, sub: sub.into(), org: org.into() }
    }

    /// The same token, sent to another's server.
    pub(crate) fn at(self, other: &Self) -> Self {
        Self { base: other.base.clone(), ..self }
    }

    /// Where the server listens, as `host:port`.
    pub(crate) fn address(&self) -> &str {
        self.base.trim_start_matches("http://")
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// The same caller without a token.
    pub(crate) fn without_token(self) -> Self {
        Self { token: String::new(), ..self }
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, &[], None).await
    }

    pub(crate) async fn post(&self, path: &str, key: &str, body: &Value) -> Reply {
        self.send(Method::POST, path, &[("idempotency-key", key)], Some(body)).await
    }

    pub(crate) async fn put(&self, path: &str, key: &str, etag: &str, body: &Value) -> Reply {
        let headers = [("idempotency-key", key), ("if-match", etag)];
        self.send(Method::PUT, path, &headers, Some(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, key: &str, etag: &str, body: &Value) -> Reply {
        let headers = [("idempotency-key", key), ("if-match", etag)];
        self.send(Method::PATCH, path, &headers, Some(body)).await
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Reply {
        self.try_send(method, path, headers, body).await.unwrap()
    }

    /// An error when the connection broke before an answer was there.
    pub(crate) async fn try_send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> reqwest::Result<Reply> {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        let headers = answer.headers().clone();
        let bytes = answer.bytes().await?.to_vec();
        Ok(Reply { status, headers, bytes })
    }

    /// A new asset of the caller's org; its id.
    pub(crate) async fn asset(&self, name: &str) -> String {
        let reply = self.post("/assets", &fresh_key(), &self.asset_body(name)).await;
        reply.expect(201)["id"].as_str().unwrap().to_owned()
    }

    /// The same with these booking terms.
    pub(crate) async fn asset_under(&self, terms: Value) -> String {
        let mut body = self.asset_body("Van");
        body["booking_terms"] = terms;
        let reply = self.post("/assets", &fresh_key(), &body).await;
        reply.expect(201)["id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn asset_body(&self, name: &str) -> Value {
        json!({"name": name, "category": "EQUIPMENT", "owner_org_id": self.org, "location_id": "loc_7"})
    }

    pub(crate) async fn book(&self, asset: &str, start: &str, end: &str) -> Reply {
        let body = self.booking_body(start, end);
        self.post(&format!("/assets/{asset}/bookings"), &fresh_key(), &body).await
    }

    pub(crate) fn booking_body(&self, start: &str, end: &str) -> Value {
        json!({"user_id": self.sub, "start": start, "end": end, "accept_terms": true})
    }

    /// Every row of a list, page by page, newest first.
    pub(crate) async fn pages(&self, path: &str, limit: usize) -> Vec<Value> {
        let mut rows = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let sign = if path.contains('?') { '&' } else { '?' };
            let after = cursor.map(|text| format!("&cursor={text}")).unwrap_or_default();
            let page = self.get(&format!("{path}{sign}limit={limit}{after}")).await;
            let page = page.expect(200);
            let items = page["items"].as_array().unwrap();
            assert!(items.len() <= limit);
            rows.extend(items.iter().cloned());
            assert_eq!(page["has_more"].as_bool().unwrap(), !page["next_cursor"].is_null());
            cursor = page["next_cursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                return rows;
            }
        }
    }
}

/// A key nobody has used.
pub(crate) fn fresh_key() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("key-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

pub(crate) fn test_now() -> Timestamp {
    use holdfast_actors::clock::{Clock as _, SystemClock};
    SystemClock::start().now()
}

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Reply {
    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.bytes));
        self.json()
    }

    /// A problem document with this status and code.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) -> Value {
        let body = self.expect(status);
        assert_eq!(body["code"], code, "{body}");
        assert_eq!(body["status"], status);
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        assert!(body["traceId"].as_str().is_some_and(|id| !id.is_empty()), "{body}");
        body
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// The real binary as a child process.
pub(crate) struct Spawned {
    child: Child,
    base: String,
    data_dir: PathBuf,
}

impl Spawned {
    /// Returns once it says where it listens.
    pub(crate) fn start(data_dir: &Path, arguments: &[&str]) -> Self {
        let mut child = holdfast_command()
            .args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--data-dir"])
            .arg(data_dir)
            .args(["--journal-segment-bytes", &SEGMENT_BYTES.to_string()])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut seen = String::new();
        let base = loop {
            let Some(line) = lines.next() else { panic!("it ended before it listened:\n{seen}") };
            let line = line.unwrap();
            if let Some((_, rest)) = line.split_once("listening on ") {
                break rest.split_whitespace().next().unwrap().to_owned();
            }
            seen.push_str(&line);
            seen.push('\n');
        };
        // Keep reading, so that the child never blocks on a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, base, data_dir: data_dir.to_owned() }
    }

    pub(crate) fn caller(&self, sub: &str, org: &str) -> Caller {
        let key = std::fs::read(self.data_dir.join(token::KEY_FILE)).unwrap();
        let key: TokenKey = key.try_into().unwrap();
        Caller::new((self.base.clone(), client()), &key, (sub, org), test_now(), |_| {})
    }

    pub(crate) fn kill_9(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn terminate(mut self) -> ExitStatus {
        let sent = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(sent.success());
        self.child.wait().unwrap()
    }
}

impl Drop for Spawned {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The binary without the environment's settings.
pub(crate) fn holdfast_command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_holdfast"));
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("HOLDFAST_")) {
            command.env_remove(name);
        }
    }
    command
}
