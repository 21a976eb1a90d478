//! The audit entry: the published vector, its bytes, its chain.

use holdfast_domain::audit::{self, Hashed, HashedActor, hex};

use crate::{
    scenario::check,
    world::{World, key, t},
};

const AFTER: &str = r#"{"asset_id":"ast_456","end":"2025-09-01T16:00:00Z","id":"bkg_123","start":"2025-09-01T08:00:00Z","status":"CONFIRMED","user_id":"usr_9"}"#;

#[test]
fn the_published_vector() {
    let digest = |body: &str| hex(&audit::digest(body.as_bytes()));
    let (before_sha256, after_sha256) = (digest("null"), digest(AFTER));
    assert_eq!(before_sha256, "74234e98afe7498fb5daf1f36ac2d78acc339464f950703b8c019892f982b90b");
    assert_eq!(after_sha256, "2ede15a1f83eb3dba6992747f1cfaede3e1ab2668e9bbbf3d199aa69ae97be1e");
    let entry = Hashed {
        actor: HashedActor { org_id: Some("org_1"), sub: "usr_9" },
        after_sha256: &after_sha256,
        asset_id: "ast_456",
        at: "2025-08-23T12:34:56Z",
        before_sha256: &before_sha256,
        id: "aud_2",
        idempotency_key: Some("6b1c6068-08fb-4c0d-9b39-0a7a7a845a6d"),
        prev_hash: "ac92597340ae26a1fad23a558f6a0da848a0e4b67458925c31db867793056cfa",
        request_id: "01J6Q7A8V4",
        seq: 2,
        r#type: "booking.created",
    };
    let hash = "651a441fb96a9f4b247baacd9c1467a2d146a01594ba1bfc37f8b21f8de34849";
    assert_eq!(hex(&entry.digest()), hash);
}

fn eventful() -> World {
    check(
        "07:00 ann book 09:00~10:00                 => CONFIRMED
         07:00 bob book 09:00~10:00                 => kept BOOKING_OVERLAP #1 09:00~10:00 next 10:00~11:00
         07:00 bob book 10:00~11:00 terms=7         => kept TERMS_CHANGED 1
         07:00 bob book 06:00~11:00                 => kept BOOKING_DEADLINE_PASSED 07:00 06:00
         07:00 boss status RETIRED                  => kept ASSET_HAS_LIVE_BOOKINGS
         07:00 boss name Kräne\u{2028}\"\\\u{7f}\u{1}😀 => ACTIVE
         09:00 ann check-in #1 notes=\u{8}\u{c}é    => CHECKED_IN
         09:00 ann check-out #1 extra=3 key=none    => CHECKED_OUT",
    )
}

#[test]
fn each_entry_is_canonical_and_hashes_as_published() {
    let world = eventful();
    let mut kinds = Vec::new();
    for record in &world.log {
        let bytes = audit::entry(record, world.asset());
        let mut entry: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(bytes, serde_json_canonicalizer::to_vec(&entry).unwrap(), "canonical as served");
        for body in ["before", "after"] {
            let digest = audit::digest(&serde_json_canonicalizer::to_vec(&entry[body]).unwrap());
            assert_eq!(entry[format!("{body}_sha256")], hex(&digest));
        }
        let members = entry.as_object_mut().unwrap();
        assert_eq!(members.len(), 14);
        let hash = members.remove("hash").unwrap();
        members.remove("before");
        members.remove("after");
        let hashed = serde_json_canonicalizer::to_vec(&entry).unwrap();
        assert_eq!(hash, hex(&audit::digest(&hashed)));
        assert_eq!(entry["seq"], record.version);
        assert_eq!(entry["id"], record.audit_id().to_string());
        assert_eq!(entry["asset_id"], world.asset().to_string());
        kinds.push(entry["type"].as_str().unwrap().to_owned());
    }
    assert_eq!(
        kinds,
        [
            "asset.created",
            "booking.created",
            "booking.refused",
            "booking.refused",
            "booking.refused",
            "asset.refused",
            "asset.updated",
            "booking.checked_in",
            "booking.checked_out",
        ]
    );
}

#[test]
fn a_stored_refusal_says_why() {
    let world = eventful();
    let bodies: Vec<serde_json::Value> = world
        .log
        .iter()
        .map(|record| serde_json::from_slice(&audit::entry(record, world.asset())).unwrap())
        .map(|entry: serde_json::Value| entry["after"].clone())
        .collect();
    let id = world.bookings[0].to_string();
    assert_eq!(
        bodies[2],
        serde_json::json!({
            "code": "BOOKING_OVERLAP",
            "conflicts": [{"kind": "BOOKING", "id": id, "start": t("09:00"), "end": t("10:00")}],
            "next_available": {"start": t("10:00"), "end": t("11:00")},
        })
    );
    assert_eq!(bodies[3], serde_json::json!({"code": "TERMS_CHANGED", "terms_version": 1}));
    assert_eq!(bodies[4]["deadline_at"], "2026-03-02T06:00:00Z");
    assert_eq!(bodies[5], serde_json::json!({"code": "ASSET_HAS_LIVE_BOOKINGS"}));
}

#[test]
fn the_chain_shows_any_change() {
    let world = eventful();
    let record = &world.log[4];
    let asset = world.asset();
    let mut other = record.clone();
    other.request_id.push('x');
    assert_ne!(audit::hash(&other, asset), record.hash);
    let mut other = record.clone();
    other.at = other.at.plus_millis(1);
    assert_ne!(audit::hash(&other, asset), record.hash);
    let mut other = record.clone();
    other.key = Some(key(&crate::world::who("ann"), "another", ""));
    assert_ne!(audit::hash(&other, asset), record.hash);
}
