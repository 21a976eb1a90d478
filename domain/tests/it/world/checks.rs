//! What must hold of an asset and its log whatever was asked.

use std::{collections::BTreeMap, sync::Arc};

use holdfast_domain::{
    BookingId, Outcome, Stamp, Timestamp,
    asset::{AssetState, BookingDocument, BookingStatus, MaintenanceDocument, terms::Terms},
    audit,
    rejection::Window,
};

use super::{TAG, World};

impl World {
    /// What must hold whatever was asked.
    pub(crate) fn check_all(&self) {
        self.check_claims();
        self.check_chain();
        let mut folded = AssetState::new(TAG);
        for record in &self.log {
            folded.apply(record);
            assert_eq!(record.next_due, folded.next_due(), "a record says when the next is due");
        }
        assert_eq!(folded, self.state, "the fold of the log is the live state");
        if self.log.len() < 64 {
            for covered in 0..=self.log.len() {
                assert_eq!(self.hydrated(covered), self.state, "after {covered} records");
            }
        }
    }

    /// What waiting and confirmed bookings keep from others, under the terms each was made under.
    fn check_claims(&self) {
        let images: Vec<BookingDocument> = self
            .state
            .live_between(Stamp::MIN, Stamp::MAX)
            .map(|live| serde_json::from_slice(&live.document().json).unwrap())
            .collect();
        assert!(images.is_sorted_by(|a, b| a.id < b.id), "oldest first");
        let versions = self.terms_by_version();
        let mut planned: Vec<(Window, BookingId)> = images
            .iter()
            .filter(|image| image.status != BookingStatus::CheckedIn)
            .map(|image| {
                let planned = Window { start: image.start, end: image.end };
                (versions[&image.terms_version].claim(planned), image.id)
            })
            .collect();
        assert!(images.len() - planned.len() <= 1, "an asset is out with one");
        planned.sort_by_key(|(claim, _)| claim.start);
        for pair in planned.windows(2) {
            let [(one, first), (other, second)] = pair else { unreachable!() };
            assert!(one.end <= other.start, "{first} and {second} overlap");
        }
        self.check_windows(&planned);
    }

    /// Nor does what lies ahead of a maintenance's window meet any of them, nor another's.
    fn check_windows(&self, planned: &[(Window, BookingId)]) {
        let now = self.log.last().unwrap().at;
        let windows: Vec<Window> = self
            .state
            .open_maintenance()
            .map(|id| self.state.maintenance_document(id).unwrap())
            .map(|it| serde_json::from_slice::<MaintenanceDocument>(&it.json).unwrap())
            .filter_map(|it| Some(Window { start: it.start?.max(now), end: it.end? }))
            .filter(|window| window.start < window.end)
            .collect();
        for (index, window) in windows.iter().enumerate() {
            let others = windows[..index].iter().chain(planned.iter().map(|(claim, _)| claim));
            let ahead = others.map(|it| Window { start: it.start.max(now), ..*it });
            let met = ahead.filter(|it| it.start < it.end && it.overlaps(*window));
            assert_eq!(met.collect::<Vec<_>>(), [], "{window:?} is taken");
        }
    }

    fn terms_by_version(&self) -> BTreeMap<u64, Arc<Terms>> {
        let mut versions = BTreeMap::new();
        for record in &self.log {
            let Outcome::Accepted(accepted) = &record.outcome else { continue };
            let image: serde_json::Value = serde_json::from_slice(&accepted.after).unwrap();
            if let Some(terms) = image.get("booking_terms") {
                let source = (!terms.is_null()).then(|| terms.to_string());
                let version = image["terms_version"].as_u64().unwrap();
                versions.insert(version, Terms::of(source.as_deref()));
            }
        }
        versions
    }

    fn check_chain(&self) {
        let mut previous = [0; 32];
        let mut stamps = Vec::new();
        for (index, record) in self.log.iter().enumerate() {
            assert_eq!(record.version, index as u64 + 1, "versions have no hole");
            assert_eq!(record.prev_hash, previous, "each link holds the one before");
            assert_eq!(record.hash, audit::hash(record, self.asset()));
            previous = record.hash;
            if let Outcome::Accepted(accepted) = &record.outcome
                && let Some(mark) = accepted.booking
                && mark.created
            {
                stamps.push(mark.id.stamp);
            }
            stamps.push(record.audit);
        }
        assert!(stamps.is_sorted_by(|a, b| a < b), "ids grow");
        assert!(self.log.is_sorted_by_key(|record| record.at), "time never runs back");
    }

    /// As hydration does it: a snapshot after `covered` records, the keys still needed at the time
    /// of the newest of them, then the rest.
    pub(crate) fn hydrated(&self, covered: usize) -> AssetState {
        let mut live = AssetState::new(TAG);
        for record in &self.log[..covered] {
            live.apply(record);
        }
        let stored = serde_json::to_vec(&live.to_snapshot()).unwrap();
        let mut state = AssetState::from_snapshot(serde_json::from_slice(&stored).unwrap());
        let now = self.log[..covered].last().map_or(Timestamp::default(), |record| record.at);
        let since = AssetState::keys_needed_since(now);
        let keyed: Vec<_> = self.log[..covered].iter().filter(|it| it.key.is_some()).collect();
        for (index, record) in keyed.iter().enumerate() {
            if record.at > since || index + 64 >= keyed.len() {
                state.remember(record);
            }
        }
        for record in &self.log[covered..] {
            state.apply(record);
        }
        state
    }
}
