//! Every business refusal, as a value. Status codes and wording belong to `http/src/problem.rs`.

use serde::{Deserialize, Serialize};

use crate::{id::BookingId, time::Timestamp};

/// Why a command was refused. Closed: a new variant does not compile until `http` gives it a status.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Rejection {
    /// The resource in the path is absent or invisible, which must look the same.
    NotFound,
    /// The `booking_id` of the body is not a visible booking of this asset.
    BookingNotFound,
    /// A member acts for another user.
    ForbiddenUser,
    ForbiddenRole,
    /// Into a location or org that the token does not reach.
    ForbiddenLocation,
    TermsNotAccepted,
    TermsChanged {
        current: u64,
    },
    /// The claim meets others; `conflicts` holds the first ten by start and is never empty.
    Overlap {
        conflicts: Vec<Conflict>,
        next_available: Option<Window>,
    },
    DeadlinePassed {
        now: Timestamp,
        deadline_at: Timestamp,
    },
    AssetUnavailable {
        status: crate::asset::AssetStatus,
    },
    AssetInUse,
    AssetHasLiveBookings,
    InvalidTransition {
        current_status: String,
    },
    CancelCutoffPassed,
    DurationOutOfRange {
        limit_minutes: u32,
    },
    TooFarAhead {
        limit_minutes: u32,
    },
    /// `If-Match` is missing.
    PreconditionRequired,
    PreconditionFailed,
    /// The key was used for another request.
    KeyReused,
    /// The request is well-formed but its members contradict each other or the state.
    Invalid(Vec<Finding>),
    /// Never leaves the engine: this tag already carries an asset made under another key.
    TagTaken,
}

impl Rejection {
    /// Whether it is kept under the Idempotency-Key ("stored" in the table of error codes).
    pub const fn is_stored(&self) -> bool {
        matches!(
            self,
            Self::TermsNotAccepted
                | Self::TermsChanged { .. }
                | Self::Overlap { .. }
                | Self::DeadlinePassed { .. }
                | Self::AssetUnavailable { .. }
                | Self::AssetInUse
                | Self::AssetHasLiveBookings
                | Self::InvalidTransition { .. }
                | Self::CancelCutoffPassed
        )
    }
}

/// Half-open: `[start, end)`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Window {
    pub start: Timestamp,
    pub end: Timestamp,
}

impl Window {
    pub fn overlaps(self, other: Window) -> bool {
        self.start < other.end && other.start < self.end
    }
}

/// A claim in the way. Never shows user, notes or cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Conflict {
    pub booking: BookingId,
    pub claim: Window,
}

/// One thing wrong with a body member.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Finding {
    /// `#/member`
    pub pointer: String,
    pub reason: String,
}
