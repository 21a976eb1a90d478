//! The `Idempotency-Key` header: its form, what it is scoped to, and what makes two requests the same.
//!
//! The store of keys is the asset's own record; nothing is remembered here.

use axum::http::{HeaderMap, HeaderName};
use holdfast_domain::{IdempotencyKey, KeyScope, Principal};
use sha2::{Digest, Sha256};

use crate::error::ApiError;

pub(crate) const HEADER: HeaderName = HeaderName::from_static("idempotency-key");

/// The key of a request.
///
/// # Errors
/// `KeyRequired` when it is missing, sent twice, or not 1 to 255 visible ASCII characters.
pub(crate) fn text(headers: &HeaderMap) -> Result<&str, ApiError> {
    let mut sent = headers.get_all(HEADER).iter();
    let Some(first) = sent.next() else {
        return Err(ApiError::KeyRequired("The Idempotency-Key header is required here."));
    };
    if sent.next().is_some() {
        return Err(ApiError::KeyRequired("Send one Idempotency-Key header."));
    }
    first
        .to_str()
        .ok()
        .filter(|key| (1..=255).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic()))
        .ok_or(ApiError::KeyRequired("Idempotency-Key must be 1 to 255 visible ASCII characters."))
}

/// `canonical` is the body as JSON with sorted keys and no white space.
pub(crate) fn key(
    principal: &Principal,
    (method, path): (&str, &str),
    text: &str,
    canonical: &[u8],
) -> IdempotencyKey {
    // The planted bug of that feature: two orgs with one subject name would meet in one key.
    let org = if cfg!(feature = "planted-scope-without-org") { "" } else { &*principal.org };
    let mut hash = Sha256::new();
    for part in [&principal.issuer, org, &principal.subject, method, path, text] {
        // The length first, so that no two lists of parts run together.
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    IdempotencyKey {
        text: text.to_owned(),
        scope: KeyScope(first(&hash.finalize())),
        fingerprint: u64::from_be_bytes(first(&Sha256::digest(canonical))),
    }
}

fn first<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut first = [0; N];
    first.copy_from_slice(&bytes[..N]);
    first
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use holdfast_domain::{Locations, Roles};

    use super::*;

    #[test]
    fn the_form_of_the_header() {
        let longest = [b'k'; 255];
        let rows: &[(&[&[u8]], bool)] = &[
            (&[], false),
            (&[b"6b1c6068-08fb-4c0d-9b39-0a7a7a845a6d"], true),
            (&[b"!"], true),
            (&[&longest], true),
            (&[&[b'k'; 256]], false),
            (&[b""], false),
            (&[b"two words"], false),
            (&["schlüssel".as_bytes()], false),
            (&[b"a", b"a"], false),
        ];
        for (values, good) in rows {
            let mut headers = HeaderMap::new();
            for value in *values {
                headers.append(HEADER, HeaderValue::from_bytes(value).unwrap());
            }
            assert_eq!(text(&headers).is_ok(), *good, "{values:?}");
        }
    }

    fn scope(parts: [&str; 6]) -> KeyScope {
        let [issuer, org, subject, method, path, text] = parts;
        let principal = Principal {
            issuer: issuer.into(),
            subject: subject.into(),
            org: org.into(),
            roles: Roles::default(),
            locations: Locations::All,
        };
        key(&principal, (method, path), text, b"{}").scope
    }

    #[test]
    fn every_part_and_its_boundary_counts() {
        let base = ["iss", "org", "sub", "POST", "/assets", "k"];
        let mut seen = vec![scope(base)];
        for place in 0..base.len() {
            let mut other = base;
            other[place] = "x";
            seen.push(scope(other));
        }
        seen.push(scope(["issorg", "", "sub", "POST", "/assets", "k"]));
        seen.push(scope(["is", "sorg", "sub", "POST", "/assets", "k"]));
        for (i, one) in seen.iter().enumerate() {
            for other in &seen[i + 1..] {
                assert_ne!(one, other);
            }
        }
        assert_eq!(scope(base), seen[0]);
    }
}
