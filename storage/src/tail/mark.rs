//! What the indices need to know of a record: which booking or item its document is an image of.
//!
//! A record is the image of one resource, so one mark is enough. It must stay small: the tail holds
//! one per record.

use holdfast_domain::{BookingMark, Outcome, Record, Stamp, Subject, Tag};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mark {
    Booking(BookingMark),
    Item(ItemMark),
}

/// A condition report or a maintenance of the record's asset.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ItemMark {
    pub noun: Noun,
    pub stamp: Stamp,
}

/// The kinds of items. The numbers are part of the views' keys.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Noun {
    Report = 0,
    Maintenance = 1,
}

impl Mark {
    pub fn of(record: &Record) -> Option<Self> {
        let Outcome::Accepted(accepted) = &record.outcome else { return None };
        match ItemMark::of(accepted.subject) {
            Some((_, item)) => Some(Self::Item(item)),
            None => accepted.booking.map(Self::Booking),
        }
    }

    pub(crate) const fn booking(self) -> Option<BookingMark> {
        match self {
            Self::Booking(mark) => Some(mark),
            Self::Item(_) => None,
        }
    }
}

impl ItemMark {
    /// `None` for what is no item.
    pub(crate) const fn of(subject: Subject) -> Option<(Tag, Self)> {
        match subject {
            Subject::Report(id) => Some((id.tag, Self { noun: Noun::Report, stamp: id.stamp })),
            Subject::Maintenance(id) => {
                Some((id.tag, Self { noun: Noun::Maintenance, stamp: id.stamp }))
            }
            Subject::Asset(_)
            | Subject::Booking(_)
            | Subject::Endpoint(_)
            | Subject::Delivery(_)
            | Subject::Registry(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_takes_no_more_room_than_that_of_a_booking() {
        assert_eq!(size_of::<Option<Mark>>(), size_of::<BookingMark>());
    }
}
