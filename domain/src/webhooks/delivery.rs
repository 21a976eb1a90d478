//! A delivery: one event on its way to one endpoint.

use serde::{Deserialize, Serialize};

use super::Failure;
use crate::{
    id::{DeliveryId, EndpointId, EventId, Stamp, Tag},
    record::Kind,
    time::Timestamp,
};

/// A place in the log. Only its position has a meaning here; `place` is the journal's own.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Cursor {
    /// Everything up to it is behind the cursor.
    pub position: u64,
    pub place: [u8; 20],
}

/// A record that is told: enough to find it again and to name it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct EventRef {
    pub tag: Tag,
    pub version: u64,
    /// Of the event's id.
    pub stamp: Stamp,
    pub kind: Kind,
    pub at: Timestamp,
}

impl EventRef {
    pub fn id(&self) -> EventId {
        EventId::new(self.stamp, self.tag)
    }
}

/// What came of one try.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Try {
    pub at: Timestamp,
    pub status_code: Option<u16>,
    pub error: Option<Failure>,
    pub duration_ms: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DeliveryStatus {
    Pending,
    Succeeded,
    /// Given up; it can be sent again on request.
    Dead,
}

impl DeliveryStatus {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Succeeded => "SUCCEEDED",
            Self::Dead => "DEAD",
        }
    }
}

/// A delivery that was tried at least once, or asked for again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Delivery {
    pub id: Stamp,
    pub event: EventRef,
    pub status: DeliveryStatus,
    /// Tries so far, those before a redelivery included.
    pub attempts: u32,
    /// Tries since the schedule began (anew).
    pub tries: u32,
    pub next_attempt_at: Option<Timestamp>,
    pub last: Option<Try>,
    /// Later events of the same asset wait for it.
    pub in_order: bool,
    /// Somebody asked for it since its last try.
    pub asked: bool,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeliveryDocument {
    pub attempts: u32,
    pub created_at: Timestamp,
    pub endpoint_id: EndpointId,
    pub event_id: EventId,
    pub event_type: String,
    pub id: DeliveryId,
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub last_attempt: Option<LastAttempt>,
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub next_attempt_at: Option<Timestamp>,
    pub status: DeliveryStatus,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LastAttempt {
    pub at: Timestamp,
    pub duration_ms: u32,
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub error: Option<String>,
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub status_code: Option<u16>,
}

impl Delivery {
    pub fn document(&self, lane: Tag, endpoint: EndpointId) -> DeliveryDocument {
        DeliveryDocument {
            attempts: self.attempts,
            created_at: self.event.at,
            endpoint_id: endpoint,
            event_id: self.event.id(),
            event_type: self.event.kind.name().into(),
            id: DeliveryId::new(self.id, lane),
            last_attempt: self.last.map(|last| LastAttempt {
                at: last.at,
                duration_ms: last.duration_ms,
                error: last.error.map(|error| error.name().into()),
                status_code: last.status_code,
            }),
            next_attempt_at: self.next_attempt_at,
            status: self.status,
        }
    }
}

impl DeliveryDocument {
    pub fn json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("strings and numbers always serialise")
    }
}
