//! The seam to the network: one try to deliver one event.
//!
//! This file must not know HTTP libraries, and must not decide when to try again: it hands over what
//! was tried and takes back what came of it.

use std::pin::Pin;

use bytes::Bytes;
use holdfast_domain::webhooks::Failure;

/// One try to deliver one event to one endpoint.
///
/// Not `Debug`: the secrets must not end in a log line.
#[derive(Clone)]
pub struct Attempt {
    pub url: String,
    /// The same at each try: receivers tell repetitions by it.
    pub event_id: String,
    /// Unix seconds of this try, signed with the body.
    pub timestamp_s: i64,
    pub request_id: String,
    /// The same bytes at each try.
    pub body: Bytes,
    /// In the form shown to the customer, `whsec_…`, newest first. All of them sign.
    pub secrets: Vec<String>,
}

/// What came of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outcome {
    pub verdict: Verdict,
    /// Absent where no answer came.
    pub status_code: Option<u16>,
    /// Why none came; absent where one did.
    pub error: Option<Failure>,
}

/// What an outcome means for the delivery.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// 2xx.
    Delivered,
    /// The receiver says that it is gone for good (410).
    Gone,
    /// Anything else, redirects too.
    Failed {
        /// How long the receiver asked to be left alone, at most seven days.
        retry_after_s: Option<u64>,
    },
}

/// The future of one try.
pub type Delivering<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

/// Whoever can deliver. A try ends within a bounded time and never panics for what a receiver does.
pub trait Deliver: Send + Sync + 'static {
    fn deliver(&self, attempt: Attempt) -> Delivering<'_>;
}
