//! A condition report as it is served: what somebody found wrong with the asset, and what came of it.

use serde::{Deserialize, Serialize};

use super::{Document, bytes};
use crate::{
    id::{AssetId, BookingId, ReportId},
    record::Etag,
    time::Timestamp,
};

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportDocument {
    pub asset_id: AssetId,
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub booking_id: Option<BookingId>,
    pub checklist: Vec<ChecklistItem>,
    pub created_at: Timestamp,
    pub created_by: String,
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub decided_at: Option<Timestamp>,
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub decided_by: Option<String>,
    pub id: ReportId,
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub notes: Option<String>,
    pub photos: Vec<Photo>,
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub proposed_charge_minor: Option<i64>,
    /// Of a rejection.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub reason: Option<String>,
    pub status: ReportStatus,
    /// The earlier report that this one corrects.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub supersedes: Option<ReportId>,
    pub takes_out_of_service: bool,
    pub version: u64,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChecklistItem {
    pub item: String,
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub note: Option<String>,
    pub result: CheckResult,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CheckResult {
    Ok,
    Worn,
    Damaged,
    Missing,
    /// Not applicable.
    #[serde(rename = "NA")]
    Na,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Photo {
    /// Of the picture behind `url`, lower-case hexadecimal.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub sha256: Option<String>,
    pub url: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReportStatus {
    PendingApproval,
    Approved,
    Rejected,
}

impl CheckResult {
    /// Somebody has to look at it.
    pub const fn is_fault(self) -> bool {
        matches!(self, Self::Damaged | Self::Missing)
    }
}

impl ReportStatus {
    /// As in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PendingApproval => "PENDING_APPROVAL",
            Self::Approved => "APPROVED",
            Self::Rejected => "REJECTED",
        }
    }
}

impl ReportDocument {
    pub fn render(&self) -> Document {
        Document { json: bytes(self), etag: self.etag() }
    }

    pub fn etag(&self) -> Etag {
        Etag { version: self.version, link: 0 }
    }
}
