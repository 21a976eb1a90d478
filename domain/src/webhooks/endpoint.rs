//! A webhook endpoint: where an org wants to be told, of what, and the secrets that sign.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::EndpointEvent;
use crate::{
    id::{EndpointId, Stamp, Tag},
    principal::{Locations, Principal},
    record::Etag,
    time::Timestamp,
};

/// After a rotation the secret before still signs for so long.
const ROTATION_MS: i64 = 24 * 60 * 60 * 1000;
/// Of one endpoint at once: every further one makes each delivery's headers longer.
pub(super) const SECRETS_MAX: usize = 4;

/// A secret as it is stored: encrypted. Whoever has the key is elsewhere.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed(#[serde(with = "serde_bytes")] pub Vec<u8>);

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed(…)")
    }
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Secret {
    pub sealed: Sealed,
    /// Signs no longer from then on; `None` for the newest.
    pub until: Option<Timestamp>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EndpointStatus {
    Enabled,
    /// Nothing is sent, and what is to be sent waits.
    Disabled,
}

/// Why an endpoint is disabled.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DisabledReason {
    /// Somebody asked for it.
    Requested,
    /// The receiver answered 410.
    Gone,
    /// Nothing has reached the receiver for five days.
    Failing,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Endpoint {
    pub id: Stamp,
    pub url: String,
    pub events: Vec<String>,
    pub description: Option<String>,
    pub org_id: String,
    /// Those of whoever made it; `["*"]` for all.
    pub locations: Vec<String>,
    pub status: EndpointStatus,
    pub disabled_reason: Option<DisabledReason>,
    /// Since when it has been enabled, without a break.
    pub enabled_at: Timestamp,
    /// Newest first.
    pub secrets: Vec<Secret>,
    pub created_at: Timestamp,
    /// Of the record that made it.
    pub created_version: u64,
    pub updated_at: Timestamp,
    pub version: u64,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EndpointDocument {
    pub created_at: Timestamp,
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub description: Option<String>,
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub disabled_reason: Option<DisabledReason>,
    pub events: Vec<String>,
    pub id: EndpointId,
    pub locations: Vec<String>,
    pub org_id: String,
    /// Only in the answer that made it. In the store it is sealed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub secret: Option<String>,
    pub status: EndpointStatus,
    pub updated_at: Timestamp,
    pub url: String,
    pub version: u64,
}

impl Endpoint {
    pub fn etag(&self) -> Etag {
        Etag { version: self.version, link: 0 }
    }

    pub fn document(&self, tag: Tag) -> EndpointDocument {
        EndpointDocument {
            created_at: self.created_at,
            description: self.description.clone(),
            disabled_reason: self.disabled_reason,
            events: self.events.clone(),
            id: EndpointId::new(self.id, tag),
            locations: self.locations.clone(),
            org_id: self.org_id.clone(),
            secret: None,
            status: self.status,
            updated_at: self.updated_at,
            url: self.url.clone(),
            version: self.version,
        }
    }

    /// Of its org, and reaching every location that it hears of.
    pub fn is_visible(&self, principal: &Principal) -> bool {
        let reaches = match &principal.locations {
            Locations::All => true,
            these @ Locations::These(_) => {
                self.locations.iter().all(|location| location != "*" && these.contain(location))
            }
        };
        self.org_id == principal.org && reaches
    }

    /// Whether it hears of assets of `org` at `location`.
    pub fn covers(&self, org: &str, location: &str) -> bool {
        self.org_id == org && self.locations.iter().any(|here| here == "*" || here == location)
    }

    /// The secrets that sign at `now`, newest first.
    pub fn signing(&self, now: Timestamp) -> impl Iterator<Item = &Sealed> {
        let signs = move |secret: &&Secret| secret.until.is_none_or(|until| now < until);
        self.secrets.iter().filter(signs).map(|secret| &secret.sealed)
    }

    /// `None` for what is no creation.
    pub(super) fn created(event: &EndpointEvent, version: u64, at: Timestamp) -> Option<Self> {
        let EndpointEvent::Created { id, url, events, description, org_id, locations, secret } =
            event
        else {
            return None;
        };
        Some(Self {
            id: *id,
            url: url.clone(),
            events: events.clone(),
            description: description.clone(),
            org_id: org_id.clone(),
            locations: locations.clone(),
            status: EndpointStatus::Enabled,
            disabled_reason: None,
            enabled_at: at,
            secrets: vec![Secret { sealed: secret.clone(), until: None }],
            created_at: at,
            created_version: version,
            updated_at: at,
            version,
        })
    }

    pub(super) fn change(&mut self, event: &EndpointEvent, version: u64, at: Timestamp) {
        match event {
            EndpointEvent::Updated { url, events, description, status, reason, .. } => {
                self.url = url.clone().unwrap_or_else(|| self.url.clone());
                self.events = events.clone().unwrap_or_else(|| self.events.clone());
                self.description = description.clone().unwrap_or_else(|| self.description.clone());
                if let Some(status) = status {
                    self.status = *status;
                    self.disabled_reason = *reason;
                    if *status == EndpointStatus::Enabled {
                        self.enabled_at = at;
                    }
                }
            }
            EndpointEvent::SecretRotated { secret, .. } => {
                self.secrets.retain(|secret| secret.until.is_none_or(|until| at < until));
                if let Some(former) = self.secrets.first_mut() {
                    former.until = Some(at.plus_millis(ROTATION_MS));
                }
                self.secrets.insert(0, Secret { sealed: secret.clone(), until: None });
            }
            EndpointEvent::Created { .. }
            | EndpointEvent::Deleted { .. }
            | EndpointEvent::Tested { .. } => return,
        }
        self.version = version;
        self.updated_at = at;
    }

    /// An estimate of the memory it holds.
    pub(super) fn bytes(&self) -> usize {
        let texts = |texts: &[String]| texts.iter().map(|text| text.len() + 24).sum::<usize>();
        size_of::<Self>()
            + self.url.len()
            + self.org_id.len()
            + self.description.as_ref().map_or(0, String::len)
            + texts(&self.events)
            + texts(&self.locations)
            + self.secrets.iter().map(|secret| secret.sealed.0.len() + 48).sum::<usize>()
    }
}

impl EndpointDocument {
    pub fn json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("strings and numbers always serialise")
    }
}
