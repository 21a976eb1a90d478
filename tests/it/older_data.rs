//! A data directory that an older release left behind is taken over as it is: nothing is lost, its
//! views are built anew, and what is due by now happens.
//!
//! `tests/fixtures/schema-1` was written by the release before booking terms were applied: two assets,
//! 27 bookings of ten seconds each, stopped in order with everything folded into the views.

use std::io::Read as _;

use crate::{
    audit_chain,
    harness::{Caller, Server},
};

fn unpacked(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut plain).unwrap();
    plain
}

async fn on_older_data() -> Server {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir_all(data.join("journal")).unwrap();
    std::fs::create_dir_all(data.join("views.sled")).unwrap();
    let file = |name: &str, bytes: &[u8]| std::fs::write(data.join(name), bytes).unwrap();
    let segment = unpacked(include_bytes!("../fixtures/schema-1/00000001.seg.gz"));
    file("journal/00000001.seg", &segment);
    file("journal/high-water", include_bytes!("../fixtures/schema-1/high-water"));
    file("views.sled/db", &unpacked(include_bytes!("../fixtures/schema-1/db.gz")));
    file("views.sled/conf", include_bytes!("../fixtures/schema-1/conf"));
    Server::start_in(folder, |_| {}).await
}

/// How many bookings of an asset have each status.
async fn statuses(owner: &Caller, asset: &str) -> Vec<(String, usize)> {
    let mut counts = std::collections::BTreeMap::new();
    for row in owner.pages(&format!("/assets/{asset}/bookings"), 100).await {
        *counts.entry(row["status"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    counts.into_iter().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_of_the_release_before_is_taken_over() {
    let server = on_older_data().await;
    let owner = server.caller("usr_9", "org_1");
    let assets = owner.pages("/assets", 100).await;
    assert_eq!(assets.len(), 2);
    let wanted = [
        [("CANCELLED", 0), ("CHECKED_OUT", 1), ("NO_SHOW", 2)],
        [("CANCELLED", 4), ("CHECKED_OUT", 1), ("NO_SHOW", 19)],
    ];
    for (asset, wanted) in assets.iter().zip(wanted) {
        let id = asset["id"].as_str().unwrap();
        let wanted: Vec<(String, usize)> = wanted
            .iter()
            .filter(|(_, n)| *n > 0)
            .map(|(name, n)| ((*name).to_owned(), *n))
            .collect();
        // Reminded once, it lets everything happen that was due long ago.
        let settled = async {
            while statuses(&owner, id).await != wanted {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(60), settled).await.unwrap();
        for row in owner.pages(&format!("/assets/{id}/bookings"), 100).await {
            if row["status"] == "NO_SHOW" {
                assert_eq!((&row["updated_at"], &row["cost_minor"]), (&row["end"], &0.into()));
            }
        }
        audit_chain::verified(&owner, id).await;
    }
}
