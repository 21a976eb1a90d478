//! What the rules of a schedule have come to: how much was used, which occurrence is open, and what
//! the one before was due for. All follow a rule's id through changes of the schedule.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Consequence, Context, Upkeep};
use crate::{
    asset::{
        AssetStatus, MaintenanceStatus, Trigger,
        maintenance::Maintenance,
        schedule::{Anchor, Rule, Schedule, Standing, Usage},
    },
    id::Stamp,
    time::Timestamp,
};

/// Of rules that were removed the numbers are remembered, so that one that comes back tells nothing
/// twice; beyond so many those that were made first are forgotten.
const REMOVED_MAX: usize = 1_000;

#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Rules(BTreeMap<Box<str>, Progress>);

#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
struct Progress {
    /// It is in the schedule.
    is_current: bool,
    made: Timestamp,
    usage: Usage,
    /// The number of the newest occurrence; 0 before the first.
    occurrence: u32,
    open: Option<Stamp>,
    closed: Option<Timestamp>,
    /// What the occurrence that was closed last had been due for.
    former: Option<Timestamp>,
}

impl Rules {
    pub(super) fn count(&mut self, minutes: u64) {
        for progress in self.0.values_mut().filter(|progress| progress.is_current) {
            progress.usage.uses += 1;
            progress.usage.minutes += minutes;
        }
    }

    pub(super) fn opened(&mut self, rule: &str, occurrence: u32, stamp: Stamp) {
        if let Some(progress) = self.0.get_mut(rule) {
            progress.occurrence = occurrence;
            progress.open = Some(stamp);
        }
    }

    pub(super) fn fired(&mut self, rule: &Rule, trigger: Trigger) {
        if let Some(progress) = self.0.get_mut(&rule.id)
            && trigger != Trigger::Days
        {
            progress.usage = rule.left_of(progress.usage);
        }
    }

    /// `rule`: as it is now, unless it was removed.
    pub(super) fn closed(
        &mut self,
        id: &str,
        rule: Option<&Rule>,
        maintenance: &Maintenance,
        at: Timestamp,
    ) {
        let Some(progress) = self.0.get_mut(id) else { return };
        progress.open = None;
        progress.closed = Some(at);
        progress.former = maintenance.stood_for();
        if rule.is_some_and(|rule| rule.anchor == Anchor::Completion) {
            progress.usage = Usage::default();
        }
    }

    pub(super) fn bytes(&self) -> usize {
        const TREE: usize = 48;
        self.0.keys().map(|id| TREE + size_of::<Progress>() + id.len()).sum()
    }

    /// A rule that appears, also one that comes back, begins anew but for its numbers. True when it
    /// wants its next occurrence.
    fn begin(&mut self, id: &str, at: Timestamp) -> bool {
        let progress = self.0.entry(id.into()).or_default();
        *progress = Progress {
            is_current: true,
            made: at,
            occurrence: progress.occurrence,
            open: progress.open,
            ..Progress::default()
        };
        progress.open.is_none()
    }

    fn end(&mut self, id: &str) -> Option<Stamp> {
        let progress = self.0.get_mut(id)?;
        progress.is_current = false;
        progress.open
    }

    fn prune(&mut self) {
        let is_past = |progress: &Progress| !progress.is_current && progress.open.is_none();
        let past = |rules: &Self| {
            let past = rules.0.iter().filter(|(_, progress)| is_past(progress));
            past.map(|(id, progress)| (progress.made, id.clone())).collect::<Vec<_>>()
        };
        let mut removed = past(self);
        removed.sort_unstable();
        for (_, id) in removed.iter().take(removed.len().saturating_sub(REMOVED_MAX)) {
            self.0.remove(id);
        }
    }
}

impl Upkeep {
    /// Which number a rule's next occurrence has, and when it falls due by the calendar.
    pub(in crate::asset) fn next_occurrence(
        &self,
        rule: &Rule,
        now: Timestamp,
    ) -> (u32, Option<Timestamp>) {
        let Some(progress) = self.rules.0.get(&rule.id) else { return (1, None) };
        let Progress { made, closed, former, .. } = *progress;
        let due_at = rule.due_at(Standing { made, closed, former, now });
        (progress.occurrence.saturating_add(1), due_at)
    }

    /// Another schedule: what its rules make of the open occurrences is owed.
    pub(super) fn reschedule(&mut self, source: Option<&str>, context: Context) {
        let before = std::mem::replace(&mut self.schedule, Schedule::of(source));
        let after = self.schedule.clone();
        let plans = context.status != AssetStatus::Retired;
        for rule in before.rules.iter().filter(|rule| after.rule(&rule.id).is_none()) {
            let open = self.rules.end(&rule.id);
            if let Some(maintenance) =
                open.filter(|stamp| self.open.get(stamp).is_some_and(Maintenance::is_waiting))
            {
                self.owed.push(Consequence::Cancel { maintenance });
            }
        }
        for rule in &after.rules {
            match before.rule(&rule.id) {
                None if self.rules.begin(&rule.id, context.at) && plans => {
                    self.owed.push(Consequence::Open { rule: rule.id.clone() });
                }
                Some(old) if old != rule && plans => {
                    if let Some(maintenance) = self.scheduled(&rule.id) {
                        let keeps_time = rule.keeps_time_of(old);
                        self.owed.push(Consequence::Replan { maintenance, keeps_time });
                    }
                }
                _ => {}
            }
        }
        self.rules.prune();
    }

    /// What use has made due is owed: of what waits by its rule, once.
    pub(super) fn see_use(&mut self) {
        let schedule = self.schedule.clone();
        for rule in &schedule.rules {
            let usage = self.rules.0.get(&rule.id).map(|progress| progress.usage);
            if let Some(trigger) = usage.and_then(|usage| rule.reached(usage))
                && let Some(maintenance) = self.scheduled(&rule.id)
            {
                self.owed.push(Consequence::Fire { maintenance, trigger });
            }
        }
    }

    fn scheduled(&self, rule: &str) -> Option<Stamp> {
        let open = self.rules.0.get(rule)?.open?;
        let status = self.open.get(&open)?.status;
        (status == MaintenanceStatus::Scheduled).then_some(open)
    }
}
