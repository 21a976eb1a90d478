//! A maintenance as it is served: one occurrence of a rule, or one that somebody asked for.

use serde::{Deserialize, Serialize};

use super::{Document, bytes};
use crate::{
    id::{AssetId, MaintenanceId},
    record::Etag,
    time::Timestamp,
};

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MaintenanceDocument {
    pub asset_id: AssetId,
    pub created_at: Timestamp,
    /// Null while only use makes it due.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub due_at: Option<Timestamp>,
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub end: Option<Timestamp>,
    pub id: MaintenanceId,
    /// From 1, per rule; 1 without a rule.
    pub occurrence: u32,
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub reason: Option<String>,
    /// Null where no rule asked for it.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub rule_id: Option<String>,
    /// Of the window in which it takes the asset, if it has one.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub start: Option<Timestamp>,
    pub status: MaintenanceStatus,
    pub r#type: MaintenanceType,
    pub updated_at: Timestamp,
    pub version: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MaintenanceType {
    Preventive,
    Inspection,
    Corrective,
    Safety,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MaintenanceStatus {
    Scheduled,
    Due,
    InProgress,
    Completed,
    Cancelled,
}

/// What made a maintenance due.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Trigger {
    Days,
    Uses,
    UsageMinutes,
}

impl MaintenanceType {
    /// As in JSON; `None` for any other text.
    pub fn of(text: &str) -> Option<Self> {
        Some(match text {
            "PREVENTIVE" => Self::Preventive,
            "INSPECTION" => Self::Inspection,
            "CORRECTIVE" => Self::Corrective,
            "SAFETY" => Self::Safety,
            _ => return None,
        })
    }
}

impl MaintenanceStatus {
    /// As in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scheduled => "SCHEDULED",
            Self::Due => "DUE",
            Self::InProgress => "IN_PROGRESS",
            Self::Completed => "COMPLETED",
            Self::Cancelled => "CANCELLED",
        }
    }

    /// It may still change, and its window blocks.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Scheduled | Self::Due | Self::InProgress)
    }
}

impl MaintenanceDocument {
    pub fn render(&self) -> Document {
        Document { json: bytes(self), etag: self.etag() }
    }

    pub fn etag(&self) -> Etag {
        Etag { version: self.version, link: 0 }
    }
}
