//! What the log must hold, as a plain list: the model that everything else is compared with.
//!
//! It learns of a record when the record becomes durable, judges it once against what stands before
//! it, and never forgets one. It uses the product's `apply` for the folded state and its own naive
//! arithmetic for claims.

mod claims;
mod judge;
mod owed;
mod post;
mod rules;
mod timers;
mod upkeep;

use std::collections::{BTreeMap, HashMap};

use holdfast_domain::{
    AssetId, BookingId, KeyScope, Outcome, Principal, Record, Stamp, Subject, Tag, Timestamp,
    access,
    asset::{
        AssetDocument, AssetState, AssetStatus, BookingDocument, BookingStatus,
        MaintenanceDocument, ReportDocument,
    },
    rejection::Window,
};
use holdfast_storage::journal::Position;
use serde::de::DeserializeOwned;

use super::{post::Orders, wishes::Wishes};

pub(in crate::simulator) use post::Post;
pub(in crate::simulator) use upkeep::Owed;
use upkeep::Upkeep;

#[derive(Default)]
pub(super) struct Ledger {
    pub(super) assets: BTreeMap<Tag, Chronicle>,
    pub(super) post: Post,
    /// In the order of the log.
    pub(super) order: Vec<(Position, Tag, u64)>,
    /// Request id → its one record, and the last of its consequences.
    by_request: HashMap<String, (Tag, u64, u64)>,
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
    pub(super) reports: BTreeMap<Stamp, Vec<Image<ReportDocument>>>,
    pub(super) maintenance: BTreeMap<Stamp, Vec<Image<MaintenanceDocument>>>,
    upkeep: Upkeep,
    /// The version of each keyed record.
    keys: HashMap<KeyScope, Vec<u64>>,
    keyed: usize,
}

/// A document as a record left it.
pub(super) struct Image<T> {
    pub(super) version: u64,
    pub(super) json: Vec<u8>,
    pub(super) facts: T,
}

pub(super) type AssetImage = Image<AssetDocument>;
pub(super) type BookingImage = Image<BookingDocument>;

impl<T: DeserializeOwned> Image<T> {
    fn of(version: u64, json: &[u8]) -> Self {
        let facts = serde_json::from_slice(json).expect("I5: a document");
        Self { version, json: json.to_vec(), facts }
    }
}

impl BookingImage {
    pub(super) fn window(&self) -> Window {
        Window { start: self.facts.start, end: self.facts.end }
    }
}

impl Ledger {
    /// Takes in the next durable record.
    pub(super) fn push(
        &mut self,
        position: Position,
        record: Record,
        (wishes, orders): (&Wishes, &Orders),
    ) {
        assert_eq!(
            position,
            self.order.last().map_or(2, |(last, ..)| last + 1),
            "I6: a hole in the positions"
        );
        let (tag, version, at) = (record.tag, record.version, record.at);
        if Post::is_concerned(&record) {
            self.order.push((position, tag, version));
            return self.post.push(position, record, orders);
        }
        let chronicle = self.assets.entry(tag).or_insert_with(|| Chronicle::new(tag));
        judge::chain(chronicle, &record);
        let owed = chronicle.owed();
        let request = record.request_id.clone();
        if owed.is_empty() {
            judge::record(chronicle, &record, judge::origin(&record, wishes));
            let known = self.by_request.insert(request, (tag, version, version));
            assert_eq!(known.map(|_| &record.request_id), None, "I4: one request, two records");
        } else {
            owed::consequence(chronicle, &record, &owed);
            if let Some((_, _, last)) = self.by_request.get_mut(&request) {
                *last = version;
            }
        }
        self.order.push((position, tag, version));
        let next_due = record.next_due;
        chronicle.push(position, record, !owed.is_empty());
        chronicle.notice_whether_free(at);
        let expected = timers::next_due(chronicle);
        assert_eq!(next_due, expected, "I9: the next timer after version {version}");
        if let (Some(record), Some(image)) = (chronicle.record(version), chronicle.images.last()) {
            self.post.hear(position, record, &image.facts.owner_org_id);
        }
    }

    /// Of an asset, or of webhooks.
    pub(super) fn record(&self, tag: Tag, version: u64) -> Option<&Record> {
        let chronicle = self.assets.get(&tag);
        chronicle.map_or_else(|| self.post.record(tag, version), |it| it.record(version))
    }

    /// When something next happens by itself to any asset.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.assets.values().filter_map(timers::next_due).min()
    }

    pub(super) fn version(&self, tag: Tag) -> u64 {
        self.assets.get(&tag).map_or_else(|| self.post.version(tag), Chronicle::version)
    }

    /// The record that a request left behind.
    pub(super) fn of_request(&self, request_id: &str) -> Option<&Record> {
        let (tag, version, _) = self.by_request.get(request_id)?;
        self.assets[tag].record(*version)
    }

    /// The last record that the request has caused, and what it still owes.
    pub(super) fn consequences(&self, request_id: &str) -> Option<(u64, Vec<Owed>)> {
        let (tag, _, last) = self.by_request.get(request_id)?;
        let chronicle = &self.assets[tag];
        let is_last = chronicle.records.last().is_some_and(|last| last.request_id == request_id);
        Some((*last, if is_last { chronicle.owed() } else { Vec::new() }))
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
            let record = self.assets.get(tag)?.record(version)?;
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
            reports: BTreeMap::new(),
            maintenance: BTreeMap::new(),
            upkeep: Upkeep::default(),
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

    fn push(&mut self, position: Position, record: Record, is_owed: bool) {
        self.state.apply(&record);
        let mut upkeep = self.upkeep.clone();
        upkeep.take(self, &record, is_owed);
        self.upkeep = upkeep;
        if let Outcome::Accepted(accepted) = &record.outcome {
            let (version, json) = (record.version, &*accepted.after);
            match accepted.subject {
                Subject::Asset(id) => {
                    self.id = Some(id);
                    self.images.push(Image::of(version, json));
                }
                Subject::Booking(id) => {
                    let image: BookingImage = Image::of(version, json);
                    owed::is_on_the_bill(self, &image.facts);
                    self.bookings.entry(id.stamp).or_default().push(image);
                }
                Subject::Report(id) => {
                    self.reports.entry(id.stamp).or_default().push(Image::of(version, json));
                }
                Subject::Maintenance(id) => {
                    self.maintenance.entry(id.stamp).or_default().push(Image::of(version, json));
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

    /// What the newest record has made due on other resources, and nothing has done yet.
    pub(super) fn owed(&self) -> Vec<Owed> {
        self.upkeep.owed(self.status())
    }

    fn status(&self) -> AssetStatus {
        self.asset_at(self.version()).map_or(AssetStatus::Active, |image| image.facts.status)
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

    pub(super) fn report_at(&self, stamp: Stamp, version: u64) -> Option<&Image<ReportDocument>> {
        self.reports.get(&stamp)?.iter().rev().find(|image| image.version <= version)
    }

    pub(super) fn maintenance_at(
        &self,
        stamp: Stamp,
        version: u64,
    ) -> Option<&Image<MaintenanceDocument>> {
        self.maintenance.get(&stamp)?.iter().rev().find(|image| image.version <= version)
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
