//! What the log must hold, as a plain list: the model that everything else is compared with.
//!
//! It learns of a record when the record becomes durable, judges it once against what stands before
//! it, and never forgets one. It uses the product's `apply` for the folded state and its own naive
//! arithmetic for claims.

mod claims;
mod judge;
mod timers;

use std::collections::{BTreeMap, HashMap};

use holdfast_domain::{
    AssetId, BookingId, KeyScope, Outcome, Principal, Record, Stamp, Subject, Tag, Timestamp,
    access,
    asset::{AssetDocument, AssetState, AssetStatus, BookingDocument, BookingStatus},
    rejection::Window,
};
use holdfast_storage::journal::Position;

use super::wishes::Wishes;

#[derive(Default)]
pub(super) struct Ledger {
    pub(super) assets: BTreeMap<Tag, Chronicle>,
    /// In the order of the log.
    pub(super) order: Vec<(Position, Tag, u64)>,
    /// Request id → its one record.
    by_request: HashMap<String, (Tag, u64)>,
}

/// One asset's records and what follows from them.
pub(super) struct Chronicle {
    pub(super) records: Vec<Record>,
    pub(super) positions: Vec<Position>,
    /// The fold of all records.
    pub(super) state: AssetState,
    /// Since when the asset can be taken up.
    free_since: Option<Timestamp>,
    pub(super) id: Option<AssetId>,
    images: Vec<AssetImage>,
    pub(super) bookings: BTreeMap<Stamp, Vec<BookingImage>>,
    /// The version of each keyed record.
    keys: HashMap<KeyScope, Vec<u64>>,
    keyed: usize,
}

pub(super) struct AssetImage {
    pub(super) version: u64,
    pub(super) json: Vec<u8>,
    pub(super) facts: AssetDocument,
}

pub(super) struct BookingImage {
    pub(super) version: u64,
    pub(super) json: Vec<u8>,
    pub(super) facts: BookingDocument,
}

impl BookingImage {
    pub(super) fn window(&self) -> Window {
        Window { start: self.facts.start, end: self.facts.end }
    }
}

impl Ledger {
    /// Takes in the next durable record.
    pub(super) fn push(&mut self, position: Position, record: Record, wishes: &Wishes) {
        assert_eq!(
            position,
            self.order.last().map_or(2, |(last, ..)| last + 1),
            "I6: a hole in the positions"
        );
        let wish = judge::origin(&record, wishes);
        let known = self.by_request.insert(record.request_id.clone(), (record.tag, record.version));
        assert_eq!(known, None, "I4: request {} left two records", record.request_id);
        let chronicle = self.assets.entry(record.tag).or_insert_with(|| Chronicle::new(record.tag));
        judge::record(chronicle, &record, wish);
        self.order.push((position, record.tag, record.version));
        let (at, next_due) = (record.at, record.next_due);
        chronicle.push(position, record);
        chronicle.notice_whether_free(at);
        let expected = timers::next(chronicle).map(|due| due.at);
        assert_eq!(next_due, expected, "I9: the next timer after version {}", chronicle.version());
    }

    /// When something next happens by itself to any asset.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.assets.values().filter_map(timers::next).map(|due| due.at).min()
    }

    pub(super) fn version(&self, tag: Tag) -> u64 {
        self.assets.get(&tag).map_or(0, Chronicle::version)
    }

    /// The record that a request left behind.
    pub(super) fn of_request(&self, request_id: &str) -> Option<&Record> {
        let (tag, version) = self.by_request.get(request_id)?;
        self.assets[tag].record(*version)
    }

    /// Registered assets, in the order in which they came to be.
    pub(super) fn registered(&self) -> Vec<AssetId> {
        let mut found: Vec<(Position, AssetId)> = self
            .assets
            .values()
            .filter_map(|chronicle| Some((*chronicle.positions.first()?, chronicle.id?)))
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(_, id)| id).collect()
    }

    /// What the creations of `user` in `org` are, by position.
    pub(super) fn created_by(&self, org: &str, user: &str) -> Vec<(Position, BookingId)> {
        let of = |tag: &Tag, version: u64| {
            let record = self.assets[tag].record(version)?;
            let Outcome::Accepted(accepted) = &record.outcome else { return None };
            let mark = accepted.booking.filter(|mark| mark.created)?;
            let facts: BookingDocument = serde_json::from_slice(&accepted.after).ok()?;
            (facts.org_id == org && facts.user_id == user).then_some(mark.id)
        };
        let found = self.order.iter();
        found.filter_map(|(position, tag, version)| Some((*position, of(tag, *version)?))).collect()
    }
}

impl Chronicle {
    fn new(tag: Tag) -> Self {
        Self {
            records: Vec::new(),
            positions: Vec::new(),
            state: AssetState::new(tag),
            free_since: None,
            id: None,
            images: Vec::new(),
            bookings: BTreeMap::new(),
            keys: HashMap::new(),
            keyed: 0,
        }
    }

    /// After a record of the time `at`.
    fn notice_whether_free(&mut self, at: Timestamp) {
        let newest = self.version();
        let active =
            self.asset_at(newest).is_some_and(|image| image.facts.status == AssetStatus::Active);
        let is_out = |image: &BookingImage| image.facts.status == BookingStatus::CheckedIn;
        let free = active && !self.bookings_at(newest).any(|(_, image)| is_out(image));
        self.free_since = free.then(|| self.free_since.unwrap_or(at));
    }

    fn push(&mut self, position: Position, record: Record) {
        self.state.apply(&record);
        if let Outcome::Accepted(accepted) = &record.outcome {
            let (version, json) = (record.version, accepted.after.clone());
            match accepted.subject {
                Subject::Asset(id) => {
                    let facts = serde_json::from_slice(&json).expect("I5: an asset document");
                    self.id = Some(id);
                    self.images.push(AssetImage { version, json, facts });
                }
                Subject::Booking(id) => {
                    let facts = serde_json::from_slice(&json).expect("I5: a booking document");
                    let image = BookingImage { version, json, facts };
                    self.bookings.entry(id.stamp).or_default().push(image);
                }
                other => panic!("I5: nobody asked for {other:?}"),
            }
        }
        if let Some(key) = &record.key {
            self.keys.entry(key.scope).or_default().push(record.version);
            self.keyed += 1;
        }
        self.positions.push(position);
        self.records.push(record);
    }

    pub(super) fn version(&self) -> u64 {
        self.records.len() as u64
    }

    pub(super) fn record(&self, version: u64) -> Option<&Record> {
        let index = usize::try_from(version.checked_sub(1)?).ok()?;
        self.records.get(index)
    }

    /// The newest record under a key.
    pub(super) fn under_key(&self, scope: KeyScope) -> Option<&Record> {
        self.record(*self.keys.get(&scope)?.last()?)
    }

    /// The state after the record of `version`, folded from the first one on.
    pub(super) fn state_at(&self, version: u64) -> AssetState {
        let mut state = AssetState::new(self.records[0].tag);
        let upto = usize::try_from(version).expect("small");
        self.records[..upto].iter().for_each(|record| state.apply(record));
        state
    }

    pub(super) fn asset_at(&self, version: u64) -> Option<&AssetImage> {
        self.images.iter().rev().find(|image| image.version <= version)
    }

    pub(super) fn booking_at(&self, stamp: Stamp, version: u64) -> Option<&BookingImage> {
        self.bookings.get(&stamp)?.iter().rev().find(|image| image.version <= version)
    }

    /// Every booking as of `version`, newest first.
    pub(super) fn bookings_at(&self, version: u64) -> impl Iterator<Item = (Stamp, &BookingImage)> {
        let stamps = self.bookings.keys().rev();
        stamps.filter_map(move |stamp| Some((*stamp, self.booking_at(*stamp, version)?)))
    }

    /// Who the caller is to the asset, as of `version`: (may see it, may see everything of it).
    pub(super) fn reach(&self, principal: &Principal, version: u64) -> (bool, bool) {
        self.asset_at(version).map_or((false, false), |image| {
            let place = access::Place {
                owner_org: &image.facts.owner_org_id,
                location: &image.facts.location_id,
                shared_with: &image.facts.shared_with,
            };
            (access::is_visible(principal, place), access::inspects(principal, place))
        })
    }
}
