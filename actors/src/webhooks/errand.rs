//! What the courier wants done beside itself, and what it hears of it: a try to deliver, a search in
//! an asset's history, a word to an aggregate. Each errand ends with one [`End`], or with the process.
//!
//! Nothing here waits: whoever runs an errand brings the network, the actors and the threads.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use holdfast_domain::{
    EndpointId, Record, Stamp, Tag, Timestamp,
    webhooks::{DisabledReason, EventRef, Failure, Try, body},
};
use holdfast_storage::{
    history::{History, HistoryError},
    journal::Position,
};

use super::{
    CourierParts,
    deliver::{Attempt, Outcome, Verdict},
    feed::Told,
    lane::{Ended, Filter, Flight, Found},
    message::{WebhookAsk, WebhookReading},
    vault::WrongKey,
};
use crate::engine::Refusal;

/// Records looked at in one search for what waits behind a delivery.
const SEARCH_MAX: u64 = 256;

/// At once, and beside everything else.
pub enum Errand {
    Try(Box<Trial>),
    Search(Search),
    Ask(Question),
}

/// What an errand comes back with.
pub enum End {
    Tried(EndpointId, Box<Tried>),
    Searched(EndpointId, Searched),
    Said(EndpointId, Said),
}

/// A try that came to its end.
pub struct Tried {
    pub(super) flight: Flight,
    pub(super) ended: Ended,
}

/// `None`: it could not be read.
pub struct Searched {
    pub(super) tag: Tag,
    pub(super) found: Option<Found>,
}

/// What an aggregate said.
pub enum Said {
    /// Progress up to `position` is in the log, with these ids; or it is not.
    Noted { position: Position, ids: Option<Vec<Stamp>> },
    /// The endpoint was not disabled: wished again with the next try that fails.
    NotDisabled,
}

/// One try to make.
pub struct Trial {
    pub(super) endpoint: EndpointId,
    pub(super) flight: Flight,
    pub(super) event: EventRef,
    /// At hand, or to be read first.
    pub(super) record: Option<Arc<Record>>,
    pub(super) url: String,
    pub(super) secrets: Result<Vec<String>, WrongKey>,
    pub(super) at: Timestamp,
    pub(super) begun_ms: u64,
}

impl Trial {
    pub fn endpoint(&self) -> EndpointId {
        self.endpoint
    }

    pub fn event(&self) -> EventRef {
        self.event
    }

    /// When it begins.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// Whether [`Trial::read`] has something to do.
    pub fn is_to_be_read(&self) -> bool {
        self.record.is_none()
    }

    /// Reads the event, unless it is at hand.
    pub fn read(&mut self, history: &History) {
        if self.record.is_none() {
            match history.record(self.event.tag, self.event.version) {
                Ok(record) => self.record = record.map(Arc::new),
                Err(error) => tracing::error!(%error, "an event cannot be read"),
            }
        }
    }

    /// What to send; `None` for what was not read or cannot be made.
    pub fn attempt(&self) -> Option<Attempt> {
        let record = self.record.as_ref();
        let attempt = record.and_then(|record| {
            Some(Attempt {
                url: self.url.clone(),
                event_id: self.event.id().to_string(),
                timestamp_s: self.at.millis().div_euclid(1_000),
                request_id: record.request_id.clone(),
                body: Bytes::from(body(record)?),
                secrets: self.secrets.clone().ok()?,
            })
        });
        if attempt.is_none() {
            let (endpoint, event) = (self.endpoint, self.event.id());
            tracing::error!(endpoint.id = %endpoint, event.id = %event, "cannot be sent");
        }
        attempt
    }

    /// What comes of a try that could not be made: no failure of the receiver.
    pub fn not_sendable() -> Outcome {
        let verdict = Verdict::Failed { retry_after_s: None };
        Outcome { verdict, status_code: None, error: Some(Failure::NotSendable) }
    }

    /// How to tell what came of it.
    pub fn follow(&self) -> Followed {
        let Self { endpoint, flight, at, begun_ms, .. } = *self;
        Followed { endpoint, flight, at, begun_ms }
    }
}

/// A try under way.
#[derive(Clone, Copy)]
pub struct Followed {
    endpoint: EndpointId,
    flight: Flight,
    at: Timestamp,
    begun_ms: u64,
}

impl Followed {
    pub fn end(self, outcome: Outcome, parts: &CourierParts) -> End {
        let duration_ms = parts.clock.monotonic_ms().saturating_sub(self.begun_ms);
        let tried = Try {
            at: self.at,
            status_code: outcome.status_code,
            error: outcome.error,
            duration_ms: u32::try_from(duration_ms).unwrap_or(u32::MAX),
        };
        let ended = Ended { verdict: outcome.verdict, tried, chance: parts.chance() };
        End::Tried(self.endpoint, Box::new(Tried { flight: self.flight, ended }))
    }
}

/// The asset's next event for an endpoint, `after < version <= until`.
pub struct Search {
    pub(super) endpoint: EndpointId,
    pub(super) filter: Arc<Filter>,
    pub(super) tag: Tag,
    pub(super) after: u64,
    pub(super) until: u64,
    /// Not sooner than in.
    pub(super) wait: Duration,
}

impl Search {
    pub fn wait(&self) -> Duration {
        self.wait
    }

    pub fn look(&self, parts: &CourierParts) -> End {
        let found = self.find(parts).map_err(|error| {
            tracing::error!(%error, "what waits behind a delivery cannot be read");
        });
        self.end(found.ok())
    }

    /// It was given up before it found anything.
    pub fn nothing(&self) -> End {
        self.end(None)
    }

    fn end(&self, found: Option<Found>) -> End {
        End::Searched(self.endpoint, Searched { tag: self.tag, found })
    }

    fn find(&self, parts: &CourierParts) -> Result<Found, HistoryError> {
        let until = self.until.min(self.after.saturating_add(SEARCH_MAX));
        for version in self.after.saturating_add(1)..=until {
            let Some(record) = parts.history.record(self.tag, version)? else {
                return Ok(Found::NoneUntil(version - 1));
            };
            let place = parts.catalogue.place_of(self.tag);
            if let Some(told) = Told::of(0, record, place)
                && self.filter.admits(&told)
            {
                return Ok(Found::Event(told.notice.event));
            }
        }
        Ok(Found::LookedUntil(until))
    }
}

/// A word to the aggregate of `tag`.
pub struct Question {
    pub tag: Tag,
    pub ask: WebhookAsk,
    pub answer: Answering,
}

/// What the answer to a question means.
#[derive(Clone, Copy)]
pub struct Answering {
    pub(super) endpoint: EndpointId,
    pub(super) about: About,
}

#[derive(Clone, Copy)]
pub(super) enum About {
    Progress(Position),
    Disabling(DisabledReason),
}

impl Answering {
    /// `None` where there is nothing to tell.
    pub fn end(self, answer: Result<WebhookReading, Refusal>) -> Option<End> {
        let endpoint = self.endpoint;
        let said = match (self.about, answer) {
            (About::Progress(position), Ok(WebhookReading::Progressed(ids))) => {
                Said::Noted { position, ids: Some(ids) }
            }
            (About::Progress(position), _) => Said::Noted { position, ids: None },
            (About::Disabling(reason), Ok(_)) => {
                tracing::warn!(endpoint.id = %endpoint, ?reason, "an endpoint is disabled");
                return None;
            }
            (About::Disabling(_), Err(_)) => Said::NotDisabled,
        };
        Some(End::Said(endpoint, said))
    }
}
