//! What webhook endpoints are asked with, member by member.

use std::ops::Range;

use holdfast_domain::{
    Timestamp,
    webhooks::{EndpointChange, EndpointStatus, is_event_name},
};
use serde_json::Value;
use utoipa::ToSchema;

use super::named;
use crate::{
    body::members::{Members, TEXT_MAX},
    error::{ApiError, Issue},
    webhooks::{self, Addresses, URL_BYTES_MAX},
};

const EVENTS_MAX: usize = 100;
/// The furthest that one replay reaches.
const REPLAY_DAYS_MAX: i64 = 366;

schema_only! {
    /// Where to tell of what.
    #[schema(example = json!({"url": "https://erp.example/hooks", "events": ["booking.*", "maintenance.due"]}))]
    #[serde(deny_unknown_fields)]
    pub(crate) struct EndpointInput {
        /// Of https, without a user, to a public address.
        #[schema(min_length = 1, max_length = 2048)]
        url: String,
        /// Names of events, `noun.*`, or `*`.
        #[schema(min_items = 1, max_items = 100)]
        events: Vec<String>,
        #[schema(min_length = 1, max_length = 4000)]
        description: Option<String>,
    }

    /// A partial update: absent members stay as they are. At least one member.
    #[schema(min_properties = 1, example = json!({"status": "ENABLED"}))]
    #[serde(deny_unknown_fields)]
    pub(crate) struct EndpointChangeInput {
        #[schema(nullable = false, min_length = 1, max_length = 2048)]
        url: Option<String>,
        #[schema(nullable = false, min_items = 1, max_items = 100)]
        events: Option<Vec<String>>,
        /// Null clears it.
        #[schema(min_length = 1, max_length = 4000)]
        description: Option<String>,
        /// Enabled again, it goes on where it stopped.
        #[schema(nullable = false)]
        status: Option<EndpointStatus>,
    }

    /// What happened in a stretch of time: from, and before to.
    #[schema(example = json!({"from": "2025-09-01T08:00:00Z", "to": "2025-09-01T16:00:00Z"}))]
    #[serde(deny_unknown_fields)]
    pub(crate) struct ReplayInput {
        from: Timestamp,
        /// After from, and at most 366 days.
        to: Timestamp,
    }
}

/// A new endpoint but for its secret.
pub(crate) struct Endpoint {
    pub(crate) url: String,
    pub(crate) events: Vec<String>,
    pub(crate) description: Option<String>,
}

pub(crate) fn endpoint(mut body: Members, addresses: &Addresses) -> Result<Endpoint, ApiError> {
    let url = body.string("url", URL_BYTES_MAX);
    let events = events(&mut body).unwrap_or_else(|| {
        body.issue("events", "is required");
        Vec::new()
    });
    let description = description(&mut body).flatten();
    body.finish()?;
    reachable(&url, addresses)?;
    Ok(Endpoint { url, events, description })
}

pub(crate) fn endpoint_change(
    mut body: Members,
    addresses: &Addresses,
) -> Result<EndpointChange, ApiError> {
    if body.is_empty() {
        body.issues([Issue::pointer("#", "must change something")]);
    }
    let change = EndpointChange {
        url: body.optional_string("url", URL_BYTES_MAX),
        events: events(&mut body),
        description: description(&mut body),
        status: status(&mut body),
    };
    for name in READ_ONLY {
        if body.take(name).is_some() {
            body.issue(name, "cannot be changed");
        }
    }
    body.finish()?;
    if let Some(url) = &change.url {
        reachable(url, addresses)?;
    }
    Ok(change)
}

/// Members of an endpoint that no update may name.
const READ_ONLY: [&str; 8] = [
    "id",
    "org_id",
    "locations",
    "secret",
    "disabled_reason",
    "created_at",
    "updated_at",
    "version",
];

pub(crate) fn replay(mut body: Members) -> Result<Range<Timestamp>, ApiError> {
    let (from, to) = (body.instant("from"), body.instant("to"));
    if let Some((from, to)) = from.zip(to) {
        if to <= from {
            body.issue("to", "must be after from");
        } else if from.plus_minutes(REPLAY_DAYS_MAX * 24 * 60) < to {
            body.issue("to", format!("must be at most {REPLAY_DAYS_MAX} days after from"));
        }
    }
    body.finish()?;
    Ok(from.unwrap_or_default()..to.unwrap_or_default())
}

fn reachable(url: &str, addresses: &Addresses) -> Result<(), ApiError> {
    webhooks::check(url, addresses)
        .map_err(|fault| ApiError::WebhookUrl(vec![Issue::pointer("#/url", fault.to_string())]))
}

/// `Some(None)` for null.
fn description(body: &mut Members) -> Option<Option<String>> {
    match body.take("description")? {
        Value::Null => Some(None),
        Value::String(text) => {
            if let Some(reason) = crate::body::members::fault(&text, TEXT_MAX) {
                body.issue("description", reason);
            }
            Some(Some(text))
        }
        _ => {
            body.issue("description", "must be a string or null");
            None
        }
    }
}

fn status(body: &mut Members) -> Option<EndpointStatus> {
    let value = body.take("status")?;
    let status = value.as_str().and_then(named);
    if status.is_none() {
        body.issue("status", "must be ENABLED or DISABLED");
    }
    status
}

/// `None` only where they are absent; what is found fault with ends the request in any case.
fn events(body: &mut Members) -> Option<Vec<String>> {
    let value = body.take("events")?;
    if value.as_array().is_some_and(Vec::is_empty) {
        body.issue("events", "must name at least one event");
    }
    let unknown: Vec<usize> = value
        .as_array()
        .into_iter()
        .flatten()
        .enumerate()
        .filter(|(_, event)| {
            event.as_str().is_some_and(|name| !name.trim().is_empty() && !is_event_name(name))
        })
        .map(|(place, _)| place)
        .take(EVENTS_MAX)
        .collect();
    let named = body.ids("events", value, EVENTS_MAX);
    for place in unknown {
        body.issue(&format!("events/{place}"), "is no event, no noun with .*, and not *");
    }
    Some(named)
}
