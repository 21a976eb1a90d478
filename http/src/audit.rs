//! The audit log of an asset.

use axum::{
    extract::{Request, State},
    response::Response,
};

use crate::{
    app::App,
    ask::{PathId, asset_id},
    error::ApiError,
    openapi::AuditList,
    paging::Paging,
};

/// List what was done to an asset and its bookings, newest first; entries never change and are
/// chained by hashes.
#[utoipa::path(
    get, path = "/assets/{id}/audit", operation_id = "list_audit", tag = "Audit",
    params(("id" = inline(String), Path, description = "The asset's id")),
    responses((status = 200, body = AuditList, description = "A page")),
)]
pub(crate) async fn list(
    State(app): State<App>,
    id: PathId,
    request: Request,
) -> Result<Response, ApiError> {
    let question = app.question(request)?;
    let paging = Paging::read(question.query()?, "")?;
    let ask = paging.ask(&app, &question)?;
    let page = app.engine.audit(question.principal(), asset_id(id)?, ask).await?;
    Ok(paging.reply(&app, &question, &page))
}
