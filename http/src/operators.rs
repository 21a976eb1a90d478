//! What operators see and do: the live tree, the release of an asset that is held back, and the
//! figures for whoever collects them.
//!
//! Served on a listener of its own. The role is asked for here; nothing of the booking API is
//! reachable from it.

mod exposition;
mod tree;

use axum::{
    body::Body,
    extract::{Path, Request, State},
    http::{HeaderValue, header},
    response::Response,
};
use holdfast_actors::supervision::{NotReleased, Target};
use holdfast_domain::{AssetId, Rejection, Tag};

use crate::{app::App, ask::PathId, error::ApiError, reply};

/// See who runs, and how everybody is doing.
///
/// Looked up when asked, so figures of different parts may be some milliseconds apart.
#[utoipa::path(get, path = "/admin/supervision", operation_id = "supervision", tag = "Operations",
    responses((status = 200, body = tree::Tree, description = "The live tree")))]
pub(crate) async fn supervision(
    State(app): State<App>,
    request: Request,
) -> Result<Response, ApiError> {
    app.oversight(request)?.finish()?;
    let seen = app.engine.supervision().await.ok_or(ApiError::Internal)?;
    Ok(json(&tree::Tree::of(seen)))
}

/// Let an asset that is held back be served again.
///
/// Its failures are counted anew. What made it fail is still there: when it fails as often again, it
/// is held back again. Asked twice, the second time says that it is not held back, so no
/// Idempotency-Key is needed.
#[utoipa::path(
    post, path = "/admin/assets/{id}/release", operation_id = "releaseAsset", tag = "Operations",
    params(("id" = inline(String), Path,
        description = "The asset's id, or its tag where the tree shows no id")),
    responses((status = 200, body = tree::Asset, description = "The asset as it is now")),
)]
pub(crate) async fn release(
    State(app): State<App>,
    id: PathId,
    request: Request,
) -> Result<Response, ApiError> {
    let (members, operator) = app.operation(request).await?;
    members.finish()?;
    let Path(text) = id.map_err(|_| ApiError::NotFound)?;
    let released = app.engine.release(target(&text)?).map_err(|error| match error {
        NotReleased::Unknown => ApiError::NotFound,
        NotReleased::NotQuarantined(state) => {
            Rejection::InvalidTransition { current_status: state.name().to_owned() }.into()
        }
    })?;
    let (who, org) = (&operator.subject, &operator.org);
    tracing::info!(operator = who, org, asset = text, "an operator released a quarantined asset");
    Ok(json(&tree::Asset::of(released)))
}

/// Collect the figures, in the text form of `OpenMetrics`.
#[utoipa::path(get, path = "/metrics", operation_id = "metrics", tag = "Operations",
    responses((status = 200, content_type = "application/openmetrics-text", body = String,
        description = "All metrics")))]
pub(crate) async fn metrics(State(app): State<App>) -> Result<Response, ApiError> {
    let vitals = app.engine.vitals().await.ok_or(ApiError::Internal)?;
    let text = exposition::text(app, vitals).map_err(|_| ApiError::Internal)?;
    let mut response = Response::new(Body::from(text));
    let form = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(form));
    Ok(response)
}

fn target(text: &str) -> Result<Target, ApiError> {
    if let Ok(id) = text.parse::<AssetId>() {
        return Ok(Target::Id(id));
    }
    // Only as it is shown: a tag has one form.
    let tag = text.parse().map(Tag::new).map_err(|_| ApiError::NotFound)?;
    if tag.get().to_string() == text { Ok(Target::Tag(tag)) } else { Err(ApiError::NotFound) }
}

fn json(body: &impl serde::Serialize) -> Response {
    reply::json(serde_json::to_vec(body).unwrap_or_default().into())
}
