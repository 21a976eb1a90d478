//! The lane of one endpoint as a plain step machine: what to send now, and what to write down.
//!
//! At least once, and in order per asset: an event that fails parks its asset, whose later events wait
//! behind it while those of others go on. No runtime, thread, socket or clock in here.

mod asked;
mod report;
#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use holdfast_domain::{
    EndpointId, Record, Tag, Timestamp,
    webhooks::{
        Delivery, DisabledReason, Endpoint, EndpointStatus, EventRef, Failure, Replay, Settled,
        Settlement, Subscriptions, Try,
    },
};
use holdfast_storage::journal::{Place, Position, ReadError};

use self::report::Reported;
use super::{
    deliver::Verdict,
    feed::{Feed, Told},
    message::Standing,
    pace::Pace,
    parked::{Key, Parked, Waiting},
    schedule::RetrySchedule,
    track::Track,
};

/// Sent at once to one endpoint.
const UNDER_WAY_MAX: usize = 8;
/// Of those, left to what has not failed yet: a receiver that hangs for some assets must not keep all
/// others waiting.
const FRESH_MIN: usize = 2;
/// With more assets waiting the lane reads no further until some are through.
const PARKED_MAX: usize = 10_000;
/// So long after the last time, what was settled is written down.
const REPORT_MS: i64 = 1_000;
/// Settled and not written down: more, and the lane stands still.
const LINES_MAX: usize = 2_048;
/// What could not be read is looked for again after this.
const OWN_FAULT_MS: i64 = 60_000;
/// So many deliveries apart from any order, and a replay reads no further until some are through.
const APART_MAX: usize = 1_000;
/// Nothing delivered for so long, and the endpoint is disabled.
const FAILING_MS: i64 = 5 * 24 * 60 * 60 * 1000;

/// Which delivery a try is of.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Flight {
    /// Straight from the log.
    Main(Position),
    Replay(Position),
    /// With the event that was sent: who waits may have gone on to another meanwhile.
    Again(Key, u64),
}

/// One try to make now. The record is at hand, or to be read first.
pub(crate) struct Send {
    pub(crate) flight: Flight,
    pub(crate) event: EventRef,
    pub(crate) record: Option<Arc<Record>>,
}

/// What the lane wants done beside sending.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wish {
    /// Find the next event of the asset that is for this endpoint, `after < version <= until`, and
    /// hand it to [`Lane::follow`].
    Next {
        tag: Tag,
        after: u64,
        until: u64,
    },
    Disable(DisabledReason),
}

/// What was found for [`Wish::Next`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Found {
    Event(EventRef),
    /// Up to this version there is none, and no later version was there.
    NoneUntil(u64),
    /// Up to this version there is none; further was not looked.
    LookedUntil(u64),
}

/// What an endpoint is told.
#[derive(Clone)]
pub(crate) struct Filter {
    endpoint: Endpoint,
    id: EndpointId,
    wanted: Subscriptions,
}

impl Filter {
    pub(crate) fn admits(&self, told: &Told) -> bool {
        match (told.notice.only, &told.place) {
            // A test goes to its endpoint whatever that has asked for.
            (Some(only), _) => only == self.id,
            (None, Some((org, location))) => {
                self.wanted.has(told.notice.event.kind) && self.endpoint.covers(org, location)
            }
            (None, None) => false,
        }
    }
}

/// A settled try on its way to the log.
struct Line {
    settled: Settled,
    /// Who waits for the id that the log will give it.
    waiting: Option<Key>,
}

/// What waits, as it is written down.
fn waiting(delivery: &Delivery) -> Waiting {
    Waiting {
        delivery: Some(delivery.id),
        event: delivery.event,
        attempts: delivery.attempts,
        tries: delivery.tries,
        next_at: delivery
            .next_attempt_at
            .filter(|_| !cfg!(feature = "planted-retry-forgotten"))
            .unwrap_or_default(),
        newest: delivery.event.version,
        // Which versions were read past is not written down: all there are wait behind it.
        behind_all: true,
        under_way: false,
    }
}

/// A try that ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    pub(crate) verdict: Verdict,
    pub(crate) tried: Try,
    /// A random number, for the spread of the next try.
    pub(crate) chance: u32,
}

pub(crate) struct Lane {
    filter: Arc<Filter>,
    main: Track,
    replay: Option<(Replay, Track)>,
    parked: Parked,
    pace: Pace,
    under_way: usize,
    /// Of those, tries that are not the first.
    again: usize,
    failing_since: Option<Timestamp>,
    lines: VecDeque<Line>,
    /// Settled, and written down only together with what takes its place: a restart must find the
    /// asset waiting for as long as anything of it waits.
    resolving: HashMap<Tag, Line>,
    /// Handed to the log and not yet answered.
    reported: Option<Reported>,
    reported_at: Timestamp,
    reported_position: Position,
    /// Something must not wait for the next second.
    urgent: bool,
}

impl Lane {
    /// As it stands in the log; `place` lies before the endpoint's creation.
    pub(crate) fn new(
        (endpoint, id): (Endpoint, EndpointId),
        standing: &Standing,
        place: Place,
        (now, durable): (Timestamp, Position),
        rate_max: u32,
    ) -> Self {
        let main = match standing.cursor {
            Some(cursor) => Track::after(cursor, None),
            None => Track::of_new(id, place),
        };
        let mut lane = Self {
            filter: Arc::new(Filter { wanted: Subscriptions::of(&endpoint.events), endpoint, id }),
            main,
            replay: None,
            parked: Parked::default(),
            pace: Pace::new(rate_max, now),
            under_way: 0,
            again: 0,
            failing_since: standing.failing_since,
            lines: VecDeque::new(),
            resolving: HashMap::new(),
            reported: None,
            reported_at: now,
            reported_position: standing.cursor.map_or(0, |cursor| cursor.position),
            urgent: standing.cursor.is_none(),
        };
        for delivery in &standing.pending {
            let key = match delivery.in_order {
                true => Key::InOrder(delivery.event.tag),
                false => lane.parked.next_key(),
            };
            lane.parked.insert(key, waiting(delivery));
        }
        lane.begin_replay(standing, durable);
        lane
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.filter.endpoint
    }

    pub(crate) fn filter(&self) -> Arc<Filter> {
        Arc::clone(&self.filter)
    }

    /// When something that waits is due next.
    pub(crate) fn next_at(&self) -> Option<Timestamp> {
        let sends = self.endpoint().status == EndpointStatus::Enabled;
        self.parked.next_at().filter(|_| sends)
    }

    /// Deliveries under way, or waiting for another try.
    pub(crate) fn waiting(&self) -> usize {
        self.parked.len() + self.under_way
    }

    /// Everything up to it is settled, or waits elsewhere.
    pub(crate) fn position(&self) -> Position {
        self.main.cursor().position
    }

    /// The endpoint was changed.
    pub(crate) fn change(&mut self, endpoint: Endpoint) {
        if self.failing_since.is_some_and(|since| since < endpoint.enabled_at) {
            self.failing_since = None;
        }
        let (id, wanted) = (self.filter.id, Subscriptions::of(&endpoint.events));
        self.filter = Arc::new(Filter { endpoint, id, wanted });
    }

    /// Reads on and says what to send now. Also whether there is more to read at once.
    pub(crate) fn step(
        &mut self,
        feed: &mut Feed,
        now: Timestamp,
        durable: Position,
    ) -> (Vec<Send>, Result<bool, ReadError>) {
        // With so much to write down the log does not take it: nothing more is done meanwhile.
        let is_held = self.lines.len() >= LINES_MAX;
        if self.endpoint().status == EndpointStatus::Disabled || is_held {
            return (Vec::new(), Ok(false));
        }
        let more = self.pull(feed, durable);
        let mut sends = Vec::new();
        while self.under_way < UNDER_WAY_MAX && self.has_something(now) {
            if !self.pace.take(now) {
                break;
            }
            let retries = self.again < UNDER_WAY_MAX - FRESH_MIN || !self.has_fresh();
            let send = if retries && let Some((key, event)) = self.parked.take_due(now) {
                self.again += 1;
                Send { flight: Flight::Again(key, event.version), event, record: None }
            } else if let Some((position, event, record)) = self.main.take_ready() {
                Send { flight: Flight::Main(position), event, record: Some(record) }
            } else if let Some((_, track)) = &mut self.replay
                && let Some((position, event, record)) = track.take_ready()
            {
                Send { flight: Flight::Replay(position), event, record: Some(record) }
            } else {
                break;
            };
            self.under_way += 1;
            sends.push(send);
        }
        (sends, more)
    }

    /// Something could be sent now.
    pub(crate) fn has_something(&self, now: Timestamp) -> bool {
        self.parked.next_at().is_some_and(|at| at <= now) || self.has_fresh()
    }

    fn has_fresh(&self) -> bool {
        self.main.has_ready() || self.replay.as_ref().is_some_and(|(_, track)| track.has_ready())
    }

    fn pull(&mut self, feed: &mut Feed, durable: Position) -> Result<bool, ReadError> {
        let Self { filter, parked, main, replay, .. } = self;
        let mut more = false;
        if parked.len() - parked.apart() < PARKED_MAX {
            let mut wants = |told: &Told| {
                let overtakes = cfg!(feature = "planted-parked-overtaken");
                filter.admits(told) && (overtakes || !parked.covers(&told.notice.event))
            };
            more |= main.pull(feed, durable, &mut wants)?;
        }
        if let Some((replay, track)) = replay
            && parked.apart() < APART_MAX
        {
            let span = replay.from..replay.to;
            let mut wants =
                |told: &Told| span.contains(&told.notice.event.at) && filter.admits(told);
            more |= track.pull(feed, durable, &mut wants)?;
        }
        Ok(more)
    }

    /// A try has ended.
    pub(crate) fn end(
        &mut self,
        flight: Flight,
        ended: Ended,
        schedule: &RetrySchedule,
        now: Timestamp,
    ) -> Vec<Wish> {
        self.under_way -= 1;
        self.again -= usize::from(matches!(flight, Flight::Again(..)));
        let mut wishes = Vec::new();
        match ended.verdict {
            Verdict::Delivered => {
                self.failing_since = None;
                wishes.extend(self.delivered(flight, ended));
            }
            Verdict::Gone => {
                wishes.extend(self.failed(flight, ended, schedule, None, now));
                wishes.push(Wish::Disable(DisabledReason::Gone));
            }
            Verdict::Failed { retry_after_s } => {
                wishes.extend(self.failed(flight, ended, schedule, retry_after_s, now));
                if self.is_given_up(now) {
                    wishes.push(Wish::Disable(DisabledReason::Failing));
                }
            }
        }
        wishes
    }

    /// Nothing has arrived for five days.
    pub(crate) fn is_given_up(&self, now: Timestamp) -> bool {
        let endpoint = self.endpoint();
        endpoint.status == EndpointStatus::Enabled
            && self
                .failing_since
                .is_some_and(|since| since.max(endpoint.enabled_at).plus_millis(FAILING_MS) <= now)
    }

    fn delivered(&mut self, flight: Flight, ended: Ended) -> Option<Wish> {
        match flight {
            Flight::Main(position) => {
                if let Some(event) = self.main.settled(position) {
                    self.settle_first(event, ended, Settlement::Delivered, true);
                }
            }
            Flight::Replay(position) => {
                let settled = self.replay.as_mut().and_then(|(_, track)| track.settled(position));
                if let Some(event) = settled {
                    self.settle_first(event, ended, Settlement::Delivered, false);
                }
            }
            Flight::Again(key, version) => {
                self.still_waits(key, version)?;
                return self.settle_again(key, ended, Settlement::Delivered);
            }
        }
        None
    }

    fn failed(
        &mut self,
        flight: Flight,
        ended: Ended,
        schedule: &RetrySchedule,
        retry_after_s: Option<u64>,
        now: Timestamp,
    ) -> Option<Wish> {
        // What this side could not read or make is no failure of the receiver.
        let own_fault = ended.tried.error == Some(Failure::NotSendable);
        if !own_fault {
            self.failing_since.get_or_insert(ended.tried.at);
        }
        let next = |tries| schedule.next(tries, now, retry_after_s, ended.chance);
        match flight {
            Flight::Main(position) => {
                let (event, newest) = self.main.parked(position)?;
                // A schedule has at least one entry.
                let next_at = match own_fault {
                    true => now.plus_millis(OWN_FAULT_MS),
                    false => next(1).unwrap_or(now),
                };
                let key = Key::InOrder(event.tag);
                self.park(key, event, newest, next_at, ended);
                None
            }
            Flight::Replay(position) => {
                let event = self.replay.as_mut().and_then(|(_, track)| track.settled(position));
                let event = event?;
                match next(1) {
                    Some(next_at) => {
                        let key = self.parked.next_key();
                        self.park(key, event, event.version, next_at, ended);
                    }
                    None => self.settle_first(event, ended, Settlement::Dead, false),
                }
                None
            }
            Flight::Again(key, version) => {
                self.still_waits(key, version)?;
                let tries = self.parked.get(key).map_or(0, |waiting| waiting.tries) + 1;
                let settlement = match own_fault {
                    true => Settlement::Retry(now.plus_millis(OWN_FAULT_MS)),
                    false => next(tries).map_or(Settlement::Dead, Settlement::Retry),
                };
                self.settle_again(key, ended, settlement)
            }
        }
    }

    /// `None` when it is another event's turn there: the try that ended says nothing of that.
    fn still_waits(&self, key: Key, version: u64) -> Option<()> {
        let waiting = self.parked.get(key)?;
        (waiting.event.version == version && waiting.under_way).then_some(())
    }

    /// The first try of an event came to an end.
    fn settle_first(&mut self, event: EventRef, ended: Ended, outcome: Settlement, in_order: bool) {
        let settled = Settled {
            delivery: None,
            event,
            attempts: 1,
            tries: 1,
            last: Some(ended.tried),
            outcome,
            in_order,
        };
        self.lines.push_back(Line { settled, waiting: None });
    }

    /// The first try failed: from here on it waits.
    fn park(&mut self, key: Key, event: EventRef, newest: u64, next_at: Timestamp, ended: Ended) {
        let in_order = matches!(key, Key::InOrder(_));
        self.urgent |= next_at <= ended.tried.at.plus_millis(REPORT_MS);
        let waiting = Waiting {
            delivery: None,
            event,
            attempts: 1,
            tries: 1,
            next_at,
            newest,
            behind_all: false,
            under_way: false,
        };
        self.parked.insert(key, waiting);
        let settled = Settled {
            delivery: None,
            event,
            attempts: 1,
            tries: 1,
            last: Some(ended.tried),
            outcome: Settlement::Retry(next_at),
            in_order,
        };
        self.lines.push_back(Line { settled, waiting: Some(key) });
    }

    /// A later try of what waits came to an end.
    fn settle_again(&mut self, key: Key, ended: Ended, outcome: Settlement) -> Option<Wish> {
        let mut waiting = self.parked.remove(key)?;
        waiting.attempts += 1;
        waiting.tries += u32::from(ended.tried.error != Some(Failure::NotSendable));
        let settled = Settled {
            delivery: waiting.delivery,
            event: waiting.event,
            attempts: waiting.attempts,
            tries: waiting.tries,
            last: Some(ended.tried),
            outcome,
            in_order: matches!(key, Key::InOrder(_)),
        };
        if let Settlement::Retry(next_at) = outcome {
            waiting.next_at = next_at;
            waiting.under_way = false;
            self.parked.insert(key, waiting);
            self.lines.push_back(Line { settled, waiting: Some(key) });
            return None;
        }
        let line = Line { settled, waiting: None };
        let Key::InOrder(tag) = key else {
            self.lines.push_back(line);
            return None;
        };
        let wish = waiting.search(waiting.event.version);
        waiting.under_way = true;
        self.parked.insert(key, waiting);
        self.resolving.insert(tag, line);
        Some(wish)
    }

    /// What [`Wish::Next`] asked for.
    pub(crate) fn follow(&mut self, tag: Tag, found: Found, now: Timestamp) -> Option<Wish> {
        let key = Key::InOrder(tag);
        let mut waiting = self.parked.remove(key)?;
        let event = match found {
            Found::Event(event) => event,
            Found::NoneUntil(version) | Found::LookedUntil(version) if version < waiting.newest => {
                // More was read past while this was looked for.
                return self.search(key, waiting, version);
            }
            Found::LookedUntil(version) if waiting.behind_all => {
                return self.search(key, waiting, version);
            }
            Found::NoneUntil(_) | Found::LookedUntil(_) => {
                // All of it is through: the log is followed again.
                self.urgent = true;
                self.lines.extend(self.resolving.remove(&tag));
                return None;
            }
        };
        self.urgent = true;
        self.lines.extend(self.resolving.remove(&tag));
        waiting = Waiting {
            delivery: None,
            event,
            attempts: 0,
            tries: 0,
            next_at: now,
            under_way: false,
            ..waiting
        };
        self.parked.insert(key, waiting);
        let settled = Settled {
            delivery: None,
            event,
            attempts: 0,
            tries: 0,
            last: None,
            outcome: Settlement::Retry(now),
            in_order: true,
        };
        self.lines.push_back(Line { settled, waiting: Some(key) });
        None
    }

    fn search(&mut self, key: Key, waiting: Waiting, after: u64) -> Option<Wish> {
        let wish = waiting.search(after);
        self.parked.insert(key, waiting);
        Some(wish)
    }

    /// What was looked for could not be read.
    pub(crate) fn search_again(&self, tag: Tag) -> Option<Wish> {
        let waiting = self.parked.get(Key::InOrder(tag))?;
        Some(waiting.search(waiting.event.version))
    }
}
