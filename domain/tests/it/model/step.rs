//! What is asked, by whom, when, under which key and against which version.

use std::sync::Arc;

use holdfast_domain::asset::{ApproverRole, AssetStatus, BookingDocument};

use super::terms::Rules;

#[derive(Clone, Debug)]
pub(super) struct Step {
    /// What the caller's clock shows, in milliseconds.
    pub(super) clock: i64,
    pub(super) caller: &'static str,
    pub(super) key: String,
    pub(super) matches: Match,
    pub(super) ask: Ask,
}

/// `If-Match`.
#[derive(Clone, Debug)]
pub(super) enum Match {
    Any,
    Missing,
    Version(u64),
}

/// Bookings are named by number from 0; one that was never made stands for unknown ones.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Ask {
    Book { user: &'static str, start: i64, end: i64, accept: bool, terms: Option<u64> },
    Move { n: usize, start: Option<i64>, end: Option<i64>, accept: Option<bool> },
    Approve(usize),
    Reject(usize, Option<String>),
    Cancel(usize),
    CheckIn(usize, Option<String>),
    CheckOut(usize, Option<i64>),
    Adjust(usize, i64),
    Status(AssetStatus),
    Share(Vec<&'static str>),
    Terms(Arc<Rules>),
    Quote { start: i64, end: i64 },
    Availability { from: i64, to: i64 },
}

impl Ask {
    pub(super) fn booking(&self) -> Option<usize> {
        match self {
            Self::Move { n, .. }
            | Self::Approve(n)
            | Self::Reject(n, _)
            | Self::Cancel(n)
            | Self::CheckIn(n, _)
            | Self::CheckOut(n, _)
            | Self::Adjust(n, _) => Some(*n),
            _ => None,
        }
    }

    /// Whether there can be such a booking; an id in no form stands for none.
    pub(super) fn names_one_of(&self, bookings: usize) -> bool {
        self.booking().is_none_or(|n| n <= bookings || n == usize::MAX)
    }
}

/// What the rules need to know of one of the cast.
pub(super) struct Caller {
    pub(super) subject: &'static str,
    pub(super) org: &'static str,
    role: &'static str,
    is_far: bool,
}

impl Caller {
    pub(super) fn of(name: &'static str) -> Self {
        let (subject, org, role, is_far) = match name {
            "ann" | "bob" => (name, "org_1", "member", false),
            "boss" | "near-boss" => (name, "org_1", "manager", false),
            "chief" => (name, "org_1", "admin", false),
            "auditor" => (name, "org_1", "auditor", false),
            "far-ann" => ("ann", "org_1", "member", true),
            "far-boss" => (name, "org_1", "manager", true),
            "guest" => (name, "org_2", "member", false),
            "guest-ann" => ("ann", "org_2", "member", false),
            "guest-boss" => (name, "org_2", "manager", false),
            _ => unreachable!("not of the cast"),
        };
        Self { subject, org, role, is_far }
    }

    /// Of the owner's org, and reaching the asset's location.
    pub(super) fn is_near(&self) -> bool {
        self.org == "org_1" && !self.is_far
    }

    pub(super) fn manages(&self) -> bool {
        self.is_near() && ["manager", "admin"].contains(&self.role)
    }

    pub(super) fn inspects(&self) -> bool {
        self.manages() || (self.is_near() && self.role == "auditor")
    }

    pub(super) fn owns(&self, doc: &BookingDocument) -> bool {
        doc.user_id == self.subject && doc.org_id == self.org
    }

    pub(super) fn has(&self, roles: &[ApproverRole]) -> bool {
        roles.iter().any(|role| match role {
            ApproverRole::Manager => self.role == "manager",
            ApproverRole::Admin => self.role == "admin",
        })
    }
}
