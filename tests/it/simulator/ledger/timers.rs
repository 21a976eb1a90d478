//! What must happen by itself, by the documents alone: no index, no order, every live booking asked.

use holdfast_domain::{Stamp, Timestamp, asset::BookingStatus};

use super::{BookingImage, Chronicle, claims::minutes};

const MINUTE_MS: i64 = 60_000;

/// Something that is to happen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Due {
    pub(super) at: Timestamp,
    pub(super) booking: Stamp,
    /// The status it leaves; an overdue booking stays checked in.
    pub(super) status: BookingStatus,
}

/// The next thing to happen; of several at once, that of the oldest booking.
pub(super) fn next(chronicle: &Chronicle) -> Option<Due> {
    let live = chronicle.bookings_at(chronicle.version());
    live.filter_map(|(stamp, image)| of(chronicle, stamp, image))
        .min_by_key(|due| (due.at, due.booking))
}

fn of(chronicle: &Chronicle, booking: Stamp, image: &BookingImage) -> Option<Due> {
    let facts = &image.facts;
    let (at, status) = match facts.status {
        BookingStatus::PendingApproval => (facts.approvals[0].expires_at, BookingStatus::Expired),
        BookingStatus::CheckedIn if !facts.overdue => (facts.end, BookingStatus::CheckedIn),
        BookingStatus::Confirmed => no_show(chronicle, image),
        _ => return None,
    };
    Some(Due { at, booking, status })
}

fn no_show(chronicle: &Chronicle, image: &BookingImage) -> (Timestamp, BookingStatus) {
    let (start, end) = (image.facts.start, image.facts.end);
    let Some(since) = chronicle.free_since else { return (end, BookingStatus::Expired) };
    let terms = chronicle.terms(image.facts.terms_version);
    let patience = minutes(&terms["check_in"]["no_show_after_minutes"]);
    let length = end.millis() - start.millis();
    let patience = patience.map_or(length, |minutes| (minutes * MINUTE_MS).min(length));
    let given_up = start.max(since).plus_millis(patience);
    if given_up > end { (end, BookingStatus::Expired) } else { (given_up, BookingStatus::NoShow) }
}
