//! What clients ask of endpoints and their lanes, each under a key of its own, asked again until it is
//! answered.

use std::{collections::HashMap, sync::Arc};

use holdfast_actors::{clock::Clock as _, engine::Refusal, message::Reading, webhooks::WebhookAsk};
use holdfast_domain::{
    DeliveryId, EndpointId, IdempotencyKey, IfMatch, KeyScope, Outcome, Principal, Request,
    webhooks::{EndpointChange, EndpointCommand, EndpointStatus, LaneCommand, NewEndpoint},
};

use super::{Concern, World};

/// What an endpoint asks for; most want nearly everything.
const FILTERS: [&[&str]; 5] = [
    &["*"],
    &["*"],
    &["booking.*", "maintenance.*"],
    &["booking.created", "booking.cancelled", "asset.*"],
    &["condition_report.*", "maintenance.due", "booking.*"],
];

pub(in crate::simulator) type OrderId = usize;

pub(in crate::simulator) struct Order {
    pub(in crate::simulator) who: Arc<Principal>,
    pub(in crate::simulator) key: Option<IdempotencyKey>,
    /// A new one, as its maker is shown it.
    pub(in crate::simulator) secret: Option<String>,
    what: What,
    /// It was answered for good.
    settled: bool,
}

#[derive(Clone)]
enum What {
    Endpoints(EndpointCommand),
    Lane(EndpointId, LaneCommand),
}

#[derive(Default)]
pub(in crate::simulator) struct Orders {
    all: Vec<Order>,
    /// By request id: whose attempt it is, and whether its client was told that nothing happened.
    attempts: HashMap<String, (OrderId, bool)>,
}

impl Orders {
    /// The order that a request was sent for.
    pub(in crate::simulator) fn sent(&self, request_id: &str) -> Option<&Order> {
        self.attempts.get(request_id).map(|(order, _)| &self.all[*order])
    }

    pub(in crate::simulator) fn was_nothing(&self, request_id: &str) -> bool {
        self.attempts.get(request_id).is_some_and(|(_, nothing)| *nothing)
    }

    pub(in crate::simulator) fn open(&self) -> Option<OrderId> {
        self.all.iter().position(|order| !order.settled)
    }

    fn tell_that_nothing_happened(&mut self, request_id: &str) {
        if let Some((_, nothing)) = self.attempts.get_mut(request_id) {
            *nothing = true;
        }
    }

    fn add(&mut self, who: &Arc<Principal>, what: What, secret: Option<String>) -> OrderId {
        let number = self.all.len();
        // What deletes carries none.
        let keyed = !matches!(what, What::Endpoints(EndpointCommand::Delete { .. }));
        let scope = KeyScope((number as u128).to_be_bytes());
        let key = IdempotencyKey { text: format!("order-{number}"), scope, fingerprint: 1 };
        let (who, key) = (Arc::clone(who), keyed.then_some(key));
        self.all.push(Order { who, key, secret, what, settled: false });
        number
    }
}

impl World {
    /// A new order, or one that was never answered once more.
    pub(in crate::simulator) fn client_orders(&mut self, endpoints: usize) {
        let open = self.orders.open().filter(|_| self.seed.one_in(3));
        let order = match open {
            Some(open) => open,
            None => match self.new_order(endpoints) {
                Some((who, what, secret)) => self.orders.add(&who, what, secret),
                None => return,
            },
        };
        self.send_order(order);
    }

    /// Whatever was never answered is asked again.
    pub(in crate::simulator) fn send_order(&mut self, id: OrderId) {
        let order = &self.orders.all[id];
        let request_id = format!("order-{id}-{}", self.orders.attempts.len());
        let who = Arc::clone(&order.who);
        let machine = self.machine();
        let (tag, ask) = match order.what.clone() {
            What::Endpoints(command) => {
                let tag = machine.store_key.endpoints_tag(&who.org);
                (tag, WebhookAsk::Endpoint(Box::new(order.request(&request_id, command))))
            }
            What::Lane(endpoint, command) => {
                let request = Box::new(order.request(&request_id, command));
                (machine.store_key.lane_tag(endpoint), WebhookAsk::Lane(endpoint, request))
            }
        };
        self.note(|| format!("order {request_id} on {tag:?}: {ask:?}"));
        self.orders.attempts.insert(request_id.clone(), (id, false));
        self.ask_webhooks(tag, ask, Concern::Order(id, request_id));
    }

    fn new_order(&mut self, endpoints: usize) -> Option<(Arc<Principal>, What, Option<String>)> {
        let existing = self.ledger.post.existing();
        let existing: Vec<(EndpointId, bool, bool)> = existing
            .into_iter()
            .map(|(id, org, enabled)| (id, org == self.people[0].org, enabled))
            .collect();
        if existing.is_empty() || (existing.len() < endpoints && self.seed.one_in(3)) {
            // Most assets are of the first org.
            let who = Arc::clone(&self.people[if self.seed.one_in(4) { 3 } else { 0 }]);
            return Some(self.creation(who));
        }
        let (id, is_of_first, enabled) = existing[self.seed.index(existing.len())];
        let who = Arc::clone(&self.people[if is_of_first { 0 } else { 3 }]);
        let change = |change| What::Endpoints(EndpointCommand::Update { endpoint: id, change });
        let status = |status| change(EndpointChange { status: Some(status), ..Default::default() });
        let what = match self.seed.below(24) {
            _ if !enabled && self.seed.one_in(2) => status(EndpointStatus::Enabled),
            0..2 => status(EndpointStatus::Disabled),
            2 => status(EndpointStatus::Enabled),
            3..5 => change(EndpointChange { events: Some(self.filter()), ..Default::default() }),
            5 => change(EndpointChange { url: Some(self.url()), ..Default::default() }),
            6 if self.seed.one_in(2) => What::Endpoints(EndpointCommand::Delete { endpoint: id }),
            7 => {
                let (secret, sealed) = self.draw_secret(&who);
                let rotation = EndpointCommand::RotateSecret { endpoint: id, secret: sealed };
                return Some((who, What::Endpoints(rotation), Some(secret)));
            }
            8..12 => What::Endpoints(EndpointCommand::Test { endpoint: id }),
            12..20 => {
                let deliveries = self.ledger.post.deliveries(id);
                let index = self.seed.index(deliveries.len());
                let lane = self.machine().store_key.lane_tag(id);
                let delivery = DeliveryId::new(*deliveries.get(index)?, lane);
                What::Lane(id, LaneCommand::Redeliver(delivery))
            }
            20..22 => {
                let now = self.machine().ground.clock.now();
                let back = i64::try_from(self.seed.below(120)).expect("small");
                let (from, to) = (now.plus_minutes(-back), now.plus_minutes(10));
                What::Lane(id, LaneCommand::Replay { from, to })
            }
            _ => return None,
        };
        Some((who, what, None))
    }

    fn creation(&mut self, who: Arc<Principal>) -> (Arc<Principal>, What, Option<String>) {
        let (secret, sealed) = self.draw_secret(&who);
        let (url, events) = (self.url(), self.filter());
        let new = NewEndpoint { url, events, description: None, secret: sealed };
        (who, What::Endpoints(EndpointCommand::Create(new)), Some(secret))
    }

    fn draw_secret(&mut self, who: &Principal) -> (String, holdfast_domain::webhooks::Sealed) {
        let vault = &self.machine().round.parts.vault;
        let secret = vault.draw();
        let sealed = vault.seal(&secret, &who.org);
        (secret, sealed)
    }

    fn url(&mut self) -> String {
        format!("https://receiver.example/{}", self.orders.all.len())
    }

    fn filter(&mut self) -> Vec<String> {
        let filter = FILTERS[self.seed.index(FILTERS.len())];
        filter.iter().map(|name| (*name).to_owned()).collect()
    }

    /// Asks for every endpoint that is disabled to be enabled.
    pub(super) fn enable_all(&mut self) {
        let disabled: Vec<(EndpointId, bool)> = self
            .ledger
            .post
            .existing()
            .into_iter()
            .filter(|(.., enabled)| !enabled)
            .map(|(id, org, _)| (id, org == self.people[0].org))
            .collect();
        for (endpoint, is_of_first) in disabled {
            let who = Arc::clone(&self.people[if is_of_first { 0 } else { 3 }]);
            let status = Some(EndpointStatus::Enabled);
            let change = EndpointChange { status, ..Default::default() };
            let what = What::Endpoints(EndpointCommand::Update { endpoint, change });
            let order = self.orders.add(&who, what, None);
            self.send_order(order);
            self.settle();
        }
    }

    /// I2, I4: what is answered is what the log holds.
    pub(super) fn ordered(
        &mut self,
        id: OrderId,
        request_id: &str,
        answer: Result<Reading, Refusal>,
        shown: u64,
    ) {
        let record = self.ledger.post.of_request(request_id);
        match answer {
            Ok(Reading::Written(answer)) => {
                let record = record.unwrap_or_else(|| panic!("I2: {request_id} is not in the log"));
                let Outcome::Accepted(accepted) = &record.outcome else {
                    panic!("I4: {request_id} is acknowledged but stored as refused")
                };
                assert_eq!(answer.json, accepted.after, "I4: the answer to {request_id}");
                assert_eq!(answer.subject, accepted.subject, "I4: the subject of {request_id}");
                assert!(shown >= record.version, "I11: the answer to {request_id} left too early");
            }
            Ok(Reading::Stored { .. }) => {
                let key = &self.orders.all[id].key;
                let known = self.orders.attempts.iter().filter(|(_, (of, _))| *of == id);
                let mut stored = known.filter_map(|(it, _)| self.ledger.post.of_request(it));
                assert!(stored.any(|it| it.key == *key), "I4: the replay of {request_id}");
            }
            Err(Refusal::Rejected(rejection)) => match record.map(|record| &record.outcome) {
                None => self.orders.tell_that_nothing_happened(request_id),
                Some(Outcome::Refused(refused)) => {
                    assert_eq!(refused.rejection, rejection, "I4: another refusal was stored");
                }
                Some(Outcome::Accepted(_)) => panic!("I4: {request_id} was refused"),
            },
            Err(Refusal::OutcomeUnknown) => return,
            Err(_) => {
                assert_eq!(record, None, "I3: {request_id} was told that nothing happened");
                return self.orders.tell_that_nothing_happened(request_id);
            }
            Ok(other) => panic!("an order is answered with {other:?}"),
        }
        self.orders.all[id].settled = true;
    }
}

impl Order {
    fn request<C>(&self, request_id: &str, command: C) -> Request<C> {
        Request {
            principal: Arc::clone(&self.who),
            request_id: request_id.to_owned(),
            path: "/webhook-endpoints".to_owned(),
            key: self.key.clone(),
            if_match: IfMatch::Any,
            command,
        }
    }
}
