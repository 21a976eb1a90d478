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

    pub fn bytes_max(&self) -> usize {
        self.bytes_max
    }
}

/// A share of the [`Budget`].
pub struct Share {
    budget: Arc<Budget>,
    bytes: usize,
}

#[cfg(feature = "planted-key-in-separate-record")]
impl Share {
    pub(crate) fn twin(&self) -> Self {
        self.budget.waiting.fetch_add(1, Ordering::Relaxed);
        Self { budget: Arc::clone(&self.budget), bytes: 0 }
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
