//! What must happen by itself, by the documents alone: no index, no order, every live
//! booking and every open maintenance asked.

use holdfast_domain::{Stamp, Timestamp, asset::BookingStatus};

use super::{BookingImage, Chronicle, claims::minutes};

const MINUTE_MS: i64 = 60_000;

/// Something that is to happen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Due {
    pub(super) at: Timestamp,
    pub(super) what: What,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum What {
    /// The status it leaves a booking in; an overdue one stays checked in.
    Status(Stamp, BookingStatus),
    /// A maintenance tells that it is due in so many minutes.
    Notice(Stamp, i64),
}

/// When the asset next wants to be looked at: at once while something is owed.
pub(super) fn next_due(chronicle: &Chronicle) -> Option<Timestamp> {
    if chronicle.owed().is_empty() {
        return next(chronicle).map(|due| due.at);
    }
    chronicle.records.last().map(|last| last.at)
}

/// The next thing to happen; of several at once that of the oldest booking, then of the oldest
/// maintenance.
pub(super) fn next(chronicle: &Chronicle) -> Option<Due> {
    let live = chronicle.bookings_at(chronicle.version());
    let of_bookings = live.filter_map(|(stamp, image)| of(chronicle, stamp, image));
    let of_bookings = of_bookings.min_by_key(|due| (due.at, due.what.stamp()));
    let notices = chronicle.upkeep.open.iter().filter_map(|(stamp, open)| {
        let (at, minutes) = open.next_notice()?;
        Some(Due { at, what: What::Notice(*stamp, minutes) })
    });
    let notices = notices.min_by_key(|due| (due.at, due.what.stamp()));
    of_bookings.into_iter().chain(notices).min_by_key(|due| due.at)
}

impl What {
    fn stamp(self) -> Stamp {
        match self {
            Self::Status(stamp, _) | Self::Notice(stamp, _) => stamp,
        }
    }
}

fn of(chronicle: &Chronicle, booking: Stamp, image: &BookingImage) -> Option<Due> {
    let facts = &image.facts;
    let (at, status) = match facts.status {
        BookingStatus::PendingApproval => (facts.approvals[0].expires_at, BookingStatus::Expired),
        BookingStatus::CheckedIn if !facts.overdue => (facts.end, BookingStatus::CheckedIn),
        BookingStatus::Confirmed => no_show(chronicle, image),
        _ => return None,
    };
    Some(Due { at, what: What::Status(booking, status) })
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
