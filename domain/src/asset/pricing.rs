//! What a booking costs: whole minor units, never a fraction, never below zero.
//!
//! An estimate is the cost of a use exactly as planned, so both come from [`use_lines`].

use crate::{
    asset::{
        CostLine, LineType, LineUnit,
        terms::{Basis, LateFee, Pricing},
    },
    rejection::Window,
};

/// Amounts are exact in every JSON reader: 2^53 − 1.
pub(super) const AMOUNT_MAX: i64 = (1 << 53) - 1;

const MINUTE_MS: i64 = 60_000;
const HOUR_MINUTES: i64 = 60;
const DAY_MINUTES: i64 = 24 * 60;

/// The lines of a use that lasted for `actual` where `planned` was booked.
pub(super) fn use_lines(pricing: &Pricing, planned: Window, actual: Window) -> Vec<CostLine> {
    let late = pricing.late_fee.as_ref().and_then(|fee| late_line(fee, planned, actual));
    base_line(pricing, planned, actual).into_iter().chain(late).collect()
}

/// The cost of a use exactly as planned.
pub(super) fn estimate(pricing: &Pricing, planned: Window) -> i64 {
    use_lines(pricing, planned, planned).iter().map(|line| line.amount_minor).sum()
}

/// A single item; none where nothing is due.
pub(super) fn item(r#type: LineType, amount_minor: i64) -> Option<CostLine> {
    let line = CostLine { amount_minor, quantity: 1, reason: None, r#type, unit: LineUnit::Item };
    (amount_minor != 0).then_some(line)
}

/// `None` beyond what an amount can be.
pub(super) fn total(lines: &[CostLine]) -> Option<i64> {
    let sum = lines.iter().try_fold(0_i64, |sum, line| sum.checked_add(line.amount_minor))?;
    (0..=AMOUNT_MAX).contains(&sum).then_some(sum)
}

fn base_line(pricing: &Pricing, planned: Window, actual: Window) -> Option<CostLine> {
    // With a fee for being late, the time after the end is paid by that fee.
    let used_until =
        if pricing.late_fee.is_some() { actual.end.min(planned.end) } else { actual.end };
    let used_ms = (used_until.millis() - actual.start.millis()).max(0);
    let planned_ms = planned.end.millis() - planned.start.millis();
    let billable_ms = match pricing.basis {
        Basis::Planned => planned_ms,
        Basis::Actual => used_ms,
        Basis::GreaterOfPlannedAndActual => planned_ms.max(used_ms),
    };
    let step = i64::from(pricing.rounding_minutes);
    let minutes = started(billable_ms, step * MINUTE_MS) * step;
    let amount_minor = amount(pricing, minutes)?;
    (amount_minor != 0).then_some(CostLine {
        amount_minor,
        quantity: minutes,
        reason: None,
        r#type: LineType::Base,
        unit: LineUnit::Minute,
    })
}

/// Whole days at the day rate, the rest at the cheaper of its minutes and one day; with a day rate
/// alone, each started day. `None` without a rate.
fn amount(pricing: &Pricing, minutes: i64) -> Option<i64> {
    let hourly = |minutes: i64, rate: u32| half_up(minutes * i64::from(rate), HOUR_MINUTES);
    match (pricing.per_hour_minor, pricing.per_day_minor) {
        (None, None) => None,
        (Some(hour), None) => Some(hourly(minutes, hour)),
        (None, Some(day)) => Some(started(minutes, DAY_MINUTES) * i64::from(day)),
        (Some(hour), Some(day)) => {
            let (days, rest) = (minutes / DAY_MINUTES, minutes % DAY_MINUTES);
            let day = i64::from(day);
            Some(days * day + hourly(rest, hour).min(day))
        }
    }
}

/// Once past the grace the whole time after the end counts.
fn late_line(fee: &LateFee, planned: Window, actual: Window) -> Option<CostLine> {
    let late_ms = actual.end.millis() - planned.end.millis();
    if late_ms <= i64::from(fee.grace_minutes) * MINUTE_MS {
        return None;
    }
    let periods = started(late_ms, i64::from(fee.per_started_minutes) * MINUTE_MS);
    // Even a return thousands of years late leaves room for what else is on the bill.
    let most = fee.cap_minor.map_or(AMOUNT_MAX / 2, i64::from);
    let amount_minor = periods.saturating_mul(fee.amount_minor.into()).min(most);
    (amount_minor != 0).then_some(CostLine {
        amount_minor,
        quantity: periods,
        reason: None,
        r#type: LineType::Late,
        unit: LineUnit::StartedPeriod,
    })
}

/// How many steps a length has begun.
fn started(length: i64, step: i64) -> i64 {
    (length + step - 1) / step
}

fn half_up(numerator: i64, denominator: i64) -> i64 {
    (numerator + denominator / 2) / denominator
}
