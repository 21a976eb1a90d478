//! A live booking as the state holds it. Finished ones are only documents.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    asset::{
        Approval, ApprovalStatus, BookingDocument, BookingStatus, CostLine, Document, Event,
        LineType, event::Charge, pricing, terms::Terms,
    },
    id::{AssetId, BookingId, ReportId, Stamp, Tag},
    record::Etag,
    rejection::Window,
    time::Timestamp,
};

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Booking {
    pub(super) stamp: Stamp,
    pub(super) user_id: Box<str>,
    pub(super) org_id: Box<str>,
    pub(super) window: Window,
    pub(super) status: BookingStatus,
    pub(super) overdue: bool,
    /// Where the terms asked for it.
    pub(super) approval: Option<Box<Approval>>,
    terms_version: u64,
    /// The version of the terms whose rules it is under; 0 for a booking of before there were any.
    pub(super) under: u64,
    /// Those of `under`; a snapshot keeps them beside the bookings.
    #[serde(skip)]
    pub(super) terms: Arc<Terms>,
    pub(super) currency: Box<str>,
    actual_start: Option<Timestamp>,
    check_in_notes: Option<Box<str>>,
    estimated_cost_minor: i64,
    /// What approved reports add once the cost is final: the report's stamp and how much.
    charges: Vec<(Stamp, i64)>,
    created_at: Timestamp,
    updated_at: Timestamp,
    /// Of the record that last changed it.
    version: u64,
}

impl Booking {
    /// The booking that an event brings forth, under the asset's `current` terms if it was made under
    /// any.
    pub(super) fn created(
        event: &Event,
        current: &Arc<Terms>,
        version: u64,
        at: Timestamp,
    ) -> Option<Self> {
        let (terms, under, waits_until) = match event {
            Event::BookingCreated { .. } => (Arc::default(), 0, None),
            Event::BookingPlaced { terms_version, approval_until, .. } => {
                (Arc::clone(current), *terms_version, *approval_until)
            }
            _ => return None,
        };
        let (Event::BookingCreated {
            id,
            user_id,
            org_id,
            window,
            terms_version,
            currency,
            estimated_cost_minor,
        }
        | Event::BookingPlaced {
            id,
            user_id,
            org_id,
            window,
            terms_version,
            currency,
            estimated_cost_minor,
            ..
        }) = event
        else {
            return None;
        };
        let approval = waits_until.map(|expires_at| {
            Box::new(Approval {
                approver_roles: terms.approval.approver_roles.clone(),
                decided_at: None,
                decided_by: None,
                expires_at,
                reason: None,
                status: ApprovalStatus::Pending,
            })
        });
        Some(Self {
            stamp: id.stamp,
            user_id: user_id.as_str().into(),
            org_id: org_id.as_str().into(),
            window: *window,
            status: match approval {
                Some(_) => BookingStatus::PendingApproval,
                None => BookingStatus::Confirmed,
            },
            overdue: false,
            approval,
            terms_version: *terms_version,
            under,
            terms,
            currency: currency.as_str().into(),
            actual_start: None,
            check_in_notes: None,
            estimated_cost_minor: *estimated_cost_minor,
            charges: Vec::new(),
            created_at: at,
            updated_at: at,
            version,
        })
    }

    /// Takes in an event after which it is still live; others change nothing here. `current`: the
    /// asset's terms.
    pub(super) fn change(
        &mut self,
        event: &Event,
        current: &Arc<Terms>,
        version: u64,
        at: Timestamp,
    ) {
        match event {
            Event::BookingApproved { by, .. } => {
                self.status = BookingStatus::Confirmed;
                if let Some(approval) = &mut self.approval {
                    approval.status = ApprovalStatus::Approved;
                    approval.decided_by = Some(by.clone());
                    approval.decided_at = Some(at);
                }
            }
            Event::BookingCheckedIn { at, notes, .. } => {
                self.status = BookingStatus::CheckedIn;
                self.actual_start = Some(*at);
                self.check_in_notes = notes.as_deref().map(Into::into);
            }
            Event::BookingOverdue { .. } => self.overdue = true,
            Event::BookingRescheduled { window, terms_version, estimated_cost_minor, .. } => {
                if self.status == BookingStatus::Confirmed {
                    self.under = *terms_version;
                    self.terms = Arc::clone(current);
                }
                self.window = *window;
                self.terms_version = *terms_version;
                self.estimated_cost_minor = *estimated_cost_minor;
                self.overdue = false;
            }
            _ => return,
        }
        self.updated_at = at;
        self.version = version;
    }

    pub(super) fn terms_version(&self) -> u64 {
        self.terms_version
    }

    pub(super) fn id(&self, tag: Tag) -> BookingId {
        BookingId::new(self.stamp, tag)
    }

    /// When a waiting booking is given up.
    pub(super) fn approval_until(&self) -> Timestamp {
        self.approval.as_ref().map_or(self.window.start, |approval| approval.expires_at)
    }

    /// From the check-in, or from the planned start before it.
    pub(super) fn used_from(&self) -> Timestamp {
        self.actual_start.unwrap_or(self.window.start)
    }

    /// How long it was used when the use ends then: started minutes.
    pub(super) fn used_minutes(&self, end: Timestamp) -> u64 {
        let used_ms = (end.millis() - self.used_from().millis()).max(0);
        used_ms.unsigned_abs().div_ceil(60_000)
    }

    pub(super) fn charge(&mut self, charge: &Charge) {
        self.charges.push((charge.report.stamp, charge.amount_minor));
    }

    pub(super) fn uncharge(&mut self, report: ReportId) {
        self.charges.retain(|(stamp, _)| *stamp != report.stamp);
    }

    /// How many approved reports charge it, and how much in all.
    pub(super) fn charged(&self) -> (usize, i64) {
        (self.charges.len(), self.charges.iter().map(|(_, amount)| amount).sum())
    }

    /// The lines of what approved reports charge.
    pub(super) fn damage_lines(&self) -> impl Iterator<Item = CostLine> {
        self.charges.iter().filter_map(|(_, amount)| pricing::item(LineType::Damage, *amount))
    }

    /// What it keeps from others while it is not in use.
    pub(super) fn claim(&self) -> Window {
        self.terms.claim(self.window)
    }

    /// What it keeps from others while in use, at a moment: it grows while it is late.
    pub(super) fn claim_in_use(&self, now: Timestamp) -> Window {
        self.claim_of_use(self.window.end.max(now))
    }

    /// The same for a use that ends then.
    pub(super) fn claim_of_use(&self, end: Timestamp) -> Window {
        let claim = self.terms.claim(Window { start: self.window.start, end });
        Window { start: claim.start.min(self.used_from()), end: claim.end }
    }

    pub(super) fn image(&self, asset_id: AssetId) -> BookingDocument {
        BookingDocument {
            actual_end: None,
            actual_start: self.actual_start,
            approvals: self.approval.as_deref().cloned().into_iter().collect(),
            asset_id,
            check_in_notes: self.check_in_notes.as_deref().map(Into::into),
            cost_lines: Vec::new(),
            cost_minor: None,
            created_at: self.created_at,
            currency: self.currency.as_ref().into(),
            end: self.window.end,
            estimated_cost_minor: self.estimated_cost_minor,
            etag: self.etag().to_string(),
            id: self.id(asset_id.tag),
            org_id: self.org_id.as_ref().into(),
            overdue: self.overdue,
            start: self.window.start,
            status: self.status,
            terms_version: self.terms_version,
            updated_at: self.updated_at,
            user_id: self.user_id.as_ref().into(),
            version: self.version,
        }
    }

    pub(super) fn etag(&self) -> Etag {
        Etag { version: self.version, link: 0 }
    }

    pub(super) fn document(&self, asset_id: AssetId) -> Document {
        self.image(asset_id).render()
    }

    /// An estimate of its memory, with its places in the trees.
    pub(super) fn bytes(&self) -> usize {
        const TREES: usize = 96;
        let approval = self.approval.as_ref().map_or(0, |approval| {
            size_of::<Approval>()
                + approval.decided_by.as_ref().map_or(0, String::len)
                + approval.reason.as_ref().map_or(0, String::len)
        });
        size_of::<Self>()
            + TREES
            + size_of::<(Stamp, i64)>() * self.charges.len()
            + self.user_id.len()
            + self.org_id.len()
            + self.currency.len()
            + self.check_in_notes.as_ref().map_or(0, |notes| notes.len())
            + approval
    }
}
