//! One booking from registration to return, over every route on the way.

use reqwest::Method;
use serde_json::json;

use crate::{
    audit_chain,
    harness::{Server, fresh_key},
};

#[tokio::test(flavor = "multi_thread")]
async fn an_asset_is_registered_booked_used_and_returned() {
    let server = Server::start().await;
    let owner = server.caller("usr_9", "org_1");
    let created = owner.post("/assets", &fresh_key(), &owner.asset_body("Forklift A2")).await;
    let asset = created.expect(201);
    let id = asset["id"].as_str().unwrap();
    assert!(id.starts_with("ast_"));
    assert_eq!(created.header("location"), Some(format!("/assets/{id}").as_str()));
    assert_eq!(created.header("etag"), asset["etag"].as_str());
    assert_eq!((&asset["status"], &asset["version"]), (&json!("ACTIVE"), &json!(1)));

    let (start, end) = (server.in_minutes(10), server.in_minutes(70));
    let booked = owner.book(id, &start, &end).await;
    let booking = booked.expect(201);
    let booking_id = booking["id"].as_str().unwrap().to_owned();
    assert!(booking_id.starts_with("bkg_"));
    assert_eq!(booking["status"], "CONFIRMED");
    assert_eq!((&booking["start"], &booking["end"]), (&json!(start), &json!(end)));
    assert_eq!(booked.header("etag"), booking["etag"].as_str());

    let path = format!("/bookings/{booking_id}");
    assert_eq!(owner.get(&path).await.expect(200), booking);
    let listed = owner.get(&format!("/assets/{id}/bookings")).await.expect(200);
    assert_eq!(listed["items"], json!([booking]));
    assert_eq!(owner.get("/bookings").await.expect(200)["items"], json!([booking]));

    let body = json!({"booking_id": booking_id, "condition_notes": "scratch on left fork"});
    let checked_in = owner.post(&format!("/assets/{id}/check-in"), &fresh_key(), &body).await;
    let in_use = checked_in.expect(200);
    assert_eq!(in_use["status"], "CHECKED_IN");
    assert_eq!(in_use["check_in_notes"], "scratch on left fork");
    assert!(in_use["actual_start"].is_string());

    let body = json!({"booking_id": booking_id, "extra_cost_minor": 500});
    let returned = owner.post(&format!("/assets/{id}/check-out"), &fresh_key(), &body).await;
    let returned = returned.expect(200);
    assert_eq!(
        (&returned["status"], &returned["cost_minor"]),
        (&json!("CHECKED_OUT"), &json!(500))
    );
    assert_eq!(owner.get(&path).await.expect(200), returned);

    let entries = audit_chain::verified(&owner, id).await;
    let kinds: Vec<_> = entries.iter().map(|entry| entry["type"].as_str().unwrap()).collect();
    let expected =
        ["asset.created", "booking.created", "booking.checked_in", "booking.checked_out"];
    assert_eq!(kinds, expected);
    assert_eq!(entries[3]["after"], returned);
    assert_eq!(entries[3]["before"], in_use);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_window_names_what_is_in_the_way_and_what_is_free() {
    let server = Server::start().await;
    let owner = server.caller("usr_9", "org_1");
    let id = owner.asset("Van").await;
    let at = |minutes| server.in_minutes(minutes);
    let first = owner.book(&id, &at(60), &at(120)).await.expect(201);
    let (start, end) = (at(90), at(150));
    let refused = owner.book(&id, &start, &end).await.refused(409, "BOOKING_OVERLAP");
    let winner = first["id"].as_str().unwrap();
    assert_eq!(refused["title"], "Booking window overlaps");
    assert_eq!(
        refused["detail"],
        format!("Requested window overlaps with existing booking {winner}.")
    );
    assert_eq!(
        refused["errors"],
        json!([{"name": "start", "reason": format!("overlaps existing #{winner}")}])
    );
    assert_eq!(
        refused["conflicts"],
        json!([{"kind": "BOOKING", "id": winner, "start": first["start"], "end": first["end"]}])
    );
    assert_eq!(refused["next_available"], json!({"start": at(120), "end": at(180)}));
    // Half-open: the next booking may begin when this one ends, and end when it begins.
    owner.book(&id, &at(120), &at(180)).await.expect(201);
    owner.book(&id, &at(30), &at(60)).await.expect(201);

    // A cancelled booking frees its window.
    let cancel = format!("/bookings/{winner}/cancel");
    let cancelled = owner.post(&cancel, &fresh_key(), &json!({"reason": "rain"})).await;
    assert_eq!(cancelled.expect(200)["status"], "CANCELLED");
    owner.book(&id, &at(60), &at(120)).await.expect(201);
    owner.post(&cancel, &fresh_key(), &json!({})).await.refused(409, "INVALID_TRANSITION");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_asset_changes_only_from_the_version_its_caller_saw() {
    let server = Server::start().await;
    let owner = server.caller("usr_9", "org_1");
    let id = owner.asset("Van").await;
    let path = format!("/assets/{id}");
    let seen = owner.get(&path).await;
    let etag = seen.header("etag").unwrap().to_owned();
    let body = json!({"name": "Van 2", "status": "MAINTENANCE"});

    let headers = [("idempotency-key", "put-without-match")];
    let blind = owner.send(Method::PUT, &path, &headers, Some(&body)).await;
    blind.refused(428, "PRECONDITION_REQUIRED");
    owner.put(&path, &fresh_key(), "\"999-0\"", &body).await.refused(412, "PRECONDITION_FAILED");
    let changed = owner.put(&path, &fresh_key(), &etag, &body).await;
    let asset = changed.expect(200);
    assert_eq!((&asset["name"], &asset["version"]), (&json!("Van 2"), &json!(2)));
    assert_ne!(changed.header("etag"), Some(etag.as_str()));
    owner.put(&path, &fresh_key(), &etag, &body).await.refused(412, "PRECONDITION_FAILED");
    owner
        .book(&id, &server.in_minutes(60), &server.in_minutes(120))
        .await
        .refused(409, "ASSET_UNAVAILABLE");

    let fresh = changed.header("etag").unwrap();
    let unchanged = owner.send(Method::GET, &path, &[("if-none-match", fresh)], None).await;
    assert_eq!((unchanged.status, unchanged.bytes.len()), (304, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_requests_are_refused_in_the_order_of_the_contract() {
    let server = Server::start().await;
    let owner = server.caller("usr_9", "org_1");
    let id = owner.asset("Van").await;
    let bookings = format!("/assets/{id}/bookings");

    owner.get("/nowhere").await.refused(404, "NOT_FOUND");
    let deleted = owner.send(Method::DELETE, &format!("/assets/{id}"), &[], None).await;
    deleted.refused(405, "METHOD_NOT_ALLOWED");
    assert!(deleted.header("allow").is_some());

    let body = owner.booking_body(&server.in_minutes(60), &server.in_minutes(60));
    let empty = owner.post(&bookings, &fresh_key(), &body).await.refused(422, "VALIDATION_FAILED");
    assert_eq!(empty["errors"][0]["pointer"], "#/end");
    let unkeyed = owner.send(Method::POST, &bookings, &[], Some(&body)).await;
    unkeyed.refused(400, "IDEMPOTENCY_KEY_REQUIRED");

    let mut body = owner.booking_body(&server.in_minutes(60), &server.in_minutes(90));
    body["color"] = json!("red");
    let unknown =
        owner.post(&bookings, &fresh_key(), &body).await.refused(422, "VALIDATION_FAILED");
    assert_eq!(unknown["errors"][0]["pointer"], "#/color");
    let mut body = owner.booking_body(&server.in_minutes(60), &server.in_minutes(90));
    body["accept_terms"] = json!(false);
    owner.post(&bookings, &fresh_key(), &body).await.refused(403, "TERMS_NOT_ACCEPTED");
    let past = owner.book(&id, &server.in_minutes(-60), &server.in_minutes(60)).await;
    past.refused(409, "BOOKING_DEADLINE_PASSED");

    let body = json!({"booking_id": "bkg_01jq8z0000e0000000000000zz"});
    let unknown = owner.post(&format!("/assets/{id}/check-in"), &fresh_key(), &body).await;
    unknown.refused(404, "BOOKING_NOT_FOUND");
    owner.get("/assets/ast_nonsense").await.refused(404, "NOT_FOUND");
    owner.get("/assets?colour=red").await.refused(422, "VALIDATION_FAILED");
    owner.get("/assets?cursor=AAAA").await.refused(400, "INVALID_CURSOR");
}

#[tokio::test(flavor = "multi_thread")]
async fn health_version_and_documentation_need_no_token() {
    let server = Server::start().await;
    let stranger = server.caller_with("nobody", "org_1", |claims| claims.scope.clear());
    for path in ["/healthz", "/readyz", "/version", "/openapi.json"] {
        stranger.get(path).await.expect(200);
    }
    let described = stranger.get("/openapi.json").await.json();
    assert_eq!(described["openapi"], "3.1.0");
    for path in ["/assets", "/assets/{id}", "/assets/{id}/bookings", "/bookings/{id}/cancel"] {
        assert!(described["paths"].get(path).is_some(), "{path} is not described");
    }
    stranger.get("/assets").await.refused(403, "INSUFFICIENT_SCOPE");
}
