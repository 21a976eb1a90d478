//! The checks before the engine, in their order: token, body, media types, scope; then what the
//! request says, all of it at once.

use std::sync::Arc;

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderMap, header},
};
use bytes::Bytes;
use holdfast_domain::{
    Principal,
    registry::{
        Finding, Findings,
        input::{self, NameSegments, NotText, Segment},
    },
};
use serde_json::Value;
use tokio::task::spawn_blocking;

use crate::{
    app::App,
    ask::{in_scope, request_id, row},
    body::{self, BODY_BYTES_MAX, json},
    error::ApiError,
    percent::{self, Plus},
    permissions::Payload,
    registry::{Fault, paths::Astray},
};

/// 4 MiB: of bodies about many things.
const MANY_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Longer bodies are read on a thread that may take its time.
const READ_AT_ONCE_BYTES_MAX: usize = 16 * 1024;

/// Who asks.
pub(super) struct Sender {
    pub(super) principal: Arc<Principal>,
    pub(super) request_id: String,
    pub(super) path: String,
}

/// What a request says, decoded and parsed.
pub(super) struct Said {
    /// The named segments of the path, in their order; `None` where the escapes are broken.
    names: Vec<Option<String>>,
    query: Vec<Result<(String, String), NotText>>,
    /// `None` when it is not JSON.
    body: Option<Value>,
    /// The path has an empty segment where no name belongs.
    astray: bool,
}

impl Said {
    /// The `n`th name of the path, from 0.
    pub(super) fn segment(&self, n: usize) -> Segment<'_> {
        self.names.get(n).and_then(Option::as_deref)
    }

    /// The asset that the path names, or names first.
    pub(super) fn name(&self) -> NameSegments<'_> {
        NameSegments { ty: self.segment(0), code: self.segment(1) }
    }

    /// The other end of an association.
    pub(super) fn far_name(&self) -> NameSegments<'_> {
        NameSegments { ty: self.segment(2), code: self.segment(3) }
    }

    pub(super) fn query(&self) -> input::Query<'_> {
        &self.query
    }

    pub(super) fn body(&self) -> input::Body<'_> {
        self.body.as_ref()
    }

    /// What `read` makes of it, with what is wrong with the path itself.
    fn read<T>(&self, read: fn(&Self) -> Result<T, Findings>) -> Result<T, Findings> {
        match read(self) {
            Ok(_) if self.astray => Err(Findings::from([Finding::InvalidParameter])),
            Err(mut findings) if self.astray => {
                findings.insert(Finding::InvalidParameter);
                Err(findings)
            }
            read => read,
        }
    }
}

impl App {
    /// What a request to the registry asks for, as `read` understands it, and who asks.
    pub(super) async fn registry<T: Send + 'static>(
        &self,
        request: Request,
        read: fn(&Said) -> Result<T, Findings>,
    ) -> Result<(T, Sender), Fault> {
        let (parts, body) = request.into_parts();
        let row = row(&parts)?;
        let exchange = row.exchange().ok_or(ApiError::Internal)?;
        let caller = self.verifier.caller(&parts.headers, self.engine.now())?;
        let bytes = match exchange.payload {
            Payload::None => Bytes::new(),
            Payload::One => body::read_up_to(BODY_BYTES_MAX, &parts.headers, body).await?,
            Payload::Many => body::read_up_to(MANY_BYTES_MAX, &parts.headers, body).await?,
        };
        if !row.changes_the_registry() && !takes_json(&parts.headers) {
            return Err(ApiError::NotAcceptable.into());
        }
        in_scope(&caller, row)?;
        let sender = Sender {
            principal: Arc::clone(&caller.principal),
            request_id: request_id(&parts)?,
            path: parts.uri.path().to_owned(),
        };
        let template = parts.extensions.get::<MatchedPath>().ok_or(ApiError::Internal)?;
        let mut said = Said {
            names: names(template.as_str(), parts.uri.path()),
            query: parameters(parts.uri.query()),
            body: None,
            astray: parts.extensions.get::<Astray>().is_some(),
        };
        let long = bytes.len() > READ_AT_ONCE_BYTES_MAX;
        let mut understand = move || {
            said.body = parsed(&bytes);
            said.read(read)
        };
        let understood = if long {
            spawn_blocking(understand).await.map_err(|_| ApiError::Internal)?
        } else {
            understand()
        };
        Ok((understood?, sender))
    }
}

/// `None` for what is not JSON; so is nothing at all.
fn parsed(body: &[u8]) -> Option<Value> {
    if body.is_empty() { None } else { json::parse(body).ok() }
}

/// The segments of a path that stand where its template has a name in braces, each decoded once.
fn names(template: &str, path: &str) -> Vec<Option<String>> {
    let places = template.split('/').zip(path.split('/'));
    places
        .filter(|(place, _)| place.starts_with('{'))
        .map(|(_, segment)| percent::decode(segment, Plus::Itself))
        .collect()
}

/// In the order sent.
fn parameters(query: Option<&str>) -> Vec<Result<(String, String), NotText>> {
    let pairs = query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decode = |text| percent::decode(text, Plus::Space).ok_or(NotText);
            Ok((decode(name)?, decode(value)?))
        })
        .collect()
}

/// Whether an answer in JSON would do (RFC 9110, 12.5.1): the most specific range that covers it
/// decides.
fn takes_json(headers: &HeaderMap) -> bool {
    const RANGES: [&str; 3] = ["application/json", "application/*", "*/*"];
    let mut weights = [None; 3];
    let sent = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut any = false;
    for range in sent.flat_map(|value| value.split(',')).filter(|range| !range.trim().is_empty()) {
        any = true;
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let zero = parts.any(|it| {
            let (key, weight) = it.split_once('=').unwrap_or((it, ""));
            key.trim().eq_ignore_ascii_case("q") && weight.trim().parse() == Ok(0.0)
        });
        if let Some(place) = RANGES.iter().position(|it| it.eq_ignore_ascii_case(name)) {
            weights[place] = Some(!zero);
        }
    }
    !any || weights.into_iter().flatten().next().unwrap_or(false)
}

#[cfg(test)]
mod tests;
