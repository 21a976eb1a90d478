//! Random steps, rolled from what the model has: so the clock often stands on a border, and commands
//! often meet a booking that they are meant for.

use std::sync::Arc;

use holdfast_domain::asset::{
    AssetStatus,
    BookingStatus::{
        self, Cancelled, CheckedIn, CheckedOut, Confirmed, Expired, NoShow, PendingApproval,
        Rejected,
    },
};

use super::{
    asset::{Model, Used},
    claims::DAY,
    dice::Dice,
    seen::{CALLERS, Seen},
    step::{Ask, Match, Step},
    terms::{MINUTE, Rules},
};

/// Who gets something done.
const REGULARS: [&str; 4] = ["ann", "boss", "bob", "chief"];

/// The days on which a zone's clocks are changed in 2026, at noon before.
pub(super) const CHANGES: [i64; 6] = [
    1_772_884_800_000, // 7 March, New York
    1_774_699_200_000, // 28 March, Berlin
    1_775_304_000_000, // 4 April, Lord Howe
    1_791_028_800_000, // 3 October, Lord Howe
    1_792_843_200_000, // 24 October, Berlin
    1_793_448_000_000, // 31 October, New York
];

/// What a step is rolled from.
#[derive(Debug)]
pub(super) struct View {
    pub(super) clock: i64,
    pub(super) at: i64,
    /// Instants at which an answer may change.
    pub(super) borders: Vec<i64>,
    pub(super) bookings: Vec<Seen>,
    pub(super) asset_version: u64,
    pub(super) is_active: bool,
    pub(super) terms_version: u64,
    pub(super) rules: Arc<Rules>,
    pub(super) palette: Vec<Arc<Rules>>,
    pub(super) recent: Vec<Used>,
}

impl View {
    pub(super) fn of(model: &Model) -> Self {
        let rules = model.current();
        let mut borders = Vec::new();
        let bookings: Vec<Seen> = model.lines.iter().map(Seen::of).collect();
        let from = bookings.len().saturating_sub(8);
        for (n, seen) in bookings.iter().enumerate() {
            if seen.status.is_live() || n >= from {
                borders.extend([seen.start, seen.end, seen.early, seen.no_show, seen.cutoff]);
                borders.extend([seen.grace, seen.expires, seen.start - rules.deadline * MINUTE]);
                borders.extend(model.lines[n].claim(model.at).map(|claim| claim.1));
            }
        }
        borders.sort_unstable();
        borders.dedup();
        Self {
            clock: model.clock,
            at: model.at,
            borders,
            bookings,
            asset_version: model.asset.version,
            is_active: model.asset.status == AssetStatus::Active,
            terms_version: model.asset.terms_version,
            rules: Arc::clone(rules),
            palette: model.palette.clone(),
            recent: model.used[1..].iter().rev().take(4).cloned().collect(),
        }
    }

    pub(super) fn roll(&self, dice: &mut Dice<'_>) -> Step {
        let mut clock = self.roll_clock(dice).max(0);
        if dice.one_in(16) && !self.recent.is_empty() {
            let again = &self.recent[dice.roll(self.recent.len())].step;
            return Step { clock, ..again.clone() };
        }
        let key = if dice.one_in(12) {
            format!("key-{}", dice.roll(3))
        } else {
            format!("fresh {} {}", dice.roll(1 << 16), self.at)
        };
        let of: &[_] = if dice.one_in(3) { &CALLERS } else { &REGULARS };
        let mut caller = dice.pick(of);
        let ask = self.roll_ask(dice, caller, clock.max(self.at));
        let mut version = self.asset_version;
        let seen = ask.booking().and_then(|n| self.bookings.get(n));
        let is_usual = !dice.one_in(5);
        match (&ask, seen) {
            (Ask::Approve(_) | Ask::Reject(..) | Ask::Adjust(..), Some(_)) if is_usual => {
                caller = dice.pick(&["boss", "chief"]);
            }
            (_, Some(seen)) if is_usual => caller = dice.pick(&[seen.owner, seen.owner, "boss"]),
            (Ask::Status(_) | Ask::Share(_) | Ask::Terms(_), _) if is_usual => caller = "boss",
            _ => {}
        }
        if let Some(seen) = seen {
            let aimed = seen.aim(dice, &ask);
            let is_aimed = match ask {
                Ask::Move { .. } | Ask::Cancel(_) => dice.one_in(3),
                _ => !dice.one_in(3),
            };
            if is_aimed && aimed >= self.clock {
                clock = aimed;
            }
            version = seen.version;
        }
        let matches = match dice.roll(40) {
            36.. => Match::Version(version - dice.roll(2) as u64),
            35 => Match::Missing,
            _ => Match::Any,
        };
        Step { clock, caller, key, matches, ask }
    }

    fn roll_clock(&self, dice: &mut Dice<'_>) -> i64 {
        let jitter = [0, 0, 0, 0, -1, 1, -MINUTE, MINUTE];
        match dice.roll(16) {
            0..=7 => self.clock,
            8..=11 => {
                let next = self.borders.partition_point(|it| *it <= self.clock);
                let near = &self.borders[next..self.borders.len().min(next + 3)];
                if near.is_empty() { self.clock } else { dice.pick(near) + dice.pick(&jitter) }
            }
            12 if !self.borders.is_empty() => dice.pick(&self.borders) + dice.pick(&jitter),
            12 | 13 => {
                self.clock
                    + dice.pick(&[1, 5, 15, 60, 240]) * MINUTE
                    + dice.pick(&[0, 0, 0, 12_345])
            }
            14 => self.clock - dice.pick(&[1, 5, 60, 24 * 60]) * MINUTE,
            _ => {
                let change = CHANGES.iter().find(|it| **it > self.clock).copied();
                let by = dice.pick(&[DAY / 3, DAY, DAY - 1, 3 * DAY]);
                if dice.one_in(8) { change.unwrap_or(self.clock) } else { self.clock + by }
            }
        }
    }

    /// One that the command is meant for, most of the time.
    pub(super) fn roll_booking(&self, dice: &mut Dice<'_>, meant: &[BookingStatus]) -> usize {
        let is_meant = |n: &usize| meant.contains(&self.bookings[*n].status);
        let meant: Vec<usize> = (0..self.bookings.len()).filter(is_meant).collect();
        if meant.is_empty() || dice.one_in(12) {
            dice.roll(self.bookings.len() + 1)
        } else {
            dice.pick(&meant)
        }
    }

    fn roll_ask(&self, dice: &mut Dice<'_>, caller: &'static str, now: i64) -> Ask {
        let any = |status: BookingStatus| self.bookings.iter().any(|it| it.status == status);
        let notes = |dice: &mut Dice<'_>| dice.pick(&[None, Some("scratch")]).map(Into::into);
        match dice.roll(60) {
            0..=2 if !self.is_active => Ask::Status(AssetStatus::Active),
            3..=14 if any(Confirmed) || any(CheckedIn) => self.roll_move(dice, now),
            15..=18 if any(CheckedIn) => {
                let extra = [None, None, Some(500), None, Some(0), Some((1 << 53) - 1)];
                Ask::CheckOut(self.roll_booking(dice, &[CheckedIn]), dice.pick(&extra))
            }
            15..=23 if any(Confirmed) => {
                let n = self.roll_booking(dice, &[Confirmed]);
                Ask::CheckIn(if dice.one_in(30) { usize::MAX } else { n }, notes(dice))
            }
            24..=31 if any(PendingApproval) => {
                Ask::Approve(self.roll_booking(dice, &[PendingApproval]))
            }
            32 if any(PendingApproval) => {
                Ask::Reject(self.roll_booking(dice, &[PendingApproval]), notes(dice))
            }
            33 | 34 if any(Confirmed) || any(PendingApproval) => {
                Ask::Cancel(self.roll_booking(dice, &[Confirmed, PendingApproval]))
            }
            35 => {
                let amounts = [100, -500, -1, (1 << 53) - 1, -990, (1 << 53) - 1_000];
                let over = [CheckedOut, Cancelled, Rejected, Expired, NoShow];
                Ask::Adjust(self.roll_booking(dice, &over), dice.pick(&amounts))
            }
            36 => self.roll_status(dice),
            37 => Ask::Share(dice.pick(&[&["*"][..], &[], &["org_2"]]).to_vec()),
            38 | 39 => Ask::Terms(Arc::clone(&self.palette[dice.roll(self.palette.len())])),
            40 => {
                let start = self.roll_start(dice, now);
                Ask::Quote { start, end: self.roll_end(dice, start) }
            }
            41 | 42 => {
                let from = now + dice.pick(&[0, 0, 30 * MINUTE, DAY]);
                Ask::Availability { from, to: from + dice.pick(&[DAY, 3 * 60 * MINUTE, 92 * DAY]) }
            }
            43 => self.roll_stray(dice),
            _ => self.roll_book(dice, caller, now),
        }
    }

    /// Whatever the booking's status, if there is such a booking.
    fn roll_stray(&self, dice: &mut Dice<'_>) -> Ask {
        let n = dice.roll(self.bookings.len() + 1);
        match dice.roll(6) {
            0 => Ask::CheckIn(n, None),
            1 => Ask::CheckOut(n, None),
            2 => Ask::Cancel(n),
            3 => Ask::Approve(n),
            4 => Ask::Adjust(n, -500),
            _ => Ask::Reject(n, None),
        }
    }

    fn roll_status(&self, dice: &mut Dice<'_>) -> Ask {
        Ask::Status(match dice.roll(12) {
            0..=3 => AssetStatus::Active,
            _ if !self.is_active => AssetStatus::Active,
            4..=6 => AssetStatus::Maintenance,
            7..=9 => AssetStatus::Inactive,
            10 if dice.one_in(4) => AssetStatus::Retired,
            _ => AssetStatus::Active,
        })
    }
}
