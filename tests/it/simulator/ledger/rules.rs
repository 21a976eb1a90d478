//! What the rules of a maintenance schedule ask for, by the text of the schedule and the words of the
//! contract alone: dates are counted step by step, use is a sum.

use holdfast_domain::Timestamp;
use serde_json::Value;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
const MINUTE_MS: i64 = 60_000;

/// What one rule has come to. It outlives the rule, for its numbers.
#[derive(Clone, Default)]
pub(super) struct Rule {
    /// As in the schedule; null once it was removed.
    pub(super) text: Value,
    pub(super) made: Timestamp,
    pub(super) closed: Option<Timestamp>,
    /// What the occurrence before was due for.
    pub(super) former: Option<Timestamp>,
    pub(super) occurrence: u32,
    pub(super) open: Option<holdfast_domain::Stamp>,
    pub(super) uses: i64,
    pub(super) minutes: i64,
}

/// The rules of a stored schedule, by id.
pub(super) fn of(schedule: Option<&Value>) -> Vec<(String, Value)> {
    let rules = schedule.and_then(|it| it["rules"].as_array());
    let named = |rule: &Value| (rule["id"].as_str().expect("an id").to_owned(), rule.clone());
    rules.map_or_else(Vec::new, |rules| rules.iter().map(named).collect())
}

/// The calendar says the same under both.
pub(super) fn keeps_time(old: &Value, new: &Value) -> bool {
    ["every_days", "first_due", "anchor"].iter().all(|name| old[*name] == new[*name])
}

impl Rule {
    pub(super) fn is_current(&self) -> bool {
        !self.text.is_null()
    }

    pub(super) fn is_fixed(&self) -> bool {
        self.text["anchor"] == "FIXED"
    }

    /// Minutes before it is due; 0 is always one.
    pub(super) fn notices(&self) -> Vec<i64> {
        let asked = self.text["notify_before_minutes"].as_array();
        let asked = asked.into_iter().flatten().filter_map(Value::as_i64);
        let mut notices: Vec<i64> = asked.chain([0]).collect();
        notices.sort_unstable();
        notices.dedup();
        notices
    }

    /// By the calendar, reckoned at `now`.
    pub(super) fn due_at(&self, now: Timestamp) -> Option<Timestamp> {
        let step = self.text["every_days"].as_i64()? * DAY_MS;
        let first = self.text["first_due"].as_str().and_then(|text| Timestamp::parse(text).ok());
        let first = first.unwrap_or(self.made.plus_millis(step));
        if !self.is_fixed() {
            return Some(self.closed.map_or(first, |closed| closed.plus_millis(step)));
        }
        let mut at = first;
        // Past what the one before stood for; of those that were missed only the latest.
        while self.former.is_some_and(|former| at <= former) || at.plus_millis(step) <= now {
            at = at.plus_millis(step);
        }
        Some(at)
    }

    pub(super) fn used(&mut self, from: Timestamp, to: Timestamp) {
        if self.is_current() {
            self.uses += 1;
            self.minutes += ((to.millis() - from.millis()).max(0) + MINUTE_MS - 1) / MINUTE_MS;
        }
    }

    pub(super) fn is_used_up(&self) -> bool {
        let is = |count, name: &str| self.text[name].as_i64().is_some_and(|every| count >= every);
        is(self.uses, "every_uses") || is(self.minutes, "every_usage_minutes")
    }

    /// Use has made it due: steps that are fixed begin anew, with what is beyond them.
    pub(super) fn fired_by_use(&mut self) {
        if self.is_fixed() {
            let every = |name: &str| self.text[name].as_i64().unwrap_or(i64::MAX);
            (self.uses, self.minutes) =
                (self.uses % every("every_uses"), self.minutes % every("every_usage_minutes"));
        }
    }

    pub(super) fn closed(&mut self, at: Timestamp, former: Option<Timestamp>) {
        self.open = None;
        self.closed = Some(at);
        self.former = former;
        if self.is_current() && !self.is_fixed() {
            (self.uses, self.minutes) = (0, 0);
        }
    }
}
