//! What goes back: every status and body of the registry, in one place.
//!
//! 422 and 409 are bare arrays of codes, 404 is empty; everything else that goes wrong is a problem
//! document as everywhere.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use holdfast_actors::Refusal;
use holdfast_domain::registry::{self, Findings, RowsError};

use super::stream::{Document, Opened};
use crate::{error::ApiError, reply};

/// Why there is no answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// In the registry's own words.
    Refused(registry::Refusal),
    /// In a problem document.
    Problem(ApiError),
}

impl Fault {
    pub(crate) const NOT_FOUND: Self = Self::Refused(registry::Refusal::NotFound);
}

impl From<ApiError> for Fault {
    fn from(error: ApiError) -> Self {
        Self::Problem(error)
    }
}

impl From<Findings> for Fault {
    fn from(findings: Findings) -> Self {
        Self::Refused(registry::Refusal::Invalid(findings))
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Registry(refusal) => Self::Refused(refusal),
            other => Self::Problem(other.into()),
        }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        match self {
            Self::Refused(registry::Refusal::NotFound) => bare(StatusCode::NOT_FOUND),
            Self::Refused(registry::Refusal::Invalid(findings)) => {
                codes(StatusCode::UNPROCESSABLE_ENTITY, &findings)
            }
            Self::Refused(registry::Refusal::Conflict(findings)) => {
                codes(StatusCode::CONFLICT, &findings)
            }
            Self::Problem(error) => error.into_response(),
        }
    }
}

/// What cannot be read now: nothing was changed, and the next read may do better.
pub(super) fn unreadable(error: &RowsError) -> Fault {
    tracing::warn!(%error, "a registry could not be read");
    Refusal::OutcomeUnknown.into()
}

fn codes(status: StatusCode, findings: &Findings) -> Response {
    let codes: Vec<&str> = findings.iter().map(|finding| finding.code()).collect();
    let mut response = reply::json(serde_json::to_vec(&codes).unwrap_or_default().into());
    *response.status_mut() = status;
    response
}

fn bare(status: StatusCode) -> Response {
    let mut response = Response::default();
    *response.status_mut() = status;
    response
}

/// 201 for what is at `location` now, new or not.
pub(super) fn registered(location: &str) -> Response {
    let mut response = bare(StatusCode::CREATED);
    let location = HeaderValue::from_str(location).expect("escaped paths are visible ASCII");
    response.headers_mut().insert(header::LOCATION, location);
    response
}

pub(super) fn done() -> Response {
    bare(StatusCode::NO_CONTENT)
}

/// Whether there is such a thing.
pub(super) fn exists(there: bool) -> Result<Response, Fault> {
    if there { Ok(done()) } else { Err(Fault::NOT_FOUND) }
}

/// The document of one thing.
pub(super) fn found(json: Option<Vec<u8>>) -> Result<Response, Fault> {
    json.map(|json| reply::json(json.into())).ok_or(Fault::NOT_FOUND)
}

/// A document whose parts may still be in the making.
pub(super) fn streamed<D: Document>(document: Opened<D>) -> Response {
    let mut response = Response::new(document.into_body());
    response.headers_mut().insert(header::CONTENT_TYPE, reply::JSON);
    response
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use holdfast_domain::registry::Finding;

    use super::*;

    #[tokio::test]
    async fn each_refusal_has_its_status_and_body() {
        let invalid = Findings::from([Finding::CodeMismatch, Finding::TypeMismatch]);
        let conflict = Findings::from([Finding::AssetBooked, Finding::AssetInUse]);
        let rows = [
            (registry::Refusal::NotFound, 404, ""),
            (registry::Refusal::Invalid(invalid), 422, r#"["TypeMismatch","CodeMismatch"]"#),
            (registry::Refusal::Conflict(conflict), 409, r#"["AssetInUse","AssetBooked"]"#),
        ];
        for (refusal, status, expected) in rows {
            let response = Fault::from(Refusal::Registry(refusal)).into_response();
            assert_eq!(response.status(), status);
            let json = response.headers().get("content-type").is_some();
            assert_eq!(json, !expected.is_empty());
            let body = to_bytes(response.into_body(), 1024).await.unwrap();
            assert_eq!(body, expected);
        }
        let others = [Refusal::Overloaded, Refusal::StorageFull, Refusal::NotReady];
        for refusal in others {
            let expected = Fault::Problem(ApiError::Refused(refusal.clone()));
            assert_eq!(Fault::from(refusal), expected);
        }
    }
}
