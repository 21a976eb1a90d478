//! Around every route: the request's id, the bounds on its head, the problem documents, the caught
//! panics, and the headers that all answers carry.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{
    app::App,
    error::{ApiError, Unwritten},
    percent, permissions,
    problem::{self, Context},
    registry,
    request_id::{self, RequestId},
};

const URI_BYTES_MAX: usize = 8 * 1024;
const HEADERS_BYTES_MAX: usize = 32 * 1024;

pub(crate) async fn envelope(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let id = RequestId::of(request.headers(), || app.engine.random());
    let path = request.uri().path().to_owned();
    let began = app.traffic.begin(&request, &app.engine);
    request.extensions_mut().insert(id.clone());
    let mut response = match within_bounds(request.uri(), request.headers()) {
        Ok(()) => caught(next.run(request)).await,
        Err(error) => error.into_response(),
    };
    if let Some(error) = unwritten(&path, &mut response) {
        app.traffic.refused(&error);
        let context = Context { public_url: &app.public_url, path: &path, request_id: &id };
        response = problem::write(error, &context);
    }
    let headers = response.headers_mut();
    headers.insert(request_id::HEADER, id.header());
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    app.traffic.end(began, response.status(), &app.engine);
    response
}

/// What still has to be written as a problem document, if anything.
fn unwritten(path: &str, response: &mut Response) -> Option<ApiError> {
    if let Some(Unwritten(error)) = response.extensions_mut().remove() {
        return Some(error);
    }
    // The pages of the documentation are a library's, with error bodies of their own.
    match response.status() {
        StatusCode::NOT_FOUND if path.starts_with("/docs/") => Some(ApiError::NotFound),
        status if status.is_server_error() && path.starts_with("/docs/") => {
            Some(ApiError::Internal)
        }
        _ => None,
    }
}

/// The answer, or `Internal` where the handler panics. Caught here and not by a layer of its own,
/// because that one would box every body and could not tell whose request it was.
async fn caught(answer: impl Future<Output = Response>) -> Response {
    let mut answer = pin!(answer);
    std::future::poll_fn(|context| {
        // The future is never polled again after a panic.
        catch_unwind(AssertUnwindSafe(|| answer.as_mut().poll(context))).unwrap_or_else(|panic| {
            tracing::error!(message = panic_text(&*panic), "a handler panicked");
            Poll::Ready(ApiError::Internal.into_response())
        })
    })
    .await
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(no message)")
}

fn within_bounds(uri: &Uri, headers: &HeaderMap) -> Result<(), ApiError> {
    let target = uri.path().len() + uri.query().map_or(0, |query| query.len() + 1);
    if target > URI_BYTES_MAX {
        return Err(ApiError::UriTooLong);
    }
    // As sent: name, colon, space, value, end of line.
    let bytes: usize =
        headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if bytes > HEADERS_BYTES_MAX {
        return Err(ApiError::HeadersTooLarge);
    }
    // The registry says that in words of its own.
    if !percent::is_decodable(uri.path()) && !registry::owns(uri.path()) {
        return Err(ApiError::BadRequest("The path's percent-encoding is broken."));
    }
    Ok(())
}

/// A known path with another method: `OPTIONS` is answered, the rest refused.
pub(crate) async fn other_method(request: Request) -> Response {
    let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let allow = permissions::allow(path);
    if request.method() != Method::OPTIONS {
        return ApiError::MethodNotAllowed(allow).into_response();
    }
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    if let Ok(allow) = HeaderValue::from_str(&allow) {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_bodies_that_are_not_ours_are_replaced() {
        let rows = [
            ("/docs/index.css", 200, None),
            ("/docs/nothing", 404, Some(ApiError::NotFound)),
            ("/docs/index.css", 500, Some(ApiError::Internal)),
            ("/docs/index.css", 304, None),
            ("/readyz", 503, None),
        ];
        for (path, status, expected) in rows {
            let mut response = Response::default();
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            assert_eq!(unwritten(path, &mut response), expected, "{path} {status}");
        }
        let mut ours = ApiError::InvalidCursor.into_response();
        assert_eq!(unwritten("/docs/", &mut ours), Some(ApiError::InvalidCursor));
    }
}
