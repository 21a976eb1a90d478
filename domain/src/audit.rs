//! The audit entry of a record: its members, its canonical bytes and its hash chain.
//!
//! `hash` covers every member but the bodies and itself; the bodies are covered by their own
//! digests, so the chain still verifies when a body has been erased.

use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    canonical,
    id::AssetId,
    record::{Digest, Outcome, Record, Subject},
    rejection::{Claimant, Rejection, Window},
};

/// What `hash` covers, as text and in canonical order.
#[derive(Serialize, Debug)]
pub struct Hashed<'a> {
    pub actor: HashedActor<'a>,
    pub after_sha256: &'a str,
    pub asset_id: &'a str,
    pub at: &'a str,
    pub before_sha256: &'a str,
    pub id: &'a str,
    pub idempotency_key: Option<&'a str>,
    pub prev_hash: &'a str,
    pub request_id: &'a str,
    pub seq: u64,
    pub r#type: &'a str,
}

#[derive(Serialize, Debug)]
pub struct HashedActor<'a> {
    pub org_id: Option<&'a str>,
    pub sub: &'a str,
}

impl Hashed<'_> {
    pub fn digest(&self) -> Digest {
        digest(&serde_json::to_vec(self).expect("strings and numbers always serialise"))
    }
}

/// SHA-256 of an entry without `before`, `after` and `hash`. `asset` is the asset of the record's
/// tag; the first record of a chain names it ([`asset_of`]).
pub fn hash(record: &Record, asset: AssetId) -> Digest {
    let bodies = Bodies::of(record);
    let texts = Texts::of(record, asset, &bodies);
    texts.hashed(record).digest()
}

/// The asset, when the record itself says which: all that touch the asset and not a booking do.
pub fn asset_of(record: &Record) -> Option<AssetId> {
    match &record.outcome {
        Outcome::Accepted(accepted) => match accepted.subject {
            Subject::Asset(asset) => Some(asset),
            _ => None,
        },
        Outcome::Refused(_) => None,
    }
}

/// The entry as served: canonical JSON with `before` and `after`.
pub fn entry(record: &Record, asset: AssetId) -> Vec<u8> {
    let bodies = Bodies::of(record);
    let texts = Texts::of(record, asset, &bodies);
    let actor = json!({"org_id": record.actor.org_id, "sub": record.actor.sub});
    let text = |text: &str| serde_json::Value::from(text).to_string().into_bytes();
    let key = record.key.as_ref().map_or_else(|| b"null".to_vec(), |key| text(&key.text));
    let members: [(&str, Vec<u8>); 14] = [
        ("actor", canonical::to_string(&actor).into_bytes()),
        ("after", bodies.after),
        ("after_sha256", text(&texts.after_sha256)),
        ("asset_id", text(&texts.asset_id)),
        ("at", text(&texts.at)),
        ("before", bodies.before),
        ("before_sha256", text(&texts.before_sha256)),
        ("hash", text(&hex(&record.hash))),
        ("id", text(&texts.id)),
        ("idempotency_key", key),
        ("prev_hash", text(&texts.prev_hash)),
        ("request_id", text(&record.request_id)),
        ("seq", record.version.to_string().into_bytes()),
        ("type", text(record.kind.name())),
    ];
    let mut out = vec![b'{'];
    for (index, (name, value)) in members.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.push(b'"');
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\":");
        out.extend_from_slice(&value);
    }
    out.push(b'}');
    out
}

/// The body of a stored refusal's entry: its code and what it tells beside it.
pub fn refusal(rejection: &Rejection) -> String {
    let mut body = match rejection {
        Rejection::TermsChanged { current } => json!({"terms_version": current}),
        Rejection::Overlap { conflicts, next_available } => json!({
            "conflicts": conflicts.iter().map(|conflict| taken(
                Claimant::Booking(conflict.booking),
                conflict.claim,
            )).collect::<Vec<_>>(),
            "next_available": next_available,
        }),
        Rejection::Blocked { conflicts, next_available } => json!({
            "conflicts": conflicts.iter().map(|met| taken(met.by, met.claim)).collect::<Vec<_>>(),
            "next_available": next_available,
        }),
        Rejection::DeadlinePassed { now, deadline_at } => {
            json!({"deadline_at": deadline_at, "now": now})
        }
        Rejection::AssetUnavailable { status } => json!({"current_status": status}),
        Rejection::InvalidTransition { current_status } => {
            json!({"current_status": current_status})
        }
        Rejection::DurationOutOfRange { limit_minutes }
        | Rejection::TooFarAhead { limit_minutes } => {
            json!({"limit_minutes": limit_minutes})
        }
        Rejection::Invalid(findings) => json!({"errors": findings}),
        Rejection::OutsideOpeningHours { open, .. } => json!({"open": open}),
        Rejection::LimitReached { limit } => json!({"limit": limit}),
        _ => json!({}),
    };
    body["code"] = rejection.code().into();
    canonical::to_string(&body)
}

/// A claim in the way, and whose it is.
fn taken(by: Claimant, claim: Window) -> Value {
    let (kind, id) = match by {
        Claimant::Booking(id) => ("BOOKING", id.to_string()),
        Claimant::Maintenance(id) => ("MAINTENANCE", id.to_string()),
    };
    json!({"end": claim.end, "id": id, "kind": kind, "start": claim.start})
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        out.push(char::from(DIGITS[usize::from(byte >> 4)]));
        out.push(char::from(DIGITS[usize::from(byte & 0xf)]));
    }
    out
}

struct Bodies {
    before: Vec<u8>,
    after: Vec<u8>,
}

impl Bodies {
    fn of(record: &Record) -> Self {
        let (before, after) = match &record.outcome {
            Outcome::Accepted(accepted) => (accepted.before.clone(), accepted.after.clone()),
            Outcome::Refused(refused) => (None, refusal(&refused.rejection).into_bytes()),
        };
        Self { before: before.unwrap_or_else(|| b"null".to_vec()), after }
    }
}

struct Texts {
    after_sha256: String,
    asset_id: String,
    at: String,
    before_sha256: String,
    id: String,
    prev_hash: String,
}

impl Texts {
    fn of(record: &Record, asset: AssetId, bodies: &Bodies) -> Self {
        Self {
            after_sha256: hex(&digest(&bodies.after)),
            asset_id: asset.to_string(),
            at: record.at.to_string(),
            before_sha256: hex(&digest(&bodies.before)),
            id: record.audit_id().to_string(),
            prev_hash: hex(&record.prev_hash),
        }
    }

    fn hashed<'a>(&'a self, record: &'a Record) -> Hashed<'a> {
        Hashed {
            actor: HashedActor { org_id: record.actor.org_id.as_deref(), sub: &record.actor.sub },
            after_sha256: &self.after_sha256,
            asset_id: &self.asset_id,
            at: &self.at,
            before_sha256: &self.before_sha256,
            id: &self.id,
            idempotency_key: record.key.as_ref().map(|key| key.text.as_str()),
            prev_hash: &self.prev_hash,
            request_id: &record.request_id,
            seq: record.version,
            r#type: record.kind.name(),
        }
    }
}

/// SHA-256 of a body's canonical JSON.
pub fn digest(bytes: &[u8]) -> Digest {
    Sha256::digest(bytes).into()
}
