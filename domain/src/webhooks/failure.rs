//! Why a try to deliver an event came to nothing, as it is stored and told.
//!
//! This file must not know HTTP: how a failure is recognised is the sender's business.

use serde::{Deserialize, Serialize};

/// Why a try got no answer at all. An answer that is no success is no failure of this kind: its
/// status code says what it was.
///
/// Stored by position: new ones go to the end.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Failure {
    /// No answer's head within the time for a whole try, or no connection within its own time.
    Timeout,
    /// Every address of the host is one that webhooks must not reach. Nothing was dialled.
    ForbiddenAddress,
    NameNotResolved,
    /// Refused, reset, unreachable, or closed before an answer began.
    ConnectionFailed,
    /// No TLS there, or a certificate that does not hold.
    TlsFailed,
    /// What came back is no HTTP answer, or its head is larger than anybody needs.
    BadAnswer,
    /// The address of the endpoint is not acceptable as a text (any more): no https, for one.
    UrlForbidden,
    /// No request could be made of what was stored, an unreadable secret for one. Nothing was dialled.
    NotSendable,
}

impl Failure {
    /// As the delivery log shows it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::ForbiddenAddress => "forbidden_address",
            Self::NameNotResolved => "name_not_resolved",
            Self::ConnectionFailed => "connection_failed",
            Self::TlsFailed => "tls_failed",
            Self::BadAnswer => "bad_answer",
            Self::UrlForbidden => "url_forbidden",
            Self::NotSendable => "not_sendable",
        }
    }
}
