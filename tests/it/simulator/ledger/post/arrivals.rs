//! Judges tries: when one begins, what it brings, and how it ends.

use holdfast_actors::webhooks::deliver::{Attempt, Outcome, Verdict};
use holdfast_domain::{
    EndpointId, EventId, Kind, Outcome as Decided, Record, Timestamp, webhooks::EventRef,
};
use holdfast_storage::journal::Position;
use serde_json::{Value, json};

use super::{
    super::{Ledger, upkeep::notice_of},
    EventNo, Post,
    endpoint::Try,
};

impl Post {
    /// I8: the endpoint is there and enabled as far as its lane was told, may hear of the event, and
    /// its time and its turn have come.
    pub(in crate::simulator) fn try_begins(&self, id: EndpointId, event: EventRef, at: Timestamp) {
        let number = self.by_version.get(&(event.tag, event.version)).copied();
        let number = number.unwrap_or_else(|| panic!("I8: {} is not in the log", event.id()));
        let event = &self.events[number];
        let what = (event.name, event.version, event.tag);
        let endpoint = self.endpoints.get(&id).unwrap_or_else(|| panic!("I8: {id} is not there"));
        let is_there = endpoint.deleted.is_none_or(|at| at > self.heeded);
        assert!(is_there, "I8: {id} is deleted, and told of {what:?}");
        let enabled = endpoint.images_since(self.heeded).iter().any(|image| image.enabled);
        assert!(enabled, "I8: {id} is disabled, and told of {what:?}");
        assert!(endpoint.may_hear(event), "I8: {id} does not want {what:?}");
        let again = self.at_rest && endpoint.noted.contains(&number);
        assert!(!again, "I8: {id} is told of {what:?} again after all was written down");
        if endpoint.is_asked_again(number, event) {
            return;
        }
        if let Some(not_before) = endpoint.not_before(number, self.life) {
            assert!(not_before <= at, "I8: {id} is told of {what:?} at {at}, not {not_before}");
        }
        let earlier =
            self.events[..number].iter().enumerate().filter(|(_, it)| it.tag == event.tag);
        for (before, earlier) in earlier {
            let in_turn = !endpoint.must_hear(earlier) || endpoint.is_settled(before);
            assert!(in_turn, "I8: {id} hears of {what:?} before it took {}", earlier.version);
        }
    }

    /// What came of a try, as its lane is about to hear.
    pub(in crate::simulator) fn try_ended(
        &mut self,
        id: EndpointId,
        event: EventRef,
        (at, ended_at): (Timestamp, Timestamp),
        outcome: Outcome,
    ) {
        let (number, life) = (self.by_version[&(event.tag, event.version)], self.life);
        let endpoint = self.endpoints.get_mut(&id).expect("it was there");
        endpoint.tries.entry(number).or_default().push(Try { at, ended_at, outcome, life });
        if outcome.verdict == Verdict::Delivered {
            endpoint.taken.insert(number);
            endpoint.unwritten.push(number);
        }
        self.count("try");
    }
}

impl Ledger {
    /// I8: what arrives is what a durable record says, in the same bytes each time, signed with the
    /// endpoint's newest secret. `heeded`: when the try began.
    pub(in crate::simulator) fn try_arrives(
        &mut self,
        id: EndpointId,
        attempt: &Attempt,
        at: Timestamp,
        heeded: Position,
    ) {
        let number = self.post.by_id.get(&attempt.event_id).copied();
        let number = number.unwrap_or_else(|| panic!("I8: {} is not in the log", attempt.event_id));
        let event = &self.post.events[number];
        let record = self.record(event.tag, event.version).expect("it was told");
        judge_body(record, attempt);
        assert_eq!(attempt.timestamp_s, at.millis().div_euclid(1_000), "I8: the time of a try");
        assert_eq!(attempt.request_id, record.request_id, "I8: the request id of {number}");
        let images = self.post.endpoints[&id].images_since(heeded);
        let newest = attempt.secrets.first();
        let signed = images.iter().any(|it| it.url == attempt.url && Some(&it.secret) == newest);
        assert!(signed, "I8: {} is not where {id} is, or not how it signs", attempt.url);
        self.post.same_bytes(number, attempt);
    }
}

impl Post {
    fn same_bytes(&mut self, number: EventNo, attempt: &Attempt) {
        let known = self.bodies.entry(number).or_insert_with(|| attempt.body.clone());
        assert_eq!(*known, attempt.body, "I8: other bytes under the id {}", attempt.event_id);
    }
}

fn judge_body(record: &Record, attempt: &Attempt) {
    let Decided::Accepted(accepted) = &record.outcome else {
        panic!("I8: a refusal is told: {}", attempt.event_id)
    };
    let mut body: Value = serde_json::from_slice(&attempt.body).expect("I8: a body of json");
    let name = record.kind.name();
    let noun = name.split('.').next().unwrap_or_default();
    if record.kind == Kind::MaintenanceDue {
        let data = body["data"].as_object_mut().expect("I8: data");
        assert_eq!(data.remove("notice_minutes"), Some(json!(notice_of(record))), "I8: a notice");
        assert!(data.remove("trigger").is_some(), "I8: what made it due");
    }
    let resource: Value = serde_json::from_slice(&accepted.after).expect("I5: a document");
    let id = EventId::new(record.audit, record.tag);
    assert_eq!(attempt.event_id, id.to_string(), "I8: the id of {name}");
    let expected = json!({
        "id": id,
        "type": name,
        "created_at": record.at,
        "request_id": record.request_id,
        "asset_seq": record.version,
        "data": { noun: resource },
    });
    assert_eq!(body, expected, "I8: the body of {name}");
}
