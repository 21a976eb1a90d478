//! Assets: make, read, list, change.

use reqwest::Method;
use serde_json::{Value, json};

use super::{a_forklift, envelope, forklift, has, needs, scoped, start};
use crate::harness::fresh_key;

const MEMBERS: &str = "id, name, category, owner_org_id, location_id, booking_terms, maintenance_schedule, status, created_at, updated_at, etag";

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_required() {
    let server = start().await;
    let boss = scoped(&server, "usr_2", "asset:read asset:write booking:write");
    boss.clone().without_token().get("/assets").await.refused(401, "UNAUTHENTICATED");
    envelope(&boss.get("/assets").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_is_made() {
    let server = start().await;
    let boss = scoped(&server, "usr_2", "asset:write");
    needs(&boss, &scoped(&server, "usr_2", "asset:read booking:write"), "/assets", &forklift())
        .await;
    let key = fresh_key();
    let headers = [("idempotency-key", &*key), ("x-request-id", "01J6Q7A8V4")];
    let made = boss.send(Method::POST, "/assets", &headers, Some(&forklift())).await;
    let asset = made.expect(201);
    has(&asset, MEMBERS);
    for (member, sent) in forklift().as_object().unwrap() {
        assert_eq!(&asset[member], sent);
    }
    assert_eq!((&asset["status"], &asset["created_at"]), (&json!("ACTIVE"), &json!(super::NOW)));
    assert_eq!(made.header("etag"), asset["etag"].as_str());
    assert_eq!(made.header("x-request-id"), Some("01J6Q7A8V4"));
    assert_eq!(
        made.header("location"),
        Some(&*format!("/assets/{}", asset["id"].as_str().unwrap()))
    );
    let again = boss.post("/assets", &key, &forklift()).await;
    assert_eq!((again.expect(200), &again.bytes), (asset, &made.bytes));

    let problem = boss.post("/assets", &fresh_key(), &json!({})).await;
    let problem = problem.refused(422, "VALIDATION_FAILED");
    let missing: Vec<_> =
        problem["errors"].as_array().unwrap().iter().map(|it| &it["pointer"]).collect();
    assert_eq!(missing, ["#/name", "#/category", "#/owner_org_id", "#/location_id"]);
    let mut termed = forklift();
    termed["booking_terms"] = json!("none");
    boss.post("/assets", &fresh_key(), &termed).await.refused(422, "VALIDATION_FAILED");
    termed["booking_terms"] = json!({"deadline_minutes": 120});
    let asset = boss.post("/assets", &fresh_key(), &termed).await.expect(201);
    assert_eq!(asset["booking_terms"], termed["booking_terms"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_is_read() {
    let server = start().await;
    let path = a_forklift(&scoped(&server, "usr_2", "asset:write")).await;
    let reader = scoped(&server, "usr_9", "asset:read");
    let read = reader.get(&path).await;
    has(&read.expect(200), MEMBERS);
    let etag = read.header("etag").unwrap();
    let known = reader.send(Method::GET, &path, &[("if-none-match", etag)], None).await;
    assert_eq!((known.status, known.bytes.len(), known.header("etag")), (304, 0, Some(etag)));
    reader.send(Method::GET, &path, &[("if-none-match", "\"x\"")], None).await.expect(200);
    scoped(&server, "usr_9", "booking:write").get(&path).await.refused(403, "INSUFFICIENT_SCOPE");
    reader.get("/assets/ast_456").await.refused(404, "NOT_FOUND");
    server.caller("usr_9", "org_2").get(&path).await.refused(404, "NOT_FOUND");
    let elsewhere =
        server.caller_with("usr_2", "org_1", |it| it.locations = Some(vec!["loc_8".into()]));
    elsewhere.get(&path).await.refused(404, "NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn they_are_listed() {
    let server = start().await;
    let boss = scoped(&server, "usr_2", "asset:read asset:write");
    let path = a_forklift(&boss).await;
    let room = json!({"name": "Room 7", "category": "ROOM", "owner_org_id": "org_1", "location_id": "loc_8"});
    let room = boss.post("/assets", &fresh_key(), &room).await.expect(201);
    let off = json!({"status": "INACTIVE"});
    let room_path = format!("/assets/{}", room["id"].as_str().unwrap());
    boss.put(&room_path, &fresh_key(), "*", &off).await.expect(200);
    let rows = [
        ("category=EQUIPMENT", 1),
        ("category=BOAT", 0),
        ("status=ACTIVE", 1),
        ("status=INACTIVE&status=ACTIVE", 2),
        ("location_id=loc_8", 1),
        ("owner_org_id=org_1", 2),
        ("owner_org_id=org_2", 0),
        ("q=fork", 1),
        ("q=room%207", 1),
        ("limit=100", 2),
    ];
    for (query, found) in rows {
        envelope(&boss.get(&format!("/assets?{query}")).await, found);
    }
    let first = envelope(&boss.get("/assets?limit=1").await, 1);
    assert_eq!((&first["has_more"], &first["prev_cursor"]), (&json!(true), &Value::Null));
    let next = format!("/assets?limit=1&cursor={}", first["next_cursor"].as_str().unwrap());
    let second = envelope(&boss.get(&next).await, 1);
    assert_eq!((&second["has_more"], &second["next_cursor"]), (&json!(false), &Value::Null));
    assert_eq!(second["items"][0], boss.get(&path).await.json());
    scoped(&server, "usr_2", "booking:write")
        .get("/assets")
        .await
        .refused(403, "INSUFFICIENT_SCOPE");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_is_changed() {
    let server = start().await;
    let boss = scoped(&server, "usr_2", "asset:write asset:read");
    let path = a_forklift(&boss).await;
    let etag = boss.get(&path).await.header("etag").unwrap().to_owned();
    let change = json!({"name": "Forklift A3", "category": "VEHICLE", "location_id": "loc_8", "status": "INACTIVE"});
    let keyless = boss.send(Method::PUT, &path, &[("if-match", &etag)], Some(&change)).await;
    keyless.refused(400, "IDEMPOTENCY_KEY_REQUIRED");
    let unconditional =
        boss.send(Method::PUT, &path, &[("idempotency-key", "k")], Some(&change)).await;
    unconditional.refused(428, "PRECONDITION_REQUIRED");
    let reader = scoped(&server, "usr_2", "asset:read booking:write");
    reader.put(&path, &fresh_key(), &etag, &change).await.refused(403, "INSUFFICIENT_SCOPE");
    let partial = boss.put(&path, &fresh_key(), &etag, &json!({"name": "Forklift B1"})).await;
    assert_eq!(partial.expect(200)["category"], "EQUIPMENT");
    let changed = partial.header("etag").unwrap();
    assert_ne!(changed, etag);
    boss.put(&path, &fresh_key(), &etag, &change).await.refused(412, "PRECONDITION_FAILED");
    let whole = boss.put(&path, &fresh_key(), changed, &change).await.expect(200);
    for (member, sent) in change.as_object().unwrap() {
        assert_eq!(&whole[member], sent);
    }
}
