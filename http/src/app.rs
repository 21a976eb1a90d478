//! What every handler can reach: the engine, the options and the keys made from its secrets.
//!
//! Nothing here changes after the start except the cache of verified tokens and the counts of requests.

use std::sync::Arc;

use bytes::Bytes;
use holdfast_actors::Engine;

use crate::{auth::Verifier, cursor::CursorKey, traffic::Traffic, webhooks::Addresses};

/// What the composition root decides about the HTTP front.
#[derive(Clone, Debug)]
pub struct HttpOptions {
    /// The HS256 secret that tokens are verified with.
    pub token_key: Vec<u8>,
    /// When set, tokens must carry this `iss`.
    pub issuer: Option<String>,
    /// When set, tokens must carry this `aud`, alone or in a list.
    pub audience: Option<String>,
    /// Goes before the path of a problem's `type`; no slash at its end. May be empty.
    pub public_url: String,
    pub version: VersionInfo,
    /// Which addresses webhooks may reach.
    pub webhook_addresses: Addresses,
}

/// What `/version` answers.
#[derive(Clone, Debug, Default, serde::Serialize, utoipa::ToSchema)]
pub struct VersionInfo {
    /// Of the package.
    pub version: String,
    /// The commit it was built from, or `unknown`.
    pub commit: String,
    /// The release of the time zone data inside the binary.
    pub tz_data: String,
}

/// The state of the router. Cheap to clone.
#[derive(Clone)]
pub(crate) struct App(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) engine: Engine,
    pub(crate) verifier: Verifier,
    pub(crate) cursors: CursorKey,
    pub(crate) public_url: String,
    pub(crate) version: Bytes,
    pub(crate) traffic: Traffic,
    pub(crate) webhook_addresses: Addresses,
}

impl App {
    pub(crate) fn new(engine: Engine, options: &HttpOptions) -> Self {
        let version = serde_json::to_vec(&options.version).unwrap_or_default();
        Self(Arc::new(Inner {
            verifier: Verifier::new(options),
            cursors: CursorKey::new(engine.secret("cursor")),
            public_url: options.public_url.trim_end_matches('/').to_owned(),
            version: version.into(),
            traffic: Traffic::new(),
            webhook_addresses: options.webhook_addresses.clone(),
            engine,
        }))
    }
}

impl std::ops::Deref for App {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}
