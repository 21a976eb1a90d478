//! The document that asked for the sharing API, walked line by line: each example as it stands there,
//! on the day it tells of. `docs/seed.md` says which line is shown by which test, and `rows` that it
//! says so of tests there are. Ids in the document are like `bkg_123`; ours stand in their place.

mod assets;
mod bookings;
mod receiver;
mod rows;
mod told;
mod use_of_it;

use std::sync::Arc;

use holdfast_http::webhooks::{Addresses, Sender, SenderOptions};
use serde_json::{Value, json};

use crate::{
    dated::{Dated, Site},
    harness::{Caller, Reply, fresh_key},
};

/// When the document's webhook was sent.
const NOW: &str = "2025-08-23T12:34:56Z";
/// The window of the document's booking.
const WINDOW: (&str, &str) = ("2025-09-01T08:00:00Z", "2025-09-01T16:00:00Z");

/// A server at the document's address, whose webhooks may go to this machine.
async fn start() -> Dated {
    let addresses = Addresses::new(vec!["127.0.0.0/8".parse().unwrap()]);
    let options = SenderOptions { addresses: addresses.clone(), ..SenderOptions::default() };
    let site = Site { public_url: "https://api.toss.erp".into(), addresses };
    Dated::start_telling(NOW, Arc::new(Sender::new(options).unwrap()), site).await
}

/// With this scope, and no other claim than the document knows of.
fn scoped(server: &Dated, sub: &str, scope: &str) -> Caller {
    server.caller_with(sub, "org_1", |claims| claims.scope = scope.into())
}

/// "Example request" of `POST /assets`.
fn forklift() -> Value {
    json!({ "name": "Forklift A2", "category": "EQUIPMENT", "owner_org_id": "org_1", "location_id": "loc_7" })
}

/// "Example request" of `POST /assets/{id}/bookings`.
fn booking() -> Value {
    json!({ "user_id": "usr_9", "start": "2025-09-01T08:00:00Z", "end": "2025-09-01T16:00:00Z", "accept_terms": true })
}

/// The document's forklift; its path.
async fn a_forklift(boss: &Caller) -> String {
    let made = boss.post("/assets", &fresh_key(), &forklift()).await.expect(201);
    format!("/assets/{}", made["id"].as_str().unwrap())
}

/// The standard list envelope with these rows.
#[track_caller]
fn envelope(reply: &Reply, rows: usize) -> Value {
    let page = reply.expect(200);
    for member in ["items", "next_cursor", "prev_cursor", "has_more"] {
        assert!(page.get(member).is_some(), "{member} is missing: {page}");
    }
    assert_eq!(page["items"].as_array().unwrap().len(), rows, "{page}");
    page
}

/// Every member that the document lists.
#[track_caller]
fn has(document: &Value, members: &str) {
    for member in members.split(", ") {
        assert!(document.get(member).is_some(), "{member} is missing: {document}");
    }
}

/// A command without a key is refused, and so is one with a token of another scope.
async fn needs(caller: &Caller, wrong: &Caller, path: &str, body: &Value) {
    let keyless = caller.send(reqwest::Method::POST, path, &[], Some(body)).await;
    keyless.refused(400, "IDEMPOTENCY_KEY_REQUIRED");
    wrong.post(path, &fresh_key(), body).await.refused(403, "INSUFFICIENT_SCOPE");
}
