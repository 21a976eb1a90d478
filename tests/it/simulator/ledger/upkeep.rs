//! What keeps an asset usable, by the documents alone: what holds it, which maintenance is open and
//! what it has told, what reports have charged, and what one record has made due on other resources.

use std::collections::{BTreeMap, BTreeSet};

use holdfast_domain::{
    Kind, Outcome, Record, Stamp, Subject, Timestamp,
    asset::{
        AssetDocument, AssetStatus, BookingDocument, BookingStatus, Event, MaintenanceDocument,
        MaintenanceStatus, ReportDocument, ReportStatus,
    },
    rejection::Window,
};

use super::{
    Chronicle,
    rules::{self, Rule},
};

/// What a record has made due elsewhere.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::simulator) enum Owed {
    /// The asset's status.
    Follow(AssetStatus),
    /// The bill of a booking that is over: by a report, so much.
    Damage(Charge),
    Reverse(Charge),
    /// The next occurrence of a rule.
    Open(String),
    /// The maintenance for an approved report.
    Correct(Stamp),
    /// `true`: it keeps its due time.
    Replan(Stamp, bool),
    Cancel(Stamp),
    /// Use has made it due.
    Fire(Stamp),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::simulator) struct Charge {
    pub(super) report: Stamp,
    pub(super) booking: Stamp,
    pub(super) amount_minor: i64,
}

#[derive(Clone)]
pub(super) struct Open {
    pub(super) rule: Option<String>,
    pub(super) status: MaintenanceStatus,
    due_at: Option<Timestamp>,
    stands_for: Option<Timestamp>,
    pub(super) notices: Vec<i64>,
    told: Vec<i64>,
    planned_at: Timestamp,
    window: Option<Window>,
    /// What of the window lay ahead when it was given.
    pub(super) claim: Option<Window>,
}

#[derive(Clone, Default)]
pub(super) struct Upkeep {
    pub(super) rules: BTreeMap<String, Rule>,
    pub(super) open: BTreeMap<Stamp, Open>,
    holds: BTreeSet<Stamp>,
    /// The status of before the first hold.
    former: Option<AssetStatus>,
    /// Listed by what caused it; the status and what use makes due follow from the rest.
    listed: Vec<Owed>,
    /// What approved reports have charged and nothing took back.
    pub(super) charges: Vec<Charge>,
    /// Of bookings that are over: what stands on the bill.
    pub(super) billed: BTreeMap<Stamp, Vec<i64>>,
    pub(super) reversed: BTreeMap<Stamp, Vec<i64>>,
    /// (rule, occurrence or none, notice), each once.
    told: BTreeSet<(Option<String>, u64, i64)>,
}

impl Open {
    /// The next notice: minutes before, and when.
    pub(super) fn next_notice(&self) -> Option<(Timestamp, i64)> {
        let due_at = self.due_at.filter(|_| self.status == MaintenanceStatus::Scheduled)?;
        let at = |minutes: i64| match minutes {
            0 => Some(due_at.max(self.planned_at)),
            _ => Some(due_at.plus_minutes(-minutes)).filter(|at| *at >= self.planned_at),
        };
        let left = self.notices.iter().filter(|minutes| !self.told.contains(minutes));
        // Of two at one moment the longer notice comes first.
        left.filter_map(|minutes| Some((at(*minutes)?, *minutes)))
            .min_by_key(|(at, minutes)| (*at, -minutes))
    }

    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.status, MaintenanceStatus::Scheduled | MaintenanceStatus::Due)
    }
}

impl Upkeep {
    /// Everything that is owed when the asset's status is `status`.
    pub(super) fn owed(&self, status: AssetStatus) -> Vec<Owed> {
        let target = match self.former {
            Some(former) if self.holds.is_empty() => former,
            Some(_) => AssetStatus::Maintenance,
            None => status,
        };
        let used_up = self.rules.values().filter(|rule| rule.is_current() && rule.is_used_up());
        let is_scheduled = |stamp: &Stamp| {
            self.open.get(stamp).is_some_and(|it| it.status == MaintenanceStatus::Scheduled)
        };
        let fires = used_up.filter_map(|rule| rule.open.filter(is_scheduled)).map(Owed::Fire);
        let follow = (target != status).then_some(Owed::Follow(target));
        self.listed.iter().cloned().chain(fires).chain(follow).collect()
    }

    /// Takes in a record that is judged already. `before`: without it.
    pub(super) fn take(&mut self, before: &Chronicle, record: &Record, is_owed: bool) {
        let Outcome::Accepted(accepted) = &record.outcome else { return };
        let after = &accepted.after;
        let mut status = before.status();
        match accepted.subject {
            Subject::Asset(_) => {
                let facts = serde_json::from_slice(after).expect("I5: an asset");
                self.take_asset(before, &facts, record.at, is_owed);
                status = facts.status;
            }
            Subject::Booking(_) => {
                let facts = serde_json::from_slice(after).expect("I5: a booking");
                self.take_booking(before, &facts, is_owed);
            }
            Subject::Report(_) => {
                let facts = serde_json::from_slice(after).expect("I5: a report");
                self.take_report(before, &facts);
            }
            Subject::Maintenance(id) => {
                let facts = serde_json::from_slice(after).expect("I5: a maintenance");
                if accepted.created {
                    self.opened(&facts, record.at, is_owed);
                } else if !accepted.events.is_empty() {
                    self.changed(id.stamp, &facts, record, (status, is_owed));
                }
            }
            other => panic!("I5: nobody asked for {other:?}"),
        }
        if self.holds.is_empty() && self.former == Some(status) {
            self.former = None;
        }
    }

    fn take_asset(
        &mut self,
        before: &Chronicle,
        facts: &AssetDocument,
        at: Timestamp,
        is_owed: bool,
    ) {
        if is_owed {
            return;
        }
        let old = before.asset_at(before.version()).map(|image| &image.facts);
        if old.is_some_and(|old| old.status != facts.status) {
            (self.holds, self.former) = (BTreeSet::new(), None);
            if facts.status == AssetStatus::Retired {
                let waiting = self.open.iter().filter(|(_, it)| it.is_waiting());
                self.listed.extend(waiting.map(|(stamp, _)| Owed::Cancel(*stamp)));
            }
        }
        let schedule = |facts: &AssetDocument| rules::of(facts.maintenance_schedule.as_ref());
        let (old, new) = (old.map_or_else(Vec::new, schedule), schedule(facts));
        if old != new {
            self.reschedule(&old, &new, (at, facts.status != AssetStatus::Retired));
        }
    }

    fn reschedule(
        &mut self,
        old: &[(String, serde_json::Value)],
        new: &[(String, serde_json::Value)],
        (at, plans): (Timestamp, bool),
    ) {
        let of = |rules: &[(String, serde_json::Value)], id: &str| {
            rules.iter().find(|(known, _)| known == id).map(|(_, text)| text.clone())
        };
        for (id, _) in old.iter().filter(|(id, _)| of(new, id).is_none()) {
            let rule = self.rules.get_mut(id).expect("it was there");
            rule.text = serde_json::Value::Null;
            let open = rule.open.filter(|stamp| self.open[stamp].is_waiting()).map(Owed::Cancel);
            let open = open.filter(|cancel| !self.listed.contains(cancel));
            self.listed.extend(open);
        }
        for (id, text) in new {
            let rule = self.rules.entry(id.clone()).or_default();
            match of(old, id) {
                None => {
                    let (occurrence, open) = (rule.occurrence, rule.open);
                    *rule = Rule { made: at, occurrence, open, ..Rule::default() };
                    if open.is_none() && plans {
                        self.listed.push(Owed::Open(id.clone()));
                    }
                }
                Some(former) if former != *text && plans => {
                    let is_scheduled =
                        |it: &Stamp| self.open[it].status == MaintenanceStatus::Scheduled;
                    let keeps = rules::keeps_time(&former, text);
                    let open = rule.open.filter(is_scheduled);
                    self.listed.extend(open.map(|stamp| Owed::Replan(stamp, keeps)));
                }
                Some(_) => {}
            }
            rule.text = text.clone();
        }
    }

    fn take_booking(&mut self, before: &Chronicle, facts: &BookingDocument, is_owed: bool) {
        let stamp = facts.id.stamp;
        let was = before.booking_at(stamp, before.version()).map(|image| &image.facts);
        if is_owed {
            let bill = |owed: &Owed| match owed {
                Owed::Damage(charge) => Some((*charge, false)),
                Owed::Reverse(charge) => Some((*charge, true)),
                _ => None,
            };
            // Those of one booking come in their order.
            let found = self
                .listed
                .iter()
                .position(|it| bill(it).is_some_and(|(charge, _)| charge.booking == stamp));
            let owed = self.listed.remove(found.expect("it was judged"));
            if let Some((charge, is_reversed)) = bill(&owed) {
                let side = if is_reversed { &mut self.reversed } else { &mut self.billed };
                side.entry(stamp).or_default().push(charge.amount_minor);
            }
            return;
        }
        let Some(was) = was.filter(|was| was.status.is_live() && !facts.status.is_live()) else {
            return;
        };
        let of_it = self.charges.iter().filter(|charge| charge.booking == stamp);
        self.billed.insert(stamp, of_it.map(|charge| charge.amount_minor).collect());
        if facts.status == BookingStatus::CheckedOut {
            let from = was.actual_start.unwrap_or(was.start);
            let to = facts.actual_end.expect("it was returned");
            self.rules.values_mut().for_each(|rule| rule.used(from, to));
        }
    }

    fn take_report(&mut self, before: &Chronicle, facts: &ReportDocument) {
        let stamp = facts.id.stamp;
        let is_live = |booking: Stamp| {
            let image = before.booking_at(booking, before.version());
            image.is_some_and(|image| image.facts.status.is_live())
        };
        let is_new = !before.reports.contains_key(&stamp);
        let is_approved = facts.status == ReportStatus::Approved;
        if is_new {
            if facts.takes_out_of_service && before.status() != AssetStatus::Retired {
                self.hold(stamp, before.status());
            }
            let Some(earlier) = facts.supersedes else { return };
            self.holds.remove(&earlier.stamp);
            let charged = self.charges.iter().position(|charge| charge.report == earlier.stamp);
            if let Some(index) = charged {
                let charge = self.charges.remove(index);
                if !is_live(charge.booking) {
                    self.listed.push(Owed::Reverse(charge));
                }
            }
            return;
        }
        let amount_minor = facts.proposed_charge_minor.unwrap_or(0);
        if let Some(booking) = facts.booking_id.filter(|_| is_approved && amount_minor > 0) {
            let charge = Charge { report: stamp, booking: booking.stamp, amount_minor };
            self.charges.push(charge);
            if !is_live(booking.stamp) {
                self.listed.push(Owed::Damage(charge));
            }
        }
        let is_retired = before.status() == AssetStatus::Retired;
        if is_approved && facts.takes_out_of_service && !is_retired {
            self.listed.push(Owed::Correct(stamp));
        } else {
            self.holds.remove(&stamp);
        }
    }

    fn hold(&mut self, by: Stamp, status: AssetStatus) {
        self.former.get_or_insert(status);
        self.holds.insert(by);
    }

    fn opened(&mut self, facts: &MaintenanceDocument, at: Timestamp, is_owed: bool) {
        let stamp = facts.id.stamp;
        let mut notices = vec![0];
        if let Some(id) = &facts.rule_id {
            let rule = self.rules.get_mut(id).expect("it was judged");
            (rule.open, rule.occurrence) = (Some(stamp), facts.occurrence);
            notices = rule.notices();
            self.listed.retain(|owed| *owed != Owed::Open(id.clone()));
        } else if is_owed {
            let found = self.listed.iter().position(|owed| matches!(owed, Owed::Correct(_)));
            let owed = self.listed.remove(found.expect("it was judged"));
            if let Owed::Correct(report) = owed
                && self.holds.remove(&report)
            {
                self.holds.insert(stamp);
            }
        }
        let window = window_of(facts);
        let open = Open {
            rule: facts.rule_id.clone(),
            status: facts.status,
            due_at: facts.due_at,
            stands_for: facts.due_at,
            notices,
            told: Vec::new(),
            planned_at: at,
            window,
            claim: window.and_then(|window| ahead(window, at)),
        };
        self.open.insert(stamp, open);
    }

    fn changed(
        &mut self,
        stamp: Stamp,
        facts: &MaintenanceDocument,
        record: &Record,
        (status, is_owed): (AssetStatus, bool),
    ) {
        let at = record.at;
        let mut open = self.open.remove(&stamp).expect("it was judged");
        if record.kind == Kind::MaintenanceDue {
            let minutes = notice_of(record);
            let key = match &open.rule {
                Some(rule) => (Some(rule.clone()), u64::from(facts.occurrence), minutes),
                None => (None, stamp.bits(), minutes),
            };
            assert!(self.told.insert(key), "I9: {} tells {minutes} twice", facts.id);
            open.told.push(minutes);
        }
        let replans = self.listed.iter().position(|owed| {
            is_owed && matches!(owed, Owed::Replan(planned, _) if *planned == stamp)
        });
        let rule = open.rule.clone();
        let mut rule = rule.and_then(|id| self.rules.get_mut(&id));
        if facts.due_at != open.due_at {
            let by_use = record.kind == Kind::MaintenanceDue;
            match (replans, by_use) {
                (Some(_), _) => open.stands_for = facts.due_at,
                (None, true) => open.stands_for = None,
                (None, false) => open.planned_at = at,
            }
            open.due_at = facts.due_at;
        }
        if let Some(index) = replans {
            self.listed.remove(index);
            open.planned_at = at;
            open.notices = rule.as_ref().map_or_else(Vec::new, |rule| rule.notices());
        }
        if window_of(facts) != open.window {
            open.window = window_of(facts);
            open.claim = open.window.and_then(|window| ahead(window, at));
        }
        match facts.status {
            MaintenanceStatus::Due if is_owed => {
                if let Some(rule) = &mut rule {
                    rule.fired_by_use();
                }
            }
            MaintenanceStatus::InProgress
                if open.status != facts.status && status != AssetStatus::Retired =>
            {
                self.former.get_or_insert(status);
                self.holds.insert(stamp);
            }
            _ => {}
        }
        open.status = facts.status;
        if open.status.is_open() {
            self.open.insert(stamp, open);
            return;
        }
        self.holds.remove(&stamp);
        self.listed.retain(|owed| *owed != Owed::Cancel(stamp));
        if let (Some(rule), Some(id)) = (rule, open.rule) {
            rule.closed(at, open.stands_for.max(open.due_at));
            if rule.is_current() && status != AssetStatus::Retired {
                self.listed.push(Owed::Open(id));
            }
        }
    }
}

pub(super) fn window_of(facts: &MaintenanceDocument) -> Option<Window> {
    facts.start.zip(facts.end).map(|(start, end)| Window { start, end })
}

fn ahead(window: Window, at: Timestamp) -> Option<Window> {
    let ahead = Window { start: window.start.max(at), end: window.end };
    (ahead.start < ahead.end).then_some(ahead)
}

/// How many minutes before the due time a record tells.
pub(super) fn notice_of(record: &Record) -> i64 {
    let Outcome::Accepted(accepted) = &record.outcome else { panic!("I9: a refused notice") };
    match &accepted.events[..] {
        [Event::MaintenanceNoticed { notice_minutes, .. }] => i64::from(*notice_minutes),
        other => panic!("I9: a notice of {other:?}"),
    }
}
