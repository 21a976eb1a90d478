//! Endpoints through HTTP: make, read, list, change, delete, test.

use reqwest::Method;
use serde_json::{Value, json};

use super::desk::{NOW, bare, path, start, tell, until, url, wish};
use crate::{
    dated::id,
    harness::{Caller, fresh_key},
    surface::findings,
};

/// The endpoint as everybody gets it but its maker.
fn without_secret(endpoint: &Value) -> Value {
    let mut endpoint = endpoint.clone();
    endpoint.as_object_mut().unwrap().remove("secret").unwrap();
    endpoint
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_of_the_contract() {
    let (server, _) = start().await;
    let boss = server.caller("usr_2", "org_1");
    let sent = wish("erp", &["booking.*", "maintenance.due"]);
    let key = fresh_key();
    let reply = boss.post("/webhook-endpoints", &key, &sent).await;
    let made = reply.expect(201);
    let expected = json!({"id": made["id"], "url": url("erp"),
        "events": ["booking.*", "maintenance.due"], "description": null, "org_id": "org_1",
        "locations": ["*"], "status": "ENABLED", "disabled_reason": null,
        "secret": made["secret"], "created_at": NOW, "updated_at": NOW, "version": 1});
    assert_eq!(made, expected);
    assert!(id(&made).starts_with("whe_"));
    assert_eq!(reply.header("location"), Some(&*path(&made)));
    let etag = reply.header("etag").unwrap();
    assert!(etag.starts_with('"') && etag.ends_with('"'), "{etag}");
    let other = wish("erp", &["booking.*"]);
    let reused = boss.post("/webhook-endpoints", &key, &other).await;
    reused.refused(422, "IDEMPOTENCY_KEY_REUSED");

    let read = boss.get(&path(&made)).await;
    assert_eq!((read.expect(200), read.header("etag")), (without_secret(&made), Some(etag)));
    let know = async |tag: &str| {
        boss.send(Method::GET, &path(&made), &[("if-none-match", tag)], None).await
    };
    let known = know(etag).await;
    assert_eq!((known.status, known.bytes.len(), known.header("etag")), (304, 0, Some(etag)));
    know("\"9-9\"").await.expect(200);
    let head = boss.send(Method::HEAD, &path(&made), &[], None).await;
    assert_eq!((head.status, head.bytes.len(), head.header("etag")), (200, 0, Some(etag)));
    boss.get(&format!("{}?full=1", path(&made))).await.refused(422, "VALIDATION_FAILED");
    let post = boss.post(&path(&made), &fresh_key(), &json!({})).await;
    post.refused(405, "METHOD_NOT_ALLOWED");
    assert_eq!(post.header("allow"), Some("GET, HEAD, PUT, DELETE, OPTIONS"));
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_wrong_with_one_is_told_at_once() {
    let (server, _) = start().await;
    let boss = server.caller("usr_2", "org_1");
    let rows: [(Value, &[&str]); 9] = [
        (json!({}), &["#/url is required", "#/events is required"]),
        (
            json!({"url": 7, "events": "*", "description": 7, "secret": "whsec_AA=="}),
            &[
                "#/url must be a string",
                "#/events must be a list of strings",
                "#/description must be a string or null",
                "#/secret unknown member",
            ],
        ),
        (json!({"url": url("erp"), "events": []}), &["#/events must name at least one event"]),
        (
            json!({"url": url("erp"), "events": ["booking.*", 7, "", "booking.made", "asset"]}),
            &[
                "#/events/1 must be a string",
                "#/events/2 must not be blank",
                "#/events/3 is no event, no noun with .*, and not *",
                "#/events/4 is no event, no noun with .*, and not *",
            ],
        ),
        (
            json!({"url": url("erp"), "events": vec!["*"; 101]}),
            &["#/events must have at most 100 items"],
        ),
        (json!({"url": " ", "events": ["*"]}), &["#/url must not be blank"]),
        (
            json!({"url": format!("https://erp.example/{}", "x".repeat(2_029)), "events": ["*"]}),
            &["#/url must have at most 2048 characters"],
        ),
        (
            json!({"url": url("erp"), "events": ["*"], "description": "x".repeat(4_001)}),
            &["#/description must have at most 4000 characters"],
        ),
        // Where the shape is wrong the address is not looked at.
        (
            json!({"url": "https://127.0.0.1/", "events": []}),
            &["#/events must name at least one event"],
        ),
    ];
    for (body, expected) in rows {
        let refused = boss.post("/webhook-endpoints", &fresh_key(), &body).await;
        assert_eq!(findings(&refused.refused(422, "VALIDATION_FAILED")), expected, "{body}");
    }
    let keyless =
        boss.send(Method::POST, "/webhook-endpoints", &[], Some(&wish("erp", &["*"]))).await;
    keyless.refused(400, "IDEMPOTENCY_KEY_REQUIRED");
    let list = boss.post("/webhook-endpoints", &fresh_key(), &json!([])).await;
    list.refused(422, "VALIDATION_FAILED");
    assert_eq!(boss.pages("/webhook-endpoints", 20).await, Vec::<Value>::new());
    let full = json!({"url": url("erp"), "events": ["*"], "description": "x".repeat(4_000)});
    boss.post("/webhook-endpoints", &fresh_key(), &full).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_lead_forth_and_back() {
    let (server, _) = start().await;
    let boss = server.caller("usr_2", "org_1");
    let mut made = Vec::new();
    for number in 0..5 {
        made.insert(0, without_secret(&tell(&boss, &format!("erp-{number}"), &["*"]).await));
    }
    for limit in [1, 2, 3, 5, 100] {
        assert_eq!(boss.pages("/webhook-endpoints", limit).await, made, "{limit}");
    }
    let first = boss.get("/webhook-endpoints?limit=2").await.expect(200);
    assert_eq!((&first["prev_cursor"], &first["has_more"]), (&json!(null), &json!(true)));
    let at = |page: &Value, cursor: &str| {
        format!("/webhook-endpoints?limit=2&cursor={}", page[cursor].as_str().unwrap())
    };
    let second = boss.get(&at(&first, "next_cursor")).await.expect(200);
    assert_eq!(second["items"], json!(made[2..4]));
    let back = boss.get(&at(&second, "prev_cursor")).await.expect(200);
    assert_eq!(back["items"], first["items"]);
    assert_eq!(back["prev_cursor"], json!(null));
    // What is gone leaves no hole, and what is new does not move the rest.
    boss.send(Method::DELETE, &path(&made[3]), &[], None).await;
    tell(&boss, "new", &["*"]).await;
    let second = boss.get(&at(&first, "next_cursor")).await.expect(200);
    assert_eq!(second["items"], json!([made[2], made[4]]));

    let colleague = server.caller("usr_3", "org_1");
    colleague.get(&at(&first, "next_cursor")).await.refused(400, "INVALID_CURSOR");
    boss.get("/webhook-endpoints?cursor=AAAA").await.refused(400, "INVALID_CURSOR");
    for query in ["limit=0", "limit=101", "status=ENABLED", "limit=1&limit=2"] {
        boss.get(&format!("/webhook-endpoints?{query}")).await.refused(422, "VALIDATION_FAILED");
    }
}

/// A change with nothing wrong about its headers.
async fn put(boss: &Caller, endpoint: &Value, change: Value) -> (Value, String) {
    let reply = boss.put(&path(endpoint), &fresh_key(), "*", &change).await;
    (reply.expect(200), reply.header("etag").unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_partial_and_conditional() {
    let (server, _) = start().await;
    let boss = server.caller("usr_2", "org_1");
    let endpoint = tell(&boss, "erp", &["booking.*"]).await;
    let path = path(&endpoint);
    let etag = boss.get(&path).await.header("etag").unwrap().to_owned();
    let change = json!({"description": "ERP"});
    let keyed = |key: &'static str| [("idempotency-key", key)];
    let bare = boss.send(Method::PUT, &path, &keyed("k1"), Some(&change)).await;
    bare.refused(428, "PRECONDITION_REQUIRED");
    for tag in ["\"9-9\"", &format!("W/{etag}")] {
        boss.put(&path, &fresh_key(), tag, &change).await.refused(412, "PRECONDITION_FAILED");
    }
    let keyless = boss.send(Method::PUT, &path, &[("if-match", "*")], Some(&change)).await;
    keyless.refused(400, "IDEMPOTENCY_KEY_REQUIRED");
    assert_eq!(boss.get(&path).await.expect(200), without_secret(&endpoint));

    server.at("2025-08-20T10:00:00Z");
    let reply = boss.put(&path, "k2", &etag, &change).await;
    let mut expected = without_secret(&endpoint);
    expected["description"] = json!("ERP");
    expected["updated_at"] = json!("2025-08-20T10:00:00Z");
    expected["version"] = reply.expect(200)["version"].clone();
    assert_eq!(reply.json(), expected);
    assert!(expected["version"].as_u64() > endpoint["version"].as_u64());
    assert_ne!(reply.header("etag"), Some(&*etag));
    assert!(reply.header("location").is_none());
    let read = boss.get(&path).await;
    assert_eq!((read.json(), read.header("etag")), (expected.clone(), reply.header("etag")));

    let (second, _) = put(&boss, &endpoint, json!({"events": ["*"], "url": url("new")})).await;
    assert_eq!((&second["events"], &second["url"]), (&json!(["*"]), &json!(url("new"))));
    assert_eq!(second["description"], "ERP");
    let (third, third_etag) = put(&boss, &endpoint, json!({"description": null})).await;
    assert_eq!(third["description"], json!(null));
    // The first one's key shows the first one's answer, though its tag is long gone.
    let again = boss.put(&path, "k2", &etag, &change).await;
    assert_eq!((again.expect(200), &again.bytes), (expected, &reply.bytes));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));

    let nothing =
        json!({"description": null, "events": ["*"], "status": "ENABLED", "url": url("new")});
    server.at("2025-08-20T11:00:00Z");
    assert_eq!(put(&boss, &endpoint, nothing).await, (third.clone(), third_etag.clone()));
    assert_eq!(boss.get(&path).await.expect(200), third);
    for status in ["DISABLED", "ENABLED"] {
        let (now, _) = put(&boss, &endpoint, json!({"status": status})).await;
        assert_eq!(now["status"], status);
        let reason = if status == "DISABLED" { json!("REQUESTED") } else { json!(null) };
        assert_eq!(now["disabled_reason"], reason);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_changed_is_refused() {
    let (server, _) = start().await;
    let boss = server.caller("usr_2", "org_1");
    let endpoint = tell(&boss, "erp", &["booking.*"]).await;
    let rows: [(Value, &[&str]); 4] = [
        (json!({}), &["# must change something"]),
        (
            json!({"id": "whe_1", "org_id": "org_2", "locations": ["*"], "secret": "whsec_AA==",
                "disabled_reason": null, "created_at": NOW, "updated_at": NOW, "version": 7}),
            &[
                "#/id cannot be changed",
                "#/org_id cannot be changed",
                "#/locations cannot be changed",
                "#/secret cannot be changed",
                "#/disabled_reason cannot be changed",
                "#/created_at cannot be changed",
                "#/updated_at cannot be changed",
                "#/version cannot be changed",
            ],
        ),
        (
            json!({"url": null, "events": null, "status": null, "color": "red"}),
            &[
                "#/url must be a string",
                "#/events must be a list of strings",
                "#/status must be ENABLED or DISABLED",
                "#/color unknown member",
            ],
        ),
        (
            json!({"events": ["booking.made"], "status": "enabled"}),
            &[
                "#/events/0 is no event, no noun with .*, and not *",
                "#/status must be ENABLED or DISABLED",
            ],
        ),
    ];
    for (change, expected) in rows {
        let refused = boss.put(&path(&endpoint), &fresh_key(), "*", &change).await;
        assert_eq!(findings(&refused.refused(422, "VALIDATION_FAILED")), expected, "{change}");
    }
    assert_eq!(boss.get(&path(&endpoint)).await.expect(200), without_secret(&endpoint));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_deleted_is_gone() {
    let (server, _) = start().await;
    let boss = server.caller("usr_2", "org_1");
    let (key, body) = (fresh_key(), wish("erp", &["*"]));
    let made = boss.post("/webhook-endpoints", &key, &body).await;
    let endpoint = made.expect(201);
    let delete = async |query: &str| {
        boss.send(Method::DELETE, &format!("{}{query}", path(&endpoint)), &[], None).await
    };
    let refused = delete("?force=1").await.refused(422, "VALIDATION_FAILED");
    assert_eq!(findings(&refused), ["force unknown parameter"]);
    boss.get(&path(&endpoint)).await.expect(200);
    let gone = delete("").await;
    assert_eq!((gone.status, gone.bytes.len(), gone.header("content-type")), (204, 0, None));
    delete("").await.refused(404, "NOT_FOUND");
    boss.get(&path(&endpoint)).await.refused(404, "NOT_FOUND");
    boss.get(&format!("{}/deliveries", path(&endpoint))).await.refused(404, "NOT_FOUND");
    let change = json!({"status": "ENABLED"});
    boss.put(&path(&endpoint), &fresh_key(), "*", &change).await.refused(404, "NOT_FOUND");
    assert_eq!(boss.pages("/webhook-endpoints", 20).await, Vec::<Value>::new());
    // The key of what made it still shows that, and makes nothing.
    let again = boss.post("/webhook-endpoints", &key, &body).await;
    assert_eq!((again.expect(200), again.bytes), (endpoint.clone(), made.bytes));
    boss.get(&path(&endpoint)).await.refused(404, "NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_goes_to_its_endpoint_whatever_that_has_asked_for() {
    let (server, receivers) = start().await;
    let boss = server.caller("usr_2", "org_1");
    let endpoint = tell(&boss, "erp", &["booking.created"]).await;
    tell(&boss, "other", &["*"]).await;
    let (test, key) = (format!("{}/test", path(&endpoint)), fresh_key());
    let reply = bare(&boss, &test, &key).await;
    let sent = reply.expect(200);
    let expected = json!({"created_at": sent["created_at"], "endpoint_id": endpoint["id"],
        "event_id": sent["event_id"]});
    assert_eq!(sent, expected);
    until(&server, || receivers.taken(&url("erp")).len() == 1).await;
    let arrived = receivers.taken(&url("erp")).remove(0);
    assert_eq!(
        (arrived.kind(), &arrived.id[..]),
        ("webhook.test", sent["event_id"].as_str().unwrap())
    );
    assert_eq!(arrived.body["data"]["webhook"], sent);
    assert_eq!(Some(&*arrived.request_id), reply.header("x-request-id"));
    assert_eq!(arrived.body["request_id"], arrived.request_id);
    // Its replay sends nothing; the next one is the second to arrive.
    let again = bare(&boss, &test, &key).await;
    assert_eq!((again.expect(200), again.bytes), (sent, reply.bytes));
    let next = boss.post(&test, &fresh_key(), &json!({})).await.expect(200);
    until(&server, || receivers.taken(&url("erp")).len() > 1).await;
    assert_eq!(receivers.taken(&url("erp"))[1].id, next["event_id"]);
    assert!(receivers.arrivals(&url("other")).is_empty());
    let refused = boss.post(&test, &fresh_key(), &json!({"now": true})).await;
    assert_eq!(findings(&refused.refused(422, "VALIDATION_FAILED")), ["#/now unknown member"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organisation_has_a_hundred_at_most() {
    let (server, _) = start().await;
    let boss = server.caller("usr_2", "org_1");
    let first = tell(&boss, "erp", &["*"]).await;
    for _ in 1..100 {
        tell(&boss, "erp", &["*"]).await;
    }
    let (key, body) = (fresh_key(), wish("erp", &["*"]));
    let refused = boss.post("/webhook-endpoints", &key, &body).await;
    assert_eq!(refused.refused(409, "LIMIT_REACHED")["limit"], 100);
    server.caller("usr_2", "org_2").get("/webhook-endpoints").await.expect(200);
    tell(&server.caller("usr_2", "org_2"), "erp", &["*"]).await;
    boss.send(Method::DELETE, &path(&first), &[], None).await;
    // The refusal is stored under its key; another key is another question.
    let again = boss.post("/webhook-endpoints", &key, &body).await;
    assert_eq!((again.status, &again.bytes), (409, &refused.bytes));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    tell(&boss, "erp", &["*"]).await;
    assert_eq!(boss.pages("/webhook-endpoints", 100).await.len(), 100);
}
