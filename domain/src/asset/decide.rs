//! One command against one state: the record to append, a stored result, or a refusal.

use crate::{
    asset::{AssetState, BookingDocument},
    id::BookingId,
    record::Record,
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

/// Visibility and role, then replay, then preconditions, then the rules (the order of api section 1).
///
/// `now` may lie before the state's newest record; the record's time never does.
pub fn decide(
    state: &AssetState,
    request: &Request,
    now: Timestamp,
    finished: Finished<'_>,
) -> Verdict {
    let _ = (state, request, now, finished);
    unimplemented!()
}
