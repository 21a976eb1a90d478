//! The registry of one org as a step machine, beside [`crate::cell::AssetCell`]: the same order of
//! decide → encode → apply → hand over, and the same gate.
//!
//! Its rows are not in memory, so a write may wait for the disk: for a thread that may.

use std::sync::Arc;

use holdfast_domain::{
    Record, Request, Tag, Timestamp,
    registry::{
        self, Change, Command, Finding, Key, Registry, Row, Rows, RowsError, Verdict, decide,
        rows_of,
    },
};
use holdfast_storage::{
    codec,
    history::History,
    journal::{Encoded, Journal, RECORD_BYTES_MAX},
    registry::{Layered, rows_within},
};

use parking_lot::Mutex;

use super::{
    cut::{Cuts, HeldCuts, fault},
    message::RegistryAsk,
    recent::Recent,
};
use crate::{
    cell::HydrateError,
    engine::Refusal,
    gate::AtomicPosition,
    message::{Ask, EngineGate, Facts, Held, Message, Pending, Reading, Reply},
    router::Permit,
    timers::NextDue,
};

/// Rows read at once while the names are gathered.
const ROWS_AT_ONCE: usize = 4_096;

pub(crate) struct RegistryCell {
    state: Registry,
    rows: CellRows,
    cuts: Arc<Mutex<Cuts>>,
    /// No record may take more in the journal: it would fit no group.
    group_bytes_max: u64,
}

/// The registry's rows as the actor's state has them: what is not yet published over what is committed.
struct CellRows {
    recent: Recent,
    tag: Tag,
    history: Arc<History>,
}

impl Rows for CellRows {
    fn get(&self, key: Key) -> Result<Layered, RowsError> {
        match self.recent.get(key) {
            Some(row) => Ok(row),
            None => self
                .history
                .registry_row(self.tag, key)
                .map_err(|error| fault(&self.history, &error)),
        }
    }

    fn range(&self, from: Key, to: Key, limit: usize) -> Result<Vec<(Key, Arc<Row>)>, RowsError> {
        rows_within((from, to), limit, |from, to, limit| {
            let below = self.history.registry_rows(self.tag, (from, to), limit);
            Ok(self
                .recent
                .stretch(from, to, limit)
                .over(below.map_err(|error| fault(&self.history, &error))?))
        })
    }
}

impl RegistryCell {
    /// The state as committed: its names and counts are gathered from all its rows. The caller has
    /// waited until everything that an earlier incarnation handed over is durable.
    pub(crate) fn hydrate(
        history: Arc<History>,
        tag: Tag,
        held: &HeldCuts,
        group_bytes_max: u64,
    ) -> Result<Self, HydrateError> {
        let mut state = Registry::new(tag);
        if let Some(newest) = history.records_below(tag, u64::MAX, 1)?.pop() {
            let mut from = Some(Key::FIRST);
            while let Some(key) = from {
                let stretch = history.registry_rows(tag, (key, Key::END), ROWS_AT_ONCE)?;
                for (key, row) in stretch.rows {
                    if row.is_some() {
                        state.load(&Change { key, row });
                    }
                }
                from = stretch.through.map(Key::next);
            }
            state.follow(&newest);
        }
        let rows = CellRows { recent: Recent::default(), tag, history };
        Ok(Self { state, rows, cuts: held.of(tag), group_bytes_max })
    }

    /// An estimate of the memory held, for passivation.
    pub(crate) fn bytes(&self) -> usize {
        self.state.bytes()
    }

    /// See [`crate::cell::AssetCell::step`].
    pub(crate) fn step(
        &mut self,
        message: Message,
        now: Timestamp,
        gate: &EngineGate,
        last: &AtomicPosition,
    ) {
        let Message { ask, reply, permit, .. } = message;
        self.rows.recent.forget(gate.durable());
        let answer = match ask {
            Ask::Registry(RegistryAsk::Write(request)) => match self.decided(&request, now) {
                Ok(Verdict::Append { record, before }) => {
                    self.append(*record, &before, (reply, permit), gate, last);
                    return;
                }
                Ok(Verdict::Unchanged) => Ok(Reading::Registered),
                Ok(Verdict::Refuse(refusal)) => Err(Refusal::Registry(refusal)),
                Err(error) => {
                    tracing::warn!(%error, "a registry cannot be read now");
                    reply.send(Err(Refusal::Overloaded));
                    return;
                }
            },
            Ask::Registry(RegistryAsk::Cut) => {
                let CellRows { tag, history, .. } = &self.rows;
                Ok(Reading::Cut(self.cuts.lock().make(self.state.index(), *tag, history)))
            }
            _ => return,
        };
        gate.after(last.get(), Held::Answer { answer, reply: reply.handed_over(), permit });
    }

    fn decided(&self, request: &Request<Command>, now: Timestamp) -> Result<Verdict, RowsError> {
        decide(&self.state, request, now, &self.rows)
    }

    fn append(
        &mut self,
        record: Record,
        before: &[(Key, Layered)],
        (reply, mut permit): (Reply, Permit),
        gate: &EngineGate,
        last: &AtomicPosition,
    ) {
        let bytes = codec::encode_record(&record);
        let encoded = Encoded { tag: record.tag, version: record.version, bytes };
        let bytes = encoded.bytes.len();
        if bytes > RECORD_BYTES_MAX || Journal::bytes_in_group(&encoded) > self.group_bytes_max {
            let refusal = registry::Refusal::from(Finding::TooManyChanges);
            let answer = Err(Refusal::Registry(refusal));
            gate.after(last.get(), Held::Answer { answer, reply: reply.handed_over(), permit });
            return;
        }
        if !permit.cover(bytes) {
            reply.send(Err(Refusal::Overloaded));
            return;
        }
        // Before anybody can see what replaces it.
        self.cuts.lock().keep(before);
        self.state.apply(&record, before);
        let rows = rows_of(&record);
        let facts = Facts {
            tag: record.tag,
            version: record.version,
            at: record.at,
            mark: None,
            snapshot: None,
            card: None,
            webhooks: None,
            rows: rows.clone(),
            next_due: NextDue::of(None),
        };
        let pending = Pending {
            encoded,
            facts,
            answer: Ok(Reading::Registered),
            reply: reply.handed_over(),
            permit,
            decided_us: 0,
        };
        let position = gate.hand_over(pending, last);
        self.rows.recent.add(position, rows);
    }
}
