//! How much an asset was used: a row per booking that is over, and their sums.
//!
//! Pure: which bookings there are, and in which order, is told by whoever read them. Minutes are
//! clipped to the time asked about, costs are whole, and the summary is the sum of the rows.

use std::{collections::BTreeMap, sync::Arc};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::{
    access,
    asset::{AssetState, BookingStatus, document, terms::Terms},
    id::BookingId,
    principal::Principal,
    rejection::{Rejection, Window},
    time::Timestamp,
};

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
/// Opening hours are counted day by day, so not over thousands of years.
const UTILISATION_DAYS_MAX: i64 = 3_660;

/// What usage needs of the document of a booking that is over.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PastBooking {
    pub actual_end: Option<Timestamp>,
    pub actual_start: Option<Timestamp>,
    pub cost_minor: Option<i64>,
    pub currency: String,
    pub end: Timestamp,
    pub start: Timestamp,
    pub status: BookingStatus,
}

impl PastBooking {
    /// `None` for what is no booking's document.
    pub fn of(document: &[u8]) -> Option<Self> {
        serde_json::from_slice(document).ok()
    }

    /// It has a row: it was used, it was missed, or to cancel it cost something.
    pub fn has_row(&self) -> bool {
        match self.status {
            BookingStatus::CheckedOut | BookingStatus::NoShow => true,
            BookingStatus::Cancelled => self.cost_minor.is_some_and(|cost| cost > 0),
            BookingStatus::PendingApproval
            | BookingStatus::Confirmed
            | BookingStatus::CheckedIn
            | BookingStatus::Rejected
            | BookingStatus::Expired => false,
        }
    }
}

/// One end of the time asked about, as sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UsageBound {
    /// Its midnight in the asset's time zone.
    Date(NaiveDate),
    Instant(Timestamp),
}

impl UsageBound {
    /// `2025-09-01`, or an RFC 3339 instant with an offset.
    ///
    /// # Errors
    /// A sentence for the client, in the words of a 422.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const FORM: &str = "must be a date (YYYY-MM-DD) or an RFC 3339 instant with an offset";
        if text.len() > 10 {
            return Timestamp::parse(text).map(Self::Instant);
        }
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let [year, month, day] = text.split('-').collect::<Vec<_>>()[..] else { return Err(FORM) };
        if [year.len(), month.len(), day.len()] != [4, 2, 2]
            || ![year, month, day].into_iter().all(digits)
        {
            return Err(FORM);
        }
        let date: NaiveDate = text.parse().map_err(|_| FORM)?;
        if year < "1970" { Err("must lie in the years 1970 to 9999") } else { Ok(Self::Date(date)) }
    }

    /// False where it does not come after `from`. A date and an instant cannot be compared without the
    /// asset's time zone.
    pub fn is_after(self, from: Self) -> bool {
        match (from, self) {
            (Self::Date(from), Self::Date(to)) => from < to,
            (Self::Instant(from), Self::Instant(to)) => from < to,
            (Self::Date(_), Self::Instant(_)) | (Self::Instant(_), Self::Date(_)) => true,
        }
    }
}

/// The time asked about: `[from, to)`, open where there is none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct UsageRange {
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
}

impl UsageRange {
    pub fn contains(self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= at) && self.to.is_none_or(|to| at < to)
    }

    /// The minutes of `[start, end)` that lie within, begun ones counted whole.
    fn minutes(self, start: Timestamp, end: Timestamp) -> i64 {
        let start = self.from.map_or(start, |from| from.max(start));
        let end = self.to.map_or(end, |to| to.min(end));
        let millis = (end.millis() - start.millis()).max(0);
        (millis + MINUTE_MS - 1) / MINUTE_MS
    }
}

/// What the asset itself says about a question for its usage.
#[derive(Clone, Debug)]
pub struct UsageGround {
    /// The caller may know whose each booking was.
    pub inspects: bool,
    terms: Arc<Terms>,
}

impl UsageGround {
    pub fn range(&self, from: Option<UsageBound>, to: Option<UsageBound>) -> UsageRange {
        let instant = |bound| match bound {
            UsageBound::Instant(at) => at,
            UsageBound::Date(date) => self.terms.midnight(date),
        };
        UsageRange { from: from.map(instant), to: to.map(instant) }
    }

    /// Hundredths of a percent of the opening hours; `None` without both ends, where the asset was
    /// never open, and beyond ten years.
    fn utilisation_bp(&self, range: UsageRange, used_minutes: i64) -> Option<i64> {
        let (start, end) = (range.from?, range.to?);
        if end.millis() - start.millis() > UTILISATION_DAYS_MAX * DAY_MS {
            return None;
        }
        let open_ms = i128::from(self.terms.open_ms(Window { start, end }));
        let used_ms = i128::from(used_minutes) * i128::from(MINUTE_MS);
        let share = (used_ms * 10_000).checked_div(open_ms)?;
        Some(i64::try_from(share).unwrap_or(i64::MAX))
    }
}

impl AssetState {
    /// Whether and how the caller may read the asset's usage.
    ///
    /// # Errors
    /// `NotFound` where the asset is not visible.
    pub fn usage_ground(&self, principal: &Principal) -> Result<UsageGround, Rejection> {
        let fields = self.fields.as_ref().ok_or(Rejection::NotFound)?;
        if !access::is_visible(principal, fields.place()) {
            return Err(Rejection::NotFound);
        }
        let inspects = access::inspects(principal, fields.place());
        Ok(UsageGround { inspects, terms: Arc::clone(&fields.terms) })
    }
}

/// The sums of the rows so far.
#[derive(Clone, Debug)]
pub struct UsageSums {
    range: UsageRange,
    bookings: u64,
    no_shows: u64,
    minutes: Minutes,
    costs: BTreeMap<String, i64>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Minutes {
    booked: i64,
    used: i64,
    late: i64,
}

impl Minutes {
    fn of(booking: &PastBooking, range: UsageRange) -> Self {
        let booked = range.minutes(booking.start, booking.end);
        let (Some(start), Some(end)) = (booking.actual_start, booking.actual_end) else {
            return Self { booked, used: 0, late: 0 };
        };
        Self { booked, used: range.minutes(start, end), late: range.minutes(booking.end, end) }
    }
}

impl UsageSums {
    pub fn new(range: UsageRange) -> Self {
        let (bookings, no_shows, minutes) = (0, 0, Minutes::default());
        Self { range, bookings, no_shows, minutes, costs: BTreeMap::new() }
    }

    /// Takes in a booking, when it has a row within the time asked about; whether it has.
    pub fn add(&mut self, booking: &PastBooking, ended_at: Timestamp) -> bool {
        if !booking.has_row() || !self.range.contains(ended_at) {
            return false;
        }
        let Minutes { booked, used, late } = Minutes::of(booking, self.range);
        self.bookings += 1;
        self.no_shows += u64::from(booking.status == BookingStatus::NoShow);
        self.minutes.booked += booked;
        self.minutes.used += used;
        self.minutes.late += late;
        let cost = booking.cost_minor.unwrap_or(0);
        match self.costs.get_mut(&booking.currency) {
            Some(sum) => *sum = sum.saturating_add(cost),
            None => {
                self.costs.insert(booking.currency.clone(), cost);
            }
        }
        true
    }

    pub fn summary(self, ground: &UsageGround) -> UsageSummary {
        let by_currency = self.costs.into_iter();
        UsageSummary {
            booked_minutes: self.minutes.booked,
            bookings: self.bookings,
            by_currency: by_currency
                .map(|(currency, cost_minor)| CurrencyCost { cost_minor, currency })
                .collect(),
            late_minutes: self.minutes.late,
            no_shows: self.no_shows,
            used_minutes: self.minutes.used,
            utilisation_bp: ground.utilisation_bp(self.range, self.minutes.used),
        }
    }
}

/// A booking that was used, missed, or cancelled at a cost.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UsageRow {
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub actual_end: Option<Timestamp>,
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub actual_start: Option<Timestamp>,
    /// Of the planned window.
    pub booked_minutes: i64,
    pub booking_id: BookingId,
    /// Whole, with later adjustments.
    pub cost_minor: i64,
    pub currency: String,
    pub end: Timestamp,
    /// When it was returned, or else when its status became final.
    pub ended_at: Timestamp,
    pub late_minutes: i64,
    /// `CHECKED_OUT`, `NO_SHOW` or `CANCELLED`.
    pub outcome: BookingStatus,
    pub start: Timestamp,
    pub used_minutes: i64,
    /// Null where the caller may not know.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub user_id: Option<String>,
}

impl UsageRow {
    pub fn new(
        booking_id: BookingId,
        booking: PastBooking,
        ended_at: Timestamp,
        user_id: Option<String>,
        range: UsageRange,
    ) -> Self {
        let minutes = Minutes::of(&booking, range);
        let PastBooking { actual_end, actual_start, cost_minor, currency, end, start, status } =
            booking;
        Self {
            actual_end,
            actual_start,
            booked_minutes: minutes.booked,
            booking_id,
            cost_minor: cost_minor.unwrap_or(0),
            currency,
            end,
            ended_at,
            late_minutes: minutes.late,
            outcome: status,
            start,
            used_minutes: minutes.used,
            user_id,
        }
    }
}

impl UsageRow {
    pub fn render(&self) -> Arc<[u8]> {
        document::bytes(self)
    }
}

impl UsageSummary {
    pub fn render(&self) -> Arc<[u8]> {
        document::bytes(self)
    }
}

/// Of all rows, not only of those on the page.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UsageSummary {
    pub booked_minutes: i64,
    /// How many rows there are.
    pub bookings: u64,
    /// By name.
    pub by_currency: Vec<CurrencyCost>,
    pub late_minutes: i64,
    pub no_shows: u64,
    pub used_minutes: i64,
    /// The share of the opening hours in which it was used, in hundredths of a percent, rounded down.
    /// Null without both bounds.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub utilisation_bp: Option<i64>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CurrencyCost {
    pub cost_minor: i64,
    pub currency: String,
}
