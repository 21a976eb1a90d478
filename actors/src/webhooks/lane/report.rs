//! What a lane writes down, and when: at most one report is on the way into the log at a time.

use holdfast_domain::{
    Stamp, Timestamp,
    webhooks::{Progress, Replay, ReplayProgress},
};
use holdfast_storage::journal::Position;

use super::{Lane, Line, REPORT_MS};

/// With so many settled a report does not wait.
const REPORT_SETTLED_MAX: usize = 256;
/// Having read past so much that was not for it, a lane writes down where it is. Each lane's word is a
/// record that the others read past, so they must not answer one another.
const REPORT_PASSED: u64 = 65_536;

/// What was handed to the log and is not yet answered.
pub(super) struct Reported {
    pub(super) lines: Vec<Line>,
    /// A replay that is over with it.
    over: Option<Stamp>,
}

impl Lane {
    /// What is to be written down now; at most one report is under way.
    pub(crate) fn report(&mut self, now: Timestamp) -> Option<Progress> {
        if self.reported.is_some() || !self.main.has_begun() {
            return None;
        }
        let over = self.replay.as_ref().is_some_and(|(_, track)| track.is_over());
        let cursor = self.main.cursor();
        let is_due = self.urgent
            || over
            || self.lines.len() >= REPORT_SETTLED_MAX
            || (!self.lines.is_empty() && self.reported_at.plus_millis(REPORT_MS) <= now)
            || self.reported_position + REPORT_PASSED <= cursor.position;
        if !is_due {
            return None;
        }
        self.urgent = false;
        self.reported_at = now;
        let lines: Vec<Line> = self.lines.drain(..).collect();
        let settled = lines.iter().map(|line| line.settled.clone()).collect();
        let over = self.replay.as_ref().filter(|_| over).map(|(replay, _)| replay.id);
        self.reported = Some(Reported { lines, over });
        let replay = self.replay.as_ref().map(|(replay, track)| ReplayProgress {
            replay: Replay { cursor: track.cursor(), ..*replay },
            over: over.is_some(),
        });
        Some(Progress { endpoint: self.filter.id, cursor, settled, replay })
    }

    /// The report is in the log: `ids` of what it settled, in order.
    pub(crate) fn noted(&mut self, progress_position: Position, ids: &[Stamp]) {
        self.reported_position = progress_position;
        let Some(Reported { lines, over }) = self.reported.take() else { return };
        for (line, id) in lines.into_iter().zip(ids) {
            if let Some(key) = line.waiting {
                self.parked.name(key, &line.settled.event, *id);
            }
        }
        if self.replay.as_ref().is_some_and(|(replay, _)| Some(replay.id) == over) {
            self.replay = None;
        }
    }

    /// The log did not take the report: it is made again, a little later.
    pub(crate) fn not_noted(&mut self) {
        let Some(Reported { lines, .. }) = self.reported.take() else { return };
        for line in lines.into_iter().rev() {
            self.lines.push_front(line);
        }
    }
}
