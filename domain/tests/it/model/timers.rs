//! What happens by itself: the earliest of all bookings, then the next.

use holdfast_domain::{
    Kind,
    asset::{
        ApprovalStatus, BookingDocument,
        BookingStatus::{self, CheckedIn, Confirmed, Expired, NoShow, PendingApproval},
        LineType,
    },
};

use super::{
    asset::{Line, Model},
    costs,
    terms::MINUTE,
};

/// One transition as it must be recorded.
#[derive(Clone, Debug)]
pub(super) struct Timer {
    pub(super) at: i64,
    pub(super) kind: Kind,
    pub(super) doc: BookingDocument,
}

impl Model {
    /// When something happens to the booking, and what it becomes.
    fn due(&self, line: &Line) -> Option<(i64, BookingStatus)> {
        let (start, end) = line.span();
        match line.doc.status {
            PendingApproval => Some((line.doc.approvals[0].expires_at.millis(), Expired)),
            CheckedIn if !line.doc.overdue => Some((end, CheckedIn)),
            Confirmed => {
                let Some(free_since) = self.free_since else { return Some((end, Expired)) };
                let wait = line.terms.no_show.map_or(end - start, |it| it * MINUTE);
                let from = start.max(free_since);
                let by = from + wait.min(end - start);
                Some(if by <= end { (by, NoShow) } else { (end, Expired) })
            }
            _ => None,
        }
    }

    pub(super) fn next_due(&self) -> Option<i64> {
        self.lines.iter().filter_map(|line| Some(self.due(line)?.0)).min()
    }

    /// The earliest; at the same moment the older booking, and of confirmed ones the one that starts
    /// first. Nothing depends on that order but the versions.
    fn first_due(&self) -> Option<(i64, usize, BookingStatus)> {
        let next = self.next_due()?;
        let due = |n: &usize| self.due(&self.lines[*n]).filter(|(at, _)| *at == next);
        let is_confirmed = |n: &usize| self.lines[*n].doc.status == Confirmed;
        let (confirmed, others): (Vec<usize>, Vec<usize>) =
            (0..self.lines.len()).filter(|n| due(n).is_some()).partition(is_confirmed);
        let confirmed = confirmed.into_iter().min_by_key(|n| (self.lines[*n].doc.start, *n));
        let n = others.into_iter().chain(confirmed).min()?;
        Some((next, n, due(&n)?.1))
    }

    /// Everything that is due by now, in the order of time.
    pub(super) fn settle(&mut self, now: i64) -> Vec<Timer> {
        let mut timers = Vec::new();
        while let Some((at, n, status)) = self.first_due().filter(|(at, ..)| *at <= now) {
            self.stamp(at);
            let doc = &mut self.lines[n].doc;
            let kind = match status {
                CheckedIn => {
                    doc.overdue = true;
                    Kind::BookingOverdue
                }
                NoShow => {
                    let fee = costs::item(LineType::NoShow, self.lines[n].terms.price.no_show);
                    self.lines[n].finish(NoShow, fee.into_iter().collect());
                    Kind::BookingNoShow
                }
                status => {
                    if let Some(approval) =
                        doc.approvals.first_mut().filter(|it| it.status == ApprovalStatus::Pending)
                    {
                        approval.status = ApprovalStatus::Expired;
                    }
                    self.lines[n].finish(status, Vec::new());
                    Kind::BookingExpired
                }
            };
            timers.push(Timer { at, kind, doc: self.changed(n) });
        }
        timers
    }
}
