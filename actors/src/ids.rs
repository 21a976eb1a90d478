//! The one source of randomness, and what is derived from the store key: tags and secrets.

use std::sync::{Mutex, PoisonError};

use hmac::{Hmac, KeyInit, Mac};
use holdfast_domain::{EndpointId, KeyScope, Tag};
use rand::{Rng, SeedableRng, rngs::StdRng};
use sha2::Sha256;

/// Random bytes from the operating system, or from a seed in tests.
pub trait Randomness: Send + Sync + 'static {
    fn fill(&self, bytes: &mut [u8]);
}

/// A generator seeded once: from the operating system for a server, from a number in tests.
pub struct Generator(Mutex<StdRng>);

impl Generator {
    pub fn from_os() -> Self {
        Self(Mutex::new(rand::make_rng()))
    }

    pub fn from_seed(seed: u64) -> Self {
        Self(Mutex::new(StdRng::seed_from_u64(seed)))
    }
}

impl Randomness for Generator {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(bytes);
    }
}

/// The secret that is the first record of a store.
#[derive(Clone)]
pub struct StoreKey(pub [u8; 32]);

impl StoreKey {
    /// The tag of the asset that a create under `scope` makes. `attempt` counts up while the tag is
    /// taken by an asset whose key has been forgotten.
    pub fn tag(&self, scope: KeyScope, attempt: u32) -> Tag {
        tag_of(self.mac(b"tag", &[&scope.0, &attempt.to_be_bytes()]))
    }

    /// The tag of what an org asked to be told of: its webhook endpoints.
    pub fn endpoints_tag(&self, org: &str) -> Tag {
        tag_of(self.mac(b"webhook-endpoints", &[org.as_bytes()]))
    }

    /// The tag of an endpoint's lane.
    pub fn lane_tag(&self, endpoint: EndpointId) -> Tag {
        tag_of(self.mac(b"webhook-lane", &[endpoint.uuid().as_bytes()]))
    }

    /// The tag of an org's registry.
    pub fn registry_tag(&self, org: &str) -> Tag {
        tag_of(self.mac(b"registry", &[org.as_bytes()]))
    }

    /// A secret for one purpose, the same for the life of the store.
    pub fn secret(&self, purpose: &str) -> [u8; 32] {
        self.mac(b"secret", &[purpose.as_bytes()])
    }

    fn mac(&self, label: &[u8], parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.0)
            .expect("HMAC takes a key of any length");
        mac.update(label);
        mac.update(&[0]);
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

fn tag_of(mac: [u8; 32]) -> Tag {
    let mut first = [0; 8];
    first.copy_from_slice(&mac[..8]);
    Tag::new(u64::from_be_bytes(first))
}
