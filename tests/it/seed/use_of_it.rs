//! The use of an asset: check-in, check-out, condition reports, maintenance, usage, audit.

use reqwest::Method;
use serde_json::{Value, json};

use super::{a_forklift, booking, envelope, has, needs, scoped, start};
use crate::{
    dated::Dated,
    harness::{Caller, fresh_key},
};

struct Cast {
    server: Dated,
    boss: Caller,
    user: Caller,
    /// Of the asset.
    path: String,
    booking: String,
}

/// `usr_9` has booked an asset that costs 12.00 an hour.
async fn booked() -> Cast {
    let server = start().await;
    let boss = scoped(&server, "usr_2", "asset:write asset:read");
    let user = scoped(&server, "usr_9", "booking:write");
    let path = a_forklift(&boss).await;
    let price = json!({"booking_terms": {"pricing": {"currency": "EUR", "per_hour_minor": 1200}}});
    boss.put(&path, &fresh_key(), "*", &price).await.expect(200);
    let made = user.post(&format!("{path}/bookings"), &fresh_key(), &booking()).await.expect(201);
    let booking = made["id"].as_str().unwrap().to_owned();
    Cast { server, boss, user, path, booking }
}

impl Cast {
    async fn used(self) -> Self {
        self.server.at("2025-09-01T08:00:00Z");
        let named = json!({"booking_id": self.booking});
        self.user.post(&format!("{}/check-in", self.path), &fresh_key(), &named).await.expect(200);
        self.server.at("2025-09-01T15:45:00Z");
        self.user.post(&format!("{}/check-out", self.path), &fresh_key(), &named).await.expect(200);
        self
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn check_in() {
    let Cast { server, boss, user, path, booking } = booked().await;
    let path = format!("{path}/check-in");
    let body = json!({"booking_id": booking, "condition_notes": "scratch on left fork"});
    needs(&user, &boss, &path, &body).await;
    let early = user.post(&path, &fresh_key(), &body).await.refused(409, "INVALID_TRANSITION");
    assert_eq!(early["current_status"], "CONFIRMED");
    server.at("2025-09-01T08:02:11Z");
    let key = fresh_key();
    let reply = user.post(&path, &key, &body).await;
    let used = reply.expect(200);
    assert_eq!(
        (&used["status"], &used["actual_start"]),
        (&json!("CHECKED_IN"), &json!("2025-09-01T08:02:11Z"))
    );
    assert_eq!(used["check_in_notes"], "scratch on left fork");
    assert_eq!(user.post(&path, &key, &body).await.bytes, reply.bytes);
    let again = user.post(&path, &fresh_key(), &body).await.refused(409, "INVALID_TRANSITION");
    assert_eq!(again["current_status"], "CHECKED_IN");
}

#[tokio::test(flavor = "multi_thread")]
async fn check_out() {
    let Cast { server, boss, user, path, booking } = booked().await;
    let out = format!("{path}/check-out");
    let body = json!({"booking_id": booking, "extra_cost_minor": 500});
    needs(&user, &boss, &out, &body).await;
    let unused = user.post(&out, &fresh_key(), &body).await.refused(409, "INVALID_TRANSITION");
    assert_eq!(unused["current_status"], "CONFIRMED");
    server.at("2025-09-01T08:00:00Z");
    let named = json!({"booking_id": booking});
    let used = user.post(&format!("{path}/check-in"), &fresh_key(), &named).await.expect(200);
    assert_eq!(used["cost_minor"], Value::Null);
    server.at("2025-09-01T16:00:00Z");
    let done = user.post(&out, &fresh_key(), &body).await.expect(200);
    assert_eq!(
        (&done["status"], &done["actual_end"]),
        (&json!("CHECKED_OUT"), &json!("2025-09-01T16:00:00Z"))
    );
    assert_eq!((&done["cost_minor"], &done["currency"]), (&json!(8 * 1200 + 500), &json!("EUR")));
}

#[tokio::test(flavor = "multi_thread")]
async fn condition_reports() {
    let Cast { server, boss, user, path, booking } = booked().await.used().await;
    let reports = format!("{path}/condition-reports");
    let body = json!({"booking_id": booking, "checklist": [{"item": "forks", "result": "OK"}],
        "photos": [{"url": "https://img.example/1.jpg"}], "notes": "fine"});
    needs(&boss, &user, &reports, &body).await;
    let made = boss.post(&reports, &fresh_key(), &body).await.expect(201);
    has(&made, "id, asset_id, booking_id, checklist, photos, notes, status, created_at");
    assert_eq!((&made["status"], &made["booking_id"]), (&json!("APPROVED"), &json!(booking)));
    // booking_id and notes may be absent; checklist and photos may not.
    let least = json!({"checklist": [{"item": "forks", "result": "DAMAGED"}], "photos": []});
    let waits = boss.post(&reports, &fresh_key(), &least).await.expect(201);
    assert_eq!(waits["status"], "PENDING_APPROVAL");
    let problem = boss.post(&reports, &fresh_key(), &json!({})).await;
    let problem = problem.refused(422, "VALIDATION_FAILED");
    let missing: Vec<_> =
        problem["errors"].as_array().unwrap().iter().map(|it| &it["pointer"]).collect();
    assert_eq!(missing, ["#/checklist", "#/photos"]);
    let approve = format!("/condition-reports/{}/approve", waits["id"].as_str().unwrap());
    boss.post(&approve, &fresh_key(), &json!({})).await.refused(403, "FORBIDDEN_ROLE");
    let other = server.role("manager", "usr_3", "org_1");
    let approved = other.post(&approve, &fresh_key(), &json!({})).await.expect(200);
    assert_eq!(approved["status"], "APPROVED");
}

#[tokio::test(flavor = "multi_thread")]
async fn maintenance() {
    let Cast { server: _server, boss, path, .. } = booked().await;
    let body = json!({"type": "INSPECTION", "due_at": "2025-10-01T06:00:00Z"});
    let made = boss.post(&format!("{path}/maintenance"), &fresh_key(), &body).await.expect(201);
    has(&made, "id, asset_id, type, due_at, status");
    assert_eq!((&made["type"], &made["due_at"]), (&body["type"], &body["due_at"]));
    envelope(&boss.get(&format!("{path}/maintenance")).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn usage() {
    let Cast { server: _server, boss, user, path, booking } = booked().await.used().await;
    let of = |query: &str| format!("{path}/usage?{query}");
    let page = boss.get(&of("date_from=2025-09-01&date_to=2025-09-02&limit=1")).await;
    let page = envelope(&page, 1);
    assert_eq!(page["items"][0]["booking_id"], booking.as_str());
    let summary = &page["summary"];
    assert_eq!((&summary["bookings"], &summary["used_minutes"]), (&json!(1), &json!(465)));
    assert_eq!(summary["by_currency"], json!([{"currency": "EUR", "cost_minor": 9600}]));
    envelope(&boss.get(&of("date_from=2025-09-02")).await, 0);
    user.get(&of("limit=1")).await.refused(403, "INSUFFICIENT_SCOPE");
    boss.get(&of("cursor=AAAA")).await.refused(400, "INVALID_CURSOR");
}

#[tokio::test(flavor = "multi_thread")]
async fn audit() {
    let Cast { server, boss, user, path, .. } = booked().await.used().await;
    let path = format!("{path}/audit");
    let page = envelope(&boss.get(&path).await, 5);
    let told: Vec<_> =
        page["items"].as_array().unwrap().iter().map(|it| it["type"].as_str().unwrap()).collect();
    let expected = [
        "booking.checked_out",
        "booking.checked_in",
        "booking.created",
        "asset.updated",
        "asset.created",
    ];
    assert_eq!(told, expected);
    user.get(&path).await.refused(403, "INSUFFICIENT_SCOPE");
    // Departure: the scope alone is not enough, the log shows other people's names.
    server.member("usr_9", "org_1").get(&path).await.refused(403, "FORBIDDEN_ROLE");
    for method in [Method::PUT, Method::POST, Method::DELETE, Method::PATCH] {
        boss.send(method, &path, &[], None).await.refused(405, "METHOD_NOT_ALLOWED");
    }
    assert_eq!(boss.get(&path).await.json(), page);
}
