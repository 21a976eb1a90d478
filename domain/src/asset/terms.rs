//! Booking terms: what an asset's owner asks of whoever books it.
//!
//! [`check`] judges the shape of terms as sent; [`Terms`] is what they mean, with the defaults filled
//! in; `hours` places opening hours in the asset's time zone, `in_use` counts which versions live
//! bookings are under. What a booking must be under its terms
//! is judged in `admission`, what it costs in `pricing`.

mod hours;
mod in_use;
mod shape;

use std::{str::FromStr as _, sync::Arc};

use chrono::NaiveDate;
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, de};

use crate::{
    asset::ApproverRole,
    principal::{Role, Roles},
    rejection::Window,
    time::Timestamp,
};

pub use hours::OpeningHours;
pub(super) use in_use::TermsInUse;
pub(super) use shape::recheck;
pub use shape::{NUMBER_MAX, check};

/// Where the terms name no currency.
pub const DEFAULT_CURRENCY: &str = "EUR";

/// Terms with every default filled in. All numbers are at most [`NUMBER_MAX`].
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(default)]
pub struct Terms {
    /// Canonical JSON as stored; `None` where the asset has no terms.
    #[serde(skip)]
    source: Option<Box<str>>,
    #[serde(deserialize_with = "time_zone")]
    pub time_zone: Tz,
    pub min_minutes: u32,
    pub max_minutes: Option<u32>,
    pub max_advance_days: Option<u32>,
    pub deadline_minutes: u32,
    pub buffer_before_minutes: u32,
    pub buffer_after_minutes: u32,
    /// `None`: always open.
    pub opening_hours: Option<OpeningHours>,
    pub check_in: CheckIn,
    pub cancel_cutoff_minutes: u32,
    pub approval: Approval,
    pub pricing: Pricing,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(default)]
pub struct CheckIn {
    pub early_minutes: u32,
    /// `None`: an asset that nobody takes up is held until the end.
    pub no_show_after_minutes: Option<u32>,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(default)]
pub struct Approval {
    pub required: bool,
    pub approver_roles: Vec<ApproverRole>,
    /// After the request; never later than the start of the window.
    pub expires_minutes: Option<u32>,
}

/// Amounts are in minor units of the currency.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(default)]
pub struct Pricing {
    pub currency: String,
    pub per_hour_minor: Option<u32>,
    pub per_day_minor: Option<u32>,
    pub rounding_minutes: u32,
    pub basis: Basis,
    pub late_fee: Option<LateFee>,
    pub cancel_fee_minor: u32,
    pub no_show_fee_minor: u32,
}

/// What is charged for: the time booked, the time used, or the longer of both.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Basis {
    Planned,
    Actual,
    GreaterOfPlannedAndActual,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct LateFee {
    #[serde(default)]
    pub grace_minutes: u32,
    pub per_started_minutes: u32,
    pub amount_minor: u32,
    pub cap_minor: Option<u32>,
}

impl Terms {
    /// Of an asset's stored terms, which have passed [`check`].
    pub fn of(source: Option<&str>) -> Arc<Self> {
        let mut terms = source.map_or_else(Self::default, |source| {
            serde_json::from_str(source).expect("stored terms have passed the shape check")
        });
        terms.source = source.map(Into::into);
        Arc::new(terms)
    }

    pub fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    /// The first instant of a date in the asset's time zone.
    pub fn midnight(&self, date: NaiveDate) -> Timestamp {
        hours::midnight(self.time_zone, date)
    }

    /// For how long of a window the asset is open, in milliseconds.
    pub fn open_ms(&self, within: Window) -> i64 {
        let length = |open: Window| (open.end.millis() - open.start.millis()).max(0);
        let Some(hours) = &self.opening_hours else { return length(within) };
        let spans = hours.spans(self.time_zone, within.start, within.end);
        let clipped = spans.into_iter().map(|open| Window {
            start: open.start.max(within.start),
            end: open.end.min(within.end),
        });
        clipped.map(length).sum()
    }

    /// What a window keeps from others: itself with the buffers.
    pub fn claim(&self, window: Window) -> Window {
        Window {
            start: window.start.plus_minutes(-i64::from(self.buffer_before_minutes)),
            end: window.end.plus_minutes(self.buffer_after_minutes.into()),
        }
    }

    /// Whether a start lies in the opening hours, and whether an end does.
    pub fn open_at(&self, window: Window) -> (bool, bool) {
        self.opening_hours.as_ref().map_or((true, true), |hours| {
            (
                hours.has_start(self.time_zone, window.start),
                hours.has_end(self.time_zone, window.end),
            )
        })
    }

    /// An estimate of the memory behind it.
    pub(super) fn bytes(&self) -> usize {
        // Parsed hours are about as long as their text.
        size_of::<Self>() + 2 * self.source.as_ref().map_or(0, |source| source.len())
    }
}

/// One of the roles is among the approvers.
pub(super) fn may_decide(approvers: &[ApproverRole], roles: Roles) -> bool {
    approvers.iter().any(|role| match role {
        ApproverRole::Manager => roles.has(Role::Manager),
        ApproverRole::Admin => roles.has(Role::Admin),
    })
}

fn time_zone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Tz, D::Error> {
    let name = String::deserialize(deserializer)?;
    Tz::from_str(&name).map_err(de::Error::custom)
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            source: None,
            time_zone: Tz::UTC,
            min_minutes: 0,
            max_minutes: None,
            max_advance_days: None,
            deadline_minutes: 0,
            buffer_before_minutes: 0,
            buffer_after_minutes: 0,
            opening_hours: None,
            check_in: CheckIn::default(),
            cancel_cutoff_minutes: 0,
            approval: Approval::default(),
            pricing: Pricing::default(),
        }
    }
}

impl Default for CheckIn {
    fn default() -> Self {
        Self { early_minutes: 15, no_show_after_minutes: None }
    }
}

impl Default for Approval {
    fn default() -> Self {
        Self {
            required: false,
            approver_roles: vec![ApproverRole::Manager, ApproverRole::Admin],
            expires_minutes: None,
        }
    }
}

impl Default for Pricing {
    fn default() -> Self {
        Self {
            currency: DEFAULT_CURRENCY.into(),
            per_hour_minor: None,
            per_day_minor: None,
            rounding_minutes: 1,
            basis: Basis::Planned,
            late_fee: None,
            cancel_fee_minor: 0,
            no_show_fee_minor: 0,
        }
    }
}
