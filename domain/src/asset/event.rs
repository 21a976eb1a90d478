//! What happened to an asset: the stored vocabulary. Additive changes only.

use serde::{Deserialize, Serialize};

use crate::{
    asset::AssetStatus,
    id::{BookingId, Stamp},
    rejection::Window,
    time::Timestamp,
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
}
