//! The ceiling: what axum alone does on this machine with the same requests and answers.
//!
//! It checks one header, parses the booking and renders a booking document of the real form. It
//! stores nothing, so nothing that keeps its promises can be quicker.

use std::{
    io::{self, Write as _},
    process::Command,
    sync::Arc,
};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::post,
    serve::ListenerExt as _,
};
use holdfast_domain::{
    AssetId, BookingId, Timestamp,
    asset::{BookingDocument, BookingStatus},
    id::{Stamp, Tag},
};
use serde::Deserialize;
use tokio::net::TcpListener;

use crate::{
    booker::{Booker, Shelf},
    server::Server,
    setup,
};

/// The only credential it knows.
pub(crate) const TOKEN: &str = "ceiling";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewBooking {
    user_id: String,
    start: Timestamp,
    end: Timestamp,
    accept_terms: bool,
}

/// This program again, as the ceiling.
pub(crate) fn start() -> anyhow::Result<Server> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--serve-ceiling");
    Server::start(command)
}

/// Bookers for the ceiling, which knows no assets and one token.
pub(crate) fn bookers(connections: usize, count: usize) -> Vec<Booker> {
    let mut bookers: Vec<Booker> =
        (0..connections).map(|number| setup::booker(number, TOKEN.to_owned())).collect();
    for (index, asset) in assets(count).into_iter().enumerate() {
        bookers[index % connections].shelf.push(Shelf { asset, booked: 0 });
    }
    bookers
}

/// Serves on a free port until killed, and says where on stderr as the real server does.
pub(crate) fn serve() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        writeln!(io::stderr(), "ceiling: listening on http://{}", listener.local_addr()?)?;
        let listener = listener.tap_io(|stream| {
            // A refusal costs speed, and speed is what is being looked at.
            let _ = stream.set_nodelay(true);
        });
        let expected: Arc<str> = format!("Bearer {TOKEN}").into();
        let router = Router::new().route("/assets/{id}/bookings", post(book)).with_state(expected);
        axum::serve(listener, router).await?;
        Ok(())
    })
}

async fn book(
    State(expected): State<Arc<str>>,
    Path(asset_id): Path<AssetId>,
    headers: HeaderMap,
    Json(asked): Json<NewBooking>,
) -> Response {
    let sent = headers.get(header::AUTHORIZATION).map(header::HeaderValue::as_bytes);
    if sent != Some(expected.as_bytes()) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    if !asked.accept_terms {
        return StatusCode::FORBIDDEN.into_response();
    }
    let body = document(asset_id, asked).render().json.to_vec();
    let json = [(header::CONTENT_TYPE, "application/json")];
    (StatusCode::CREATED, json, body).into_response()
}

/// What the real server answers for the same request.
fn document(asset_id: AssetId, asked: NewBooking) -> BookingDocument {
    BookingDocument {
        actual_end: None,
        actual_start: None,
        approvals: Vec::new(),
        asset_id,
        check_in_notes: None,
        cost_lines: Vec::new(),
        cost_minor: None,
        created_at: asked.start,
        currency: "EUR".into(),
        end: asked.end,
        estimated_cost_minor: 0,
        etag: "\"2-0\"".into(),
        id: BookingId::new(Stamp::new(asked.start.unsigned_millis(), 0), asset_id.tag),
        org_id: "org_bench".into(),
        overdue: false,
        start: asked.start,
        status: BookingStatus::Confirmed,
        terms_version: 1,
        updated_at: asked.start,
        user_id: asked.user_id,
        version: 2,
    }
}

/// The asset ids it is asked about: it knows none, so any will do.
fn assets(count: usize) -> Vec<String> {
    (0..count as u64).map(|n| AssetId::new(Stamp::MAX, Tag::new(n)).to_string()).collect()
}
