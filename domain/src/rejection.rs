//! Every business refusal, as a value. Status codes and wording belong to `http/src/problem.rs`.

use serde::{Deserialize, Serialize};

use crate::{
    id::{BookingId, MaintenanceId},
    time::Timestamp,
};

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
    /// Start or end (or both) lies outside of the opening hours; `open` are those of the days of the
    /// instants at fault.
    OutsideOpeningHours {
        start: bool,
        end: bool,
        open: Vec<Window>,
    },
    /// A member widens a booking that somebody approved.
    ApprovalRequired,
    /// The sum would lie outside of 0 to 2^53 − 1; the pointer names the member that makes it so.
    AmountOutOfRange {
        pointer: String,
    },
    /// No more of these on this resource.
    LimitReached {
        limit: u32,
    },
    /// Another report has corrected this one already.
    AlreadySuperseded,
    /// As `Overlap`, where a maintenance is among what is met.
    Blocked {
        conflicts: Vec<Taken>,
        next_available: Option<Window>,
    },
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
                | Self::ApprovalRequired
                | Self::LimitReached { .. }
                | Self::AlreadySuperseded
                | Self::Blocked { .. }
        )
    }

    /// The stable name in answers and in the audit log.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "NOT_FOUND",
            Self::BookingNotFound => "BOOKING_NOT_FOUND",
            Self::ForbiddenUser => "FORBIDDEN_USER",
            Self::ForbiddenRole => "FORBIDDEN_ROLE",
            Self::ForbiddenLocation => "FORBIDDEN_LOCATION",
            Self::TermsNotAccepted => "TERMS_NOT_ACCEPTED",
            Self::TermsChanged { .. } => "TERMS_CHANGED",
            Self::Overlap { .. } | Self::Blocked { .. } => "BOOKING_OVERLAP",
            Self::DeadlinePassed { .. } => "BOOKING_DEADLINE_PASSED",
            Self::AssetUnavailable { .. } => "ASSET_UNAVAILABLE",
            Self::AssetInUse => "ASSET_IN_USE",
            Self::AssetHasLiveBookings => "ASSET_HAS_LIVE_BOOKINGS",
            Self::InvalidTransition { .. } => "INVALID_TRANSITION",
            Self::CancelCutoffPassed => "CANCEL_CUTOFF_PASSED",
            Self::DurationOutOfRange { .. } => "DURATION_OUT_OF_RANGE",
            Self::TooFarAhead { .. } => "TOO_FAR_AHEAD",
            Self::PreconditionRequired => "PRECONDITION_REQUIRED",
            Self::PreconditionFailed => "PRECONDITION_FAILED",
            Self::KeyReused => "IDEMPOTENCY_KEY_REUSED",
            Self::Invalid(_) => "VALIDATION_FAILED",
            Self::TagTaken => "INTERNAL",
            Self::OutsideOpeningHours { .. } => "OUTSIDE_OPENING_HOURS",
            Self::ApprovalRequired => "APPROVAL_REQUIRED",
            Self::AmountOutOfRange { .. } => "AMOUNT_OUT_OF_RANGE",
            Self::LimitReached { .. } => "LIMIT_REACHED",
            Self::AlreadySuperseded => "ALREADY_SUPERSEDED",
        }
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
        if cfg!(feature = "planted-overlap-inclusive") {
            return self.start <= other.end && other.start <= self.end;
        }
        self.start < other.end && other.start < self.end
    }
}

/// A claim in the way. Never shows user, notes or cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Conflict {
    pub booking: BookingId,
    pub claim: Window,
}

/// The same where it may be a maintenance's.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Taken {
    pub by: Claimant,
    pub claim: Window,
}

/// Whose claim it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Claimant {
    Booking(BookingId),
    Maintenance(MaintenanceId),
}

/// The pointer to the member `name` below the pointer `at`: a JSON pointer as a URI fragment
/// (RFC 6901 section 6).
pub fn below(at: &str, name: &str) -> String {
    let mut pointer = format!("{at}/");
    for byte in name.bytes() {
        match byte {
            b'~' => pointer.push_str("~0"),
            b'/' => pointer.push_str("~1"),
            b'-' | b'.' | b'_' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b','
            | b';' | b'=' | b':' | b'@' | b'?' => pointer.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => pointer.push(char::from(byte)),
            byte => pointer.push_str(&format!("%{byte:02X}")),
        }
    }
    pointer
}

/// One thing wrong with a body member.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Finding {
    /// `#/member`
    pub pointer: String,
    pub reason: String,
}
