//! A webhook aggregate's actor as a plain step machine, beside [`crate::cell::AssetCell`] and with the
//! same order inside a command: decide → encode → apply → hand over.

use std::sync::Arc;

use bytes::Bytes;
use holdfast_domain::{
    Outcome, Record, Tag, Timestamp, access,
    asset::AssetState,
    rejection::Rejection,
    webhooks::{
        Endpoints, Lane, LaneEvent, Verdict, decide_endpoints, decide_lane, disable, progress,
    },
};
use holdfast_storage::{
    codec,
    history::History,
    journal::{Encoded, RECORD_BYTES_MAX},
};

use super::{
    directory::News,
    message::{Standing, WebhookAsk, WebhookReading},
};
use crate::{
    cell::HydrateError,
    engine::Refusal,
    gate::AtomicPosition,
    message::{Ask, EngineGate, Facts, Held, Message, Pending, Reading, Reply, take_answer},
    router::Permit,
    timers::NextDue,
};

/// A snapshot is made no sooner than after this many records.
const SNAPSHOT_RECORDS_MIN: usize = 64;

/// The endpoints of an org, or the lane of one of them.
enum State {
    Endpoints(Endpoints),
    Lane(Lane),
}

pub struct WebhookCell {
    state: State,
    records_since_snapshot: usize,
    bytes_since_snapshot: usize,
}

impl WebhookCell {
    /// The state as committed; which of the two follows from who is asked.
    pub fn hydrate(
        history: &History,
        tag: Tag,
        is_lane: bool,
        now: Timestamp,
    ) -> Result<Self, HydrateError> {
        let replay = history.replay(tag, AssetState::keys_needed_since(now))?;
        let snapshot = replay.snapshot.as_deref();
        let mut state = match (is_lane, snapshot) {
            (true, None) => State::Lane(Lane::new(tag)),
            (true, Some(sealed)) => State::Lane(Lane::from_snapshot(codec::open(sealed)?)),
            (false, None) => State::Endpoints(Endpoints::new(tag)),
            (false, Some(sealed)) => {
                State::Endpoints(Endpoints::from_snapshot(codec::open(sealed)?))
            }
        };
        for record in &replay.keyed {
            match &mut state {
                State::Endpoints(endpoints) => endpoints.remember(record),
                State::Lane(lane) => lane.remember(record),
            }
        }
        for record in &replay.records {
            state.apply(record);
        }
        let records_since_snapshot = replay.records.len();
        Ok(Self { state, records_since_snapshot, bytes_since_snapshot: 0 })
    }

    /// Of the newest record.
    pub fn version(&self) -> u64 {
        match &self.state {
            State::Endpoints(endpoints) => endpoints.version(),
            State::Lane(lane) => lane.version(),
        }
    }

    /// `None` for the lane of one.
    pub fn endpoints(&self) -> Option<&Endpoints> {
        match &self.state {
            State::Endpoints(endpoints) => Some(endpoints),
            State::Lane(_) => None,
        }
    }

    /// `None` for the endpoints of an org.
    pub fn lane(&self) -> Option<&Lane> {
        match &self.state {
            State::Lane(lane) => Some(lane),
            State::Endpoints(_) => None,
        }
    }

    /// An estimate of the memory held, for passivation.
    pub fn bytes(&self) -> usize {
        self.state.bytes()
    }

    /// See [`crate::cell::AssetCell::step`].
    pub fn step(
        &mut self,
        message: Message,
        now: Timestamp,
        gate: &EngineGate,
        last: &AtomicPosition,
    ) {
        let Message { ask, reply, mut permit, .. } = message;
        let Ask::Webhooks(ask) = ask else { return };
        let turn = self.turn(ask, now);
        let answer = match turn {
            Ok(Turn::Append(record)) => {
                self.append(record, (reply, permit), gate, last);
                return;
            }
            Ok(Turn::Answer(reading)) => Ok(reading),
            Err(rejection) => Err(Refusal::Rejected(rejection)),
        };
        let answer = match answer {
            Ok(reading) if !permit.cover(weight(&reading)) => Err(Refusal::Overloaded),
            answer => answer,
        };
        gate.after(last.get(), Held::Answer { answer, reply: reply.handed_over(), permit });
    }

    fn turn(&self, ask: WebhookAsk, now: Timestamp) -> Result<Turn, Rejection> {
        match &self.state {
            State::Endpoints(state) => of_endpoints(state, ask, now),
            State::Lane(state) => Ok(of_lane(state, ask, now)?),
        }
    }

    fn append(
        &mut self,
        mut record: Box<Record>,
        (reply, mut permit): (Reply, Permit),
        gate: &EngineGate,
        last: &AtomicPosition,
    ) {
        let encoded = Encoded {
            tag: record.tag,
            version: record.version,
            bytes: codec::encode_record(&record),
        };
        let bytes = encoded.bytes.len();
        if bytes > RECORD_BYTES_MAX || !permit.cover(bytes) {
            reply.send(Err(Refusal::Overloaded));
            return;
        }
        self.state.apply(&record);
        let facts = Facts {
            tag: record.tag,
            version: record.version,
            at: record.at,
            mark: None,
            snapshot: self.snapshot(bytes),
            card: None,
            webhooks: self.news(&record),
            rows: Vec::new(),
            next_due: NextDue::of(None),
        };
        let answer = match ids(&record) {
            Some(ids) => Ok(Reading::Webhooks(WebhookReading::Progressed(ids))),
            None => take_answer(&mut record),
        };
        let reply = reply.handed_over();
        gate.hand_over(Pending { encoded, facts, answer, reply, permit, decided_us: 0 }, last);
    }

    /// What the lanes must hear of.
    fn news(&self, record: &Record) -> Option<News> {
        if matches!(record.outcome, Outcome::Refused(_)) || ids(record).is_some() {
            return None;
        }
        Some(match self.state {
            State::Endpoints(_) => News::Endpoints,
            State::Lane(_) => News::Lane,
        })
    }

    /// Made when the records since the last one outweigh it.
    fn snapshot(&mut self, record_bytes: usize) -> Option<Arc<[u8]>> {
        self.records_since_snapshot += 1;
        self.bytes_since_snapshot += record_bytes;
        if self.records_since_snapshot < SNAPSHOT_RECORDS_MIN
            || self.bytes_since_snapshot < self.state.bytes()
        {
            return None;
        }
        (self.records_since_snapshot, self.bytes_since_snapshot) = (0, 0);
        Some(match &self.state {
            State::Endpoints(state) => codec::seal(&state.to_snapshot()).into(),
            State::Lane(state) => codec::seal(&state.to_snapshot()).into(),
        })
    }
}

impl State {
    fn apply(&mut self, record: &Record) {
        match self {
            Self::Endpoints(endpoints) => endpoints.apply(record),
            Self::Lane(lane) => lane.apply(record),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Endpoints(endpoints) => endpoints.bytes(),
            Self::Lane(lane) => lane.bytes(),
        }
    }
}

enum Turn {
    Append(Box<Record>),
    Answer(Reading),
}

impl Turn {
    fn of(reading: WebhookReading) -> Self {
        Self::Answer(Reading::Webhooks(reading))
    }

    fn decided(verdict: Verdict) -> Result<Self, Rejection> {
        match verdict {
            Verdict::Append(record) => Ok(Self::Append(record)),
            Verdict::Replay { version } => Ok(Self::Answer(Reading::Stored { version })),
            Verdict::Refuse(rejection) => Err(rejection),
        }
    }
}

fn of_endpoints(state: &Endpoints, ask: WebhookAsk, now: Timestamp) -> Result<Turn, Rejection> {
    match ask {
        WebhookAsk::Endpoint(request) => Turn::decided(decide_endpoints(state, &request, now)),
        WebhookAsk::Disable(id, reason) => Ok(disable(state, id, reason, now)
            .map_or_else(|| Turn::of(WebhookReading::Unchanged), Turn::Append)),
        WebhookAsk::Endpoints => {
            Ok(Turn::of(WebhookReading::Endpoints(state.all().cloned().collect())))
        }
        WebhookAsk::List(principal) => {
            if !access::may_inspect(&principal) {
                return Err(Rejection::ForbiddenRole);
            }
            let visible = state.all().rev().filter(|endpoint| endpoint.is_visible(&principal));
            let rows = visible
                .map(|endpoint| (endpoint.id, Bytes::from(endpoint.document(state.tag()).json())));
            Ok(Turn::of(WebhookReading::Rows(rows.collect())))
        }
        WebhookAsk::Read(principal, id) => {
            let endpoint = state.read(&principal, id)?;
            let json = Bytes::from(endpoint.document(state.tag()).json());
            Ok(Turn::of(WebhookReading::Document(json, endpoint.etag())))
        }
        WebhookAsk::May(principal, id) => {
            state.read(&principal, id)?;
            if principal.manages() {
                Ok(Turn::of(WebhookReading::Allowed))
            } else {
                Err(Rejection::ForbiddenRole)
            }
        }
        WebhookAsk::Lane(..)
        | WebhookAsk::Progress(_)
        | WebhookAsk::Standing { .. }
        | WebhookAsk::Deliveries { .. } => Err(Rejection::NotFound),
    }
}

fn of_lane(state: &Lane, ask: WebhookAsk, now: Timestamp) -> Result<Turn, Rejection> {
    match ask {
        WebhookAsk::Lane(endpoint, request) => {
            Turn::decided(decide_lane(state, endpoint, &request, now))
        }
        WebhookAsk::Progress(done) => Ok(Turn::Append(progress(state, *done, now))),
        WebhookAsk::Standing { all } => {
            Ok(Turn::of(WebhookReading::Standing(Box::new(Standing {
                cursor: state.cursor(),
                failing_since: state.failing_since(),
                pending: state.pending().filter(|it| all || it.asked).cloned().collect(),
                replay: state.replay(),
            }))))
        }
        WebhookAsk::Deliveries { endpoint, status, low, high, oldest_first, limit } => {
            let mut found = state.deliveries(low, high);
            found.retain(|delivery| status.is_empty() || status.contains(&delivery.status));
            if oldest_first {
                found.reverse();
            }
            let rows = found.into_iter().take(limit).map(|delivery| {
                (delivery.id, Bytes::from(delivery.document(state.tag(), endpoint).json()))
            });
            Ok(Turn::of(WebhookReading::Rows(rows.collect())))
        }
        _ => Err(Rejection::NotFound),
    }
}

/// The ids in a record of progress.
fn ids(record: &Record) -> Option<Vec<holdfast_domain::Stamp>> {
    let Outcome::Accepted(accepted) = &record.outcome else { return None };
    match &accepted.events[..] {
        [holdfast_domain::asset::Event::Lane(LaneEvent::Progressed { settled, .. })] => {
            Some(settled.iter().map(|settled| settled.id()).collect())
        }
        _ => None,
    }
}

/// What an answer takes in memory, for the budget.
fn weight(reading: &Reading) -> usize {
    match reading {
        Reading::Webhooks(WebhookReading::Rows(rows)) => {
            rows.iter().map(|(_, row)| row.len()).sum()
        }
        Reading::Webhooks(WebhookReading::Document(json, _)) => json.len(),
        Reading::Webhooks(WebhookReading::Standing(standing)) => {
            standing.pending.len() * size_of::<holdfast_domain::webhooks::Delivery>()
        }
        _ => 0,
    }
}
