//! The one reader of the time.
//!
//! Engine time starts at the wall clock and advances with the monotonic one; it is drawn towards the
//! wall clock by at most 1 % and never runs back. A wall clock more than five minutes away is
//! reported, not followed: somebody set it, and bookings must not expire for that.

use std::{
    sync::{Mutex, PoisonError},
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use holdfast_domain::Timestamp;

/// Engine time: milliseconds since the epoch that never run back, and a monotonic counter.
pub trait Clock: Send + Sync + 'static {
    fn now(&self) -> Timestamp;

    /// Milliseconds since some fixed moment; for deadlines and ages.
    fn monotonic_ms(&self) -> u64;

    /// The same in microseconds, for measuring how long something takes.
    fn monotonic_us(&self) -> u64 {
        self.monotonic_ms() * 1_000
    }

    /// The wall clock is more than five minutes away from engine time.
    fn is_astray(&self) -> bool;
}

const ASTRAY_MS: i64 = 5 * 60 * 1000;

/// The clock of a running server.
pub struct SystemClock {
    started: Instant,
    slew: Mutex<Slew>,
}

/// Engine time as a function of two readings; no clock is read in here.
#[derive(Clone, Copy, Debug)]
struct Slew {
    monotonic_ms: i64,
    now_ms: i64,
    astray: bool,
}

impl Slew {
    fn advance(&mut self, monotonic_ms: i64, wall_ms: i64) -> i64 {
        let elapsed = (monotonic_ms - self.monotonic_ms).max(0);
        let expected = self.now_ms + elapsed;
        let apart = wall_ms - expected;
        self.astray = apart.abs() > ASTRAY_MS;
        let pull = if self.astray { 0 } else { apart.clamp(-elapsed / 100, elapsed / 100) };
        // Less than 100 ms of elapsed time leaves no whole millisecond to pull with, so the base is
        // kept until there is one.
        if elapsed >= 100 {
            self.monotonic_ms = monotonic_ms;
            self.now_ms = expected + pull;
            return self.now_ms;
        }
        expected
    }
}

impl SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the seam the ban points to")]
    pub fn start() -> Self {
        let now_ms = wall_ms();
        Self {
            started: Instant::now(),
            slew: Mutex::new(Slew { monotonic_ms: 0, now_ms, astray: false }),
        }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let monotonic = i64::try_from(self.monotonic_ms()).unwrap_or(i64::MAX);
        let mut slew = self.slew.lock().unwrap_or_else(PoisonError::into_inner);
        Timestamp::from_millis(slew.advance(monotonic, wall_ms()))
    }

    fn monotonic_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn monotonic_us(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn is_astray(&self) -> bool {
        self.slew.lock().unwrap_or_else(PoisonError::into_inner).astray
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the seam the ban points to")]
fn wall_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// A clock that tests move by hand.
pub struct ManualClock {
    now: Mutex<(i64, u64)>,
}

impl ManualClock {
    pub fn at(now: Timestamp) -> Self {
        Self { now: Mutex::new((now.millis(), 0)) }
    }

    /// Both clocks move on.
    pub fn advance_ms(&self, millis: u32) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        now.0 += i64::from(millis);
        now.1 += u64::from(millis);
    }

    /// Only the time of day moves, also back: what a wall clock may do.
    pub fn set(&self, to: Timestamp) {
        self.now.lock().unwrap_or_else(PoisonError::into_inner).0 = to.millis();
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now.lock().unwrap_or_else(PoisonError::into_inner).0)
    }

    fn monotonic_ms(&self) -> u64 {
        self.now.lock().unwrap_or_else(PoisonError::into_inner).1
    }

    fn is_astray(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::Slew;

    fn check(steps: &[(i64, i64, i64, bool)]) {
        let mut slew = Slew { monotonic_ms: 0, now_ms: 1_000_000, astray: false };
        let mut last = 1_000_000;
        for &(monotonic, wall, expected, astray) in steps {
            let now = slew.advance(monotonic, wall);
            assert_eq!((now, slew.astray), (expected, astray), "at monotonic {monotonic}");
            assert!(now >= last, "engine time ran back");
            last = now;
        }
    }

    #[test]
    fn engine_time_follows_the_wall_clock_slowly() {
        // monotonic, wall, engine time, astray
        check(&[
            (1_000, 1_001_000, 1_001_000, false),
            (2_000, 1_002_500, 1_002_010, false), // 500 ms ahead: at most 1 % of 1,000 ms
            (3_000, 1_002_000, 1_003_000, false), // behind: slower, never back
            (3_050, 1_002_050, 1_003_050, false), // too short to pull
        ]);
    }

    #[test]
    fn a_set_wall_clock_is_reported_and_not_followed() {
        check(&[
            (1_000, 900_000_000, 1_001_000, true),
            (2_000, 0, 1_002_000, true),
            (3_000, 1_003_000, 1_003_000, false),
        ]);
    }
}
