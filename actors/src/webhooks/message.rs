//! What is asked of the actors of webhook aggregates, and what they answer.

use std::sync::Arc;

use bytes::Bytes;
use holdfast_domain::{
    EndpointId, Etag, Principal, Request, Stamp, Timestamp,
    webhooks::{
        Cursor, Delivery, DeliveryStatus, DisabledReason, Endpoint, EndpointCommand, LaneCommand,
        Progress, Replay,
    },
};

/// To the actor of an org's endpoints, or to that of a lane.
#[derive(Debug)]
pub enum WebhookAsk {
    Endpoint(Box<Request<EndpointCommand>>),
    /// The lanes' own word.
    Disable(EndpointId, DisabledReason),
    /// All of them, for the lanes.
    Endpoints,
    /// Those that the caller may see, newest first.
    List(Arc<Principal>),
    Read(Arc<Principal>, EndpointId),
    /// May the caller decide about this endpoint?
    May(Arc<Principal>, EndpointId),
    Lane(EndpointId, Box<Request<LaneCommand>>),
    Progress(Box<Progress>),
    /// Where the lane stands, for the lane itself: all that waits, or what somebody has asked for.
    Standing {
        all: bool,
    },
    /// What there is to see, `low < id < high`.
    Deliveries {
        endpoint: EndpointId,
        status: Vec<DeliveryStatus>,
        low: Stamp,
        high: Stamp,
        oldest_first: bool,
        limit: usize,
    },
}

impl WebhookAsk {
    /// What kind of message it is, as operators read it.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Endpoint(request) => request.command.name(),
            Self::Disable(..) => "disable_endpoint",
            Self::Endpoints | Self::List(_) => "list_endpoints",
            Self::Read(..) | Self::May(..) => "read_endpoint",
            Self::Lane(_, request) => request.command.name(),
            Self::Progress(_) => "write_progress",
            Self::Standing { .. } => "read_lane",
            Self::Deliveries { .. } => "list_deliveries",
        }
    }

    /// Of a command; empty for all else.
    pub(crate) fn request_id(&self) -> &str {
        match self {
            Self::Endpoint(request) => &request.request_id,
            Self::Lane(_, request) => &request.request_id,
            _ => "",
        }
    }

    /// What it takes in memory with the record it may become, roughly and from above.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Endpoint(request) => request.bytes(),
            Self::Lane(_, request) => request.bytes(),
            Self::Progress(progress) => 2_048 + 256 * progress.settled.len(),
            _ => 2_048,
        }
    }

    /// Whether it may leave a record in the log.
    pub const fn is_written(&self) -> bool {
        matches!(self, Self::Endpoint(_) | Self::Disable(..) | Self::Lane(..) | Self::Progress(_))
    }

    /// Which of the two aggregates it is for.
    pub const fn is_for_a_lane(&self) -> bool {
        matches!(
            self,
            Self::Lane(..) | Self::Progress(_) | Self::Standing { .. } | Self::Deliveries { .. }
        )
    }
}

#[derive(Debug)]
pub enum WebhookReading {
    Endpoints(Vec<Endpoint>),
    Document(Bytes, Etag),
    Rows(Vec<(Stamp, Bytes)>),
    Allowed,
    Standing(Box<Standing>),
    /// The ids of the deliveries that were settled, in their order.
    Progressed(Vec<Stamp>),
    /// Nothing had to be done.
    Unchanged,
}

/// Where a lane stands.
#[derive(Clone, PartialEq, Debug)]
pub struct Standing {
    pub cursor: Option<Cursor>,
    pub failing_since: Option<Timestamp>,
    pub pending: Vec<Delivery>,
    pub replay: Option<Replay>,
}
