//! Webhook secrets: drawn here, shown once, and stored only encrypted (AES-256-GCM).
//!
//! The key is a file beside the log, so that a copy of the log alone tells no secret.

use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use holdfast_domain::webhooks::Sealed;

use crate::ids::Randomness;

/// Bytes of a secret before they are written as text.
const SECRET_BYTES: usize = 32;
const PREFIX: &str = "whsec_";

/// Seals and opens secrets. Cheap to clone.
#[derive(Clone)]
pub struct Vault {
    key: Arc<LessSafeKey>,
    randomness: Arc<dyn Randomness>,
}

/// The stored form is not one that this key made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a webhook secret cannot be opened with this key")]
pub struct WrongKey;

impl Vault {
    pub fn new(key: &[u8; 32], randomness: Arc<dyn Randomness>) -> Self {
        let key = UnboundKey::new(&AES_256_GCM, key).expect("a key of 32 bytes is of this size");
        Self { key: Arc::new(LessSafeKey::new(key)), randomness }
    }

    /// A new secret in the form in which it is shown.
    pub fn draw(&self) -> String {
        let mut bytes = [0; SECRET_BYTES];
        self.randomness.fill(&mut bytes);
        format!("{PREFIX}{}", STANDARD.encode(bytes))
    }

    /// `org` is part of what is sealed: a stored secret moved to another org does not open.
    pub fn seal(&self, secret: &str, org: &str) -> Sealed {
        let mut nonce = [0; NONCE_LEN];
        self.randomness.fill(&mut nonce);
        let mut bytes = secret.as_bytes().to_vec();
        self.key
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(org.as_bytes()),
                &mut bytes,
            )
            .expect("a secret is far shorter than what one nonce may seal");
        Sealed([&nonce[..], &bytes].concat())
    }

    /// The secret as it was shown.
    ///
    /// # Errors
    /// When it was sealed with another key, for another org, or is damaged.
    pub fn open(&self, sealed: &Sealed, org: &str) -> Result<String, WrongKey> {
        let (nonce, rest) = sealed.0.split_first_chunk().ok_or(WrongKey)?;
        let mut bytes = rest.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let plain = self.key.open_in_place(nonce, Aad::from(org.as_bytes()), &mut bytes);
        let plain = plain.map_err(|_| WrongKey)?.to_vec();
        String::from_utf8(plain).map_err(|_| WrongKey)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Generator;

    fn vault(key: u8) -> Vault {
        Vault::new(&[key; 32], Arc::new(Generator::from_seed(7)))
    }

    #[test]
    fn what_is_sealed_opens_only_with_its_key_and_for_its_org() {
        let secret = vault(1).draw();
        assert_eq!(secret.len(), PREFIX.len() + 44);
        let sealed = vault(1).seal(&secret, "org_1");
        assert!(!sealed.0.windows(8).any(|part| secret.as_bytes().windows(8).any(|it| it == part)));
        assert_eq!(vault(1).open(&sealed, "org_1"), Ok(secret));
        assert_eq!(vault(1).open(&sealed, "org_2"), Err(WrongKey));
        assert_eq!(vault(2).open(&sealed, "org_1"), Err(WrongKey));
        for at in 0..sealed.0.len() {
            let mut bent = sealed.clone();
            bent.0[at] ^= 1;
            assert_eq!(vault(1).open(&bent, "org_1"), Err(WrongKey), "byte {at}");
        }
        assert_eq!(vault(1).open(&Sealed(vec![1, 2]), "org_1"), Err(WrongKey));
    }
}
