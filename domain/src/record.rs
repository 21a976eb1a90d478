//! The record: one command's whole effect, and the unit of atomicity of the journal.
//!
//! Events, the idempotency key and its result, the audit entry and what followers index are one
//! record, so that no crash can separate them. Additive changes only; the codec has golden bytes.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    asset::Event,
    id::{
        AssetId, AuditId, BookingId, DeliveryId, EndpointId, MaintenanceId, RegistryId, ReportId,
        Stamp, Tag,
    },
    rejection::Rejection,
    request::IdempotencyKey,
    time::Timestamp,
};

/// SHA-256.
pub type Digest = [u8; 32];

/// What one accepted command or stored refusal left behind on one asset.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Record {
    pub tag: Tag,
    /// Per asset from 1 without a hole; also the audit entry's `seq`.
    pub version: u64,
    /// Never before the previous record of the asset.
    pub at: Timestamp,
    /// The audit entry's `type`.
    pub kind: Kind,
    /// The stamp of the audit entry's id.
    pub audit: Stamp,
    pub actor: Actor,
    pub request_id: String,
    pub key: Option<IdempotencyKey>,
    pub prev_hash: Digest,
    pub hash: Digest,
    pub outcome: Outcome,
    /// When the asset next wants a `Tick`, after this record.
    pub next_due: Option<Timestamp>,
}

impl Record {
    pub fn audit_id(&self) -> AuditId {
        AuditId::new(self.audit, self.tag)
    }
}

/// Who caused a record; timers are `system:timer` without an org.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Actor {
    pub sub: String,
    pub org_id: Option<String>,
}

impl Actor {
    /// Of what happens by itself.
    pub fn timer() -> Self {
        Self { sub: "system:timer".into(), org_id: None }
    }
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Outcome {
    Accepted(Accepted),
    Refused(Refused),
}

/// An accepted command. `before` and `after` are canonical JSON (RFC 8785), exactly the bytes that
/// were served, are hashed, and will be replayed.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Accepted {
    pub events: Vec<Event>,
    pub subject: Subject,
    /// True where the first answer is 201.
    pub created: bool,
    pub etag: Etag,
    #[serde(with = "serde_bytes")]
    pub before: Option<Vec<u8>>,
    #[serde(with = "serde_bytes")]
    pub after: Vec<u8>,
    /// What followers index about the booking the command touched, if any.
    pub booking: Option<BookingMark>,
}

/// A stored refusal, rendered the same way each time it is asked for again.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Refused {
    pub rejection: Rejection,
    /// `instance` of the first answer.
    pub path: String,
}

/// The resource a command answers with.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Subject {
    Asset(AssetId),
    Booking(BookingId),
    Report(ReportId),
    Maintenance(MaintenanceId),
    Endpoint(EndpointId),
    Delivery(DeliveryId),
    Registry(RegistryId),
}

/// The indexed facts of a booking as a record leaves it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BookingMark {
    pub id: BookingId,
    /// See [`user_key`].
    pub user: u64,
    pub created: bool,
    /// Its status is final: it has left the live state with this record.
    pub finished: bool,
}

/// The index key of a person: the first 8 bytes of SHA-256 over org and user id. Only an index:
/// whoever reads by it compares the names in the document as well.
pub fn user_key(org_id: &str, user_id: &str) -> u64 {
    use sha2::{Digest as _, Sha256};
    let mut hash = Sha256::new();
    hash.update((org_id.len() as u64).to_be_bytes());
    hash.update(org_id.as_bytes());
    hash.update(user_id.as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&hash.finalize()[..8]);
    u64::from_be_bytes(first)
}

/// A strong entity tag: the version of the record that last changed the resource, and the revision
/// of what it shows from elsewhere (the registry link; 0 without one).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Etag {
    pub version: u64,
    pub link: u32,
}

/// With its quotes, as in the header and the body member.
impl fmt::Display for Etag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}-{}\"", self.version, self.link)
    }
}

/// What a record is about, in the words of the audit log and of webhooks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Kind {
    AssetCreated,
    AssetUpdated,
    AssetRefused,
    BookingCreated,
    BookingCancelled,
    BookingCheckedIn,
    BookingCheckedOut,
    BookingRefused,
    BookingApproved,
    BookingRejected,
    BookingExpired,
    BookingRescheduled,
    BookingNoShow,
    BookingOverdue,
    BookingCostAdjusted,
    ReportCreated,
    ReportDecided,
    ReportRefused,
    MaintenanceScheduled,
    MaintenanceUpdated,
    MaintenanceDue,
    MaintenanceStarted,
    MaintenanceCompleted,
    MaintenanceCancelled,
    MaintenanceRefused,
    EndpointCreated,
    EndpointUpdated,
    EndpointDeleted,
    EndpointSecretRotated,
    EndpointTested,
    EndpointRefused,
    DeliveryRefused,
    DeliveryRequested,
    DeliveryProgressed,
    RegistryTypesDefined,
    RegistryTypeReplaced,
    RegistryTypesDeleted,
    RegistryAssetsMerged,
    RegistryAssetReplaced,
    RegistryAssetsDeleted,
    RegistryContextRemoved,
    RegistryAssociationsMerged,
    RegistryAssociationsDeleted,
    RegistryAssociationsSynchronised,
}

impl Kind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::AssetCreated => "asset.created",
            Self::AssetUpdated => "asset.updated",
            Self::AssetRefused => "asset.refused",
            Self::BookingCreated => "booking.created",
            Self::BookingCancelled => "booking.cancelled",
            Self::BookingCheckedIn => "booking.checked_in",
            Self::BookingCheckedOut => "booking.checked_out",
            Self::BookingRefused => "booking.refused",
            Self::BookingApproved => "booking.approved",
            Self::BookingRejected => "booking.rejected",
            Self::BookingExpired => "booking.expired",
            Self::BookingRescheduled => "booking.rescheduled",
            Self::BookingNoShow => "booking.no_show",
            Self::BookingOverdue => "booking.overdue",
            Self::BookingCostAdjusted => "booking.cost_adjusted",
            Self::ReportCreated => "condition_report.created",
            Self::ReportDecided => "condition_report.decided",
            Self::ReportRefused => "condition_report.refused",
            Self::MaintenanceScheduled => "maintenance.scheduled",
            Self::MaintenanceUpdated => "maintenance.updated",
            Self::MaintenanceDue => "maintenance.due",
            Self::MaintenanceStarted => "maintenance.started",
            Self::MaintenanceCompleted => "maintenance.completed",
            Self::MaintenanceCancelled => "maintenance.cancelled",
            Self::MaintenanceRefused => "maintenance.refused",
            Self::EndpointCreated => "webhook_endpoint.created",
            Self::EndpointUpdated => "webhook_endpoint.updated",
            Self::EndpointDeleted => "webhook_endpoint.deleted",
            Self::EndpointSecretRotated => "webhook_endpoint.secret_rotated",
            Self::EndpointTested => "webhook.test",
            Self::EndpointRefused => "webhook_endpoint.refused",
            Self::DeliveryRefused => "webhook_delivery.refused",
            Self::DeliveryRequested => "webhook_delivery.requested",
            Self::DeliveryProgressed => "webhook_delivery.progressed",
            Self::RegistryTypesDefined => "registry.types_defined",
            Self::RegistryTypeReplaced => "registry.type_replaced",
            Self::RegistryTypesDeleted => "registry.types_deleted",
            Self::RegistryAssetsMerged => "registry.assets_merged",
            Self::RegistryAssetReplaced => "registry.asset_replaced",
            Self::RegistryAssetsDeleted => "registry.assets_deleted",
            Self::RegistryContextRemoved => "registry.context_removed",
            Self::RegistryAssociationsMerged => "registry.associations_merged",
            Self::RegistryAssociationsDeleted => "registry.associations_deleted",
            Self::RegistryAssociationsSynchronised => "registry.associations_synchronised",
        }
    }
}
