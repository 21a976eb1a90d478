//! Condition reports: make, read, list, decide.

use axum::{
    extract::{Request, State},
    response::Response,
};
use holdfast_domain::asset::{Command, ReportDocument, ReportStatus};

use crate::{
    app::App,
    ask::{PathId, asset_id, report_id},
    error::ApiError,
    openapi::ReportList,
    paging::{self, Paging},
    query::Query,
    reply,
    wire::{self, EmptyInput, RejectInput, ReportInput},
};

/// Report the condition of an asset.
///
/// Approved at once where nobody would have to look at it: nothing damaged or missing, no charge, not
/// out of service. Members report on their own bookings.
#[utoipa::path(
    post, path = "/assets/{id}/condition-reports", operation_id = "report_condition",
    tag = "Condition reports", request_body = ReportInput,
    params(("id" = inline(String), Path, description = "The asset's id")),
    responses((status = 201, body = ReportDocument, description = "Reported")),
)]
pub(crate) async fn create(
    State(app): State<App>,
    id: PathId,
    request: Request,
) -> Result<Response, ApiError> {
    let (members, envelope) = app.order(request).await?.open();
    let command = wire::report(members)?;
    Ok(reply::answer(app.engine.submit(asset_id(id)?, envelope.close(command)).await?))
}

/// List an asset's condition reports, newest first. Members see only those on their own bookings.
#[utoipa::path(
    get, path = "/assets/{id}/condition-reports", operation_id = "list_condition_reports",
    tag = "Condition reports",
    params(
        ("id" = inline(String), Path, description = "The asset's id"),
        ("status" = inline(Option<Vec<ReportStatus>>), Query, description = "May be repeated: any of them"),
    ),
    responses((status = 200, body = ReportList, description = "A page")),
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
    let page = app.engine.reports_of_asset(question.principal(), id, &status, ask).await?;
    Ok(paging.reply(&app, &question, &page))
}

fn statuses(query: &mut Query) -> Vec<ReportStatus> {
    paging::statuses(query, "PENDING_APPROVAL, APPROVED or REJECTED")
}

/// Read one condition report.
#[utoipa::path(
    get, path = "/condition-reports/{id}", operation_id = "read_condition_report",
    tag = "Condition reports",
    params(("id" = inline(String), Path, description = "The report's id")),
    responses((status = 200, body = ReportDocument, description = "The report")),
)]
pub(crate) async fn read(
    State(app): State<App>,
    id: PathId,
    request: Request,
) -> Result<Response, ApiError> {
    let question = app.question(request)?;
    question.query()?.finish()?;
    let read = app.engine.report(question.principal(), report_id(id)?).await?;
    Ok(reply::read(&question, read))
}

/// Approve a condition report: its charge goes on the bill. Nobody decides a report of its own.
#[utoipa::path(
    post, path = "/condition-reports/{id}/approve", operation_id = "approve_condition_report",
    tag = "Condition reports", request_body = Option<EmptyInput>,
    params(("id" = inline(String), Path, description = "The report's id")),
    responses((status = 200, body = ReportDocument, description = "Approved")),
)]
pub(crate) async fn approve(
    State(app): State<App>,
    id: PathId,
    request: Request,
) -> Result<Response, ApiError> {
    let (members, envelope) = app.order(request).await?.open();
    members.finish()?;
    let report = report_id(id)?;
    let request = envelope.close(Command::ApproveReport { report });
    Ok(reply::answer(app.engine.submit_below(report.tag, request).await?))
}

/// Reject a condition report: the asset comes back into service where the report took it out. Nobody
/// decides a report of its own.
#[utoipa::path(
    post, path = "/condition-reports/{id}/reject", operation_id = "reject_condition_report",
    tag = "Condition reports", request_body = Option<RejectInput>,
    params(("id" = inline(String), Path, description = "The report's id")),
    responses((status = 200, body = ReportDocument, description = "Rejected")),
)]
pub(crate) async fn reject(
    State(app): State<App>,
    id: PathId,
    request: Request,
) -> Result<Response, ApiError> {
    let (members, envelope) = app.order(request).await?.open();
    let reason = wire::reason(members)?;
    let report = report_id(id)?;
    let request = envelope.close(Command::RejectReport { report, reason });
    Ok(reply::answer(app.engine.submit_below(report.tag, request).await?))
}
