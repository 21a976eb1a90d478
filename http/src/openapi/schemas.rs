//! The shapes of answers that are made by hand: pages, audit entries and problems.
//!
//! Only for the document; nothing is served from these types.

use holdfast_domain::{
    Timestamp,
    asset::{
        AssetDocument, BookingDocument, ClaimKind, MaintenanceDocument, ReportDocument, UsageRow,
        UsageSummary,
    },
    webhooks::{DeliveryDocument, EndpointDocument},
};
use serde_json::Value;
use utoipa::ToSchema;

macro_rules! schemas {
    ($($item:item)*) => {$(
        #[derive(ToSchema)]
        #[expect(dead_code, reason = "the shape shown in the document; served as rendered bytes")]
        $item
    )*};
}

schemas! {
    /// A page, newest first.
    pub(crate) struct AssetList {
        items: Vec<AssetDocument>,
        /// Null exactly when `has_more` is false.
        #[schema(required = true)]
        next_cursor: Option<String>,
        /// Null on the first page.
        #[schema(required = true)]
        prev_cursor: Option<String>,
        has_more: bool,
    }

    /// A page, newest first.
    pub(crate) struct BookingList {
        items: Vec<BookingDocument>,
        /// Null exactly when `has_more` is false.
        #[schema(required = true)]
        next_cursor: Option<String>,
        /// Null on the first page.
        #[schema(required = true)]
        prev_cursor: Option<String>,
        has_more: bool,
    }

    /// A page, newest first.
    pub(crate) struct AuditList {
        items: Vec<AuditEntry>,
        /// Null exactly when `has_more` is false.
        #[schema(required = true)]
        next_cursor: Option<String>,
        /// Null on the first page.
        #[schema(required = true)]
        prev_cursor: Option<String>,
        has_more: bool,
    }

    /// A page, newest first.
    pub(crate) struct EndpointList {
        items: Vec<EndpointDocument>,
        /// Null exactly when `has_more` is false.
        #[schema(required = true)]
        next_cursor: Option<String>,
        /// Null on the first page.
        #[schema(required = true)]
        prev_cursor: Option<String>,
        has_more: bool,
    }

    /// A page, newest first.
    pub(crate) struct DeliveryList {
        items: Vec<DeliveryDocument>,
        /// Null exactly when `has_more` is false.
        #[schema(required = true)]
        next_cursor: Option<String>,
        /// Null on the first page.
        #[schema(required = true)]
        prev_cursor: Option<String>,
        has_more: bool,
    }

    /// A page, newest first.
    pub(crate) struct ReportList {
        items: Vec<ReportDocument>,
        /// Null exactly when `has_more` is false.
        #[schema(required = true)]
        next_cursor: Option<String>,
        /// Null on the first page.
        #[schema(required = true)]
        prev_cursor: Option<String>,
        has_more: bool,
    }

    /// A page, newest first.
    pub(crate) struct MaintenanceList {
        items: Vec<MaintenanceDocument>,
        /// Null exactly when `has_more` is false.
        #[schema(required = true)]
        next_cursor: Option<String>,
        /// Null on the first page.
        #[schema(required = true)]
        prev_cursor: Option<String>,
        has_more: bool,
    }

    /// A page, the last to end first.
    pub(crate) struct UsageList {
        items: Vec<UsageRow>,
        /// Null exactly when `has_more` is false.
        #[schema(required = true)]
        next_cursor: Option<String>,
        /// Null on the first page.
        #[schema(required = true)]
        prev_cursor: Option<String>,
        has_more: bool,
        /// Of the whole list, the same on each page.
        summary: UsageSummary,
    }

    /// One accepted write or stored refusal. Hashes are hex SHA-256 over canonical JSON (RFC 8785).
    pub(crate) struct AuditEntry {
        /// Per asset, from 1.
        seq: u64,
        id: String,
        asset_id: String,
        r#type: String,
        at: Timestamp,
        actor: AuditActor,
        request_id: String,
        #[schema(required = true)]
        idempotency_key: Option<String>,
        /// The resource before.
        #[schema(value_type = Option<Object>, required = true)]
        before: Option<Value>,
        /// The resource after.
        #[schema(value_type = Option<Object>, required = true)]
        after: Option<Value>,
        before_sha256: String,
        after_sha256: String,
        /// 64 zeros in the first entry.
        prev_hash: String,
        /// Of the entry without `before`, `after` and `hash`.
        hash: String,
    }

    /// Timers act as `system:timer` without an organisation.
    pub(crate) struct AuditActor {
        sub: String,
        #[schema(required = true)]
        org_id: Option<String>,
    }

    /// A problem (RFC 9457). Some codes add members of their own, such as `conflicts` and
    /// `next_available` of an overlap.
    pub(crate) struct Problem {
        /// Leads to a page about the code.
        r#type: String,
        title: String,
        status: u16,
        detail: String,
        /// The path of the request.
        instance: String,
        code: String,
        /// The id of the request, as in X-Request-Id.
        #[schema(rename = "traceId")]
        trace_id: String,
        errors: Vec<ProblemFinding>,
        /// Of `BOOKING_OVERLAP`: the first ten claims in the way, by their start.
        #[schema(nullable = false)]
        conflicts: Option<Vec<Conflict>>,
        /// Of `BOOKING_OVERLAP`: the next window of the same length; null when there is none within
        /// 90 days.
        next_available: Option<Window>,
        /// Of `BOOKING_DEADLINE_PASSED`: when it was decided.
        #[schema(nullable = false)]
        now: Option<Timestamp>,
        /// Of `BOOKING_DEADLINE_PASSED`: until when it could have been booked.
        #[schema(nullable = false)]
        deadline_at: Option<Timestamp>,
        /// Of `INVALID_TRANSITION`.
        #[schema(nullable = false)]
        current_status: Option<String>,
        /// Of `DURATION_OUT_OF_RANGE` and `TOO_FAR_AHEAD`.
        #[schema(nullable = false)]
        limit_minutes: Option<u32>,
        /// Of `LIMIT_REACHED`: how many there may be.
        #[schema(nullable = false)]
        limit: Option<u32>,
        /// Of `OUTSIDE_OPENING_HOURS`: what opens on the days of the instants at fault; empty where
        /// the asset stays closed.
        #[schema(nullable = false)]
        open: Option<Vec<Window>>,
        /// Of `TERMS_CHANGED`.
        #[schema(nullable = false)]
        current_terms_version: Option<u64>,
    }

    /// A claim in the way, which holds the buffers of its terms too. Never whose or at what cost.
    pub(crate) struct Conflict {
        kind: ClaimKind,
        /// Of the booking or the maintenance.
        id: String,
        start: Timestamp,
        end: Timestamp,
    }

    /// Half-open: from `start` until just before `end`.
    pub(crate) struct Window {
        start: Timestamp,
        end: Timestamp,
    }

    /// What is wrong with one member of the body (`pointer`) or one parameter (`name`).
    pub(crate) struct ProblemFinding {
        #[schema(nullable = false)]
        pointer: Option<String>,
        #[schema(nullable = false)]
        name: Option<String>,
        reason: String,
    }
}
