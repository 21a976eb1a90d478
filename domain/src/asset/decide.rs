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
mod register;
mod reschedule;
mod update;

use crate::{
    access,
    asset::{
        AssetState, BookingDocument, BookingStatus, Command, Document, Event,
        authorise::{Held, Named, authorise},
        booking::Booking,
        fields::Fields,
    },
    audit,
    id::{AssetId, BookingId, Stamp},
    record::{
        Accepted, Actor, BookingMark, Digest, Etag, Kind, Outcome, Record, Refused, Subject,
        user_key,
    },
    rejection::Rejection,
    request::{IdempotencyKey, IfMatch, Request},
    time::Timestamp,
};

pub use due::due;

/// What the caller knows of the booking a command names, when it is no longer live.
#[derive(Clone, Copy, Debug)]
pub enum Finished<'a> {
    /// Not looked for yet.
    Unknown,
    /// History holds no such booking.
    Absent,
    Loaded(&'a BookingDocument),
}

/// What a command comes to.
#[derive(Clone, PartialEq, Debug)]
pub enum Verdict {
    /// Append it, apply it, and answer with it once it is durable. Also holds stored refusals.
    Append(Box<Record>),
    /// The key was used by the record of this version: answer with what it stored.
    Replay { version: u64 },
    /// Refused, and not kept.
    Refuse(Rejection),
    /// The named booking is not live: load its last image and ask again.
    NeedsFinished(BookingId),
}

/// Visibility and role, then replay, then the command's own rules (preconditions first).
///
/// Whatever is [`due`] by `now` has been applied before. `now` may lie before the state's newest
/// record; the record's time never does.
pub fn decide(
    state: &AssetState,
    request: &Request,
    now: Timestamp,
    finished: Finished<'_>,
) -> Verdict {
    let at = moment(state, now);
    let named = match authorise(state, request, finished) {
        Ok(named) => named,
        Err(Held::Refused(rejection)) => return Verdict::Refuse(rejection),
        Err(Held::Needs(booking)) => return Verdict::NeedsFinished(booking),
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
    match effect(&case, request, &named) {
        Ok(effect) => Verdict::Append(case.accept(effect)),
        Err(rejection) if case.keeps(&rejection) => {
            Verdict::Append(case.refuse(rejection, request))
        }
        Err(rejection) => Verdict::Refuse(rejection),
    }
}

/// The time of the next record: never before the newest.
fn moment(state: &AssetState, now: Timestamp) -> Timestamp {
    if cfg!(feature = "planted-raw-clock") { now } else { now.max(state.at) }
}

fn effect(case: &Case<'_>, request: &Request, named: &Named<'_>) -> Result<Effect, Rejection> {
    if let Command::RegisterAsset(new) = &request.command {
        return register::decide(case, new);
    }
    let fields = case.state.fields.as_ref().ok_or(Rejection::NotFound)?;
    let principal = &*request.principal;
    let manages = access::manages(principal, fields.place());
    match &request.command {
        Command::RegisterAsset(new) => register::decide(case, new),
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

/// What an accepted command does.
struct Effect {
    kind: Kind,
    event: Option<Event>,
    subject: Subject,
    created: bool,
    before: Option<Document>,
    after: Document,
    booking: Option<BookingMark>,
    /// The last stamp the effect has used up.
    stamp: Stamp,
    /// When the asset wants its next tick after it.
    next_due: Option<Timestamp>,
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
        let outcome = Outcome::Accepted(Accepted {
            events: effect.event.into_iter().collect(),
            subject: effect.subject,
            created: effect.created,
            etag: effect.after.etag,
            before: effect.before.map(|document| document.json.to_vec()),
            after: effect.after.json.to_vec(),
            booking: effect.booking,
        });
        self.record(effect.kind, outcome, effect.stamp, effect.next_due)
    }

    fn refuse(self, rejection: Rejection, request: &Request) -> Box<Record> {
        let kind = match request.command {
            Command::RegisterAsset(_) | Command::UpdateAsset(_) => Kind::AssetRefused,
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

    /// The effect of an event after which a booking is still live.
    fn goes_on(
        &self,
        fields: &Fields,
        booking: &Booking,
        (kind, event): (Kind, Option<Event>),
    ) -> Effect {
        let asset = self.asset(fields);
        let mut after = booking.clone();
        if let Some(event) = &event {
            after.change(event, &fields.terms, self.next_version(), self.at);
        }
        let is_out = after.status == BookingStatus::CheckedIn;
        let free_since = self.state.free_since.filter(|_| !is_out);
        let image = after.image(asset);
        Effect {
            kind,
            event,
            subject: Subject::Booking(image.id),
            created: false,
            before: Some(booking.document(asset)),
            after: image.render(),
            booking: Some(mark(&image, false)),
            stamp: self.state.last_stamp,
            next_due: self.state.next_due_after(Some(booking.stamp), Some(&after), free_since),
        }
    }

    /// The effect of an event that ends a booking; `change` makes its last image.
    fn ends(
        &self,
        fields: &Fields,
        booking: &Booking,
        (kind, event): (Kind, Event),
        change: impl FnOnce(&mut BookingDocument),
    ) -> Effect {
        let asset = self.asset(fields);
        let mut image = booking.image(asset);
        image.overdue = false;
        change(&mut image);
        self.touch(&mut image);
        let comes_back = booking.status == BookingStatus::CheckedIn && self.state.is_active();
        let free_since = if comes_back { Some(self.at) } else { self.state.free_since };
        Effect {
            kind,
            event: Some(event),
            subject: Subject::Booking(image.id),
            created: false,
            before: Some(booking.document(asset)),
            after: image.render(),
            booking: Some(mark(&image, false)),
            stamp: self.state.last_stamp,
            next_due: self.state.next_due_after(Some(booking.stamp), None, free_since),
        }
    }

    /// Marks an image as changed by this record.
    fn touch(&self, image: &mut BookingDocument) {
        image.version = self.next_version();
        image.etag = Etag { version: image.version, link: 0 }.to_string();
        image.updated_at = self.at;
    }
}

fn mark(image: &BookingDocument, created: bool) -> BookingMark {
    BookingMark {
        id: image.id,
        user: user_key(&image.org_id, &image.user_id),
        created,
        finished: !image.status.is_live(),
    }
}

/// Only a live booking can change; the body's booking must be there.
fn live<'a>(named: &Named<'a>) -> Result<&'a Booking, Rejection> {
    match named {
        Named::Live(booking) => Ok(booking),
        Named::Finished(image) => Err(invalid_transition(image.status.name())),
        Named::Absent | Named::Nothing => Err(Rejection::BookingNotFound),
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
