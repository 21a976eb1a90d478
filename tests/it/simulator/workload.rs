//! What clients ask for, at random: two orgs, managers and members, a few assets, windows that often
//! meet, keys that are used again. What keeps assets usable is in `upkeep`.

mod upkeep;

use std::sync::Arc;

use holdfast_actors::{
    catalogue::AssetFilter,
    clock::Clock as _,
    message::{Ask, BookingFilter, BookingsAsk},
};
use holdfast_domain::{
    AssetId, BookingId, IfMatch, Locations, Principal, Role, Roles, Stamp, Timestamp,
    asset::{
        AssetChange, AssetStatus, BookingChange, BookingDocument, BookingStatus, Change, Command,
        NewAsset, NewBooking, terms,
    },
    rejection::Window,
};
use holdfast_storage::sim::Seed;

use super::{
    wishes::{Body, Target, WishId, altered},
    world::World,
};

const CATEGORIES: [&str; 2] = ["van", "bike"];
const STEP_MINUTES: i64 = 10;

/// `ann` of both orgs is two people who happen to choose the same keys.
pub(super) fn people() -> Vec<Arc<Principal>> {
    let person = |subject: &str, org: &str, roles: Roles| {
        Arc::new(Principal {
            issuer: "holdfast".to_owned(),
            subject: subject.to_owned(),
            org: org.to_owned(),
            roles,
            locations: Locations::All,
        })
    };
    let member = Roles::default().with(Role::Member);
    vec![
        person("max", "org_1", member.with(Role::Manager)),
        person("ann", "org_1", member),
        person("bob", "org_1", member),
        person("zoe", "org_2", member.with(Role::Admin)),
        person("ann", "org_2", member),
        person("eve", "org_1", member.with(Role::Auditor)),
        person("mia", "org_1", member.with(Role::Manager)),
        person("ivo", "org_2", member.with(Role::Admin)),
    ]
}

impl World {
    fn person(&mut self) -> Arc<Principal> {
        let index = self.seed.index(self.people.len());
        Arc::clone(&self.people[index])
    }

    fn manager(&mut self) -> Arc<Principal> {
        Arc::clone(&self.people[if self.seed.one_in(3) { 3 } else { 0 }])
    }

    fn some_asset(&mut self) -> Option<AssetId> {
        let known = self.ledger.registered();
        (!known.is_empty()).then(|| known[self.seed.index(known.len())])
    }

    /// A booking of the asset, mostly a recent one; now and then one that never was.
    fn some_booking(&mut self, asset: AssetId) -> BookingId {
        let stamps: Vec<Stamp> = self.ledger.assets[&asset.tag].bookings.keys().copied().collect();
        if stamps.is_empty() || self.seed.one_in(20) {
            return BookingId::new(Stamp::from_bits(self.seed.next() >> 5), asset.tag);
        }
        let newest = stamps.len().min(8);
        let back = if self.seed.one_in(4) { stamps.len() } else { newest };
        BookingId::new(stamps[stamps.len() - 1 - self.seed.index(back)], asset.tag)
    }

    /// Mostly one of those that are ready for a command, if there is any.
    fn ready_booking(
        &mut self,
        asset: AssetId,
        is_ready: impl Fn(&BookingDocument) -> bool,
    ) -> BookingId {
        let chronicle = &self.ledger.assets[&asset.tag];
        let ready: Vec<Stamp> = chronicle
            .bookings_at(chronicle.version())
            .filter(|(_, image)| is_ready(&image.facts))
            .map(|(stamp, _)| stamp)
            .collect();
        if ready.is_empty() || self.seed.one_in(4) {
            return self.some_booking(asset);
        }
        BookingId::new(ready[self.seed.index(ready.len())], asset.tag)
    }

    /// A moment at which something borders: a booking's start or end, or what is due next.
    pub(super) fn some_border(&mut self) -> Option<Timestamp> {
        let asset = self.some_asset()?;
        let now = self.machine().ground.clock.now();
        let chronicle = &self.ledger.assets[&asset.tag];
        let live = chronicle.bookings_at(chronicle.version());
        let mut borders: Vec<Timestamp> = live
            .filter(|(_, image)| image.facts.status.is_live())
            .flat_map(|(_, image)| [image.facts.start, image.facts.end])
            .chain(chronicle.state.next_due())
            .chain(chronicle.maintenance.values().filter_map(|it| it.last()?.facts.start))
            .filter(|border| *border > now)
            .collect();
        borders.sort_unstable();
        borders.truncate(3);
        (!borders.is_empty()).then(|| borders[self.seed.index(borders.len())])
    }

    /// A new wish or an old one again, at once or twice at once.
    pub(super) fn client_writes(&mut self, assets: usize) {
        let wish = match self.seed.below(20) {
            0..4 => self.old_wish(),
            4 => self.altered_wish(),
            _ => None,
        };
        let wish = wish.unwrap_or_else(|| self.new_wish(assets));
        self.send(wish);
        if self.seed.one_in(8) {
            self.send(wish);
        }
    }

    /// Rather one that was never answered.
    fn old_wish(&mut self) -> Option<WishId> {
        if self.wishes.len() == 0 {
            return None;
        }
        let open = (0..self.wishes.len()).find(|wish| !self.wishes.get(*wish).settled);
        match open {
            Some(open) if !self.seed.one_in(3) => Some(open),
            _ => Some(self.seed.index(self.wishes.len())),
        }
    }

    /// An old key with another body.
    fn altered_wish(&mut self) -> Option<WishId> {
        let old = self.old_wish()?;
        let wish = self.wishes.get(old);
        let (who, text) = (Arc::clone(&wish.who), wish.key.text.clone());
        let body = altered(wish.body());
        Some(self.wishes.add(&who, text, body))
    }

    fn new_wish(&mut self, assets: usize) -> WishId {
        let number = self.wishes.len();
        // Few texts, so that different people often choose the same.
        let text = format!("key-{}", number / 2);
        let asset = match self.some_asset() {
            Some(asset) if self.ledger.registered().len() >= assets => asset,
            None if self.wishes.len() > 2 * assets => {
                return self.old_wish().expect("there are some");
            }
            other if other.is_none() || self.seed.one_in(4) => {
                let who = self.manager();
                let body = self.registration(&who);
                return self.wishes.add(&who, text, body);
            }
            other => other.expect("there is one"),
        };
        let (who, body) = self.command(asset);
        self.wishes.add(&who, text, body)
    }

    pub(super) fn registration(&mut self, who: &Principal) -> Body {
        let shared_with = match self.seed.below(3) {
            0 => vec!["*".to_owned()],
            1 => vec!["org_2".to_owned()],
            _ => Vec::new(),
        };
        let new = NewAsset {
            name: format!("Asset {}", self.wishes.len()),
            category: CATEGORIES[self.seed.index(2)].to_owned(),
            owner_org_id: who.org.clone(),
            location_id: "loc_1".to_owned(),
            shared_with,
            booking_terms: self.terms(),
            maintenance_schedule: self.schedule(),
        };
        let command = Command::RegisterAsset(new);
        Body { target: Target::New, command, if_match: IfMatch::Missing }
    }

    /// Terms under which much happens within hours; none now and then.
    fn terms(&mut self) -> Option<String> {
        let texts = [
            r#"{"buffer_after_minutes":35,"check_in":{"no_show_after_minutes":15}}"#,
            r#"{"buffer_before_minutes":5,"buffer_after_minutes":5,"min_minutes":20}"#,
            r#"{"approval":{"required":true,"expires_minutes":45},"check_in":{"early_minutes":30}}"#,
            r#"{"approval":{"approver_roles":["admin"],"required":true}}"#,
            r#"{"cancel_cutoff_minutes":30,"deadline_minutes":20,"pricing":{"basis":"ACTUAL",
                "cancel_fee_minor":300,"late_fee":{"amount_minor":900,"grace_minutes":5,
                "per_started_minutes":30},"no_show_fee_minor":500,"per_hour_minor":1200}}"#,
        ];
        let text = texts.get(self.seed.index(texts.len() + 2))?;
        let value = serde_json::from_str(text).expect("well-formed");
        Some(terms::check(&value).expect("good terms"))
    }

    /// Another window for a booking, near the one it has.
    fn reschedule(&mut self, booking: BookingId) -> Command {
        let chronicle = &self.ledger.assets[&booking.tag];
        let image = chronicle.booking_at(booking.stamp, chronicle.version());
        let window = image
            .map_or(Window { start: Timestamp::MAX, end: Timestamp::MAX }, |image| image.window());
        let mut steps = || (i64::try_from(self.seed.below(7)).expect("small") - 2) * STEP_MINUTES;
        let (start, end) = (window.start.plus_minutes(steps()), window.end.plus_minutes(steps()));
        Command::RescheduleBooking(BookingChange {
            booking,
            start: self.seed.one_in(2).then_some(start),
            end: Some(end),
            accept_terms: (!self.seed.one_in(4)).then_some(true),
        })
    }

    fn command(&mut self, asset: AssetId) -> (Arc<Principal>, Body) {
        if self.seed.one_in(4) {
            return self.upkeep(asset);
        }
        let on_asset = |command, if_match| Body { target: Target::Asset(asset), command, if_match };
        let booking = self.some_booking(asset);
        let pick = self.seed.below(22);
        let now = self.machine().ground.clock.now();
        let is_ready = |facts: &BookingDocument| match pick {
            1..4 => facts.status.is_live(),
            4..9 => {
                facts.status == BookingStatus::Confirmed && facts.start.plus_minutes(-15) <= now
            }
            _ => facts.status == BookingStatus::CheckedIn,
        };
        let any = {
            let chronicle = &self.ledger.assets[&asset.tag];
            chronicle.bookings_at(chronicle.version()).any(|(_, image)| is_ready(&image.facts))
        };
        // Where there is nothing to do anything with, something is booked.
        let pick = if !(1..12).contains(&pick) || any || self.seed.one_in(5) { pick } else { 12 };
        let body = match pick {
            0 => {
                let change = self.change();
                let if_match = self.if_match(asset);
                return (self.manager(), on_asset(Command::UpdateAsset(change), if_match));
            }
            1..4 => {
                let command = self.on_booking(asset);
                let booking = booking_of(&command);
                let if_match = match command {
                    Command::RescheduleBooking(_) if !self.seed.one_in(8) => IfMatch::Any,
                    _ => IfMatch::Missing,
                };
                let body = Body { target: Target::Booking(booking), command, if_match };
                return (self.person_for(booking), body);
            }
            4..9 => {
                let booking = self.ready_booking(asset, is_ready);
                let booking = Some(booking).filter(|_| !self.seed.one_in(30));
                let condition_notes = self.seed.one_in(2).then(|| "as good as new".to_owned());
                on_asset(Command::CheckIn { booking, condition_notes }, IfMatch::Missing)
            }
            9..12 => {
                let booking = Some(self.ready_booking(asset, is_ready));
                let extra_cost_minor = self.seed.one_in(2).then_some(1_250);
                on_asset(Command::CheckOut { booking, extra_cost_minor }, IfMatch::Missing)
            }
            _ => {
                let who = self.person();
                let command = self.booking(&who);
                return (who, on_asset(command, IfMatch::Missing));
            }
        };
        let booking = match &body.command {
            Command::CheckIn { booking: Some(booking), .. }
            | Command::CheckOut { booking: Some(booking), .. } => *booking,
            _ => booking,
        };
        (self.person_for(booking), body)
    }

    /// What a booking is asked by its own path.
    fn on_booking(&mut self, asset: AssetId) -> Command {
        let pick = self.seed.below(10);
        let booking = self.ready_booking(asset, |facts| match pick {
            0..3 => matches!(facts.status, BookingStatus::Confirmed | BookingStatus::CheckedIn),
            3..7 => facts.status == BookingStatus::PendingApproval,
            7 => facts.status == BookingStatus::CheckedOut,
            _ => facts.status.is_live(),
        });
        match pick {
            0..3 => self.reschedule(booking),
            3..6 => Command::ApproveBooking { booking },
            6 => Command::RejectBooking { booking, reason: Some("no".to_owned()) },
            7 => Command::AdjustCost {
                booking,
                amount_minor: [-100, 250][self.seed.index(2)],
                reason: "as agreed".to_owned(),
            },
            _ => Command::CancelBooking { booking, reason: None },
        }
    }

    /// Mostly the one who booked, or a manager.
    fn person_for(&mut self, booking: BookingId) -> Arc<Principal> {
        let chronicle = &self.ledger.assets[&booking.tag];
        let image = chronicle.booking_at(booking.stamp, chronicle.version());
        let owner = image.and_then(|image| {
            let facts = &image.facts;
            let is_owner =
                |who: &&Arc<Principal>| who.org == facts.org_id && who.subject == facts.user_id;
            self.people.iter().find(is_owner).map(Arc::clone)
        });
        match (self.seed.below(6), owner) {
            (0, _) => self.person(),
            (1..4, Some(owner)) => owner,
            _ => self.manager(),
        }
    }

    fn change(&mut self) -> AssetChange {
        let number = self.wishes.len();
        let status = match self.seed.below(12) {
            0 => Some(AssetStatus::Inactive),
            1 => Some(AssetStatus::Maintenance),
            2 if self.seed.one_in(4) => Some(AssetStatus::Retired),
            3..9 => Some(AssetStatus::Active),
            _ => None,
        };
        AssetChange {
            name: self.seed.one_in(2).then(|| format!("Renamed {number}")),
            status,
            shared_with: self.seed.one_in(4).then(|| vec!["*".to_owned()]),
            booking_terms: self
                .seed
                .one_in(4)
                .then(|| self.terms().map_or(Change::Clear, Change::Set)),
            maintenance_schedule: self
                .seed
                .one_in(3)
                .then(|| self.schedule().map_or(Change::Clear, Change::Set)),
            ..AssetChange::default()
        }
    }

    fn if_match(&mut self, asset: AssetId) -> IfMatch {
        match self.seed.below(8) {
            0 => IfMatch::Missing,
            1..4 => IfMatch::Any,
            _ => {
                let chronicle = &self.ledger.assets[&asset.tag];
                let image = chronicle.asset_at(chronicle.version());
                IfMatch::Tags(image.map(|image| image.facts.etag.clone()).into_iter().collect())
            }
        }
    }

    /// In steps of ten minutes from about now on, so that windows meet, touch and miss each other.
    fn booking(&mut self, who: &Principal) -> Command {
        let step_ms = STEP_MINUTES * 60_000;
        let now = self.machine().ground.clock.now().millis() / step_ms * step_ms;
        let most = if self.seed.one_in(3) { 24 } else { 4 };
        let ahead = u64::from(!self.seed.one_in(12)) + self.seed.below(most);
        let ahead = i64::try_from(ahead).expect("small");
        let length = 1 + i64::try_from(self.seed.below(4)).expect("small");
        let start = holdfast_domain::Timestamp::from_millis(now + ahead * step_ms);
        let window = Window { start, end: start.plus_millis(length * step_ms) };
        let other = self.person();
        let for_another = self.seed.one_in(if who.manages() { 2 } else { 10 });
        Command::CreateBooking(NewBooking {
            user_id: if for_another { &*other } else { who }.subject.clone(),
            window,
            accept_terms: !self.seed.one_in(25),
            terms_version: None,
        })
    }

    /// One read on one of the read paths.
    pub(super) fn client_reads(&mut self) {
        let who = self.person();
        let Some(asset) = self.some_asset() else { return };
        match self.seed.below(8) {
            0 => self.read(Arc::clone(&who), asset.tag, Ask::Asset(who)),
            1 | 2 => {
                let booking = self.some_booking(asset);
                self.read(Arc::clone(&who), asset.tag, Ask::Booking(who, booking));
            }
            3 | 4 => {
                let ask = self.page(asset, &who);
                self.read(Arc::clone(&who), asset.tag, Ask::Bookings(who, ask));
            }
            5 if self.seed.one_in(2) => {
                let limit = 1 + self.seed.index(4);
                self.tolerate(self.items(asset.tag, limit));
            }
            5 => self.read(Arc::clone(&who), asset.tag, Ask::Audit(who)),
            6 => {
                let filter = self.asset_filter();
                let limit = 1 + self.seed.index(4);
                self.tolerate(self.list_of_assets(&who, &filter, limit));
            }
            _ => self.reads_own_list(&who),
        }
    }

    fn reads_own_list(&mut self, who: &Arc<Principal>) {
        let oldest_first = self.seed.one_in(3);
        let limit = 1 + self.seed.index(5);
        let middle = self.seed.below(100);
        let bounds = match self.seed.below(3) {
            0 => (middle, u64::MAX),
            1 => (0, middle),
            _ => (0, u64::MAX),
        };
        let user = (&*who.org, &*who.subject);
        match self.list_of_user(user, bounds, oldest_first, limit) {
            Ok(found) => {
                if let Some((_, booking)) = found.first() {
                    let ask = Ask::Booking(Arc::clone(who), *booking);
                    self.read(Arc::clone(who), booking.tag, ask);
                }
            }
            Err(error) => self.tolerate(Err(error)),
        }
    }

    fn page(&mut self, asset: AssetId, who: &Principal) -> BookingsAsk {
        let middle = self.some_booking(asset).stamp;
        let (low, high) = match self.seed.below(4) {
            0 => (Stamp::MIN, middle),
            1 => (middle, Stamp::MAX),
            _ => (Stamp::MIN, Stamp::MAX),
        };
        let status = match self.seed.below(5) {
            0 => vec![BookingStatus::CheckedOut, BookingStatus::Confirmed],
            1 => vec![BookingStatus::Cancelled],
            _ => Vec::new(),
        };
        let filter = BookingFilter {
            status,
            user_id: self.seed.one_in(5).then(|| who.subject.clone()),
            ..BookingFilter::default()
        };
        let limit = 1 + self.seed.index(6);
        BookingsAsk { filter, low, high, oldest_first: self.seed.one_in(3), limit }
    }

    fn asset_filter(&mut self) -> AssetFilter {
        let category = CATEGORIES[self.seed.index(2)].to_owned();
        AssetFilter {
            category: self.seed.one_in(3).then_some(category),
            status: if self.seed.one_in(3) { vec![AssetStatus::Active] } else { Vec::new() },
            ..AssetFilter::default()
        }
    }
}

fn booking_of(command: &Command) -> BookingId {
    match command {
        Command::RescheduleBooking(BookingChange { booking, .. })
        | Command::ApproveBooking { booking }
        | Command::RejectBooking { booking, .. }
        | Command::CancelBooking { booking, .. }
        | Command::AdjustCost { booking, .. } => *booking,
        other => unreachable!("{other:?} has no booking in its path"),
    }
}

/// A number in `low..=high`.
pub(super) fn between(seed: &mut Seed, low: u64, high: u64) -> u64 {
    low + seed.below(high - low + 1)
}
