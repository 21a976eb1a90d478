//! Asking again gives the first answer, whatever has happened since.

use serde_json::json;

use crate::harness::{Caller, Reply, Server, fresh_key};

#[track_caller]
pub(crate) fn same_answer(first: &Reply, again: &Reply) {
    let status = if first.status == 201 { 200 } else { first.status };
    assert_eq!(again.status, status, "{}", String::from_utf8_lossy(&again.bytes));
    assert_eq!(again.bytes, first.bytes);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    for name in ["etag", "location", "content-type"] {
        assert_eq!(again.header(name), first.header(name), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_replayed_after_changes_and_after_a_restart() {
    let server = Server::start().await;
    let owner = server.caller("usr_9", "org_1");
    let body = owner.asset_body("Van");
    let registered = owner.post("/assets", "register", &body).await;
    let id = registered.expect(201)["id"].as_str().unwrap().to_owned();
    let path = format!("/assets/{id}/bookings");
    let slot = owner.booking_body(&server.in_minutes(60), &server.in_minutes(120));
    let booked = owner.post(&path, "book", &slot).await;
    let cancel = format!("/bookings/{}/cancel", booked.expect(201)["id"].as_str().unwrap());
    let refused = owner.post(&path, "too-late", &slot).await;
    refused.refused(409, "BOOKING_OVERLAP");
    let cancelled = owner.post(&cancel, "cancel", &json!({})).await;
    cancelled.expect(200);
    let etag = owner.get(&format!("/assets/{id}")).await.header("etag").unwrap().to_owned();
    let change = json!({"name": "Van 2"});
    let changed = owner.put(&format!("/assets/{id}"), "change", &etag, &change).await;
    changed.expect(200);

    let replays = async |owner: &Caller| {
        same_answer(&registered, &owner.post("/assets", "register", &body).await);
        same_answer(&booked, &owner.post(&path, "book", &slot).await);
        // The slot is free now; the stored refusal stays what it was.
        same_answer(&refused, &owner.post(&path, "too-late", &slot).await);
        same_answer(&cancelled, &owner.post(&cancel, "cancel", &json!({})).await);
        // A replay is judged before If-Match, which no longer matches.
        same_answer(&changed, &owner.put(&format!("/assets/{id}"), "change", &etag, &change).await);
    };
    replays(&owner).await;
    let folder = server.stop().await;
    let server = Server::start_in(folder, |_| {}).await;
    let owner = server.caller("usr_9", "org_1");
    replays(&owner).await;
    // A new key is a new request.
    owner.post(&path, &fresh_key(), &slot).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_belongs_to_its_request_path_and_caller() {
    let server = Server::start().await;
    let owner = server.caller("usr_9", "org_1");
    let (one, two) = (owner.asset("One").await, owner.asset("Two").await);
    let slot = owner.booking_body(&server.in_minutes(60), &server.in_minutes(120));
    let path = format!("/assets/{one}/bookings");
    let first = owner.post(&path, "k", &slot).await;
    first.expect(201);

    let other_slot = owner.booking_body(&server.in_minutes(200), &server.in_minutes(220));
    owner.post(&path, "k", &other_slot).await.refused(422, "IDEMPOTENCY_KEY_REUSED");
    // The order of members and white space are no difference.
    let reordered = json!({"accept_terms": true, "end": slot["end"], "start": slot["start"],
        "user_id": "usr_9"});
    same_answer(&first, &owner.post(&path, "k", &reordered).await);
    owner.post(&format!("/assets/{two}/bookings"), "k", &slot).await.expect(201);
    let colleague = server.caller("usr_8", "org_1");
    colleague.post(&path, "k", &slot).await.refused(409, "BOOKING_OVERLAP");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_stored_is_decided_again() {
    let server = Server::start().await;
    let owner = server.caller("usr_9", "org_1");
    let asset = owner.asset("Van").await;
    let path = format!("/assets/{asset}/bookings");
    let wrong = owner.booking_body(&server.in_minutes(60), &server.in_minutes(30));
    owner.post(&path, "k", &wrong).await.refused(422, "VALIDATION_FAILED");
    let right = owner.booking_body(&server.in_minutes(60), &server.in_minutes(90));
    owner.post(&path, "k", &right).await.expect(201);
}
