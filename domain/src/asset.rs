//! One asset with its bookings: the aggregate that an actor owns.
//!
//! `command` (what is asked) → `decide` (a [`crate::Record`] or a refusal) → `event` (what happened)
//! → `state` + `apply`; `document` is what is served, stored and hashed. `authorise` says who may,
//! `admission` which window is let in, `calendar` what is taken, `due` what happens by itself,
//! `pricing` what it costs, `keys` what was answered before, `terms` what booking terms mean;
//! `fields` and `booking` are what the state is made of, `ask` reads it without changing it.

mod admission;
mod ask;
mod authorise;
mod booking;
mod calendar;
mod command;
mod decide;
mod document;
mod due;
mod event;
mod fields;
mod keys;
mod pricing;
mod state;
pub mod terms;

pub use command::{AssetChange, BookingChange, Change, Command, NewAsset, NewBooking};
pub use decide::{Finished, Verdict, decide, due};
pub use document::{
    Approval, ApprovalStatus, ApproverRole, AssetDocument, AssetStatus, AvailabilityDocument,
    BookingDocument, BookingStatus, Busy, ClaimKind, CostLine, Document, LineType, LineUnit,
    QuoteDocument,
};
pub use event::Event;
pub use state::{AssetState, LiveBooking, Snapshot};
