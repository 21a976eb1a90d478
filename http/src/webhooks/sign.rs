//! The headers of a delivery: Standard Webhooks, and the header that older receivers look at.
//!
//! Both are made from the bytes that are sent, never from a document rendered again. This file must
//! not make or store secrets.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use holdfast_actors::webhooks::deliver::Attempt;
use holdfast_domain::audit::hex;
use sha2::Sha256;

/// The older signature's header, unless the operator names another.
pub const SIGNATURE_HEADER: HeaderName = HeaderName::from_static("x-toss-signature");

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Names whose meaning a signature would take away.
const TAKEN: [HeaderName; 12] = [
    ID,
    TIMESTAMP,
    SIGNATURE,
    REQUEST_ID,
    header::ACCEPT,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::EXPECT,
    header::HOST,
    header::TRANSFER_ENCODING,
    header::USER_AGENT,
];

const SECRET_PREFIX: &str = "whsec_";

/// Whether the older signature may travel under this name.
#[must_use]
pub fn is_signature_header(name: &HeaderName) -> bool {
    !TAKEN.contains(name)
}

/// All headers of a try but those the client makes itself (`Host`, `Content-Length`). `None` where a
/// secret is no secret or an id cannot be a header.
pub(super) fn headers(attempt: &Attempt, signature_header: &HeaderName) -> Option<HeaderMap> {
    let newest = attempt.secrets.first()?;
    let signatures: Option<Vec<String>> =
        attempt.secrets.iter().map(|secret| standard(attempt, secret)).collect();
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(ID, HeaderValue::from_str(&attempt.event_id).ok()?);
    headers.insert(TIMESTAMP, HeaderValue::from(attempt.timestamp_s));
    headers.insert(SIGNATURE, HeaderValue::from_str(&signatures?.join(" ")).ok()?);
    // One value only: receivers of this header compare it as a whole.
    let older = hex(&mac(newest.as_bytes(), &[&attempt.body]));
    headers.insert(signature_header.clone(), HeaderValue::from_str(&older).ok()?);
    headers.insert(REQUEST_ID, HeaderValue::from_str(&attempt.request_id).ok()?);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
    Some(headers)
}

const USER_AGENT: &str = concat!("Holdfast/", env!("CARGO_PKG_VERSION"));

fn standard(attempt: &Attempt, secret: &str) -> Option<String> {
    let key = STANDARD.decode(secret.strip_prefix(SECRET_PREFIX)?).ok()?;
    let Attempt { event_id, timestamp_s, body, .. } = attempt;
    let head = format!("{event_id}.{timestamp_s}.");
    Some(format!("v1,{}", STANDARD.encode(mac(&key, &[head.as_bytes(), body]))))
}

fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}
