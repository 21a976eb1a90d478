//! Admission: what may wait at once, in all and in bytes. It never waits itself; it refuses.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::sync::Notify;

/// The engine-wide bounds.
pub struct Budget {
    waiting: AtomicUsize,
    waiting_max: usize,
    bytes: AtomicUsize,
    bytes_max: usize,
    emptied: Notify,
}

impl Budget {
    pub fn new(waiting_max: usize, bytes_max: usize) -> Arc<Self> {
        Arc::new(Self {
            waiting: AtomicUsize::new(0),
            waiting_max,
            bytes: AtomicUsize::new(0),
            bytes_max,
            emptied: Notify::new(),
        })
    }

    /// One place and `bytes` of memory, until the share is dropped; `None` when either is used up.
    pub fn take(self: &Arc<Self>, bytes: usize) -> Option<Share> {
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= self.waiting_max {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        let share = Share { budget: Arc::clone(self), bytes };
        // From here on `share` gives back both, also when it is refused.
        let before = self.bytes.fetch_add(bytes, Ordering::Relaxed);
        (before + bytes <= self.bytes_max).then_some(share)
    }

    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Returns once nothing is waiting.
    pub async fn idle(&self) {
        loop {
            let emptied = self.emptied.notified();
            if self.waiting() == 0 {
                return;
            }
            emptied.await;
        }
    }

    /// Bytes of what is waiting.
    pub fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    pub fn bytes_max(&self) -> usize {
        self.bytes_max
    }
}

/// A share of the [`Budget`].
pub struct Share {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Share {
    /// A further place of the same budget, yet without bytes.
    pub fn another(&self) -> Option<Self> {
        self.budget.take(0)
    }

    /// The same whether there is room or not.
    pub fn beyond(&self) -> Self {
        self.budget.waiting.fetch_add(1, Ordering::Relaxed);
        Self { budget: Arc::clone(&self.budget), bytes: 0 }
    }

    /// Grows the share to at least `bytes`; false when the budget does not hold that much.
    pub fn cover(&mut self, bytes: usize) -> bool {
        let more = bytes.saturating_sub(self.bytes);
        let before = self.budget.bytes.fetch_add(more, Ordering::Relaxed);
        self.bytes += more;
        more == 0 || before + more <= self.budget.bytes_max
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
        if self.budget.waiting.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.budget.emptied.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Budget;

    #[test]
    fn a_share_grows_within_the_budget() {
        let budget = Budget::new(2, 100);
        let mut share = budget.take(10).expect("room");
        assert!(share.cover(90) && share.cover(50), "90 cover 50");
        assert!(!share.cover(101));
        drop(share);
        assert!(budget.take(100).is_some(), "all of it was given back");
    }

    #[test]
    fn what_is_refused_is_given_back() {
        let budget = Budget::new(2, 100);
        let first = budget.take(60).expect("room");
        assert!(budget.take(50).is_none(), "bytes are used up");
        let second = budget.take(40).expect("the refused share gave its bytes back");
        assert!(budget.take(0).is_none(), "places are used up");
        drop(first);
        assert!(budget.take(60).is_some());
        drop(second);
        assert_eq!(budget.waiting(), 0);
    }
}
