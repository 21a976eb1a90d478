//! Webhooks: what an org wants to be told of, and how far telling it has come.
//!
//! Two kinds of aggregate, each with records of its own in the same log. The endpoints of an org are
//! one ([`Endpoints`]): their number is limited, so one place must count them. The lane of an endpoint
//! is another ([`Lane`]): its progress is written every second and must not be in the way of the
//! first. What there is to tell is in neither: the log of the assets is the outbox ([`Notice`]).
//!
//! Nothing here sends, reads a clock or knows a secret in the clear.

mod chain;
mod delivery;
mod endpoint;
mod endpoints;
mod event;
mod failure;
mod lane;
mod names;
mod notice;

pub use delivery::{Cursor, Delivery, DeliveryDocument, DeliveryStatus, EventRef, Try};
pub use endpoint::{DisabledReason, Endpoint, EndpointDocument, EndpointStatus, Sealed, Secret};
pub use endpoints::{
    EndpointChange, EndpointCommand, Endpoints, EndpointsSnapshot, NewEndpoint, decide_endpoints,
    disable,
};
pub use event::{EndpointEvent, LaneEvent};
pub use failure::Failure;
pub use lane::{
    Lane, LaneCommand, LaneSnapshot, Progress, Replay, ReplayProgress, Settled, SettledDelivery,
    Settlement, decide_lane, progress,
};
pub use names::{EVENT_NAMES, Subscriptions, is_event_name};
pub use notice::{Notice, body};

use crate::{Record, Rejection};

/// What a command comes to.
#[derive(Clone, PartialEq, Debug)]
pub enum Verdict {
    /// Append it, apply it, and answer with it once it is durable.
    Append(Box<Record>),
    /// The key was used by the record of this version: answer with what it stored.
    Replay { version: u64 },
    /// Refused, and not kept.
    Refuse(Rejection),
}

/// Why a command does not reach its effect.
enum Stop {
    Refused(Rejection),
    Replay(u64),
}

impl From<Rejection> for Stop {
    fn from(rejection: Rejection) -> Self {
        Self::Refused(rejection)
    }
}
