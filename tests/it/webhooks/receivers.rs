//! Receivers that the test plays: what each was sent, and what it answers.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use holdfast_actors::webhooks::deliver::{Attempt, Deliver, Delivering, Outcome, Verdict};
use holdfast_domain::webhooks::Failure;
use serde_json::Value;
use tokio::sync::Notify;

/// What a receiver does with a delivery.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Manner {
    Takes,
    /// Answers 503.
    Fails,
    /// Answers 429, and asks to be left alone for so many seconds.
    Busy(u64),
    Gone,
    /// Answers nothing until its manner is another.
    Hangs,
}

/// One delivery as it arrived.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Arrival {
    pub(crate) id: String,
    pub(crate) body: Value,
    pub(crate) bytes: Vec<u8>,
    pub(crate) timestamp_s: i64,
    pub(crate) taken: bool,
    pub(crate) request_id: String,
    /// Those that sign, newest first.
    pub(crate) secrets: Vec<String>,
}

impl Arrival {
    pub(crate) fn kind(&self) -> &str {
        self.body["type"].as_str().unwrap()
    }

    pub(crate) fn seq(&self) -> u64 {
        self.body["asset_seq"].as_u64().unwrap()
    }
}

#[derive(Default)]
pub(crate) struct Receivers {
    state: Mutex<HashMap<String, Receiver>>,
    changed: Notify,
}

#[derive(Default)]
struct Receiver {
    manner: Option<Manner>,
    arrivals: Vec<Arrival>,
}

impl Receivers {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    pub(crate) fn behave(&self, url: &str, manner: Manner) {
        self.state.lock().unwrap().entry(url.into()).or_default().manner = Some(manner);
        self.changed.notify_waiters();
    }

    pub(crate) fn arrivals(&self, url: &str) -> Vec<Arrival> {
        self.state.lock().unwrap().get(url).map_or_else(Vec::new, |it| it.arrivals.clone())
    }

    /// What was taken, in order.
    pub(crate) fn taken(&self, url: &str) -> Vec<Arrival> {
        self.arrivals(url).into_iter().filter(|arrival| arrival.taken).collect()
    }

    fn manner(&self, url: &str) -> Manner {
        let mut state = self.state.lock().unwrap();
        state.entry(url.into()).or_default().manner.unwrap_or(Manner::Takes)
    }
}

impl Deliver for Receivers {
    fn deliver(&self, attempt: Attempt) -> Delivering<'_> {
        Box::pin(async move {
            let mut hung = false;
            let manner = loop {
                let changed = self.changed.notified();
                match self.manner(&attempt.url) {
                    Manner::Hangs => hung = true,
                    manner => break manner,
                }
                changed.await;
            };
            // Whoever hung until its manner changed has lost this one to the sender's patience.
            let manner = if hung { Manner::Fails } else { manner };
            let arrival = Arrival {
                id: attempt.event_id,
                body: serde_json::from_slice(&attempt.body).unwrap(),
                bytes: attempt.body.to_vec(),
                timestamp_s: attempt.timestamp_s,
                taken: manner == Manner::Takes,
                request_id: attempt.request_id,
                secrets: attempt.secrets,
            };
            let mut state = self.state.lock().unwrap();
            state.entry(attempt.url).or_default().arrivals.push(arrival);
            let failed = |status_code, retry_after_s, error| Outcome {
                verdict: Verdict::Failed { retry_after_s },
                status_code,
                error,
            };
            match manner {
                Manner::Takes => {
                    Outcome { verdict: Verdict::Delivered, status_code: Some(204), error: None }
                }
                Manner::Fails if hung => failed(None, None, Some(Failure::Timeout)),
                Manner::Fails | Manner::Hangs => failed(Some(503), None, None),
                Manner::Busy(seconds) => failed(Some(429), Some(seconds), None),
                Manner::Gone => {
                    Outcome { verdict: Verdict::Gone, status_code: Some(410), error: None }
                }
            }
        })
    }
}
