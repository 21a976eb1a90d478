//! A thousand at once: one wins, and everybody else learns who.

use serde_json::Value;

use crate::{
    audit_chain,
    harness::{Caller, Reply, Server, fresh_key},
};

const CLIENTS: usize = 1_000;

/// The same request from every client at once; `key` gives each its own key, or all the same.
async fn storm(caller: &Caller, path: &str, key: impl Fn() -> String, body: &Value) -> Vec<Reply> {
    let gate = std::sync::Arc::new(tokio::sync::Barrier::new(CLIENTS));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..CLIENTS {
        let (caller, path, key, body) = (caller.clone(), path.to_owned(), key(), body.clone());
        let gate = std::sync::Arc::clone(&gate);
        tasks.spawn(async move {
            gate.wait().await;
            caller.post(&path, &key, &body).await
        });
    }
    tasks.join_all().await
}

/// One 201, everybody else 200 with the same bytes and headers. Returns the document.
fn one_effect(replies: &[Reply]) -> Value {
    let (first, replays): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 201);
    assert_eq!((first.len(), replays.len()), (1, CLIENTS - 1));
    for replay in replays {
        assert_eq!(replay.status, 200, "{}", String::from_utf8_lossy(&replay.bytes));
        assert_eq!(replay.bytes, first[0].bytes);
        assert_eq!(replay.header("idempotency-replayed"), Some("true"));
        for name in ["etag", "location"] {
            assert_eq!(replay.header(name), first[0].header(name));
        }
    }
    assert_eq!(first[0].header("idempotency-replayed"), None);
    first[0].json()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_slot_goes_to_one_of_a_thousand() {
    let server = Server::start().await;
    let owner = server.caller("usr_9", "org_1");
    let asset = owner.asset("Van").await;
    let path = format!("/assets/{asset}/bookings");
    let body = owner.booking_body(&server.in_minutes(60), &server.in_minutes(120));
    let replies = storm(&owner, &path, fresh_key, &body).await;
    let (won, lost): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 201);
    assert_eq!((won.len(), lost.len()), (1, CLIENTS - 1));
    let winner = won[0].json();
    for reply in lost {
        let problem = reply.refused(409, "BOOKING_OVERLAP");
        assert_eq!(problem["conflicts"][0]["id"], winner["id"]);
        assert_eq!(problem["conflicts"].as_array().unwrap().len(), 1);
    }
    assert_eq!(owner.pages(&path, 100).await, [winner]);
    audit_chain::verified(&owner, &asset).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_makes_one_booking() {
    let server = Server::start().await;
    let owner = server.caller("usr_9", "org_1");
    let asset = owner.asset("Van").await;
    let path = format!("/assets/{asset}/bookings");
    let body = owner.booking_body(&server.in_minutes(60), &server.in_minutes(120));
    let booking = one_effect(&storm(&owner, &path, || "the-key".into(), &body).await);
    assert_eq!(owner.pages(&path, 100).await, [booking]);
    assert_eq!(audit_chain::verified(&owner, &asset).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_registers_one_asset() {
    let server = Server::start().await;
    let owner = server.caller("usr_9", "org_1");
    let body = owner.asset_body("Van");
    let asset = one_effect(&storm(&owner, "/assets", || "the-key".into(), &body).await);
    assert_eq!(owner.pages("/assets", 100).await, [asset]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_keys_register_a_thousand_assets() {
    let server = Server::start().await;
    let owner = server.caller("usr_9", "org_1");
    let replies = storm(&owner, "/assets", fresh_key, &owner.asset_body("Van")).await;
    let ids: std::collections::HashSet<_> =
        replies.iter().map(|reply| reply.expect(201)["id"].to_string()).collect();
    assert_eq!(ids.len(), CLIENTS);
    assert_eq!(owner.pages("/assets", 100).await.len(), CLIENTS);
}
