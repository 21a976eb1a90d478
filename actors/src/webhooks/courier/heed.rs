//! How the courier brings its lanes in line with what changed: one change after another, and nothing
//! else meanwhile, so that what an actor says of a lane is not older than what the lane has heard.

use holdfast_domain::{EndpointId, Tag, webhooks::Endpoint};
use holdfast_storage::journal::Place;

use super::{Courier, Driven};
use crate::{
    engine::Refusal,
    webhooks::{
        News,
        lane::Lane,
        message::{Standing, WebhookAsk, WebhookReading},
        meter::Seat,
    },
};

/// Whose change, of which kind, and a place in the log before it.
pub(super) type Change = (Tag, News, Place);

pub(super) struct Heeding {
    change: Change,
    needs: Needs,
}

/// What must be asked to heed a change.
enum Needs {
    /// The endpoints of an org.
    Endpoints,
    /// Where the lanes of these stand, the last one first: they are to be opened.
    Standings(Vec<Endpoint>),
    /// What somebody has asked a lane for.
    Asked(EndpointId),
}

impl Courier {
    /// Takes up what has changed since the last look.
    pub fn look(&mut self) {
        let taken = self.parts.changes.take();
        let of_orgs = taken.iter().filter(|(_, news, _)| {
            *news == News::Endpoints && !cfg!(feature = "planted-org-forgotten")
        });
        // Before anything is asked: whoever is started after a panic must find them here.
        self.parts.orgs.lock().extend(of_orgs.map(|(org, ..)| *org));
        self.changes.extend(taken);
    }

    /// What must be asked, and answered with [`Courier::answered`], before anything else goes on.
    pub fn inquiry(&mut self) -> Option<(Tag, WebhookAsk)> {
        while self.heeding.is_none() {
            let change = self.changes.pop_front()?;
            let needs = match change.1 {
                News::Endpoints => Some(Needs::Endpoints),
                News::Lane => {
                    let endpoint = self.parts.lanes.lock().get(&change.0).copied();
                    endpoint.filter(|id| self.lanes.contains_key(id)).map(Needs::Asked)
                }
            };
            self.heeding = needs.map(|needs| Heeding { change, needs });
        }
        let Heeding { change: (org, ..), needs } = self.heeding.as_ref()?;
        let lane_tag = |id| self.parts.store_key.lane_tag(id);
        Some(match needs {
            Needs::Endpoints => (*org, WebhookAsk::Endpoints),
            Needs::Standings(new) => {
                let id = EndpointId::new(new.last()?.id, *org);
                (lane_tag(id), WebhookAsk::Standing { all: true })
            }
            Needs::Asked(id) => (lane_tag(*id), WebhookAsk::Standing { all: false }),
        })
    }

    /// The answer to [`Courier::inquiry`]. A change that cannot be heeded now is heeded after the
    /// next look.
    pub fn answered(&mut self, answer: Result<WebhookReading, Refusal>) {
        let Some(Heeding { change, needs }) = self.heeding.take() else { return };
        let (org, news, place) = change;
        let needs = match (needs, answer) {
            (Needs::Endpoints, Ok(WebhookReading::Endpoints(endpoints))) => {
                self.reload(org, endpoints)
            }
            (Needs::Standings(mut new), Ok(WebhookReading::Standing(standing))) => {
                if let Some(endpoint) = new.pop() {
                    self.open(EndpointId::new(endpoint.id, org), endpoint, &standing, place);
                }
                new
            }
            (Needs::Asked(id), Ok(WebhookReading::Standing(standing))) => {
                let durable = self.parts.gate.durable();
                if let Some(driven) = self.lanes.get_mut(&id) {
                    driven.lane.heed(&standing, durable);
                    driven.is_stirred = true;
                }
                return;
            }
            _ => {
                self.parts.changes.note(org, news, place);
                return;
            }
        };
        if !needs.is_empty() {
            self.heeding = Some(Heeding { change, needs: Needs::Standings(needs) });
        }
    }

    /// Brings the lanes of an org in line with its endpoints; which of them have none yet.
    fn reload(&mut self, org: Tag, endpoints: Vec<Endpoint>) -> Vec<Endpoint> {
        let known = |id: &EndpointId| endpoints.iter().any(|endpoint| endpoint.id == id.stamp);
        let gone: Vec<EndpointId> =
            self.lanes.keys().filter(|id| id.tag == org && !known(id)).copied().collect();
        for id in gone {
            self.lanes.remove(&id);
            self.parts.lanes.lock().remove(&self.parts.store_key.lane_tag(id));
        }
        let mut new = Vec::new();
        for endpoint in endpoints {
            match self.lanes.get_mut(&EndpointId::new(endpoint.id, org)) {
                Some(driven) => {
                    driven.lane.change(endpoint);
                    driven.is_stirred = true;
                    driven.is_disabling = false;
                }
                None => new.push(endpoint),
            }
        }
        new.reverse();
        new
    }

    fn open(&mut self, id: EndpointId, endpoint: Endpoint, standing: &Standing, place: Place) {
        let now = (self.parts.clock.now(), self.parts.gate.durable());
        let rate_max = self.parts.options.rate_max;
        let lane = Lane::new((endpoint, id), standing, place, now, rate_max);
        self.parts.lanes.lock().insert(self.parts.store_key.lane_tag(id), id);
        let seat = Seat::take(&self.parts.roster, id);
        self.lanes
            .insert(id, Driven { lane, seat, durable: 0, is_stirred: true, is_disabling: false });
    }
}
