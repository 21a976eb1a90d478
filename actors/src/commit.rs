//! The commit stage: takes what the actors handed over, makes it durable, publishes it, and only
//! then lets the answers go.
//!
//! Write → fdatasync → publish → `durable` → replies. Whoever holds an answer finds its effect on
//! every read path. It never lingers for a fuller group: the sync itself is the window.

use std::sync::Arc;

use holdfast_storage::{
    journal::{AppendError, Encoded, GROUP_RECORDS_MAX, Journal, Place, Placed},
    tail::{Tail, TailEntry},
};

use crate::{
    catalogue::Catalogue,
    clock::Clock,
    engine::Refusal,
    gate::{Gated, Taken},
    message::{EngineGate, Facts, Held, Pending, Reading, Reply},
    router::Permit,
    timers::DueQueue,
    vitals::CommitMeter,
    webhooks::Changes,
};

/// A group stops growing at this many bytes (or at what a segment takes, if that is less); a single
/// larger record is a group of its own.
const GROUP_BYTES_MAX: u64 = 4 * 1024 * 1024;

pub struct CommitStage {
    journal: Journal,
    gate: Arc<EngineGate>,
    tail: Arc<Tail>,
    catalogue: Arc<Catalogue>,
    due: Arc<DueQueue>,
    webhooks: Arc<Changes>,
    measured: Option<(Arc<CommitMeter>, Arc<dyn Clock>)>,
}

/// The answer of a record, apart from what is published of it.
struct Waiting {
    answer: Result<Reading, Refusal>,
    reply: Reply,
    _permit: Permit,
}

impl CommitStage {
    pub fn new(
        journal: Journal,
        gate: Arc<EngineGate>,
        tail: Arc<Tail>,
        catalogue: Arc<Catalogue>,
        due: Arc<DueQueue>,
        webhooks: Arc<Changes>,
    ) -> Self {
        Self { journal, gate, tail, catalogue, due, webhooks, measured: None }
    }

    /// Tells `meter` of every group.
    #[must_use]
    pub fn measured_by(mut self, meter: Arc<CommitMeter>, clock: Arc<dyn Clock>) -> Self {
        self.measured = Some((meter, clock));
        self
    }

    /// Commits everything taken, group by group, and releases the answers.
    ///
    /// # Errors
    /// The first failed write or sync. The gate is poisoned by then and every answer is "outcome
    /// unknown"; the stage must not be used again.
    pub fn settle(&mut self, taken: Taken<Pending, Held>) -> Result<(), AppendError> {
        let Taken { records, answers, last } = taken;
        let mut position = last - records.len() as u64;
        let bytes_max = self.journal.group_bytes_max().min(GROUP_BYTES_MAX);
        let mut records = records.into_iter().peekable();
        while records.peek().is_some() {
            let (encoded, facts, waiting, decided_us) = next_group(&mut records, bytes_max);
            position += encoded.len() as u64;
            if let Err(error) = self.commit(&encoded, facts, waiting, position) {
                // The flag comes first: nothing more is acknowledged, whatever else goes on.
                self.gate.poison();
                records.for_each(Gated::outcome_unknown);
                answers.into_iter().for_each(Gated::outcome_unknown);
                return Err(error);
            }
            if let Some((meter, clock)) = &self.measured {
                meter.released(decided_us, clock.monotonic_us());
            }
        }
        answers.into_iter().for_each(Gated::release);
        Ok(())
    }

    /// See [`Journal::mark_high_water`].
    pub fn mark_high_water(&mut self, now_ms: u64, force: bool) -> Result<(), AppendError> {
        self.journal.mark_high_water(now_ms, force).inspect_err(|_| self.gate.poison())
    }

    fn commit(
        &mut self,
        encoded: &[Encoded],
        facts: Vec<Facts>,
        waiting: Vec<Waiting>,
        position: u64,
    ) -> Result<(), AppendError> {
        let mut waiting = waiting;
        if cfg!(feature = "planted-reply-before-sync") {
            waiting.drain(..).for_each(Waiting::release);
        }
        let started_us = self.measured.as_ref().map(|(_, clock)| clock.monotonic_us());
        let committed = self.journal.commit_once(encoded);
        if let (Some((meter, clock)), Some(started_us)) = (&self.measured, started_us) {
            meter.written(encoded.len(), started_us, clock.monotonic_us());
        }
        let placed = match committed {
            Ok(placed) => placed,
            Err(error) => {
                self.gate.poison();
                waiting.into_iter().for_each(Waiting::outcome_unknown);
                return Err(error);
            }
        };
        debug_assert_eq!(placed.last().map(|placed| placed.position), Some(position));
        let position = placed.last().map_or(position, |placed| placed.position);
        if cfg!(feature = "planted-publish-after-replies") {
            self.gate.advance(position);
            waiting.drain(..).for_each(Waiting::release);
        }
        self.publish(&placed, facts);
        self.gate.advance(position);
        waiting.into_iter().for_each(Waiting::release);
        Ok(())
    }

    fn publish(&self, placed: &[Placed], facts: Vec<Facts>) {
        self.due.put_all(facts.iter().map(|facts| (facts.tag, facts.next_due)));
        let mut entries = Vec::with_capacity(facts.len());
        let first = placed.first().copied();
        for (placed, facts) in placed.iter().zip(facts) {
            if let Some(card) = facts.card {
                self.catalogue.put(*card, *placed);
            }
            if let (Some(news), Some(first)) = (facts.webhooks, first) {
                self.webhooks.note(facts.tag, news, Place::before(first));
            }
            entries.push(TailEntry {
                tag: facts.tag,
                version: facts.version,
                position: placed.position,
                address: placed.address,
                at: facts.at,
                mark: facts.mark,
                snapshot: facts.snapshot,
                rows: facts.rows,
            });
        }
        self.tail.push(entries, self.journal.checkpoint());
    }
}

impl Waiting {
    fn release(self) {
        self.reply.send(self.answer);
    }

    fn outcome_unknown(self) {
        self.reply.send(Err(Refusal::OutcomeUnknown));
    }
}

/// With when its oldest record was decided.
type Group = (Vec<Encoded>, Vec<Facts>, Vec<Waiting>, u64);

fn next_group(
    records: &mut std::iter::Peekable<std::vec::IntoIter<Pending>>,
    bytes_max: u64,
) -> Group {
    let expected = records.len().min(GROUP_RECORDS_MAX);
    let mut group: Group = (
        Vec::with_capacity(expected),
        Vec::with_capacity(expected),
        Vec::with_capacity(expected),
        0,
    );
    let mut bytes = 0;
    while let Some(record) = records.next_if(|record| {
        let full = group.0.len() >= GROUP_RECORDS_MAX
            || bytes + Journal::bytes_in_group(&record.encoded) > bytes_max;
        group.0.is_empty() || !full
    }) {
        let Pending { encoded, facts, answer, reply, permit, decided_us } = record;
        if group.0.is_empty() {
            group.3 = decided_us;
        }
        bytes += Journal::bytes_in_group(&encoded);
        group.0.push(encoded);
        group.1.push(facts);
        group.2.push(Waiting { answer, reply, _permit: permit });
    }
    group
}
