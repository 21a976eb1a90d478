//! What the surface says by itself, before the engine is asked: every refusal is a problem
//! document, and everything wrong with a request is told at once.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Caller, Reply, Server, fresh_key};

/// The findings as `place reason`.
pub(crate) fn findings(problem: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let place = |error: &Value| text(&error["pointer"]) + &text(&error["name"]);
    let errors = problem["errors"].as_array().unwrap();
    errors.iter().map(|error| format!("{} {}", place(error), text(&error["reason"]))).collect()
}

/// A change with these headers and nothing wrong besides.
async fn change(owner: &Caller, path: &str, headers: &[(&str, &str)]) -> Reply {
    owner.send(Method::PUT, path, headers, Some(&json!({"name": "Van"}))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_of_the_documentation_stay_at_home() {
    let server = Server::start().await;
    let reader = server.caller("usr_9", "org_1");
    let script = reader.get("/docs/swagger-initializer.js").await;
    assert_eq!(script.status, 200);
    let script = String::from_utf8(script.bytes).unwrap();
    assert!(script.contains(r#""validatorUrl": "none""#), "{script}");
    let page = reader.get("/docs/").await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html")));
    for path in ["/docs/no-such-page", "/docs/a/b.js"] {
        let problem = reader.get(path).await.refused(404, "NOT_FOUND");
        assert_eq!(problem["instance"], path);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn findings_of_query_and_body_are_told_together() {
    let server = Server::start().await;
    let owner = server.caller("usr_9", "org_1");
    let told = owner.post("/assets?dry_run=1", &fresh_key(), &json!({})).await;
    let expected = [
        "dry_run unknown parameter",
        "#/name is required",
        "#/category is required",
        "#/owner_org_id is required",
        "#/location_id is required",
    ];
    assert_eq!(findings(&told.refused(422, "VALIDATION_FAILED")), expected);
    let told = owner.post("/assets?dry_run=1", &fresh_key(), &json!([])).await;
    let expected = ["dry_run unknown parameter", "# must be an object"];
    assert_eq!(findings(&told.refused(422, "VALIDATION_FAILED")), expected);
    let good = owner.asset_body("Van");
    let told = owner.post("/assets?dry_run=1", &fresh_key(), &good).await;
    let told = findings(&told.refused(422, "VALIDATION_FAILED"));
    assert_eq!(told, ["dry_run unknown parameter"]);
    owner.post("/assets?a=%zz", &fresh_key(), &json!({})).await.refused(400, "BAD_REQUEST");

    let asset = owner.asset("Van").await;
    let told = owner.put(&format!("/assets/{asset}?x"), &fresh_key(), "*", &json!({})).await;
    let told = findings(&told.refused(422, "VALIDATION_FAILED"));
    assert_eq!(told, ["x unknown parameter", "# must change something"]);
    let path = format!("/assets/{asset}/check-out?x");
    let body = json!({"booking_id": "b", "extra_cost_minor": 9_007_199_254_740_992_i64});
    let told =
        findings(&owner.post(&path, &fresh_key(), &body).await.refused(422, "VALIDATION_FAILED"));
    assert_eq!(
        told,
        ["x unknown parameter", "#/extra_cost_minor must be at most 9007199254740991"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_up_to_the_bound_are_taken_and_refused_by_us_beyond_it() {
    let server = Server::start().await;
    let reader = server.caller("usr_9", "org_1");
    // How many, how long, and what comes of it.
    let rows = [(300, 20, 200), (600, 20, 200), (300, 140, 431), (900, 30, 431)];
    for (count, bytes, status) in rows {
        let value = "v".repeat(bytes);
        let names: Vec<String> = (0..count).map(|n| format!("x-filler-{n}")).collect();
        let headers: Vec<_> = names.iter().map(|name| (name.as_str(), value.as_str())).collect();
        let reply = reader.send(Method::GET, "/assets", &headers, None).await;
        assert_eq!(reply.status, status, "{count} of {bytes}");
        if status == 431 {
            reply.refused(431, "HEADERS_TOO_LARGE");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_escapes_are_refused_in_every_path() {
    let server = Server::start().await;
    let reader = server.caller("usr_9", "org_1").without_token();
    let paths = ["/assets/%zz", "/assets/%ff", "/problems/%ff", "/problems/%", "/no/%2", "/%c3%28"];
    for path in paths {
        let problem = reader.get(path).await.refused(400, "BAD_REQUEST");
        assert_eq!(problem["instance"], path);
    }
    reader.get("/assets/%C3%A9").await.refused(401, "UNAUTHENTICATED");
    reader.get("/problems/%C3%A9").await.refused(404, "NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_without_a_word_is_no_search() {
    let server = Server::start().await;
    let reader = server.caller("usr_9", "org_1");
    for q in ["---", "%20-%20", "%CC%81", "%F0%9F%98%80"] {
        let problem = reader.get(&format!("/assets?q={q}")).await.refused(422, "VALIDATION_FAILED");
        assert_eq!(problem["errors"].as_array().unwrap().len(), 1, "{q}");
        assert_eq!(problem["errors"][0]["name"], "q");
    }
    reader.get("/assets?q=-7-").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_headers_name_the_header() {
    let server = Server::start().await;
    let owner = server.caller("usr_9", "org_1");
    let path = format!("/assets/{}", owner.asset("Van").await);
    type Row<'a> = (&'a [(&'a str, &'a str)], &'a str, &'a str);
    let rows: &[Row<'_>] = &[
        (&[("if-match", "*")], "IDEMPOTENCY_KEY_REQUIRED", "Idempotency-Key"),
        (
            &[("idempotency-key", "two words"), ("if-match", "*")],
            "IDEMPOTENCY_KEY_REQUIRED",
            "Idempotency-Key",
        ),
        (&[("idempotency-key", "k"), ("if-match", "3-0")], "BAD_REQUEST", "If-Match"),
    ];
    for (headers, code, name) in rows {
        let problem = change(&owner, &path, headers).await.refused(400, code);
        assert_eq!(problem["errors"][0]["name"], *name, "{problem}");
        assert!(problem["errors"][0]["reason"].as_str().is_some_and(|it| !it.is_empty()));
    }
    let problem = change(&owner, &path, &[("idempotency-key", "k")]).await;
    let problem = problem.refused(428, "PRECONDITION_REQUIRED");
    assert_eq!(problem["errors"][0]["name"], "If-Match", "{problem}");
}
