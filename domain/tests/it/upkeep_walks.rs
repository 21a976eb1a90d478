//! Random walks over maintenance schedules, against a naive reading of the contract: no notice is
//! missed and none is told twice, across restarts, jumps of time and changes of the rules.

mod naive;

use std::collections::BTreeMap;

use holdfast_domain::{
    MaintenanceId, Outcome, Timestamp,
    asset::{
        AssetChange, AssetState, AssetStatus, Change, Command, Event, MaintenanceChange,
        MaintenanceDocument, MaintenanceType, NewBooking, NewMaintenance, Trigger,
    },
    rejection::Window,
};
use serde_json::json;

use crate::world::{Manner, World, t, who};
use naive::{Key, Naive, Spec, Told};

/// In each of four tests, which run beside each other.
const WALKS: u64 = 2_500;
const STEPS: u64 = 10;
const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

#[test]
fn walks_in_the_first_zone_tell_each_notice_once() {
    walk_in("Europe/Berlin", 0);
}

#[test]
fn walks_in_the_second_zone_tell_each_notice_once() {
    walk_in("America/New_York", 1);
}

#[test]
fn walks_in_the_third_zone_tell_each_notice_once() {
    walk_in("Australia/Lord_Howe", 2);
}

#[test]
fn walks_in_the_fourth_zone_tell_each_notice_once() {
    walk_in("UTC", 3);
}

fn walk_in(zone: &str, part: u64) {
    let mut told = 0;
    for seed in part * WALKS..(part + 1) * WALKS {
        let mut walk = Walk::new(seed, zone);
        for _ in 0..STEPS {
            walk.step();
        }
        walk.agrees();
        told += walk.naive.told.len();
    }
    // The walks are worth something only when much is told in them.
    assert!(told > 10_000, "{told}");
}

struct Walk {
    seed: u64,
    dice: u64,
    now: i64,
    world: World,
    naive: Naive,
}

impl Walk {
    /// Clocks change within the weeks from then on.
    fn new(seed: u64, zone: &str) -> Self {
        let terms = json!({"time_zone": zone});
        let mut world = World::with_terms(Some(terms.to_string()));
        world.decides_twice = false;
        let (now, dice) = (t("00:00").millis(), seed.wrapping_mul(0xd134_2543_de82_ef95));
        let mut walk = Self { seed, dice, now, world, naive: Naive::default() };
        walk.put();
        walk
    }

    fn roll(&mut self, sides: u64) -> u64 {
        self.dice = self.dice.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.dice;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    fn below(&mut self, sides: u64) -> i64 {
        i64::try_from(self.roll(sides)).unwrap()
    }

    fn step(&mut self) {
        match self.roll(4) {
            0 => self.now += self.below(90) * MINUTE + self.below(3),
            1 => self.now += self.below(40) * DAY / 4,
            2 => self.now += self.below(60) * DAY,
            _ => {}
        }
        match self.roll(16) {
            0..=2 => self.put(),
            3..=6 => self.work(),
            7..=9 => self.use_it(),
            10 | 11 => self.move_one(),
            12 => self.ad_hoc(),
            13 | 14 => self.restart(),
            _ if self.roll(4) == 0 => self.retire(),
            _ => {
                self.world.settle(Timestamp::from_millis(self.now));
                self.naive.advance(self.now);
            }
        }
    }

    fn ask(&mut self, command: Command) -> String {
        self.naive.advance(self.now);
        let now = Timestamp::from_millis(self.now);
        self.world.ask(&who("boss"), command, now, &Manner::default())
    }

    /// Another schedule of up to three of four rules.
    fn put(&mut self) {
        let mut specs = Vec::new();
        for id in ["a", "b", "c", "d"] {
            if self.roll(2) == 0 {
                specs.push(self.spec(id));
            } else if self.roll(3) == 0 {
                specs.extend(self.naive.spec(id));
            }
        }
        let rules: Vec<_> = specs.iter().map(Spec::json).collect();
        let schedule = Some(Change::Set(json!({"rules": rules}).to_string()));
        let change = AssetChange { maintenance_schedule: schedule, ..AssetChange::default() };
        self.ask(Command::UpdateAsset(change));
        self.naive.put(&specs, self.now);
    }

    fn spec(&mut self, id: &'static str) -> Spec {
        let by = 1 + self.roll(7);
        let days = (by & 1 != 0).then(|| 1 + self.below(9));
        let first = days.filter(|_| self.roll(2) == 0);
        let notices = [0, 30, 90, 1_440, 2_880, 14_400];
        Spec {
            id,
            days,
            uses: (by & 2 != 0).then(|| 1 + self.below(3)),
            minutes: (by & 4 != 0).then(|| 1 + self.below(40)),
            first: first.map(|_| self.now - 20 * DAY + self.below(60) * DAY / 2),
            notices: notices.into_iter().filter(|_| self.roll(3) == 0).collect(),
            fixed: self.roll(2) == 0,
        }
    }

    fn one(&mut self) -> Option<(MaintenanceId, Key)> {
        let open: Vec<_> = self.world.state.open_maintenance().collect();
        let index = self.roll(u64::try_from(open.len()).unwrap().max(1));
        let id = *open.get(usize::try_from(index).unwrap())?;
        let key = self.keys()[&id].clone();
        Some((id, key))
    }

    fn work(&mut self) {
        let Some((maintenance, key)) = self.one() else { return };
        let (command, verb) = match self.roll(4) {
            0 => (Command::StartMaintenance { maintenance }, "start"),
            1 => (Command::CancelMaintenance { maintenance, reason: None }, "cancel"),
            _ => (Command::CompleteMaintenance { maintenance }, "complete"),
        };
        let answer = self.ask(command);
        let expected = self.naive.work(&key, verb, self.now);
        assert_eq!(answer, expected, "{}: {verb} {key:?}", self.seed);
    }

    fn move_one(&mut self) {
        let Some((maintenance, key)) = self.one() else { return };
        let due = self.now - 2 * DAY + self.below(40) * DAY / 2;
        let due_at = Some(Timestamp::from_millis(due));
        let change = MaintenanceChange { maintenance, due_at, start: None, end: None };
        let answer = self.ask(Command::ChangeMaintenance(change));
        let expected = self.naive.move_to(&key, due, self.now);
        assert_eq!(answer, expected, "{}: move {key:?}", self.seed);
    }

    fn ad_hoc(&mut self) {
        let due = self.now - DAY + self.below(8) * DAY / 2;
        let due_at = Timestamp::from_millis(due);
        let new = NewMaintenance {
            r#type: MaintenanceType::Safety,
            due_at,
            reason: None,
            start: None,
            end: None,
        };
        if self.ask(Command::CreateMaintenance(new)) == "SCHEDULED" {
            self.naive.ad_hoc(due, self.now);
        }
    }

    /// Booked, taken up and brought back, when the asset lets itself be booked.
    fn use_it(&mut self) {
        let at = |minutes: i64| Timestamp::from_millis(self.now + minutes * MINUTE);
        let window = Window { start: at(10), end: at(70) };
        let new =
            NewBooking { user_id: "boss".into(), window, accept_terms: true, terms_version: None };
        if self.ask(Command::CreateBooking(new)) != "CONFIRMED" {
            return;
        }
        let booking = self.world.bookings.last().copied();
        let answer = self.ask(Command::CheckIn { booking, condition_notes: None });
        assert_eq!(answer, "CHECKED_IN");
        let used = self.below(60 * 60_000);
        self.now += used;
        let answer = self.ask(Command::CheckOut { booking, extra_cost_minor: None });
        assert_eq!(answer, "CHECKED_OUT");
        self.naive.used((used + MINUTE - 1) / MINUTE, self.now);
    }

    fn retire(&mut self) {
        let status = Some(AssetStatus::Retired);
        self.ask(Command::UpdateAsset(AssetChange { status, ..AssetChange::default() }));
        self.naive.retire(self.now);
    }

    /// All that is left is what was stored.
    fn restart(&mut self) {
        let stored = serde_json::to_vec(&self.world.state.to_snapshot()).unwrap();
        let due = self.world.state.next_due();
        self.world.state = AssetState::from_snapshot(serde_json::from_slice(&stored).unwrap());
        assert_eq!(self.world.state.next_due(), due);
    }

    /// `a/1`, and ad-hoc ones by their place.
    fn keys(&self) -> BTreeMap<MaintenanceId, Key> {
        let mut ad_hoc = 0;
        let mut keys = BTreeMap::new();
        for record in &self.world.log {
            let Outcome::Accepted(accepted) = &record.outcome else { continue };
            if let Some(Event::MaintenanceOpened { id, rule, occurrence, .. }) =
                accepted.events.first()
            {
                ad_hoc += u32::from(rule.is_none());
                let number = if rule.is_none() { ad_hoc } else { *occurrence };
                let fresh = keys.insert(*id, (rule.clone(), number));
                assert_eq!(fresh, None, "an id is given once");
            }
        }
        keys
    }

    fn agrees(&self) {
        let keys = self.keys();
        let mut told: Vec<Told> = Vec::new();
        for record in &self.world.log {
            let Outcome::Accepted(accepted) = &record.outcome else { continue };
            if let Some(Event::MaintenanceNoticed { id, notice_minutes, trigger, .. }) =
                accepted.events.first()
            {
                let trigger = match trigger {
                    Trigger::Days => "DAYS",
                    Trigger::Uses => "USES",
                    Trigger::UsageMinutes => "USAGE_MINUTES",
                };
                let notice = i64::from(*notice_minutes);
                told.push((keys[id].clone(), notice, record.at.millis(), trigger));
            }
        }
        told.sort();
        assert!(
            told.windows(2).all(|two| (&two[0].0, two[0].1) != (&two[1].0, two[1].1)),
            "{}: told twice: {told:?}",
            self.seed
        );
        let mut expected = self.naive.told.clone();
        expected.sort();
        assert_eq!(told, expected, "{}: what was told", self.seed);

        let image = |id| {
            let json = self.world.state.maintenance_document(id).unwrap().json;
            let image: MaintenanceDocument = serde_json::from_slice(&json).unwrap();
            (keys[&id].clone(), image.due_at.map(Timestamp::millis), image.status.name())
        };
        let mut open: Vec<_> = self.world.state.open_maintenance().map(image).collect();
        open.sort();
        assert_eq!(open, self.naive.open(), "{}: what is open", self.seed);
    }
}
