//! What may be asked of an asset. Shapes are already checked (lengths, types, unknown members);
//! rules are not.

use crate::{asset::AssetStatus, id::BookingId, rejection::Window, time::Timestamp};

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
    /// The bytes of all free text a command carries.
    pub fn text_bytes(&self) -> usize {
        fn of(text: Option<&String>) -> usize {
            text.map_or(0, String::len)
        }
        fn all(texts: &[String]) -> usize {
            texts.iter().map(String::len).sum()
        }
        match self {
            Self::RegisterAsset(asset) => {
                asset.name.len()
                    + asset.category.len()
                    + asset.owner_org_id.len()
                    + asset.location_id.len()
                    + all(&asset.shared_with)
                    + of(asset.booking_terms.as_ref())
            }
            Self::UpdateAsset(change) => {
                let terms = match &change.booking_terms {
                    Some(Change::Set(terms)) => terms.len(),
                    Some(Change::Clear) | None => 0,
                };
                of(change.name.as_ref())
                    + of(change.category.as_ref())
                    + of(change.location_id.as_ref())
                    + change.shared_with.as_deref().map_or(0, all)
                    + terms
            }
            Self::CreateBooking(booking) => booking.user_id.len(),
            Self::CancelBooking { reason: text, .. }
            | Self::RejectBooking { reason: text, .. }
            | Self::CheckIn { condition_notes: text, .. } => of(text.as_ref()),
            Self::AdjustCost { reason, .. } => reason.len(),
            Self::RescheduleBooking(_) | Self::ApproveBooking { .. } | Self::CheckOut { .. } => 0,
        }
    }
}
