//! One asset with its bookings: the aggregate that an actor owns.
//!
//! `command` (what is asked) → `decide` (a [`crate::Record`] or a refusal) → `event` (what happened)
//! → `state` + `apply`; `document` is what is served, stored and hashed.

mod command;
mod decide;
mod document;
mod event;
mod keys;
mod state;

pub use command::{AssetChange, Change, Command, NewAsset, NewBooking};
pub use decide::{Finished, Verdict, decide};
pub use document::{
    AssetDocument, AssetStatus, BookingDocument, BookingStatus, CostLine, Document,
};
pub use event::Event;
pub use state::{AssetState, LiveBooking, Snapshot};
