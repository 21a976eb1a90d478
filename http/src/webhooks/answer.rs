//! What an answer, or the lack of one, means for the delivery.
//!
//! The status decides, once the head is there. The body is read so that the connection can be used
//! again, up to a cap, and thrown away: nothing of it may reach a log or a customer, or a webhook
//! would be a way to read what the sender can reach.

use std::{
    error::Error,
    io,
    time::{Duration, UNIX_EPOCH},
};

use axum::http::{HeaderMap, StatusCode, header};
use holdfast_actors::webhooks::deliver::{Outcome, Verdict};
use holdfast_domain::webhooks::Failure;
use reqwest::Response;

use super::names::NameError;

const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// A receiver may ask for time, not for ever.
const RETRY_AFTER_S_MAX: u64 = 7 * 24 * 3_600;

pub(super) fn judge(status: StatusCode, headers: &HeaderMap, now_s: i64) -> Outcome {
    let verdict = if status.is_success() {
        Verdict::Delivered
    } else if status == StatusCode::GONE {
        Verdict::Gone
    } else {
        Verdict::Failed { retry_after_s: retry_after_s(headers, now_s) }
    };
    Outcome { verdict, status_code: Some(status.as_u16()), error: None }
}

pub(super) fn failed(failure: Failure) -> Outcome {
    Outcome {
        verdict: Verdict::Failed { retry_after_s: None },
        status_code: None,
        error: Some(failure),
    }
}

/// Reads and drops the body: to its end, to the cap, or to the end of the time for the try. After
/// the cap the connection is closed with what it still had to say.
pub(super) async fn drop_body(mut response: Response) {
    let mut left = ANSWER_BYTES_MAX;
    while let Ok(Some(chunk)) = response.chunk().await {
        left = left.saturating_sub(chunk.len());
        if left == 0 {
            return;
        }
    }
}

/// `Retry-After` in seconds from now: a number, or one of the three forms of an HTTP date.
fn retry_after_s(headers: &HeaderMap, now_s: i64) -> Option<u64> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    let seconds = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number too long for us is a long time.
        text.parse().unwrap_or(u64::MAX)
    } else {
        let until = httpdate::parse_http_date(text).ok()?;
        let now = UNIX_EPOCH.checked_add(Duration::from_secs(u64::try_from(now_s).ok()?))?;
        until.duration_since(now).map_or(0, |wait| wait.as_secs())
    };
    Some(seconds.min(RETRY_AFTER_S_MAX))
}

/// Why no answer came. Errors of the client are judged by their causes, never by their words.
pub(super) fn failure(error: &reqwest::Error) -> Failure {
    if error.is_timeout() {
        return Failure::Timeout;
    }
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(now) = cause {
        if let Some(name) = now.downcast_ref::<NameError>() {
            return match name {
                NameError::NotResolved => Failure::NameNotResolved,
                NameError::Forbidden => Failure::ForbiddenAddress,
            };
        }
        if let Some(hyper) = now.downcast_ref::<hyper::Error>()
            && hyper.is_parse()
        {
            return Failure::BadAnswer;
        }
        // An I/O error that wraps another names as its source what comes after that one.
        cause = if let Some(io) = now.downcast_ref::<io::Error>() {
            if is_tls(io, error.is_connect()) {
                return Failure::TlsFailed;
            }
            io.get_ref().map(|inner| inner as &(dyn Error + 'static))
        } else {
            now.source()
        };
    }
    if error.is_builder() { Failure::NotSendable } else { Failure::ConnectionFailed }
}

/// The TLS layer says `InvalidData` for whatever it does not accept, and a peer that hangs up in the
/// middle of a handshake is an early end. While connecting, TCP itself says neither.
fn is_tls(error: &io::Error, connecting: bool) -> bool {
    match error.kind() {
        io::ErrorKind::InvalidData => true,
        io::ErrorKind::UnexpectedEof => connecting,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_receiver_may_ask_for_up_to_seven_days() {
        let now_s = 784_111_777; // Sun, 06 Nov 1994 08:49:37 GMT
        for (text, seconds) in [
            ("0", Some(0)),
            ("120", Some(120)),
            (" 120 ", Some(120)),
            ("604800", Some(604_800)),
            ("604801", Some(604_800)),
            ("99999999999999999999999", Some(604_800)),
            ("Sun, 06 Nov 1994 08:50:07 GMT", Some(30)),
            ("Sunday, 06-Nov-94 08:50:07 GMT", Some(30)),
            ("Sun Nov  6 08:50:07 1994", Some(30)),
            ("Sun, 06 Nov 1994 08:49:00 GMT", Some(0)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", Some(604_800)),
            ("-1", None),
            ("1.5", None),
            ("", None),
            ("soon", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::RETRY_AFTER, text.parse().unwrap());
            assert_eq!(retry_after_s(&headers, now_s), seconds, "{text}");
        }
        assert_eq!(retry_after_s(&HeaderMap::new(), now_s), None);
    }
}
