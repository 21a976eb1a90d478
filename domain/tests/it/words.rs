//! What the tables show beside an answer: documents, bills and what happened by itself, one line each.

use holdfast_domain::{
    Accepted, BookingId, MaintenanceId, Outcome, Principal, Record, ReportId, Subject, Timestamp,
    asset::{
        AvailabilityDocument, BookingDocument, ClaimKind, CostLine, Event, MaintenanceDocument,
        QuoteDocument, ReportDocument, Trigger,
    },
    rejection::Window,
};
use serde::Serialize;

use crate::world::{World, clock, window};

impl World {
    /// `09:30 #1 NO_SHOW`; a booking that became overdue keeps its status and is said to be it. Of a
    /// maintenance what it tells: `09:30 m1 in 60`, `10:30 m1 DUE`.
    pub(crate) fn transition(&self, record: &Record) -> String {
        assert_eq!((record.actor.sub.as_str(), &record.actor.org_id), ("system:timer", &None));
        let (at, accepted) = (clock(record.at), accepted(record));
        if let Event::MaintenanceNoticed { id, notice_minutes, trigger, .. } = &accepted.events[0] {
            assert_eq!(*trigger, Trigger::Days, "use is told at once");
            let number = self.maintenance_number(*id);
            return match notice_minutes {
                0 => format!("{at} {number} {}", status_of(accepted)),
                minutes => format!("{at} {number} in {minutes}"),
            };
        }
        let image: BookingDocument = serde_json::from_slice(&accepted.after).unwrap();
        let what = if image.overdue { "overdue" } else { image.status.name() };
        format!("{at} {} {what}", self.number(image.id))
    }

    /// `asset MAINTENANCE`, `m1 SCHEDULED`, `m1 DUE USES`, `#1 costs 350`.
    pub(crate) fn consequence(&self, record: &Record) -> String {
        let accepted = accepted(record);
        match (accepted.subject, &accepted.events[..]) {
            (Subject::Asset(_), [_]) => format!("asset {}", status_of(accepted)),
            (Subject::Booking(id), [_]) => {
                let image: BookingDocument = serde_json::from_slice(&accepted.after).unwrap();
                format!("{} costs {}", self.number(id), image.cost_minor.unwrap())
            }
            (Subject::Maintenance(_), [Event::MaintenanceNoticed { id, trigger, .. }]) => {
                let number = self.maintenance_number(*id);
                format!("{number} {} {}", status_of(accepted), name(*trigger))
            }
            (Subject::Maintenance(_), [Event::MaintenanceReplanned { id, .. }]) => {
                format!("{} replanned", self.maintenance_number(*id))
            }
            (Subject::Maintenance(id), [_]) => {
                format!("{} {}", self.maintenance_number(id), status_of(accepted))
            }
            (subject, events) => panic!("{subject:?} is owed nothing: {events:?}"),
        }
    }

    /// `m2` is the second that was made; the one that is just being made comes next.
    pub(crate) fn maintenance_number(&self, id: MaintenanceId) -> String {
        let index = self.maintenance.iter().position(|known| *known == id);
        format!("m{}", index.unwrap_or(self.maintenance.len()) + 1)
    }

    /// `SCHEDULED PREVENTIVE oil/1 due 10:00 09:00~10:00 for REASON`
    pub(crate) fn shown_maintenance(&self, id: MaintenanceId) -> String {
        let json = self.image_of(Subject::Maintenance(id)).unwrap();
        if let Some(live) = self.state.maintenance_document(id) {
            assert_eq!(*live.json, *json, "the state holds the last image");
        }
        let image: MaintenanceDocument = serde_json::from_slice(&json).unwrap();
        let rule = image.rule_id.as_deref().unwrap_or("-");
        let mut out =
            format!("{} {} {rule}/{}", image.status.name(), name(image.r#type), image.occurrence);
        out += &image.due_at.map_or_else(String::new, |at| format!(" due {}", clock(at)));
        if let Some((start, end)) = image.start.zip(image.end) {
            out += &format!(" {}", window(Window { start, end }));
        }
        out + &image.reason.map_or_else(String::new, |it| format!(" for {it}"))
    }

    /// `APPROVED by boss at 10:00 for REASON`
    pub(crate) fn shown_report(&self, id: ReportId) -> String {
        let json = self.image_of(Subject::Report(id)).unwrap();
        let image: ReportDocument = serde_json::from_slice(&json).unwrap();
        let mut out = image.status.name().to_owned();
        if let Some((by, at)) = image.decided_by.zip(image.decided_at) {
            out += &format!(" by {by} at {}", clock(at));
        }
        out + &image.reason.map_or_else(String::new, |it| format!(" for {it}"))
    }

    pub(crate) fn number(&self, id: BookingId) -> String {
        let index = self.bookings.iter().position(|known| *known == id).expect("a known booking");
        format!("#{}", index + 1)
    }

    pub(crate) fn image(&self, id: BookingId) -> BookingDocument {
        match self.state.booking_document(id) {
            Some(document) => serde_json::from_slice(&document.json).unwrap(),
            None => self.finished[&id].clone(),
        }
    }

    /// `8300 EUR = BASE 480 MINUTE 6000 + …`, and before it is final what it is estimated at.
    pub(crate) fn bill(&self, id: BookingId) -> String {
        let image = self.image(id);
        let Some(cost) = image.cost_minor else {
            assert!(image.cost_lines.is_empty(), "no lines before the cost is final");
            return format!("estimated {} {}", image.estimated_cost_minor, image.currency);
        };
        let sum: i64 = image.cost_lines.iter().map(|line| line.amount_minor).sum();
        assert_eq!(cost, sum, "the lines add up");
        with_lines(format!("{cost} {}", image.currency), &image.cost_lines)
    }

    /// `CONFIRMED 09:00~10:00 terms=1`, then what it has beside that.
    pub(crate) fn shown(&self, id: BookingId) -> String {
        let image = self.image(id);
        let planned = Window { start: image.start, end: image.end };
        let (status, terms) = (image.status.name(), image.terms_version);
        let mut out = format!("{status} {} terms={terms}", window(planned));
        if image.overdue {
            out += " overdue";
        }
        for (name, at) in [(" from ", image.actual_start), (" until ", image.actual_end)] {
            out += &at.map_or_else(String::new, |at| format!("{name}{}", clock(at)));
        }
        for approval in &image.approvals {
            out += &format!("; {} expires {}", name(approval.status), clock(approval.expires_at));
            if let Some(by) = &approval.decided_by {
                out += &format!(" by {by} at {}", clock(approval.decided_at.expect("with by")));
            }
            out += &approval.reason.as_ref().map_or_else(String::new, |it| format!(" for {it}"));
        }
        out
    }

    pub(crate) fn quote(&self, principal: &Principal, asked: Window, now: Timestamp) -> String {
        match self.state.quote(principal, asked, now) {
            Ok(QuoteDocument {
                start, end, estimated_cost_minor, currency, cost_lines, ..
            }) => {
                assert_eq!(Window { start, end }, asked);
                with_lines(format!("{estimated_cost_minor} {currency}"), &cost_lines)
            }
            Err(rejection) => format!("refused {}", self.rejection(&rejection)),
        }
    }

    /// `busy 09:00~10:00 …`, or `free`.
    pub(crate) fn busy(&self, principal: &Principal, within: Window, now: Timestamp) -> String {
        match self.state.availability(principal, within, now) {
            Ok(AvailabilityDocument { busy, .. }) if busy.is_empty() => "free".into(),
            Ok(AvailabilityDocument { busy, .. }) => busy.iter().fold("busy".into(), |out, it| {
                let kind = if it.kind == ClaimKind::Maintenance { " maintenance" } else { "" };
                format!("{out}{kind} {}", window(Window { start: it.start, end: it.end }))
            }),
            Err(rejection) => format!("refused {}", self.rejection(&rejection)),
        }
    }
}

fn accepted(record: &Record) -> &Accepted {
    let Outcome::Accepted(accepted) = &record.outcome else { panic!("it cannot be refused") };
    accepted
}

fn status_of(accepted: &Accepted) -> String {
    let after: serde_json::Value = serde_json::from_slice(&accepted.after).unwrap();
    after["status"].as_str().unwrap().into()
}

fn with_lines(sum: String, lines: &[CostLine]) -> String {
    let lines: Vec<String> = lines.iter().map(line).collect();
    if lines.is_empty() { sum } else { format!("{sum} = {}", lines.join(" + ")) }
}

fn line(line: &CostLine) -> String {
    let CostLine { r#type, quantity, unit, amount_minor, .. } = line;
    format!("{} {quantity} {} {amount_minor}", name(r#type), name(unit))
}

/// As in JSON.
fn name(of: impl Serialize) -> String {
    serde_json::to_value(of).unwrap().as_str().unwrap().into()
}
