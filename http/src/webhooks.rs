//! Webhooks on the wire: what an endpoint's address may be, how a delivery is signed, and who sends it.
//!
//! Reading order: `address` (which addresses are reached), `url` (what the text of a URL shows),
//! `names` (what DNS shows), `sign`, `answer`, `client` (one try, start to end).
//!
//! What is deliberately absent: when to try again and in which order (`actors` decides), redirects,
//! proxies, compression, HTTP/2, and anything of an answer but its status and `Retry-After`.

mod address;
mod answer;
mod client;
mod names;
mod sign;
#[cfg(test)]
mod tests;
mod url;

pub use address::{Addresses, Reach};
pub use client::{Sender, SenderError, SenderOptions};
pub use sign::{SIGNATURE_HEADER, is_signature_header};
pub use url::{URL_BYTES_MAX, UrlFault, check};
