//! Opening hours by the calendar on the wall: every opening of a local date, one at a time.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike as _, Days, NaiveDate, NaiveDateTime, TimeDelta, TimeZone as _};
use chrono_tz::Tz;

use super::{dice::Dice, terms::MINUTE};

/// Minutes of the day; the end is beyond 24:00 when it runs overnight.
type Opening = (i64, i64);

#[derive(Clone, PartialEq, Debug)]
pub(super) struct Hours {
    /// From Monday.
    week: [Vec<Opening>; 7],
    exceptions: BTreeMap<NaiveDate, Vec<Opening>>,
}

/// None of these opens before six in the morning, so that the night before may run until then.
const BY_DAY: [&[Opening]; 7] = [
    &[(7 * 60, 18 * 60)],
    &[],
    &[(22 * 60, 30 * 60)],
    &[(8 * 60, 12 * 60), (12 * 60, 17 * 60)],
    &[(7 * 60, 18 * 60), (22 * 60, 26 * 60)],
    &[(6 * 60, 24 * 60)],
    &[(23 * 60 + 30, 25 * 60 + 45)],
];

/// None of these runs overnight. Some open or close within an hour that is left out or comes twice.
const BY_NIGHT: [&[Opening]; 6] = [
    &[(0, 24 * 60)],
    &[(2 * 60 + 15, 2 * 60 + 45)],
    &[],
    &[(90, 210)],
    &[(0, 150), (150, 300)],
    &[(60, 135), (165, 24 * 60)],
];

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl Hours {
    pub(super) fn roll(dice: &mut Dice<'_>, around: NaiveDate) -> Self {
        let by_night = dice.one_in(3);
        let mut week = std::array::from_fn(|_| Vec::new());
        for day in &mut week {
            *day = if by_night { dice.pick(&BY_NIGHT) } else { dice.pick(&BY_DAY) }.to_vec();
        }
        let mut exceptions = BTreeMap::new();
        for _ in 0..dice.roll(4) {
            let date = around - Days::new(1) + Days::new(dice.roll(5) as u64);
            let openings = if dice.one_in(2) { dice.pick(&BY_NIGHT) } else { dice.pick(&BY_DAY) };
            exceptions.insert(date, openings.to_vec());
        }
        Self { week, exceptions }
    }

    /// As sent: an exception beside the days; a closed day is empty or left out.
    pub(super) fn json(&self) -> serde_json::Value {
        let time = |minute: i64| format!("{:02}:{:02}", minute / 60, minute % 60);
        let close = |minute: i64| time(if minute > 24 * 60 { minute - 24 * 60 } else { minute });
        let day = |openings: &[Opening]| -> serde_json::Value {
            openings.iter().map(|(from, to)| vec![time(*from), close(*to)]).collect()
        };
        let mut json = serde_json::Map::new();
        for (name, openings) in DAYS.iter().zip(&self.week) {
            if !openings.is_empty() || *name == "wed" {
                json.insert((*name).to_owned(), day(openings));
            }
        }
        let exceptions: serde_json::Map<_, _> =
            self.exceptions.iter().map(|(date, it)| (date.to_string(), day(it))).collect();
        if !exceptions.is_empty() {
            json.insert("exceptions".into(), exceptions.into());
        }
        json.into()
    }

    /// What opens on the local date, as instants in milliseconds.
    pub(super) fn on(&self, zone: Tz, date: NaiveDate) -> Vec<(i64, i64)> {
        let weekday = date.weekday().num_days_from_monday() as usize;
        let openings = self.exceptions.get(&date).unwrap_or(&self.week[weekday]);
        let midnight = date.and_hms_opt(0, 0, 0).unwrap();
        openings
            .iter()
            .map(|(from, to)| {
                let (from, to) = (TimeDelta::minutes(*from), TimeDelta::minutes(*to));
                (instant(zone, midnight + from, false), instant(zone, midnight + to, true))
            })
            .collect()
    }

    /// The openings an instant can lie in: those of its date and those of the night before.
    fn near(&self, zone: Tz, at: i64) -> Vec<(i64, i64)> {
        let date = local_date(zone, at);
        let mut near = self.on(zone, date - Days::new(1));
        near.extend(self.on(zone, date));
        near
    }

    pub(super) fn may_start(&self, zone: Tz, at: i64) -> bool {
        self.near(zone, at).iter().any(|(from, to)| *from <= at && at < *to)
    }

    pub(super) fn may_end(&self, zone: Tz, at: i64) -> bool {
        // At midnight the date is already the next one; its night before is the day that closes.
        self.near(zone, at).iter().any(|(from, to)| *from < at && at <= *to)
    }

    /// Where something opens at the local dates from one instant to another.
    pub(super) fn openings(&self, zone: Tz, from: i64, to: i64) -> Vec<i64> {
        let mut date = local_date(zone, from);
        let last = local_date(zone, to);
        let mut openings = Vec::new();
        while date <= last {
            openings.extend(self.on(zone, date).iter().map(|(from, _)| *from));
            date = date + Days::new(1);
        }
        openings
    }
}

pub(super) fn local_date(zone: Tz, at: i64) -> NaiveDate {
    DateTime::from_timestamp_millis(at).unwrap().with_timezone(&zone).date_naive()
}

/// A time that is left out is the next one there is; of a time that comes twice, the first opens and
/// the last closes.
fn instant(zone: Tz, mut local: NaiveDateTime, closes: bool) -> i64 {
    loop {
        let found = zone.from_local_datetime(&local);
        let at = if closes { found.latest() } else { found.earliest() };
        if let Some(at) = at {
            return at.timestamp_millis();
        }
        local += TimeDelta::milliseconds(MINUTE);
    }
}
