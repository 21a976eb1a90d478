//! Drives the lanes: reads what changed, lets each lane step, makes the tries, and writes down what
//! came of them. One thread with a runtime of its own; the root of the tree starts it anew after a
//! panic, and everything it knows is in the log.
//!
//! What to send and when is the lanes' business.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, OnceLock, Weak},
    time::Duration,
};

use bytes::Bytes;
use holdfast_domain::{
    EndpointId, Record, Stamp, Tag,
    webhooks::{Endpoint, EndpointStatus, EventRef, Failure, Try, body},
};
use holdfast_storage::{
    history::History,
    journal::{JournalReader, Place, Position},
};
use parking_lot::Mutex;
use tokio::{runtime::Handle, sync::mpsc, time::sleep};

use super::{
    Vault, WebhookOptions,
    deliver::{Attempt, Deliver, Outcome, Verdict},
    directory::{Changes, News},
    feed::{Feed, Told},
    lane::{Ended, Filter, Flight, Found, Lane, Send, Wish},
    message::{Standing, WebhookAsk, WebhookReading},
    meter::{LaneMeter, Seat},
};
use crate::{
    catalogue::Catalogue,
    clock::Clock,
    engine::{Engine, Parts, Refusal},
    ids::{Randomness, StoreKey},
    message::{Ask, EngineGate, Reading},
    roster::Roster,
    worker::Stop,
};

/// How long the lanes do not look whether the log has grown.
const REST: Duration = Duration::from_millis(10);
/// And where there are none.
const REST_WITHOUT_LANES: Duration = Duration::from_millis(50);
/// Tries under way whose end has not been looked at.
const ENDS_MAX: usize = 1_024;
/// Records looked at in one search for what waits behind a delivery.
const SEARCH_MAX: u64 = 256;

/// What the courier stands on.
pub(crate) struct WebhookParts {
    pub(crate) engine: Arc<OnceLock<Weak<Parts>>>,
    pub(crate) gate: Arc<EngineGate>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) history: Arc<History>,
    pub(crate) reader: JournalReader,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) randomness: Arc<dyn Randomness>,
    pub(crate) store_key: StoreKey,
    pub(crate) vault: Vault,
    pub(crate) deliver: Arc<dyn Deliver>,
    pub(crate) changes: Arc<Changes>,
    pub(crate) options: WebhookOptions,
    /// Whose endpoints there are; what a restarted courier begins with.
    pub(crate) orgs: Mutex<HashSet<Tag>>,
    /// The endpoint of each lane.
    pub(crate) lanes: Mutex<HashMap<Tag, EndpointId>>,
    pub(crate) roster: Arc<Roster>,
    pub(crate) meter: LaneMeter,
    /// Where actors live.
    pub(crate) runtime: Handle,
}

/// What a task of the courier comes back with.
enum End {
    Tried { endpoint: EndpointId, flight: Flight, ended: Ended },
    Searched { endpoint: EndpointId, tag: Tag, found: Option<Found> },
    Noted { endpoint: EndpointId, position: Position, ids: Option<Vec<Stamp>> },
    NotDisabled { endpoint: EndpointId },
}

struct Driven {
    lane: Lane,
    seat: Seat,
    /// The log was this long when it last stepped.
    durable: Position,
    /// Something has happened since.
    is_stirred: bool,
    /// Its endpoint is being disabled.
    is_disabling: bool,
}

pub(crate) struct Courier {
    parts: Arc<WebhookParts>,
    feed: Feed,
    lanes: HashMap<EndpointId, Driven>,
    ends: (mpsc::Sender<End>, mpsc::Receiver<End>),
}

impl Courier {
    pub(crate) fn new(parts: Arc<WebhookParts>) -> Self {
        let feed = Feed::new(parts.reader.follower(), Arc::clone(&parts.catalogue));
        Self { parts, feed, lanes: HashMap::new(), ends: mpsc::channel(ENDS_MAX) }
    }

    /// Until it is asked to stop.
    pub(crate) async fn run(mut self, stop: &Stop) {
        let orgs: Vec<Tag> = self.parts.orgs.lock().iter().copied().collect();
        for org in orgs {
            self.parts.changes.note(org, News::Endpoints, Place::START);
        }
        while !stop.is_asked() {
            for (tag, news, place) in self.parts.changes.take() {
                if self.heed(tag, news, place).await.is_err() {
                    // Asked again after the rest.
                    self.parts.changes.note(tag, news, place);
                }
            }
            let more = self.step();
            let rest = match (more, self.lanes.is_empty()) {
                (true, _) => Duration::ZERO,
                (false, false) => REST,
                (false, true) => REST_WITHOUT_LANES,
            };
            tokio::select! {
                Some(end) = self.ends.1.recv() => {
                    self.take(end);
                    while let Ok(end) = self.ends.1.try_recv() {
                        self.take(end);
                    }
                }
                () = sleep(rest) => {}
            }
        }
    }

    async fn heed(&mut self, tag: Tag, news: News, place: Place) -> Result<(), Refusal> {
        match news {
            News::Endpoints => self.reload(tag, place).await,
            News::Lane => {
                let endpoint = self.parts.lanes.lock().get(&tag).copied();
                let Some(endpoint) = endpoint.filter(|id| self.lanes.contains_key(id)) else {
                    return Ok(());
                };
                let standing = self.standing(endpoint, false).await?;
                let durable = self.parts.gate.durable();
                if let Some(driven) = self.lanes.get_mut(&endpoint) {
                    driven.lane.heed(&standing, durable);
                    driven.is_stirred = true;
                }
                Ok(())
            }
        }
    }

    /// Brings the lanes of an org in line with its endpoints.
    async fn reload(&mut self, org: Tag, place: Place) -> Result<(), Refusal> {
        let WebhookReading::Endpoints(endpoints) =
            self.parts.ask(org, WebhookAsk::Endpoints).await?
        else {
            return Ok(());
        };
        self.parts.orgs.lock().insert(org);
        let known = |id: &EndpointId| endpoints.iter().any(|endpoint| endpoint.id == id.stamp);
        let gone: Vec<EndpointId> =
            self.lanes.keys().filter(|id| id.tag == org && !known(id)).copied().collect();
        for id in gone {
            self.lanes.remove(&id);
            self.parts.lanes.lock().remove(&self.parts.store_key.lane_tag(id));
        }
        for endpoint in endpoints {
            let id = EndpointId::new(endpoint.id, org);
            if let Some(driven) = self.lanes.get_mut(&id) {
                driven.lane.change(endpoint);
                driven.is_stirred = true;
                driven.is_disabling = false;
            } else {
                self.open(id, endpoint, place).await?;
            }
        }
        Ok(())
    }

    async fn open(
        &mut self,
        id: EndpointId,
        endpoint: Endpoint,
        place: Place,
    ) -> Result<(), Refusal> {
        let standing = self.standing(id, true).await?;
        let now = (self.parts.clock.now(), self.parts.gate.durable());
        let rate_max = self.parts.options.rate_max;
        let lane = Lane::new((endpoint, id), &standing, place, now, rate_max);
        self.parts.lanes.lock().insert(self.parts.store_key.lane_tag(id), id);
        let seat = Seat::take(&self.parts.roster, id);
        self.lanes
            .insert(id, Driven { lane, seat, durable: 0, is_stirred: true, is_disabling: false });
        Ok(())
    }

    async fn standing(&self, id: EndpointId, all: bool) -> Result<Standing, Refusal> {
        let tag = self.parts.store_key.lane_tag(id);
        match self.parts.ask(tag, WebhookAsk::Standing { all }).await? {
            WebhookReading::Standing(standing) => Ok(*standing),
            _ => Err(Refusal::Overloaded),
        }
    }

    /// Lets every lane that has something to do step once. Whether some have more at once.
    fn step(&mut self) -> bool {
        let (now, durable) = (self.parts.clock.now(), self.parts.gate.durable());
        let (mut again, mut behind) = (false, 0);
        for (id, driven) in &mut self.lanes {
            let is_due = driven.lane.next_at().is_some_and(|at| at <= now);
            if driven.is_stirred
                || is_due
                || driven.durable < durable
                || driven.lane.has_something(now)
            {
                driven.is_stirred = false;
                driven.durable = durable;
                let (sends, more) = driven.lane.step(&mut self.feed, now, durable);
                for send in sends {
                    self.parts.try_once(*id, &driven.lane, send, &self.ends.0);
                }
                match more {
                    Ok(more) => {
                        driven.is_stirred = more;
                        again |= more;
                    }
                    Err(error) => {
                        driven.seat.note(&error.to_string());
                        tracing::error!(%error, endpoint.id = %id, "a lane cannot read on");
                    }
                }
            }
            if driven.lane.endpoint().status == EndpointStatus::Enabled {
                behind = behind.max(durable.saturating_sub(driven.lane.position()));
            }
            driven.seat.show(&driven.lane);
            if let Some(progress) = driven.lane.report(now) {
                let tried = progress.settled.iter().filter(|one| one.last.is_some());
                tried.for_each(|one| self.parts.meter.settled(one.outcome));
                let position = progress.cursor.position;
                let (parts, ends, endpoint) = (Arc::clone(&self.parts), self.ends.0.clone(), *id);
                tokio::spawn(async move {
                    let tag = parts.store_key.lane_tag(endpoint);
                    let noted = parts.ask(tag, WebhookAsk::Progress(Box::new(progress))).await;
                    let ids = match noted {
                        Ok(WebhookReading::Progressed(ids)) => Some(ids),
                        Ok(_) | Err(_) => None,
                    };
                    let _ = ends.send(End::Noted { endpoint, position, ids }).await;
                });
            }
        }
        self.parts.meter.behind(behind);
        again
    }

    fn take(&mut self, end: End) {
        let now = self.parts.clock.now();
        let (endpoint, wishes) = match end {
            End::Tried { endpoint, flight, ended } => {
                let Some(driven) = self.lanes.get_mut(&endpoint) else { return };
                if let Some(fault) = fault(&ended) {
                    driven.seat.note(&fault);
                }
                let retry = &self.parts.options.retry;
                (endpoint, driven.lane.end(flight, ended, retry, now))
            }
            End::Searched { endpoint, tag, found } => {
                let Some(driven) = self.lanes.get_mut(&endpoint) else { return };
                let Some(found) = found else {
                    // It could not be read: looked for again.
                    let wish = driven.lane.search_again(tag);
                    self.parts.wish_later(endpoint, &driven.lane, wish, &self.ends.0);
                    return;
                };
                (endpoint, driven.lane.follow(tag, found, now).into_iter().collect())
            }
            End::Noted { endpoint, position, ids } => {
                let Some(driven) = self.lanes.get_mut(&endpoint) else { return };
                match ids {
                    Some(ids) => driven.lane.noted(position, &ids),
                    None => driven.lane.not_noted(),
                }
                (endpoint, Vec::new())
            }
            End::NotDisabled { endpoint } => {
                let Some(driven) = self.lanes.get_mut(&endpoint) else { return };
                driven.is_disabling = false;
                (endpoint, Vec::new())
            }
        };
        let Some(driven) = self.lanes.get_mut(&endpoint) else { return };
        driven.is_stirred = true;
        for wish in wishes {
            if matches!(wish, Wish::Disable(_)) && std::mem::replace(&mut driven.is_disabling, true)
            {
                continue;
            }
            self.parts.wish(endpoint, &driven.lane, wish, &self.ends.0);
        }
    }
}

/// What went wrong, in words for operators.
fn fault(ended: &Ended) -> Option<String> {
    match (ended.verdict, ended.tried.status_code, ended.tried.error) {
        (Verdict::Delivered, ..) => None,
        (_, Some(status), _) => Some(format!("the receiver answered {status}")),
        (_, None, Some(error)) => Some(error.name().to_owned()),
        (_, None, None) => Some("no answer".to_owned()),
    }
}

impl WebhookParts {
    /// Asks an aggregate, on the runtime on which actors live.
    async fn ask(&self, tag: Tag, ask: WebhookAsk) -> Result<WebhookReading, Refusal> {
        let parts = self.engine.get().and_then(Weak::upgrade).ok_or(Refusal::NotReady)?;
        let engine = Engine { parts };
        let bytes = match &ask {
            WebhookAsk::Progress(progress) => 2_048 + 256 * progress.settled.len(),
            _ => 2_048,
        };
        let asked =
            self.runtime.spawn(async move { engine.ask(tag, Ask::Webhooks(ask), bytes).await });
        match asked.await {
            Ok(Ok(Reading::Webhooks(reading))) => Ok(reading),
            Ok(Err(refusal)) => Err(refusal),
            Ok(Ok(_)) => Ok(WebhookReading::Unchanged),
            Err(_) => Err(Refusal::Overloaded),
        }
    }

    /// Makes one try, beside everything else.
    fn try_once(
        self: &Arc<Self>,
        id: EndpointId,
        lane: &Lane,
        send: Send,
        ends: &mpsc::Sender<End>,
    ) {
        let Send { flight, event, record } = send;
        let (parts, ends) = (Arc::clone(self), ends.clone());
        let endpoint = lane.endpoint();
        let now = self.clock.now();
        let secrets: Result<Vec<String>, _> =
            endpoint.signing(now).map(|sealed| self.vault.open(sealed, &endpoint.org_id)).collect();
        let url = endpoint.url.clone();
        let begun_ms = self.clock.monotonic_ms();
        let attempt = Arc::clone(self);
        let tried = tokio::spawn(async move {
            let parts = attempt;
            let record = match record {
                Some(record) => Some(record),
                None => parts.record(event).await,
            };
            match (record.as_ref().and_then(|record| body(record)), record, secrets) {
                (Some(body), Some(record), Ok(secrets)) => {
                    let attempt = Attempt {
                        url,
                        event_id: event.id().to_string(),
                        timestamp_s: now.millis().div_euclid(1_000),
                        request_id: record.request_id.clone(),
                        body: Bytes::from(body),
                        secrets,
                    };
                    parts.deliver.deliver(attempt).await
                }
                _ => {
                    tracing::error!(endpoint.id = %id, event.id = %event.id(), "cannot be sent");
                    let error = Some(Failure::NotSendable);
                    let verdict = Verdict::Failed { retry_after_s: None };
                    Outcome { verdict, status_code: None, error }
                }
            }
        });
        tokio::spawn(async move {
            // A try that panics is over as well, or its asset would wait for ever.
            let outcome = tried.await.unwrap_or_else(|panic| {
                tracing::error!(%panic, endpoint.id = %id, "a try to deliver");
                let verdict = Verdict::Failed { retry_after_s: None };
                Outcome { verdict, status_code: None, error: Some(Failure::NotSendable) }
            });
            let duration_ms = parts.clock.monotonic_ms().saturating_sub(begun_ms);
            let tried = Try {
                at: now,
                status_code: outcome.status_code,
                error: outcome.error,
                duration_ms: u32::try_from(duration_ms).unwrap_or(u32::MAX),
            };
            let ended = Ended { verdict: outcome.verdict, tried, chance: parts.chance() };
            let _ = ends.send(End::Tried { endpoint: id, flight, ended }).await;
        });
    }

    async fn record(&self, event: EventRef) -> Option<Arc<Record>> {
        let history = Arc::clone(&self.history);
        let read =
            tokio::task::spawn_blocking(move || history.record(event.tag, event.version)).await;
        match read {
            Ok(Ok(record)) => record.map(Arc::new),
            Ok(Err(error)) => {
                tracing::error!(%error, "an event cannot be read");
                None
            }
            Err(_) => None,
        }
    }

    fn wish(self: &Arc<Self>, id: EndpointId, lane: &Lane, wish: Wish, ends: &mpsc::Sender<End>) {
        self.wish_after(Duration::ZERO, id, lane, wish, ends);
    }

    fn wish_later(
        self: &Arc<Self>,
        id: EndpointId,
        lane: &Lane,
        wish: Option<Wish>,
        ends: &mpsc::Sender<End>,
    ) {
        if let Some(wish) = wish {
            self.wish_after(Duration::from_secs(1), id, lane, wish, ends);
        }
    }

    fn wish_after(
        self: &Arc<Self>,
        wait: Duration,
        id: EndpointId,
        lane: &Lane,
        wish: Wish,
        ends: &mpsc::Sender<End>,
    ) {
        let (parts, ends, filter) = (Arc::clone(self), ends.clone(), lane.filter());
        tokio::spawn(async move {
            sleep(wait).await;
            match wish {
                Wish::Next { tag, after, until } => {
                    let found = parts.search(filter, tag, after, until).await;
                    let _ = ends.send(End::Searched { endpoint: id, tag, found }).await;
                }
                Wish::Disable(reason) => {
                    match parts.ask(id.tag, WebhookAsk::Disable(id, reason)).await {
                        Ok(_) => {
                            tracing::warn!(endpoint.id = %id, ?reason, "an endpoint is disabled");
                        }
                        // Wished again with the next try that fails.
                        Err(_) => {
                            let _ = ends.send(End::NotDisabled { endpoint: id }).await;
                        }
                    }
                }
            }
        });
    }

    /// The asset's next event for this endpoint, `after < version <= until`.
    async fn search(
        self: &Arc<Self>,
        filter: Arc<Filter>,
        tag: Tag,
        after: u64,
        until: u64,
    ) -> Option<Found> {
        let parts = Arc::clone(self);
        let search = tokio::task::spawn_blocking(move || {
            for version in after.saturating_add(1)..=until.min(after.saturating_add(SEARCH_MAX)) {
                let Some(record) = parts.history.record(tag, version)? else {
                    return Ok(Found::NoneUntil(version - 1));
                };
                let place = parts.catalogue.place_of(tag);
                if let Some(told) = Told::of(0, record, place)
                    && filter.admits(&told)
                {
                    return Ok(Found::Event(told.notice.event));
                }
            }
            Ok(Found::LookedUntil(until.min(after.saturating_add(SEARCH_MAX))))
        });
        match search.await {
            Ok(Ok(found)) => Some(found),
            Ok(Err(error)) => {
                let error: holdfast_storage::history::HistoryError = error;
                tracing::error!(%error, "what waits behind a delivery cannot be read");
                None
            }
            Err(_) => None,
        }
    }

    fn chance(&self) -> u32 {
        let mut bytes = [0; 4];
        self.randomness.fill(&mut bytes);
        u32::from_be_bytes(bytes)
    }
}
