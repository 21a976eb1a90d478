//! `kill -9` under load, on the real binary: nothing acknowledged is lost, nothing is invented, and
//! whoever got no answer asks again and has one effect.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    audit_chain,
    harness::{Caller, Reply, Spawned, fresh_key},
};

const ROUNDS: usize = 4;
const CLIENTS: usize = 16;
/// Answers after which the process is killed; others are in flight at that moment.
const ANSWERS_PER_ROUND: usize = 150;

#[derive(Default)]
struct Ledger {
    /// Acknowledged bookings by their key, as answered.
    answered: HashMap<String, Value>,
    /// Sent, and no answer came.
    open: HashMap<String, (String, Value)>,
    requests: usize,
    answers: usize,
}

fn slot(number: usize) -> Value {
    // Far apart and always ahead; each number a window of its own.
    let start = holdfast_domain::Timestamp::parse("2100-01-01T00:00:00Z").unwrap();
    let start = start.plus_minutes(-(number as i64) * 10 - 60 * 24 * 365 * 72);
    json!({"user_id": "usr_9", "start": start, "end": start.plus_minutes(10),
        "accept_terms": true})
}

async fn post(caller: &Caller, path: &str, key: &str, body: &Value) -> reqwest::Result<Reply> {
    caller.try_send(Method::POST, path, &[("idempotency-key", key)], Some(body)).await
}

/// Books until the connection breaks.
async fn client(caller: Caller, path: String, ledger: Arc<Mutex<Ledger>>, killer: Arc<Killer>) {
    loop {
        let key = fresh_key();
        let body = {
            let mut ledger = ledger.lock().unwrap();
            ledger.requests += 1;
            let body = slot(ledger.requests);
            ledger.open.insert(key.clone(), (path.clone(), body.clone()));
            body
        };
        let Ok(reply) = post(&caller, &path, &key, &body).await else { return };
        let booking = reply.expect(201);
        let answers = {
            let mut ledger = ledger.lock().unwrap();
            ledger.open.remove(&key);
            ledger.answered.insert(key, booking);
            ledger.answers += 1;
            ledger.answers
        };
        if answers.is_multiple_of(ANSWERS_PER_ROUND) {
            killer.kill();
        }
    }
}

struct Killer(Mutex<Option<Spawned>>);

impl Killer {
    fn kill(&self) {
        if let Some(server) = self.0.lock().unwrap().take() {
            server.kill_9();
        }
    }
}

/// Everything acknowledged is there as answered; nothing else but what was asked and not answered.
async fn check(caller: &Caller, assets: &[String], ledger: &Mutex<Ledger>) {
    let mut stored = HashMap::new();
    for asset in assets {
        for booking in caller.pages(&format!("/assets/{asset}/bookings"), 100).await {
            stored.insert(booking["id"].as_str().unwrap().to_owned(), booking);
        }
        audit_chain::verified(caller, asset).await;
    }
    let open = std::mem::take(&mut ledger.lock().unwrap().open);
    for (key, (path, body)) in open {
        let again = post(caller, &path, &key, &body).await.unwrap();
        let booking = again.json();
        let id = booking["id"].as_str().unwrap_or_default();
        // Present before the retry means a replay, absent means the first effect.
        let expected = if stored.contains_key(id) { 200 } else { 201 };
        again.expect(expected);
        stored.insert(id.to_owned(), booking.clone());
        ledger.lock().unwrap().answered.insert(key, booking);
    }
    let ledger = ledger.lock().unwrap();
    for booking in ledger.answered.values() {
        assert_eq!(stored.get(booking["id"].as_str().unwrap()), Some(booking), "lost");
    }
    assert_eq!(stored.len(), ledger.answered.len(), "a booking nobody asked for");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let ledger = Arc::new(Mutex::new(Ledger::default()));
    let mut assets = Vec::new();
    for round in 0..ROUNDS {
        let server = Spawned::start(&data, &["--fold-entries", "100"]);
        let caller = server.caller("usr_9", "org_1");
        if round == 0 {
            for number in 0..3 {
                assets.push(caller.asset(&format!("Van {number}")).await);
            }
        }
        check(&caller, &assets, &ledger).await;
        let killer = Arc::new(Killer(Mutex::new(Some(server))));
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..CLIENTS {
            let path = format!("/assets/{}/bookings", assets[number % assets.len()]);
            let (ledger, killer) = (Arc::clone(&ledger), Arc::clone(&killer));
            tasks.spawn(client(caller.clone(), path, ledger, killer));
        }
        tasks.join_all().await;
    }
    let server = Spawned::start(&data, &[]);
    check(&server.caller("usr_9", "org_1"), &assets, &ledger).await;
    assert!(ledger.lock().unwrap().answers >= ROUNDS * ANSWERS_PER_ROUND);
    assert!(server.terminate().success());
}
