//! Webhook endpoints: make, read, list, change, delete, rotate the secret, test.

use axum::{
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use holdfast_actors::Answer;
use holdfast_domain::webhooks::{EndpointCommand, EndpointDocument, NewEndpoint, Sealed};
use utoipa::ToSchema;

use crate::{
    app::App,
    ask::{PathId, endpoint_id},
    error::ApiError,
    openapi::EndpointList,
    paging::Paging,
    reply,
    wire::{self, EmptyInput, EndpointChangeInput, EndpointInput},
};

/// A test event that is on its way.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape shown in the OpenAPI document")]
pub(crate) struct TestSent {
    created_at: holdfast_domain::Timestamp,
    endpoint_id: String,
    event_id: String,
}

/// Ask to be told of events.
///
/// The answer shows the secret that signs; nothing shows it again, but the same request with the same
/// key. The endpoint hears of assets that the caller's organisation owns in the caller's locations.
#[utoipa::path(
    post, path = "/webhook-endpoints", operation_id = "create_webhook_endpoint", tag = "Webhooks",
    request_body = EndpointInput,
    responses((status = 201, body = EndpointDocument, description = "Made; with its secret")),
)]
pub(crate) async fn create(State(app): State<App>, request: Request) -> Result<Response, ApiError> {
    let (members, envelope) = app.order(request).await?.open();
    let wire::Endpoint { url, events, description } =
        wire::endpoint(members, &app.webhook_addresses)?;
    let org = envelope.org().to_owned();
    let secret = app.engine.draw_webhook_secret(&org);
    let new = NewEndpoint { url, events, description, secret };
    let request = envelope.close(EndpointCommand::Create(new));
    let answer = app.engine.webhook_endpoint(request).await?;
    Ok(reply::answer(with_secret(&app, &org, answer)?))
}

/// List the webhook endpoints of the caller's organisation and locations, newest first.
#[utoipa::path(
    get, path = "/webhook-endpoints", operation_id = "list_webhook_endpoints", tag = "Webhooks",
    responses((status = 200, body = EndpointList, description = "A page")),
)]
pub(crate) async fn list(State(app): State<App>, request: Request) -> Result<Response, ApiError> {
    let question = app.question(request)?;
    let paging = Paging::read(question.query()?, "")?;
    let ask = paging.ask(&app, &question)?;
    let page = app.engine.webhook_endpoints(question.principal().clone(), ask).await?;
    Ok(paging.reply(&app, &question, &page))
}

/// Read one webhook endpoint, without its secret.
#[utoipa::path(
    get, path = "/webhook-endpoints/{id}", operation_id = "read_webhook_endpoint", tag = "Webhooks",
    params(("id" = inline(String), Path, description = "The endpoint's id")),
    responses((status = 200, body = EndpointDocument, description = "The endpoint")),
)]
pub(crate) async fn read(
    State(app): State<App>,
    id: PathId,
    request: Request,
) -> Result<Response, ApiError> {
    let question = app.question(request)?;
    question.query()?.finish()?;
    let id = endpoint_id(id)?;
    let read = app.engine.read_webhook_endpoint(question.principal().clone(), id).await?;
    Ok(reply::read(&question, read))
}

/// Change a webhook endpoint, or enable it again: it then goes on where it stopped.
#[utoipa::path(
    put, path = "/webhook-endpoints/{id}", operation_id = "update_webhook_endpoint", tag = "Webhooks",
    request_body = EndpointChangeInput,
    params(("id" = inline(String), Path, description = "The endpoint's id")),
    responses((status = 200, body = EndpointDocument, description = "The endpoint as it is now")),
)]
pub(crate) async fn update(
    State(app): State<App>,
    id: PathId,
    request: Request,
) -> Result<Response, ApiError> {
    let (members, envelope) = app.order(request).await?.open();
    let change = wire::endpoint_change(members, &app.webhook_addresses)?;
    let endpoint = endpoint_id(id)?;
    let request = envelope.close(EndpointCommand::Update { endpoint, change });
    Ok(reply::answer(app.engine.webhook_endpoint(request).await?))
}

/// Delete a webhook endpoint: nothing more is sent there, not even what waits.
#[utoipa::path(
    delete, path = "/webhook-endpoints/{id}", operation_id = "delete_webhook_endpoint",
    tag = "Webhooks",
    params(("id" = inline(String), Path, description = "The endpoint's id")),
    responses((status = 204, description = "Deleted")),
)]
pub(crate) async fn delete(
    State(app): State<App>,
    id: PathId,
    request: Request,
) -> Result<Response, ApiError> {
    let envelope = app.removal(request)?;
    let endpoint = endpoint_id(id)?;
    app.engine.webhook_endpoint(envelope.close(EndpointCommand::Delete { endpoint })).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Make a new secret. The one before signs beside it for 24 hours.
#[utoipa::path(
    post, path = "/webhook-endpoints/{id}/rotate-secret", operation_id = "rotate_webhook_secret",
    tag = "Webhooks", request_body = Option<EmptyInput>,
    params(("id" = inline(String), Path, description = "The endpoint's id")),
    responses((status = 200, body = EndpointDocument, description = "With the new secret")),
)]
pub(crate) async fn rotate_secret(
    State(app): State<App>,
    id: PathId,
    request: Request,
) -> Result<Response, ApiError> {
    let (members, envelope) = app.order(request).await?.open();
    members.finish()?;
    let endpoint = endpoint_id(id)?;
    let org = envelope.org().to_owned();
    let secret = app.engine.draw_webhook_secret(&org);
    let request = envelope.close(EndpointCommand::RotateSecret { endpoint, secret });
    let answer = app.engine.webhook_endpoint(request).await?;
    Ok(reply::answer(with_secret(&app, &org, answer)?))
}

/// Send a `webhook.test` event to this endpoint, whatever it has asked for.
#[utoipa::path(
    post, path = "/webhook-endpoints/{id}/test", operation_id = "test_webhook_endpoint",
    tag = "Webhooks", request_body = Option<EmptyInput>,
    params(("id" = inline(String), Path, description = "The endpoint's id")),
    responses((status = 200, body = TestSent, description = "On its way")),
)]
pub(crate) async fn test(
    State(app): State<App>,
    id: PathId,
    request: Request,
) -> Result<Response, ApiError> {
    let (members, envelope) = app.order(request).await?.open();
    members.finish()?;
    let endpoint = endpoint_id(id)?;
    let request = envelope.close(EndpointCommand::Test { endpoint });
    Ok(reply::answer(app.engine.webhook_endpoint(request).await?))
}

/// Puts the secret as it is shown in the place of the one that is stored.
///
/// # Errors
/// `Internal` when it was sealed with another key than the data directory's.
fn with_secret(app: &App, org: &str, answer: Answer) -> Result<Answer, ApiError> {
    let mut document: EndpointDocument =
        serde_json::from_slice(&answer.json).map_err(|_| ApiError::Internal)?;
    let stored = document.secret.as_deref().and_then(unhex).ok_or(ApiError::Internal)?;
    let shown = app.engine.open_webhook_secret(&Sealed(stored), org).map_err(|error| {
        tracing::error!(%error, "the secret of a stored answer");
        ApiError::Internal
    })?;
    document.secret = Some(shown);
    Ok(Answer { json: document.json().into(), ..answer })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = |at: usize| text.get(at..at + 2);
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(digits(at)?, 16).ok()).collect()
}
