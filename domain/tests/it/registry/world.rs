//! One registry with its rows and its log, driven as an actor would drive it.

use std::{collections::BTreeMap, sync::Arc};

use holdfast_domain::{
    AssetId, IfMatch, Kind, Locations, Outcome, Principal, Record, RegistryId, Request, Roles,
    Stamp, Subject, Tag, Timestamp,
    asset::Event,
    audit,
    registry::{
        Change, Command, Key, Refusal, Registry, Row, Rows, RowsError, Verdict, decide, rows_of,
    },
};

pub(super) const TAG: Tag = Tag::new(0x0123_4567_89ab_cdef);

/// Rows as a store would keep them. A copy is a cut.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Store(pub(super) BTreeMap<Key, Arc<Row>>);

impl Rows for Store {
    fn get(&self, key: Key) -> Result<Option<Arc<Row>>, RowsError> {
        Ok(self.0.get(&key).cloned())
    }

    fn range(&self, from: Key, to: Key, limit: usize) -> Result<Vec<(Key, Arc<Row>)>, RowsError> {
        let rows = self.0.range(from..to).take(limit);
        Ok(rows.map(|(key, row)| (*key, row.clone())).collect())
    }
}

/// What a command came to.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Answer {
    Done(Kind),
    Unchanged,
    Refused(Refusal),
}

pub(super) struct World {
    pub(super) state: Registry,
    pub(super) store: Store,
    pub(super) log: Vec<Record>,
    clock: i64,
}

impl World {
    pub(super) fn new() -> Self {
        Self {
            state: Registry::new(TAG),
            store: Store::default(),
            log: Vec::new(),
            clock: 1_800_000_000_000,
        }
    }

    pub(super) fn command(&mut self, command: Command) -> Answer {
        self.clock += 1;
        let request = request(command);
        let now = Timestamp::from_millis(self.clock);
        let verdict = decide(&self.state, &request, now, &self.store).unwrap();
        match verdict {
            Verdict::Unchanged => Answer::Unchanged,
            Verdict::Refuse(refusal) => Answer::Refused(refusal),
            Verdict::Append { record, before } => {
                self.append(*record, &before);
                Answer::Done(self.log.last().unwrap().kind)
            }
        }
    }

    fn append(&mut self, record: Record, before: &[(Key, Option<Arc<Row>>)]) {
        let rows = rows_of(&record);
        assert_eq!(rows.len(), before.len());
        for (change, (key, former)) in rows.iter().zip(before) {
            assert_eq!(change.key, *key);
            assert_eq!(self.store.0.get(key), former.as_ref(), "as it was: {key:?}");
        }
        self.state.apply(&record, before);
        for Change { key, row } in rows {
            match row {
                Some(row) => self.store.0.insert(key, row),
                None => self.store.0.remove(&key),
            };
        }
        self.check(&record);
        self.log.push(record);
    }

    /// What must hold of every record.
    fn check(&self, record: &Record) {
        let Outcome::Accepted(accepted) = &record.outcome else { panic!("never a stored refusal") };
        assert_eq!(accepted.subject, Subject::Registry(RegistryId::new(Stamp::MIN, TAG)));
        assert_eq!((record.key.as_ref(), record.next_due, record.tag), (None, None, TAG));
        let [Event::Registry(event)] = &accepted.events[..] else { panic!("one event") };
        assert!(!event.changes.is_empty());
        let newest = self.log.last();
        assert_eq!(record.version, newest.map_or(1, |newest| newest.version + 1));
        assert_eq!(record.prev_hash, newest.map_or([0; 32], |newest| newest.hash));
        assert_eq!(record.hash, audit::hash(record, AssetId::new(Stamp::MIN, TAG)));
        assert!(newest.is_none_or(|newest| newest.audit < record.audit && newest.at <= record.at));
        assert_eq!(accepted.etag.version, record.version);
        assert_eq!(self.state.version(), record.version);
    }

    /// The state as it is built from rows, in this order, and from the newest record.
    pub(super) fn rebuilt(&self, mut order: impl FnMut(&mut Vec<Change>)) -> Registry {
        let rows = self.store.0.iter();
        let mut rows: Vec<_> =
            rows.map(|(key, row)| Change { key: *key, row: Some(row.clone()) }).collect();
        order(&mut rows);
        let mut state = Registry::new(TAG);
        rows.iter().for_each(|row| state.load(row));
        if let Some(newest) = self.log.last() {
            state.follow(newest);
        }
        state
    }
}

pub(super) fn canonical(json: &[u8]) -> Vec<u8> {
    let value: serde_json::Value = serde_json::from_slice(json).unwrap();
    serde_json_canonicalizer::to_vec(&value).unwrap()
}

pub(super) fn request(command: Command) -> Request<Command> {
    Request {
        principal: Arc::new(Principal {
            issuer: "iss".into(),
            subject: "usr_9".into(),
            org: "org_1".into(),
            roles: Roles::default(),
            locations: Locations::All,
        }),
        request_id: "req".into(),
        path: "/".into(),
        key: None,
        if_match: IfMatch::Missing,
        command,
    }
}
