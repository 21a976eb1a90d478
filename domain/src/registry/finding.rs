//! What can be wrong with a request, in the words of the error bodies, and why a command is refused.

use std::collections::BTreeSet;

/// The order is that of the error arrays.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Finding {
    InvalidJson,
    UnknownField,
    MissingType,
    MissingCode,
    InvalidType,
    InvalidCode,
    TypeMismatch,
    CodeMismatch,
    AssetTypeNotFound,
    AssetExists,
    AssetTypeExists,
    DuplicateAsset,
    MissingApplication,
    DuplicateApplication,
    MissingIdName,
    DuplicateId,
    InvalidParameter,
    /// More is asked for than one record may hold.
    TooManyChanges,
    AssetInUse,
    AssetTypeInUse,
    AssetBooked,
}

impl Finding {
    /// As the error array has it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::InvalidJson => "InvalidJson",
            Self::UnknownField => "UnknownField",
            Self::MissingType => "MissingType",
            Self::MissingCode => "MissingCode",
            Self::InvalidType => "InvalidType",
            Self::InvalidCode => "InvalidCode",
            Self::TypeMismatch => "TypeMismatch",
            Self::CodeMismatch => "CodeMismatch",
            Self::AssetTypeNotFound => "AssetTypeNotFound",
            Self::AssetExists => "AssetExists",
            Self::AssetTypeExists => "AssetTypeExists",
            Self::DuplicateAsset => "DuplicateAsset",
            Self::MissingApplication => "MissingApplication",
            Self::DuplicateApplication => "DuplicateApplication",
            Self::MissingIdName => "MissingIdName",
            Self::DuplicateId => "DuplicateId",
            Self::InvalidParameter => "InvalidParameter",
            Self::TooManyChanges => "TooManyChanges",
            Self::AssetInUse => "AssetInUse",
            Self::AssetTypeInUse => "AssetTypeInUse",
            Self::AssetBooked => "AssetBooked",
        }
    }
}

/// Each at most once, in the order of the error arrays.
pub type Findings = BTreeSet<Finding>;

/// Why a command changes nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// What the request is about does not exist.
    NotFound,
    /// The request is not valid. Never empty.
    Invalid(Findings),
    /// It is in use. Never empty.
    Conflict(Findings),
}

impl From<Finding> for Refusal {
    fn from(finding: Finding) -> Self {
        Self::Invalid(Findings::from([finding]))
    }
}
