//! From a record to the event that the world is told: whether, and in which bytes.
//!
//! The bytes follow from the record alone, so that every try of every delivery sends the same.

use super::{EndpointEvent, EventRef, names};
use crate::{
    asset::Event,
    id::{EndpointId, EventId},
    record::{Accepted, Outcome, Record, Subject},
};

/// A record that is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Notice {
    pub event: EventRef,
    /// Only to this endpoint; `None`: to whoever of the asset's org wants it.
    pub only: Option<EndpointId>,
}

impl Notice {
    /// `None` for what nobody is told: refusals, changes that changed nothing, and what webhooks do.
    pub fn of(record: &Record) -> Option<Self> {
        let Outcome::Accepted(accepted) = &record.outcome else { return None };
        if accepted.events.is_empty() || !names::is_told(record.kind) {
            return None;
        }
        let only = match (&accepted.events[..], accepted.subject) {
            ([Event::Endpoint(EndpointEvent::Tested { .. })], Subject::Endpoint(id)) => Some(id),
            _ => None,
        };
        let event = EventRef {
            tag: record.tag,
            version: record.version,
            stamp: record.audit,
            kind: record.kind,
            at: record.at,
        };
        Some(Self { event, only })
    }
}

/// The body of the event; `None` where there is none (see [`Notice::of`]).
pub fn body(record: &Record) -> Option<Vec<u8>> {
    Notice::of(record)?;
    let Outcome::Accepted(accepted) = &record.outcome else { return None };
    let id = EventId::new(record.audit, record.tag);
    let text = |text: &str| serde_json::Value::from(text).to_string();
    let mut out = Vec::with_capacity(accepted.after.len() + 256);
    let mut push = |part: &str| out.extend_from_slice(part.as_bytes());
    push(&format!("{{\"id\":\"{id}\",\"type\":\"{}\"", record.kind.name()));
    push(&format!(",\"created_at\":\"{}\"", record.at));
    push(&format!(",\"request_id\":{}", text(&record.request_id)));
    push(&format!(",\"asset_seq\":{},\"data\":{{\"{}\":", record.version, noun(accepted)));
    out.extend_from_slice(&accepted.after);
    out.extend_from_slice(beside(accepted).as_bytes());
    out.extend_from_slice(b"}}");
    Some(out)
}

fn noun(accepted: &Accepted) -> &'static str {
    match accepted.subject {
        Subject::Asset(_) => "asset",
        Subject::Booking(_) => "booking",
        Subject::Report(_) => "condition_report",
        Subject::Maintenance(_) => "maintenance",
        Subject::Endpoint(_) | Subject::Delivery(_) => "webhook",
        Subject::Registry(_) => "registry",
    }
}

/// What an event tells beside its resource.
fn beside(accepted: &Accepted) -> String {
    accepted
        .events
        .iter()
        .find_map(|event| match event {
            Event::MaintenanceNoticed { notice_minutes, trigger, .. } => {
                let trigger = serde_json::json!(trigger);
                Some(format!(",\"notice_minutes\":{notice_minutes},\"trigger\":{trigger}"))
            }
            _ => None,
        })
        .unwrap_or_default()
}
