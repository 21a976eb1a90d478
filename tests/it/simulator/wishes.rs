//! What clients want and what they sent for it: a wish is one key with one body, an attempt one
//! request. Any number of attempts of one wish may be under way.

use std::{collections::HashMap, sync::Arc};

use holdfast_domain::{
    AssetId, BookingId, IdempotencyKey, IfMatch, KeyScope, MaintenanceId, Principal, ReportId,
    Request, Tag,
    asset::{AssetStatus, Command},
    rejection::Window,
};
use sha2::{Digest as _, Sha256};

pub(super) type WishId = usize;

pub(super) struct Wish {
    pub(super) who: Arc<Principal>,
    pub(super) target: Target,
    pub(super) key: IdempotencyKey,
    path: String,
    if_match: IfMatch,
    command: Command,
    /// It was answered for good.
    pub(super) settled: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Target {
    /// A registration: the key says which asset.
    New,
    Asset(AssetId),
    Booking(BookingId),
    Report(ReportId),
    Maintenance(MaintenanceId),
}

pub(super) struct Attempt {
    pub(super) wish: WishId,
    /// The client was told so: it must stay true.
    pub(super) nothing_happened: bool,
}

#[derive(Default)]
pub(super) struct Wishes {
    all: Vec<Wish>,
    attempts: HashMap<String, Attempt>,
}

/// What goes into a wish beside its key.
pub(super) struct Body {
    pub(super) target: Target,
    pub(super) command: Command,
    pub(super) if_match: IfMatch,
}

impl Target {
    /// Of the asset it is about, unless that is to be made.
    pub(super) fn tag(self) -> Option<Tag> {
        Some(match self {
            Self::New => return None,
            Self::Asset(id) => id.tag,
            Self::Booking(id) => id.tag,
            Self::Report(id) => id.tag,
            Self::Maintenance(id) => id.tag,
        })
    }
}

impl Wishes {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// Requests sent so far.
    pub(super) fn attempts(&self) -> usize {
        self.attempts.len()
    }

    pub(super) fn get(&self, id: WishId) -> &Wish {
        &self.all[id]
    }

    pub(super) fn get_mut(&mut self, id: WishId) -> &mut Wish {
        &mut self.all[id]
    }

    pub(super) fn attempt(&self, request_id: &str) -> Option<&Attempt> {
        self.attempts.get(request_id)
    }

    pub(super) fn tell_that_nothing_happened(&mut self, request_id: &str) {
        if let Some(attempt) = self.attempts.get_mut(request_id) {
            attempt.nothing_happened = true;
        }
    }

    /// A wish under the key `text`.
    pub(super) fn add(&mut self, who: &Arc<Principal>, text: String, body: Body) -> WishId {
        let Body { target, command, if_match } = body;
        let path = path_of(target, &command);
        let mut hash = Sha256::new();
        let method = match command {
            Command::UpdateAsset(_) => "PUT",
            Command::RescheduleBooking(_) | Command::ChangeMaintenance(_) => "PATCH",
            _ => "POST",
        };
        for part in [&who.issuer, &who.org, &who.subject, method, &path, &text] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        let scope = KeyScope(first(&hash.finalize()));
        let body = Sha256::digest(format!("{command:?}"));
        let key = IdempotencyKey { text, scope, fingerprint: u64::from_be_bytes(first(&body)) };
        let who = Arc::clone(who);
        self.all.push(Wish { who, target, key, path, if_match, command, settled: false });
        self.all.len() - 1
    }

    /// One more request for a wish.
    pub(super) fn request(&mut self, id: WishId) -> Request {
        let request_id = format!("req-{}-{}", id, self.attempts.len());
        self.attempts.insert(request_id.clone(), Attempt { wish: id, nothing_happened: false });
        let wish = &self.all[id];
        Request {
            principal: Arc::clone(&wish.who),
            request_id,
            path: wish.path.clone(),
            key: Some(wish.key.clone()),
            if_match: wish.if_match.clone(),
            command: wish.command.clone(),
        }
    }
}

impl Wish {
    /// The window that a booking asks for.
    pub(super) fn window(&self) -> Option<Window> {
        match &self.command {
            Command::CreateBooking(new) => Some(new.window),
            _ => None,
        }
    }

    pub(super) fn command(&self) -> &Command {
        &self.command
    }

    pub(super) fn body(&self) -> Body {
        Body { target: self.target, command: self.command.clone(), if_match: self.if_match.clone() }
    }
}

fn path_of(target: Target, command: &Command) -> String {
    let verb = match command {
        Command::RegisterAsset(_)
        | Command::UpdateAsset(_)
        | Command::RescheduleBooking(_)
        | Command::ChangeMaintenance(_) => "",
        Command::CreateBooking(_) => "/bookings",
        Command::ApproveBooking { .. } | Command::ApproveReport { .. } => "/approve",
        Command::RejectBooking { .. } | Command::RejectReport { .. } => "/reject",
        Command::CancelBooking { .. } | Command::CancelMaintenance { .. } => "/cancel",
        Command::AdjustCost { .. } => "/adjustments",
        Command::CheckIn { .. } => "/check-in",
        Command::CheckOut { .. } => "/check-out",
        Command::CreateReport(_) => "/condition-reports",
        Command::CreateMaintenance(_) => "/maintenance",
        Command::StartMaintenance { .. } => "/start",
        Command::CompleteMaintenance { .. } => "/complete",
    };
    match target {
        Target::New => "/assets".to_owned(),
        Target::Asset(id) => format!("/assets/{id}{verb}"),
        Target::Booking(id) => format!("/bookings/{id}{verb}"),
        Target::Report(id) => format!("/condition-reports/{id}{verb}"),
        Target::Maintenance(id) => format!("/maintenance/{id}{verb}"),
    }
}

fn first<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut first = [0; N];
    first.copy_from_slice(&bytes[..N]);
    first
}

/// The same body with something else in it: for a key that is used twice.
pub(super) fn altered(mut body: Body) -> Body {
    match &mut body.command {
        Command::RegisterAsset(new) => new.name.push('!'),
        Command::UpdateAsset(change) => change.status = Some(AssetStatus::Active),
        Command::CreateBooking(new) => new.window.end = new.window.end.plus_minutes(10),
        Command::RescheduleBooking(change) => change.accept_terms = Some(true),
        // Their bodies are always empty.
        Command::ApproveBooking { .. }
        | Command::ApproveReport { .. }
        | Command::StartMaintenance { .. }
        | Command::CompleteMaintenance { .. } => {}
        Command::CreateReport(new) => new.notes = Some("altered".to_owned()),
        Command::CreateMaintenance(new) => new.reason = Some("altered".to_owned()),
        Command::ChangeMaintenance(change) => {
            change.due_at = change.due_at.map(|at| at.plus_minutes(10));
        }
        Command::AdjustCost { reason, .. } => reason.push('!'),
        Command::CancelBooking { reason: text, .. }
        | Command::CancelMaintenance { reason: text, .. }
        | Command::RejectReport { reason: text, .. }
        | Command::RejectBooking { reason: text, .. }
        | Command::CheckIn { condition_notes: text, .. } => *text = Some("altered".to_owned()),
        Command::CheckOut { extra_cost_minor, .. } => *extra_cost_minor = Some(77),
    }
    body
}
