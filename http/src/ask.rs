//! The checks before the engine, in their order: token, body, scope, key. Shape comes next, in
//! `wire`; everything after that is the engine's.

use std::sync::Arc;

use axum::{
    extract::{MatchedPath, Path, Request, rejection::PathRejection},
    http::{HeaderMap, request::Parts},
};
use holdfast_domain::{
    AssetId, BookingId, DeliveryId, EndpointId, IdempotencyKey, IfMatch, MaintenanceId, Principal,
    Rejection, ReportId, Role, canonical,
};
use serde_json::Value;

use crate::{
    app::App,
    auth::Caller,
    body::{self, json, members::Members},
    error::ApiError,
    etag, idempotency,
    permissions::{self, Kind, Row},
    query::Query,
    request_id::RequestId,
};

/// The id in the path, which the envelope has found to be decodable.
pub(crate) type PathId = Result<Path<String>, PathRejection>;

/// A read that may go ahead.
pub(crate) struct Question {
    pub(crate) caller: Arc<Caller>,
    pub(crate) headers: HeaderMap,
    pub(crate) path: String,
    query: Option<String>,
}

/// A command that may go ahead once its members are read.
pub(crate) struct Order {
    pub(crate) members: Members,
    envelope: Envelope,
}

/// What comes in with a body, once token and scope are good.
struct Entry {
    parts: Parts,
    row: &'static Row,
    caller: Arc<Caller>,
    body: Value,
}

/// What a command travels with.
pub(crate) struct Envelope {
    principal: Arc<Principal>,
    request_id: String,
    path: String,
    /// None for what needs none.
    key: Option<IdempotencyKey>,
    if_match: IfMatch,
}

impl Question {
    pub(crate) fn principal(&self) -> &Arc<Principal> {
        &self.caller.principal
    }

    /// # Errors
    /// `BadRequest` when the percent-encoding is broken.
    pub(crate) fn query(&self) -> Result<Query, ApiError> {
        Query::of(self.query.as_deref())
    }
}

impl Order {
    /// The members to read and the envelope to put the command in.
    pub(crate) fn open(self) -> (Members, Envelope) {
        (self.members, self.envelope)
    }
}

impl Envelope {
    pub(crate) fn org(&self) -> &str {
        &self.principal.org
    }

    pub(crate) fn close<C>(self, command: C) -> holdfast_domain::Request<C> {
        holdfast_domain::Request {
            principal: self.principal,
            request_id: self.request_id,
            path: self.path,
            key: self.key,
            if_match: self.if_match,
            command,
        }
    }
}

impl App {
    /// Token and scope of a read.
    pub(crate) fn question(&self, request: Request) -> Result<Question, ApiError> {
        let (parts, _) = request.into_parts();
        let row = row(&parts)?;
        let caller = self.verifier.caller(&parts.headers, self.engine.now())?;
        in_scope(&caller, row)?;
        Ok(Question {
            caller,
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().map(str::to_owned),
            headers: parts.headers,
        })
    }

    /// Token, body and scope of what has a body.
    async fn enter(&self, request: Request) -> Result<Entry, ApiError> {
        let (parts, body) = request.into_parts();
        let row = row(&parts)?;
        let caller = self.verifier.caller(&parts.headers, self.engine.now())?;
        let body = json::parse(&body::read(&parts.headers, body).await?)?;
        in_scope(&caller, row)?;
        Ok(Entry { parts, row, caller, body })
    }

    /// Token and scope of a removal, which has neither body nor key.
    pub(crate) fn removal(&self, request: Request) -> Result<Envelope, ApiError> {
        let (parts, _) = request.into_parts();
        let row = row(&parts)?;
        let caller = self.verifier.caller(&parts.headers, self.engine.now())?;
        in_scope(&caller, row)?;
        Query::of(parts.uri.query())?.finish()?;
        Ok(Envelope {
            principal: Arc::clone(&caller.principal),
            request_id: request_id(&parts)?,
            path: parts.uri.path().to_owned(),
            key: None,
            if_match: IfMatch::Missing,
        })
    }

    /// A question with a body: its members to read, and who asks.
    pub(crate) async fn inquiry(
        &self,
        request: Request,
    ) -> Result<(Members, Arc<Principal>), ApiError> {
        let Entry { parts, caller, body, .. } = self.enter(request).await?;
        Ok((members(&parts, body)?, Arc::clone(&caller.principal)))
    }

    /// Token and role of a question that only operators may ask.
    pub(crate) fn oversight(&self, request: Request) -> Result<Query, ApiError> {
        let (parts, _) = request.into_parts();
        row(&parts)?;
        let caller = self.verifier.caller(&parts.headers, self.engine.now())?;
        operates(&caller)?;
        Query::of(parts.uri.query())
    }

    /// Token, body and role of what only operators may do.
    pub(crate) async fn operation(
        &self,
        request: Request,
    ) -> Result<(Members, Arc<Principal>), ApiError> {
        let (parts, body) = request.into_parts();
        row(&parts)?;
        let caller = self.verifier.caller(&parts.headers, self.engine.now())?;
        let body = json::parse(&body::read(&parts.headers, body).await?)?;
        operates(&caller)?;
        Ok((members(&parts, body)?, Arc::clone(&caller.principal)))
    }

    /// Token, body, scope and key of a command.
    pub(crate) async fn order(&self, request: Request) -> Result<Order, ApiError> {
        let Entry { parts, row, caller, body } = self.enter(request).await?;
        let path = parts.uri.path();
        let text = idempotency::text(&parts.headers)?;
        let key = idempotency::key(
            &caller.principal,
            (parts.method.as_str(), path),
            text,
            canonical::to_string(&body).as_bytes(),
        );
        let if_match = match row.kind {
            Kind::Change => etag::if_match(&parts.headers)?,
            _ => IfMatch::Missing,
        };
        let members = members(&parts, body)?;
        let envelope = Envelope {
            principal: Arc::clone(&caller.principal),
            request_id: request_id(&parts)?,
            path: path.to_owned(),
            key: Some(key),
            if_match,
        };
        Ok(Order { members, envelope })
    }
}

/// # Errors
/// `Internal` for a route without a row: nobody has said who may use it.
pub(crate) fn row(parts: &Parts) -> Result<&'static Row, ApiError> {
    let path = parts.extensions.get::<MatchedPath>().ok_or(ApiError::Internal)?;
    permissions::row(parts.method.as_str(), path.as_str()).ok_or(ApiError::Internal)
}

/// # Errors
/// `BadRequest` for broken percent-encoding, `Invalid` for a body that is no object.
fn members(parts: &Parts, body: Value) -> Result<Members, ApiError> {
    // What has a body has no parameters: a typo is a mistake, told with those of the body.
    Members::beside(Query::of(parts.uri.query())?.found(), body)
}

/// # Errors
/// `InsufficientScope` without one of the row's.
pub(crate) fn in_scope(caller: &Caller, row: &Row) -> Result<(), ApiError> {
    if row.scopes.iter().any(|scope| caller.scopes.has(scope)) {
        Ok(())
    } else {
        Err(ApiError::InsufficientScope(row.scopes))
    }
}

fn operates(caller: &Caller) -> Result<(), ApiError> {
    if caller.principal.roles.has(Role::Operator) {
        Ok(())
    } else {
        Err(Rejection::ForbiddenRole.into())
    }
}

/// Given by the envelope around every route.
///
/// # Errors
/// `Internal` outside of it.
pub(crate) fn request_id(parts: &Parts) -> Result<String, ApiError> {
    parts.extensions.get::<RequestId>().map(|id| id.0.to_string()).ok_or(ApiError::Internal)
}

/// # Errors
/// `NotFound` for what is no asset's id: it looks like an absent asset.
pub(crate) fn asset_id(id: PathId) -> Result<AssetId, ApiError> {
    parse(id)
}

/// # Errors
/// `NotFound` for what is no booking's id.
pub(crate) fn booking_id(id: PathId) -> Result<BookingId, ApiError> {
    parse(id)
}

/// # Errors
/// `NotFound` for what is no condition report's id.
pub(crate) fn report_id(id: PathId) -> Result<ReportId, ApiError> {
    parse(id)
}

/// # Errors
/// `NotFound` for what is no maintenance's id.
pub(crate) fn maintenance_id(id: PathId) -> Result<MaintenanceId, ApiError> {
    parse(id)
}

/// # Errors
/// `NotFound` for what is no endpoint's id.
pub(crate) fn endpoint_id(id: PathId) -> Result<EndpointId, ApiError> {
    parse(id)
}

/// # Errors
/// `NotFound` for what is no delivery's id.
pub(crate) fn delivery_id(id: PathId) -> Result<DeliveryId, ApiError> {
    parse(id)
}

fn parse<T: std::str::FromStr>(id: PathId) -> Result<T, ApiError> {
    let Path(text) = id.map_err(|_| ApiError::NotFound)?;
    text.parse().map_err(|_| ApiError::NotFound)
}
