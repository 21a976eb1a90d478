//! One asset with its bookings: the aggregate that an actor owns.
//!
//! `command` (what is asked) → `decide` (a [`crate::Record`] or a refusal) → `event` (what happened)
//! → `state` + `apply`; `document` is what is served, stored and hashed. `authorise` says who may,
//! `calendar` what is free, `keys` what was answered before, `terms` how booking terms are shaped;
//! `fields` and `booking` are what the state is made of.

mod authorise;
mod booking;
mod calendar;
mod command;
mod decide;
mod document;
mod event;
mod fields;
mod keys;
mod state;
pub mod terms;

pub use command::{AssetChange, Change, Command, NewAsset, NewBooking};
pub use decide::{Finished, Verdict, decide};
pub use document::{
    AssetDocument, AssetStatus, BookingDocument, BookingStatus, CostLine, Document,
};
pub use event::Event;
pub use state::{AssetState, LiveBooking, Snapshot};
