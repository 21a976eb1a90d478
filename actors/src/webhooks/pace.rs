//! How fast tries may follow one another: a token bucket over engine time.

use holdfast_domain::Timestamp;

/// What is not used is saved up for no longer than this, or it would come as a burst.
const SAVED_MS: i64 = 100;

/// Tokens are counted in thousandths, so that a millisecond at one a second is one of them.
#[derive(Clone, Debug)]
pub(crate) struct Pace {
    rate: i64,
    tokens: i64,
    /// Filled up to here.
    at: Timestamp,
}

impl Pace {
    /// `rate` (at least 1): a second.
    pub(crate) fn new(rate: u32, now: Timestamp) -> Self {
        let rate = i64::from(rate.max(1));
        Self { rate, tokens: Self::most(rate), at: now }
    }

    /// At least one whole token fits, however slow it is.
    const fn most(rate: i64) -> i64 {
        let most = rate * SAVED_MS;
        if most < 1_000 { 1_000 } else { most }
    }

    /// Whether one more may go now.
    pub(crate) fn take(&mut self, now: Timestamp) -> bool {
        let passed_ms = (now.millis() - self.at.millis()).clamp(0, 60_000);
        self.at = now;
        self.tokens = (self.tokens + passed_ms * self.rate).min(Self::most(self.rate));
        let goes = self.tokens >= 1_000;
        if goes {
            self.tokens -= 1_000;
        }
        goes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn goes_in(rate: u32, length_ms: i64, step_ms: usize) -> usize {
        let mut pace = Pace::new(rate, Timestamp::from_millis(0));
        (0..length_ms)
            .step_by(step_ms)
            .map(|at| (0..1_000).take_while(|_| pace.take(Timestamp::from_millis(at))).count())
            .sum()
    }

    #[test]
    fn so_many_a_second_and_a_tenth_of_that_at_once() {
        assert_eq!(goes_in(300, 1, 1), 30);
        assert!((320..=331).contains(&goes_in(300, 1_000, 10)));
        assert!((3_020..=3_031).contains(&goes_in(300, 10_000, 10)));
        assert_eq!(goes_in(1, 10_000, 10), 10);
        // Looked at rarely, what was saved up is no burst.
        assert_eq!(goes_in(300, 10_000, 1_000), 300);
    }

    #[test]
    fn a_clock_that_runs_back_gives_nothing_and_takes_nothing() {
        let mut pace = Pace::new(10, Timestamp::from_millis(5_000));
        assert!(pace.take(Timestamp::from_millis(5_000)));
        assert!(!pace.take(Timestamp::from_millis(1_000)));
        assert!(pace.take(Timestamp::from_millis(1_100)));
    }
}
