//! Problem documents: the one file that knows error status codes.
//!
//! Every way to fail ends in [`Problem::of`], an exhaustive match; the codes themselves, with their
//! status and words, are the table in [`codes`].

pub(crate) mod codes;
pub(crate) mod page;

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, header},
    response::Response,
};
use holdfast_actors::Refusal;
use holdfast_domain::{
    Rejection,
    rejection::{Claimant, Conflict, Taken, Window},
};
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Value, json};

pub(crate) use codes::Code;

use crate::{
    error::{ApiError, Issue, Place},
    reply,
    request_id::RequestId,
};

/// A problem document before it knows whose request it answers.
struct Problem {
    code: &'static Code,
    detail: String,
    errors: Vec<Issue>,
    /// Members of this code's own.
    extra: Vec<(&'static str, Value)>,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// The id and path of the request that a stored refusal first answered.
    first: Option<(String, String)>,
}

/// Whose request a problem answers.
pub(crate) struct Context<'a> {
    pub(crate) public_url: &'a str,
    pub(crate) path: &'a str,
    pub(crate) request_id: &'a RequestId,
}

/// Writes the document. Failures of ours are logged here, once.
pub(crate) fn write(error: ApiError, context: &Context<'_>) -> Response {
    log(&error, context);
    let problem = Problem::of(error);
    let document = Document { problem: &problem, context };
    let body = serde_json::to_vec(&document).unwrap_or_default();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = problem.code.status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.extend(problem.headers);
    response
}

fn log(error: &ApiError, context: &Context<'_>) {
    let (path, request_id) = (context.path, &*context.request_id.0);
    match error {
        ApiError::Internal | ApiError::Refused(Refusal::Rejected(Rejection::TagTaken)) => {
            tracing::error!(path, request_id, ?error, "a request failed");
        }
        ApiError::Refused(
            Refusal::OutcomeUnknown | Refusal::StorageFull | Refusal::Quarantined,
        ) => tracing::warn!(path, request_id, ?error, "a request could not be served"),
        // Under overload a line per request would make it worse.
        _ => tracing::debug!(path, request_id, ?error, "a request was refused"),
    }
}

impl Problem {
    fn new(code: &'static Code, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self { code, detail, errors: vec![], extra: vec![], headers: vec![], first: None }
    }

    /// In the words of the table.
    fn plain(code: &'static Code) -> Self {
        Self::new(code, code.explanation)
    }

    fn header(mut self, name: HeaderName, value: &str) -> Self {
        self.headers.extend(HeaderValue::from_str(value).ok().map(|value| (name, value)));
        self
    }

    fn errors(mut self, errors: Vec<Issue>) -> Self {
        self.errors = errors;
        self
    }

    fn extra(mut self, name: &'static str, value: impl Serialize) -> Self {
        self.extra.push((name, serde_json::to_value(value).unwrap_or_default()));
        self
    }

    fn of(error: ApiError) -> Self {
        match error {
            ApiError::NotFound => Self::plain(&codes::NOT_FOUND),
            ApiError::MethodNotAllowed(allow) => {
                Self::plain(&codes::METHOD_NOT_ALLOWED).header(header::ALLOW, &allow)
            }
            ApiError::Unauthenticated => {
                Self::plain(&codes::UNAUTHENTICATED).header(header::WWW_AUTHENTICATE, "Bearer")
            }
            ApiError::InvalidToken(why) => Self::new(&codes::INVALID_TOKEN, why)
                .header(header::WWW_AUTHENTICATE, "Bearer error=\"invalid_token\""),
            ApiError::InsufficientScope(scopes) => {
                let scopes = scopes.join(" ");
                let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{scopes}\"");
                Self::plain(&codes::INSUFFICIENT_SCOPE).header(header::WWW_AUTHENTICATE, &challenge)
            }
            ApiError::BodyTooLarge => Self::plain(&codes::BODY_TOO_LARGE),
            ApiError::NotAcceptable => Self::plain(&codes::NOT_ACCEPTABLE),
            ApiError::UriTooLong => Self::plain(&codes::URI_TOO_LONG),
            ApiError::HeadersTooLarge => Self::plain(&codes::HEADERS_TOO_LARGE),
            ApiError::UnsupportedMediaType(why) => Self::new(&codes::UNSUPPORTED_MEDIA_TYPE, why),
            ApiError::MalformedJson(why) => Self::new(&codes::MALFORMED_JSON, why),
            ApiError::BadRequest(why) => Self::new(&codes::BAD_REQUEST, why),
            ApiError::BadHeader(name, why) => {
                Self::new(&codes::BAD_REQUEST, why).errors(vec![Issue::name(name, why)])
            }
            ApiError::KeyRequired(why) => Self::new(&codes::IDEMPOTENCY_KEY_REQUIRED, why)
                .errors(vec![Issue::name("Idempotency-Key", why)]),
            ApiError::InvalidCursor => Self::plain(&codes::INVALID_CURSOR),
            ApiError::Invalid(issues) => Self::plain(&codes::VALIDATION_FAILED).errors(issues),
            ApiError::AmountOutOfRange(issues) => {
                Self::plain(&codes::AMOUNT_OUT_OF_RANGE).errors(issues)
            }
            ApiError::WebhookUrl(issues) => {
                Self::plain(&codes::WEBHOOK_URL_FORBIDDEN).errors(issues)
            }
            ApiError::Internal => Self::new(&codes::INTERNAL, ""),
            ApiError::Refused(refusal) => Self::refused(refusal),
        }
    }

    fn refused(refusal: Refusal) -> Self {
        let retry = |code, seconds| Self::plain(code).header(header::RETRY_AFTER, seconds);
        match refusal {
            Refusal::Rejected(rejection) => Self::rejected(rejection),
            Refusal::Replayed { rejection, request_id, path } => {
                let mut problem =
                    Self::rejected(rejection).header(reply::IDEMPOTENCY_REPLAYED, "true");
                problem.first = Some((request_id, path));
                problem
            }
            // Its words are no problem documents: whoever asks it answers in them.
            Refusal::Registry(_) => Self::plain(&codes::INTERNAL),
            Refusal::Overloaded => retry(&codes::OVERLOADED, "1"),
            Refusal::StorageFull => retry(&codes::STORAGE_FULL, "30"),
            Refusal::Quarantined => retry(&codes::ASSET_QUARANTINED, "60"),
            Refusal::NotReady => retry(&codes::NOT_READY, "1"),
            Refusal::OutcomeUnknown => retry(&codes::OUTCOME_UNKNOWN, "1"),
        }
    }

    fn rejected(rejection: Rejection) -> Self {
        match rejection {
            Rejection::NotFound => Self::plain(&codes::NOT_FOUND),
            Rejection::BookingNotFound => Self::plain(&codes::BOOKING_NOT_FOUND),
            Rejection::ForbiddenUser => Self::plain(&codes::FORBIDDEN_USER),
            Rejection::ForbiddenRole => Self::plain(&codes::FORBIDDEN_ROLE),
            Rejection::ForbiddenLocation => Self::plain(&codes::FORBIDDEN_LOCATION),
            Rejection::TermsNotAccepted => Self::plain(&codes::TERMS_NOT_ACCEPTED),
            Rejection::TermsChanged { current } => {
                Self::plain(&codes::TERMS_CHANGED).extra("current_terms_version", current)
            }
            Rejection::Overlap { conflicts, next_available } => {
                Self::overlap(&conflicts, next_available)
            }
            Rejection::DeadlinePassed { now, deadline_at } => {
                Self::plain(&codes::BOOKING_DEADLINE_PASSED)
                    .extra("now", now)
                    .extra("deadline_at", deadline_at)
            }
            Rejection::AssetUnavailable { status } => {
                Self::new(&codes::ASSET_UNAVAILABLE, format!("The asset is {}.", status.name()))
            }
            Rejection::AssetInUse => Self::plain(&codes::ASSET_IN_USE),
            Rejection::AssetHasLiveBookings => Self::plain(&codes::ASSET_HAS_LIVE_BOOKINGS),
            Rejection::InvalidTransition { current_status } => {
                let detail = format!("Not possible while the status is {current_status}.");
                Self::new(&codes::INVALID_TRANSITION, detail)
                    .extra("current_status", current_status)
            }
            Rejection::CancelCutoffPassed => Self::plain(&codes::CANCEL_CUTOFF_PASSED),
            Rejection::DurationOutOfRange { limit_minutes } => {
                Self::plain(&codes::DURATION_OUT_OF_RANGE)
                    .errors(vec![Issue::pointer(
                        "#/end",
                        format!("limit: {limit_minutes} minutes"),
                    )])
                    .extra("limit_minutes", limit_minutes)
            }
            Rejection::TooFarAhead { limit_minutes } => Self::plain(&codes::TOO_FAR_AHEAD)
                .errors(vec![Issue::pointer("#/start", format!("limit: {limit_minutes} minutes"))])
                .extra("limit_minutes", limit_minutes),
            Rejection::PreconditionRequired => Self::plain(&codes::PRECONDITION_REQUIRED)
                .errors(vec![Issue::name("If-Match", "is required")]),
            Rejection::PreconditionFailed => Self::plain(&codes::PRECONDITION_FAILED),
            Rejection::KeyReused => Self::plain(&codes::IDEMPOTENCY_KEY_REUSED),
            Rejection::Invalid(findings) => Self::plain(&codes::VALIDATION_FAILED).errors(
                findings.into_iter().map(|f| Issue::pointer(f.pointer, f.reason)).collect(),
            ),
            Rejection::TagTaken => Self::new(&codes::INTERNAL, ""),
            Rejection::OutsideOpeningHours { start, end, open } => {
                Self::outside([("#/start", start), ("#/end", end)]).extra("open", open)
            }
            Rejection::ApprovalRequired => Self::plain(&codes::APPROVAL_REQUIRED),
            Rejection::AmountOutOfRange { pointer } => {
                let reason = "takes the cost below 0 or beyond 9007199254740991";
                Self::plain(&codes::AMOUNT_OUT_OF_RANGE)
                    .errors(vec![Issue::pointer(pointer, reason)])
            }
            Rejection::LimitReached { limit } => {
                Self::plain(&codes::LIMIT_REACHED).extra("limit", limit)
            }
            Rejection::AlreadySuperseded => Self::plain(&codes::ALREADY_SUPERSEDED),
            Rejection::Blocked { conflicts, next_available } => {
                Self::blocked(&conflicts, next_available)
            }
        }
    }

    /// Names what lies outside of the opening hours.
    fn outside(ends: [(&str, bool); 2]) -> Self {
        let at_fault = ends.into_iter().filter(|(_, outside)| *outside);
        let errors = at_fault
            .map(|(pointer, _)| Issue::pointer(pointer, "lies outside of the opening hours"));
        Self::plain(&codes::OUTSIDE_OPENING_HOURS).errors(errors.collect())
    }

    /// Names the conflicting booking with the earliest start.
    fn overlap(conflicts: &[Conflict], next_available: Option<Window>) -> Self {
        let Some(first) = conflicts.first() else {
            return Self::plain(&codes::BOOKING_OVERLAP);
        };
        let id = first.booking;
        let detail = format!("Requested window overlaps with existing booking {id}.");
        Self::new(&codes::BOOKING_OVERLAP, detail)
            .errors(vec![Issue::name("start", format!("overlaps existing #{id}"))])
            .extra("conflicts", conflicts.iter().map(conflict).collect::<Vec<_>>())
            .extra("next_available", next_available)
    }

    /// The same where the one with the earliest start may be a maintenance.
    fn blocked(conflicts: &[Taken], next_available: Option<Window>) -> Self {
        let (detail, id) = match conflicts.first().map(|first| first.by) {
            None => return Self::plain(&codes::BOOKING_OVERLAP),
            Some(Claimant::Booking(id)) => {
                (format!("Requested window overlaps with existing booking {id}."), id.to_string())
            }
            Some(Claimant::Maintenance(id)) => {
                (format!("Requested window overlaps with maintenance {id}."), id.to_string())
            }
        };
        Self::new(&codes::BOOKING_OVERLAP, detail)
            .errors(vec![Issue::name("start", format!("overlaps existing #{id}"))])
            .extra("conflicts", conflicts.iter().map(taken).collect::<Vec<_>>())
            .extra("next_available", next_available)
    }
}

fn taken(taken: &Taken) -> Value {
    let Taken { by, claim } = taken;
    let (kind, id) = match by {
        Claimant::Booking(id) => ("BOOKING", id.to_string()),
        Claimant::Maintenance(id) => ("MAINTENANCE", id.to_string()),
    };
    json!({"kind": kind, "id": id, "start": claim.start, "end": claim.end})
}

fn conflict(conflict: &Conflict) -> Value {
    let Conflict { booking, claim } = conflict;
    json!({"kind": "BOOKING", "id": booking, "start": claim.start, "end": claim.end})
}

/// The document as sent, members in the order in which a person reads them.
struct Document<'a> {
    problem: &'a Problem,
    context: &'a Context<'a>,
}

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { problem, context } = self;
        let code = problem.code;
        let (trace_id, path) = problem
            .first
            .as_ref()
            .map_or((&*context.request_id.0, context.path), |(id, path)| (id, path));
        let mut map = serializer.serialize_map(None)?;
        let slug = code.slug();
        map.serialize_entry("type", &format_args!("{}/problems/{slug}", context.public_url))?;
        map.serialize_entry("title", code.title)?;
        map.serialize_entry("status", &code.status.as_u16())?;
        map.serialize_entry("detail", &problem.detail)?;
        map.serialize_entry("instance", path)?;
        map.serialize_entry("code", code.name)?;
        map.serialize_entry("traceId", trace_id)?;
        map.serialize_entry("errors", &problem.errors)?;
        for (name, value) in &problem.extra {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl Serialize for Issue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (place, text) = match &self.place {
            Place::Pointer(pointer) => ("pointer", pointer),
            Place::Name(name) => ("name", name),
        };
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry(place, text)?;
        map.serialize_entry("reason", &self.reason)?;
        map.end()
    }
}

#[cfg(test)]
mod tests;
