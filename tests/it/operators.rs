//! What operators see and do: who failed and with which command, the release of what is held back,
//! and figures that move with what happens. On a listener of its own, for their role alone.

mod open_metrics;
mod world;

use std::{sync::atomic::Ordering, time::Duration};

use holdfast_storage::views::ViewsError;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Server, fresh_key};
use open_metrics::Metrics;
use world::World;

/// A child of the root.
fn child<'a>(tree: &'a Value, name: &str) -> &'a Value {
    let children = tree["root"]["children"].as_array().unwrap();
    children.iter().find(|child| child["name"] == name).unwrap_or_else(|| panic!("no {name}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_asset_that_keeps_failing_is_seen_held_back_and_released() {
    let world = World::start().await;
    let (bad, good) = (world.owner.asset("Bad").await, world.owner.asset("Good").await);
    world.trap(&bad, usize::MAX);
    let answer = world.book(&bad, "req-culprit").await;
    answer.refused(503, "OVERLOADED");
    // The parent hears of it a moment later.
    let seen = world.once(|tree| !tree["assets"]["failing"][0].is_null()).await;
    let failing = &seen["assets"]["failing"][0];
    assert_eq!((&failing["asset_id"], &failing["state"]), (&json!(bad), &json!("failed")));
    assert_eq!(failing["failures"], 1);
    let failure = &failing["last_failure"];
    assert_eq!(failure["message"], "a planned fault");
    let command = json!({"kind": "create_booking", "request_id": "req-culprit"});
    assert_eq!(failure["command"], command);
    assert_eq!(seen["assets"]["counts"]["quarantined"], 0);

    // Until the sixth within a minute; the other asset is served all the while.
    let mut others = 0;
    for attempt in 0.. {
        let answer = world.book(&bad, &format!("req-{attempt}")).await;
        world.book(&good, "req-good").await.expect(201);
        others += 1;
        if answer.json()["code"] == "ASSET_QUARANTINED" {
            assert_eq!(answer.header("retry-after"), Some("60"));
            break;
        }
        answer.refused(503, "OVERLOADED");
        // Back-off goes by the clock of the test; too little for the first failure to be forgotten.
        world.clock.advance_ms(50);
    }
    assert!(others >= 5, "{others}");
    let seen = world.tree().await;
    assert_eq!(seen["assets"]["counts"]["quarantined"], 1);
    let held = &seen["assets"]["quarantined"][0];
    assert_eq!((&held["asset_id"], &held["failures"]), (&json!(bad), &json!(6)));
    assert_eq!(held["last_failure"]["command"]["kind"], "create_booking");
    assert!(held["quarantined_since"].is_string());
    assert_eq!(seen["assets"]["failures"], 6);
    assert_eq!(seen["assets"]["restarts"], 5);
    assert_eq!(seen["assets"]["failing"], json!([]), "the other was never disturbed");
    let hottest: Vec<&Value> =
        seen["assets"]["hottest"].as_array().unwrap().iter().map(|it| &it["asset_id"]).collect();
    assert!(hottest.contains(&&json!(bad)) && hottest.contains(&&json!(good)), "{hottest:?}");
    let metrics = world.metrics().await;
    assert_eq!(metrics.value("quarantined_assets", &[]), 1.0);
    assert_eq!(metrics.value("actor_failures_total", &[("actor", "assets")]), 6.0);

    release(&world, &bad, &good).await;
}

/// The rest of the story: only an operator, only that asset, and then it works again.
async fn release(world: &World, bad: &str, good: &str) {
    let path = |id: &str| format!("/admin/assets/{id}/release");
    let send = |id: &str, body: Option<Value>| {
        let (operator, path) = (world.operator.clone(), path(id));
        async move { operator.send(Method::POST, &path, &[], body.as_ref()).await }
    };
    send(bad, Some(json!({"why": "because"}))).await.refused(422, "VALIDATION_FAILED");
    send("no-id", None).await.refused(404, "NOT_FOUND");
    send("ast_01h455vb4pex5vsknk084sn02q", None).await.refused(404, "NOT_FOUND");
    let refused = send(good, None).await.refused(409, "INVALID_TRANSITION");
    assert!(["live", "idle"].contains(&refused["current_status"].as_str().unwrap()), "{refused}");
    world.book(bad, "req-still").await.refused(503, "ASSET_QUARANTINED");
    world.trap(bad, 0);
    let released = send(bad, Some(json!({}))).await.expect(200);
    assert_eq!(released["asset_id"], bad);
    assert_eq!((&released["state"], &released["failures"]), (&json!("idle"), &json!(0)));
    assert_eq!(released["quarantined_since"], Value::Null);
    world.book(bad, "req-again").await.expect(201);
    send(bad, None).await.refused(409, "INVALID_TRANSITION");
    assert_eq!(world.tree().await["assets"]["counts"]["quarantined"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reminder_that_fails_is_no_command_of_a_client() {
    let world = World::start().await;
    let asset = world.owner.asset("Van").await;
    world.book(&asset, "req-1").await.expect(201);
    world.trap(&asset, 1);
    // Nobody has come for it.
    world.clock.advance_ms(30 * 60_000);
    let seen = world.once(|tree| !tree["assets"]["failing"][0].is_null()).await;
    let command = &seen["assets"]["failing"][0]["last_failure"]["command"];
    assert_eq!(*command, json!({"kind": "tick", "request_id": null}));
}

/// A booking that is over, and only the views know where its last image is.
async fn cancelled_and_folded(world: &World) -> (String, String) {
    let asset = world.owner.asset("Van").await;
    let booking = world.book(&asset, "req-1").await.expect(201);
    let path = format!("/bookings/{}", booking["id"].as_str().unwrap());
    world.owner.post(&format!("{path}/cancel"), &fresh_key(), &json!({})).await.expect(200);
    world.clock.advance_ms(60_000);
    while world.metrics().await.value("tail_entries", &[]) > 0.0 {}
    (asset, path)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_cannot_be_read_now_holds_no_asset_back() {
    let world = World::start().await;
    let (asset, path) = cancelled_and_folded(&world).await;
    let path = format!("{path}/adjustments");
    let adjust = json!({"amount_minor": 5, "reason": "agreed on"});
    *world.views.reads_fail_with.lock() = Some(|| ViewsError::Store("no room".to_owned()));
    for _ in 0..10 {
        let answer = world.owner.post(&path, &fresh_key(), &adjust).await;
        answer.refused(503, "OVERLOADED");
        world.book(&asset, "req-2").await.expect(201);
    }
    let seen = world.tree().await;
    assert_eq!(seen["assets"]["failing"], json!([]));
    assert_eq!(seen["assets"]["counts"]["quarantined"], 0);
    assert!(!world.views.is_condemned.load(Ordering::SeqCst));
    *world.views.reads_fail_with.lock() = None;
    world.owner.post(&path, &fresh_key(), &adjust).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_that_a_command_meets_is_remembered_for_the_next_start() {
    let world = World::start().await;
    let (_, path) = cancelled_and_folded(&world).await;
    let adjust = json!({"amount_minor": 5, "reason": "agreed on"});
    *world.views.reads_fail_with.lock() = Some(|| ViewsError::Damaged("a flipped bit"));
    let answer = world.owner.post(&format!("{path}/adjustments"), &fresh_key(), &adjust).await;
    answer.refused(503, "OVERLOADED");
    assert!(world.views.is_condemned.load(Ordering::SeqCst));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thread_that_panics_is_seen_with_its_restarts_and_its_error() {
    let world = World::start().await;
    let before = world.tree().await;
    for name in ["commit-stage", "view-writer", "timers", "assets", "segment-preparer"] {
        assert_eq!(child(&before, name)["state"], "running", "{name}");
        assert_eq!(child(&before, name)["restarts"], 0, "{name}");
    }
    assert_eq!(child(&before, "segment-check")["state"], "ended");
    assert_eq!(child(&before, "commit-stage")["mailbox_depth"], 0);
    world.views.flushes_to_panic.store(2, Ordering::SeqCst);
    world.owner.asset("Van").await;
    world.clock.advance_ms(60_000);
    let seen = world.once(|tree| child(tree, "view-writer")["restarts"] == 2).await;
    let writer = child(&seen, "view-writer");
    assert_eq!((&writer["kind"], &writer["failures"]), (&json!("thread"), &json!(2)));
    assert_eq!(writer["last_error"]["message"], "a planned fault of the views");
    assert!(writer["last_error"]["at"].is_string());
    let running = world.once(|tree| child(tree, "view-writer")["state"] == "running").await;
    assert_eq!(running["root"]["state"], "running");
    let metrics = world.metrics().await;
    let labels = [("actor", "view-writer")];
    assert_eq!(metrics.value("actor_restarts_total", &labels), 2.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_listener_has_its_own_and_only_operators_get_in() {
    let server = Server::start().await;
    let operator = server.operator(&["operator"]);
    operator.get("/admin/supervision").await.expect(200);
    operator.get("/admin/supervision?x=1").await.refused(422, "VALIDATION_FAILED");
    let release = "/admin/assets/ast_01h455vb4pex5vsknk084sn02q/release";
    for roles in [&[][..], &["member", "manager", "admin", "auditor"]] {
        let stranger = server.operator(roles);
        stranger.get("/admin/supervision").await.refused(403, "FORBIDDEN_ROLE");
        let refused = stranger.send(Method::POST, release, &[], None).await;
        refused.refused(403, "FORBIDDEN_ROLE");
    }
    let nobody = operator.clone().without_token();
    let refused = nobody.get("/admin/supervision").await;
    assert_eq!(refused.header("www-authenticate"), Some("Bearer"));
    refused.refused(401, "UNAUTHENTICATED");
    nobody.send(Method::POST, release, &[], None).await.refused(401, "UNAUTHENTICATED");
    for path in ["/healthz", "/metrics", "/openapi.json"] {
        assert_eq!(nobody.get(path).await.status, 200, "{path}");
    }
    let document = nobody.get("/openapi.json").await.expect(200);
    assert!(document["paths"]["/admin/supervision"].is_object());
    assert!(document["paths"]["/assets"].is_null());

    for path in ["/assets", "/bookings", "/readyz", "/docs", "/admin", "/admin/", "/admin/x"] {
        operator.get(path).await.refused(404, "NOT_FOUND");
    }
    let refused = operator.send(Method::POST, "/admin/supervision", &[], None).await;
    assert_eq!(refused.header("allow"), Some("GET, HEAD, OPTIONS"));
    refused.refused(405, "METHOD_NOT_ALLOWED");
    let public = operator.at(&server.caller("usr_9", "org_1"));
    for path in ["/admin/supervision", "/metrics", "/admin"] {
        public.get(path).await.refused(404, "NOT_FOUND");
    }
    public.send(Method::POST, release, &[], None).await.refused(404, "NOT_FOUND");
    let document = public.get("/openapi.json").await.expect(200);
    assert!(document["paths"]["/admin/supervision"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_move_with_what_happens() {
    let server = Server::start().await;
    let operator = server.operator(&[]).without_token();
    let metrics = async || {
        let reply = operator.get("/metrics").await;
        let form = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        assert_eq!((reply.status, reply.header("content-type")), (200, Some(form)));
        Metrics::parse(&String::from_utf8(reply.bytes).unwrap())
    };
    let before = metrics().await;
    let owner = server.caller("usr_9", "org_1");
    let asset = owner.asset("Van").await;
    let (start, end) = (server.in_minutes(600), server.in_minutes(660));
    owner.book(&asset, &start, &end).await.expect(201);
    for _ in 0..2 {
        owner.book(&asset, &start, &end).await.refused(409, "BOOKING_OVERLAP");
    }
    let (key, body) = (fresh_key(), owner.booking_body(&start, &end));
    let path = format!("/assets/{asset}/bookings");
    for _ in 0..2 {
        owner.post(&path, &key, &body).await.refused(409, "BOOKING_OVERLAP");
    }
    owner.get(&format!("/assets/{asset}")).await.expect(200);
    owner.get(&format!("/no/{asset}")).await.refused(404, "NOT_FOUND");
    let after = metrics().await;

    let requests = |route, method, code| [("route", route), ("method", method), ("code", code)];
    let bookings = "/assets/{id}/bookings";
    for (labels, count) in [
        (requests("/assets", "POST", "201"), 1.0),
        (requests(bookings, "POST", "201"), 1.0),
        (requests(bookings, "POST", "409"), 4.0),
        (requests("/assets/{id}", "GET", "200"), 1.0),
        (requests("none", "GET", "404"), 1.0),
    ] {
        assert_eq!(after.grown("http_requests_total", &labels, &before), count, "{labels:?}");
    }
    let labels = [("route", bookings), ("method", "POST")];
    assert_eq!(after.grown("http_request_duration_seconds_count", &labels, &before), 5.0);
    assert!(after.value("http_request_duration_seconds_sum", &labels) > 0.0);
    assert_eq!(after.grown("booking_conflicts_total", &[], &before), 4.0);
    // The asset, the booking and three refusals; the replay is no record.
    assert_eq!(after.grown("journal_group_records_sum", &[], &before), 5.0);
    for name in
        ["journal_group_records_count", "journal_fsync_seconds_count", "gate_wait_seconds_count"]
    {
        let groups = after.grown(name, &[], &before);
        assert!((1.0..=5.0).contains(&groups), "{name}: {groups}");
    }
    assert!(after.value("journal_fsync_seconds_sum", &[]) > 0.0);
    assert!(
        after.value("gate_wait_seconds_sum", &[])
            >= after.value("journal_fsync_seconds_sum", &[]) / 2.0
    );
    assert_eq!(after.value("live_actors", &[]), 1.0);
    assert_eq!(after.value("tail_entries", &[]), 5.0);
    assert_eq!(after.value("timers", &[]), 1.0);
    assert_eq!(after.value("quarantined_assets", &[]), 0.0);
    for name in ["in_flight_bytes", "fold_lag_seconds", "timer_lag_seconds", "gate_records"] {
        assert!(after.value(name, &[]) >= 0.0, "{name}");
    }
    assert!(after.value("journal_room_bytes", &[]) > 0.0);
    // An answer leaves a moment before what it held is given back.
    let emptied = async {
        while metrics().await.value("actor_mailbox_depth", &[("actor", "assets")]) > 0.0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), emptied).await.expect("something still waits");
    let text = after.names().join(" ");
    assert!(!text.contains(&asset), "a raw path was counted");
}
