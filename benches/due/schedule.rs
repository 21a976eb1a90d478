//! One future moment on both clocks: the server's instants are of the wall clock, ours are not.

use std::time::{Duration, Instant};

use holdfast_domain::Timestamp;

use crate::stopwatch;

#[derive(Clone, Copy)]
pub(crate) struct Schedule {
    pub(crate) wall: Timestamp,
    pub(crate) monotonic: Instant,
}

impl Schedule {
    /// The next whole second after a wait of `wait`.
    pub(crate) fn after(wait: Duration) -> Self {
        const SECOND_MS: u64 = 1_000;
        let (today, now) = (stopwatch::today(), stopwatch::now());
        let today_ms = u64::try_from(today.millis()).unwrap_or(0);
        let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX / 2);
        let wall_ms = (today_ms + wait_ms).next_multiple_of(SECOND_MS);
        Self {
            wall: Timestamp::from_millis(i64::try_from(wall_ms).unwrap_or(i64::MAX)),
            monotonic: now + Duration::from_millis(wall_ms - today_ms),
        }
    }

    /// A later instant of the wall clock.
    pub(crate) fn moment(self, wall: Timestamp) -> Instant {
        let after_ms = u64::try_from(wall.millis() - self.wall.millis()).unwrap_or(0);
        self.monotonic + Duration::from_millis(after_ms)
    }
}
