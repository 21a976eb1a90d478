//! Deliveries through HTTP: look at them, have them sent again, one or a stretch of time.

use serde_json::{Value, json};

use super::{
    desk::{NOW, bare, book, deliveries, path, start, tell, until, url},
    receivers::Manner,
};
use crate::{
    dated::{Dated, id},
    harness::{Caller, fresh_key},
    surface::findings,
};

/// Five bookings that were told at `erp`, a minute apart; the newest delivery first.
async fn five(server: &Dated, boss: &Caller) -> (Value, Vec<Value>) {
    let endpoint = tell(boss, "erp", &["booking.created"]).await;
    let van = boss.asset("Van").await;
    for minute in 0..5 {
        server.at(&format!("2025-08-20T10:0{minute}:00Z"));
        book(boss, &van, minute * 10).await;
        let told = |found: &[Value]| {
            found.len() == usize::try_from(minute).unwrap() + 1 && all_are(found, "SUCCEEDED")
        };
        deliveries(server, boss, &endpoint, told).await;
    }
    let found = boss.pages(&format!("{}/deliveries", path(&endpoint)), 100).await;
    (endpoint, found)
}

fn all_are(found: &[Value], status: &str) -> bool {
    found.iter().all(|it| it["status"] == status)
}

fn redeliver(delivery: &str) -> String {
    format!("/webhook-deliveries/{delivery}/redeliver")
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_lead_forth_and_back_and_are_filtered() {
    let (server, receivers) = start().await;
    let boss = server.caller("usr_2", "org_1");
    let (endpoint, all) = five(&server, &boss).await;
    let arrived = receivers.taken(&url("erp"));
    let events: Vec<_> = arrived.iter().rev().map(|it| json!(it.id)).collect();
    assert_eq!(all.iter().map(|it| it["event_id"].clone()).collect::<Vec<_>>(), events);
    let newest = &all[0];
    let last = &newest["last_attempt"];
    assert!(last["duration_ms"].is_u64() && last["at"].is_string(), "{newest}");
    let expected = json!({"id": newest["id"], "endpoint_id": endpoint["id"],
        "event_id": arrived[4].id, "event_type": "booking.created", "status": "SUCCEEDED",
        "attempts": 1, "next_attempt_at": null, "last_attempt": {"at": last["at"],
        "status_code": 204, "error": null, "duration_ms": last["duration_ms"]},
        "created_at": arrived[4].body["created_at"]});
    assert_eq!(newest, &expected);
    assert!(id(newest).starts_with("dlv_"));

    let list = format!("{}/deliveries", path(&endpoint));
    for limit in [1, 2, 3, 5] {
        assert_eq!(boss.pages(&list, limit).await, all, "{limit}");
    }
    let first = boss.get(&format!("{list}?limit=2")).await.expect(200);
    let at = |page: &Value, cursor: &str, filter: &str| {
        format!("{list}?limit=2{filter}&cursor={}", page[cursor].as_str().unwrap())
    };
    let second = boss.get(&at(&first, "next_cursor", "")).await.expect(200);
    let third = boss.get(&at(&second, "next_cursor", "")).await.expect(200);
    assert_eq!((&third["items"], &third["has_more"]), (&json!(all[4..]), &json!(false)));
    let back = boss.get(&at(&third, "prev_cursor", "")).await.expect(200);
    assert_eq!(back["items"], second["items"]);
    let back = boss.get(&at(&back, "prev_cursor", "")).await.expect(200);
    assert_eq!((&back["items"], &back["prev_cursor"]), (&first["items"], &json!(null)));

    // One that fails waits, and is found by its status.
    receivers.behave(&url("erp"), Manner::Fails);
    let van = boss.asset("Bus").await;
    book(&boss, &van, 0).await;
    let found = deliveries(&server, &boss, &endpoint, |found| found.len() == 6).await;
    let waits = &found[0];
    assert_eq!(waits["status"], "PENDING");
    assert_eq!(
        (&waits["attempts"], &waits["last_attempt"]["status_code"]),
        (&json!(1), &json!(503))
    );
    assert!(waits["next_attempt_at"].as_str() > waits["last_attempt"]["at"].as_str());
    let rows: [(&str, &[Value]); 5] = [
        ("status=PENDING", &found[..1]),
        ("status=SUCCEEDED", &all),
        ("status=DEAD", &[]),
        ("status=PENDING&status=SUCCEEDED", &found),
        ("status=PENDING&status=DEAD", &found[..1]),
    ];
    for (filter, expected) in rows {
        assert_eq!(boss.pages(&format!("{list}?{filter}"), 2).await, expected, "{filter}");
    }
    let refused = boss.get(&format!("{list}?status=LOST")).await.refused(422, "VALIDATION_FAILED");
    assert_eq!(findings(&refused), ["status must be PENDING, SUCCEEDED or DEAD"]);
    boss.get(&format!("{list}?event_type=x")).await.refused(422, "VALIDATION_FAILED");
    let elsewhere = at(&first, "next_cursor", "&status=SUCCEEDED");
    boss.get(&elsewhere).await.refused(400, "INVALID_CURSOR");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_is_sent_again_at_once() {
    let (server, receivers) = start().await;
    let boss = server.caller("usr_2", "org_1");
    let (endpoint, all) = five(&server, &boss).await;
    // Right after a restart, before anything else has been asked.
    let server = server.restart().await;
    let boss = boss.at(&server.caller("usr_2", "org_1"));
    let key = fresh_key();
    let reply = bare(&boss, &redeliver(id(&all[3])), &key).await;
    let asked = reply.expect(200);
    assert_eq!((&asked["id"], &asked["status"]), (&all[3]["id"], &json!("PENDING")));
    assert_eq!(asked["event_id"], all[3]["event_id"]);
    until(&server, || receivers.taken(&url("erp")).len() == 6).await;
    let arrived = receivers.taken(&url("erp"));
    assert_eq!((&arrived[5].id, &arrived[5].bytes), (&arrived[1].id, &arrived[1].bytes));
    let done = |found: &[Value]| all_are(found, "SUCCEEDED") && found[3]["attempts"] == 2;
    let found = deliveries(&server, &boss, &endpoint, done).await;
    assert_eq!(found.len(), 5);
    // The replay of the command shows its answer and sends nothing: the next one to arrive is another.
    let again = bare(&boss, &redeliver(id(&all[3])), &key).await;
    assert_eq!((again.expect(200), again.bytes), (asked, reply.bytes));
    boss.post(&redeliver(id(&all[0])), &fresh_key(), &json!({})).await.expect(200);
    until(&server, || receivers.taken(&url("erp")).len() > 6).await;
    assert_eq!(receivers.taken(&url("erp"))[6].id, arrived[4].id);

    let refused = boss.post(&redeliver(id(&all[0])), &fresh_key(), &json!({"when": "now"})).await;
    assert_eq!(findings(&refused.refused(422, "VALIDATION_FAILED")), ["#/when unknown member"]);
    let unknown = id(&all[0]).replace("dlv_", "evt_");
    let cut = &id(&all[0])[..20];
    for wrong in [&*unknown, cut, "dlv_", id(&endpoint), "dlv_01j6q7a9zb0000000000000000"] {
        bare(&boss, &redeliver(wrong), &fresh_key()).await.refused(404, "NOT_FOUND");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stretch_of_time_is_told_once_more() {
    let (server, receivers) = start().await;
    let boss = server.caller("usr_2", "org_1");
    let (endpoint, _) = five(&server, &boss).await;
    let replay = format!("{}/replay", path(&endpoint));
    let rows: [(Value, &[&str]); 6] = [
        (json!({}), &["#/from is required", "#/to is required"]),
        (json!({"from": NOW, "to": NOW}), &["#/to must be after from"]),
        (json!({"from": NOW, "to": "2025-08-20T08:00:00Z"}), &["#/to must be after from"]),
        (
            json!({"from": "2024-08-19T08:59:59Z", "to": NOW}),
            &["#/to must be at most 366 days after from"],
        ),
        (
            json!({"from": 1, "to": NOW, "again": true}),
            &["#/from must be a string", "#/again unknown member"],
        ),
        (
            json!({"from": "2025-08-20", "to": NOW}),
            &["#/from must be an RFC 3339 instant with an offset"],
        ),
    ];
    for (body, expected) in rows {
        let refused = boss.post(&replay, &fresh_key(), &body).await;
        assert_eq!(findings(&refused.refused(422, "VALIDATION_FAILED")), expected, "{body}");
    }
    bare(&boss, &replay, &fresh_key()).await.refused(422, "VALIDATION_FAILED");

    // From the second to before the fourth, while the receiver keeps it waiting.
    receivers.behave(&url("erp"), Manner::Hangs);
    let span = json!({"from": "2025-08-20T10:01:00Z", "to": "2025-08-20T12:03:00+02:00"});
    let key = fresh_key();
    let reply = boss.post(&replay, &key, &span).await;
    let expected = json!({"created_at": reply.expect(200)["created_at"],
        "endpoint_id": endpoint["id"], "from": span["from"], "to": "2025-08-20T10:03:00Z",
        "status": "REPLAYING"});
    assert_eq!(reply.json(), expected);
    let second = boss.post(&replay, &fresh_key(), &span).await;
    let second = second.refused(409, "INVALID_TRANSITION");
    assert_eq!(second["current_status"], "REPLAYING");
    let again = boss.post(&replay, &key, &span).await;
    assert_eq!((again.expect(200), again.bytes), (expected, reply.bytes));

    receivers.behave(&url("erp"), Manner::Takes);
    // Whatever hung was lost to the sender's patience, and is tried again.
    server.house.clock.advance_ms(60_000);
    let first = receivers.taken(&url("erp"));
    until(&server, || receivers.taken(&url("erp")).len() >= 7).await;
    let taken = receivers.taken(&url("erp"));
    let mut told: Vec<_> = taken[5..].iter().map(|it| &it.id).collect();
    told.sort_unstable();
    assert_eq!(told, [&first[1].id, &first[2].id]);
    // It is over: the next one may begin.
    let reached = async {
        while boss.post(&replay, &fresh_key(), &span).await.status == 409 {
            server.house.clock.advance_ms(100);
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), reached).await.unwrap();
}
