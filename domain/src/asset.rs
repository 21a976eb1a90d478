//! One asset with its bookings: the aggregate that an actor owns.
//!
//! `command` (what is asked) → `decide` (a [`crate::Record`] or a refusal) → `event` (what happened)
//! → `state` + `apply`; `document` is what is served, stored and hashed. `authorise` says who may,
//! `admission` which window is let in, `calendar` what is taken, `due` what happens by itself,
//! `pricing` what it costs, `keys` what was answered before, `terms` what booking terms mean,
//! `schedule` which maintenance is needed when; `fields`, `booking`, `maintenance` and `upkeep` are
//! what the state is made of, `ask` reads it without changing it, `usage` counts what is over.

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
pub(crate) mod keys;
mod maintenance;
mod pricing;
pub mod schedule;
mod state;
pub mod terms;
mod upkeep;
mod usage;

pub use command::{
    AssetChange, BookingChange, Change, Command, MaintenanceChange, NewAsset, NewBooking,
    NewMaintenance, NewReport,
};
pub use decide::{Due, Loaded, Needed, Verdict, decide, due};
pub use document::{
    Approval, ApprovalStatus, ApproverRole, AssetDocument, AssetStatus, AvailabilityDocument,
    BookingDocument, BookingStatus, Busy, CheckResult, ChecklistItem, ClaimKind, CostLine,
    Document, LineType, LineUnit, MaintenanceDocument, MaintenanceStatus, MaintenanceType, Photo,
    QuoteDocument, ReportDocument, ReportStatus, Trigger,
};
pub use event::{Charge, Event};
pub use state::{AssetState, LiveBooking, Snapshot};
pub use usage::{
    CurrencyCost, PastBooking, UsageBound, UsageGround, UsageRange, UsageRow, UsageSummary,
    UsageSums,
};
