//! Answers: what the engine hands back, as responses. Bodies are passed on as they are.

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use bytes::Bytes;
use holdfast_actors::{
    Answer,
    engine::{Anchor, Page, Read},
};
use holdfast_domain::{Etag, Subject};

use crate::{app::App, ask::Question, cursor::Binding, etag};

pub(crate) const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A command's result: 201 for what it made, 200 for what it changed and for every replay.
pub(crate) fn answer(answer: Answer) -> Response {
    let created_now = answer.created && !answer.replayed;
    let mut response = json(answer.json);
    if created_now {
        *response.status_mut() = StatusCode::CREATED;
    }
    let headers = response.headers_mut();
    headers.insert(header::ETAG, tag(answer.etag));
    if answer.created {
        let path = match answer.subject {
            Subject::Asset(id) => format!("/assets/{id}"),
            Subject::Booking(id) => format!("/bookings/{id}"),
            Subject::Report(id) => format!("/condition-reports/{id}"),
            Subject::Maintenance(id) => format!("/maintenance/{id}"),
            Subject::Endpoint(id) => format!("/webhook-endpoints/{id}"),
            Subject::Delivery(id) => format!("/webhook-deliveries/{id}"),
            // Its answers name what was asked for, and are made where that is known.
            Subject::Registry(_) => "/asset".to_owned(),
        };
        headers.insert(header::LOCATION, text(&path));
    }
    if answer.replayed {
        headers.insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

/// A document, or 304 when the client has it.
pub(crate) fn read(question: &Question, read: Read) -> Response {
    let mut response = if etag::none_match(&question.headers, &read.etag.to_string()) {
        let mut response = Response::default();
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        json(read.json)
    };
    response.headers_mut().insert(header::ETAG, tag(read.etag));
    response
}

/// The list envelope around rows that are already rendered, and what else belongs in it: members with
/// a comma before each.
pub(crate) fn page(app: &App, binding: Binding<'_>, page: &Page, more: &[u8]) -> Response {
    let cursor = |anchor: Option<Anchor>| {
        anchor.map_or("null".to_owned(), |anchor| {
            format!("\"{}\"", app.cursors.write(anchor, binding))
        })
    };
    let (next, prev) =
        (cursor(page.next.map(Anchor::After)), cursor(page.prev.map(Anchor::Before)));
    let rows: usize = page.items.iter().map(|item| item.len() + 1).sum();
    let mut body = Vec::with_capacity(rows + next.len() + prev.len() + more.len() + 80);
    body.extend_from_slice(b"{\"items\":[");
    for (place, item) in page.items.iter().enumerate() {
        if place > 0 {
            body.push(b',');
        }
        body.extend_from_slice(item);
    }
    let has_more = page.next.is_some();
    let tail = format!("],\"next_cursor\":{next},\"prev_cursor\":{prev},\"has_more\":{has_more}");
    body.extend_from_slice(tail.as_bytes());
    body.extend_from_slice(more);
    body.push(b'}');
    json(body.into())
}

pub(crate) fn json(body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(header::CONTENT_TYPE, JSON);
    response
}

fn tag(etag: Etag) -> HeaderValue {
    text(&etag.to_string())
}

fn text(ascii: &str) -> HeaderValue {
    HeaderValue::from_str(ascii).expect("ids and entity tags are visible ASCII")
}
