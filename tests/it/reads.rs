//! Whoever holds an answer finds its effect on every read path, however far the views lag.

use serde_json::{Value, json};

use crate::harness::{Caller, Server, fresh_key};

/// Every read path that must show this booking shows exactly this.
async fn shows(owner: &Caller, asset: &str, booking: &Value) {
    let id = booking["id"].as_str().unwrap();
    let status = booking["status"].as_str().unwrap();
    assert_eq!(&owner.get(&format!("/bookings/{id}")).await.expect(200), booking);
    for path in [
        format!("/assets/{asset}/bookings"),
        format!("/assets/{asset}/bookings?status={status}"),
        "/bookings".to_owned(),
        format!("/bookings?user_id={}&status={status}", owner.sub),
    ] {
        assert_eq!(owner.pages(&path, 100).await.first(), Some(booking), "{path}");
    }
    let audit = owner.get(&format!("/assets/{asset}/audit?limit=1")).await.expect(200);
    assert_eq!(&audit["items"][0]["after"], booking);
}

async fn reads_follow_writes(server: Server) {
    let owner = server.caller("usr_9", "org_1");
    for round in 0..20 {
        let name = format!("Van {round}");
        let asset = owner.asset(&name).await;
        let path = format!("/assets/{asset}");
        let listed = owner.get("/assets?limit=1").await.expect(200);
        assert_eq!(listed["items"][0]["id"], *asset);
        let found = owner.get(&format!("/assets?q={round}")).await.expect(200);
        assert_eq!(found["items"][0]["id"], *asset);
        let moved = json!({"location_id": format!("loc_{round}_b")});
        let moved = owner.put(&path, &fresh_key(), "*", &moved).await.expect(200);
        assert_eq!(owner.get(&path).await.expect(200), moved);
        let found = owner.get(&format!("/assets?location_id=loc_{round}_b")).await.expect(200);
        assert_eq!(found["items"], json!([moved]));

        let (start, end) = (server.in_minutes(10), server.in_minutes(20));
        let booking = owner.book(&asset, &start, &end).await.expect(201);
        shows(&owner, &asset, &booking).await;
        let named = json!({"booking_id": booking["id"]});
        for verb in ["check-in", "check-out"] {
            let reply = owner.post(&format!("{path}/{verb}"), &fresh_key(), &named).await;
            shows(&owner, &asset, &reply.expect(200)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_views_never_written() {
    let server = Server::start_with(|config| {
        config.engine.fold.entries = usize::MAX;
        config.engine.fold.age_ms = i64::MAX;
    });
    reads_follow_writes(server.await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_fold_after_every_record() {
    let server = Server::start_with(|config| {
        config.engine.fold.entries = 1;
        config.engine.fold.age_ms = 0;
    });
    reads_follow_writes(server.await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_every_idle_asset_put_away() {
    let server = Server::start_with(|config| {
        config.engine.resident_bytes_max = 1;
        config.engine.fold.entries = 7;
    });
    reads_follow_writes(server.await).await;
}
