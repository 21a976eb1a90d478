//! The rules of the commands, in the words of the contract and in its order of checks.

use std::sync::Arc;

use holdfast_domain::{
    Kind, Rejection,
    asset::{
        Approval, ApprovalStatus, AssetStatus, BookingDocument,
        BookingStatus::{
            self, Cancelled, CheckedIn, CheckedOut, Confirmed, PendingApproval, Rejected,
        },
        CostLine, LineType, LineUnit, QuoteDocument,
    },
};

use super::{
    asset::{Answer, Line, Model, stamped},
    claims::{Span, at, open},
    costs,
    limits::{advance, deadline, length, opening},
    step::{Ask, Caller},
    terms::MINUTE,
};

const AMOUNT_MAX: i64 = (1 << 53) - 1;

pub(super) type Ruled = Result<Answer, Rejection>;

impl Model {
    pub(super) fn rules(&mut self, caller: &Caller, ask: &Ask, now: i64) -> Ruled {
        match ask {
            Ask::Book { user, start, end, accept, terms } => {
                if !accept {
                    return Err(Rejection::TermsNotAccepted);
                }
                let current = self.asset.terms_version;
                if terms.is_some_and(|terms| terms != current) {
                    return Err(Rejection::TermsChanged { current });
                }
                self.may_book((*start, *end), now)?;
                let terms = Arc::clone(self.current());
                self.overlap(&terms, (*start, *end), (None, i64::MAX), now)?;
                Ok(self.book(caller, user, (*start, *end), now))
            }
            Ask::Move { n, start, end, accept } => {
                self.reschedule(caller, *n, (*start, *end), *accept, now)
            }
            Ask::Approve(n) => self.approve(caller, *n, now),
            Ask::Reject(n, reason) => {
                self.is_in(*n, &[PendingApproval])?;
                self.decided(caller, *n, ApprovalStatus::Rejected, reason.clone(), now);
                self.lines[*n].finish(Rejected, Vec::new());
                Ok(self.done(*n, Kind::BookingRejected, now))
            }
            Ask::Cancel(n) => self.cancel(caller, *n, now),
            Ask::CheckIn(n, notes) => self.check_in(caller, *n, notes.clone(), now),
            Ask::CheckOut(n, extra) => self.check_out(caller, *n, *extra, now),
            Ask::Adjust(n, amount) => self.adjust(*n, *amount, now),
            Ask::Status(status) => self.set_status(*status, now),
            Ask::Share(orgs) => {
                let orgs: Vec<String> = orgs.iter().map(|&org| org.into()).collect();
                let is_new = self.asset.shared_with != orgs;
                self.asset.shared_with = orgs;
                Ok(self.updated(is_new, now))
            }
            Ask::Terms(terms) => {
                let is_new = self.current().json != terms.json;
                if is_new {
                    let value = |json: &String| serde_json::from_str(json).unwrap();
                    self.asset.booking_terms = terms.json.as_ref().map(value);
                    self.asset.terms_version += 1;
                    self.terms.push(Arc::clone(terms));
                }
                Ok(self.updated(is_new, now))
            }
            Ask::Quote { .. } | Ask::Availability { .. } => unreachable!("reads come before"),
        }
    }

    pub(super) fn done(&mut self, n: usize, kind: Kind, now: i64) -> Answer {
        self.stamp(now);
        Answer::Booking(kind, self.changed(n))
    }

    fn updated(&mut self, is_new: bool, now: i64) -> Answer {
        self.stamp(now);
        if is_new {
            self.asset.version = self.version;
            self.asset.etag = format!("\"{}-0\"", self.version);
            self.asset.updated_at = at(now);
        }
        Answer::Asset(self.asset.clone())
    }

    fn set_status(&mut self, status: AssetStatus, now: i64) -> Ruled {
        let is_new = status != self.asset.status;
        if is_new && self.asset.status == AssetStatus::Retired {
            return Err(Rejection::InvalidTransition { current_status: "RETIRED".into() });
        }
        let live = self.lines.iter().any(|line| line.doc.status.is_live());
        if is_new && status == AssetStatus::Retired && live {
            return Err(Rejection::AssetHasLiveBookings);
        }
        self.asset.status = status;
        self.free(is_new, now);
        Ok(self.updated(is_new, now))
    }

    /// Notes since when the asset can be taken up.
    fn free(&mut self, may_change: bool, now: i64) {
        let is_out = self.lines.iter().any(|line| line.doc.status == CheckedIn);
        let can = self.asset.status == AssetStatus::Active && !is_out;
        if may_change && can != self.free_since.is_some() {
            self.free_since = can.then_some(now);
        }
    }

    pub(super) fn is_active(&self) -> Result<(), Rejection> {
        match self.asset.status {
            AssetStatus::Active => Ok(()),
            status => Err(Rejection::AssetUnavailable { status }),
        }
    }

    pub(super) fn is_in(&self, n: usize, wanted: &[BookingStatus]) -> Result<(), Rejection> {
        let status = self.lines[n].doc.status;
        if wanted.contains(&status) {
            return Ok(());
        }
        Err(Rejection::InvalidTransition { current_status: status.name().into() })
    }

    /// What a quote and a booking are both judged by.
    fn may_book(&self, window: Span, now: i64) -> Result<(), Rejection> {
        self.is_active()?;
        let rules = self.current();
        deadline(rules, window.0, now)?;
        length(rules, window)?;
        opening(rules, window, open(rules, window))?;
        advance(rules, window.0, now)
    }

    pub(super) fn quote(&self, window: Span, now: i64) -> Result<QuoteDocument, Rejection> {
        self.may_book(window, now)?;
        let price = &self.current().price;
        let cost_lines = costs::planned(price, window.0, window.1);
        Ok(QuoteDocument {
            estimated_cost_minor: costs::sum(&cost_lines),
            cost_lines,
            currency: price.currency.into(),
            start: at(window.0),
            end: at(window.1),
            terms_version: self.asset.terms_version,
        })
    }

    fn book(&mut self, caller: &Caller, user: &str, (start, end): Span, now: i64) -> Answer {
        let terms = Arc::clone(self.current());
        let expires = terms.expires.map_or(start, |it| start.min(now + it * MINUTE));
        let approval = terms.approval.then(|| Approval {
            approver_roles: terms.approvers.clone(),
            decided_at: None,
            decided_by: None,
            expires_at: at(expires),
            reason: None,
            status: ApprovalStatus::Pending,
        });
        let doc = BookingDocument {
            actual_end: None,
            actual_start: None,
            approvals: approval.into_iter().collect(),
            asset_id: self.asset.id,
            check_in_notes: None,
            cost_lines: Vec::new(),
            cost_minor: None,
            created_at: at(now),
            currency: terms.price.currency.into(),
            end: at(end),
            estimated_cost_minor: costs::sum(&costs::planned(&terms.price, start, end)),
            etag: String::new(),
            id: Self::id(self.lines.len()),
            org_id: caller.org.into(),
            overdue: false,
            start: at(start),
            status: if terms.approval { PendingApproval } else { Confirmed },
            terms_version: self.asset.terms_version,
            updated_at: at(now),
            user_id: user.into(),
            version: 0,
        };
        self.lines.push(Line { doc, terms });
        self.done(self.lines.len() - 1, Kind::BookingCreated, now)
    }

    fn approve(&mut self, caller: &Caller, n: usize, now: i64) -> Ruled {
        self.is_in(n, &[PendingApproval])?;
        self.is_active()?;
        let terms = Arc::clone(&self.lines[n].terms);
        self.overlap(&terms, self.lines[n].span(), (Some(n), i64::MAX), now)?;
        self.decided(caller, n, ApprovalStatus::Approved, None, now);
        self.lines[n].doc.status = Confirmed;
        Ok(self.done(n, Kind::BookingApproved, now))
    }

    fn decided(
        &mut self,
        caller: &Caller,
        n: usize,
        status: ApprovalStatus,
        reason: Option<String>,
        now: i64,
    ) {
        let approval = &mut self.lines[n].doc.approvals[0];
        approval.status = status;
        approval.decided_by = Some(caller.subject.into());
        approval.decided_at = stamped(now);
        approval.reason = reason;
    }

    fn cancel(&mut self, caller: &Caller, n: usize, now: i64) -> Ruled {
        self.is_in(n, &[Confirmed, PendingApproval])?;
        self.cutoff(caller, n, now)?;
        let line = &mut self.lines[n];
        let mut fee = None;
        if line.doc.status == PendingApproval {
            line.doc.approvals[0].status = ApprovalStatus::Cancelled;
        } else if caller.owns(&line.doc) {
            fee = costs::item(LineType::Cancel, line.terms.price.cancel);
        }
        line.finish(Cancelled, fee.into_iter().collect());
        Ok(self.done(n, Kind::BookingCancelled, now))
    }

    /// Members are bound to the cut-off of the booking's own terms.
    pub(super) fn cutoff(&self, caller: &Caller, n: usize, now: i64) -> Result<(), Rejection> {
        let line = &self.lines[n];
        let is_late = now >= line.span().0 - line.terms.cutoff * MINUTE;
        if is_late && !caller.manages() { Err(Rejection::CancelCutoffPassed) } else { Ok(()) }
    }

    fn check_in(&mut self, caller: &Caller, n: usize, notes: Option<String>, now: i64) -> Ruled {
        self.reach(caller, n, Rejection::BookingNotFound)?;
        self.is_in(n, &[Confirmed])?;
        let (start, end) = self.lines[n].span();
        if now < start - self.lines[n].terms.early * MINUTE || now >= end {
            return Err(Rejection::InvalidTransition { current_status: "CONFIRMED".into() });
        }
        self.is_active()?;
        let is_out = self.lines.iter().any(|line| line.doc.status == CheckedIn);
        if is_out || self.is_claimed_before(n, now) {
            return Err(Rejection::AssetInUse);
        }
        let doc = &mut self.lines[n].doc;
        doc.status = CheckedIn;
        doc.actual_start = stamped(now);
        doc.check_in_notes = notes;
        self.free(true, now);
        Ok(self.done(n, Kind::BookingCheckedIn, now))
    }

    fn check_out(&mut self, caller: &Caller, n: usize, extra: Option<i64>, now: i64) -> Ruled {
        self.reach(caller, n, Rejection::BookingNotFound)?;
        self.is_in(n, &[CheckedIn])?;
        let line = &mut self.lines[n];
        let used = (line.doc.actual_start.unwrap().millis(), now);
        let lines = costs::used(&line.terms.price, line.span(), used, extra.unwrap_or(0));
        if costs::sum(&lines) > AMOUNT_MAX {
            return Err(Rejection::AmountOutOfRange { pointer: "#/extra_cost_minor".into() });
        }
        line.doc.actual_end = stamped(now);
        line.finish(CheckedOut, lines);
        self.free(true, now);
        Ok(self.done(n, Kind::BookingCheckedOut, now))
    }

    fn adjust(&mut self, n: usize, amount_minor: i64, now: i64) -> Ruled {
        let doc = &mut self.lines[n].doc;
        if doc.status.is_live() {
            let current_status = doc.status.name().into();
            return Err(Rejection::InvalidTransition { current_status });
        }
        let sum = doc.cost_minor.unwrap() + amount_minor;
        if !(0..=AMOUNT_MAX).contains(&sum) {
            return Err(Rejection::AmountOutOfRange { pointer: "#/amount_minor".into() });
        }
        doc.cost_minor = Some(sum);
        doc.cost_lines.push(CostLine {
            amount_minor,
            quantity: 1,
            reason: Some("agreed".into()),
            r#type: LineType::Adjustment,
            unit: LineUnit::Item,
        });
        Ok(self.done(n, Kind::BookingCostAdjusted, now))
    }
}
