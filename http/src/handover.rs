//! Check-in (use begins) and check-out (use ends and the cost is final).

use axum::{
    extract::{Request, State},
    response::Response,
};
use holdfast_domain::asset::BookingDocument;

use crate::{
    app::App,
    ask::{PathId, asset_id},
    error::ApiError,
    reply,
    wire::{self, CheckInInput, CheckOutInput},
};

/// Begin the use of a booked asset.
#[utoipa::path(
    post, path = "/assets/{id}/check-in", tag = "Bookings", request_body = CheckInInput,
    params(("id" = inline(String), Path, description = "The asset's id")),
    responses((status = 200, body = BookingDocument, description = "The booking, checked in")),
)]
pub(crate) async fn check_in(
    State(app): State<App>,
    id: PathId,
    request: Request,
) -> Result<Response, ApiError> {
    let (members, envelope) = app.order(request).await?.open();
    let command = wire::check_in(members)?;
    Ok(reply::answer(app.engine.submit(asset_id(id)?, envelope.close(command)).await?))
}

/// End the use of an asset; the cost becomes final.
#[utoipa::path(
    post, path = "/assets/{id}/check-out", tag = "Bookings", request_body = CheckOutInput,
    params(("id" = inline(String), Path, description = "The asset's id")),
    responses((status = 200, body = BookingDocument, description = "The booking, checked out")),
)]
pub(crate) async fn check_out(
    State(app): State<App>,
    id: PathId,
    request: Request,
) -> Result<Response, ApiError> {
    let (members, envelope) = app.order(request).await?.open();
    let command = wire::check_out(members)?;
    Ok(reply::answer(app.engine.submit(asset_id(id)?, envelope.close(command)).await?))
}
