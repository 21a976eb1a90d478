//! What happened to an asset: the stored vocabulary. Additive changes only.

use serde::{Deserialize, Serialize};

use crate::{
    asset::{AssetStatus, MaintenanceType, Trigger},
    id::{BookingId, MaintenanceId, ReportId, Stamp},
    registry::RegistryEvent,
    rejection::Window,
    time::Timestamp,
    webhooks::{EndpointEvent, LaneEvent},
};

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Event {
    AssetRegistered {
        id: Stamp,
        name: String,
        category: String,
        owner_org_id: String,
        location_id: String,
        shared_with: Vec<String>,
        booking_terms: Option<String>,
    },
    AssetUpdated {
        name: Option<String>,
        category: Option<String>,
        location_id: Option<String>,
        status: Option<AssetStatus>,
        shared_with: Option<Vec<String>>,
        /// The outer `None`: unchanged; the inner: cleared.
        booking_terms: Option<Option<String>>,
    },
    /// A booking of before the rules of terms were applied: whatever the terms say, it has no
    /// buffers, no timers but its end, and no price. No longer written.
    BookingCreated {
        id: BookingId,
        user_id: String,
        org_id: String,
        window: Window,
        terms_version: u64,
        currency: String,
        estimated_cost_minor: i64,
    },
    BookingCancelled {
        id: BookingId,
        reason: Option<String>,
    },
    BookingCheckedIn {
        id: BookingId,
        at: Timestamp,
        notes: Option<String>,
    },
    BookingCheckedOut {
        id: BookingId,
        at: Timestamp,
        extra_cost_minor: Option<i64>,
    },
    /// A new booking under the asset's terms as they are.
    BookingPlaced {
        id: BookingId,
        user_id: String,
        org_id: String,
        window: Window,
        terms_version: u64,
        currency: String,
        estimated_cost_minor: i64,
        /// It waits for approval until then.
        approval_until: Option<Timestamp>,
    },
    BookingApproved {
        id: BookingId,
        by: String,
    },
    BookingRejected {
        id: BookingId,
        by: String,
        reason: Option<String>,
    },
    BookingExpired {
        id: BookingId,
    },
    BookingNoShow {
        id: BookingId,
    },
    BookingOverdue {
        id: BookingId,
    },
    /// A confirmed booking comes under the asset's terms as they are; one in use keeps its own.
    BookingRescheduled {
        id: BookingId,
        window: Window,
        terms_version: u64,
        estimated_cost_minor: i64,
    },
    /// Of a booking that is over.
    BookingCostAdjusted {
        id: BookingId,
        amount_minor: i64,
        reason: String,
    },
    /// Beside the registration or update of the asset that it came with.
    ScheduleChanged {
        maintenance_schedule: Option<String>,
    },
    /// The asset's status follows what holds it; one that somebody sets is an `AssetUpdated`.
    AssetFollowed {
        status: AssetStatus,
    },
    /// What it says is in the record's image.
    ReportCreated {
        id: ReportId,
        by: String,
        org_id: String,
        /// Somebody has to decide it.
        pending: bool,
        /// It takes the asset out of service.
        holds: bool,
        supersedes: Option<ReportId>,
        /// What the superseded one had charged.
        reverses: Option<Charge>,
    },
    ReportDecided {
        id: ReportId,
        approved: bool,
        charge: Option<Charge>,
        /// A maintenance follows that is to put right what the report found.
        opens: bool,
    },
    /// Of a booking that is over.
    BookingDamaged {
        charge: Charge,
    },
    /// Of a booking that is over.
    BookingDamageReversed {
        charge: Charge,
    },
    MaintenanceOpened {
        id: MaintenanceId,
        rule: Option<String>,
        occurrence: u32,
        r#type: MaintenanceType,
        reason: Option<String>,
        due_at: Option<Timestamp>,
        window: Option<Window>,
        /// Minutes before it is due, the longest first; the last is 0.
        notices: Vec<u32>,
        /// The report it puts right, whose hold it takes over.
        report: Option<ReportId>,
    },
    /// By hand.
    MaintenanceMoved {
        id: MaintenanceId,
        due_at: Option<Timestamp>,
        window: Option<Window>,
    },
    /// Its rule has changed.
    MaintenanceReplanned {
        id: MaintenanceId,
        r#type: MaintenanceType,
        due_at: Option<Timestamp>,
        notices: Vec<u32>,
    },
    /// It falls due in so many minutes, or now.
    MaintenanceNoticed {
        id: MaintenanceId,
        notice_minutes: u32,
        trigger: Trigger,
        due_at: Timestamp,
    },
    MaintenanceStarted {
        id: MaintenanceId,
    },
    MaintenanceCompleted {
        id: MaintenanceId,
    },
    MaintenanceCancelled {
        id: MaintenanceId,
        reason: Option<String>,
    },
    /// Of the webhook endpoints of an org; never among the events of an asset.
    Endpoint(EndpointEvent),
    /// Of the lane of an endpoint; never among the events of an asset.
    Lane(LaneEvent),
    /// Of the registry of an org; never among the events of an asset.
    Registry(RegistryEvent),
}

/// What an approved report adds to the cost of a booking.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Charge {
    pub report: ReportId,
    pub booking: BookingId,
    pub amount_minor: i64,
}

impl Event {
    /// The maintenance it is about.
    pub(super) fn maintenance(&self) -> Option<MaintenanceId> {
        match self {
            Self::MaintenanceOpened { id, .. }
            | Self::MaintenanceMoved { id, .. }
            | Self::MaintenanceReplanned { id, .. }
            | Self::MaintenanceNoticed { id, .. }
            | Self::MaintenanceStarted { id }
            | Self::MaintenanceCompleted { id }
            | Self::MaintenanceCancelled { id, .. } => Some(*id),
            _ => None,
        }
    }
}
