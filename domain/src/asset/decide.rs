//! One command against one state: the record to append, a stored result, or a refusal.
//!
//! One file per command below; each holds that command's rules in the order in which they refuse.

mod book;
mod cancel;
mod check_in;
mod check_out;
mod register;
mod update;

use crate::{
    access::{self, Place},
    asset::{
        AssetState, BookingDocument, Command, Document, Event,
        authorise::{Held, Named, authorise},
        booking::Booking,
        fields::Fields,
    },
    audit,
    id::{AssetId, BookingId, Stamp},
    principal::Principal,
    record::{
        Accepted, Actor, BookingMark, Digest, Etag, Kind, Outcome, Record, Refused, Subject,
        user_key,
    },
    rejection::Rejection,
    request::Request,
    time::Timestamp,
};

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
/// `now` may lie before the state's newest record; the record's time never does.
pub fn decide(
    state: &AssetState,
    request: &Request,
    now: Timestamp,
    finished: Finished<'_>,
) -> Verdict {
    let at = if cfg!(feature = "planted-raw-clock") { now } else { now.max(state.at) };
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
    let case = Case { state, request, at };
    match case.effect(&named) {
        Ok(effect) => Verdict::Append(case.accept(effect)),
        Err(rejection) if case.keeps(&rejection) => Verdict::Append(case.refuse(rejection)),
        Err(rejection) => Verdict::Refuse(rejection),
    }
}

/// A permitted, new command with everything its rules look at.
struct Case<'a> {
    state: &'a AssetState,
    request: &'a Request,
    /// The time of the record.
    at: Timestamp,
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
}

impl Case<'_> {
    fn effect(&self, named: &Named<'_>) -> Result<Effect, Rejection> {
        if let Command::RegisterAsset(new) = &self.request.command {
            return register::decide(self, new);
        }
        let fields = self.state.fields.as_ref().ok_or(Rejection::NotFound)?;
        match &self.request.command {
            Command::RegisterAsset(new) => register::decide(self, new),
            Command::UpdateAsset(change) => update::decide(self, fields, change),
            Command::CreateBooking(new) => book::decide(self, fields, new),
            Command::CancelBooking { reason, .. } => {
                cancel::decide(self, fields, live(named)?, reason.as_deref())
            }
            Command::CheckIn { condition_notes, .. } => {
                check_in::decide(self, fields, live(named)?, condition_notes.as_deref())
            }
            Command::CheckOut { extra_cost_minor, .. } => {
                check_out::decide(self, fields, live(named)?, *extra_cost_minor)
            }
        }
    }

    fn principal(&self) -> &Principal {
        &self.request.principal
    }

    fn manages(&self, place: Place<'_>) -> bool {
        access::manages(self.principal(), place)
    }

    /// The stamp of the next id below this asset.
    fn next_stamp(&self) -> Stamp {
        self.state.last_stamp.next(self.at.unsigned_millis())
    }

    /// A refusal is kept only under a key, and only so many per second.
    fn keeps(&self, rejection: &Rejection) -> bool {
        rejection.is_stored()
            && self.request.key.is_some()
            && self.state.keys.has_room_for_refusal(self.at)
    }

    fn accept(&self, effect: Effect) -> Box<Record> {
        let outcome = Outcome::Accepted(Accepted {
            events: effect.event.into_iter().collect(),
            subject: effect.subject,
            created: effect.created,
            etag: effect.after.etag,
            before: effect.before.map(|document| document.json.to_vec()),
            after: effect.after.json.to_vec(),
            booking: effect.booking,
        });
        self.record(effect.kind, outcome, effect.stamp)
    }

    fn refuse(&self, rejection: Rejection) -> Box<Record> {
        let kind = match self.request.command {
            Command::RegisterAsset(_) | Command::UpdateAsset(_) => Kind::AssetRefused,
            _ => Kind::BookingRefused,
        };
        let outcome = Outcome::Refused(Refused { rejection, path: self.request.path.clone() });
        self.record(kind, outcome, self.state.last_stamp)
    }

    fn record(&self, kind: Kind, outcome: Outcome, last_stamp: Stamp) -> Box<Record> {
        let mut record = Box::new(Record {
            tag: self.state.tag,
            version: self.state.version + 1,
            at: self.at,
            kind,
            audit: last_stamp.next(self.at.unsigned_millis()),
            actor: Actor {
                sub: self.principal().subject.clone(),
                org_id: Some(self.principal().org.clone()),
            },
            request_id: self.request.request_id.clone(),
            key: self.request.key.clone(),
            prev_hash: self.state.last_hash,
            hash: Digest::default(),
            outcome,
            next_due: None,
        });
        if let Some(asset) = audit::asset_of(&record).or(self.state.asset_id()) {
            record.hash = audit::hash(&record, asset);
        }
        record
    }

    /// The effect of a command that changes a booking from one image to the next.
    fn booking_effect(
        &self,
        fields: &Fields,
        (kind, event): (Kind, Event),
        before: &Booking,
        after: &BookingDocument,
    ) -> Effect {
        let asset = AssetId::new(fields.id, self.state.tag);
        Effect {
            kind,
            event: Some(event),
            subject: Subject::Booking(after.id),
            created: false,
            before: Some(before.document(asset)),
            after: after.render(),
            booking: Some(mark(after, false)),
            stamp: self.state.last_stamp,
        }
    }

    /// The booking's image as this record leaves it, once `change` has been made.
    fn image(
        &self,
        fields: &Fields,
        booking: &Booking,
        change: impl FnOnce(&mut BookingDocument),
    ) -> BookingDocument {
        let mut image = booking.image(AssetId::new(fields.id, self.state.tag));
        let version = self.state.version + 1;
        image.version = version;
        image.etag = Etag { version, link: 0 }.to_string();
        image.updated_at = self.at;
        change(&mut image);
        image
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
        Named::Finished(status) => Err(invalid_transition(status.name())),
        Named::Absent | Named::Nothing => Err(Rejection::BookingNotFound),
    }
}

fn invalid_transition(current: &str) -> Rejection {
    Rejection::InvalidTransition { current_status: current.into() }
}
