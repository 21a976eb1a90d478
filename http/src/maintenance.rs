//! Maintenance: plan, read, list, move, and see through.

use axum::{
    extract::{Request, State},
    response::Response,
};
use holdfast_domain::{
    MaintenanceId,
    asset::{Command, MaintenanceDocument, MaintenanceStatus},
};

use crate::{
    app::App,
    ask::{PathId, asset_id, maintenance_id},
    error::ApiError,
    openapi::MaintenanceList,
    paging::{self, Paging},
    query::Query,
    reply,
    wire::{self, EmptyInput, MaintenanceCancelInput, MaintenanceChangeInput, MaintenanceInput},
};

/// Plan a maintenance that no rule asks for. With a window it keeps bookings out.
#[utoipa::path(
    post, path = "/assets/{id}/maintenance", operation_id = "plan_maintenance",
    tag = "Maintenance", request_body = MaintenanceInput,
    params(("id" = inline(String), Path, description = "The asset's id")),
    responses((status = 201, body = MaintenanceDocument, description = "Planned")),
)]
pub(crate) async fn create(
    State(app): State<App>,
    id: PathId,
    request: Request,
) -> Result<Response, ApiError> {
    let (members, envelope) = app.order(request).await?.open();
    let command = wire::maintenance(members)?;
    Ok(reply::answer(app.engine.submit(asset_id(id)?, envelope.close(command)).await?))
}

/// List an asset's maintenance, newest first.
#[utoipa::path(
    get, path = "/assets/{id}/maintenance", operation_id = "list_maintenance", tag = "Maintenance",
    params(
        ("id" = inline(String), Path, description = "The asset's id"),
        ("status" = inline(Option<Vec<MaintenanceStatus>>), Query, description = "May be repeated: any of them"),
    ),
    responses((status = 200, body = MaintenanceList, description = "A page")),
)]
pub(crate) async fn list(
    State(app): State<App>,
    id: PathId,
    request: Request,
) -> Result<Response, ApiError> {
    let question = app.question(request)?;
    let mut query = question.query()?;
    let status = statuses(&mut query);
    let paging = Paging::read(query, &paging::canonical(status.iter().map(|it| it.name())))?;
    let ask = paging.ask(&app, &question)?;
    let id = asset_id(id)?;
    let page = app.engine.maintenance_of_asset(question.principal(), id, &status, ask).await?;
    Ok(paging.reply(&app, &question, &page))
}

fn statuses(query: &mut Query) -> Vec<MaintenanceStatus> {
    paging::statuses(query, "SCHEDULED, DUE, IN_PROGRESS, COMPLETED or CANCELLED")
}

/// Read one maintenance.
#[utoipa::path(
    get, path = "/maintenance/{id}", operation_id = "read_maintenance", tag = "Maintenance",
    params(("id" = inline(String), Path, description = "The maintenance's id")),
    responses((status = 200, body = MaintenanceDocument, description = "The maintenance")),
)]
pub(crate) async fn read(
    State(app): State<App>,
    id: PathId,
    request: Request,
) -> Result<Response, ApiError> {
    let question = app.question(request)?;
    question.query()?.finish()?;
    let read = app.engine.maintenance(question.principal(), maintenance_id(id)?).await?;
    Ok(reply::read(&question, read))
}

/// Change when a maintenance is due, or its window.
#[utoipa::path(
    patch, path = "/maintenance/{id}", operation_id = "change_maintenance", tag = "Maintenance",
    request_body = MaintenanceChangeInput,
    params(("id" = inline(String), Path, description = "The maintenance's id")),
    responses((status = 200, body = MaintenanceDocument, description = "The maintenance as it is now")),
)]
pub(crate) async fn change(
    State(app): State<App>,
    id: PathId,
    request: Request,
) -> Result<Response, ApiError> {
    let (members, envelope) = app.order(request).await?.open();
    let change = wire::replan(members)?;
    let maintenance = maintenance_id(id)?;
    let request = envelope.close(change.of(maintenance));
    Ok(reply::answer(app.engine.submit_below(maintenance.tag, request).await?))
}

/// Begin a maintenance: the asset is out of service until it is over.
#[utoipa::path(
    post, path = "/maintenance/{id}/start", operation_id = "start_maintenance",
    tag = "Maintenance", request_body = Option<EmptyInput>,
    params(("id" = inline(String), Path, description = "The maintenance's id")),
    responses((status = 200, body = MaintenanceDocument, description = "In progress")),
)]
pub(crate) async fn start(
    State(app): State<App>,
    id: PathId,
    request: Request,
) -> Result<Response, ApiError> {
    step(&app, id, request, |maintenance| Command::StartMaintenance { maintenance }).await
}

/// Complete a maintenance. Its rule counts anew from here.
#[utoipa::path(
    post, path = "/maintenance/{id}/complete", operation_id = "complete_maintenance",
    tag = "Maintenance", request_body = Option<EmptyInput>,
    params(("id" = inline(String), Path, description = "The maintenance's id")),
    responses((status = 200, body = MaintenanceDocument, description = "Completed")),
)]
pub(crate) async fn complete(
    State(app): State<App>,
    id: PathId,
    request: Request,
) -> Result<Response, ApiError> {
    step(&app, id, request, |maintenance| Command::CompleteMaintenance { maintenance }).await
}

/// Cancel a maintenance.
#[utoipa::path(
    post, path = "/maintenance/{id}/cancel", operation_id = "cancel_maintenance",
    tag = "Maintenance", request_body = Option<MaintenanceCancelInput>,
    params(("id" = inline(String), Path, description = "The maintenance's id")),
    responses((status = 200, body = MaintenanceDocument, description = "Cancelled")),
)]
pub(crate) async fn cancel(
    State(app): State<App>,
    id: PathId,
    request: Request,
) -> Result<Response, ApiError> {
    let (members, envelope) = app.order(request).await?.open();
    let reason = wire::reason(members)?;
    let maintenance = maintenance_id(id)?;
    let request = envelope.close(Command::CancelMaintenance { maintenance, reason });
    Ok(reply::answer(app.engine.submit_below(maintenance.tag, request).await?))
}

/// A command without members.
async fn step(
    app: &App,
    id: PathId,
    request: Request,
    command: fn(MaintenanceId) -> Command,
) -> Result<Response, ApiError> {
    let (members, envelope) = app.order(request).await?.open();
    members.finish()?;
    let maintenance = maintenance_id(id)?;
    let request = envelope.close(command(maintenance));
    Ok(reply::answer(app.engine.submit_below(maintenance.tag, request).await?))
}
