//! Random windows: near now, beside other bookings, at opening and closing times, at every limit.

use chrono::Days;
use holdfast_domain::asset::BookingStatus::{CheckedIn, Confirmed};

use super::{
    claims::{DAY, advance_days},
    dice::Dice,
    hours::local_date,
    roll::View,
    step::{Ask, Caller},
    terms::MINUTE,
};

impl View {
    pub(super) fn roll_start(&self, dice: &mut Dice<'_>, now: i64) -> i64 {
        let soon = (now.max(now + self.rules.deadline * MINUTE) / MINUTE + 1) * MINUTE;
        let jitter = dice.pick(&[0, 0, 0, 0, 0, 0, -1, 1, -MINUTE, MINUTE]);
        match dice.roll(20) {
            0..=4 => soon + dice.pick(&[15, 30, 60, 90, 120, 240, 600]) * MINUTE,
            5..=8 => {
                let buffers = (self.rules.before + self.rules.after) * MINUTE;
                let border = self.border(dice, soon, soon);
                border + dice.pick(&[0, self.rules.before * MINUTE, buffers]) + jitter
            }
            9..=11 => match self.bookings.last() {
                Some(last) if last.status.is_live() => last.end.max(soon) + jitter,
                _ => soon,
            },
            12..=15 => self.wall(dice, soon) + jitter,
            16 => now + self.rules.deadline * MINUTE + jitter,
            17 => now + (dice.roll(3) as i64 + 1) * DAY,
            18 if dice.one_in(2) => now - dice.pick(&[0, 1, 90 * DAY]),
            18 => now + advance_days(&self.rules) * DAY + jitter,
            _ => soon,
        }
    }

    /// Where something opens or closes in the next days.
    fn wall(&self, dice: &mut Dice<'_>, now: i64) -> i64 {
        let Some(hours) = &self.rules.hours else { return now + 30 * MINUTE };
        let date = local_date(self.rules.zone, now) + Days::new(dice.roll(3) as u64);
        let hours = hours.on(self.rules.zone, date);
        if hours.is_empty() {
            return now + 30 * MINUTE;
        }
        let (open, close) = dice.pick(&hours);
        if dice.one_in(3) { close } else { open }
    }

    pub(super) fn roll_end(&self, dice: &mut Dice<'_>, start: i64) -> i64 {
        let (min, max) = (self.rules.min, self.rules.max.unwrap_or(366 * 24 * 60));
        let end = match dice.roll(10) {
            0..=4 => start + dice.pick(&[30, 60, 15, 120, 45]).clamp(min, max) * MINUTE,
            5 => start + dice.pick(&[480, 1, 1440, 1500, 2880, 90 * 1440]) * MINUTE,
            6 => start + dice.pick(&[min, max, min - 1, max + 1]) * MINUTE,
            7 => self.wall(dice, start),
            8 => start + dice.pick(&[10 * MINUTE, 30 * MINUTE + 1, 59_999]),
            _ => self.border(dice, start, start + 60 * MINUTE),
        };
        if end > start { end } else { start + 30 * MINUTE }
    }

    pub(super) fn roll_book(&self, dice: &mut Dice<'_>, caller: &'static str, now: i64) -> Ask {
        let start = self.roll_start(dice, now);
        let own = Caller::of(caller).subject;
        let user = if dice.one_in(10) { dice.pick(&["bob", "ann"]) } else { own };
        let terms = match dice.roll(20) {
            19 => Some(self.terms_version - 1),
            18 => Some(self.terms_version),
            _ => None,
        };
        Ask::Book { user, start, end: self.roll_end(dice, start), accept: !dice.one_in(40), terms }
    }

    pub(super) fn roll_move(&self, dice: &mut Dice<'_>, now: i64) -> Ask {
        let meant: &[_] = if dice.one_in(2) { &[CheckedIn] } else { &[Confirmed, CheckedIn] };
        let n = self.roll_booking(dice, meant);
        let seen = self.bookings.get(n);
        let is_out = seen.is_some_and(|it| it.status == CheckedIn);
        let (from, to) = seen.map_or((now, now), |it| (it.start, it.end));
        let by = dice.pick(&[30, 60, -10, 15, -30, 5, 240]) * MINUTE;
        let (mut start, mut end) = (None, None);
        match dice.roll(10) {
            0 | 1 => end = Some(to + by),
            2 => end = Some(self.roll_end(dice, from.max(now))),
            3 => end = Some(self.border(dice, now, now)),
            4 if !is_out || dice.one_in(4) => start = Some(from + by),
            5 | 6 if !is_out => (start, end) = (Some(from + by), Some(to + by)),
            7 if !is_out => {
                let from = self.roll_start(dice, now);
                (start, end) = (Some(from), Some(self.roll_end(dice, from)));
            }
            8 if !is_out => (start, end) = (Some(from + 5 * MINUTE), Some(to - 5 * MINUTE)),
            4..=8 => end = Some(to.max(now) + by),
            _ => {}
        }
        let accept = dice.pick(&[Some(true), Some(true), Some(true), None, Some(false)]);
        Ask::Move { n, start, end, accept }
    }

    /// One of the next borders after an instant.
    fn border(&self, dice: &mut Dice<'_>, after: i64, otherwise: i64) -> i64 {
        let next = self.borders.partition_point(|it| *it <= after);
        self.borders.get(next + dice.roll(4)).copied().unwrap_or(otherwise)
    }
}
