//! Why a request gets no answer, as this crate sees it. Status codes and words: `problem`.

use axum::response::{IntoResponse, Response};
use holdfast_actors::Refusal;
use holdfast_domain::Rejection;

/// Everything that ends in a problem document. Closed: a new variant does not compile until
/// `problem` gives it a status.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum ApiError {
    /// No such route, or a path whose id is none.
    NotFound,
    /// Carries the `Allow` header.
    MethodNotAllowed(String),
    /// No token.
    Unauthenticated,
    /// A token that does not hold; the reason is fit for the client.
    InvalidToken(&'static str),
    /// The scopes of which one would do.
    InsufficientScope(&'static [&'static str]),
    BodyTooLarge,
    UriTooLong,
    /// Of a registry's read.
    NotAcceptable,
    HeadersTooLarge,
    UnsupportedMediaType(&'static str),
    MalformedJson(String),
    BadRequest(&'static str),
    /// A header of this name that is not in its form.
    BadHeader(&'static str, &'static str),
    KeyRequired(&'static str),
    InvalidCursor,
    /// Findings about the body, the query or a header; never empty.
    Invalid(Vec<Issue>),
    /// As `Invalid`, when an amount beyond 2^53 − 1 is all that is wrong.
    AmountOutOfRange(Vec<Issue>),
    /// An address that webhooks must not reach.
    WebhookUrl(Vec<Issue>),
    /// A bug. The cause is logged, never sent.
    Internal,
    Refused(Refusal),
}

/// One finding.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Issue {
    pub(crate) place: Place,
    pub(crate) reason: String,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    /// A JSON pointer into the body, as a URI fragment.
    Pointer(String),
    /// A query parameter or header.
    Name(String),
}

impl Issue {
    pub(crate) fn name(name: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { place: Place::Name(name.into()), reason: reason.into() }
    }

    pub(crate) fn pointer(pointer: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { place: Place::Pointer(pointer.into()), reason: reason.into() }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Rejection> for ApiError {
    fn from(rejection: Rejection) -> Self {
        Self::Refused(Refusal::Rejected(rejection))
    }
}

/// An empty response that carries the error: the envelope, which knows the request's id and path,
/// writes the document.
impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = Response::default();
        response.extensions_mut().insert(Unwritten(self));
        response
    }
}

/// An error on its way to the envelope.
#[derive(Clone)]
pub(crate) struct Unwritten(pub(crate) ApiError);
