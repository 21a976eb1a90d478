//! What may be asked of an asset. Shapes are already checked (lengths, types, unknown members);
//! rules are not.

mod upkeep;

use crate::{
    asset::AssetStatus,
    id::{BookingId, MaintenanceId, ReportId},
    rejection::Window,
    time::Timestamp,
};

pub use upkeep::{MaintenanceChange, NewMaintenance, NewReport};

#[derive(Clone, Debug)]
pub enum Command {
    RegisterAsset(NewAsset),
    UpdateAsset(AssetChange),
    CreateBooking(NewBooking),
    RescheduleBooking(BookingChange),
    ApproveBooking {
        booking: BookingId,
    },
    RejectBooking {
        booking: BookingId,
        reason: Option<String>,
    },
    CancelBooking {
        booking: BookingId,
        reason: Option<String>,
    },
    /// `booking` is `None` where the body named something that is no booking id.
    CheckIn {
        booking: Option<BookingId>,
        condition_notes: Option<String>,
    },
    CheckOut {
        booking: Option<BookingId>,
        extra_cost_minor: Option<i64>,
    },
    AdjustCost {
        booking: BookingId,
        /// Not zero, within ±(2^53 − 1).
        amount_minor: i64,
        reason: String,
    },
    CreateReport(Box<NewReport>),
    ApproveReport {
        report: ReportId,
    },
    RejectReport {
        report: ReportId,
        reason: Option<String>,
    },
    CreateMaintenance(NewMaintenance),
    ChangeMaintenance(MaintenanceChange),
    StartMaintenance {
        maintenance: MaintenanceId,
    },
    CompleteMaintenance {
        maintenance: MaintenanceId,
    },
    /// A given reason takes the place of the one it was made for.
    CancelMaintenance {
        maintenance: MaintenanceId,
        reason: Option<String>,
    },
}

#[derive(Clone, PartialEq, Debug)]
pub struct NewAsset {
    pub name: String,
    pub category: String,
    pub owner_org_id: String,
    pub location_id: String,
    pub shared_with: Vec<String>,
    /// Canonical JSON of the terms as sent, shape already checked by [`crate::asset::terms`].
    pub booking_terms: Option<String>,
    /// The same of the schedule, by [`crate::asset::schedule`].
    pub maintenance_schedule: Option<String>,
}

/// A partial update: `None` = unchanged.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AssetChange {
    pub name: Option<String>,
    pub category: Option<String>,
    pub location_id: Option<String>,
    pub status: Option<AssetStatus>,
    /// `null` clears: the empty list.
    pub shared_with: Option<Vec<String>>,
    pub booking_terms: Option<Change<String>>,
    pub maintenance_schedule: Option<Change<String>>,
}

/// A present member that may be cleared.
#[derive(Clone, PartialEq, Debug)]
pub enum Change<T> {
    Set(T),
    Clear,
}

#[derive(Clone, PartialEq, Debug)]
pub struct NewBooking {
    pub user_id: String,
    pub window: Window,
    pub accept_terms: bool,
    pub terms_version: Option<u64>,
}

/// Another window for a booking: `None` = unchanged.
#[derive(Clone, PartialEq, Debug)]
pub struct BookingChange {
    pub booking: BookingId,
    pub start: Option<Timestamp>,
    pub end: Option<Timestamp>,
    pub accept_terms: Option<bool>,
}

impl Command {
    /// What kind of command it is, as operators read it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::RegisterAsset(_) => "register_asset",
            Self::UpdateAsset(_) => "update_asset",
            Self::CreateBooking(_) => "create_booking",
            Self::RescheduleBooking(_) => "reschedule_booking",
            Self::ApproveBooking { .. } => "approve_booking",
            Self::RejectBooking { .. } => "reject_booking",
            Self::CancelBooking { .. } => "cancel_booking",
            Self::CheckIn { .. } => "check_in",
            Self::CheckOut { .. } => "check_out",
            Self::AdjustCost { .. } => "adjust_cost",
            Self::CreateReport(_) => "create_report",
            Self::ApproveReport { .. } => "approve_report",
            Self::RejectReport { .. } => "reject_report",
            Self::CreateMaintenance(_) => "create_maintenance",
            Self::ChangeMaintenance(_) => "change_maintenance",
            Self::StartMaintenance { .. } => "start_maintenance",
            Self::CompleteMaintenance { .. } => "complete_maintenance",
            Self::CancelMaintenance { .. } => "cancel_maintenance",
        }
    }

    /// The bytes of all free text a command carries.
    pub fn text_bytes(&self) -> usize {
        fn of(text: Option<&String>) -> usize {
            text.map_or(0, String::len)
        }
        fn all(texts: &[String]) -> usize {
            texts.iter().map(String::len).sum()
        }
        fn set(change: Option<&Change<String>>) -> usize {
            match change {
                Some(Change::Set(text)) => text.len(),
                Some(Change::Clear) | None => 0,
            }
        }
        match self {
            Self::RegisterAsset(asset) => {
                asset.name.len()
                    + asset.category.len()
                    + asset.owner_org_id.len()
                    + asset.location_id.len()
                    + all(&asset.shared_with)
                    + of(asset.booking_terms.as_ref())
                    + of(asset.maintenance_schedule.as_ref())
            }
            Self::UpdateAsset(change) => {
                of(change.name.as_ref())
                    + of(change.category.as_ref())
                    + of(change.location_id.as_ref())
                    + change.shared_with.as_deref().map_or(0, all)
                    + set(change.booking_terms.as_ref())
                    + set(change.maintenance_schedule.as_ref())
            }
            Self::CreateBooking(booking) => booking.user_id.len(),
            Self::CancelBooking { reason: text, .. }
            | Self::RejectBooking { reason: text, .. }
            | Self::RejectReport { reason: text, .. }
            | Self::CancelMaintenance { reason: text, .. }
            | Self::CheckIn { condition_notes: text, .. } => of(text.as_ref()),
            Self::AdjustCost { reason, .. } => reason.len(),
            Self::CreateReport(report) => report.text_bytes(),
            Self::CreateMaintenance(new) => of(new.reason.as_ref()),
            Self::RescheduleBooking(_)
            | Self::ApproveBooking { .. }
            | Self::CheckOut { .. }
            | Self::ApproveReport { .. }
            | Self::ChangeMaintenance(_)
            | Self::StartMaintenance { .. }
            | Self::CompleteMaintenance { .. } => 0,
        }
    }
}
