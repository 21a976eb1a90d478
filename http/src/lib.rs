//! The HTTP front: what a request must look like, who may send it, and what an answer looks like.
//!
//! Reading order: `router` (every route in one list) and `permissions` (who may use which), `ask`
//! (the checks in their order), one file per noun for the handlers, `reply` and `problem` for what
//! goes back. A handler checks the shape, hands a command or a question to
//! [`holdfast_actors::Engine`], and renders what comes back.
//!
//! What is deliberately absent: the rules of booking, visibility and role (the engine judges them),
//! a listener, sled, the clock (the engine's time is asked for), randomness of our own.

mod app;
mod ask;
mod assets;
mod audit;
mod auth;
mod body;
mod bookings;
mod cursor;
mod decisions;
mod deliveries;
mod endpoints;
mod envelope;
mod error;
mod etag;
mod handover;
mod idempotency;
mod maintenance;
mod openapi;
mod operations;
mod operators;
mod paging;
mod percent;
mod permissions;
mod planning;
mod problem;
mod query;
mod registry;
mod reply;
mod reports;
mod request_id;
mod router;
pub mod token;
mod traffic;
mod usage;
pub mod webhooks;
mod wire;

pub use app::{HttpOptions, VersionInfo};
pub use body::json::strict as strict_json;
pub use router::{Routers, routers};
