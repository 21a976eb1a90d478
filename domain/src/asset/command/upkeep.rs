//! What reports and maintenance are asked with.

use crate::{
    asset::{Change, CheckResult, ChecklistItem, MaintenanceType, Photo},
    id::{BookingId, MaintenanceId, ReportId},
    time::Timestamp,
};

#[derive(Clone, PartialEq, Debug)]
pub struct NewReport {
    /// The inner `None`: the body named something that is no booking id.
    pub booking: Option<Option<BookingId>>,
    /// 1 to 200.
    pub checklist: Vec<ChecklistItem>,
    /// At most 50.
    pub photos: Vec<Photo>,
    pub notes: Option<String>,
    /// From 0 to 2^53 − 1; 0 is no charge.
    pub proposed_charge_minor: Option<i64>,
    pub takes_out_of_service: bool,
    pub supersedes: Option<ReportId>,
}

/// One that no rule asks for.
#[derive(Clone, PartialEq, Debug)]
pub struct NewMaintenance {
    pub r#type: MaintenanceType,
    pub due_at: Timestamp,
    pub reason: Option<String>,
    /// Both or none.
    pub start: Option<Timestamp>,
    pub end: Option<Timestamp>,
}

/// `None` = unchanged. Clearing either end of the window clears it, unless the other is set.
#[derive(Clone, PartialEq, Debug)]
pub struct MaintenanceChange {
    pub maintenance: MaintenanceId,
    pub due_at: Option<Timestamp>,
    pub start: Option<Change<Timestamp>>,
    /// Without it a new `start` takes the length its rule says, else the end the window has.
    pub end: Option<Change<Timestamp>>,
}

impl NewReport {
    pub(super) fn text_bytes(&self) -> usize {
        const ITEM: usize = size_of::<ChecklistItem>();
        let of = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let checklist = self.checklist.iter().map(|it| ITEM + it.item.len() + of(&it.note));
        let photos = self.photos.iter().map(|it| ITEM + it.url.len() + of(&it.sha256));
        checklist.chain(photos).sum::<usize>() + of(&self.notes)
    }

    /// Nothing that anybody would have to look at.
    pub(in crate::asset) fn is_harmless(&self) -> bool {
        let fault = |item: &ChecklistItem| CheckResult::is_fault(item.result);
        !self.takes_out_of_service && self.charge_minor() == 0 && !self.checklist.iter().any(fault)
    }

    pub(in crate::asset) fn charge_minor(&self) -> i64 {
        self.proposed_charge_minor.unwrap_or(0)
    }
}
