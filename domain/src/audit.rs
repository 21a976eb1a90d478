//! The audit entry of a record: its members, its canonical bytes and its hash chain.

use crate::record::{Digest, Record};

/// Hex SHA-256 chain: `hash` of the entry without `before`, `after` and `hash`.
pub fn hash(record: &Record) -> Digest {
    let _ = record;
    unimplemented!()
}

/// The entry as served: canonical JSON with `before` and `after`.
pub fn entry(record: &Record) -> Vec<u8> {
    let _ = record;
    unimplemented!()
}
