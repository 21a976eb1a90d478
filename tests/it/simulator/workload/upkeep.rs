//! What clients ask for to keep an asset usable: schedules, reports with all that they entail, and
//! maintenance by hand.

use std::sync::Arc;

use holdfast_actors::clock::Clock as _;
use holdfast_domain::{
    AssetId, IfMatch, MaintenanceId, Principal, ReportId, Stamp, Timestamp,
    asset::{
        Change, CheckResult, ChecklistItem, Command, MaintenanceChange, MaintenanceDocument,
        MaintenanceStatus, MaintenanceType, NewMaintenance, NewReport, ReportDocument,
        ReportStatus, schedule,
    },
};
use serde_json::{Value, json};

use super::STEP_MINUTES;
use crate::simulator::{
    wishes::{Body, Target},
    world::World,
};

const MINUTE_MS: i64 = 60_000;
const TYPES: [&str; 4] = ["PREVENTIVE", "INSPECTION", "CORRECTIVE", "SAFETY"];

impl World {
    /// A schedule of up to three rules by days, uses and minutes; none now and then.
    pub(super) fn schedule(&mut self) -> Option<String> {
        let rules: Vec<Value> = (0..self.seed.index(4)).map(|id| self.rule(id)).collect();
        if rules.is_empty() {
            return None;
        }
        Some(schedule::check(&json!({"rules": rules})).expect("a good schedule"))
    }

    fn rule(&mut self, id: usize) -> Value {
        let mut rule = json!({"id": format!("rule-{id}"), "type": TYPES[self.seed.index(4)]});
        let by = 1 + self.seed.below(7);
        if by & 1 != 0 {
            rule["every_days"] = (1 + self.seed.below(3)).into();
            if self.seed.one_in(2) {
                let now = self.machine().ground.clock.now();
                let ahead = i64::try_from(self.seed.below(40)).expect("small") - 4;
                let first = now.millis() / MINUTE_MS * MINUTE_MS + ahead * STEP_MINUTES * MINUTE_MS;
                rule["first_due"] = json!(Timestamp::from_millis(first));
            }
        }
        if by & 2 != 0 {
            rule["every_uses"] = (1 + self.seed.below(3)).into();
        }
        if by & 4 != 0 {
            rule["every_usage_minutes"] = (1 + self.seed.below(40)).into();
        }
        if self.seed.one_in(2) {
            rule["anchor"] = "FIXED".into();
        }
        if self.seed.one_in(2) {
            let notices = [json!([30]), json!([1_440, 60, 0]), json!([10, 20])];
            rule["notify_before_minutes"] = notices[self.seed.index(3)].clone();
        }
        if self.seed.one_in(3) {
            rule["duration_minutes"] = 20.into();
        }
        rule
    }

    /// Who mostly may: one who manages the asset.
    fn keeper(&mut self) -> Arc<Principal> {
        if self.seed.one_in(8) { self.person() } else { self.manager() }
    }

    /// Mostly a manager of the org whose asset it is.
    fn owner_or_keeper(&mut self, asset: AssetId) -> Arc<Principal> {
        let chronicle = &self.ledger.assets[&asset.tag];
        let org = chronicle.asset_at(u64::MAX).map(|image| image.facts.owner_org_id.clone());
        let of_org = |who: &&Arc<Principal>| Some(&who.org) == org.as_ref() && who.manages();
        let managers: Vec<_> = self.people.iter().filter(of_org).map(Arc::clone).collect();
        if managers.is_empty() || self.seed.one_in(6) {
            return self.keeper();
        }
        Arc::clone(&managers[self.seed.index(managers.len())])
    }

    pub(super) fn upkeep(&mut self, asset: AssetId) -> (Arc<Principal>, Body) {
        match self.seed.below(20) {
            0..4 => self.report(asset),
            4..11 => self.judgement(asset),
            11..13 => self.maintenance(asset),
            _ => self.work(asset),
        }
    }

    fn report(&mut self, asset: AssetId) -> (Arc<Principal>, Body) {
        let booking = (!self.seed.one_in(4)).then(|| self.some_booking(asset));
        let who = match booking {
            Some(booking) => self.person_for(booking),
            None => self.owner_or_keeper(asset),
        };
        let results =
            [CheckResult::Ok, CheckResult::Worn, CheckResult::Damaged, CheckResult::Missing];
        let item = ChecklistItem {
            item: "wheels".to_owned(),
            note: None,
            result: results[self.seed.index(4)],
        };
        let charges = booking.is_some() && self.seed.one_in(2);
        let supersedes = self.seed.one_in(3).then(|| self.some_report(asset, |_| true)).flatten();
        // Its own booking again: only so may a member correct it.
        let chronicle = &self.ledger.assets[&asset.tag];
        let earlier = supersedes.and_then(|id| chronicle.report_at(id.stamp, u64::MAX));
        let booking = earlier.map_or(booking, |earlier| earlier.facts.booking_id);
        let new = NewReport {
            booking: booking.map(Some),
            checklist: vec![item],
            photos: Vec::new(),
            notes: None,
            proposed_charge_minor: (charges && booking.is_some())
                .then(|| 100 + i64::try_from(self.seed.below(900)).expect("small")),
            takes_out_of_service: self.seed.one_in(7),
            supersedes,
        };
        let command = Command::CreateReport(Box::new(new));
        (who, Body { target: Target::Asset(asset), command, if_match: IfMatch::Missing })
    }

    /// A recent report that is ready for a command, if there is one.
    fn some_report(
        &mut self,
        asset: AssetId,
        is_ready: impl Fn(&ReportDocument) -> bool,
    ) -> Option<ReportId> {
        let chronicle = &self.ledger.assets[&asset.tag];
        let reports = chronicle.reports.iter();
        let ready =
            reports.filter(|(_, images)| images.last().is_some_and(|it| is_ready(&it.facts)));
        let ready: Vec<Stamp> = ready.map(|(stamp, _)| *stamp).collect();
        let back = ready.len().min(5);
        (back > 0).then(|| ReportId::new(ready[ready.len() - 1 - self.seed.index(back)], asset.tag))
    }

    fn judgement(&mut self, asset: AssetId) -> (Arc<Principal>, Body) {
        let waits = |facts: &ReportDocument| facts.status == ReportStatus::PendingApproval;
        let any = self.seed.one_in(8);
        let Some(report) = self.some_report(asset, |facts| any || waits(facts)) else {
            return self.report(asset);
        };
        let command = if self.seed.one_in(4) {
            Command::RejectReport { report, reason: Some("no".to_owned()) }
        } else {
            Command::ApproveReport { report }
        };
        let body = Body { target: Target::Report(report), command, if_match: IfMatch::Missing };
        // Mostly somebody else than the author, where there is one.
        (self.owner_or_keeper(asset), body)
    }

    /// In steps of ten minutes from now on, as bookings have it.
    fn some_window(&mut self) -> (Timestamp, Timestamp) {
        let step_ms = STEP_MINUTES * MINUTE_MS;
        let now = self.machine().ground.clock.now().millis() / step_ms;
        let ahead = i64::try_from(self.seed.below(12)).expect("small") - 1;
        let length = 1 + i64::try_from(self.seed.below(3)).expect("small");
        let at = |steps: i64| Timestamp::from_millis((now + steps) * step_ms);
        (at(ahead), at(ahead + length))
    }

    fn maintenance(&mut self, asset: AssetId) -> (Arc<Principal>, Body) {
        let (start, end) = self.some_window();
        let windowed = self.seed.one_in(2);
        let new = NewMaintenance {
            r#type: MaintenanceType::Inspection,
            due_at: self.some_window().0,
            reason: None,
            start: windowed.then_some(start),
            end: windowed.then_some(end),
        };
        let command = Command::CreateMaintenance(new);
        let body = Body { target: Target::Asset(asset), command, if_match: IfMatch::Missing };
        (self.owner_or_keeper(asset), body)
    }

    fn some_maintenance(
        &mut self,
        asset: AssetId,
        is_ready: impl Fn(&MaintenanceDocument) -> bool,
    ) -> Option<MaintenanceId> {
        let chronicle = &self.ledger.assets[&asset.tag];
        let all = chronicle.maintenance.iter();
        let ready = all.filter(|(_, images)| images.last().is_some_and(|it| is_ready(&it.facts)));
        let ready: Vec<Stamp> = ready.map(|(stamp, _)| *stamp).collect();
        (!ready.is_empty())
            .then(|| MaintenanceId::new(ready[self.seed.index(ready.len())], asset.tag))
    }

    fn work(&mut self, asset: AssetId) -> (Arc<Principal>, Body) {
        let pick = self.seed.below(10);
        let any = self.seed.one_in(10);
        let found = self.some_maintenance(asset, |facts| {
            any || match pick {
                0..1 => {
                    matches!(facts.status, MaintenanceStatus::Scheduled | MaintenanceStatus::Due)
                }
                1..6 => {
                    matches!(facts.status, MaintenanceStatus::Due | MaintenanceStatus::InProgress)
                }
                _ => facts.status.is_open(),
            }
        });
        let Some(maintenance) = found else { return self.maintenance(asset) };
        let command = match pick {
            0..1 => Command::StartMaintenance { maintenance },
            1..6 => Command::CompleteMaintenance { maintenance },
            6 => Command::CancelMaintenance { maintenance, reason: None },
            _ => Command::ChangeMaintenance(self.change_of(maintenance)),
        };
        let if_match = match command {
            Command::ChangeMaintenance(_) if !self.seed.one_in(8) => IfMatch::Any,
            _ => IfMatch::Missing,
        };
        (
            self.owner_or_keeper(asset),
            Body { target: Target::Maintenance(maintenance), command, if_match },
        )
    }

    fn change_of(&mut self, maintenance: MaintenanceId) -> MaintenanceChange {
        let (start, end) = self.some_window();
        let mut change = MaintenanceChange { maintenance, due_at: None, start: None, end: None };
        match self.seed.below(6) {
            0 | 1 => change.due_at = Some(self.some_window().0),
            2 => change.start = Some(Change::Clear),
            3 => change.start = Some(Change::Set(start)),
            _ => {
                (change.start, change.end) = (Some(Change::Set(start)), Some(Change::Set(end)));
            }
        }
        change
    }
}
