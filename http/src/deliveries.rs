//! Deliveries of webhooks: look at them, and have them sent again.

use axum::{
    extract::{Request, State},
    response::Response,
};
use holdfast_domain::webhooks::{DeliveryDocument, DeliveryStatus, LaneCommand};
use utoipa::ToSchema;

use crate::{
    app::App,
    ask::{PathId, delivery_id, endpoint_id},
    error::ApiError,
    openapi::DeliveryList,
    paging::{self, Paging},
    reply,
    wire::{self, EmptyInput, ReplayInput},
};

/// A stretch of time that is told once more.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape shown in the OpenAPI document")]
pub(crate) struct ReplayStarted {
    created_at: holdfast_domain::Timestamp,
    endpoint_id: String,
    from: holdfast_domain::Timestamp,
    /// `REPLAYING`
    status: String,
    to: holdfast_domain::Timestamp,
}

/// List the deliveries to an endpoint that were tried, newest first: what waits for another try, what
/// was given up, and the newest 1,000 that arrived.
#[utoipa::path(
    get, path = "/webhook-endpoints/{id}/deliveries", operation_id = "list_webhook_deliveries",
    tag = "Webhooks",
    params(
        ("id" = inline(String), Path, description = "The endpoint's id"),
        ("status" = inline(Option<Vec<DeliveryStatus>>), Query, description = "May be repeated: any of them"),
    ),
    responses((status = 200, body = DeliveryList, description = "A page")),
)]
pub(crate) async fn list(
    State(app): State<App>,
    id: PathId,
    request: Request,
) -> Result<Response, ApiError> {
    let question = app.question(request)?;
    let mut query = question.query()?;
    let status: Vec<DeliveryStatus> = paging::statuses(&mut query, "PENDING, SUCCEEDED or DEAD");
    let paging = Paging::read(query, &paging::canonical(status.iter().map(|it| it.name())))?;
    let ask = paging.ask(&app, &question)?;
    let principal = question.principal().clone();
    let page = app.engine.webhook_deliveries(principal, endpoint_id(id)?, status, ask).await?;
    Ok(paging.reply(&app, &question, &page))
}

/// Send a delivery once more, at once, whatever became of it.
#[utoipa::path(
    post, path = "/webhook-deliveries/{id}/redeliver", operation_id = "redeliver_webhook",
    tag = "Webhooks", request_body = Option<EmptyInput>,
    params(("id" = inline(String), Path, description = "The delivery's id")),
    responses((status = 200, body = DeliveryDocument, description = "The delivery as it is now")),
)]
pub(crate) async fn redeliver(
    State(app): State<App>,
    id: PathId,
    request: Request,
) -> Result<Response, ApiError> {
    let (members, envelope) = app.order(request).await?.open();
    members.finish()?;
    let request = envelope.close(LaneCommand::Redeliver(delivery_id(id)?));
    Ok(reply::answer(app.engine.redeliver(request).await?))
}

/// Send once more what happened in a stretch of time, with the same event ids. One at a time.
#[utoipa::path(
    post, path = "/webhook-endpoints/{id}/replay", operation_id = "replay_webhooks",
    tag = "Webhooks", request_body = ReplayInput,
    params(("id" = inline(String), Path, description = "The endpoint's id")),
    responses((status = 200, body = ReplayStarted, description = "Under way")),
)]
pub(crate) async fn replay(
    State(app): State<App>,
    id: PathId,
    request: Request,
) -> Result<Response, ApiError> {
    let (members, envelope) = app.order(request).await?.open();
    let span = wire::replay(members)?;
    let endpoint = endpoint_id(id)?;
    let command = LaneCommand::Replay { from: span.start, to: span.end };
    let answer = app.engine.replay_webhooks(endpoint, envelope.close(command)).await?;
    Ok(reply::answer(answer))
}
