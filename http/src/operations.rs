//! What operators and tools ask without a token.

use axum::{
    body::Body,
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::{App, VersionInfo},
    error::ApiError,
    problem, reply,
};

/// Whether the process is alive.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`
    status: &'static str,
}

/// Whether the server takes requests, and what keeps it from it.
#[derive(Serialize, ToSchema)]
pub(crate) struct Ready {
    ready: bool,
    /// Everything acknowledged before the last stop is there again.
    recovered: bool,
    /// No write has failed.
    store_writable: bool,
    /// The server is about to stop.
    draining: bool,
    /// The wall clock and the engine's differ by more than five minutes.
    clock_astray: bool,
    /// Records committed and not yet folded into the views.
    unfolded_records: usize,
}

/// Whether the process is alive.
#[utoipa::path(get, path = "/healthz", tag = "Operations",
    responses((status = 200, body = Health, description = "Alive")))]
pub(crate) async fn healthz() -> Response {
    json(&Health { status: "ok" })
}

/// Whether the server takes requests.
#[utoipa::path(get, path = "/readyz", tag = "Operations", responses(
    (status = 200, body = Ready, description = "Ready"),
    (status = 503, body = Ready, description = "Recovering, draining, or the store has failed"),
))]
pub(crate) async fn readyz(State(app): State<App>) -> Response {
    let is = app.engine.readiness();
    let ready = is.is_ready();
    let mut response = json(&Ready {
        ready,
        recovered: is.recovered,
        store_writable: is.store_writable,
        draining: is.draining,
        clock_astray: is.clock_astray,
        unfolded_records: is.unfolded_records,
    });
    if !ready {
        *response.status_mut() = problem::codes::NOT_READY.status;
    }
    response
}

/// What is running.
#[utoipa::path(get, path = "/version", tag = "Operations",
    responses((status = 200, body = VersionInfo, description = "Version, commit, time zone data")))]
pub(crate) async fn version(State(app): State<App>) -> Response {
    reply::json(app.version.clone())
}

/// What a problem's `type` means.
#[utoipa::path(get, path = "/problems/{slug}", tag = "Operations",
    params(("slug" = inline(String), Path, description = "The last segment of a problem's type")),
    responses((status = 200, content_type = "text/html", body = String, description = "A page")))]
pub(crate) async fn explain(
    slug: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    let Path(slug) = slug.map_err(|_| ApiError::NotFound)?;
    let page = problem::page::html(&slug).ok_or(ApiError::NotFound)?;
    let mut response = Response::new(Body::from(page));
    *response.status_mut() = StatusCode::OK;
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, html);
    Ok(response)
}

fn json(body: &impl Serialize) -> Response {
    reply::json(serde_json::to_vec(body).unwrap_or_default().into())
}
