//! The shape of booking terms in the document. What they must be is checked where they are kept.

use std::{borrow::Cow, collections::BTreeMap};

use holdfast_domain::asset::ApproverRole;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ArrayBuilder, ObjectBuilder, RefOr, Schema, Type},
};

schema_only! {
    /// The rules of booking an asset; every member may be absent, unknown ones are refused. A booking
    /// keeps those that it was made under.
    #[schema(example = json!({"time_zone": "Europe/Berlin", "buffer_after_minutes": 15}))]
    #[serde(deny_unknown_fields)]
    pub(crate) struct BookingTerms {
        /// A name of the time zone database, for `opening_hours` alone; by default UTC.
        #[schema(nullable = false)]
        time_zone: Option<String>,
        /// The shortest window; by default 0.
        #[schema(nullable = false, maximum = 5_256_000)]
        min_minutes: Option<u32>,
        /// The longest window; by default and at most 366 days.
        #[schema(nullable = false, maximum = 5_256_000)]
        max_minutes: Option<u32>,
        /// How far ahead a window may start, in days of 24 hours; by default and at most 1,830.
        #[schema(nullable = false, maximum = 5_256_000)]
        max_advance_days: Option<u32>,
        /// How long before its start a window can no longer be booked; by default 0: until the start.
        #[schema(nullable = false, maximum = 5_256_000)]
        deadline_minutes: Option<u32>,
        /// Held before a window; the buffers of neighbours add up. By default 0.
        #[schema(nullable = false, maximum = 5_256_000)]
        buffer_before_minutes: Option<u32>,
        /// Held after a window, and after a return; by default 0.
        #[schema(nullable = false, maximum = 5_256_000)]
        buffer_after_minutes: Option<u32>,
        /// When a use may start and end; by default always. Only these two instants are checked.
        #[schema(nullable = false)]
        opening_hours: Option<OpeningHours>,
        /// When the asset is taken up, and given up.
        #[schema(nullable = false)]
        check_in: Option<CheckInTerms>,
        /// How long before its start a member can no longer cancel or move a booking; by default 0.
        #[schema(nullable = false, maximum = 5_256_000)]
        cancel_cutoff_minutes: Option<u32>,
        /// Whether somebody has to say yes; by default nobody.
        #[schema(nullable = false)]
        approval: Option<ApprovalTerms>,
        /// What a use costs; by default nothing, in EUR.
        #[schema(nullable = false)]
        pricing: Option<PricingTerms>,
    }

    /// Local times of the terms' time zone. A day that is absent is closed. Intervals may touch, and
    /// then they are one; overlapping ones are refused.
    #[serde(deny_unknown_fields)]
    pub(crate) struct OpeningHours {
        #[schema(nullable = false)]
        mon: Option<Vec<OpeningInterval>>,
        #[schema(nullable = false)]
        tue: Option<Vec<OpeningInterval>>,
        #[schema(nullable = false)]
        wed: Option<Vec<OpeningInterval>>,
        #[schema(nullable = false)]
        thu: Option<Vec<OpeningInterval>>,
        #[schema(nullable = false)]
        fri: Option<Vec<OpeningInterval>>,
        #[schema(nullable = false)]
        sat: Option<Vec<OpeningInterval>>,
        #[schema(nullable = false)]
        sun: Option<Vec<OpeningInterval>>,
        /// By date, such as 2025-12-25: these intervals in place of what opens on that day. A night
        /// that began the day before still runs into it.
        #[schema(nullable = false)]
        exceptions: Option<BTreeMap<String, Vec<OpeningInterval>>>,
    }

    /// Check-in is where use begins.
    #[serde(deny_unknown_fields)]
    pub(crate) struct CheckInTerms {
        /// How long before the start it can be taken up; by default 15.
        #[schema(nullable = false, maximum = 5_256_000)]
        early_minutes: Option<u32>,
        /// How long after the start it is held for somebody who does not come, never beyond the end;
        /// by default until the end.
        #[schema(nullable = false, maximum = 5_256_000)]
        no_show_after_minutes: Option<u32>,
    }

    /// A booking that waits for approval holds its window.
    #[serde(deny_unknown_fields)]
    pub(crate) struct ApprovalTerms {
        /// By default false.
        #[schema(nullable = false)]
        required: Option<bool>,
        /// Who may decide: nobody about a booking of its own. By default both roles.
        #[schema(nullable = false, min_items = 1, max_items = 2)]
        approver_roles: Option<Vec<ApproverRole>>,
        /// How long a booking waits, never beyond its start; by default until its start.
        #[schema(nullable = false, maximum = 5_256_000)]
        expires_minutes: Option<u32>,
    }

    /// Amounts are in minor units of the currency.
    #[serde(deny_unknown_fields)]
    pub(crate) struct PricingTerms {
        /// ISO 4217; by default EUR. A booking keeps the currency that it was made in.
        #[schema(nullable = false, min_length = 3, max_length = 3)]
        currency: Option<String>,
        /// For each hour, by the minute; half a unit is rounded up. By default none.
        #[schema(nullable = false, maximum = 5_256_000)]
        per_hour_minor: Option<u32>,
        /// For each 24 hours, and the most that the rest of a window costs; alone, for each started
        /// day. By default none.
        #[schema(nullable = false, maximum = 5_256_000)]
        per_day_minor: Option<u32>,
        /// The time charged for is rounded up to a multiple of this; by default 1.
        #[schema(nullable = false, minimum = 1, maximum = 5_256_000)]
        rounding_minutes: Option<u32>,
        /// Which time is charged for; by default `PLANNED`.
        #[schema(nullable = false)]
        basis: Option<PricingBasis>,
        /// For a return after the end; by default none. With it the rest is charged until the end.
        #[schema(nullable = false)]
        late_fee: Option<LateFeeTerms>,
        /// When its own user cancels a confirmed booking; by default 0.
        #[schema(nullable = false, maximum = 5_256_000)]
        cancel_fee_minor: Option<u32>,
        /// When nobody comes; by default 0.
        #[schema(nullable = false, maximum = 5_256_000)]
        no_show_fee_minor: Option<u32>,
    }

    /// The time booked, the time used, or the longer of both.
    #[schema(rename_all = "SCREAMING_SNAKE_CASE")]
    pub(crate) enum PricingBasis {
        Planned,
        Actual,
        GreaterOfPlannedAndActual,
    }

    /// Charged by started periods.
    #[serde(deny_unknown_fields)]
    pub(crate) struct LateFeeTerms {
        /// A return so long after the end is not late; by default 0.
        #[schema(nullable = false, maximum = 5_256_000)]
        grace_minutes: Option<u32>,
        /// The length of a period. Once past the grace, all time after the end counts.
        #[schema(minimum = 1, maximum = 5_256_000)]
        per_started_minutes: u32,
        /// For each period that has begun.
        #[schema(maximum = 5_256_000)]
        amount_minor: u32,
        /// The most that being late costs; by default no limit.
        #[schema(nullable = false, maximum = 5_256_000)]
        cap_minor: Option<u32>,
    }
}

/// A pair of local times, from the opening until the closing.
enum OpeningInterval {}

impl PartialSchema for OpeningInterval {
    fn schema() -> RefOr<Schema> {
        let time = ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"));
        ArrayBuilder::new()
            .items(time)
            .min_items(Some(2))
            .max_items(Some(2))
            .description(Some(
                "Opening and closing; one that closes before it opens runs overnight",
            ))
            .into()
    }
}

impl ToSchema for OpeningInterval {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("OpeningInterval")
    }
}
