//! The shape of opening hours: days, dates, and intervals that do not overlap.

use serde_json::Value;

use super::Shape;
use crate::{asset::terms::hours::minute, rejection::below};

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const DAY_MINUTES: u32 = 24 * 60;
const WEEK_MINUTES: u32 = 7 * DAY_MINUTES;
/// Of one day; what is looked for in opening hours is looked for in all of them.
const INTERVALS_MAX: usize = 24;

/// One interval in minutes; its end is beyond the day when it runs overnight.
struct Open {
    start: u32,
    end: u32,
    pointer: String,
}

impl Shape {
    pub(super) fn opening_hours(&mut self, at: &str, value: &Value) {
        let mut week = Vec::new();
        for (name, value) in self.object(at, value).into_iter().flatten() {
            let at = &below(at, name);
            match (name.as_str(), (0..).zip(DAYS).find(|(_, day)| day == name)) {
                (_, Some((day, _))) => {
                    let day = day * DAY_MINUTES;
                    week.extend(self.day(at, value).into_iter().map(|open| Open {
                        start: open.start + day,
                        end: open.end + day,
                        pointer: open.pointer,
                    }));
                }
                ("exceptions", None) => self.exceptions(at, value),
                _ => self.find(at, "unknown member"),
            }
        }
        self.disjoint(week, true);
    }

    fn exceptions(&mut self, at: &str, value: &Value) {
        for (date, value) in self.object(at, value).into_iter().flatten() {
            let at = &below(at, date);
            if !is_date(date) {
                self.find(at, "must be a date like 2025-12-25");
            }
            let hours = self.day(at, value);
            self.disjoint(hours, false);
        }
    }

    fn day(&mut self, at: &str, value: &Value) -> Vec<Open> {
        let Some(intervals) = value.as_array() else {
            self.find(at, "must be an array");
            return Vec::new();
        };
        if intervals.len() > INTERVALS_MAX {
            self.find(at, format!("must have at most {INTERVALS_MAX} items"));
            return Vec::new();
        }
        let mut hours = Vec::new();
        for (index, interval) in intervals.iter().enumerate() {
            let at = below(at, &index.to_string());
            match read(interval) {
                Ok((start, end)) => hours.push(Open { start, end, pointer: at }),
                Err(reason) => self.find(&at, reason),
            }
        }
        hours
    }

    /// Touching intervals join; overlapping ones are refused. In a week Sunday night meets Monday.
    fn disjoint(&mut self, mut hours: Vec<Open>, is_week: bool) {
        hours.sort_by_key(|open| open.start);
        let last = hours.iter().map(|open| open.end).max().unwrap_or(0);
        let mut free_from = if is_week { last.saturating_sub(WEEK_MINUTES) } else { 0 };
        for open in hours {
            if open.start < free_from {
                self.find(&open.pointer, "overlaps another interval");
            }
            free_from = free_from.max(open.end);
        }
    }
}

fn read(interval: &Value) -> Result<(u32, u32), &'static str> {
    const FORM: &str = "must be a pair of times like [\"07:00\", \"18:00\"]";
    let [open, close] = interval.as_array().map(Vec::as_slice).ok_or(FORM)? else {
        return Err(FORM);
    };
    let open = open.as_str().and_then(minute).ok_or(FORM)?;
    let close = close.as_str().and_then(minute).ok_or(FORM)?;
    if open == DAY_MINUTES {
        return Err("must not open at 24:00");
    }
    if open == close {
        return Err("must not close when it opens");
    }
    Ok((open, if close < open { close + DAY_MINUTES } else { close }))
}

fn is_date(text: &str) -> bool {
    let digits = text.bytes().enumerate().all(|(index, byte)| match index {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    text.len() == 10 && digits && chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()
}
