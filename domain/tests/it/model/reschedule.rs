//! Another window for a booking: the whole admission anew, or the end of one in use.

use std::sync::Arc;

use holdfast_domain::{
    Kind, Rejection,
    asset::BookingStatus::{CheckedIn, Confirmed},
    rejection::Finding,
};

use super::{
    asset::{Answer, Model},
    claims::{Span, at, open, with_buffers},
    costs,
    limits::{advance, deadline, length, opening},
    rules::Ruled,
    step::Caller,
};

fn invalid(pointer: &str) -> Rejection {
    let reason = if pointer == "#/end" { "must be after start" } else { "must not be sent" };
    Rejection::Invalid(vec![Finding { pointer: pointer.into(), reason: reason.into() }])
}

impl Model {
    pub(super) fn reschedule(
        &mut self,
        caller: &Caller,
        n: usize,
        (start, end): (Option<i64>, Option<i64>),
        accept: Option<bool>,
        now: i64,
    ) -> Ruled {
        self.is_in(n, &[Confirmed, CheckedIn])?;
        let old = self.lines[n].span();
        let new = (start.unwrap_or(old.0), end.unwrap_or(old.1));
        if self.lines[n].doc.status == CheckedIn {
            if start.is_some() {
                return Err(invalid("#/start"));
            }
            return self.extend(n, new, now);
        }
        if new.1 <= new.0 {
            return Err(invalid("#/end"));
        }
        let current = self.asset.terms_version;
        let is_same = self.lines[n].doc.terms_version == current;
        if new == old && is_same {
            self.stamp(now);
            return Ok(Answer::Booking(Kind::BookingRescheduled, self.lines[n].doc.clone()));
        }
        if !is_same && accept != Some(true) {
            return Err(Rejection::TermsNotAccepted);
        }
        let terms = Arc::clone(self.current());
        if terms.price.currency != self.lines[n].doc.currency {
            return Err(Rejection::TermsChanged { current });
        }
        self.is_active()?;
        deadline(&terms, new.0, now)?;
        self.cutoff(caller, n, now)?;
        let inside = old.0 <= new.0 && new.1 <= old.1;
        if terms.approval && !inside && !caller.manages() {
            return Err(Rejection::ApprovalRequired);
        }
        length(&terms, new)?;
        opening(&terms, new, open(&terms, new))?;
        advance(&terms, new.0, now)?;
        // A member is offered nothing that somebody would have to approve anew.
        let bound = terms.approval && !caller.manages();
        let last = if bound { old.1 - (new.1 - new.0) } else { i64::MAX };
        self.overlap(&terms, new, (Some(n), last), now)?;
        let line = &mut self.lines[n];
        line.doc.terms_version = current;
        line.terms = terms;
        Ok(self.moved(n, new, now))
    }

    fn moved(&mut self, n: usize, (start, end): Span, now: i64) -> Answer {
        let line = &mut self.lines[n];
        line.doc.start = at(start);
        line.doc.end = at(end);
        line.doc.overdue = false;
        line.doc.estimated_cost_minor = costs::sum(&costs::planned(&line.terms.price, start, end));
        self.done(n, Kind::BookingRescheduled, now)
    }

    /// A booking in use keeps its terms and its start.
    fn extend(&mut self, n: usize, new: Span, now: i64) -> Ruled {
        let old = self.lines[n].span();
        if new.1 <= new.0 || new.1 <= now {
            return Err(invalid("#/end"));
        }
        if new == old {
            self.stamp(now);
            return Ok(Answer::Booking(Kind::BookingRescheduled, self.lines[n].doc.clone()));
        }
        if new.1 > old.1 {
            self.is_active()?;
        }
        let terms = Arc::clone(&self.lines[n].terms);
        length(&terms, new)?;
        opening(&terms, new, (true, open(&terms, new).1))?;
        // What it has it keeps; only what it adds must be free.
        let (from, to) = (with_buffers(&terms, old).1, with_buffers(&terms, new).1);
        let conflicts = self.in_the_way((from, to), Some(n), now);
        if from < to && !conflicts.is_empty() {
            return Err(Rejection::Overlap { conflicts, next_available: None });
        }
        Ok(self.moved(n, new, now))
    }
}
