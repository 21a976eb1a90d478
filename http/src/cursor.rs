//! Cursors: opaque to the client, unforgeable, and good only for the list, filter and caller they
//! were made for.
//!
//! A cursor is base64url without padding over: version 1, direction, key (u64, big-endian), and the
//! first 16 bytes of HMAC-SHA256 over those together with the route, the filter and the caller. What
//! it is bound to is inside the MAC and takes no room.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use holdfast_actors::engine::Anchor;
use holdfast_domain::Principal;
use sha2::Sha256;

use crate::error::ApiError;

const VERSION: u8 = 1;
const HEAD_BYTES: usize = 10;
const MAC_BYTES: usize = 16;

/// Signs and reads cursors.
pub(crate) struct CursorKey(Hmac<Sha256>);

/// What a cursor is good for.
#[derive(Clone, Copy)]
pub(crate) struct Binding<'a> {
    /// The concrete path of the list.
    pub(crate) path: &'a str,
    /// The filter in one canonical spelling, without `limit` and `cursor`.
    pub(crate) filter: &'a str,
    pub(crate) principal: &'a Principal,
}

impl CursorKey {
    pub(crate) fn new(secret: [u8; 32]) -> Self {
        Self(Hmac::new_from_slice(&secret).expect("HMAC takes a key of any length"))
    }

    pub(crate) fn write(&self, anchor: Anchor, binding: Binding<'_>) -> String {
        let (direction, key) = match anchor {
            Anchor::After(key) => (0, key),
            Anchor::Before(key) => (1, key),
        };
        let mut bytes = [0; HEAD_BYTES + MAC_BYTES];
        bytes[0] = VERSION;
        bytes[1] = direction;
        bytes[2..HEAD_BYTES].copy_from_slice(&key.to_be_bytes());
        let mac = self.mac(&bytes[..HEAD_BYTES], binding).finalize().into_bytes();
        bytes[HEAD_BYTES..].copy_from_slice(&mac[..MAC_BYTES]);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// # Errors
    /// `InvalidCursor` for whatever [`CursorKey::write`] did not write with this binding.
    pub(crate) fn read(&self, text: &str, binding: Binding<'_>) -> Result<Anchor, ApiError> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| ApiError::InvalidCursor)?;
        let bytes: [u8; HEAD_BYTES + MAC_BYTES] =
            bytes.try_into().map_err(|_| ApiError::InvalidCursor)?;
        let (head, mac) = bytes.split_at(HEAD_BYTES);
        self.mac(head, binding).verify_truncated_left(mac).map_err(|_| ApiError::InvalidCursor)?;
        let mut key = [0; 8];
        key.copy_from_slice(&head[2..]);
        let key = u64::from_be_bytes(key);
        match (head[0], head[1]) {
            (VERSION, 0) => Ok(Anchor::After(key)),
            (VERSION, 1) => Ok(Anchor::Before(key)),
            _ => Err(ApiError::InvalidCursor),
        }
    }

    fn mac(&self, head: &[u8], binding: Binding<'_>) -> Hmac<Sha256> {
        let Principal { issuer, subject, org, .. } = binding.principal;
        let mut mac = self.0.clone();
        mac.update(head);
        for part in [binding.path, binding.filter, issuer, org, subject] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        mac
    }
}

#[cfg(test)]
mod tests {
    use holdfast_domain::{Locations, Roles};

    use super::*;

    fn principal(issuer: &str, org: &str, subject: &str) -> Principal {
        Principal {
            issuer: issuer.into(),
            subject: subject.into(),
            org: org.into(),
            roles: Roles::default(),
            locations: Locations::All,
        }
    }

    #[test]
    fn reads_back_what_it_wrote() {
        let key = CursorKey::new([7; 32]);
        let principal = principal("i", "o", "s");
        let binding = Binding { path: "/assets", filter: "q=x", principal: &principal };
        for anchor in [Anchor::After(0), Anchor::Before(u64::MAX), Anchor::After(1 << 40)] {
            assert_eq!(key.read(&key.write(anchor, binding), binding), Ok(anchor));
        }
    }

    #[test]
    fn refuses_what_it_did_not_write_for_this_list_and_caller() {
        let key = CursorKey::new([7; 32]);
        let me = principal("i", "o", "s");
        let others = [principal("j", "o", "s"), principal("i", "p", "s"), principal("i", "o", "t")];
        let binding = Binding { path: "/assets", filter: "q=x", principal: &me };
        let good = key.write(Anchor::After(42), binding);
        let refused = |text: &str, binding| {
            assert_eq!(key.read(text, binding), Err(ApiError::InvalidCursor), "{text}");
        };
        refused(&good, Binding { path: "/bookings", ..binding });
        refused(&good, Binding { filter: "q=y", ..binding });
        for other in &others {
            refused(&good, Binding { principal: other, ..binding });
        }
        let bytes = URL_SAFE_NO_PAD.decode(&good).unwrap();
        for place in 0..bytes.len() {
            let mut forged = bytes.clone();
            forged[place] ^= 1;
            refused(&URL_SAFE_NO_PAD.encode(forged), binding);
        }
        for length in [0, 1, 10, 25] {
            refused(&URL_SAFE_NO_PAD.encode(&bytes[..length]), binding);
        }
        refused(&format!("{good}="), binding);
        refused(&format!("{good}AA"), binding);
        refused("not base64!", binding);
        let other_store = CursorKey::new([8; 32]);
        assert!(other_store.read(&good, binding).is_err());
    }
}
