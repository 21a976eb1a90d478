//! What happens next, drawn from the seed: one run is one history of clients, actors, commits, folds,
//! panics and crashes.

use holdfast_actors::{cell::Point, clock::Clock as _};
use holdfast_domain::Tag;
use holdfast_storage::sim::{FaultPlan, views::Crash};

use super::{
    census,
    workload::{between, people},
    world::World,
};

const SEGMENT_BYTES: u32 = 96 * 1024;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// Not more than one group of the log takes.
const QUEUED_MAX: usize = 20;

/// The character of one run.
struct Temper {
    assets: usize,
    commands: usize,
    /// Out of a hundred steps, how many fold; 0 = never.
    folds: u64,
    /// How often the commit stage gets its turn.
    commits: u64,
    /// Of a thousand steps, how many are faults of each kind.
    crashes: u64,
    panics: u64,
    /// Webhook endpoints at once; 0: nobody is told anything.
    endpoints: usize,
    /// Of a hundred steps, after how many something happens on the way to receivers.
    tells: u64,
    /// Days pass now and then, so that keys run out.
    days: bool,
}

/// One whole run. Panics when an invariant does not hold.
pub(super) fn run(seed: u64, world: &mut Option<World>, told: bool) {
    let world = world.insert(World::new(seed, SEGMENT_BYTES, people(), told));
    world.start(&[]);
    let temper = Temper::draw(world);
    world.intruder.comes([0, 2, 6][world.seed.index(3)]);
    let mut sent = 0;
    while sent < temper.commands {
        let before = world.wishes.attempts();
        world.step(&temper, true);
        sent += world.wishes.attempts() - before;
    }
    world.settle();
    world.run_out();
    if temper.endpoints > 0 {
        if world.seed.one_in(8) {
            world.days_of_failure();
        }
        world.hush();
    }
    world.check_all();
    world.fold(true, None);
    world.check_all();
    world.kill(&Crash::Empty, &[]);
    world.check_all();
    if temper.endpoints > 0 {
        world.nobody_is_told_again();
    }
    census::count(&world.ledger);
}

impl Temper {
    fn draw(world: &mut World) -> Self {
        let seed = &mut world.seed;
        let long = seed.one_in(12);
        Self {
            assets: if long { 1 } else { 1 + seed.index(4) },
            commands: if long { 200 } else { 90 + seed.index(31) },
            folds: [0, 1, 8][seed.index(3)],
            commits: [2, 8, 20][seed.index(3)],
            crashes: [0, 4, 12][seed.index(3)],
            panics: [0, 10][seed.index(2)],
            endpoints: [0, 0, 1, 3][seed.index(4)],
            tells: [15, 60][seed.index(2)],
            days: long || seed.one_in(4),
        }
    }
}

impl World {
    fn step(&mut self, temper: &Temper, clients: bool) {
        let known = self.ledger.assets.keys().copied().collect();
        self.intruder.knows(known);
        let pick = self.seed.below(100);
        match pick {
            0..22 if clients => self.client(temper),
            22..62 => self.some_turn(temper),
            62..74 => self.some_follow_up(),
            74..77 => self.clock_moves(temper),
            98 => self.tick(),
            77..78 => self.prepare(),
            78..80 => self.rarely(temper),
            _ if pick >= 100 - temper.commits => {
                let most = self.seed.one_in(3).then(|| 1 + self.seed.index(3));
                self.commit(most);
            }
            80..88 if pick - 80 < temper.folds => self.some_fold(),
            _ => {}
        }
        if temper.endpoints > 0 && self.seed.below(100) < temper.tells {
            self.post_moves();
        }
        self.listen();
        self.judge_intrusions();
        if self.is_poisoned() && self.seed.one_in(3) {
            self.some_restart();
        }
    }

    fn client(&mut self, temper: &Temper) {
        if self.machine().cast.queued() >= QUEUED_MAX {
            return;
        }
        if temper.endpoints > 0 && self.seed.one_in(12) {
            self.client_orders(temper.endpoints);
        } else if self.seed.one_in(3) {
            self.client_reads();
        } else {
            self.client_writes(temper.assets);
        }
    }

    fn some_turn(&mut self, temper: &Temper) {
        let busy = self.machine().cast.busy();
        if busy.is_empty() {
            return;
        }
        let actor = busy[self.seed.index(busy.len())];
        let panics = self.seed.below(1_000) < temper.panics;
        let point = [Point::Decided, Point::Applied, Point::HandedOver][self.seed.index(3)];
        // At a record that follows from another one too.
        let number = if self.seed.one_in(2) { 0 } else { self.seed.index(4) };
        self.turn(actor, panics.then_some((point, number)));
    }

    fn some_follow_up(&mut self) {
        if !self.follow_ups.is_empty() {
            let index = self.seed.index(self.follow_ups.len());
            self.follow_up(index);
        } else if self.seed.one_in(2) {
            self.hear_of_death();
        }
    }

    fn some_fold(&mut self) {
        let failing_after = self.seed.one_in(5).then(|| self.seed.below(12));
        let force = !self.seed.one_in(4);
        self.fold(force, failing_after);
    }

    fn clock_moves(&mut self, temper: &Temper) {
        let now = self.machine().ground.clock.now();
        if self.seed.one_in(6)
            && let Some(border) = self.some_border()
            && let Ok(millis) = u32::try_from(border.millis() - now.millis())
        {
            // Exactly there, or just not there yet.
            let millis = millis - u32::from(self.seed.one_in(4));
            self.note(|| format!("{millis} ms pass, up to {border}"));
            return self.machine().ground.clock.advance_ms(millis);
        }
        let minutes = match self.seed.below(40) {
            0 if temper.days => 60 * between(&mut self.seed, 10, 80),
            0 | 1 => 90,
            2..6 => {
                let back = 1_000 * i64::try_from(self.seed.below(7_200)).expect("small");
                let now = self.machine().ground.clock.now();
                self.note(|| format!("the wall clock jumps back {back} ms"));
                self.machine().ground.clock.set(now.plus_millis(-back));
                return;
            }
            6..20 => between(&mut self.seed, 1, 12),
            _ => 0,
        };
        let millis = minutes * 60_000 + self.seed.below(3_000);
        self.note(|| format!("{millis} ms pass"));
        let millis = u32::try_from(millis).expect("some days fit");
        self.machine().ground.clock.advance_ms(millis);
    }

    /// What goes wrong, and what tidies up.
    fn rarely(&mut self, temper: &Temper) {
        match self.seed.below(8) {
            0..3 => self.passivate(),
            3 => {
                if let Some(tag) = self.some_tag() {
                    self.discard(tag);
                }
            }
            4 => {
                if let Some(tag) = self.some_tag() {
                    self.release(tag);
                }
            }
            5 => {
                if let Some(tag) = self.some_tag() {
                    self.check_asset(tag);
                }
            }
            _ if self.seed.below(12) < temper.crashes => self.some_fault(),
            _ => {}
        }
    }

    fn some_tag(&mut self) -> Option<Tag> {
        let tags: Vec<Tag> = self.ledger.assets.keys().copied().collect();
        (!tags.is_empty()).then(|| tags[self.seed.index(tags.len())])
    }

    fn some_fault(&mut self) {
        let nth = Some(1 + self.seed.below(6));
        let plan = match self.seed.below(8) {
            0 => FaultPlan { crash_at: nth, ..FaultPlan::default() },
            1 => FaultPlan { fail_write: nth, ..FaultPlan::default() },
            2 | 3 => FaultPlan { fail_sync: nth, ..FaultPlan::default() },
            4 => {
                let space_bytes = Some(between(&mut self.seed, 100, 600) * 1024);
                FaultPlan { space_bytes, ..FaultPlan::default() }
            }
            _ => return self.some_restart(),
        };
        self.plan(plan);
    }

    fn some_restart(&mut self) {
        let views = match self.seed.below(6) {
            0 => Crash::Empty,
            1 | 2 => Crash::Flushed(self.seed.index(4)),
            3 => Crash::Partly(vec![true]),
            _ => {
                let turns = 1 + self.seed.index(7);
                Crash::Partly((0..turns).map(|_| self.seed.one_in(2)).collect())
            }
        };
        let crashes = [0, 0, 1, 2][self.seed.index(4)];
        let crash_points: Vec<u64> = (0..crashes).map(|_| 1 + self.seed.below(12)).collect();
        if self.seed.one_in(2) {
            self.crash(&views, &crash_points);
        } else {
            self.kill(&views, &crash_points);
        }
        self.check_all();
    }

    /// Everything under way comes to its end; every wish that is still open is asked again until it
    /// is answered.
    pub(super) fn settle(&mut self) {
        if self.fault_planned {
            self.crash(&Crash::Flushed(0), &[]);
        }
        for _ in 0..1_000 {
            self.drain();
            let open = (0..self.wishes.len()).find(|wish| !self.wishes.get(*wish).settled);
            if let Some(order) = self.orders.open().filter(|_| open.is_none()) {
                self.send_order(order);
                continue;
            }
            let Some(open) = open else { return };
            self.machine().ground.clock.advance_ms(500);
            let tags: Vec<Tag> = self.ledger.assets.keys().copied().collect();
            tags.into_iter().for_each(|tag| {
                self.machine().router.release(tag);
            });
            self.send(open);
        }
        panic!("a wish is never answered");
    }

    /// Days pass in which nobody asks for anything: all that is to happen by itself has happened.
    fn run_out(&mut self) {
        for _ in 0..200 {
            self.drain();
            let Some(due) = self.ledger.next_due() else { return };
            let clock = &self.machine().ground.clock;
            // An asset that could not be told is told again by a clock that may have jumped back since.
            let wait_ms = (due.millis() - clock.now().millis()).clamp(DAY_MS / 100, 40 * DAY_MS);
            clock.advance_ms(u32::try_from(wait_ms).expect("less than 49 days"));
            self.tick();
        }
        panic!("I9: something due never happens");
    }

    pub(super) fn drain(&mut self) {
        loop {
            let busy = self.machine().cast.busy();
            for actor in &busy {
                self.turn(*actor, None);
            }
            if self.machine().withheld.is_some() {
                self.commit(None);
            }
            self.commit(None);
            self.listen();
            while !self.follow_ups.is_empty() {
                self.follow_up(0);
            }
            while !self.deaths.is_empty() {
                self.hear_of_death();
            }
            if busy.is_empty() && self.asked.is_empty() {
                return;
            }
        }
    }
}
