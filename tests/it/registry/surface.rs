//! Who may do what, and what every answer looks like.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Desk, asset, at, codes, context, created, empty, link, named, raw, start};
use crate::harness::{Caller, Server};

/// Every route: whether it writes, with a request that is valid.
fn requests() -> Vec<(bool, Method, &'static str, Option<Value>)> {
    let many = || json!({"Root": named("U/1"), "Associations": [{"ToAsset": named("T/y")}]});
    let (get, head, post) = (Method::GET, Method::HEAD, Method::POST);
    let (patch, delete) = (Method::PATCH, Method::DELETE);
    let mut all = Vec::new();
    let mut read = |method: &Method, path, body| all.push((false, method.clone(), path, body));
    for path in [
        "/asset",
        "/asset/bytype?type=T",
        "/asset/bytype/T",
        "/asset/bytype/T/bycode?code=x",
        "/asset/bytype/T/bycode/x",
        "/type",
        "/type/bycode?code=T",
        "/type/bycode/T",
        "/association/from/U/1",
        "/association/from/U/1/to/T",
        "/association/from/U/1/to/T/x",
        "/association/from/U/1/transitive",
        "/association/to/T/x",
    ] {
        read(&get, path, None);
        read(&head, path, None);
    }
    read(&post, "/asset/bytype", Some(json!(["T"])));
    read(&post, "/asset/bytype/T/bycode", Some(json!(["x"])));
    read(&post, "/type/bycode", Some(json!(["T"])));
    let mut write = |method: &Method, path, body| all.push((true, method.clone(), path, body));
    write(&post, "/asset", Some(json!([asset("T", "y", &[])])));
    write(&post, "/asset/bytype/T/bycode/y", Some(asset("T", "y", &[])));
    write(&patch, "/asset/bytype/T/bycode/y", Some(asset("T", "y", &["A"])));
    write(&post, "/type", Some(json!([{"Code": "V"}])));
    write(&post, "/type/bycode/V", Some(json!({"Code": "V"})));
    write(&patch, "/type/bycode/V", Some(json!({"Code": "V"})));
    write(&post, "/association", Some(many()));
    write(&post, "/association/from/U/1", Some(many()));
    write(&patch, "/association/from/U/1/to/T", Some(many()));
    write(&post, "/association/from/U/1/to/T/x", Some(link("U/1", "T/x", &[])));
    write(&delete, "/association/from/U/1/to/T/x", None);
    write(&delete, "/association/from/U/1", None);
    write(&delete, "/asset/bytype/T/bycode", Some(json!(["z"])));
    write(&delete, "/asset/bytype/T/bycode/y", None);
    write(&delete, "/type/bycode", Some(json!(["z"])));
    write(&delete, "/type/bycode/V", None);
    all
}

async fn stocked() -> (Server, Desk) {
    let (server, desk) = start(&["T", "U", "V"]).await;
    desk.asset("T", "y", &[]).await;
    desk.link("U/1", "T/x", &[]).await;
    (server, desk)
}

fn scoped(server: &Server, scope: &str) -> Caller {
    server.caller_with("usr_2", "org_1", |claims| {
        claims.scope = scope.into();
        // Neither plays a part here.
        claims.roles = Some(vec![]);
        claims.locations = Some(vec!["loc_nowhere".into()]);
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_scope_alone_decides() {
    let rows = [
        ("", false, false),
        ("booking:write", false, false),
        ("asset:read", true, false),
        ("Authority/Service", true, false),
        ("asset:write", false, true),
        ("Authority/Admin", true, true),
        ("asset:read asset:write", true, true),
        ("authority/admin", false, false),
    ];
    for (scope, reads, writes) in rows {
        let (server, _) = stocked().await;
        let caller = scoped(&server, scope);
        for (is_write, method, path, body) in requests() {
            let at = format!("{scope:?} {method} {path}");
            let reply = caller.send(method.clone(), path, &[], body.as_ref()).await;
            if if is_write { writes } else { reads } {
                assert!(reply.status < 300, "{at}: {}", reply.status);
                continue;
            }
            assert_eq!(reply.status, 403, "{at}");
            let challenge = reply.header("www-authenticate").unwrap();
            let needs = if is_write {
                "asset:write Authority/Admin"
            } else {
                "asset:read Authority/Service Authority/Admin"
            };
            assert!(challenge.ends_with(&format!("scope=\"{needs}\"")), "{at}: {challenge}");
            if method != Method::HEAD {
                reply.refused(403, "INSUFFICIENT_SCOPE");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_always_asked_for() {
    let (_server, desk) = stocked().await;
    let nobody = desk.0.clone().without_token();
    for (_, method, path, body) in requests() {
        let reply = nobody.send(method.clone(), path, &[], body.as_ref()).await;
        assert_eq!(
            (reply.status, reply.header("www-authenticate")),
            (401, Some("Bearer")),
            "{method} {path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_organisation_has_a_registry_of_its_own() {
    let (server, desk) = stocked().await;
    let other = Desk(server.caller("usr_9", "org_2"));
    assert_eq!(other.read("/type").await, json!([]));
    assert_eq!(other.read("/asset").await, json!([]));
    empty(&other.get(&at("T", "y")).await, 404);
    codes(&other.post("/asset", &json!([asset("T", "y", &[])])).await, 422, &["AssetTypeNotFound"]);
    other.types(&["T"]).await;
    other.asset("T", "y", &["Other"]).await;
    empty(&other.delete(&at("T", "y")).await, 204);
    assert_eq!(desk.read(&at("T", "y")).await, asset("T", "y", &[]));
}

#[tokio::test(flavor = "multi_thread")]
async fn other_methods_are_told_which_there_are() {
    let (_server, desk) = start(&[]).await;
    let rows = [
        ("/asset", "GET, HEAD, POST, OPTIONS"),
        ("/asset/bytype", "GET, HEAD, POST, OPTIONS"),
        ("/asset/bytype/T", "GET, HEAD, OPTIONS"),
        ("/asset/bytype/T/bycode", "GET, HEAD, POST, DELETE, OPTIONS"),
        ("/asset/bytype/T/bycode/%ff", "GET, HEAD, POST, PATCH, DELETE, OPTIONS"),
        ("/type", "GET, HEAD, POST, OPTIONS"),
        ("/type/bycode", "GET, HEAD, POST, DELETE, OPTIONS"),
        ("/type/bycode/T", "GET, HEAD, POST, PATCH, DELETE, OPTIONS"),
        ("/association", "POST, OPTIONS"),
        ("/association/from/T/x", "GET, HEAD, POST, DELETE, OPTIONS"),
        ("/association/from/T/x/to/T", "GET, HEAD, PATCH, OPTIONS"),
        ("/association/from/T/x/to/T/y", "GET, HEAD, POST, DELETE, OPTIONS"),
        ("/association/from/T/x/transitive", "GET, HEAD, OPTIONS"),
        ("/association/to/T/x", "GET, HEAD, OPTIONS"),
    ];
    for (path, allow) in rows {
        let put = desk.send(Method::PUT, path, None).await;
        put.refused(405, "METHOD_NOT_ALLOWED");
        assert_eq!(put.header("allow"), Some(allow), "{path}");
        let options = desk.send(Method::OPTIONS, path, None).await;
        empty(&options, 204);
        assert_eq!(options.header("allow"), Some(allow), "{path}");
    }
    desk.get("/association").await.refused(405, "METHOD_NOT_ALLOWED");
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_and_answers_are_json() {
    let (_server, desk) = stocked().await;
    let body = asset("T", "y", &[]).to_string();
    let path = at("T", "y");
    let rows: &[(&[(&str, &str)], u16)] = &[
        (&[("Content-Type", "application/json")], 201),
        (&[("Content-Type", "application/json; charset=utf-8"), ("Accept", "text/html")], 201),
        (&[], 415),
        (&[("Content-Type", "application/x-protobuf")], 415),
        (&[("Content-Type", "text/plain")], 415),
        (&[("Content-Type", "application/json"), ("Content-Encoding", "gzip")], 415),
    ];
    for (headers, status) in rows {
        let reply = raw::send(&desk.0, ("POST", path.as_bytes()), headers, body.as_bytes()).await;
        assert_eq!(reply.status, *status, "{headers:?}");
        if *status == 415 {
            reply.refused(415, "UNSUPPORTED_MEDIA_TYPE");
        }
    }
    for (accept, status) in
        [("*/*", 200), ("text/html, application/*;q=0.1", 200), ("application/x-protobuf", 406)]
    {
        let reply = desk.0.send(Method::GET, "/asset", &[("accept", accept)], None).await;
        assert_eq!(reply.status, status, "{accept}");
        if status == 406 {
            reply.refused(406, "NOT_ACCEPTABLE");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_the_request_s_id_and_no_tag() {
    let (_server, desk) = stocked().await;
    for (_, method, path, body) in requests() {
        let headers = [("x-request-id", "registry-1"), ("idempotency-key", "ignored")];
        let reply = desk.0.send(method.clone(), path, &headers, body.as_ref()).await;
        assert_eq!(reply.header("x-request-id"), Some("registry-1"), "{method} {path}");
        for name in ["etag", "idempotency-replayed"] {
            assert_eq!(reply.header(name), None, "{method} {path}");
        }
        assert_eq!(reply.header("cache-control"), Some("no-store"), "{method} {path}");
    }
}

/// A write's answer is followed by reads that show it, whatever is folded, and so is a restart.
#[tokio::test(flavor = "multi_thread")]
async fn reads_follow_writes_at_any_fold_and_after_a_restart() {
    for entries in [usize::MAX, 1] {
        let fold = move |config: &mut holdfast::Config| {
            config.engine.fold.entries = entries;
            config.engine.fold.age_ms = if entries == 1 { 0 } else { i64::MAX };
        };
        let server = Server::start_with(fold).await;
        let desk = Desk(server.caller("usr_9", "org_1"));
        desk.types(&["T", "U"]).await;
        for round in 0..20 {
            let code = format!("x{round}");
            let path = at("T", &code);
            created(&desk.post(&path, &asset("T", &code, &["A", "B"])).await, &path);
            assert_eq!(desk.read(&path).await, asset("T", &code, &["A", "B"]));
            desk.link("U/1", &format!("T/{code}"), &["A"]).await;
            empty(&desk.delete(&format!("{path}?app=A")).await, 204);
            assert_eq!(desk.read(&path).await["Context"], context(&["B"]));
            let renamed = asset("T", &format!("y{round}"), &["C"]);
            let new = at("T", &format!("y{round}"));
            created(&desk.patch(&path, &renamed).await, &new);
            let list = desk.read("/asset/bytype/T").await;
            assert!(list.as_array().unwrap().contains(&renamed), "{list}");
            let linked = desk.read("/association/from/U/1").await;
            assert_eq!(linked["Associations"].as_array().unwrap().len(), round + 1);
            codes(&desk.delete(&new).await, 409, &["AssetInUse"]);
        }
        let all = async |desk: &Desk| {
            (
                desk.read("/asset").await,
                desk.read("/association/from/U/1").await,
                desk.read("/type").await,
            )
        };
        let before = all(&desk).await;
        let server = Server::start_in(server.stop().await, fold).await;
        let desk = Desk(server.caller("usr_9", "org_1"));
        assert_eq!(all(&desk).await, before);
        codes(&desk.delete(&at("T", "y0")).await, 409, &["AssetInUse"]);
        empty(&desk.delete("/association/from/U/1").await, 204);
        empty(&desk.delete(&at("T", "y0")).await, 204);
    }
}
