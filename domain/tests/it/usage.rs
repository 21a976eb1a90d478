//! Usage: which bookings have a row, how minutes are clipped, and what the sums are sums of.

use std::collections::BTreeMap;

use holdfast_domain::{
    BookingId, Kind, Outcome, Rejection, Stamp, Timestamp,
    asset::{
        BookingDocument, BookingStatus, Command, CurrencyCost, NewBooking, PastBooking, UsageBound,
        UsageGround, UsageRange, UsageRow, UsageSummary, UsageSums,
    },
    rejection::Window,
};
use proptest::prelude::*;

use crate::world::{Manner, TAG, World, t, who};

fn past(status: BookingStatus, planned: (&str, &str), actual: Option<(&str, &str)>) -> PastBooking {
    PastBooking {
        actual_end: actual.map(|(_, end)| t(end)),
        actual_start: actual.map(|(start, _)| t(start)),
        cost_minor: Some(700),
        currency: "EUR".into(),
        end: t(planned.1),
        start: t(planned.0),
        status,
    }
}

fn ground(terms: Option<&str>) -> UsageGround {
    World::with_terms(terms.map(str::to_owned)).state.usage_ground(&who("boss")).unwrap()
}

fn range(from: Option<&str>, to: Option<&str>) -> UsageRange {
    UsageRange { from: from.map(t), to: to.map(t) }
}

#[test]
fn which_bookings_have_a_row() {
    let rows = [
        (BookingStatus::CheckedOut, Some(0), true),
        (BookingStatus::CheckedOut, Some(5), true),
        (BookingStatus::NoShow, Some(0), true),
        (BookingStatus::Cancelled, Some(0), false),
        (BookingStatus::Cancelled, Some(1), true),
        (BookingStatus::Expired, Some(0), false),
        (BookingStatus::Expired, Some(1), false),
        (BookingStatus::Rejected, Some(0), false),
        (BookingStatus::CheckedIn, None, false),
        (BookingStatus::Confirmed, None, false),
    ];
    for (status, cost_minor, expected) in rows {
        let booking = PastBooking { cost_minor, ..past(status, ("09:00", "10:00"), None) };
        assert_eq!(booking.has_row(), expected, "{status:?} {cost_minor:?}");
        let mut sums = UsageSums::new(UsageRange::default());
        assert_eq!(sums.add(&booking, t("10:00")), expected, "{status:?} {cost_minor:?}");
    }
}

#[test]
fn minutes_are_clipped_and_begun_ones_are_whole() {
    const OUT: BookingStatus = BookingStatus::CheckedOut;
    let of_day = ("09:00", "10:00");
    // From, to, planned, used => booked, used, late.
    let rows = [
        (None, None, of_day, Some(("09:00", "10:00")), (60, 60, 0)),
        (None, None, of_day, Some(("09:02:11", "10:47")), (60, 105, 47)),
        (None, None, of_day, Some(("09:00", "09:00")), (60, 0, 0)),
        (None, None, of_day, Some(("09:00", "09:00:00.001")), (60, 1, 0)),
        (None, None, of_day, Some(("09:00", "10:00:00.001")), (60, 61, 1)),
        (Some("09:30"), None, of_day, Some(("08:50", "10:10")), (30, 40, 10)),
        (Some("10:05"), None, of_day, Some(("08:50", "10:10")), (0, 5, 5)),
        // Given back before the end, which lies beyond the time asked about.
        (None, Some("09:40"), of_day, Some(("08:50", "09:20")), (40, 30, 0)),
        (Some("09:10"), Some("09:40"), of_day, Some(("08:50", "09:20")), (30, 10, 0)),
        (None, None, of_day, None, (60, 0, 0)),
    ];
    for (from, to, planned, actual, expected) in rows {
        let booking = past(OUT, planned, actual);
        let ended_at = booking.actual_end.unwrap_or(booking.end);
        let (id, range) = (BookingId::new(Stamp::new(1, 0), TAG), range(from, to));
        let mut sums = UsageSums::new(range);
        sums.add(&booking, ended_at);
        let row = UsageRow::new(id, booking, ended_at, None, range);
        let found = (row.booked_minutes, row.used_minutes, row.late_minutes);
        assert_eq!(found, expected, "{from:?} {to:?} {planned:?} {actual:?}");
        let sum = sums.summary(&ground(None));
        assert_eq!((sum.booked_minutes, sum.used_minutes, sum.late_minutes), expected);
    }
}

#[test]
fn the_time_asked_about_is_half_open() {
    let rows = [
        (None, None, true),
        (Some("10:00"), None, true),
        (Some("10:00:00.001"), None, false),
        (None, Some("10:00"), false),
        (None, Some("10:00:00.001"), true),
    ];
    for (from, to, expected) in rows {
        let mut sums = UsageSums::new(range(from, to));
        let booking = past(BookingStatus::NoShow, ("09:00", "10:00"), None);
        assert_eq!(sums.add(&booking, t("10:00")), expected, "{from:?} {to:?}");
    }
}

#[test]
fn a_bare_date_is_midnight_where_the_asset_is() {
    let rows = [
        (None, "2025-09-01", "2025-09-01T00:00:00Z"),
        (Some("Europe/Berlin"), "2025-09-01", "2025-08-31T22:00:00Z"),
        (Some("Europe/Berlin"), "2025-12-01", "2025-11-30T23:00:00Z"),
        // Midnight does not exist there: clocks go from 24:00 to 1:00.
        (Some("America/Santiago"), "2025-09-07", "2025-09-07T04:00:00Z"),
        (Some("Europe/Berlin"), "2025-09-01T00:00:00Z", "2025-09-01T00:00:00Z"),
        (Some("Asia/Tokyo"), "1970-01-01", "1970-01-01T00:00:00Z"),
    ];
    for (zone, sent, expected) in rows {
        let terms = zone.map(|zone| format!(r#"{{"time_zone":"{zone}"}}"#));
        let bound = UsageBound::parse(sent).unwrap();
        let range = ground(terms.as_deref()).range(Some(bound), None);
        assert_eq!(range, UsageRange { from: Some(t(expected)), to: None }, "{zone:?} {sent}");
    }
}

#[test]
fn utilisation_is_a_share_of_the_opening_hours_rounded_down() {
    const HOURS: &str =
        r#"{"opening_hours":{"mon":[["08:00","12:00"]],"tue":[["22:00","02:00"]]}}"#;
    const SHUT: &str = r#"{"opening_hours":{}}"#;
    // 2026-03-02 is a Monday; one hour was used.
    let rows = [
        (None, Some("00:00"), Some("03-03T00:00"), Some(416)),
        (None, None, Some("03-03T00:00"), None),
        (None, Some("00:00"), None, None),
        (None, None, None, None),
        (Some(HOURS), Some("00:00"), Some("03-03T00:00"), Some(2_500)),
        (Some(HOURS), Some("00:00"), Some("03-03T23:00"), Some(2_000)),
        (Some(HOURS), Some("00:00"), Some("03-05T00:00"), Some(1_250)),
        (Some(HOURS), Some("09:30"), Some("10:00"), Some(10_000)),
        (Some(SHUT), Some("00:00"), Some("03-03T00:00"), None),
        (None, Some("2020-01-01T00:00:00Z"), Some("2030-01-01T00:00:00Z"), Some(0)),
        (None, Some("2020-01-01T00:00:00Z"), Some("2031-01-01T00:00:00Z"), None),
    ];
    for (terms, from, to, expected) in rows {
        let mut sums = UsageSums::new(range(from, to));
        let used = past(BookingStatus::CheckedOut, ("09:00", "10:00"), Some(("09:00", "10:00")));
        assert!(sums.add(&used, t("09:59:59")));
        let summary = sums.summary(&ground(terms));
        assert_eq!(summary.utilisation_bp, expected, "{terms:?} {from:?} {to:?}");
    }
}

#[test]
fn costs_are_summed_by_currency_and_by_name() {
    let mut sums = UsageSums::new(UsageRange::default());
    for (currency, cost) in [("USD", 5), ("EUR", 0), ("CHF", 7), ("USD", 6)] {
        let booking = PastBooking {
            cost_minor: Some(cost),
            currency: currency.into(),
            ..past(BookingStatus::NoShow, ("09:00", "10:00"), None)
        };
        assert!(sums.add(&booking, t("10:00")));
    }
    let summary = sums.summary(&ground(None));
    let found: Vec<_> =
        summary.by_currency.iter().map(|it| (it.currency.as_str(), it.cost_minor)).collect();
    assert_eq!(found, [("CHF", 7), ("EUR", 0), ("USD", 11)]);
    assert_eq!((summary.bookings, summary.no_shows), (4, 4));
}

#[test]
fn whoever_sees_the_asset_may_ask() {
    let rows = [
        ("ann", Ok(false)),
        ("boss", Ok(true)),
        ("auditor", Ok(true)),
        ("far-boss", Err(Rejection::NotFound)),
        ("guest-boss", Err(Rejection::NotFound)),
    ];
    let world = World::new();
    for (name, expected) in rows {
        let found = world.state.usage_ground(&who(name)).map(|ground| ground.inspects);
        assert_eq!(found, expected, "{name}");
    }
}

/// One thing that happens to an asset, some minutes after the one before.
#[derive(Clone, Debug)]
struct Turn {
    minutes: i64,
    what: u8,
    nth: usize,
    amount: i64,
}

fn turn() -> impl Strategy<Value = Turn> {
    (0..50_i64, 0..8_u8, any::<prop::sample::Index>(), 1..3_000_i64).prop_map(
        |(minutes, what, nth, amount)| Turn { minutes, what, nth: nth.index(1 << 16), amount },
    )
}

const TERMS: &str = r#"{"time_zone":"Europe/Berlin","check_in":{"early_minutes":60,"no_show_after_minutes":20},
    "pricing":{"per_hour_minor":600,"cancel_fee_minor":150,"no_show_fee_minor":400,
    "late_fee":{"per_started_minutes":10,"amount_minor":90}}}"#;

/// Books, takes, returns, cancels and adjusts whatever there is.
fn played(turns: &[Turn]) -> World {
    let mut world = World::with_terms(Some(TERMS.replace("\n    ", "")));
    let mut now = t("01:00");
    for Turn { minutes, what, nth, amount } in turns {
        now = now.plus_minutes(*minutes).plus_millis(*amount);
        let booking = world.bookings.get(nth % world.bookings.len().max(1)).copied();
        let command = match (what, booking) {
            (0..=2, _) | (_, None) => Command::CreateBooking(NewBooking {
                user_id: "ann".into(),
                window: Window {
                    start: now.plus_minutes(30),
                    end: now.plus_minutes(31 + amount % 90),
                },
                accept_terms: true,
                terms_version: None,
            }),
            (3..=4, booking) => Command::CheckIn { booking, condition_notes: None },
            (5, booking) => Command::CheckOut { booking, extra_cost_minor: Some(*amount) },
            (6, Some(booking)) => Command::CancelBooking { booking, reason: None },
            (_, Some(booking)) => Command::AdjustCost {
                booking,
                amount_minor: if nth % 3 == 0 { -amount } else { *amount },
                reason: "r".into(),
            },
        };
        let name = if matches!(command, Command::AdjustCost { .. }) { "boss" } else { "ann" };
        world.ask(&who(name), command, now, &Manner::default());
    }
    world
}

/// Every booking that is over, as its last image, with the moment of the record that ended it.
fn over(world: &World) -> BTreeMap<BookingId, (BookingDocument, Timestamp)> {
    let mut over: BTreeMap<BookingId, (BookingDocument, Timestamp)> = BTreeMap::new();
    for record in &world.log {
        let Outcome::Accepted(accepted) = &record.outcome else { continue };
        if accepted.booking.is_some_and(|mark| mark.finished) {
            let image: BookingDocument = serde_json::from_slice(&accepted.after).unwrap();
            let ended = over.get(&image.id).map_or(record.at, |(_, earlier)| *earlier);
            assert_eq!(over.contains_key(&image.id), record.kind == Kind::BookingCostAdjusted);
            assert!(image.actual_end.is_none_or(|end| end == ended));
            over.insert(image.id, (image, ended));
        }
    }
    over
}

/// The sums, counted minute by minute from the log.
fn naive(world: &World, (from, to): (Timestamp, Timestamp)) -> UsageSummary {
    let begun = |start: Timestamp, end: Timestamp| {
        let (mut at, end) = (start.max(from), end.min(to));
        let mut count = 0;
        while at < end {
            (at, count) = (at.plus_minutes(1), count + 1);
        }
        count
    };
    let mut sum = UsageSummary {
        booked_minutes: 0,
        bookings: 0,
        by_currency: vec![],
        late_minutes: 0,
        no_shows: 0,
        used_minutes: 0,
        utilisation_bp: None,
    };
    for (booking, ended) in over(world).into_values() {
        let counts = match booking.status {
            BookingStatus::CheckedOut | BookingStatus::NoShow => true,
            BookingStatus::Cancelled => booking.cost_minor != Some(0),
            _ => false,
        };
        if !counts || ended < from || ended >= to {
            continue;
        }
        sum.bookings += 1;
        sum.no_shows += u64::from(booking.status == BookingStatus::NoShow);
        sum.booked_minutes += begun(booking.start, booking.end);
        if let (Some(start), Some(end)) = (booking.actual_start, booking.actual_end) {
            sum.used_minutes += begun(start, end);
            sum.late_minutes += begun(booking.end, end);
        }
        let lines: i64 = booking.cost_lines.iter().map(|line| line.amount_minor).sum();
        match &mut sum.by_currency[..] {
            [] => {
                let currency = booking.currency;
                sum.by_currency.push(CurrencyCost { cost_minor: lines, currency });
            }
            [eur, ..] => eur.cost_minor += lines,
        }
    }
    let asked = to.millis() - from.millis();
    sum.utilisation_bp = (asked > 0).then(|| sum.used_minutes * 10_000 * 60_000 / asked);
    sum
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sums_are_the_fold_of_the_log(
        turns in proptest::collection::vec(turn(), 1..60),
        from in 0..1_500_i64,
        length in 0..2_000_i64,
    ) {
        let world = played(&turns);
        let from = t("00:00").plus_minutes(from);
        let asked = (from, from.plus_minutes(length).plus_millis(length));
        let range = UsageRange { from: Some(asked.0), to: Some(asked.1) };
        let ground = world.state.usage_ground(&who("boss")).unwrap();
        let (mut sums, mut rows) = (UsageSums::new(range), Vec::new());
        for (id, (image, ended)) in over(&world) {
            let booking = PastBooking::of(&image.render().json).unwrap();
            if sums.add(&booking, ended) {
                rows.push(UsageRow::new(id, booking, ended, None, range));
            }
        }
        let summary = sums.summary(&ground);
        prop_assert_eq!(&summary, &naive(&world, asked));
        prop_assert_eq!(rows.len() as u64, summary.bookings);
        prop_assert_eq!(rows.iter().map(|row| row.used_minutes).sum::<i64>(), summary.used_minutes);
        prop_assert_eq!(rows.iter().map(|row| row.late_minutes).sum::<i64>(), summary.late_minutes);
        let booked = rows.iter().map(|row| row.booked_minutes).sum::<i64>();
        prop_assert_eq!(booked, summary.booked_minutes);
        let cost = rows.iter().map(|row| row.cost_minor).sum::<i64>();
        prop_assert_eq!(cost, summary.by_currency.iter().map(|it| it.cost_minor).sum::<i64>());
    }
}
