//! Bookings: make, read, list, move, cancel.

use axum::{
    extract::{Request, State},
    response::Response,
};
use holdfast_actors::engine::BookingFilter;
use holdfast_domain::asset::{BookingDocument, Command};

use crate::{
    app::App,
    ask::{PathId, asset_id, booking_id},
    body::members::ID_MAX,
    error::ApiError,
    openapi::BookingList,
    paging::{self, Paging},
    query::Query,
    reply,
    wire::{self, BookingChangeInput, BookingInput, CancelInput},
};

/// Book an asset.
#[utoipa::path(
    post, path = "/assets/{id}/bookings", operation_id = "book_asset", tag = "Bookings", request_body = BookingInput,
    params(("id" = inline(String), Path, description = "The asset's id")),
    responses((status = 201, body = BookingDocument, description = "Booked")),
)]
pub(crate) async fn book(
    State(app): State<App>,
    id: PathId,
    request: Request,
) -> Result<Response, ApiError> {
    let (members, envelope) = app.order(request).await?.open();
    let command = wire::book(members)?;
    Ok(reply::answer(app.engine.submit(asset_id(id)?, envelope.close(command)).await?))
}

/// List an asset's bookings, newest first. Members see only their own.
#[utoipa::path(
    get, path = "/assets/{id}/bookings", operation_id = "list_bookings_of_asset", tag = "Bookings",
    params(
        ("id" = inline(String), Path, description = "The asset's id"),
        ("status" = inline(Option<Vec<holdfast_domain::asset::BookingStatus>>), Query, description = "May be repeated: any of them"),
        ("user_id" = inline(Option<String>), Query, description = "Whose"),
        ("from" = inline(Option<holdfast_domain::Timestamp>), Query, description = "Windows that end after this instant"),
        ("to" = inline(Option<holdfast_domain::Timestamp>), Query, description = "Windows that start before this instant"),
    ),
    responses((status = 200, body = BookingList, description = "A page")),
)]
pub(crate) async fn list_of_asset(
    State(app): State<App>,
    id: PathId,
    request: Request,
) -> Result<Response, ApiError> {
    let question = app.question(request)?;
    let mut query = question.query()?;
    let filter = filter(&mut query);
    let paging = Paging::read(query, &canonical(&filter))?;
    let ask = paging.ask(&app, &question)?;
    let id = asset_id(id)?;
    let page = app.engine.bookings_of_asset(question.principal(), id, &filter, ask).await?;
    Ok(paging.reply(&app, &question, &page))
}

/// List a user's bookings, newest first; without `user_id` the caller's own. A page may be short
/// although more follow.
#[utoipa::path(
    get, path = "/bookings", operation_id = "list_bookings", tag = "Bookings",
    params(
        ("user_id" = inline(Option<String>), Query, description = "Whose; default: the caller's"),
        ("status" = inline(Option<Vec<holdfast_domain::asset::BookingStatus>>), Query, description = "May be repeated: any of them"),
        ("from" = inline(Option<holdfast_domain::Timestamp>), Query, description = "Windows that end after this instant"),
        ("to" = inline(Option<holdfast_domain::Timestamp>), Query, description = "Windows that start before this instant"),
    ),
    responses((status = 200, body = BookingList, description = "A page")),
)]
pub(crate) async fn list_of_user(
    State(app): State<App>,
    request: Request,
) -> Result<Response, ApiError> {
    let question = app.question(request)?;
    let mut query = question.query()?;
    let filter = filter(&mut query);
    let paging = Paging::read(query, &canonical(&filter))?;
    let ask = paging.ask(&app, &question)?;
    let page = app.engine.bookings_of_user(question.principal(), &filter, ask).await?;
    Ok(paging.reply(&app, &question, &page))
}

/// Read one booking.
#[utoipa::path(
    get, path = "/bookings/{id}", operation_id = "read_booking", tag = "Bookings",
    params(("id" = inline(String), Path, description = "The booking's id")),
    responses((status = 200, body = BookingDocument, description = "The booking")),
)]
pub(crate) async fn read(
    State(app): State<App>,
    id: PathId,
    request: Request,
) -> Result<Response, ApiError> {
    let question = app.question(request)?;
    question.query()?.finish()?;
    let read = app.engine.booking(question.principal(), booking_id(id)?).await?;
    Ok(reply::read(&question, read))
}

/// Move a booking, or end one in use earlier or later.
///
/// A confirmed booking comes under the asset's current terms, which must be accepted where they have
/// changed since; one in use keeps its own, and only its end can change.
#[utoipa::path(
    patch, path = "/bookings/{id}", operation_id = "reschedule_booking", tag = "Bookings",
    request_body = BookingChangeInput,
    params(("id" = inline(String), Path, description = "The booking's id")),
    responses((status = 200, body = BookingDocument, description = "The booking as it is now")),
)]
pub(crate) async fn reschedule(
    State(app): State<App>,
    id: PathId,
    request: Request,
) -> Result<Response, ApiError> {
    let (members, envelope) = app.order(request).await?.open();
    let change = wire::reschedule(members)?;
    let booking = booking_id(id)?;
    let request = envelope.close(change.of(booking));
    Ok(reply::answer(app.engine.submit_to_booking(booking, request).await?))
}

/// Cancel a booking.
#[utoipa::path(
    post, path = "/bookings/{id}/cancel", operation_id = "cancel_booking", tag = "Bookings",
    request_body = Option<CancelInput>,
    params(("id" = inline(String), Path, description = "The booking's id")),
    responses((status = 200, body = BookingDocument, description = "Cancelled")),
)]
pub(crate) async fn cancel(
    State(app): State<App>,
    id: PathId,
    request: Request,
) -> Result<Response, ApiError> {
    let (members, envelope) = app.order(request).await?.open();
    let reason = wire::reason(members)?;
    let booking = booking_id(id)?;
    let request = envelope.close(Command::CancelBooking { booking, reason });
    Ok(reply::answer(app.engine.submit_to_booking(booking, request).await?))
}

fn filter(query: &mut Query) -> BookingFilter {
    let filter = BookingFilter {
        status: paging::statuses(
            query,
            "PENDING_APPROVAL, CONFIRMED, CHECKED_IN, CHECKED_OUT, CANCELLED, REJECTED, EXPIRED or \
             NO_SHOW",
        ),
        user_id: query.string("user_id", ID_MAX),
        from: query.instant("from"),
        to: query.instant("to"),
    };
    if filter.from.zip(filter.to).is_some_and(|(from, to)| to <= from) {
        query.issue("to", "must be after from");
    }
    filter
}

fn canonical(filter: &BookingFilter) -> String {
    let mut status: Vec<_> = filter.status.iter().map(|status| status.name()).collect();
    status.sort_unstable();
    status.dedup();
    format!("{:?}", (status, &filter.user_id, filter.from, filter.to))
}
