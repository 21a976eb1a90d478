//! What those who manage an asset decide about a booking: yes, no, and what it should have cost.

use axum::{
    extract::{Request, State},
    response::Response,
};
use holdfast_domain::asset::{BookingDocument, Command};

use crate::{
    app::App,
    ask::{PathId, booking_id},
    error::ApiError,
    reply,
    wire::{self, AdjustmentInput, EmptyInput, RejectInput},
};

/// Approve a booking that waits for it. Nobody approves a booking of its own.
#[utoipa::path(
    post, path = "/bookings/{id}/approve", operation_id = "approve_booking", tag = "Bookings",
    request_body = Option<EmptyInput>,
    params(("id" = inline(String), Path, description = "The booking's id")),
    responses((status = 200, body = BookingDocument, description = "Confirmed")),
)]
pub(crate) async fn approve(
    State(app): State<App>,
    id: PathId,
    request: Request,
) -> Result<Response, ApiError> {
    let (members, envelope) = app.order(request).await?.open();
    members.finish()?;
    let booking = booking_id(id)?;
    let request = envelope.close(Command::ApproveBooking { booking });
    Ok(reply::answer(app.engine.submit_to_booking(booking, request).await?))
}

/// Reject a booking that waits for approval. Nobody rejects a booking of its own: it cancels it.
#[utoipa::path(
    post, path = "/bookings/{id}/reject", operation_id = "reject_booking", tag = "Bookings",
    request_body = Option<RejectInput>,
    params(("id" = inline(String), Path, description = "The booking's id")),
    responses((status = 200, body = BookingDocument, description = "Rejected")),
)]
pub(crate) async fn reject(
    State(app): State<App>,
    id: PathId,
    request: Request,
) -> Result<Response, ApiError> {
    let (members, envelope) = app.order(request).await?.open();
    let reason = wire::reason(members)?;
    let booking = booking_id(id)?;
    let request = envelope.close(Command::RejectBooking { booking, reason });
    Ok(reply::answer(app.engine.submit_to_booking(booking, request).await?))
}

/// Correct the cost of a booking that is over, up or down, by one more line.
#[utoipa::path(
    post, path = "/bookings/{id}/adjustments", operation_id = "adjust_cost", tag = "Bookings",
    request_body = AdjustmentInput,
    params(("id" = inline(String), Path, description = "The booking's id")),
    responses((status = 200, body = BookingDocument, description = "The booking with its new cost")),
)]
pub(crate) async fn adjust(
    State(app): State<App>,
    id: PathId,
    request: Request,
) -> Result<Response, ApiError> {
    let (members, envelope) = app.order(request).await?.open();
    let (amount_minor, reason) = wire::adjustment(members)?;
    let booking = booking_id(id)?;
    let request = envelope.close(Command::AdjustCost { booking, amount_minor, reason });
    Ok(reply::answer(app.engine.submit_to_booking(booking, request).await?))
}
