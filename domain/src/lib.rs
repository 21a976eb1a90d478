//! The pure core: what a shared asset is and what may be done with it.
//!
//! Reading order: [`id`], [`time`], [`principal`], [`request`], then [`asset`] (command → decide →
//! event → apply → document) and [`rejection`].
//!
//! What is deliberately absent: a clock, randomness, I/O, async, a store, HTTP. Time and ids come in
//! as values; refusals are values; nothing here can fail for a reason outside its arguments.

pub mod access;
pub mod asset;
pub mod audit;
pub mod canonical;
mod chain;
pub mod id;
#[cfg(feature = "openapi")]
mod openapi;
pub mod principal;
pub mod record;
pub mod registry;
pub mod rejection;
pub mod request;
pub mod time;
pub mod webhooks;

pub use id::{
    AssetId, AuditId, BookingId, DeliveryId, EndpointId, EventId, MaintenanceId, RegistryId,
    ReportId, Shard, Stamp, Tag,
};
pub use principal::{Locations, Principal, Role, Roles};
pub use record::{
    Accepted, Actor, BookingMark, Digest, Etag, Kind, Outcome, Record, Refused, Subject,
};
pub use rejection::Rejection;
pub use request::{IdempotencyKey, IfMatch, KeyScope, Request};
pub use time::Timestamp;
