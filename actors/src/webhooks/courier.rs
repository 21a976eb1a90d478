//! Drives the lanes as a plain step machine: heeds what changed, lets each lane step, and takes in
//! what came of its errands. All it knows is in the log, so it may be started anew at any moment.
//!
//! Whoever runs it goes round: [`Courier::look`], then [`Courier::inquiry`] and [`Courier::answered`]
//! until nothing is left to ask, then [`Courier::step`], then [`Courier::take`]. What to send and when
//! is the lanes' business; no runtime, thread or socket in here.

mod heed;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use holdfast_domain::{
    EndpointId,
    webhooks::{EndpointStatus, Progress},
};
use holdfast_storage::journal::{Place, Position};

use self::heed::{Change, Heeding};
use super::{
    CourierParts, News,
    deliver::Verdict,
    errand::{About, Answering, End, Errand, Question, Said, Search, Searched, Trial, Tried},
    feed::Feed,
    lane::{Ended, Lane, Send, Wish},
    message::WebhookAsk,
    meter::Seat,
};

/// What could not be read is looked for again after this.
const SEARCH_AGAIN: Duration = Duration::from_secs(1);

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

pub struct Courier {
    parts: Arc<CourierParts>,
    feed: Feed,
    lanes: BTreeMap<EndpointId, Driven>,
    /// What changed and is not heeded yet.
    changes: VecDeque<Change>,
    heeding: Option<Heeding>,
}

impl Courier {
    /// Knows nothing yet: first it asks for the endpoints of every org that has had some.
    pub fn new(parts: Arc<CourierParts>) -> Self {
        let feed = Feed::new(parts.reader.follower(), Arc::clone(&parts.catalogue));
        for org in &*parts.orgs.lock() {
            parts.changes.note(*org, News::Endpoints, Place::START);
        }
        Self { parts, feed, lanes: BTreeMap::new(), changes: VecDeque::new(), heeding: None }
    }

    pub fn has_lanes(&self) -> bool {
        !self.lanes.is_empty()
    }

    /// Lets every lane that has something to do step once. Whether some have more at once.
    pub fn step(&mut self) -> (Vec<Errand>, bool) {
        let (now, durable) = (self.parts.clock.now(), self.parts.gate.durable());
        let (mut errands, mut again, mut behind) = (Vec::new(), false, 0);
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
                let trials =
                    sends.into_iter().map(|send| self.parts.trial(*id, &driven.lane, send));
                errands.extend(trials.map(|trial| Errand::Try(Box::new(trial))));
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
                errands.push(self.parts.note(*id, progress));
            }
        }
        self.parts.meter.behind(behind);
        (errands, again)
    }

    /// An errand came to its end; what it leads to.
    pub fn take(&mut self, end: End) -> Vec<Errand> {
        let now = self.parts.clock.now();
        let (End::Tried(id, _) | End::Searched(id, _) | End::Said(id, _)) = &end;
        let id = *id;
        let Some(driven) = self.lanes.get_mut(&id) else { return Vec::new() };
        let wishes = match end {
            End::Tried(_, tried) => {
                let Tried { flight, ended } = *tried;
                if let Some(fault) = fault(&ended) {
                    driven.seat.note(&fault);
                }
                driven.lane.end(flight, ended, &self.parts.options.retry, now)
            }
            End::Searched(_, Searched { tag, found: Some(found) }) => {
                driven.lane.follow(tag, found, now).into_iter().collect()
            }
            End::Searched(_, Searched { tag, found: None }) => {
                let wish = driven.lane.search_again(tag);
                let errand = wish.map(|wish| errand(id, &driven.lane, wish, SEARCH_AGAIN));
                return errand.into_iter().collect();
            }
            End::Said(_, Said::Noted { position, ids: Some(ids) }) => {
                driven.lane.noted(position, &ids);
                Vec::new()
            }
            End::Said(_, Said::Noted { ids: None, .. }) => {
                driven.lane.not_noted();
                Vec::new()
            }
            End::Said(_, Said::NotDisabled) => {
                driven.is_disabling = false;
                Vec::new()
            }
        };
        driven.is_stirred = true;
        let mut errands = Vec::new();
        for wish in wishes {
            let disables = matches!(wish, Wish::Disable(_));
            if !(disables && std::mem::replace(&mut driven.is_disabling, true)) {
                errands.push(errand(id, &driven.lane, wish, Duration::ZERO));
            }
        }
        errands
    }
}

fn errand(endpoint: EndpointId, lane: &Lane, wish: Wish, wait: Duration) -> Errand {
    match wish {
        Wish::Next { tag, after, until } => {
            Errand::Search(Search { endpoint, filter: lane.filter(), tag, after, until, wait })
        }
        Wish::Disable(reason) => Errand::Ask(Question {
            tag: endpoint.tag,
            ask: WebhookAsk::Disable(endpoint, reason),
            answer: Answering { endpoint, about: About::Disabling(reason) },
        }),
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

impl CourierParts {
    fn trial(&self, endpoint: EndpointId, lane: &Lane, send: Send) -> Trial {
        let Send { flight, event, record } = send;
        let (told, at) = (lane.endpoint(), self.clock.now());
        let secrets =
            told.signing(at).map(|sealed| self.vault.open(sealed, &told.org_id)).collect();
        let begun_ms = self.clock.monotonic_ms();
        Trial { endpoint, flight, event, record, url: told.url.clone(), secrets, at, begun_ms }
    }

    fn note(&self, endpoint: EndpointId, progress: Progress) -> Errand {
        let tried = progress.settled.iter().filter(|one| one.last.is_some());
        tried.for_each(|one| self.meter.settled(one.outcome));
        let about = About::Progress(progress.cursor.position);
        Errand::Ask(Question {
            tag: self.store_key.lane_tag(endpoint),
            ask: WebhookAsk::Progress(Box::new(progress)),
            answer: Answering { endpoint, about },
        })
    }
}
