//! The resource documents: one serde form that is stored, hashed, served, replayed and sent.
//!
//! Members are declared in alphabetical order, so that plain serialisation is RFC 8785 canonical
//! JSON and the served bytes are the hashed bytes.

mod maintenance;
mod report;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    id::{AssetId, BookingId},
    record::Etag,
    time::Timestamp,
};

pub use maintenance::{MaintenanceDocument, MaintenanceStatus, MaintenanceType, Trigger};
pub use report::{CheckResult, ChecklistItem, Photo, ReportDocument, ReportStatus};

/// Rendered JSON with its entity tag.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Document {
    pub json: Arc<[u8]>,
    pub etag: Etag,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AssetStatus {
    Active,
    Inactive,
    Maintenance,
    /// Final.
    Retired,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum BookingStatus {
    PendingApproval,
    Confirmed,
    CheckedIn,
    CheckedOut,
    Cancelled,
    Rejected,
    Expired,
    NoShow,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AssetDocument {
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub booking_terms: Option<serde_json::Value>,
    pub category: String,
    pub created_at: Timestamp,
    pub etag: String,
    pub id: AssetId,
    pub location_id: String,
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub maintenance_schedule: Option<serde_json::Value>,
    pub name: String,
    pub owner_org_id: String,
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub registry: Option<serde_json::Value>,
    pub shared_with: Vec<String>,
    pub status: AssetStatus,
    pub terms_version: u64,
    pub updated_at: Timestamp,
    pub version: u64,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BookingDocument {
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub actual_end: Option<Timestamp>,
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub actual_start: Option<Timestamp>,
    /// One where the terms asked for it, else none.
    pub approvals: Vec<Approval>,
    pub asset_id: AssetId,
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub check_in_notes: Option<String>,
    pub cost_lines: Vec<CostLine>,
    /// Null until final.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub cost_minor: Option<i64>,
    pub created_at: Timestamp,
    pub currency: String,
    pub end: Timestamp,
    pub estimated_cost_minor: i64,
    pub etag: String,
    pub id: BookingId,
    pub org_id: String,
    pub overdue: bool,
    pub start: Timestamp,
    pub status: BookingStatus,
    pub terms_version: u64,
    pub updated_at: Timestamp,
    pub user_id: String,
    pub version: u64,
}

/// Whether and by whom a booking was approved.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Approval {
    pub approver_roles: Vec<ApproverRole>,
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub decided_at: Option<Timestamp>,
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub decided_by: Option<String>,
    /// Undecided by then, the booking expires.
    pub expires_at: Timestamp,
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub reason: Option<String>,
    pub status: ApprovalStatus,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ApproverRole {
    Manager,
    Admin,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ApprovalStatus {
    Pending,
    Approved,
    Rejected,
    Expired,
    /// Of a booking that was cancelled before anybody decided.
    Cancelled,
}

/// A part of what a booking costs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CostLine {
    pub amount_minor: i64,
    pub quantity: i64,
    /// Of adjustments.
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub r#type: LineType,
    pub unit: LineUnit,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LineType {
    Base,
    Late,
    Extra,
    Cancel,
    NoShow,
    Damage,
    Adjustment,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LineUnit {
    Minute,
    StartedPeriod,
    Item,
}

/// What a booking would cost, used exactly as planned.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QuoteDocument {
    pub cost_lines: Vec<CostLine>,
    pub currency: String,
    pub end: Timestamp,
    pub estimated_cost_minor: i64,
    pub start: Timestamp,
    pub terms_version: u64,
}

/// When an asset is taken. Never by whom.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AvailabilityDocument {
    pub asset_id: AssetId,
    /// By start, apart from each other, within `from` and `to`.
    pub busy: Vec<Busy>,
    pub from: Timestamp,
    pub time_zone: String,
    pub to: Timestamp,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Busy {
    pub end: Timestamp,
    pub kind: ClaimKind,
    pub start: Timestamp,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ClaimKind {
    Booking,
    Maintenance,
}

impl AssetStatus {
    /// As in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Inactive => "INACTIVE",
            Self::Maintenance => "MAINTENANCE",
            Self::Retired => "RETIRED",
        }
    }
}

impl BookingStatus {
    /// As in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PendingApproval => "PENDING_APPROVAL",
            Self::Confirmed => "CONFIRMED",
            Self::CheckedIn => "CHECKED_IN",
            Self::CheckedOut => "CHECKED_OUT",
            Self::Cancelled => "CANCELLED",
            Self::Rejected => "REJECTED",
            Self::Expired => "EXPIRED",
            Self::NoShow => "NO_SHOW",
        }
    }

    /// It holds its claim and may still change.
    pub const fn is_live(self) -> bool {
        matches!(self, Self::PendingApproval | Self::Confirmed | Self::CheckedIn)
    }
}

impl AssetDocument {
    pub fn render(&self) -> Document {
        Document { json: bytes(self), etag: Etag { version: self.version, link: 0 } }
    }
}

impl BookingDocument {
    pub fn render(&self) -> Document {
        Document { json: bytes(self), etag: Etag { version: self.version, link: 0 } }
    }
}

impl QuoteDocument {
    pub fn render(&self) -> Arc<[u8]> {
        bytes(self)
    }
}

impl AvailabilityDocument {
    pub fn render(&self) -> Arc<[u8]> {
        bytes(self)
    }
}

pub(super) fn bytes<T: Serialize>(document: &T) -> Arc<[u8]> {
    serde_json::to_vec(document).expect("strings, numbers and lists always serialise").into()
}
