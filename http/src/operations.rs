//! What operators and tools ask without a token.

use axum::{
    body::Body,
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use holdfast_actors::Readiness;
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
    (status = 503, body = Ready, description = "Recovering, draining, or the store has failed",
        headers(("Retry-After" = String, description = "Seconds"))),
))]
pub(crate) async fn readyz(State(app): State<App>) -> Response {
    report(&app.engine.readiness())
}

/// Both outcomes have one body: whoever asks wants to know what is missing, so 503 is no problem
/// document here.
fn report(is: &Readiness) -> Response {
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
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_ready_says_when_to_ask_again() {
        let ready = Readiness {
            recovered: true,
            store_writable: true,
            draining: false,
            clock_astray: false,
            unfolded_records: 3,
        };
        let rows = [
            (ready.clone(), 200, None),
            (Readiness { recovered: false, ..ready.clone() }, 503, Some("1")),
            (Readiness { store_writable: false, ..ready.clone() }, 503, Some("1")),
            (Readiness { draining: true, ..ready }, 503, Some("1")),
        ];
        for (is, status, after) in rows {
            let response = report(&is);
            assert_eq!(response.status(), status, "{is:?}");
            let told = response.headers().get("retry-after").map(|it| it.to_str().unwrap());
            assert_eq!(told, after, "{is:?}");
            assert_eq!(response.headers()["content-type"], "application/json");
        }
    }
}
