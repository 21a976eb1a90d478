//! The four webhooks of the document, as they arrive at a receiver's socket.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    NOW, booking, forklift, has,
    receiver::{Received, Receiver},
    scoped, start,
};
use crate::{dated::Dated, harness::fresh_key};

const PATIENCE: Duration = Duration::from_secs(60);

/// The event once it has arrived. Time stands still meanwhile, but for what a lane rests.
async fn arrived(server: &Dated, receiver: &Receiver, kind: &str) -> Received {
    let reached = async {
        loop {
            if let Some(received) = receiver.first(kind) {
                return received;
            }
            server.house.clock.advance_ms(0);
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, reached).await.expect(kind)
}

#[tokio::test(flavor = "multi_thread")]
async fn all_four_and_signed() {
    let server = start().await;
    let receiver = Receiver::start().await;
    let boss = scoped(&server, "usr_2", "asset:write asset:read");
    let user = scoped(&server, "usr_9", "booking:write");
    let events =
        json!(["booking.created", "booking.checked_in", "booking.checked_out", "maintenance.due"]);
    let endpoint = json!({"url": receiver.url, "events": events});
    let endpoint = boss.post("/webhook-endpoints", &fresh_key(), &endpoint).await.expect(201);
    let secret = endpoint["secret"].as_str().unwrap();
    let mut body = forklift();
    body["maintenance_schedule"] = json!({"rules": [{"id": "oil", "type": "PREVENTIVE",
        "every_days": 90, "first_due": "2025-10-01T06:00:00Z"}]});
    let asset = boss.post("/assets", &fresh_key(), &body).await.expect(201);
    let path = format!("/assets/{}", asset["id"].as_str().unwrap());

    let key = fresh_key();
    let headers = [("idempotency-key", &*key), ("x-request-id", "01J6Q7A8V4")];
    let bookings = format!("{path}/bookings");
    let made = user.send(Method::POST, &bookings, &headers, Some(&booking())).await.expect(201);
    let created = arrived(&server, &receiver, "booking.created").await;
    created.check(secret);
    assert_eq!(created.header("x-request-id"), "01J6Q7A8V4");
    assert_eq!(created.header("content-type"), "application/json");
    // The document's payload, with our ids in the place of evt_01J6Q7A9ZB, bkg_123 and ast_456.
    let told = created.body();
    let example = json!({
      "id": told["id"],
      "type": "booking.created",
      "created_at": "2025-08-23T12:34:56Z",
      "request_id": "01J6Q7A8V4",
      "data": {
        "booking": {
          "id": made["id"],
          "asset_id": asset["id"],
          "user_id": "usr_9",
          "start": "2025-09-01T08:00:00Z",
          "end": "2025-09-01T16:00:00Z",
          "status": "CONFIRMED"
        }
      }
    });
    assert!(told["id"].as_str().unwrap().starts_with("evt_"));
    for member in ["id", "type", "created_at", "request_id"] {
        assert_eq!(told[member], example[member], "{member}");
    }
    for (member, expected) in example["data"]["booking"].as_object().unwrap() {
        assert_eq!(&told["data"]["booking"][member], expected, "{member}");
    }
    assert_eq!(told["data"]["booking"], made, "and the whole of it");
    assert_eq!(made["created_at"], NOW);

    let named = json!({"booking_id": made["id"]});
    for (at, step, kind) in [
        ("2025-09-01T08:00:00Z", "check-in", "booking.checked_in"),
        ("2025-09-01T16:00:00Z", "check-out", "booking.checked_out"),
    ] {
        server.at(at);
        let done = user.post(&format!("{path}/{step}"), &fresh_key(), &named).await.expect(200);
        let told = arrived(&server, &receiver, kind).await;
        told.check(secret);
        assert_eq!(told.body()["data"]["booking"], done);
        assert_eq!(told.body()["created_at"], at);
    }
    server.at("2025-10-01T06:00:00Z");
    let due = arrived(&server, &receiver, "maintenance.due").await;
    due.check(secret);
    let maintenance: &Value = &due.body()["data"]["maintenance"];
    has(maintenance, "id, asset_id, type, due_at, status");
    assert_eq!(maintenance["status"], "DUE");
    assert_eq!(due.body()["created_at"], "2025-10-01T06:00:00Z");
    assert!(!due.header("x-request-id").is_empty());
}
