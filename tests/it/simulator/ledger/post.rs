//! What endpoints must hear and what they have heard, by the documents of the log and by what their
//! receivers were sent: each event an endpoint wants at least once or given up as promised, in order
//! per asset, in the same bytes, not before its time, and nothing else.
//!
//! It learns of records as they become durable and of tries as they are made. It knows nothing of how
//! lanes keep what waits.

mod arrivals;
mod books;
mod endpoint;
mod lanes;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bytes::Bytes;
use holdfast_actors::ids::StoreKey;
use holdfast_domain::{
    EndpointId, EventId, Kind, Outcome, Record, Subject, Tag, Timestamp, webhooks::DisabledReason,
};
use holdfast_storage::journal::Position;
use serde_json::Value;

use self::{books::Book, endpoint::Endpoint};
use crate::simulator::{machine::STORE_KEY, post::Orders};

/// What is told, beside tests of endpoints.
const NOUNS: [&str; 4] = ["asset", "booking", "condition_report", "maintenance"];

type EventNo = usize;

#[derive(Default)]
pub(in crate::simulator) struct Post {
    books: BTreeMap<Tag, Book>,
    /// In the order of the log.
    events: Vec<Event>,
    by_version: HashMap<(Tag, u64), EventNo>,
    by_id: HashMap<String, EventNo>,
    endpoints: BTreeMap<EndpointId, Endpoint>,
    /// Whose lane a tag is.
    lanes: BTreeMap<Tag, EndpointId>,
    by_request: HashMap<String, (Tag, u64)>,
    /// The bytes of each event that was ever sent.
    bodies: HashMap<EventNo, Bytes>,
    /// Whatever endpoints were up to here, the lanes have been told.
    heeded: Position,
    /// Of the courier.
    life: u64,
    /// All was told and written down: from now on a repetition is one too many.
    at_rest: bool,
    /// What happened, for the census.
    seen: BTreeMap<&'static str, u64>,
}

/// A record that is told.
struct Event {
    position: Position,
    tag: Tag,
    version: u64,
    name: &'static str,
    at: Timestamp,
    /// Who owns the asset.
    org: String,
    /// The endpoint that is tested.
    only: Option<EndpointId>,
    /// [`Post::heeded`] when it became durable: it is read with that or with what came later.
    heeded: Position,
}

impl Post {
    pub(super) fn is_concerned(record: &Record) -> bool {
        let name = record.kind.name();
        name.starts_with("webhook")
    }

    pub(super) fn version(&self, tag: Tag) -> u64 {
        self.books.get(&tag).map_or(0, |book| book.records.len() as u64)
    }

    pub(super) fn record(&self, tag: Tag, version: u64) -> Option<&Record> {
        let index = usize::try_from(version.checked_sub(1)?).ok()?;
        self.books.get(&tag)?.records.get(index)
    }

    /// The record that an order left behind.
    pub(in crate::simulator) fn of_request(&self, request_id: &str) -> Option<&Record> {
        let (tag, version) = self.by_request.get(request_id)?;
        self.record(*tag, *version)
    }

    /// Takes in a durable record of an asset.
    pub(super) fn hear(&mut self, position: Position, record: &Record, org: &str) {
        let Outcome::Accepted(accepted) = &record.outcome else { return };
        let noun = record.kind.name().split('.').next().unwrap_or_default();
        if !accepted.events.is_empty() && NOUNS.contains(&noun) {
            self.tell(position, record, org.to_owned(), None);
        }
    }

    fn tell(&mut self, position: Position, record: &Record, org: String, only: Option<EndpointId>) {
        let number = self.events.len();
        self.by_version.insert((record.tag, record.version), number);
        let id = EventId::new(record.audit, record.tag).to_string();
        assert_eq!(self.by_id.insert(id, number), None, "I8: two events of one name");
        self.events.push(Event {
            position,
            tag: record.tag,
            version: record.version,
            name: record.kind.name(),
            at: record.at,
            org,
            only,
            heeded: self.heeded,
        });
    }

    /// Takes in a durable record of endpoints or lanes.
    pub(super) fn push(&mut self, position: Position, record: Record, orders: &Orders) {
        let tag = record.tag;
        let secret = books::origin(&record, orders);
        let lane = self.lanes.get(&tag).copied();
        let book = self.books.entry(tag).or_insert_with(|| Book::new(tag, lane.is_some()));
        book.take(&record);
        let place = (tag, record.version);
        let known = self.by_request.insert(record.request_id.clone(), place);
        assert_eq!(known, None, "I4: one request, two records");
        match lane {
            Some(id) => self.progress(id, &record),
            None => self.endpoints_change(position, &record, secret),
        }
        if let Some(book) = self.books.get_mut(&tag) {
            book.records.push(record);
        }
    }

    fn endpoints_change(&mut self, position: Position, record: &Record, secret: Option<String>) {
        let Outcome::Accepted(accepted) = &record.outcome else { return };
        let Subject::Endpoint(id) = accepted.subject else {
            panic!("I5: nobody asked for {:?}", accepted.subject)
        };
        if record.kind == Kind::EndpointTested {
            let org = self.endpoints[&id].org.clone();
            self.count("tested");
            return self.tell(position, record, org, Some(id));
        }
        if record.kind == Kind::EndpointDeleted {
            let endpoint = self.endpoints.get_mut(&id).expect("I5: it was there");
            endpoint.deleted = Some(position);
            return self.count("deleted");
        }
        let document: Value = serde_json::from_slice(&accepted.after).expect("I5: an endpoint");
        if record.kind == Kind::EndpointCreated {
            self.lanes.insert(StoreKey(STORE_KEY).lane_tag(id), id);
            self.endpoints.insert(id, Endpoint::new(id, position, &document));
        }
        let by_lane = record.actor.sub == "system:webhooks";
        let endpoint = self.endpoints.get_mut(&id).expect("I5: it was there");
        endpoint.becomes(position, &document, secret);
        if by_lane {
            let reason = endpoint.judge_disabling(record, &document);
            self.count(match reason {
                DisabledReason::Gone => "disabled: gone",
                DisabledReason::Failing => "disabled: failing",
                DisabledReason::Requested => panic!("I8: nobody asked to disable {id}"),
            });
        }
    }

    /// The lanes have been told of all that endpoints were up to `position`.
    pub(in crate::simulator) fn heeded(&mut self, position: Position) {
        self.heeded = self.heeded.max(position);
    }

    /// The courier is started and knows only what is written down.
    pub(in crate::simulator) fn starts_anew(&mut self) {
        self.life += 1;
        self.endpoints.values_mut().for_each(|endpoint| endpoint.unwritten.clear());
    }

    /// I8: nothing that is written down is told again.
    pub(in crate::simulator) fn rests(&mut self) {
        self.at_rest = true;
    }

    pub(in crate::simulator) fn heeded_so_far(&self) -> Position {
        self.heeded
    }

    fn count(&mut self, what: &'static str) {
        *self.seen.entry(what).or_default() += 1;
    }

    /// How often what happened.
    pub(in crate::simulator) fn seen(&self) -> &BTreeMap<&'static str, u64> {
        &self.seen
    }

    /// Those that exist, by who owns them, and whether they are enabled.
    pub(in crate::simulator) fn existing(&self) -> Vec<(EndpointId, &str, bool)> {
        let existing = self.endpoints.values().filter(|endpoint| endpoint.deleted.is_none());
        existing.map(|endpoint| (endpoint.id, &*endpoint.org, endpoint.newest().enabled)).collect()
    }

    /// Every delivery there is to see of an endpoint.
    pub(in crate::simulator) fn deliveries(&self, id: EndpointId) -> Vec<holdfast_domain::Stamp> {
        self.endpoints.get(&id).map_or_else(Vec::new, |it| it.deliveries.keys().copied().collect())
    }

    /// When something that waits is to be tried next.
    pub(in crate::simulator) fn next_try(&self) -> Option<Timestamp> {
        let existing = self.endpoints.values().filter(|endpoint| endpoint.deleted.is_none());
        existing.flat_map(|endpoint| endpoint.waiting().filter_map(|it| it.next_at)).min()
    }

    /// I8: what an endpoint has not heard though it must, or has heard and not written down, after the
    /// last failure has passed.
    pub(in crate::simulator) fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        for endpoint in self.endpoints.values().filter(|endpoint| endpoint.deleted.is_none()) {
            let id = endpoint.id;
            let events = self.events.iter().enumerate();
            for (number, event) in events.filter(|(_, event)| endpoint.must_hear(event)) {
                let what = (event.name, event.version, event.tag);
                if !endpoint.is_settled(number) {
                    missing.push(format!("{id} never hears of {what:?}"));
                }
            }
            let unwritten = endpoint.unwritten.iter();
            missing.extend(unwritten.map(|number| format!("{id} does not write down {number}")));
            let waiting: BTreeSet<EventNo> = endpoint.waiting().map(|it| it.event).collect();
            missing.extend(waiting.iter().map(|number| format!("{id} still waits for {number}")));
            if endpoint.is_replaying {
                missing.push(format!("{id} never ends its replay"));
            }
            if !endpoint.newest().enabled {
                missing.push(format!("{id} is disabled"));
            }
        }
        missing
    }
}
