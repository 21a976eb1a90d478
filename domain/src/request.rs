//! The envelope of a command: who asks, under which key, against which version.
//!
//! The command itself is in [`crate::asset::Command`]; nothing here knows HTTP beyond the words
//! "path" and "entity tag", which are part of what is stored and hashed.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{asset::Command, principal::Principal};

/// One command on one aggregate, as it travels to the actor.
#[derive(Clone, Debug)]
pub struct Request<C = Command> {
    pub principal: Arc<Principal>,
    /// At most 128 visible ASCII characters; never empty.
    pub request_id: String,
    /// The concrete request path; becomes `instance` of a stored refusal.
    pub path: String,
    /// `None` only for what the engine asks itself (timers).
    pub key: Option<IdempotencyKey>,
    pub if_match: IfMatch,
    pub command: C,
}

/// An `Idempotency-Key` with what makes it comparable.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct IdempotencyKey {
    /// 1 to 255 visible ASCII characters, as sent.
    pub text: String,
    pub scope: KeyScope,
    /// The first 8 bytes of SHA-256 over the sent JSON with sorted keys and no white space.
    pub fingerprint: u64,
}

/// The first 16 bytes of SHA-256 over issuer, org, subject, method, concrete path and key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct KeyScope(pub [u8; 16]);

/// The `If-Match` header, read.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum IfMatch {
    #[default]
    Missing,
    /// `*`
    Any,
    /// The strong tags of the list with their quotes; weak ones never match and are left out.
    Tags(Vec<String>),
}

/// The bytes of all free text a command carries.
pub trait CommandText {
    fn text_bytes(&self) -> usize;
}

impl CommandText for Command {
    fn text_bytes(&self) -> usize {
        Command::text_bytes(self)
    }
}

impl<C: CommandText> Request<C> {
    /// What the request and the record it may become take in memory, roughly and from above.
    pub fn bytes(&self) -> usize {
        const RECORD: usize = 1024;
        let key = self.key.as_ref().map_or(0, |key| key.text.len());
        RECORD + self.request_id.len() + self.path.len() + key + 2 * self.command.text_bytes()
    }
}
