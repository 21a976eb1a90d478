//! Maintenance schedules: which maintenance an asset needs by itself, and when.
//!
//! [`check`] judges the shape of a schedule as sent; `Rule` is what a rule means, with the defaults
//! filled in, and reckons when its occurrences fall due. What happened so far is in `upkeep`; nothing
//! here happens.

mod shape;

use std::sync::Arc;

use serde::Deserialize;

use crate::{
    asset::{MaintenanceType, Trigger},
    time::Timestamp,
};

pub(super) use shape::recheck;
pub use shape::{DAYS_MAX, RULES_MAX, check};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// All rules of an asset, in the order in which they were sent.
#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
pub(super) struct Schedule {
    pub(super) rules: Vec<Rule>,
}

/// One rule with every default filled in.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub(super) struct Rule {
    pub(super) id: Box<str>,
    pub(super) r#type: MaintenanceType,
    every_days: Option<u32>,
    every_uses: Option<u32>,
    every_usage_minutes: Option<u32>,
    first_due: Option<Timestamp>,
    pub(super) duration_minutes: Option<u32>,
    #[serde(default)]
    notify_before_minutes: Vec<u32>,
    #[serde(default)]
    pub(super) anchor: Anchor,
}

/// What the next occurrence is reckoned from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Anchor {
    /// When the one before was done.
    #[default]
    Completion,
    /// The calendar, whenever it was done.
    Fixed,
}

/// Where a rule stands when its next occurrence is reckoned.
#[derive(Clone, Copy)]
pub(super) struct Standing {
    /// When the rule was made.
    pub(super) made: Timestamp,
    /// When the occurrence before was completed or cancelled.
    pub(super) closed: Option<Timestamp>,
    /// What the occurrence before was due for.
    pub(super) former: Option<Timestamp>,
    pub(super) now: Timestamp,
}

/// What was used since a rule was last due by it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, Deserialize)]
pub(super) struct Usage {
    pub(super) uses: u64,
    pub(super) minutes: u64,
}

impl Schedule {
    /// Of an asset's stored schedule, which has passed [`check`].
    pub(super) fn of(source: Option<&str>) -> Arc<Self> {
        let schedule = source.map_or_else(Self::default, |source| {
            serde_json::from_str(source).expect("a stored schedule has passed the shape check")
        });
        Arc::new(schedule)
    }

    pub(super) fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| &*rule.id == id)
    }
}

impl Rule {
    /// Minutes before the due time, the longest first; 0 is always among them.
    pub(super) fn notices(&self) -> Vec<u32> {
        let mut notices = self.notify_before_minutes.clone();
        notices.push(0);
        notices.sort_unstable_by(|a, b| b.cmp(a));
        notices.dedup();
        notices
    }

    /// The calendar says the same under both.
    pub(super) fn keeps_time_of(&self, other: &Rule) -> bool {
        (self.every_days, self.first_due, self.anchor)
            == (other.every_days, other.first_due, other.anchor)
    }

    /// When the next occurrence falls due by the calendar; `None` where only use makes it due. Of
    /// fixed dates that have passed only the latest counts.
    pub(super) fn due_at(&self, standing: Standing) -> Option<Timestamp> {
        let step_ms = i64::from(self.every_days?) * DAY_MS;
        let first = self.first_due.unwrap_or(standing.made.plus_millis(step_ms));
        if self.anchor == Anchor::Completion {
            return Some(standing.closed.map_or(first, |closed| closed.plus_millis(step_ms)));
        }
        let steps_to =
            |at: Timestamp| (at >= first).then(|| (at.millis() - first.millis()) / step_ms);
        let next = standing.former.and_then(steps_to).map_or(0, |steps| steps + 1);
        let passed = steps_to(standing.now).unwrap_or(0);
        Some(first.plus_millis(next.max(passed).saturating_mul(step_ms)))
    }

    /// Which use made it due, if any did.
    pub(super) fn reached(&self, usage: Usage) -> Option<Trigger> {
        let is = |count: u64, every: Option<u32>| every.is_some_and(|every| count >= every.into());
        if is(usage.uses, self.every_uses) {
            Some(Trigger::Uses)
        } else if is(usage.minutes, self.every_usage_minutes) {
            Some(Trigger::UsageMinutes)
        } else {
            None
        }
    }

    /// What is left of the use once it has made an occurrence due: fixed steps are subtracted, those
    /// that were missed with them.
    pub(super) fn left_of(&self, usage: Usage) -> Usage {
        if self.anchor == Anchor::Completion {
            return usage;
        }
        let left =
            |count: u64, every: Option<u32>| every.map_or(count, |every| count % u64::from(every));
        Usage {
            uses: left(usage.uses, self.every_uses),
            minutes: left(usage.minutes, self.every_usage_minutes),
        }
    }

    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.id.len() + size_of::<u32>() * self.notify_before_minutes.len()
    }
}
