//! Who asks: the verified claims of a token, as the rules of visibility and role need them.
//!
//! Scopes are not here: they guard routes, and routes belong to `http`.

use std::collections::BTreeSet;

/// The caller of one request. All strings are non-empty.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Principal {
    pub issuer: String,
    pub subject: String,
    pub org: String,
    pub roles: Roles,
    pub locations: Locations,
}

impl Principal {
    /// Manager or admin (of the own org, in the own locations; the caller checks those).
    pub fn manages(&self) -> bool {
        self.roles.has(Role::Manager) || self.roles.has(Role::Admin)
    }
}

/// Roles add up; `Member` is what everybody with a token is at least.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    Member = 1,
    Manager = 2,
    Admin = 4,
    Auditor = 8,
    Operator = 16,
}

/// A set of [`Role`]s.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Roles(u8);

impl Roles {
    #[must_use]
    pub const fn with(self, role: Role) -> Self {
        Self(self.0 | role as u8)
    }

    pub const fn has(self, role: Role) -> bool {
        self.0 & role as u8 != 0
    }
}

/// The locations of the own org that a token reaches.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Locations {
    /// `"*"`, or the claim was absent.
    All,
    These(BTreeSet<String>),
}

impl Locations {
    pub fn contain(&self, location: &str) -> bool {
        match self {
            Self::All => true,
            Self::These(these) => these.contains(location),
        }
    }
}
