//! Maintenance through HTTP: the contract's example, its steps, who may, and what lists show when.

use holdfast_actors::EngineOptions;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    dated::{Dated, example_terms, folds, id, post},
    harness::{Caller, fresh_key},
};

const AUGUST: &str = "2025-08-21T10:00:00Z";
const DUE: &str = "2025-10-01T06:00:00Z";

/// Status and code.
type Refused = (u16, &'static str);

fn repair() -> Value {
    json!({"type": "CORRECTIVE", "due_at": DUE})
}

/// One from eight to ten on the first of September.
fn windowed() -> Value {
    json!({"type": "INSPECTION", "due_at": DUE, "start": "2025-09-01T08:00:00Z",
        "end": "2025-09-01T10:00:00Z", "reason": "yearly"})
}

fn one(maintenance: &Value) -> String {
    format!("/maintenance/{}", id(maintenance))
}

async fn status_of(caller: &Caller, asset: &str) -> Value {
    caller.get(&format!("/assets/{asset}")).await.expect(200)["status"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_of_the_contract() {
    let server = Dated::start(AUGUST).await;
    let boss = server.caller("usr_2", "org_1");
    let schedule = json!({"rules": [{"id": "oil", "type": "PREVENTIVE", "every_days": 90,
        "first_due": DUE, "duration_minutes": 120, "notify_before_minutes": [10080, 0],
        "anchor": "COMPLETION"}]});
    let mut body = boss.asset_body("Forklift A2");
    body["booking_terms"] = example_terms();
    body["maintenance_schedule"] = schedule.clone();
    let made = post(&boss, "/assets", body.clone()).await;
    assert_eq!(made["maintenance_schedule"], schedule, "as sent");
    let path = format!("/assets/{}/maintenance", id(&made));
    let page = boss.get(&path).await.expect(200);
    let oil = &page["items"][0];
    let expected = json!({"id": oil["id"], "asset_id": made["id"], "rule_id": "oil",
        "occurrence": 1, "type": "PREVENTIVE", "reason": null, "due_at": DUE, "start": null,
        "end": null, "status": "SCHEDULED", "version": oil["version"], "created_at": AUGUST,
        "updated_at": AUGUST});
    assert_eq!(page["items"], json!([expected]));
    assert!(id(oil).starts_with("mnt_"));
    let read = boss.get(&one(oil)).await;
    assert_eq!(read.expect(200), expected);
    let etag = read.header("etag").unwrap();
    let known = boss.send(Method::GET, &one(oil), &[("if-none-match", etag)], None).await;
    assert_eq!((known.status, known.bytes.len()), (304, 0));

    // A removed rule cancels what is open of it.
    let asset_path = format!("/assets/{}", id(&made));
    let none = json!({"maintenance_schedule": null});
    let put = boss.put(&asset_path, &fresh_key(), "*", &none).await.expect(200);
    assert_eq!(put["maintenance_schedule"], json!(null));
    assert_eq!(boss.get(&one(oil)).await.expect(200)["status"], "CANCELLED");

    body["maintenance_schedule"] = json!({"rules": [{"id": "oil", "every_days": 0}]});
    let wrong = boss.post("/assets", &fresh_key(), &body).await.refused(422, "VALIDATION_FAILED");
    let pointers: Vec<_> = wrong["errors"].as_array().unwrap().iter().collect();
    assert!(
        pointers.iter().all(|it| {
            it["pointer"].as_str().unwrap().starts_with("#/maintenance_schedule/rules/0/")
        }),
        "{wrong}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn from_planned_to_done() {
    let server = Dated::start(AUGUST).await;
    let boss = server.caller("usr_2", "org_1");
    let asset = boss.asset("Van").await;
    let (path, key) = (format!("/assets/{asset}/maintenance"), fresh_key());
    let reply = boss.post(&path, &key, &windowed()).await;
    let made = reply.expect(201);
    assert_eq!(reply.header("location"), Some(&*one(&made)));
    assert_eq!((&made["status"], &made["rule_id"]), (&json!("SCHEDULED"), &json!(null)));
    let again = boss.post(&path, &key, &windowed()).await;
    assert_eq!((again.expect(200), again.bytes.clone()), (made.clone(), reply.bytes.clone()));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let etag = reply.header("etag").unwrap().to_owned();

    let later = json!({"start": "2025-09-01T09:00:00Z", "end": "2025-09-01T11:00:00Z"});
    let no_tag = [("idempotency-key", "k-1")];
    let missing = boss.send(Method::PATCH, &one(&made), &no_tag, Some(&later)).await;
    missing.refused(428, "PRECONDITION_REQUIRED");
    for wrong in ["\"1-0\"", &format!("W/{etag}")] {
        let stale = boss.patch(&one(&made), &fresh_key(), wrong, &later).await;
        stale.refused(412, "PRECONDITION_FAILED");
    }
    let moved = boss.patch(&one(&made), "k-move", &etag, &later).await;
    assert_eq!(moved.expect(200)["start"], "2025-09-01T09:00:00Z");
    let tag = moved.header("etag").unwrap();
    assert_ne!(tag, etag);
    let same = boss.patch(&one(&made), &fresh_key(), tag, &later).await;
    assert_eq!((same.expect(200), same.header("etag")), (moved.json(), Some(tag)));
    let replay = boss.patch(&one(&made), "k-move", &etag, &later).await;
    assert_eq!(replay.expect(200), moved.json(), "a replay beats If-Match");
    let cleared = json!({"start": null, "end": null});
    let cleared = boss.patch(&one(&made), &fresh_key(), "*", &cleared).await.expect(200);
    assert_eq!((&cleared["start"], &cleared["end"]), (&json!(null), &json!(null)));

    let started = post(&boss, &format!("{}/start", one(&made)), json!({})).await;
    assert_eq!(started["status"], "IN_PROGRESS");
    assert_eq!(status_of(&boss, &asset).await, "MAINTENANCE");
    let twice = boss.post(&format!("{}/start", one(&made)), &fresh_key(), &json!({})).await;
    assert_eq!(twice.refused(409, "INVALID_TRANSITION")["current_status"], "IN_PROGRESS");
    let done = post(&boss, &format!("{}/complete", one(&made)), json!({})).await;
    assert_eq!(done["status"], "COMPLETED");
    assert_eq!(status_of(&boss, &asset).await, "ACTIVE");
    assert_eq!(boss.get(&one(&made)).await.expect(200), done);
    let over = boss.patch(&one(&made), &fresh_key(), "*", &later).await;
    over.refused(409, "INVALID_TRANSITION");

    let second = post(&boss, &path, repair()).await;
    let reason = json!({"reason": "sold"});
    let off = post(&boss, &format!("{}/cancel", one(&second)), reason).await;
    assert_eq!((&off["status"], &off["reason"]), (&json!("CANCELLED"), &json!("sold")));
    let kinds: Vec<Value> = boss.pages(&format!("/assets/{asset}/audit"), 100).await;
    let kinds: Vec<_> = kinds.iter().map(|entry| entry["type"].as_str().unwrap()).collect();
    for kind in ["scheduled", "updated", "started", "completed", "cancelled"] {
        assert!(kinds.contains(&&*format!("maintenance.{kind}")), "{kind}: {kinds:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_and_a_booking_keep_each_other_out() {
    let server = Dated::start(AUGUST).await;
    let boss = server.caller("usr_2", "org_1");
    let asset = boss.asset("Van").await;
    let path = format!("/assets/{asset}/maintenance");
    let made = post(&boss, &path, windowed()).await;
    let taken = boss.book(&asset, "2025-09-01T09:30:00Z", "2025-09-01T10:30:00Z").await;
    let taken = taken.refused(409, "BOOKING_OVERLAP");
    let conflict = json!({"kind": "MAINTENANCE", "id": made["id"],
        "start": "2025-09-01T08:00:00Z", "end": "2025-09-01T10:00:00Z"});
    assert_eq!(taken["conflicts"], json!([conflict]));
    assert_eq!(taken["next_available"]["start"], "2025-09-01T10:00:00Z");
    let log: Vec<Value> = boss.pages(&format!("/assets/{asset}/audit"), 100).await;
    assert_eq!(log[0]["type"], "booking.refused");
    for told in ["code", "conflicts", "next_available"] {
        assert_eq!(log[0]["after"][told], taken[told], "{told} in the log");
    }
    let day = "from=2025-09-01T00:00:00Z&to=2025-09-02T00:00:00Z";
    let busy = boss.get(&format!("/assets/{asset}/availability?{day}")).await.expect(200);
    let kept = json!([{"kind": "MAINTENANCE", "start": "2025-09-01T08:00:00Z",
        "end": "2025-09-01T10:00:00Z"}]);
    assert_eq!(busy["busy"], kept);

    let booked = boss.book(&asset, "2025-09-01T10:00:00Z", "2025-09-01T11:00:00Z").await;
    let booked = booked.expect(201);
    let longer = json!({"end": "2025-09-01T10:30:00Z"});
    let met = boss.patch(&one(&made), &fresh_key(), "*", &longer).await;
    let met = met.refused(409, "BOOKING_OVERLAP");
    assert_eq!(met["conflicts"][0]["kind"], "BOOKING");
    assert_eq!(met["conflicts"][0]["id"], booked["id"]);

    let named = json!({"booking_id": booked["id"]});
    server.at("2025-09-01T10:00:00Z");
    post(&boss, &format!("/assets/{asset}/check-in"), named).await;
    let out = boss.post(&format!("{}/start", one(&made)), &fresh_key(), &json!({})).await;
    out.refused(409, "ASSET_IN_USE");
}

#[tokio::test(flavor = "multi_thread")]
async fn maintenance_is_for_those_who_inspect() {
    let server = Dated::start(AUGUST).await;
    let boss = server.caller("usr_2", "org_1");
    let mut body = boss.asset_body("Van");
    body["shared_with"] = json!(["org_2"]);
    let asset = post(&boss, "/assets", body).await;
    let path = format!("/assets/{}/maintenance", id(&asset));
    let made = post(&boss, &path, windowed()).await;
    let auditor = server.role("auditor", "usr_5", "org_1");
    let far = server.caller_with("usr_6", "org_1", |claims| {
        claims.locations = Some(vec!["loc_8".into()]);
    });
    // Who, how reads are answered, how commands are.
    let rows: [(Caller, Option<Refused>, Refused); 5] = [
        (auditor, None, (403, "FORBIDDEN_ROLE")),
        (server.member("usr_8", "org_1"), Some((403, "FORBIDDEN_ROLE")), (403, "FORBIDDEN_ROLE")),
        (server.caller("usr_2", "org_2"), Some((403, "FORBIDDEN_ROLE")), (403, "FORBIDDEN_ROLE")),
        (server.caller("usr_2", "org_3"), Some((404, "NOT_FOUND")), (404, "NOT_FOUND")),
        (far, Some((404, "NOT_FOUND")), (404, "NOT_FOUND")),
    ];
    for (caller, reads, (status, code)) in rows {
        let (list, read) = (caller.get(&path).await, caller.get(&one(&made)).await);
        match reads {
            None => {
                assert_eq!(list.expect(200)["items"], json!([made]));
                assert_eq!(read.expect(200), made);
            }
            Some((status, code)) => {
                list.refused(status, code);
                read.refused(status, code);
            }
        }
        caller.post(&path, &fresh_key(), &repair()).await.refused(status, code);
        for verb in ["start", "complete", "cancel"] {
            let path = format!("{}/{verb}", one(&made));
            caller.post(&path, &fresh_key(), &json!({})).await.refused(status, code);
        }
        let moved = json!({"due_at": "2025-10-02T06:00:00Z"});
        caller.patch(&one(&made), &fresh_key(), "*", &moved).await.refused(status, code);
    }
    assert_eq!(boss.get(&one(&made)).await.expect(200), made);
    for absent in ["mnt_01k3bpp4r0e0vr9k3y6nq1gq2c", "mnt_x", "crp_01k3bpp4r0e0vr9k3y6nq1gq2c"] {
        boss.get(&format!("/maintenance/{absent}")).await.refused(404, "NOT_FOUND");
    }
    let reader = server.caller_with("usr_2", "org_1", |claims| {
        claims.roles = Some(vec!["manager".into()]);
        claims.scope = "booking:write".into();
    });
    reader.get(&path).await.expect(200);
    reader.post(&path, &fresh_key(), &repair()).await.refused(403, "INSUFFICIENT_SCOPE");

    let wrong = json!({"type": "REPAIR", "start": "2025-09-01T08:00:00Z"});
    let wrong = boss.post(&path, &fresh_key(), &wrong).await.refused(422, "VALIDATION_FAILED");
    assert_eq!(wrong["errors"].as_array().unwrap().len(), 3);
    boss.patch(&one(&made), &fresh_key(), "*", &json!({})).await.refused(422, "VALIDATION_FAILED");
    boss.get(&format!("{path}?status=OPEN")).await.refused(422, "VALIDATION_FAILED");
}

async fn lists_show_what_was_written(options: EngineOptions) {
    let server = Dated::start_with(AUGUST, options).await;
    let boss = server.caller("usr_2", "org_1");
    let asset = boss.asset("Van").await;
    let path = format!("/assets/{asset}/maintenance");
    let mut newest_first: Vec<Value> = Vec::new();
    for number in 0..7 {
        let made = post(&boss, &path, repair()).await;
        newest_first.insert(0, made.clone());
        let page = boss.get(&format!("{path}?limit=1")).await.expect(200);
        assert_eq!(page["items"], json!([made]), "right after the write");
        if number % 3 == 2 {
            let off = post(&boss, &format!("{}/cancel", one(&newest_first[1])), json!({})).await;
            assert_eq!(boss.get(&one(&off)).await.expect(200), off);
            newest_first[1] = off;
            assert_eq!(boss.get(&path).await.expect(200)["items"], json!(newest_first));
        }
    }
    let check = async |server: &Dated| {
        let boss = server.caller("usr_2", "org_1");
        for limit in [1, 2, 7] {
            assert_eq!(boss.pages(&path, limit).await, newest_first);
            let off = boss.pages(&format!("{path}?status=CANCELLED"), limit).await;
            let expected = newest_first.iter().filter(|it| it["status"] == "CANCELLED");
            assert!(off.iter().eq(expected), "{limit}");
        }
        for made in &newest_first {
            assert_eq!(&boss.get(&one(made)).await.expect(200), made);
        }
    };
    check(&server).await;
    check(&server.restart().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_show_what_was_written_with_and_without_folds() {
    for options in folds() {
        lists_show_what_was_written(options).await;
    }
}
