//! What happened to endpoints and lanes: the stored vocabulary. Additive changes only.

use serde::{Deserialize, Serialize};

use super::{
    Cursor, DisabledReason, EndpointStatus, Sealed,
    lane::{Replay, ReplayProgress, SettledDelivery},
};
use crate::id::Stamp;

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum EndpointEvent {
    Created {
        id: Stamp,
        url: String,
        events: Vec<String>,
        description: Option<String>,
        org_id: String,
        locations: Vec<String>,
        secret: Sealed,
    },
    Updated {
        id: Stamp,
        url: Option<String>,
        events: Option<Vec<String>>,
        /// The outer `None`: unchanged; the inner: cleared.
        description: Option<Option<String>>,
        status: Option<EndpointStatus>,
        reason: Option<DisabledReason>,
    },
    Deleted {
        id: Stamp,
    },
    SecretRotated {
        id: Stamp,
        secret: Sealed,
    },
    Tested {
        id: Stamp,
    },
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum LaneEvent {
    /// Everything up to the cursor is settled: delivered, dead, waiting for a retry, or not wanted.
    Progressed {
        cursor: Cursor,
        settled: Vec<SettledDelivery>,
        replay: Option<ReplayProgress>,
    },
    /// A delivery is to be sent once more, at once.
    RedeliveryAsked {
        delivery: Stamp,
    },
    ReplayAsked(Replay),
}
