//! Condition reports through HTTP: the contract's example, who may, and what lists show when.

use holdfast_actors::EngineOptions;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    dated::{Dated, example_terms, folds, id, post},
    harness::{Caller, fresh_key},
};

const AUGUST: &str = "2025-08-23T12:34:56Z";

fn harmless() -> Value {
    json!({"checklist": [{"item": "forks", "result": "OK"}], "photos": []})
}

/// A member that has used the asset, with its booking.
async fn used(server: &Dated, boss: &Caller) -> (Caller, String, String) {
    let asset = boss.asset_under(example_terms()).await;
    let member = server.member("usr_9", "org_1");
    let booking = member.book(&asset, "2025-09-01T08:00:00Z", "2025-09-01T16:00:00Z").await;
    let booking = id(&booking.expect(201)).to_owned();
    let named = json!({"booking_id": booking});
    server.at("2025-09-01T08:02:11Z");
    post(&member, &format!("/assets/{asset}/check-in"), named.clone()).await;
    server.at("2025-09-01T16:00:00Z");
    post(&member, &format!("/assets/{asset}/check-out"), named).await;
    (member, asset, booking)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_of_the_contract() {
    let server = Dated::start(AUGUST).await;
    let boss = server.caller("usr_2", "org_1");
    let (member, asset, booking) = used(&server, &boss).await;
    server.at("2025-09-01T16:50:00Z");
    let sent = json!({"booking_id": booking,
        "checklist": [{"item": "forks", "result": "DAMAGED", "note": "bent"}],
        "photos": [{"url": "https://img.example/1.jpg"}], "notes": "left fork",
        "proposed_charge_minor": 15000, "takes_out_of_service": true});
    let (path, key) = (format!("/assets/{asset}/condition-reports"), fresh_key());
    let reply = member.post(&path, &key, &sent).await;
    let report = reply.expect(201);
    let expected = json!({"id": report["id"], "asset_id": asset, "booking_id": booking,
        "checklist": [{"item": "forks", "result": "DAMAGED", "note": "bent"}],
        "photos": [{"url": "https://img.example/1.jpg", "sha256": null}], "notes": "left fork",
        "proposed_charge_minor": 15000, "takes_out_of_service": true, "supersedes": null,
        "status": "PENDING_APPROVAL", "created_by": "usr_9",
        "created_at": "2025-09-01T16:50:00Z", "decided_by": null, "decided_at": null,
        "reason": null, "version": report["version"]});
    assert_eq!(report, expected);
    let one = format!("/condition-reports/{}", id(&report));
    assert!(id(&report).starts_with("crp_"));
    assert_eq!(reply.header("location"), Some(&*one));
    let etag = reply.header("etag").unwrap().to_owned();

    let again = member.post(&path, &key, &sent).await;
    assert_eq!(again.expect(200), report);
    assert_eq!(again.bytes, reply.bytes);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!((again.header("location"), again.header("etag")), (Some(&*one), Some(&*etag)));
    let mut other = sent.clone();
    other["notes"] = json!("right fork");
    member.post(&path, &key, &other).await.refused(422, "IDEMPOTENCY_KEY_REUSED");

    let read = member.get(&one).await;
    assert_eq!((read.expect(200), read.header("etag")), (report.clone(), Some(&*etag)));
    let known = member.send(Method::GET, &one, &[("if-none-match", &etag)], None).await;
    assert_eq!((known.status, known.bytes.len()), (304, 0));
    assert_eq!(boss.get(&path).await.expect(200)["items"], json!([report]));
    let asset_path = format!("/assets/{asset}");
    assert_eq!(boss.get(&asset_path).await.expect(200)["status"], "MAINTENANCE");

    server.at("2025-09-01T17:00:00Z");
    let approved = boss.post(&format!("{one}/approve"), &fresh_key(), &json!({})).await;
    let mut expected = report.clone();
    expected["status"] = json!("APPROVED");
    expected["decided_by"] = json!("usr_2");
    expected["decided_at"] = json!("2025-09-01T17:00:00Z");
    expected["version"] = approved.expect(200)["version"].clone();
    assert_eq!(approved.json(), expected);
    assert!(approved.header("location").is_none());
    // Whoever holds the answer finds what came of it everywhere.
    assert_eq!(boss.get(&one).await.expect(200), expected);
    let bill = boss.get(&format!("/bookings/{booking}")).await.expect(200);
    assert_eq!(bill["cost_minor"], 21_000);
    assert_eq!(bill["cost_lines"][1]["type"], "DAMAGE");
    let usage = boss.get(&format!("{asset_path}/usage")).await.expect(200);
    assert_eq!(usage["items"][0]["cost_minor"], 21_000);
    assert_eq!(usage["items"][0]["ended_at"], "2025-09-01T16:00:00Z");
    let open = boss.get(&format!("{asset_path}/maintenance")).await.expect(200);
    assert_eq!(open["items"][0]["type"], "CORRECTIVE");
    let decided = boss.post(&format!("{one}/reject"), &fresh_key(), &json!({})).await;
    let decided = decided.refused(409, "INVALID_TRANSITION");
    assert_eq!(decided["current_status"], "APPROVED");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_ones_own_is_absent() {
    let server = Dated::start(AUGUST).await;
    let boss = server.caller("usr_2", "org_1");
    let (member, asset, booking) = used(&server, &boss).await;
    let path = format!("/assets/{asset}/condition-reports");
    let mut own = harmless();
    own["booking_id"] = json!(booking);
    let own = post(&member, &path, own).await;
    assert_eq!(own["status"], "APPROVED");
    let general = post(&boss, &path, harmless()).await;
    let one = |report: &Value| format!("/condition-reports/{}", id(report));

    let auditor = server.role("auditor", "usr_5", "org_1");
    for caller in [&boss, &auditor] {
        assert_eq!(caller.get(&path).await.expect(200)["items"], json!([general, own]));
        assert_eq!(caller.get(&one(&general)).await.expect(200), general);
    }
    assert_eq!(member.get(&path).await.expect(200)["items"], json!([own]));
    assert_eq!(member.get(&one(&own)).await.expect(200), own);
    member.get(&one(&general)).await.refused(404, "NOT_FOUND");
    let colleague = server.member("usr_8", "org_1");
    assert_eq!(colleague.get(&path).await.expect(200)["items"], json!([]));
    colleague.get(&one(&own)).await.refused(404, "NOT_FOUND");
    let stranger = server.caller("usr_9", "org_2");
    stranger.get(&path).await.refused(404, "NOT_FOUND");
    stranger.get(&one(&own)).await.refused(404, "NOT_FOUND");
    for verb in ["approve", "reject"] {
        let verb = |report: &Value| format!("{}/{verb}", one(report));
        let try_on = async |caller: &Caller, report: &Value| {
            caller.post(&verb(report), &fresh_key(), &json!({})).await
        };
        try_on(&stranger, &own).await.refused(404, "NOT_FOUND");
        try_on(&colleague, &own).await.refused(404, "NOT_FOUND");
        try_on(&member, &own).await.refused(403, "FORBIDDEN_ROLE");
        try_on(&auditor, &own).await.refused(403, "FORBIDDEN_ROLE");
        try_on(&boss, &general).await.refused(403, "FORBIDDEN_ROLE");
    }
    for absent in
        ["crp_01k3bpp4r0e0vr9k3y6nq1gq2c", "crp_x", id(&general).trim_start_matches("crp_")]
    {
        boss.get(&format!("/condition-reports/{absent}")).await.refused(404, "NOT_FOUND");
    }
    let mut body = harmless();
    body["booking_id"] = json!(booking);
    colleague.post(&path, &fresh_key(), &body).await.refused(404, "BOOKING_NOT_FOUND");
    colleague.post(&path, &fresh_key(), &harmless()).await.refused(403, "FORBIDDEN_ROLE");
    stranger.post(&path, &fresh_key(), &harmless()).await.refused(404, "NOT_FOUND");
    body["booking_id"] = json!("bkg_x");
    boss.post(&path, &fresh_key(), &body).await.refused(404, "BOOKING_NOT_FOUND");

    let reader =
        server.caller_with("usr_2", "org_1", |claims| claims.scope = "booking:write".into());
    reader.get(&path).await.expect(200);
    reader.post(&path, &fresh_key(), &harmless()).await.refused(403, "INSUFFICIENT_SCOPE");
    let scopeless = server.caller_with("usr_2", "org_1", |claims| claims.scope = "openid".into());
    scopeless.get(&one(&own)).await.refused(403, "INSUFFICIENT_SCOPE");

    // The asset leaves the member's reach: its own report stays, the asset's list does not.
    let moved = json!({"location_id": "loc_9"});
    boss.put(&format!("/assets/{asset}"), &fresh_key(), "*", &moved).await.expect(200);
    let near = server.caller_with("usr_9", "org_1", |claims| {
        claims.roles = Some(vec!["member".into()]);
        claims.locations = Some(vec!["loc_7".into()]);
    });
    near.get(&path).await.refused(404, "NOT_FOUND");
    assert_eq!(near.get(&one(&own)).await.expect(200), own);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_shapes_and_corrections() {
    let server = Dated::start(AUGUST).await;
    let boss = server.caller("usr_2", "org_1");
    let (asset, chief) = (boss.asset("Van").await, server.caller("usr_3", "org_1"));
    let path = format!("/assets/{asset}/condition-reports");
    let broken = json!({"checklist": [], "photos": [{"url": "ftp://x"}], "colour": 1});
    let broken = boss.post(&path, &fresh_key(), &broken).await.refused(422, "VALIDATION_FAILED");
    assert_eq!(broken["errors"].as_array().unwrap().len(), 3);
    let no_key = boss.send(Method::POST, &path, &[], Some(&harmless())).await;
    no_key.refused(400, "IDEMPOTENCY_KEY_REQUIRED");
    for query in ["status=OPEN", "colour=red", "limit=0"] {
        boss.get(&format!("{path}?{query}")).await.refused(422, "VALIDATION_FAILED");
    }

    let mut worn = harmless();
    worn["checklist"][0]["result"] = json!("MISSING");
    let first = post(&boss, &path, worn.clone()).await;
    worn["supersedes"] = first["id"].clone();
    let second = post(&boss, &path, worn.clone()).await;
    assert_eq!(second["supersedes"], first["id"]);
    let twice = boss.post(&path, &fresh_key(), &worn).await;
    twice.refused(409, "ALREADY_SUPERSEDED");
    let rejected = json!({"reason": "it is there"});
    let one = format!("/condition-reports/{}", id(&second));
    let rejected = post(&chief, &format!("{one}/reject"), rejected).await;
    assert_eq!(
        (&rejected["status"], &rejected["reason"]),
        (&json!("REJECTED"), &json!("it is there"))
    );
    let waits = boss.get(&format!("{path}?status=PENDING_APPROVAL&status=APPROVED")).await;
    let waits = waits.expect(200)["items"].clone();
    assert!(waits.as_array().unwrap().iter().all(|report| report["id"] != second["id"]));
    let no = boss.get(&format!("{path}?status=REJECTED")).await.expect(200);
    assert_eq!(no["items"], json!([rejected]));
}

async fn lists_show_what_was_written(options: EngineOptions) {
    let server = Dated::start_with(AUGUST, options).await;
    let boss = server.caller("usr_2", "org_1");
    let (asset, chief) = (boss.asset("Van").await, server.caller("usr_3", "org_1"));
    let path = format!("/assets/{asset}/condition-reports");
    let mut newest_first: Vec<Value> = Vec::new();
    for number in 0..8 {
        let mut body = harmless();
        if number % 2 == 0 {
            body["checklist"][0]["result"] = json!("DAMAGED");
        }
        let report = post(&boss, &path, body).await;
        newest_first.insert(0, report.clone());
        let page = boss.get(&format!("{path}?limit=1")).await.expect(200);
        assert_eq!(page["items"], json!([report]), "right after the write");
        assert_eq!(page["has_more"], json!(number > 0));
        if number == 4 {
            let one = format!("/condition-reports/{}", id(&report));
            let approved = post(&chief, &format!("{one}/approve"), json!({})).await;
            newest_first[0] = approved.clone();
            assert_eq!(boss.get(&one).await.expect(200), approved);
            assert_eq!(boss.get(&path).await.expect(200)["items"][0], approved);
        }
    }
    let check = async |server: &Dated| {
        let boss = server.caller("usr_2", "org_1");
        for limit in [1, 3, 8, 9] {
            assert_eq!(boss.pages(&path, limit).await, newest_first);
            let waits = boss.pages(&format!("{path}?status=PENDING_APPROVAL"), limit).await;
            let expected = newest_first.iter().filter(|it| it["status"] == "PENDING_APPROVAL");
            assert!(waits.iter().eq(expected), "{limit}");
        }
        let second = boss.get(&format!("{path}?limit=3")).await.expect(200);
        let second = second["next_cursor"].as_str().unwrap().to_owned();
        let page = boss.get(&format!("{path}?limit=3&cursor={second}")).await.expect(200);
        assert_eq!(page["items"], json!(newest_first[3..6]));
        let first = page["prev_cursor"].as_str().unwrap();
        let page = boss.get(&format!("{path}?limit=3&cursor={first}")).await.expect(200);
        assert_eq!(
            (&page["items"], &page["prev_cursor"]),
            (&json!(newest_first[..3]), &json!(null))
        );
        let other = boss.get(&format!("{path}?status=APPROVED&cursor={second}")).await;
        other.refused(400, "INVALID_CURSOR");
        for report in &newest_first {
            let one = format!("/condition-reports/{}", id(report));
            assert_eq!(&boss.get(&one).await.expect(200), report);
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
