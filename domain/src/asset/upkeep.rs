//! What keeps an asset usable: open maintenance, reports that wait, what holds the asset out of
//! service, and what one record makes due elsewhere.
//!
//! A record is about one resource. What it entails on others is owed (`owed`): in order, at once, and
//! without conditions, so that it can be neither refused nor forgotten. `holds` is why the asset is in
//! maintenance, `rules` counts what the schedule's rules have come to. Nothing is decided here.

mod holds;
mod owed;
mod rules;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use crate::{
    asset::{AssetStatus, Event, maintenance::Maintenance, schedule::Schedule},
    id::Stamp,
    record::Actor,
    time::Timestamp,
};

use holds::Holds;
pub(super) use owed::{Consequence, Owed};
use rules::Rules;

/// Open ad-hoc maintenance, and reports that wait, per asset.
pub(super) const OPEN_MAX: u32 = 100;

#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Upkeep {
    /// What the asset's `maintenance_schedule` means.
    #[serde(skip)]
    pub(super) schedule: Arc<Schedule>,
    rules: Rules,
    /// By creation.
    pub(super) open: BTreeMap<Stamp, Maintenance>,
    /// When which has something to tell; follows from `open`.
    #[serde(skip)]
    notices: BTreeSet<(Timestamp, Stamp)>,
    /// Reports that wait, with who made them.
    pub(super) reports: BTreeMap<Stamp, Author>,
    /// Reports that another one has corrected. Eight bytes each, kept for good: a report's own image
    /// does not tell.
    pub(super) superseded: BTreeSet<Stamp>,
    holds: Holds,
    pub(super) owed: Owed,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Author {
    pub(super) sub: Box<str>,
    pub(super) org_id: Box<str>,
}

/// What an event is taken in with.
#[derive(Clone, Copy)]
pub(super) struct Context {
    pub(super) version: u64,
    pub(super) at: Timestamp,
    /// The asset's, after the event.
    pub(super) status: AssetStatus,
    /// Of a return: how long the asset was used, in started minutes.
    pub(super) used_minutes: u64,
    /// Of a report's charge: its booking is still live and will show it by itself.
    pub(super) is_live: bool,
}

impl Upkeep {
    /// What a snapshot holds, with what follows from it.
    pub(super) fn restored(mut self, schedule: Option<&str>) -> Self {
        self.schedule = Schedule::of(schedule);
        let next = |it: &Maintenance| it.next_notice().map(|(at, _)| (at, it.stamp));
        self.notices = self.open.values().filter_map(next).collect();
        self
    }

    /// Whether an event changes anything here. Bookings but for their return do not, and a return
    /// only where rules count it.
    pub(super) fn concerns(&self, event: &Event) -> bool {
        match event {
            Event::BookingCheckedOut { .. } => !self.schedule.rules.is_empty(),
            Event::AssetUpdated { status, .. } => status.is_some(),
            Event::ScheduleChanged { .. }
            | Event::AssetFollowed { .. }
            | Event::ReportCreated { .. }
            | Event::ReportDecided { .. }
            | Event::BookingDamaged { .. }
            | Event::BookingDamageReversed { .. } => true,
            _ => event.maintenance().is_some(),
        }
    }

    /// Takes in an event that concerns it.
    pub(super) fn take(&mut self, event: &Event, context: Context) {
        self.owed.settle(event);
        match event {
            Event::BookingCheckedOut { .. } => {
                self.rules.count(context.used_minutes);
                self.see_use();
            }
            Event::AssetUpdated { .. } => self.set_by_hand(context.status),
            Event::ScheduleChanged { maintenance_schedule } => {
                self.reschedule(maintenance_schedule.as_deref(), context);
            }
            Event::ReportCreated { .. } | Event::ReportDecided { .. } => {
                self.take_report(event, context);
            }
            Event::MaintenanceOpened { id, .. } => self.open(id.stamp, event, context),
            _ => {
                if let Some(id) = event.maintenance() {
                    self.change(id.stamp, event, context);
                }
            }
        }
        self.owed.follow(self.holds.settle(context.status) != context.status);
    }

    /// Keeps who caused what is owed now.
    pub(super) fn caused_by(&mut self, actor: &Actor, request_id: &str) {
        self.owed.caused_by(actor, request_id);
    }

    /// The next thing an open maintenance has to tell: when, which, and how long before it is due.
    pub(super) fn next_notice(&self) -> Option<(Timestamp, &Maintenance, u32)> {
        let (at, stamp) = self.notices.first()?;
        let maintenance = self.open.get(stamp)?;
        let (_, minutes) = maintenance.next_notice()?;
        Some((*at, maintenance, minutes))
    }

    pub(super) fn next_notice_at(&self) -> Option<Timestamp> {
        self.notices.first().map(|(at, _)| *at)
    }

    /// What the asset's status should be where it is `status`.
    pub(super) fn status_due(&self, status: AssetStatus) -> AssetStatus {
        self.holds.target(status)
    }

    pub(super) fn ad_hoc(&self) -> usize {
        self.open.values().filter(|it| it.rule.is_none()).count()
    }

    /// An estimate of its memory.
    pub(super) fn bytes(&self) -> usize {
        const SET: usize = 24;
        self.open.values().map(Maintenance::bytes).sum::<usize>()
            + self.reports.values().map(|it| 96 + it.sub.len() + it.org_id.len()).sum::<usize>()
            + SET * self.superseded.len()
            + self.schedule.rules.iter().map(super::schedule::Rule::bytes).sum::<usize>()
            + self.rules.bytes()
    }

    /// A manager's word on the status beats whatever holds the asset.
    fn set_by_hand(&mut self, status: AssetStatus) {
        self.holds.drop_all();
        if status == AssetStatus::Retired {
            let waiting = self.open.values().filter(|it| it.is_waiting());
            self.owed.all(waiting.map(|it| Consequence::Cancel { maintenance: it.stamp }));
        }
    }

    fn take_report(&mut self, event: &Event, context: Context) {
        match event {
            Event::ReportCreated { id, by, org_id, pending, holds, supersedes, reverses } => {
                if *pending {
                    let author = Author { sub: by.as_str().into(), org_id: org_id.as_str().into() };
                    self.reports.insert(id.stamp, author);
                }
                if *holds {
                    self.holds.add(id.stamp, context.status);
                }
                if let Some(earlier) = supersedes {
                    self.superseded.insert(earlier.stamp);
                    self.reports.remove(&earlier.stamp);
                    self.holds.remove(earlier.stamp);
                }
                if let Some(charge) = reverses.filter(|_| !context.is_live) {
                    self.owed.push(Consequence::Reverse { charge });
                }
            }
            Event::ReportDecided { id, charge, opens, .. } => {
                self.reports.remove(&id.stamp);
                if let Some(charge) = charge.filter(|_| !context.is_live) {
                    self.owed.push(Consequence::Damage { charge });
                }
                if *opens {
                    self.owed.push(Consequence::Correct { report: id.stamp });
                } else {
                    self.holds.remove(id.stamp);
                }
            }
            _ => {}
        }
    }

    fn open(&mut self, stamp: Stamp, event: &Event, Context { version, at, .. }: Context) {
        let Event::MaintenanceOpened { report, .. } = event else { return };
        let Some(maintenance) = Maintenance::opened(event, version, at) else { return };
        if let Some(report) = report {
            self.holds.pass(report.stamp, stamp);
        }
        if let Some(rule) = &maintenance.rule {
            self.rules.opened(rule, maintenance.occurrence, stamp);
        }
        self.keep(maintenance);
        self.see_use();
    }

    fn change(&mut self, stamp: Stamp, event: &Event, context: Context) {
        let Some(mut maintenance) = self.forget(stamp) else { return };
        maintenance.change(event, context.version, context.at);
        match event {
            Event::MaintenanceNoticed { notice_minutes: 0, trigger, .. } => {
                if let Some(rule) =
                    maintenance.rule.as_deref().and_then(|it| self.schedule.rule(it))
                {
                    self.rules.fired(rule, *trigger);
                }
            }
            Event::MaintenanceStarted { .. } => self.holds.add(stamp, context.status),
            _ => {}
        }
        if maintenance.status.is_open() {
            self.keep(maintenance);
            if matches!(event, Event::MaintenanceReplanned { .. }) {
                self.see_use();
            }
        } else {
            self.close(&maintenance, context);
        }
    }

    fn close(&mut self, maintenance: &Maintenance, context: Context) {
        self.holds.remove(maintenance.stamp);
        let Some(id) = &maintenance.rule else { return };
        let rule = self.schedule.rule(id);
        self.rules.closed(id, rule, maintenance, context.at);
        if rule.is_some() && context.status != AssetStatus::Retired {
            self.owed.push(Consequence::Open { rule: id.clone() });
        }
    }

    fn keep(&mut self, maintenance: Maintenance) {
        let next = maintenance.next_notice();
        self.notices.extend(next.map(|(at, _)| (at, maintenance.stamp)));
        self.open.insert(maintenance.stamp, maintenance);
    }

    fn forget(&mut self, stamp: Stamp) -> Option<Maintenance> {
        let maintenance = self.open.remove(&stamp)?;
        if let Some((at, _)) = maintenance.next_notice() {
            self.notices.remove(&(at, stamp));
        }
        Some(maintenance)
    }
}
