//! What may be asked of an asset. Shapes are already checked (lengths, types, unknown members);
//! rules are not.

use crate::{asset::AssetStatus, id::BookingId, rejection::Window};

#[derive(Clone, Debug)]
pub enum Command {
    RegisterAsset(NewAsset),
    UpdateAsset(AssetChange),
    CreateBooking(NewBooking),
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
