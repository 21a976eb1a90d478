//! The catalogue: every asset in memory, as lists of assets need it.
//!
//! One row per asset in creation order, bitmaps per exact filter, postings for the words of names.
//! Published by the commit stage before an answer leaves, so that lists show what was acknowledged
//! without waiting for a fold. It holds no documents, only where they lie in the log.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::Bound,
    sync::Arc,
};

use holdfast_domain::{
    AssetId, Locations, Principal, Tag,
    access::{self, Place},
    asset::{AssetDocument, AssetStatus},
};
use holdfast_storage::journal::{Address, Placed, Position};
use parking_lot::RwLock;
use roaring::RoaringBitmap;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// The facts of an asset that lists and visibility depend on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Card {
    pub id: AssetId,
    pub name: String,
    pub category: String,
    pub owner_org: String,
    pub location: String,
    pub shared_with: Vec<String>,
    pub status: AssetStatus,
}

impl Card {
    pub fn of(document: AssetDocument) -> Self {
        Self {
            id: document.id,
            name: document.name,
            category: document.category,
            owner_org: document.owner_org_id,
            location: document.location_id,
            shared_with: document.shared_with,
            status: document.status,
        }
    }
}

/// Exact matches; every word of `q` must start a word of the name.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AssetFilter {
    pub category: Option<String>,
    /// Any of these; empty = all.
    pub status: Vec<AssetStatus>,
    pub location_id: Option<String>,
    pub owner_org_id: Option<String>,
    /// The `q` parameter, as sent.
    pub q: Option<String>,
}

/// One hit: its key in the order of the list, and where its document lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hit {
    pub key: u64,
    pub tag: Tag,
    pub document: Address,
}

#[derive(Default)]
pub struct Catalogue {
    rows: RwLock<Rows>,
}

#[derive(Default)]
struct Rows {
    ordinals: HashMap<Tag, u32>,
    rows: Vec<Row>,
    index: HashMap<Term, RoaringBitmap>,
    words: BTreeMap<Arc<str>, RoaringBitmap>,
    strings: Strings,
}

/// Strings are numbers from [`Strings`]: categories, locations and orgs repeat over many assets.
struct Row {
    id: AssetId,
    /// The position of the record that created it: grows with the ordinal.
    created: Position,
    document: Address,
    category: u32,
    owner_org: u32,
    location: u32,
    shared_with: Box<[u32]>,
    status: AssetStatus,
    words: Box<[Arc<str>]>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Term {
    Category(u32),
    OwnerOrg(u32),
    Location(u32),
    SharedWith(u32),
    Status(AssetStatus),
}

impl Catalogue {
    /// Adds the asset, or replaces what is known of it. `placed` is the record with its document;
    /// assets are added in the order in which they came to be.
    pub fn put(&self, card: Card, placed: Placed) {
        self.rows.write().put(card, placed.position, placed.address);
    }

    pub fn len(&self) -> usize {
        self.rows.read().rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The asset with exactly this id exists (whoever may see it).
    pub fn contains(&self, id: AssetId) -> bool {
        let rows = self.rows.read();
        rows.ordinals.get(&id.tag).is_some_and(|ordinal| rows.rows[*ordinal as usize].id == id)
    }

    /// The full id of the asset with this tag.
    pub fn id_of(&self, tag: Tag) -> Option<AssetId> {
        let rows = self.rows.read();
        rows.ordinals.get(&tag).map(|ordinal| rows.rows[*ordinal as usize].id)
    }

    /// Owner and location of the asset with this tag, as they are now.
    pub fn place_of(&self, tag: Tag) -> Option<(Arc<str>, Arc<str>)> {
        let rows = self.rows.read();
        let row = &rows.rows[*rows.ordinals.get(&tag)? as usize];
        let text = |number: u32| Arc::clone(&rows.strings.texts[number as usize]);
        Some((text(row.owner_org), text(row.location)))
    }

    /// Up to `limit` visible assets whose key lies strictly between `low` and `high`, newest first,
    /// or oldest first when `oldest_first`.
    pub fn find(
        &self,
        principal: &Principal,
        filter: &AssetFilter,
        (low, high): (u64, u64),
        oldest_first: bool,
        limit: usize,
    ) -> Vec<Hit> {
        self.rows.read().find(principal, filter, (low, high), oldest_first, limit)
    }
}

impl Rows {
    fn put(&mut self, card: Card, created: Position, document: Address) {
        let words: BTreeSet<Arc<str>> = words_of(&card.name)
            .map(|word| match self.words.get_key_value(word.as_str()) {
                Some((known, _)) => Arc::clone(known),
                None => Arc::from(word),
            })
            .collect();
        let mut row = Row {
            id: card.id,
            created,
            document,
            category: self.strings.number(&card.category),
            owner_org: self.strings.number(&card.owner_org),
            location: self.strings.number(&card.location),
            shared_with: card.shared_with.iter().map(|org| self.strings.number(org)).collect(),
            status: card.status,
            words: words.into_iter().collect(),
        };
        let ordinal = match self.ordinals.get(&card.id.tag) {
            Some(&ordinal) => {
                row.created = self.rows[ordinal as usize].created;
                self.unindex(ordinal);
                ordinal
            }
            None => u32::try_from(self.rows.len()).expect("a shard of the world holds 2^32 assets"),
        };
        self.index(ordinal, &row);
        match self.rows.get_mut(ordinal as usize) {
            Some(known) => *known = row,
            None => {
                self.ordinals.insert(row.id.tag, ordinal);
                self.rows.push(row);
            }
        }
    }

    fn index(&mut self, ordinal: u32, row: &Row) {
        for term in row.terms() {
            self.index.entry(term).or_default().insert(ordinal);
        }
        for word in &row.words {
            self.words.entry(Arc::clone(word)).or_default().insert(ordinal);
        }
    }

    fn unindex(&mut self, ordinal: u32) {
        let row = &self.rows[ordinal as usize];
        for term in row.terms() {
            if let Some(bitmap) = self.index.get_mut(&term) {
                bitmap.remove(ordinal);
                if bitmap.is_empty() {
                    self.index.remove(&term);
                }
            }
        }
        for word in &row.words {
            if let Some(bitmap) = self.words.get_mut(word) {
                bitmap.remove(ordinal);
                if bitmap.is_empty() {
                    self.words.remove(word);
                }
            }
        }
    }

    fn find(
        &self,
        principal: &Principal,
        filter: &AssetFilter,
        (low, high): (u64, u64),
        oldest_first: bool,
        limit: usize,
    ) -> Vec<Hit> {
        let Some(candidates) = self.candidates(principal, filter) else { return Vec::new() };
        let first = self.rows.partition_point(|row| row.created <= low);
        let end = self.rows.partition_point(|row| row.created < high);
        let (Ok(first), Ok(end)) = (u32::try_from(first), u32::try_from(end)) else {
            return Vec::new();
        };
        if first >= end {
            return Vec::new();
        }
        let in_range = candidates.range(first..end);
        let hit = |ordinal: u32| {
            let row = &self.rows[ordinal as usize];
            access::is_visible(principal, self.place(row).borrow()).then_some(Hit {
                key: row.created,
                tag: row.id.tag,
                document: row.document,
            })
        };
        if oldest_first {
            in_range.filter_map(hit).take(limit).collect()
        } else {
            in_range.rev().filter_map(hit).take(limit).collect()
        }
    }

    /// Those that match the filter and may be visible; `None` when there can be none.
    fn candidates(&self, principal: &Principal, filter: &AssetFilter) -> Option<RoaringBitmap> {
        let mut found = self.reachable(principal);
        let exact = [
            (&filter.category, Term::Category as fn(u32) -> Term),
            (&filter.location_id, Term::Location),
            (&filter.owner_org_id, Term::OwnerOrg),
        ];
        for (value, term) in exact {
            if let Some(value) = value {
                found &= self.index.get(&term(self.strings.known(value)?))?;
            }
        }
        if !filter.status.is_empty() {
            found &= self.union(filter.status.iter().map(|status| Term::Status(*status)));
        }
        let words: BTreeSet<String> = filter.q.iter().flat_map(|q| words_of(q)).collect();
        for word in words {
            if found.is_empty() {
                break;
            }
            found &= self.starting_with(&word);
        }
        Some(found)
    }

    /// A superset of what the principal may see: its own locations and what is shared with it.
    fn reachable(&self, principal: &Principal) -> RoaringBitmap {
        let shared = [principal.org.as_str(), "*"];
        let shared = shared.iter().filter_map(|org| self.strings.known(org)).map(Term::SharedWith);
        let mut own = self.union(self.strings.known(&principal.org).map(Term::OwnerOrg));
        if let Locations::These(these) = &principal.locations {
            let locations = these.iter().filter_map(|location| self.strings.known(location));
            own &= self.union(locations.map(Term::Location));
        }
        own | self.union(shared)
    }

    fn union(&self, terms: impl IntoIterator<Item = Term>) -> RoaringBitmap {
        let mut all = RoaringBitmap::new();
        for bitmap in terms.into_iter().filter_map(|term| self.index.get(&term)) {
            all |= bitmap;
        }
        all
    }

    fn starting_with(&self, prefix: &str) -> RoaringBitmap {
        let mut all = RoaringBitmap::new();
        let from = (Bound::Included(prefix), Bound::Unbounded);
        for (_, bitmap) in
            self.words.range::<str, _>(from).take_while(|(word, _)| word.starts_with(prefix))
        {
            all |= bitmap;
        }
        all
    }

    fn place(&self, row: &Row) -> OwnedPlace<'_> {
        OwnedPlace {
            owner_org: self.strings.text(row.owner_org),
            location: self.strings.text(row.location),
            shared_with: row
                .shared_with
                .iter()
                .map(|org| self.strings.text(*org).to_owned())
                .collect(),
        }
    }
}

struct OwnedPlace<'a> {
    owner_org: &'a str,
    location: &'a str,
    shared_with: Vec<String>,
}

impl OwnedPlace<'_> {
    fn borrow(&self) -> Place<'_> {
        Place { owner_org: self.owner_org, location: self.location, shared_with: &self.shared_with }
    }
}

impl Row {
    fn terms(&self) -> impl Iterator<Item = Term> {
        [
            Term::Category(self.category),
            Term::OwnerOrg(self.owner_org),
            Term::Location(self.location),
            Term::Status(self.status),
        ]
        .into_iter()
        .chain(self.shared_with.clone().into_iter().map(Term::SharedWith))
    }
}

/// Each distinct string once.
#[derive(Default)]
struct Strings {
    numbers: HashMap<Arc<str>, u32>,
    texts: Vec<Arc<str>>,
}

impl Strings {
    fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = u32::try_from(self.texts.len()).expect("fewer strings than assets × 4");
        let text: Arc<str> = Arc::from(text);
        self.texts.push(Arc::clone(&text));
        self.numbers.insert(text, number);
        number
    }

    fn known(&self, text: &str) -> Option<u32> {
        self.numbers.get(text).copied()
    }

    fn text(&self, number: u32) -> &str {
        &self.texts[number as usize]
    }
}

/// Words for search: compatibility-decomposed, marks dropped, case folded, split at everything that
/// is not alphanumeric.
fn words_of(text: &str) -> impl Iterator<Item = String> {
    let folded: String = text
        .nfkd()
        .filter(|letter| !is_combining_mark(*letter))
        // There and back is case folding: ß becomes ss, ς becomes σ.
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .collect();
    let words: Vec<String> = folded
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    words.into_iter()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use holdfast_domain::{
        AssetId, Locations, Principal, Role, Roles, Stamp, Tag, asset::AssetStatus,
    };
    use holdfast_storage::journal::{Address, Placed};

    use super::{AssetFilter, Card, Catalogue};

    fn card(number: u64, name: &str) -> Card {
        Card {
            id: AssetId::new(Stamp::new(number, 0), Tag::new(number)),
            name: name.to_owned(),
            category: "EQUIPMENT".to_owned(),
            owner_org: "org_1".to_owned(),
            location: "loc_7".to_owned(),
            shared_with: Vec::new(),
            status: AssetStatus::Active,
        }
    }

    fn placed(position: u64) -> Placed {
        Placed { position, address: Address { segment: 1, offset: 0 } }
    }

    fn principal(org: &str) -> Principal {
        Principal {
            issuer: "here".to_owned(),
            subject: "usr_1".to_owned(),
            org: org.to_owned(),
            roles: Roles::default().with(Role::Manager),
            locations: Locations::All,
        }
    }

    fn filled() -> Catalogue {
        let catalogue = Catalogue::default();
        for (number, name) in
            [(1, "Forklift A2"), (2, "Gabelstapler Größe 3"), (3, "ﬁne saw"), (4, "Fork")]
        {
            catalogue.put(card(number, name), placed(number * 10));
        }
        catalogue
    }

    fn found(catalogue: &Catalogue, principal: &Principal, filter: &AssetFilter) -> Vec<u64> {
        catalogue
            .find(principal, filter, (0, u64::MAX), false, 10)
            .iter()
            .map(|hit| hit.tag.get())
            .collect()
    }

    #[test]
    fn words_match_by_their_start_whatever_marks_and_case() {
        let catalogue = filled();
        let rows: &[(&str, &[u64])] = &[
            ("fork", &[4, 1]),
            ("forkl", &[1]),
            ("FORK a", &[1]),
            ("grosse", &[2]),
            ("große", &[2]),
            ("GRÖSSE", &[2]),
            ("grö", &[2]),
            ("fine", &[3]),
            ("lift", &[]),
            ("", &[4, 3, 2, 1]),
        ];
        for (q, expected) in rows {
            let filter = AssetFilter { q: Some((*q).to_owned()), ..AssetFilter::default() };
            assert_eq!(found(&catalogue, &principal("org_1"), &filter), *expected, "q = {q:?}");
        }
    }

    #[test]
    fn an_update_moves_the_asset_between_filters_and_keeps_its_place() {
        let catalogue = filled();
        let mut moved = card(1, "Crane");
        moved.location = "loc_8".to_owned();
        moved.status = AssetStatus::Inactive;
        catalogue.put(moved, placed(99));
        let all = AssetFilter::default();
        assert_eq!(found(&catalogue, &principal("org_1"), &all), [4, 3, 2, 1]);
        let at = |location: &str| AssetFilter {
            location_id: Some(location.to_owned()),
            ..AssetFilter::default()
        };
        assert_eq!(found(&catalogue, &principal("org_1"), &at("loc_7")), [4, 3, 2]);
        assert_eq!(found(&catalogue, &principal("org_1"), &at("loc_8")), [1]);
        let active = AssetFilter { status: vec![AssetStatus::Active], ..AssetFilter::default() };
        assert_eq!(found(&catalogue, &principal("org_1"), &active), [4, 3, 2]);
    }

    #[test]
    fn only_own_locations_and_shared_assets_are_found() {
        let catalogue = filled();
        let mut shared = card(5, "Van");
        shared.shared_with = vec!["org_2".to_owned()];
        catalogue.put(shared, placed(50));
        let mut open = card(6, "Room");
        open.shared_with = vec!["*".to_owned()];
        catalogue.put(open, placed(60));
        let all = AssetFilter::default();
        assert_eq!(found(&catalogue, &principal("org_2"), &all), [6, 5]);
        assert_eq!(found(&catalogue, &principal("org_3"), &all), [6]);
        let mut elsewhere = principal("org_1");
        elsewhere.locations = Locations::These(BTreeSet::from(["loc_9".to_owned()]));
        assert_eq!(found(&catalogue, &elsewhere, &all), [6]);
    }

    #[test]
    fn pages_walk_both_ways_without_gap_or_repeat() {
        let catalogue = filled();
        let (org, all) = (principal("org_1"), AssetFilter::default());
        let page = |range, oldest_first| -> Vec<u64> {
            catalogue.find(&org, &all, range, oldest_first, 2).iter().map(|hit| hit.key).collect()
        };
        assert_eq!(page((0, u64::MAX), false), [40, 30]);
        assert_eq!(page((0, 30), false), [20, 10]);
        assert_eq!(page((20, u64::MAX), true), [30, 40]);
        assert!(page((0, 10), false).is_empty());
    }
}
