//! A server over an engine in this process, on a simulated disk and a clock that the test moves.

use std::sync::Arc;

use axum::Router;
use holdfast::token::{Claims, TokenKey};
use holdfast_actors::{EngineOptions, cell::NoFaults, webhooks::deliver::Deliver};
use holdfast_domain::Timestamp;
use holdfast_http::{HttpOptions, webhooks::Addresses};
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    harness::{Caller, client, fresh_key},
    in_process::InProcess,
};

const KEY: TokenKey = [7; 32];

/// What an operator has set.
#[derive(Clone, Default)]
pub(crate) struct Site {
    pub(crate) public_url: String,
    /// Where webhooks may go.
    pub(crate) addresses: Addresses,
}

pub(crate) struct Dated {
    pub(crate) house: InProcess,
    base: String,
    site: Site,
    /// Ends with this.
    _server: JoinSet<()>,
}

impl Dated {
    pub(crate) async fn start(now: &str) -> Self {
        Self::start_with(now, EngineOptions::default()).await
    }

    pub(crate) async fn start_with(now: &str, options: EngineOptions) -> Self {
        let now = Timestamp::parse(now).unwrap();
        let house = InProcess::start_with(now, options, Arc::new(NoFaults)).await;
        Self::over(house, Site::default()).await
    }

    /// With somebody who is told of events.
    pub(crate) async fn start_telling(now: &str, deliver: Arc<dyn Deliver>, site: Site) -> Self {
        let (now, options) = (Timestamp::parse(now).unwrap(), EngineOptions::default());
        let house = InProcess::start_telling(now, options, Arc::new(NoFaults), deliver).await;
        Self::over(house, site).await
    }

    async fn over(house: InProcess, site: Site) -> Self {
        let options = HttpOptions {
            token_key: KEY.to_vec(),
            issuer: None,
            audience: None,
            public_url: site.public_url.clone(),
            version: Default::default(),
            webhook_addresses: site.addresses.clone(),
        };
        let router: Router = holdfast_http::routers(house.engine.clone(), &options).api;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { house, base, site, _server: server }
    }

    /// Stops, with everything folded, and starts on what was left.
    pub(crate) async fn restart(self) -> Self {
        let Self { house, site, .. } = self;
        Self::over(house.restart_after(0).await, site).await
    }

    /// The time from now on.
    pub(crate) fn at(&self, now: &str) {
        self.house.clock.set(Timestamp::parse(now).unwrap());
    }

    /// As [`crate::harness::Server::caller_with`].
    pub(crate) fn caller_with(
        &self,
        sub: &str,
        org: &str,
        change: impl FnOnce(&mut Claims),
    ) -> Caller {
        let now = self.house.engine.now();
        Caller::new((self.base.clone(), client()), &KEY, (sub, org), now, change)
    }

    pub(crate) fn caller(&self, sub: &str, org: &str) -> Caller {
        self.caller_with(sub, org, |_| {})
    }

    pub(crate) fn member(&self, sub: &str, org: &str) -> Caller {
        self.role("member", sub, org)
    }

    pub(crate) fn role(&self, role: &str, sub: &str, org: &str) -> Caller {
        self.caller_with(sub, org, |claims| claims.roles = Some(vec![role.into()]))
    }
}

/// The terms of the contract's examples.
pub(crate) fn example_terms() -> Value {
    serde_json::json!({"time_zone": "Europe/Berlin", "buffer_after_minutes": 15, "pricing": {
        "currency": "EUR", "per_hour_minor": 1200, "per_day_minor": 6000, "rounding_minutes": 15,
        "late_fee": {"grace_minutes": 10, "per_started_minutes": 30, "amount_minor": 900,
            "cap_minor": 20000}}})
}

/// What a command that must be taken is answered.
pub(crate) async fn post(caller: &Caller, path: &str, body: Value) -> Value {
    let reply = caller.post(path, &fresh_key(), &body).await;
    assert!(reply.status < 300, "{path}: {}", String::from_utf8_lossy(&reply.bytes));
    reply.json()
}

/// Options under which nothing is ever folded, and under which every record is at once.
pub(crate) fn folds() -> [EngineOptions; 2] {
    let (mut never, mut always) = (EngineOptions::default(), EngineOptions::default());
    (never.fold.entries, never.fold.age_ms) = (usize::MAX, i64::MAX);
    (always.fold.entries, always.fold.age_ms) = (1, 0);
    [never, always]
}

pub(crate) fn id(document: &Value) -> &str {
    document["id"].as_str().unwrap()
}
