//! One command against one state: the record to append, a stored result, or a refusal.
//!
//! One file per command below; each holds that command's rules in the order in which they refuse.

mod adjust;
mod approve;
mod book;
mod cancel;
mod check_in;
mod check_out;
mod due;
mod effect;
mod judge;
mod loaded;
mod maintain;
mod owed;
mod plan;
mod register;
mod report;
mod reschedule;
mod update;
mod work;

use crate::{
    access,
    asset::{
        AssetState, Command, Event,
        authorise::{Held, Named, authorise},
        booking::Booking,
        fields::Fields,
        maintenance::Maintenance,
    },
    audit,
    id::{AssetId, Stamp},
    record::{Accepted, Actor, Digest, Kind, Outcome, Record, Refused},
    rejection::Rejection,
    request::{IdempotencyKey, IfMatch, Request},
    time::Timestamp,
};

use effect::{Effect, mark};

pub use due::{Due, due};
pub use loaded::{Loaded, Needed};

/// What a command comes to.
#[derive(Clone, PartialEq, Debug)]
pub enum Verdict {
    /// Append it, apply it, and answer with it once it is durable. Also holds stored refusals.
    Append(Box<Record>),
    /// The key was used by the record of this version: answer with what it stored.
    Replay { version: u64 },
    /// Refused, and not kept.
    Refuse(Rejection),
    /// It depends on something that is over: load its last image and ask again with it.
    Needs(Needed),
}

/// Visibility and role, then replay, then the command's own rules (preconditions first).
///
/// Whatever is [`due`] by `now` has been applied before, and so has what the state owes. `now` may lie before the state's newest
/// record; the record's time never does.
pub fn decide(state: &AssetState, request: &Request, now: Timestamp, loaded: &Loaded) -> Verdict {
    let at = moment(state, now);
    let named = match authorise(state, request, loaded) {
        Ok(named) => named,
        Err(Held::Refused(rejection)) => return Verdict::Refuse(rejection),
        Err(Held::Needs(needed)) => return Verdict::Needs(needed),
    };
    if let Some(key) = &request.key
        && let Some(stored) = state.keys.find(key, at)
    {
        return if stored.fingerprint == key.fingerprint {
            Verdict::Replay { version: stored.version }
        } else {
            Verdict::Refuse(Rejection::KeyReused)
        };
    }
    let case = Case {
        state,
        at,
        actor: Actor {
            sub: request.principal.subject.clone(),
            org_id: Some(request.principal.org.clone()),
        },
        request_id: Some(&request.request_id),
        key: request.key.as_ref(),
    };
    match effect(&case, request, &named, loaded) {
        Ok(effect) => Verdict::Append(case.accept(effect)),
        Err(Held::Needs(needed)) => Verdict::Needs(needed),
        Err(Held::Refused(rejection)) if case.keeps(&rejection) => {
            Verdict::Append(case.refuse(rejection, request))
        }
        Err(Held::Refused(rejection)) => Verdict::Refuse(rejection),
    }
}

/// The time of the next record: never before the newest.
fn moment(state: &AssetState, now: Timestamp) -> Timestamp {
    if cfg!(feature = "planted-raw-clock") { now } else { now.max(state.at) }
}

fn effect(
    case: &Case<'_>,
    request: &Request,
    named: &Named<'_>,
    loaded: &Loaded,
) -> Result<Effect, Held> {
    if let Command::RegisterAsset(new) = &request.command {
        return Ok(register::decide(case, new)?);
    }
    let fields = case.state.fields.as_ref().ok_or(Rejection::NotFound)?;
    let principal = &*request.principal;
    match &request.command {
        Command::CreateReport(new) => report::decide(case, fields, new, principal, loaded),
        Command::ApproveReport { .. } => judge::approve(case, fields, named, principal, loaded),
        Command::RejectReport { reason, .. } => {
            Ok(judge::reject(case, named, principal, reason.as_deref())?)
        }
        Command::CreateMaintenance(new) => Ok(maintain::decide(case, fields, new)?),
        Command::ChangeMaintenance(change) => {
            precondition(&request.if_match, named.etag())?;
            Ok(plan::decide(case, fields, open(named)?, change)?)
        }
        Command::StartMaintenance { .. } => Ok(work::start(case, fields, open(named)?)?),
        Command::CompleteMaintenance { .. } => Ok(work::complete(case, fields, open(named)?)?),
        Command::CancelMaintenance { reason, .. } => {
            Ok(work::cancel(case, fields, open(named)?, reason.as_deref()))
        }
        _ => Ok(booking_effect(case, fields, request, named)?),
    }
}

fn booking_effect(
    case: &Case<'_>,
    fields: &Fields,
    request: &Request,
    named: &Named<'_>,
) -> Result<Effect, Rejection> {
    let principal = &*request.principal;
    let manages = access::manages(principal, fields.place());
    match &request.command {
        Command::UpdateAsset(change) => update::decide(case, fields, change, &request.if_match),
        Command::CreateBooking(new) => book::decide(case, fields, new, &principal.org),
        Command::RescheduleBooking(change) => {
            precondition(&request.if_match, named.etag())?;
            reschedule::decide(case, fields, live(named)?, change, manages)
        }
        Command::ApproveBooking { .. } => {
            approve::approve(case, fields, live(named)?, &principal.subject)
        }
        Command::RejectBooking { reason, .. } => {
            approve::reject(case, fields, live(named)?, &principal.subject, reason.as_deref())
        }
        Command::CancelBooking { reason, .. } => {
            let booking = live(named)?;
            let by = cancel::By {
                user: access::owns_booking(principal, &booking.org_id, &booking.user_id),
                manages,
            };
            cancel::decide(case, fields, booking, reason.as_deref(), by)
        }
        Command::CheckIn { condition_notes, .. } => {
            check_in::decide(case, fields, live(named)?, condition_notes.as_deref())
        }
        Command::CheckOut { extra_cost_minor, .. } => {
            check_out::decide(case, fields, live(named)?, *extra_cost_minor)
        }
        Command::AdjustCost { amount_minor, reason, .. } => {
            adjust::decide(case, named, *amount_minor, reason)
        }
        Command::RegisterAsset(_)
        | Command::CreateReport(_)
        | Command::ApproveReport { .. }
        | Command::RejectReport { .. }
        | Command::CreateMaintenance(_)
        | Command::ChangeMaintenance(_)
        | Command::StartMaintenance { .. }
        | Command::CompleteMaintenance { .. }
        | Command::CancelMaintenance { .. } => unreachable!("not about a booking"),
    }
}

/// What a record is made from, beside its effect.
struct Case<'a> {
    state: &'a AssetState,
    /// The time of the record.
    at: Timestamp,
    actor: Actor,
    /// `None`: nobody asked, so the record names itself.
    request_id: Option<&'a str>,
    key: Option<&'a IdempotencyKey>,
}

impl Case<'_> {
    /// The stamp of the next id below this asset.
    fn next_stamp(&self) -> Stamp {
        self.state.last_stamp.next(self.at.unsigned_millis())
    }

    fn next_version(&self) -> u64 {
        self.state.version + 1
    }

    fn asset(&self, fields: &Fields) -> AssetId {
        AssetId::new(fields.id, self.state.tag)
    }

    /// A refusal is kept only under a key, and only so many per second.
    fn keeps(&self, rejection: &Rejection) -> bool {
        rejection.is_stored() && self.key.is_some() && self.state.keys.has_room_for_refusal(self.at)
    }

    fn accept(self, effect: Effect) -> Box<Record> {
        let next_due = self.next_due(&effect.events, effect.next_due);
        let outcome = Outcome::Accepted(Accepted {
            events: effect.events,
            subject: effect.subject,
            created: effect.created,
            etag: effect.after.etag,
            before: effect.before.map(|document| document.json.to_vec()),
            after: effect.after.json.to_vec(),
            booking: effect.booking,
        });
        self.record(effect.kind, outcome, effect.stamp, next_due)
    }

    /// When the asset wants its next tick after these events, with something due for a booking at
    /// `booking`. Few events concern the upkeep; they are tried on a copy of it.
    fn next_due(&self, events: &[Event], booking: Option<Timestamp>) -> Option<Timestamp> {
        let (state, mut status) = (self.state, self.state.status());
        if !events.iter().any(|event| state.upkeep.concerns(event)) {
            return state.next_due_with(&state.upkeep, booking, self.at);
        }
        let mut upkeep = state.upkeep.clone();
        for event in events.iter().filter(|event| state.upkeep.concerns(event)) {
            let context = state.context(event, status, self.next_version(), self.at);
            status = context.status;
            upkeep.take(event, context);
        }
        state.next_due_with(&upkeep, booking, self.at)
    }

    fn refuse(self, rejection: Rejection, request: &Request) -> Box<Record> {
        let kind = match request.command {
            Command::RegisterAsset(_) | Command::UpdateAsset(_) => Kind::AssetRefused,
            Command::CreateReport(_)
            | Command::ApproveReport { .. }
            | Command::RejectReport { .. } => Kind::ReportRefused,
            Command::CreateMaintenance(_)
            | Command::ChangeMaintenance(_)
            | Command::StartMaintenance { .. }
            | Command::CompleteMaintenance { .. }
            | Command::CancelMaintenance { .. } => Kind::MaintenanceRefused,
            _ => Kind::BookingRefused,
        };
        let outcome = Outcome::Refused(Refused { rejection, path: request.path.clone() });
        let (last_stamp, next_due) = (self.state.last_stamp, self.state.next_due());
        self.record(kind, outcome, last_stamp, next_due)
    }

    fn record(
        self,
        kind: Kind,
        outcome: Outcome,
        last_stamp: Stamp,
        next_due: Option<Timestamp>,
    ) -> Box<Record> {
        let mut record = Box::new(Record {
            tag: self.state.tag,
            version: self.next_version(),
            at: self.at,
            kind,
            audit: last_stamp.next(self.at.unsigned_millis()),
            actor: self.actor,
            request_id: String::new(),
            key: self.key.cloned(),
            prev_hash: self.state.last_hash,
            hash: Digest::default(),
            outcome,
            next_due,
        });
        record.request_id =
            self.request_id.map_or_else(|| record.audit_id().to_string(), Into::into);
        if let Some(asset) = audit::asset_of(&record).or(self.state.asset_id()) {
            record.hash = audit::hash(&record, asset);
        }
        record
    }
}

/// Only a live booking can change; the body's booking must be there.
fn live<'a>(named: &Named<'a>) -> Result<&'a Booking, Rejection> {
    match named {
        Named::Live(booking) => Ok(booking),
        Named::Finished(image) => Err(invalid_transition(image.status.name())),
        _ => Err(Rejection::BookingNotFound),
    }
}

/// Only an open maintenance can change.
fn open<'a>(named: &Named<'a>) -> Result<&'a Maintenance, Rejection> {
    match named {
        Named::Open(maintenance) => Ok(maintenance),
        Named::Closed(image) => Err(invalid_transition(image.status.name())),
        _ => Err(Rejection::NotFound),
    }
}

/// `etag`: of the resource as it is.
fn precondition(if_match: &IfMatch, etag: Option<String>) -> Result<(), Rejection> {
    match if_match {
        IfMatch::Missing => Err(Rejection::PreconditionRequired),
        IfMatch::Any => Ok(()),
        IfMatch::Tags(tags) if etag.is_some_and(|etag| tags.contains(&etag)) => Ok(()),
        IfMatch::Tags(_) => Err(Rejection::PreconditionFailed),
    }
}

fn invalid_transition(current: &str) -> Rejection {
    Rejection::InvalidTransition { current_status: current.into() }
}
