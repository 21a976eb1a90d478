//! The one reader of the time.

use holdfast_domain::Timestamp;

/// Engine time: milliseconds since the epoch that never run back, and a monotonic counter.
pub trait Clock: Send + Sync + 'static {
    fn now(&self) -> Timestamp;

    /// Milliseconds since some fixed moment; for deadlines and ages.
    fn monotonic_ms(&self) -> u64;
}
