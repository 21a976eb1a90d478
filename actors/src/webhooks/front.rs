//! Webhooks as `http` sees them: commands and reads on endpoints, lanes and deliveries.

use std::sync::Arc;

use bytes::Bytes;
use holdfast_domain::{
    DeliveryId, EndpointId, Principal, Rejection, Request, Stamp, Tag,
    webhooks::{DeliveryStatus, EndpointCommand, LaneCommand, Sealed},
};

use super::{
    message::{WebhookAsk, WebhookReading},
    vault::WrongKey,
};
use crate::{
    engine::{Anchor, Answer, Engine, Page, PageAsk, Read, Refusal},
    message::{Ask, Reading},
};

impl Engine {
    /// A new secret for an endpoint of `org`, as it is stored.
    pub fn draw_webhook_secret(&self, org: &str) -> Sealed {
        let vault = &self.parts.webhooks.courier.vault;
        vault.seal(&vault.draw(), org)
    }

    /// A stored secret as it was shown.
    ///
    /// # Errors
    /// When it was sealed with another key.
    pub fn open_webhook_secret(&self, sealed: &Sealed, org: &str) -> Result<String, WrongKey> {
        self.parts.webhooks.courier.vault.open(sealed, org)
    }

    /// Decides and makes durable one command on the endpoints of the caller's org.
    ///
    /// # Errors
    /// As [`Engine::submit`].
    pub async fn webhook_endpoint(
        &self,
        request: Request<EndpointCommand>,
    ) -> Result<Answer, Refusal> {
        let tag = self.parts.store_key.endpoints_tag(&request.principal.org);
        let bytes = request.bytes();
        self.decide(tag, Ask::Webhooks(WebhookAsk::Endpoint(Box::new(request))), bytes).await
    }

    /// The endpoints that the caller may see, newest first.
    pub async fn webhook_endpoints(
        &self,
        principal: Arc<Principal>,
        page: PageAsk,
    ) -> Result<Page, Refusal> {
        let tag = self.parts.store_key.endpoints_tag(&principal.org);
        match self.ask_webhooks(tag, WebhookAsk::List(principal)).await? {
            WebhookReading::Rows(rows) => Ok(cut(rows, page)),
            _ => Err(Refusal::Overloaded),
        }
    }

    pub async fn read_webhook_endpoint(
        &self,
        principal: Arc<Principal>,
        id: EndpointId,
    ) -> Result<Read, Refusal> {
        let tag = self.endpoints_of(&principal, id)?;
        match self.ask_webhooks(tag, WebhookAsk::Read(principal, id)).await? {
            WebhookReading::Document(json, etag) => Ok(Read { json, etag }),
            _ => Err(Refusal::Overloaded),
        }
    }

    /// Deliveries to an endpoint of any of these statuses (none: of all), newest first.
    pub async fn webhook_deliveries(
        &self,
        principal: Arc<Principal>,
        endpoint: EndpointId,
        status: Vec<DeliveryStatus>,
        page: PageAsk,
    ) -> Result<Page, Refusal> {
        self.read_webhook_endpoint(principal, endpoint).await?;
        let (low, high, oldest_first) = match page.anchor {
            None => (Stamp::MIN, Stamp::MAX, false),
            Some(Anchor::After(key)) => (Stamp::MIN, Stamp::from_bits(key), false),
            Some(Anchor::Before(key)) => (Stamp::from_bits(key), Stamp::MAX, true),
        };
        // One more than asked shows whether there are more.
        let limit = page.limit + 1;
        let ask = WebhookAsk::Deliveries { endpoint, status, low, high, oldest_first, limit };
        let tag = self.parts.store_key.lane_tag(endpoint);
        match self.ask_webhooks(tag, ask).await? {
            WebhookReading::Rows(rows) => Ok(cut_page(rows, page)),
            _ => Err(Refusal::Overloaded),
        }
    }

    /// Sends a delivery once more, at once.
    pub async fn redeliver(&self, request: Request<LaneCommand>) -> Result<Answer, Refusal> {
        let LaneCommand::Redeliver(DeliveryId { tag, .. }) = request.command else {
            return Err(Refusal::Rejected(Rejection::NotFound));
        };
        let endpoint = self.endpoint_of_lane(&request.principal, tag).await?;
        self.lane(endpoint, request).await
    }

    /// Asked of the org's endpoints, and not of the courier: it learns of them a little later, and after
    /// a start of all of them.
    async fn endpoint_of_lane(
        &self,
        principal: &Principal,
        lane: Tag,
    ) -> Result<EndpointId, Refusal> {
        let org = self.parts.store_key.endpoints_tag(&principal.org);
        let WebhookReading::Endpoints(endpoints) =
            self.ask_webhooks(org, WebhookAsk::Endpoints).await?
        else {
            return Err(Refusal::Overloaded);
        };
        endpoints
            .into_iter()
            .map(|endpoint| EndpointId::new(endpoint.id, org))
            .find(|id| self.parts.store_key.lane_tag(*id) == lane)
            .ok_or(Refusal::Rejected(Rejection::NotFound))
    }

    /// Sends again what happened in a stretch of time.
    pub async fn replay_webhooks(
        &self,
        endpoint: EndpointId,
        request: Request<LaneCommand>,
    ) -> Result<Answer, Refusal> {
        self.lane(endpoint, request).await
    }

    async fn lane(
        &self,
        endpoint: EndpointId,
        request: Request<LaneCommand>,
    ) -> Result<Answer, Refusal> {
        let principal = Arc::clone(&request.principal);
        let tag = self.endpoints_of(&principal, endpoint)?;
        self.ask_webhooks(tag, WebhookAsk::May(principal, endpoint)).await?;
        let tag = self.parts.store_key.lane_tag(endpoint);
        let bytes = request.bytes();
        let ask = Ask::Webhooks(WebhookAsk::Lane(endpoint, Box::new(request)));
        self.decide(tag, ask, bytes).await
    }

    /// An endpoint's id carries the tag of its org; any other names nothing that the caller may see.
    fn endpoints_of(&self, principal: &Principal, id: EndpointId) -> Result<Tag, Refusal> {
        let tag = self.parts.store_key.endpoints_tag(&principal.org);
        (id.tag == tag).then_some(tag).ok_or(Refusal::Rejected(Rejection::NotFound))
    }

    async fn ask_webhooks(&self, tag: Tag, ask: WebhookAsk) -> Result<WebhookReading, Refusal> {
        match self.ask(tag, Ask::Webhooks(ask), 0).await? {
            Reading::Webhooks(reading) => Ok(reading),
            other => unreachable!("webhooks are never answered with {other:?}"),
        }
    }
}

/// The page of a list that is at hand as a whole, newest first.
fn cut(rows: Vec<(Stamp, Bytes)>, page: PageAsk) -> Page {
    let within: Vec<_> = match page.anchor {
        None => rows.into_iter().take(page.limit + 1).collect(),
        Some(Anchor::After(key)) => {
            rows.into_iter().filter(|(id, _)| id.bits() < key).take(page.limit + 1).collect()
        }
        Some(Anchor::Before(key)) => {
            rows.into_iter().rev().filter(|(id, _)| id.bits() > key).take(page.limit + 1).collect()
        }
    };
    cut_page(within, page)
}

/// `rows` in the order of the anchor, one more than asked for where there are more.
fn cut_page(mut rows: Vec<(Stamp, Bytes)>, page: PageAsk) -> Page {
    let more = rows.len() > page.limit;
    rows.truncate(page.limit);
    let backwards = matches!(page.anchor, Some(Anchor::Before(_)));
    if backwards {
        rows.reverse();
    }
    let first = rows.first().map(|(id, _)| id.bits());
    let last = rows.last().map(|(id, _)| id.bits());
    let (next, prev) = match page.anchor {
        None => (last.filter(|_| more), None),
        Some(Anchor::After(_)) => (last.filter(|_| more), first),
        Some(Anchor::Before(_)) => (last, first.filter(|_| more)),
    };
    Page { items: rows.into_iter().map(|(_, row)| row).collect(), next, prev }
}
