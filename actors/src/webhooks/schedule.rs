//! When a delivery that failed is tried again.

use std::time::Duration;

use holdfast_domain::Timestamp;

/// From the first try that failed to the second, and so on (at least one); after the last the delivery
/// is dead.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RetrySchedule(pub Vec<Duration>);

impl Default for RetrySchedule {
    /// 5 s, 5 m, 30 m, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h.
    fn default() -> Self {
        const MINUTE: u64 = 60;
        const HOUR: u64 = 60 * MINUTE;
        let seconds = [
            5,
            5 * MINUTE,
            30 * MINUTE,
            2 * HOUR,
            5 * HOUR,
            10 * HOUR,
            14 * HOUR,
            20 * HOUR,
            24 * HOUR,
        ];
        Self(seconds.map(Duration::from_secs).to_vec())
    }
}

impl RetrySchedule {
    /// When to try again after the `tries`-th try (from 1) has failed at `now`; `None`: no more.
    ///
    /// `chance` spreads it by ±10 %, so that what failed together is not tried together. A receiver
    /// may ask for more time, not for less.
    pub fn next(
        &self,
        tries: u32,
        now: Timestamp,
        retry_after_s: Option<u64>,
        chance: u32,
    ) -> Option<Timestamp> {
        let wait = self.0.get(usize::try_from(tries).ok()?.checked_sub(1)?)?;
        let wait_ms = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
        let spread_ms = wait_ms / 10;
        let spread_ms = i128::from(spread_ms) * 2 * i128::from(chance) / i128::from(u32::MAX)
            - i128::from(spread_ms);
        let wait_ms = wait_ms.saturating_add(i64::try_from(spread_ms).unwrap_or(0));
        let asked_ms = retry_after_s
            .map_or(0, |seconds| i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000));
        Some(now.plus_millis(wait_ms.max(asked_ms)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nine_retries_within_a_tenth_of_the_promised_times() {
        let schedule = RetrySchedule::default();
        let now = Timestamp::from_millis(1_000_000);
        let waits = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
        for (tries, wait_s) in (1..).zip(waits) {
            let at = |chance| schedule.next(tries, now, None, chance).map(|at| at.millis());
            let wait_ms = wait_s * 1_000;
            assert_eq!(at(0), Some(1_000_000 + wait_ms - wait_ms / 10));
            assert_eq!(at(u32::MAX), Some(1_000_000 + wait_ms + wait_ms / 10));
        }
        assert_eq!(schedule.next(10, now, None, 0), None);
        assert_eq!(schedule.next(0, now, None, 0), None);
    }

    #[test]
    fn a_receiver_may_ask_for_more_time_and_not_for_less() {
        let schedule = RetrySchedule::default();
        let now = Timestamp::from_millis(0);
        let at = |asked| schedule.next(2, now, Some(asked), u32::MAX / 2).map(|at| at.millis());
        assert_eq!(at(1_000), Some(1_000_000));
        assert!(at(1).is_some_and(|at| at >= 270_000));
        assert!(schedule.next(2, now, Some(u64::MAX), 0) == Some(Timestamp::MAX));
    }
}
