//! All webhook endpoints of one org: their state, and each command against it.
//!
//! One aggregate, because the org may have only so many.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    DisabledReason, Endpoint, EndpointEvent, EndpointStatus, Sealed, Stop, Verdict,
    chain::{KeyedChain, by_lanes},
    endpoint::SECRETS_MAX,
};
use crate::{
    access,
    asset::Event,
    chain::{By, Effect},
    id::{EndpointId, EventId, Stamp, Tag},
    principal::{Locations, Principal},
    record::{Digest, Kind, Outcome, Record, Subject},
    rejection::Rejection,
    request::{CommandText, IfMatch, Request},
    time::Timestamp,
};

/// Of one org.
const ENDPOINTS_MAX: u32 = 100;

/// What may be asked of an org's endpoints. Shapes are already checked.
#[derive(Clone, PartialEq, Debug)]
pub enum EndpointCommand {
    Create(NewEndpoint),
    Update { endpoint: EndpointId, change: EndpointChange },
    Delete { endpoint: EndpointId },
    RotateSecret { endpoint: EndpointId, secret: Sealed },
    Test { endpoint: EndpointId },
}

#[derive(Clone, PartialEq, Debug)]
pub struct NewEndpoint {
    pub url: String,
    pub events: Vec<String>,
    pub description: Option<String>,
    pub secret: Sealed,
}

/// A partial update: `None` = unchanged.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct EndpointChange {
    pub url: Option<String>,
    pub events: Option<Vec<String>>,
    pub description: Option<Option<String>>,
    pub status: Option<EndpointStatus>,
}

impl EndpointCommand {
    /// What kind of command it is, as operators read it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Create(_) => "create_endpoint",
            Self::Update { .. } => "update_endpoint",
            Self::Delete { .. } => "delete_endpoint",
            Self::RotateSecret { .. } => "rotate_secret",
            Self::Test { .. } => "test_endpoint",
        }
    }
}

impl CommandText for EndpointCommand {
    fn text_bytes(&self) -> usize {
        let all = |texts: &[String]| texts.iter().map(String::len).sum::<usize>();
        match self {
            Self::Create(new) => {
                new.url.len()
                    + all(&new.events)
                    + new.description.as_ref().map_or(0, String::len)
                    + new.secret.0.len()
            }
            // What it does not change stands in the document all the same.
            Self::Update { .. } | Self::RotateSecret { .. } => 16 * 1024,
            Self::Delete { .. } | Self::Test { .. } => 8 * 1024,
        }
    }
}

/// Equal to the fold of the records of an org's endpoints.
#[derive(Clone, PartialEq, Debug)]
pub struct Endpoints {
    chain: KeyedChain,
    endpoints: BTreeMap<Stamp, Endpoint>,
}

/// The stored form of a state, without its keys.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct EndpointsSnapshot {
    tag: Tag,
    version: u64,
    at: Timestamp,
    last_stamp: Stamp,
    last_hash: Digest,
    endpoints: Vec<Endpoint>,
}

impl Endpoints {
    /// The state before the first record.
    pub fn new(tag: Tag) -> Self {
        Self { chain: KeyedChain::new(tag), endpoints: BTreeMap::new() }
    }

    pub fn version(&self) -> u64 {
        self.chain.head.version
    }

    pub fn tag(&self) -> Tag {
        self.chain.head.tag
    }

    /// Oldest first.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = &Endpoint> {
        self.endpoints.values()
    }

    /// The endpoint, when the caller may look at it.
    ///
    /// # Errors
    /// `NotFound` when it is absent or invisible, `ForbiddenRole` when it is not for this role.
    pub fn read(&self, principal: &Principal, id: EndpointId) -> Result<&Endpoint, Rejection> {
        let endpoint = self.visible(principal, id)?;
        access::may_inspect(principal).then_some(endpoint).ok_or(Rejection::ForbiddenRole)
    }

    fn visible(&self, principal: &Principal, id: EndpointId) -> Result<&Endpoint, Rejection> {
        self.endpoints
            .get(&id.stamp)
            .filter(|endpoint| id.tag == self.chain.head.tag && endpoint.is_visible(principal))
            .ok_or(Rejection::NotFound)
    }

    pub fn apply(&mut self, record: &Record) {
        self.chain.take(record);
        let Outcome::Accepted(accepted) = &record.outcome else { return };
        for event in &accepted.events {
            let Event::Endpoint(event) = event else { continue };
            match event {
                EndpointEvent::Created { id, .. } => {
                    let created = Endpoint::created(event, record.version, record.at);
                    self.endpoints.extend(created.map(|endpoint| (*id, endpoint)));
                }
                EndpointEvent::Deleted { id } => {
                    self.endpoints.remove(id);
                }
                EndpointEvent::Updated { id, .. }
                | EndpointEvent::SecretRotated { id, .. }
                | EndpointEvent::Tested { id } => {
                    if let Some(endpoint) = self.endpoints.get_mut(id) {
                        endpoint.change(event, record.version, record.at);
                    }
                }
            }
        }
    }

    /// See [`crate::asset::AssetState::remember`].
    pub fn remember(&mut self, record: &Record) {
        self.chain.remember(record);
    }

    /// An estimate of the memory it holds.
    pub fn bytes(&self) -> usize {
        self.chain.bytes() + self.endpoints.values().map(Endpoint::bytes).sum::<usize>()
    }

    pub fn to_snapshot(&self) -> EndpointsSnapshot {
        EndpointsSnapshot {
            tag: self.chain.head.tag,
            version: self.chain.head.version,
            at: self.chain.head.at,
            last_stamp: self.chain.head.last_stamp,
            last_hash: self.chain.head.last_hash,
            endpoints: self.endpoints.values().cloned().collect(),
        }
    }

    pub fn from_snapshot(snapshot: EndpointsSnapshot) -> Self {
        let mut chain = KeyedChain::new(snapshot.tag);
        chain.head.version = snapshot.version;
        chain.head.at = snapshot.at;
        chain.head.last_stamp = snapshot.last_stamp;
        chain.head.last_hash = snapshot.last_hash;
        let endpoints = snapshot.endpoints.into_iter().map(|it| (it.id, it)).collect();
        Self { chain, endpoints }
    }
}

/// Visibility and role, then replay, then the command's own rules (preconditions first).
pub fn decide_endpoints(
    state: &Endpoints,
    request: &Request<EndpointCommand>,
    now: Timestamp,
) -> Verdict {
    let at = state.chain.head.moment(now);
    let effect = effect(state, request, at);
    state.chain.settle(at, By::request(request), Kind::EndpointRefused, effect)
}

/// The lanes' own word: nothing is to be sent there any more. `None` when the endpoint is gone or
/// disabled already.
pub fn disable(
    state: &Endpoints,
    id: EndpointId,
    reason: DisabledReason,
    now: Timestamp,
) -> Option<Box<Record>> {
    let at = state.chain.head.moment(now);
    let endpoint = state.endpoints.get(&id.stamp)?;
    if endpoint.status == EndpointStatus::Disabled {
        return None;
    }
    let status = Some(EndpointStatus::Disabled);
    let change = EndpointChange { status, ..EndpointChange::default() };
    let effect = state.updated(endpoint, &change, Some(reason), at);
    Some(state.chain.head.accept(at, by_lanes(), effect))
}

fn effect(
    state: &Endpoints,
    request: &Request<EndpointCommand>,
    at: Timestamp,
) -> Result<Effect, Stop> {
    let principal = &*request.principal;
    let named = match &request.command {
        EndpointCommand::Create(_) => None,
        EndpointCommand::Update { endpoint, .. }
        | EndpointCommand::Delete { endpoint }
        | EndpointCommand::RotateSecret { endpoint, .. }
        | EndpointCommand::Test { endpoint } => Some(state.visible(principal, *endpoint)),
    };
    // A replay of what deleted it is asked for by nobody: DELETE carries no key.
    let named = named.transpose()?;
    if !principal.manages() {
        return Err(Rejection::ForbiddenRole.into());
    }
    state.replay(request, at)?;
    match (&request.command, named) {
        (EndpointCommand::Create(new), _) => state.create(principal, new, at),
        (_, None) => Err(Rejection::NotFound.into()),
        (EndpointCommand::Update { change, .. }, Some(endpoint)) => {
            precondition(&request.if_match, endpoint)?;
            let reason = change.status.and_then(|status| {
                (status == EndpointStatus::Disabled).then_some(DisabledReason::Requested)
            });
            Ok(state.updated(endpoint, change, reason, at))
        }
        (EndpointCommand::Delete { .. }, Some(endpoint)) => Ok(state.deleted(endpoint)),
        (EndpointCommand::RotateSecret { secret, .. }, Some(endpoint)) => {
            state.rotated(endpoint, secret, at)
        }
        (EndpointCommand::Test { .. }, Some(endpoint)) => Ok(state.tested(endpoint, at)),
    }
}

fn precondition(if_match: &IfMatch, endpoint: &Endpoint) -> Result<(), Rejection> {
    match if_match {
        IfMatch::Missing => Err(Rejection::PreconditionRequired),
        IfMatch::Any => Ok(()),
        IfMatch::Tags(tags) if tags.contains(&endpoint.etag().to_string()) => Ok(()),
        IfMatch::Tags(_) => Err(Rejection::PreconditionFailed),
    }
}

impl Endpoints {
    /// Stops a command whose key was used. What is shown again is judged again: the answer that made an
    /// endpoint shows its secret.
    fn replay(&self, request: &Request<EndpointCommand>, at: Timestamp) -> Result<(), Stop> {
        let Err(stop) = self.chain.replay(request, at) else { return Ok(()) };
        let shown = match (&request.command, &stop) {
            (EndpointCommand::Create(_), Stop::Replay(version)) => {
                self.endpoints.values().find(|endpoint| endpoint.created_version == *version)
            }
            _ => None,
        };
        match shown {
            Some(endpoint) if !endpoint.is_visible(&request.principal) => {
                Err(Rejection::NotFound.into())
            }
            _ => Err(stop),
        }
    }

    fn subject(&self, id: Stamp) -> Subject {
        Subject::Endpoint(EndpointId::new(id, self.chain.head.tag))
    }

    fn create(
        &self,
        principal: &Principal,
        new: &NewEndpoint,
        at: Timestamp,
    ) -> Result<Effect, Stop> {
        if self.endpoints.len() >= ENDPOINTS_MAX as usize {
            return Err(Rejection::LimitReached { limit: ENDPOINTS_MAX }.into());
        }
        let locations = match &principal.locations {
            Locations::All => vec!["*".to_owned()],
            // It would hear of nothing.
            Locations::These(these) if these.is_empty() => {
                return Err(Rejection::ForbiddenLocation.into());
            }
            Locations::These(these) => these.iter().cloned().collect(),
        };
        let id = self.chain.head.next_stamp(at);
        let event = EndpointEvent::Created {
            id,
            url: new.url.clone(),
            events: new.events.clone(),
            description: new.description.clone(),
            org_id: principal.org.clone(),
            locations,
            secret: new.secret.clone(),
        };
        let version = self.chain.head.next_version();
        let endpoint = Endpoint::created(&event, version, at).expect("the event is a creation");
        Ok(Effect {
            kind: Kind::EndpointCreated,
            event: Some(Event::Endpoint(event)),
            subject: self.subject(id),
            created: true,
            before: None,
            after: self.with_secret(&endpoint, &new.secret),
            tagged: version,
            stamp: id,
        })
    }

    /// The document as its maker gets it, but for the secret, which is stored sealed.
    fn with_secret(&self, endpoint: &Endpoint, secret: &Sealed) -> Vec<u8> {
        let mut document = endpoint.document(self.chain.head.tag);
        document.secret = Some(crate::audit::hex(&secret.0));
        document.json()
    }

    /// A change that changes nothing leaves a record without an event.
    fn updated(
        &self,
        endpoint: &Endpoint,
        change: &EndpointChange,
        reason: Option<DisabledReason>,
        at: Timestamp,
    ) -> Effect {
        let url = change.url.clone().filter(|url| *url != endpoint.url);
        let events = change.events.clone().filter(|events| *events != endpoint.events);
        let description =
            change.description.clone().filter(|description| *description != endpoint.description);
        let status = change.status.filter(|status| *status != endpoint.status);
        let changes =
            url.is_some() || events.is_some() || description.is_some() || status.is_some();
        let event = changes.then_some(EndpointEvent::Updated {
            id: endpoint.id,
            url,
            events,
            description,
            status,
            reason: status.and(reason),
        });
        self.changed(Kind::EndpointUpdated, endpoint, event, at)
    }

    fn changed(
        &self,
        kind: Kind,
        endpoint: &Endpoint,
        event: Option<EndpointEvent>,
        at: Timestamp,
    ) -> Effect {
        let mut after = endpoint.clone();
        if let Some(event) = &event {
            after.change(event, self.chain.head.next_version(), at);
        }
        Effect {
            kind,
            event: event.map(Event::Endpoint),
            subject: self.subject(endpoint.id),
            created: false,
            before: Some(endpoint.document(self.chain.head.tag).json()),
            after: after.document(self.chain.head.tag).json(),
            tagged: after.version,
            stamp: self.chain.head.last_stamp,
        }
    }

    fn deleted(&self, endpoint: &Endpoint) -> Effect {
        let document = endpoint.document(self.chain.head.tag).json();
        Effect {
            kind: Kind::EndpointDeleted,
            event: Some(Event::Endpoint(EndpointEvent::Deleted { id: endpoint.id })),
            subject: self.subject(endpoint.id),
            created: false,
            before: Some(document),
            after: b"null".to_vec(),
            tagged: self.chain.head.next_version(),
            stamp: self.chain.head.last_stamp,
        }
    }

    fn rotated(&self, endpoint: &Endpoint, secret: &Sealed, at: Timestamp) -> Result<Effect, Stop> {
        if endpoint.signing(at).count() >= SECRETS_MAX {
            let limit = u32::try_from(SECRETS_MAX).unwrap_or(u32::MAX);
            return Err(Rejection::LimitReached { limit }.into());
        }
        let event = EndpointEvent::SecretRotated { id: endpoint.id, secret: secret.clone() };
        let mut after = endpoint.clone();
        after.change(&event, self.chain.head.next_version(), at);
        let after = self.with_secret(&after, secret);
        let effect = self.changed(Kind::EndpointSecretRotated, endpoint, Some(event), at);
        Ok(Effect { after, ..effect })
    }

    /// The test is a resource of its own: an event that goes to this endpoint alone.
    fn tested(&self, endpoint: &Endpoint, at: Timestamp) -> Effect {
        let (tag, stamp) =
            (self.chain.head.tag, self.chain.head.last_stamp.next(at.unsigned_millis()));
        let id = EndpointId::new(endpoint.id, tag);
        let after = serde_json::json!({
            "created_at": at,
            "endpoint_id": id,
            // The stamp of the record that is about to be made.
            "event_id": EventId::new(stamp, tag),
        });
        Effect {
            kind: Kind::EndpointTested,
            event: Some(Event::Endpoint(EndpointEvent::Tested { id: endpoint.id })),
            subject: Subject::Endpoint(id),
            created: false,
            before: None,
            after: crate::canonical::to_string(&after).into_bytes(),
            tagged: self.chain.head.next_version(),
            stamp: self.chain.head.last_stamp,
        }
    }
}
