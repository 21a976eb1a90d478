//! Opening hours in the asset's time zone: which instants are open.
//!
//! Hours are local wall clock times of the date on which they open; an exception replaces what opens
//! on its date, and nothing of the night before. Where clocks go forward, a local time that does not
//! exist means the instant after the gap; where they go back, opening is the first of the two
//! instants and closing the last.

use std::{collections::BTreeMap, iter};

use chrono::{DateTime, Datelike as _, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeZone as _};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, de};

use crate::{rejection::Window, time::Timestamp};

const DAY_MINUTES: u32 = 24 * 60;

#[derive(Clone, PartialEq, Debug, Default)]
pub struct OpeningHours {
    /// From Monday on.
    week: [Vec<Interval>; 7],
    exceptions: BTreeMap<NaiveDate, Vec<Interval>>,
}

/// The first instant of a date.
pub(super) fn midnight(zone: Tz, date: NaiveDate) -> Timestamp {
    instant(zone, date, 0, Side::First).unwrap_or(Timestamp::MAX)
}

/// Minutes after local midnight; one that runs overnight closes beyond the day.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Interval {
    opens: u32,
    closes: u32,
}

impl OpeningHours {
    /// A use may begin: some interval `[open, close)` holds the instant.
    pub fn has_start(&self, zone: Tz, at: Timestamp) -> bool {
        self.near(zone, at).any(|open| open.start <= at && at < open.end)
    }

    /// A use may end: some interval `(open, close]` holds the instant.
    pub fn has_end(&self, zone: Tz, at: Timestamp) -> bool {
        self.near(zone, at).any(|open| open.start < at && at <= open.end)
    }

    /// The hours that open on the local date of an instant.
    pub fn of_day(&self, zone: Tz, at: Timestamp) -> Vec<Window> {
        self.of_date(zone, local_date(zone, at)).collect()
    }

    /// When it is open around `from..=until`, by start; intervals that meet are one.
    pub fn spans(&self, zone: Tz, from: Timestamp, until: Timestamp) -> Vec<Window> {
        let first = local_date(zone, from);
        let last = local_date(zone, until);
        let dates =
            iter::successors(Some(first.pred_opt().unwrap_or(first)), |date| date.succ_opt())
                .take_while(|date| *date <= last.succ_opt().unwrap_or(last));
        let mut spans: Vec<Window> = dates.flat_map(|date| self.of_date(zone, date)).collect();
        spans.sort_by_key(|open| (open.start, open.end));
        spans.dedup_by(|later, earlier| {
            let meets = later.start <= earlier.end;
            if meets {
                earlier.end = earlier.end.max(later.end);
            }
            meets
        });
        spans
    }

    /// Every interval that may hold the instant: of its local date and the ones beside it (the night
    /// before; and where clocks go back over midnight, the morning after).
    fn near(&self, zone: Tz, at: Timestamp) -> impl Iterator<Item = Window> + '_ {
        let date = local_date(zone, at);
        let dates = [date.pred_opt(), Some(date), date.succ_opt()];
        dates.into_iter().flatten().flat_map(move |date| self.of_date(zone, date))
    }

    /// The intervals that open on a date; those that a change of clocks swallows whole are left out.
    fn of_date(&self, zone: Tz, date: NaiveDate) -> impl Iterator<Item = Window> + '_ {
        let usual = &self.week[date.weekday().num_days_from_monday() as usize];
        let intervals = self.exceptions.get(&date).unwrap_or(usual);
        intervals.iter().filter_map(move |interval| {
            let start = instant(zone, date, interval.opens, Side::First)?;
            let end = instant(zone, date, interval.closes, Side::Last)?;
            (start < end).then_some(Window { start, end })
        })
    }
}

fn local_date(zone: Tz, at: Timestamp) -> NaiveDate {
    let utc = DateTime::from_timestamp_millis(at.millis()).unwrap_or_default();
    utc.with_timezone(&zone).date_naive()
}

/// Which of two instants with the same local time.
#[derive(Clone, Copy)]
enum Side {
    First,
    Last,
}

/// The instant so many minutes of wall clock after a date's midnight; `None` beyond the calendar.
fn instant(zone: Tz, date: NaiveDate, minutes: u32, side: Side) -> Option<Timestamp> {
    let date = date.checked_add_days(Days::new((minutes / DAY_MINUTES).into()))?;
    let minute = minutes % DAY_MINUTES;
    let local = date.and_time(NaiveTime::from_hms_opt(minute / 60, minute % 60, 0)?);
    let found = zone.from_local_datetime(&local);
    let at = match side {
        Side::First => found.earliest(),
        Side::Last => found.latest(),
    };
    let seconds = at.map_or_else(|| after_gap(zone, local), |at| at.timestamp());
    Some(Timestamp::from_millis(seconds * 1_000))
}

/// The first second whose local time is not before one that the clocks leave out.
fn after_gap(zone: Tz, local: NaiveDateTime) -> i64 {
    // No zone was ever further from UTC than this.
    const OFFSET_SECONDS_MAX: i64 = 17 * 60 * 60;
    let as_utc = local.and_utc().timestamp();
    let (mut before, mut after) = (as_utc - OFFSET_SECONDS_MAX, as_utc + OFFSET_SECONDS_MAX);
    while after - before > 1 {
        let middle = before + (after - before) / 2;
        let shown =
            DateTime::from_timestamp(middle, 0).map(|utc| utc.with_timezone(&zone).naive_local());
        if shown.is_some_and(|shown| shown < local) {
            before = middle;
        } else {
            after = middle;
        }
    }
    after
}

/// As stored: `{"mon": [["07:00", "18:00"]], …, "exceptions": {"2025-12-25": []}}`.
impl<'de> Deserialize<'de> for OpeningHours {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        type Day = Vec<(String, String)>;

        #[derive(Deserialize, Default)]
        #[serde(default)]
        struct Stored {
            mon: Day,
            tue: Day,
            wed: Day,
            thu: Day,
            fri: Day,
            sat: Day,
            sun: Day,
            exceptions: BTreeMap<NaiveDate, Day>,
        }

        let Stored { mon, tue, wed, thu, fri, sat, sun, exceptions } =
            Stored::deserialize(deserializer)?;
        let day = |stored: Day| {
            stored
                .iter()
                .map(|(opens, closes)| Interval::read(opens, closes))
                .collect::<Option<Vec<_>>>()
                .ok_or_else(|| de::Error::custom("times are HH:MM"))
        };
        let [mon, tue, wed, thu, fri, sat, sun] = [mon, tue, wed, thu, fri, sat, sun].map(day);
        Ok(Self {
            week: [mon?, tue?, wed?, thu?, fri?, sat?, sun?],
            exceptions: exceptions
                .into_iter()
                .map(|(date, stored)| Ok((date, day(stored)?)))
                .collect::<Result<_, D::Error>>()?,
        })
    }
}

impl Interval {
    fn read(opens: &str, closes: &str) -> Option<Self> {
        let (opens, closes) = (minute(opens)?, minute(closes)?);
        Some(Self { opens, closes: if closes < opens { closes + DAY_MINUTES } else { closes } })
    }
}

/// `HH:MM` from `00:00` to `24:00`, as minutes.
pub(super) fn minute(text: &str) -> Option<u32> {
    let [h1, h2, b':', m1, m2] = *text.as_bytes() else { return None };
    let digit = |byte: u8| byte.is_ascii_digit().then(|| u32::from(byte - b'0'));
    let (hour, minute) = (digit(h1)? * 10 + digit(h2)?, digit(m1)? * 10 + digit(m2)?);
    let total = hour * 60 + minute;
    (minute < 60 && total <= DAY_MINUTES).then_some(total)
}
