//! What the tables show beside an answer: documents, bills and what happened by itself, one line each.

use holdfast_domain::{
    BookingId, Outcome, Principal, Record, Timestamp,
    asset::{AvailabilityDocument, BookingDocument, CostLine, QuoteDocument},
    rejection::Window,
};
use serde::Serialize;

use crate::world::{World, clock, window};

impl World {
    /// `09:30 #1 NO_SHOW`; a booking that became overdue keeps its status and is said to be it.
    pub(crate) fn transition(&self, record: &Record) -> String {
        let Outcome::Accepted(accepted) = &record.outcome else { panic!("a timer is not refused") };
        let image: BookingDocument = serde_json::from_slice(&accepted.after).unwrap();
        assert_eq!((record.actor.sub.as_str(), &record.actor.org_id), ("system:timer", &None));
        let what = if image.overdue { "overdue" } else { image.status.name() };
        format!("{} {} {what}", clock(record.at), self.number(image.id))
    }

    fn number(&self, id: BookingId) -> String {
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
                format!("{out} {}", window(Window { start: it.start, end: it.end }))
            }),
            Err(rejection) => format!("refused {}", self.rejection(&rejection)),
        }
    }
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
