//! Verifies an audit log as an outsider would: SHA-256 over RFC 8785 bytes, with no code of ours.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::harness::Caller;

fn sha256_of(value: &Value) -> String {
    let bytes = serde_json_canonicalizer::to_vec(value).unwrap();
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The whole log of an asset, oldest first, every hash recomputed.
pub(crate) async fn verified(caller: &Caller, asset: &str) -> Vec<Value> {
    let mut entries = caller.pages(&format!("/assets/{asset}/audit"), 100).await;
    entries.reverse();
    check(&entries);
    entries
}

/// Sequence from 1 without a hole, bodies as hashed, each entry chained to the one before.
#[track_caller]
pub(crate) fn check(entries: &[Value]) {
    let mut previous = "0".repeat(64);
    for (entry, seq) in entries.iter().zip(1_u64..) {
        assert_eq!(entry["seq"], seq, "{entry}");
        assert_eq!(entry["prev_hash"], previous, "chain broken at {seq}");
        assert_eq!(entry["before_sha256"], sha256_of(&entry["before"]), "before of {seq}");
        assert_eq!(entry["after_sha256"], sha256_of(&entry["after"]), "after of {seq}");
        let mut hashed = entry.clone();
        for member in ["before", "after", "hash"] {
            assert!(hashed.as_object_mut().unwrap().remove(member).is_some(), "no {member}");
        }
        previous = sha256_of(&hashed);
        assert_eq!(entry["hash"], previous, "hash of {seq}");
    }
}

#[test]
fn the_published_vector_verifies_and_a_changed_one_does_not() {
    let text = include_str!("../fixtures/audit-entry.json");
    let mut entry: Value = serde_json::from_str(text).unwrap();
    assert_eq!(entry["before_sha256"], sha256_of(&entry["before"]));
    assert_eq!(entry["after_sha256"], sha256_of(&entry["after"]));
    let hash = entry.as_object_mut().unwrap().remove("hash").unwrap();
    for member in ["before", "after"] {
        entry.as_object_mut().unwrap().remove(member);
    }
    assert_eq!(hash, sha256_of(&entry));
    entry["seq"] = 3.into();
    assert_ne!(hash, sha256_of(&entry));
}
