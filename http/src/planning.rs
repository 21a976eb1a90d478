//! Before a booking: what a window would cost, and when an asset is taken. Nothing is written here.

use axum::{
    extract::{Request, State},
    response::Response,
};
use holdfast_domain::{
    asset::{AvailabilityDocument, QuoteDocument},
    rejection::Window,
};

use crate::{
    app::App,
    ask::{PathId, asset_id},
    error::ApiError,
    query::Query,
    reply,
    wire::{self, QuoteInput},
};

const DAYS_MAX: i64 = 92;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Ask what a booking would cost, used exactly as planned.
///
/// Refused as a new booking of the window would be, but for what is taken: a quote holds nothing and
/// meets nothing. Writes nothing and needs no Idempotency-Key.
#[utoipa::path(
    post, path = "/assets/{id}/quote", operation_id = "quote", tag = "Bookings", request_body = QuoteInput,
    params(("id" = inline(String), Path, description = "The asset's id")),
    responses((status = 200, body = QuoteDocument, description = "The cost under the current terms")),
)]
pub(crate) async fn quote(
    State(app): State<App>,
    id: PathId,
    request: Request,
) -> Result<Response, ApiError> {
    let (members, principal) = app.inquiry(request).await?;
    let window = wire::quote(members)?;
    Ok(reply::json(app.engine.quote(&principal, asset_id(id)?, window).await?))
}

/// Ask when an asset is taken, buffers included. Never by whom.
#[utoipa::path(
    get, path = "/assets/{id}/availability", operation_id = "availability", tag = "Bookings",
    params(
        ("id" = inline(String), Path, description = "The asset's id"),
        ("from" = inline(holdfast_domain::Timestamp), Query, description = "The beginning of the time asked about"),
        ("to" = inline(holdfast_domain::Timestamp), Query, description = "Its end: after from, at most 92 days"),
    ),
    responses((status = 200, body = AvailabilityDocument, description = "What is taken, by start")),
)]
pub(crate) async fn availability(
    State(app): State<App>,
    id: PathId,
    request: Request,
) -> Result<Response, ApiError> {
    let question = app.question(request)?;
    let within = within(question.query()?)?;
    Ok(reply::json(app.engine.availability(question.principal(), asset_id(id)?, within).await?))
}

/// # Errors
/// Everything that is wrong with the query.
fn within(mut query: Query) -> Result<Window, ApiError> {
    let (from, to) = (query.required_instant("from"), query.required_instant("to"));
    if let (Some(from), Some(to)) = (from, to) {
        if to <= from {
            query.issue("to", "must be after from");
        } else if to.millis() - from.millis() > DAYS_MAX * DAY_MS {
            query.issue("to", "must be at most 92 days after from");
        }
    }
    query.finish()?;
    Ok(Window { start: from.unwrap_or_default(), end: to.unwrap_or_default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Issue;

    #[test]
    fn both_ends_of_the_time_asked_about() {
        let rows: &[(&str, &[(&str, &str)])] = &[
            ("from=2028-01-01T00:00:00Z&to=2028-04-02T00:00:00Z", &[]),
            ("from=2028-01-01T00:00:00Z&to=2028-01-01T00:00:00.001Z", &[]),
            (
                "from=2028-01-01T00:00:00Z&to=2028-04-02T00:00:00.001Z",
                &[("to", "must be at most 92 days after from")],
            ),
            ("from=2028-01-01T00:00:00Z&to=2028-01-01T00:00:00Z", &[("to", "must be after from")]),
            ("", &[("from", "is required"), ("to", "is required")]),
            (
                "from=2028-01-01&to=2028-01-01T00:00:00Z&until=1",
                &[
                    ("from", "must be an RFC 3339 instant with an offset"),
                    ("until", "unknown parameter"),
                ],
            ),
        ];
        for (sent, expected) in rows {
            let expected: Vec<_> = expected.iter().map(|(n, r)| Issue::name(*n, *r)).collect();
            match within(Query::of(Some(sent)).unwrap()) {
                Ok(_) => assert!(expected.is_empty(), "{sent}"),
                Err(error) => assert_eq!(error, ApiError::Invalid(expected), "{sent}"),
            }
        }
    }
}
