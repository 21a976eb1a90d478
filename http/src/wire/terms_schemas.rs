//! The shape of booking terms in the document. What they must be is checked where they are kept.

use std::{borrow::Cow, collections::BTreeMap};

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ArrayBuilder, ObjectBuilder, RefOr, Schema, Type},
};

schema_only! {
    /// The rules of booking an asset; every member may be absent, unknown ones are refused.
    #[schema(example = json!({"time_zone": "Europe/Berlin", "buffer_after_minutes": 15}))]
    #[serde(deny_unknown_fields)]
    pub(crate) struct BookingTerms {
        /// A name of the time zone database.
        #[schema(nullable = false)]
        time_zone: Option<String>,
        #[schema(nullable = false, maximum = 5_256_000)]
        min_minutes: Option<u32>,
        #[schema(nullable = false, maximum = 5_256_000)]
        max_minutes: Option<u32>,
        #[schema(nullable = false, maximum = 5_256_000)]
        max_advance_days: Option<u32>,
        #[schema(nullable = false, maximum = 5_256_000)]
        deadline_minutes: Option<u32>,
        #[schema(nullable = false, maximum = 5_256_000)]
        buffer_before_minutes: Option<u32>,
        #[schema(nullable = false, maximum = 5_256_000)]
        buffer_after_minutes: Option<u32>,
        #[schema(nullable = false)]
        opening_hours: Option<OpeningHours>,
        #[schema(nullable = false)]
        check_in: Option<CheckInTerms>,
        #[schema(nullable = false, maximum = 5_256_000)]
        cancel_cutoff_minutes: Option<u32>,
        #[schema(nullable = false)]
        approval: Option<ApprovalTerms>,
        #[schema(nullable = false)]
        pricing: Option<PricingTerms>,
    }

    /// An absent day is closed; intervals of a day do not overlap.
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
        /// By date, such as 2025-12-25: these intervals in place of the day's.
        #[schema(nullable = false)]
        exceptions: Option<BTreeMap<String, Vec<OpeningInterval>>>,
    }

    #[serde(deny_unknown_fields)]
    pub(crate) struct CheckInTerms {
        #[schema(nullable = false, maximum = 5_256_000)]
        early_minutes: Option<u32>,
        #[schema(nullable = false, maximum = 5_256_000)]
        no_show_after_minutes: Option<u32>,
    }

    #[serde(deny_unknown_fields)]
    pub(crate) struct ApprovalTerms {
        #[schema(nullable = false)]
        required: Option<bool>,
        #[schema(nullable = false, min_items = 1, max_items = 2)]
        approver_roles: Option<Vec<ApproverRole>>,
        #[schema(nullable = false, maximum = 5_256_000)]
        expires_minutes: Option<u32>,
    }

    #[schema(rename_all = "snake_case")]
    pub(crate) enum ApproverRole {
        Manager,
        Admin,
    }

    /// Amounts are in minor units of the currency.
    #[serde(deny_unknown_fields)]
    pub(crate) struct PricingTerms {
        /// ISO 4217.
        #[schema(nullable = false, min_length = 3, max_length = 3)]
        currency: Option<String>,
        #[schema(nullable = false, maximum = 5_256_000)]
        per_hour_minor: Option<u32>,
        #[schema(nullable = false, maximum = 5_256_000)]
        per_day_minor: Option<u32>,
        #[schema(nullable = false, minimum = 1, maximum = 5_256_000)]
        rounding_minutes: Option<u32>,
        #[schema(nullable = false)]
        basis: Option<PricingBasis>,
        #[schema(nullable = false)]
        late_fee: Option<LateFeeTerms>,
        #[schema(nullable = false, maximum = 5_256_000)]
        cancel_fee_minor: Option<u32>,
        #[schema(nullable = false, maximum = 5_256_000)]
        no_show_fee_minor: Option<u32>,
    }

    #[schema(rename_all = "SCREAMING_SNAKE_CASE")]
    pub(crate) enum PricingBasis {
        Planned,
        Actual,
        GreaterOfPlannedAndActual,
    }

    #[serde(deny_unknown_fields)]
    pub(crate) struct LateFeeTerms {
        #[schema(nullable = false, maximum = 5_256_000)]
        grace_minutes: Option<u32>,
        #[schema(minimum = 1, maximum = 5_256_000)]
        per_started_minutes: u32,
        #[schema(maximum = 5_256_000)]
        amount_minor: u32,
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
