//! The shape of maintenance schedules in the document. What they must be is checked where they are
//! kept.

use holdfast_domain::{Timestamp, asset::MaintenanceType};
use utoipa::ToSchema;

schema_only! {
    /// Which maintenance the asset needs by itself.
    #[schema(example = json!({"rules": [{"id": "oil", "type": "PREVENTIVE", "every_days": 90}]}))]
    #[serde(deny_unknown_fields)]
    pub(crate) struct MaintenanceSchedule {
        #[schema(max_items = 50)]
        rules: Vec<MaintenanceRule>,
    }

    /// At least one of `every_days`, `every_uses` and `every_usage_minutes`; due at whichever comes
    /// first.
    #[serde(deny_unknown_fields)]
    pub(crate) struct MaintenanceRule {
        /// Other than those of the other rules; what has been counted follows it.
        #[schema(min_length = 1, max_length = 128)]
        id: String,
        r#type: MaintenanceType,
        #[schema(nullable = false, minimum = 1, maximum = 3_650)]
        every_days: Option<u32>,
        #[schema(nullable = false, minimum = 1, maximum = 5_256_000)]
        every_uses: Option<u32>,
        #[schema(nullable = false, minimum = 1, maximum = 5_256_000)]
        every_usage_minutes: Option<u32>,
        /// With `every_days`.
        #[schema(nullable = false)]
        first_due: Option<Timestamp>,
        /// How long a window is, where one is set by its start alone.
        #[schema(nullable = false, minimum = 1, maximum = 5_256_000)]
        duration_minutes: Option<u32>,
        /// How long before the due time to tell; by default only then.
        #[schema(nullable = false, max_items = 10)]
        notify_before_minutes: Option<Vec<u32>>,
        /// By default `COMPLETION`.
        #[schema(nullable = false)]
        anchor: Option<MaintenanceAnchor>,
    }
}

/// What the next occurrence is reckoned from: when the one before was done, or the calendar.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the names shown in the OpenAPI document")]
#[schema(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum MaintenanceAnchor {
    Completion,
    Fixed,
}
