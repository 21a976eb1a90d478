//! Real time, for measuring and for the date of a run. No request is made from it but the first slot.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use holdfast_domain::Timestamp;

/// A moment of the monotonic clock.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time, it decides nothing")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Whole microseconds.
pub(crate) fn micros(elapsed: Duration) -> u64 {
    u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX)
}

/// The wall clock.
#[expect(clippy::disallowed_methods, reason = "a run is dated, and its slots lie after today")]
pub(crate) fn today() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
