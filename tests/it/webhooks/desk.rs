//! What the tests of the routes share: a server whose receivers the test plays, and endpoints made there.

use std::{sync::Arc, time::Duration};

use reqwest::Method;
use serde_json::{Value, json};

use super::receivers::Receivers;
use crate::{
    dated::{Dated, Site, id},
    harness::{Caller, Reply, fresh_key},
};

pub(super) const NOW: &str = "2025-08-20T09:00:00Z";
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) async fn start() -> (Dated, Arc<Receivers>) {
    let receivers = Receivers::new();
    let deliver = Arc::<Receivers>::clone(&receivers);
    (Dated::start_telling(NOW, deliver, Site::default()).await, receivers)
}

/// What asks to be told at this name.
pub(super) fn wish(name: &str, events: &[&str]) -> Value {
    json!({"url": url(name), "events": events})
}

pub(super) fn url(name: &str) -> String {
    format!("https://{name}.example/hooks")
}

pub(super) fn path(endpoint: &Value) -> String {
    format!("/webhook-endpoints/{}", id(endpoint))
}

/// A new endpoint, as it was answered.
pub(super) async fn tell(caller: &Caller, name: &str, events: &[&str]) -> Value {
    caller.post("/webhook-endpoints", &fresh_key(), &wish(name, events)).await.expect(201)
}

/// A command without a body.
pub(super) async fn bare(caller: &Caller, path: &str, key: &str) -> Reply {
    caller.send(Method::POST, path, &[("idempotency-key", key)], None).await
}

/// Until it holds; the engine's clock goes on by a millisecond a turn.
pub(super) async fn until(server: &Dated, holds: impl Fn() -> bool) {
    let reached = async {
        while !holds() {
            server.house.clock.advance_ms(1);
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, reached).await.expect("it never happens");
}

/// The deliveries to an endpoint once they are as wanted.
pub(super) async fn deliveries(
    server: &Dated,
    caller: &Caller,
    endpoint: &Value,
    wanted: impl Fn(&[Value]) -> bool,
) -> Vec<Value> {
    let list = format!("{}/deliveries", path(endpoint));
    let reached = async {
        loop {
            let found = caller.pages(&list, 100).await;
            if wanted(&found) {
                return found;
            }
            server.house.clock.advance_ms(10);
        }
    };
    tokio::time::timeout(PATIENCE, reached).await.expect("it never happens")
}

/// Books the asset for a minute, so many minutes after the start of September.
pub(super) async fn book(caller: &Caller, asset: &str, minute: i64) -> Value {
    let september = holdfast_domain::Timestamp::parse("2025-09-01T08:00:00Z").unwrap();
    let at = |minute| september.plus_minutes(minute).to_string();
    caller.book(asset, &at(minute), &at(minute + 1)).await.expect(201)
}
