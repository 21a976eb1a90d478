//! Who sees what: organisations, sharing, roles, locations, scopes. Invisible looks like absent.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Caller, Reply, Server, fresh_key};

/// Two refusals that differ only in what names the request.
#[track_caller]
pub(crate) fn indistinguishable(one: &Reply, other: &Reply) {
    let strip = |reply: &Reply| {
        let mut body = reply.json();
        for member in ["instance", "traceId"] {
            body.as_object_mut().unwrap().remove(member);
        }
        let mut headers = reply.headers.clone();
        for name in ["x-request-id", "date", "content-length"] {
            headers.remove(name);
        }
        (reply.status, body, headers)
    };
    assert_eq!(strip(one), strip(other));
}

/// A well-formed id of nothing: one letter in the random part differs.
fn absent(id: &str) -> String {
    let last = if id.ends_with('0') { '1' } else { '0' };
    format!("{}{last}", &id[..id.len() - 1])
}

pub(crate) async fn touch(
    caller: &Caller,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> Reply {
    let key = fresh_key();
    let mut headers = Vec::new();
    if method != Method::GET {
        headers.push(("idempotency-key", key.as_str()));
        headers.push(("if-match", "*"));
    }
    caller.send(method, path, &headers, body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_organisation_owns_does_not_exist() {
    let server = Server::start().await;
    let owner = server.caller("usr_9", "org_1");
    let stranger = server.caller("usr_9", "org_2");
    let asset = owner.asset("Van").await;
    let booked = owner.book(&asset, &server.in_minutes(10), &server.in_minutes(20)).await;
    let booking = booked.expect(201)["id"].as_str().unwrap().to_owned();
    let slot = stranger.booking_body(&server.in_minutes(60), &server.in_minutes(70));
    let window = json!({"start": slot["start"], "end": slot["end"]});
    let more = json!({"amount_minor": 1, "reason": "more"});
    let named = json!({"booking_id": booking});
    let report = json!({"checklist": [{"item": "forks", "result": "WORN"}], "photos": []});
    let repair = json!({"type": "CORRECTIVE", "due_at": server.in_minutes(90)});
    let made = async |noun: &str, body: &Value| {
        let reply = owner.post(&format!("/assets/{asset}/{noun}"), &fresh_key(), body).await;
        reply.expect(201)["id"].as_str().unwrap().to_owned()
    };
    let ids = [
        ("{asset}", asset.clone()),
        ("{booking}", booking.clone()),
        ("{report}", made("condition-reports", &report).await),
        ("{maintenance}", made("maintenance", &repair).await),
    ];
    let rows = [
        (Method::GET, "/assets/{asset}", None),
        (Method::GET, "/assets/{asset}/bookings", None),
        (Method::GET, "/assets/{asset}/audit", None),
        (
            Method::GET,
            "/assets/{asset}/availability?from=2028-01-01T00:00:00Z&to=2028-01-02T00:00:00Z",
            None,
        ),
        (Method::POST, "/assets/{asset}/quote", Some(window)),
        (Method::GET, "/assets/{asset}/usage", None),
        (Method::GET, "/assets/{asset}/condition-reports", None),
        (Method::POST, "/assets/{asset}/condition-reports", Some(report)),
        (Method::GET, "/condition-reports/{report}", None),
        (Method::POST, "/condition-reports/{report}/approve", None),
        (Method::POST, "/condition-reports/{report}/reject", Some(json!({}))),
        (Method::GET, "/assets/{asset}/maintenance", None),
        (Method::POST, "/assets/{asset}/maintenance", Some(repair)),
        (Method::GET, "/maintenance/{maintenance}", None),
        (Method::PATCH, "/maintenance/{maintenance}", Some(json!({"start": null}))),
        (Method::POST, "/maintenance/{maintenance}/start", None),
        (Method::POST, "/maintenance/{maintenance}/complete", None),
        (Method::POST, "/maintenance/{maintenance}/cancel", Some(json!({}))),
        (Method::PUT, "/assets/{asset}", Some(json!({"name": "Mine"}))),
        (Method::POST, "/assets/{asset}/bookings", Some(slot)),
        (Method::POST, "/assets/{asset}/check-in", Some(named.clone())),
        (Method::POST, "/assets/{asset}/check-out", Some(named)),
        (Method::GET, "/bookings/{booking}", None),
        (Method::PATCH, "/bookings/{booking}", Some(json!({"accept_terms": true}))),
        (Method::POST, "/bookings/{booking}/approve", None),
        (Method::POST, "/bookings/{booking}/reject", Some(json!({}))),
        (Method::POST, "/bookings/{booking}/cancel", Some(json!({}))),
        (Method::POST, "/bookings/{booking}/adjustments", Some(more)),
    ];
    for (method, path, body) in rows {
        let (mut real, mut unreal) = (path.to_owned(), path.to_owned());
        for (place, id) in &ids {
            (real, unreal) = (real.replace(place, id), unreal.replace(place, &absent(id)));
        }
        let real = touch(&stranger, method.clone(), &real, body.as_ref()).await;
        real.refused(404, "NOT_FOUND");
        indistinguishable(&real, &touch(&stranger, method, &unreal, body.as_ref()).await);
    }
    assert_eq!(stranger.get("/assets").await.expect(200)["items"], json!([]));
    assert_eq!(stranger.get("/bookings?user_id=usr_9").await.expect(200)["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn sharing_lends_the_asset_and_no_power() {
    let server = Server::start().await;
    let owner = server.caller("usr_9", "org_1");
    let guest = server.caller("usr_7", "org_2");
    let mut body = owner.asset_body("Van");
    body["shared_with"] = json!(["org_2"]);
    let asset = owner.post("/assets", &fresh_key(), &body).await.expect(201);
    let id = asset["id"].as_str().unwrap();
    assert_eq!(guest.get(&format!("/assets/{id}")).await.expect(200), asset);
    assert_eq!(guest.get("/assets").await.expect(200)["items"], json!([asset]));

    let (start, end) = (server.in_minutes(10), server.in_minutes(20));
    let booking = guest.book(id, &start, &end).await.expect(201);
    assert_eq!(booking["org_id"], "org_2");
    let theirs = owner.book(id, &server.in_minutes(30), &server.in_minutes(40)).await.expect(201);
    // The guest sees its own booking and not the other; the owner sees both.
    let path = format!("/assets/{id}/bookings");
    assert_eq!(guest.get(&path).await.expect(200)["items"], json!([booking]));
    assert_eq!(owner.get(&path).await.expect(200)["items"], json!([theirs, booking]));
    let hidden = format!("/bookings/{}", theirs["id"].as_str().unwrap());
    guest.get(&hidden).await.refused(404, "NOT_FOUND");
    // A manager at home is a member here.
    let (asset_path, change) = (format!("/assets/{id}"), json!({"name": "X"}));
    let change = touch(&guest, Method::PUT, &asset_path, Some(&change)).await;
    change.refused(403, "FORBIDDEN_ROLE");
    guest.get(&format!("/assets/{id}/audit")).await.refused(403, "FORBIDDEN_ROLE");
    let mut for_another = guest.booking_body(&server.in_minutes(50), &server.in_minutes(60));
    for_another["user_id"] = json!("usr_8");
    guest.post(&path, &fresh_key(), &for_another).await.refused(403, "FORBIDDEN_USER");

    // No longer shared: the asset is gone for the guest, its own booking is not.
    let cleared = json!({"shared_with": null});
    touch(&owner, Method::PUT, &format!("/assets/{id}"), Some(&cleared)).await.expect(200);
    guest.get(&format!("/assets/{id}")).await.refused(404, "NOT_FOUND");
    let own = format!("/bookings/{}", booking["id"].as_str().unwrap());
    assert_eq!(guest.get(&own).await.expect(200), booking);
    touch(&guest, Method::POST, &format!("{own}/cancel"), Some(&json!({}))).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_and_locations_bound_what_a_colleague_may_do() {
    let server = Server::start().await;
    let owner = server.caller("usr_9", "org_1");
    let asset = owner.asset("Van").await;
    let path = format!("/assets/{asset}");
    let member = server.member("usr_8", "org_1");
    member.get(&path).await.expect(200);
    let change = json!({"name": "Mine"});
    touch(&member, Method::PUT, &path, Some(&change)).await.refused(403, "FORBIDDEN_ROLE");
    let new = member.asset_body("Other");
    member.post("/assets", &fresh_key(), &new).await.refused(403, "FORBIDDEN_ROLE");
    member.get(&format!("{path}/audit")).await.refused(403, "FORBIDDEN_ROLE");

    let booked = owner.book(&asset, &server.in_minutes(10), &server.in_minutes(20)).await;
    let booking = format!("/bookings/{}", booked.expect(201)["id"].as_str().unwrap());
    member.get(&booking).await.refused(404, "NOT_FOUND");

    let auditor = server.caller_with("usr_6", "org_1", |claims| {
        claims.roles = Some(vec!["auditor".into()]);
    });
    auditor.get(&format!("{path}/audit")).await.expect(200);
    auditor.get(&booking).await.expect(200);
    touch(&auditor, Method::PUT, &path, Some(&change)).await.refused(403, "FORBIDDEN_ROLE");

    let elsewhere = server.caller_with("usr_5", "org_1", |claims| {
        claims.locations = Some(vec!["loc_8".into()]);
    });
    elsewhere.get(&path).await.refused(404, "NOT_FOUND");
    let foreign = elsewhere.asset_body("Other");
    elsewhere.post("/assets", &fresh_key(), &foreign).await.refused(403, "FORBIDDEN_LOCATION");
    let mut foreign = owner.asset_body("Other");
    foreign["owner_org_id"] = json!("org_2");
    owner.post("/assets", &fresh_key(), &foreign).await.refused(403, "FORBIDDEN_LOCATION");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_needed_and_must_be_ours() {
    let server = Server::start().await;
    let owner = server.caller("usr_9", "org_1");
    let none = owner.clone().without_token().get("/assets").await;
    none.refused(401, "UNAUTHENTICATED");
    assert_eq!(none.header("www-authenticate"), Some("Bearer"));
    let reader = server.caller_with("usr_9", "org_1", |claims| claims.scope = "asset:read".into());
    reader.get("/assets").await.expect(200);
    let body = reader.asset_body("Van");
    let refused = reader.post("/assets", &fresh_key(), &body).await;
    refused.refused(403, "INSUFFICIENT_SCOPE");
    assert!(refused.header("www-authenticate").unwrap().contains("insufficient_scope"));

    let forged = Server::start().await.caller("usr_9", "org_1").at(&owner);
    let refused = forged.get("/assets").await;
    refused.refused(401, "INVALID_TOKEN");
    assert!(refused.header("www-authenticate").unwrap().contains("invalid_token"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_colleague_cannot_even_count_what_is_not_its_own() {
    let server = Server::start().await;
    let owner = server.caller("usr_9", "org_1");
    let asset = owner.asset("Van").await;
    for hour in 1..4 {
        let (start, end) = (server.in_minutes(60 * hour), server.in_minutes(60 * hour + 30));
        owner.book(&asset, &start, &end).await.expect(201);
    }
    let member = server.member("usr_8", "org_1");
    let list = member.get("/bookings?user_id=usr_9&limit=1").await.expect(200);
    let nothing = member.get("/bookings?user_id=usr_nobody&limit=1").await.expect(200);
    assert_eq!(list, nothing);
    assert_eq!(list["has_more"], json!(false));
}
