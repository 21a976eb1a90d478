//! Bookings: make, and every refusal the document names.

use serde_json::{Value, json};

use super::{NOW, WINDOW, a_forklift, booking, has, needs, scoped, start};
use crate::harness::{Caller, fresh_key};

const MEMBERS: &str = "id, asset_id, user_id, start, end, status, cost_minor, currency, approvals, created_at, updated_at";

/// Who makes assets, and `usr_9`, who has the scope for bookings and no more.
async fn cast() -> (crate::dated::Dated, Caller, Caller) {
    let server = start().await;
    let boss = scoped(&server, "usr_2", "asset:write asset:read");
    let user = scoped(&server, "usr_9", "booking:write");
    (server, boss, user)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_is_made() {
    let (_server, boss, user) = cast().await;
    let path = format!("{}/bookings", a_forklift(&boss).await);
    needs(&user, &boss, &path, &booking()).await;
    let key = fresh_key();
    let made = user.post(&path, &key, &booking()).await;
    let booked = made.expect(201);
    has(&booked, MEMBERS);
    assert_eq!((&booked["status"], &booked["approvals"]), (&json!("CONFIRMED"), &json!([])));
    assert_eq!(
        (booked["start"].as_str(), booked["end"].as_str()),
        (Some(WINDOW.0), Some(WINDOW.1))
    );
    assert_eq!((&booked["user_id"], &booked["created_at"]), (&json!("usr_9"), &json!(NOW)));
    let again = user.post(&path, &key, &booking()).await;
    assert_eq!((again.expect(200), &again.bytes), (booked, &made.bytes));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let mut other = booking();
    other["end"] = json!("2025-09-01T17:00:00Z");
    user.post(&path, &key, &other).await.refused(422, "IDEMPOTENCY_KEY_REUSED");
    for member in ["user_id", "start", "end", "accept_terms"] {
        let mut less = booking();
        less.as_object_mut().unwrap().remove(member);
        let problem = user.post(&path, &fresh_key(), &less).await;
        let problem = problem.refused(422, "VALIDATION_FAILED");
        assert_eq!(problem["errors"][0]["pointer"], format!("#/{member}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overlap_is_refused_in_these_words() {
    let (_server, boss, user) = cast().await;
    let path = format!("{}/bookings", a_forklift(&boss).await);
    let booked = user.post(&path, &fresh_key(), &booking()).await.expect(201);
    let id = booked["id"].as_str().unwrap();
    let problem = user.post(&path, &fresh_key(), &booking()).await.refused(409, "BOOKING_OVERLAP");
    // The document's example, with our id in the place of bkg_123.
    let example = json!({
      "type": "https://api.toss.erp/problems/booking-overlap",
      "title": "Booking window overlaps",
      "status": 409,
      "detail": "Requested window overlaps with existing booking bkg_123.",
      "code": "BOOKING_OVERLAP",
      "errors": [ { "name": "start", "reason": "overlaps existing #bkg_123" } ]
    });
    let example: Value = serde_json::from_str(&example.to_string().replace("bkg_123", id)).unwrap();
    for (member, expected) in example.as_object().unwrap() {
        assert_eq!(&problem[member], expected, "{member}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_deadline_it_is_too_late() {
    let (server, boss, user) = cast().await;
    let asset = boss.asset_under(json!({"deadline_minutes": 120})).await;
    let path = format!("/assets/{asset}/bookings");
    server.at("2025-09-01T06:00:00Z");
    let late = user.post(&path, &fresh_key(), &booking()).await;
    let late = late.refused(409, "BOOKING_DEADLINE_PASSED");
    assert_eq!(late["deadline_at"], "2025-09-01T06:00:00Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_permission_or_consent_there_is_none() {
    let (server, boss, user) = cast().await;
    let path = format!("{}/bookings", a_forklift(&boss).await);
    let mut refused = booking();
    refused["accept_terms"] = json!(false);
    user.post(&path, &fresh_key(), &refused).await.refused(403, "TERMS_NOT_ACCEPTED");
    let another = scoped(&server, "usr_8", "booking:write");
    another.post(&path, &fresh_key(), &booking()).await.refused(403, "FORBIDDEN_USER");
    boss.post(&path, &fresh_key(), &booking()).await.refused(403, "INSUFFICIENT_SCOPE");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_terms_say_so_it_waits_for_a_yes() {
    let (server, boss, user) = cast().await;
    let asset = boss.asset_under(json!({"approval": {"required": true}})).await;
    let booked = user.post(&format!("/assets/{asset}/bookings"), &fresh_key(), &booking()).await;
    let booked = booked.expect(201);
    assert_eq!(booked["status"], "PENDING_APPROVAL");
    assert_eq!(booked["approvals"][0]["status"], "PENDING");
    let manager = server.role("manager", "usr_2", "org_1");
    let approve = format!("/bookings/{}/approve", booked["id"].as_str().unwrap());
    let approved = manager.post(&approve, &fresh_key(), &json!({})).await.expect(200);
    assert_eq!(approved["status"], "CONFIRMED");
    assert_eq!(approved["approvals"][0]["decided_by"], "usr_2");
}
