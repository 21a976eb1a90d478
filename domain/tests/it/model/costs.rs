//! What a booking costs, a line at a time.

use holdfast_domain::asset::{CostLine, LineType, LineUnit};

use super::terms::{Basis, MINUTE, Price};

const DAY: i64 = 24 * 60;

fn line(r#type: LineType, quantity: i64, unit: LineUnit, amount_minor: i64) -> Option<CostLine> {
    let line = CostLine { amount_minor, quantity, reason: None, r#type, unit };
    (amount_minor != 0).then_some(line)
}

pub(super) fn item(r#type: LineType, amount_minor: i64) -> Option<CostLine> {
    line(r#type, 1, LineUnit::Item, amount_minor)
}

fn up(part: i64, whole: i64) -> i64 {
    (part + whole - 1) / whole
}

/// So many milliseconds at the rates.
fn base(price: &Price, duration: i64) -> Option<CostLine> {
    let minutes = up(duration, price.rounding * MINUTE) * price.rounding;
    let hourly = |hourly: i64, minutes: i64| (2 * minutes * hourly + 60) / 120;
    let amount = match (price.per_hour, price.per_day) {
        (None, None) => 0,
        (Some(hour), None) => hourly(hour, minutes),
        (None, Some(day)) => up(minutes, DAY) * day,
        (Some(hour), Some(day)) => minutes / DAY * day + hourly(hour, minutes % DAY).min(day),
    };
    line(LineType::Base, minutes, LineUnit::Minute, amount)
}

/// Used exactly as planned.
pub(super) fn planned(price: &Price, start: i64, end: i64) -> Vec<CostLine> {
    base(price, end - start).into_iter().collect()
}

/// Used from `taken` to `back`.
pub(super) fn used(
    price: &Price,
    (start, end): (i64, i64),
    (taken, back): (i64, i64),
    extra: i64,
) -> Vec<CostLine> {
    let until = if price.late.is_some() { back.min(end) } else { back };
    let billed = match price.basis {
        Basis::Planned => end - start,
        Basis::Actual => until - taken,
        Basis::Greater => (end - start).max(until - taken),
    };
    let late = price.late.as_ref().filter(|fee| back - end > fee.grace * MINUTE).and_then(|fee| {
        let periods = up(back - end, fee.period * MINUTE);
        let amount = periods * fee.amount;
        let amount = fee.cap.map_or(amount, |cap| amount.min(cap));
        line(LineType::Late, periods, LineUnit::StartedPeriod, amount)
    });
    base(price, billed).into_iter().chain(late).chain(item(LineType::Extra, extra)).collect()
}

pub(super) fn sum(lines: &[CostLine]) -> i64 {
    lines.iter().map(|line| line.amount_minor).sum()
}
