//! What a random step needs to know of a booking, and when a command on it is worth asking.

use holdfast_domain::asset::BookingStatus::{self, CheckedIn};

use super::{
    asset::Line,
    dice::Dice,
    step::{Ask, Caller},
    terms::MINUTE,
};

/// Whoever may be met, most often those who get something done.
pub(super) const CALLERS: [&str; 20] = [
    "ann",
    "ann",
    "ann",
    "ann",
    "boss",
    "boss",
    "boss",
    "boss",
    "bob",
    "bob",
    "chief",
    "chief",
    "chief",
    "near-boss",
    "far-ann",
    "far-boss",
    "guest",
    "guest-ann",
    "guest-boss",
    "auditor",
];

/// What a step needs to know of a booking.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) status: BookingStatus,
    pub(super) owner: &'static str,
    pub(super) version: u64,
    pub(super) start: i64,
    pub(super) end: i64,
    /// When each command meets its borders.
    pub(super) expires: i64,
    pub(super) early: i64,
    pub(super) no_show: i64,
    pub(super) cutoff: i64,
    pub(super) grace: i64,
}

impl Seen {
    pub(super) fn of(line: &Line) -> Self {
        let (start, end) = line.span();
        let terms = &line.terms;
        let wait = terms.no_show.map_or(end - start, |it| it * MINUTE).min(end - start);
        let owns = |name: &&&'static str| Caller::of(name).owns(&line.doc);
        Self {
            status: line.doc.status,
            owner: CALLERS.iter().find(owns).copied().unwrap_or("boss"),
            version: line.doc.version,
            start,
            end,
            expires: line.doc.approvals.first().map_or(start, |it| it.expires_at.millis()),
            early: start - terms.early * MINUTE,
            no_show: start + wait,
            cutoff: start - terms.cutoff * MINUTE,
            grace: end + terms.price.late.as_ref().map_or(0, |fee| fee.grace * MINUTE),
        }
    }

    /// A moment at which the command is worth asking, often on a border.
    pub(super) fn aim(&self, dice: &mut Dice<'_>, ask: &Ask) -> i64 {
        let length = self.end - self.start;
        match ask {
            Ask::CheckIn(..) => dice.pick(&[
                self.start,
                self.early,
                self.start + MINUTE,
                self.start - 1,
                self.no_show - 1,
                self.early - 1,
                self.start + 12_345,
            ]),
            Ask::CheckOut(..) => dice.pick(&[
                self.end,
                self.end - 10 * MINUTE,
                self.end + MINUTE,
                self.grace,
                self.grace + 1,
                self.end + 47 * MINUTE - 1,
                self.end + 20 * 60 * MINUTE,
                self.start + length / 3,
            ]),
            Ask::Approve(_) | Ask::Reject(..) => dice.pick(&[self.expires - 1, self.start - 1]),
            Ask::Move { .. } if self.status == CheckedIn => {
                dice.pick(&[self.end - MINUTE, self.end, self.end + MINUTE, self.start, self.grace])
            }
            Ask::Cancel(_) | Ask::Move { .. } => {
                dice.pick(&[self.cutoff - 1, self.cutoff, self.early, self.start - 1])
            }
            _ => self.end,
        }
    }
}
