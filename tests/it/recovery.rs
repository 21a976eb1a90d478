//! What was answered is there after a restart, with and without the views.

use std::{collections::BTreeMap, path::Path};

use holdfast_storage::views::{SledViews, Views};
use serde_json::{Value, json};

use crate::{
    audit_chain,
    harness::{Caller, Server, fresh_key},
};

/// Under this name in the data directory; may be deleted while nothing serves it.
const VIEWS: &str = "views.sled";

async fn fill(server: &Server, owner: &Caller) -> Vec<String> {
    let mut assets = Vec::new();
    for number in 0..5 {
        let asset = owner.asset(&format!("Van {number}")).await;
        let path = format!("/assets/{asset}");
        // Enough entries to leave the head row of an asset and to spill pages.
        for turn in 0..25 {
            let (start, end) =
                (server.in_minutes(5 + turn * 10), server.in_minutes(15 + turn * 10));
            let booking = owner.book(&asset, &start, &end).await.expect(201);
            let named = json!({"booking_id": booking["id"]});
            if turn == 0 {
                for verb in ["check-in", "check-out"] {
                    owner.post(&format!("{path}/{verb}"), &fresh_key(), &named).await.expect(200);
                }
            } else if turn % 2 == 0 {
                let cancel = format!("/bookings/{}/cancel", booking["id"].as_str().unwrap());
                owner.post(&cancel, &fresh_key(), &json!({})).await.expect(200);
            } else {
                owner.book(&asset, &start, &end).await.refused(409, "BOOKING_OVERLAP");
            }
        }
        assets.push(asset);
    }
    assets
}

/// Every document that can be read, by path, with its bytes and tag.
async fn everything(owner: &Caller, assets: &[String]) -> BTreeMap<String, Value> {
    let mut seen = BTreeMap::new();
    for path in ["/assets", "/bookings", "/bookings?status=CANCELLED"] {
        seen.insert(path.to_owned(), json!(owner.pages(path, 7).await));
    }
    for asset in assets {
        audit_chain::verified(owner, asset).await;
        for below in ["", "/bookings", "/bookings?status=CONFIRMED", "/audit"] {
            let path = format!("/assets/{asset}{below}");
            if below.is_empty() {
                let reply = owner.get(&path).await;
                reply.expect(200);
                let text = String::from_utf8(reply.bytes.clone()).unwrap();
                seen.insert(path, json!([text, reply.header("etag")]));
            } else {
                seen.insert(path.clone(), json!(owner.pages(&path, 9).await));
            }
        }
        for row in owner.pages(&format!("/assets/{asset}/bookings"), 100).await {
            let path = format!("/bookings/{}", row["id"].as_str().unwrap());
            let reply = owner.get(&path).await;
            assert_eq!(reply.expect(200), row);
            let text = String::from_utf8(reply.bytes.clone()).unwrap();
            seen.insert(path, json!([text, reply.header("etag")]));
        }
    }
    seen
}

fn delete_views(data: &Path) {
    std::fs::remove_dir_all(data.join(VIEWS)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_changes_no_answer_nor_does_deleting_the_views() {
    let server = Server::start_with(|config| config.engine.fold.entries = 40).await;
    let owner = server.caller("usr_9", "org_1");
    let assets = fill(&server, &owner).await;
    let before = everything(&owner, &assets).await;
    assert_eq!(before["/assets"].as_array().unwrap().len(), assets.len());
    assert_eq!(before["/bookings"].as_array().unwrap().len(), 5 * 25);

    let folder = server.stop().await;
    let server = Server::start_in(folder, |_| {}).await;
    assert_eq!(everything(&server.caller("usr_9", "org_1"), &assets).await, before);

    let folder = server.stop().await;
    delete_views(&folder.path().join("data"));
    let server = Server::start_in(folder, |_| {}).await;
    let owner = server.caller("usr_9", "org_1");
    assert_eq!(everything(&owner, &assets).await, before);
    // It goes on where it was: the chain continues and taken windows stay taken.
    let (start, end) =
        (before["/bookings"][0]["start"].clone(), before["/bookings"][0]["end"].clone());
    let asset = before["/bookings"][0]["asset_id"].as_str().unwrap();
    let (start, end) = (start.as_str().unwrap(), end.as_str().unwrap());
    let status = &before["/bookings"][0]["status"];
    assert_eq!(status, "CANCELLED");
    owner.book(asset, start, end).await.expect(201);
    owner.book(asset, start, end).await.refused(409, "BOOKING_OVERLAP");
    audit_chain::verified(&owner, asset).await;
}

/// A row of the views by the first byte of its key: `storage/src/keys.rs`.
const HEAD_ROW: u8 = 1;

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_the_views_lost_in_silence_is_found_out_at_start() {
    let server = Server::start_with(|config| config.engine.fold.entries = 40).await;
    let owner = server.caller("usr_9", "org_1");
    let assets = fill(&server, &owner).await;
    let before = everything(&owner, &assets).await;

    let folder = server.stop().await;
    {
        let views = SledViews::open(&folder.path().join("data").join(VIEWS), 1 << 20).unwrap();
        let mut lost = None;
        let mut first = |key: &[u8], _: &[u8]| {
            lost = Some(key.to_vec());
            false
        };
        views.range(&[HEAD_ROW], &[HEAD_ROW + 1], false, &mut first).unwrap();
        views.remove(&lost.unwrap()).unwrap();
        views.flush().unwrap();
    }
    let server = Server::start_in(folder, |_| {}).await;
    assert_eq!(everything(&server.caller("usr_9", "org_1"), &assets).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_in_the_journal_is_reported_and_not_repaired() {
    let server = Server::start().await;
    let owner = server.caller("usr_9", "org_1");
    for number in 0..20 {
        owner.asset(&format!("Van {number}")).await;
    }
    let folder = server.stop().await;
    let data = folder.path().join("data");
    delete_views(&data);
    let journal = data.join("journal");
    let mut segments: Vec<_> =
        std::fs::read_dir(&journal).unwrap().map(|entry| entry.unwrap().path()).collect();
    segments.sort();
    let mut bytes = std::fs::read(&segments[0]).unwrap();
    let at = bytes.windows(5).position(|window| window == b"Van 3").unwrap();
    bytes[at] ^= 1;
    std::fs::write(&segments[0], &bytes).unwrap();
    let Err(error) = holdfast::start(crate::harness::config(&data)).await else {
        panic!("it served damaged data");
    };
    assert_eq!(error.exit().code(), 65);
    assert_eq!(std::fs::read(&segments[0]).unwrap(), bytes);
}
