//! How much an asset was asked lately. Written under the router's lock, so plain numbers do.

/// The time over which messages count as recent.
const WINDOW_MS: u64 = 10_000;

/// Messages of the window under way and of the one before it.
#[derive(Default)]
pub(super) struct Heat {
    window: u64,
    now: u32,
    before: u32,
}

impl Heat {
    pub(super) fn note(&mut self, now_ms: u64) {
        let window = now_ms / WINDOW_MS;
        if window != self.window {
            self.before = if window == self.window + 1 { self.now } else { 0 };
            self.now = 0;
            self.window = window;
        }
        self.now = self.now.saturating_add(1);
    }

    /// About as many as came in the last ten seconds: of the window before, the share that is not yet
    /// over is guessed from the time.
    pub(super) fn recent(&self, now_ms: u64) -> u64 {
        let left_ms = WINDOW_MS - now_ms % WINDOW_MS;
        let share = |count: u32| u64::from(count) * left_ms / WINDOW_MS;
        match (now_ms / WINDOW_MS).saturating_sub(self.window) {
            0 => u64::from(self.now) + share(self.before),
            1 => share(self.now),
            _ => 0,
        }
    }
}
