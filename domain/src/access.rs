//! Who may see and do what: visibility and roles, as pure rules over a [`Principal`] and an asset's
//! owner, location and sharing. Scopes guard routes and live in `http`.

use crate::principal::{Principal, Role};

/// The facts of an asset that visibility depends on.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    pub owner_org: &'a str,
    pub location: &'a str,
    /// Org ids, or `"*"`.
    pub shared_with: &'a [String],
}

/// The asset is of the caller's org and in one of its locations: roles count only here.
pub fn is_own(principal: &Principal, place: Place<'_>) -> bool {
    place.owner_org == principal.org && principal.locations.contain(place.location)
}

/// Own, or shared with the caller's org or everybody.
pub fn is_visible(principal: &Principal, place: Place<'_>) -> bool {
    is_own(principal, place)
        || place.shared_with.iter().any(|org| org == "*" || *org == principal.org)
}

/// Manager or admin of this asset: every booking, for anybody.
pub fn manages(principal: &Principal, place: Place<'_>) -> bool {
    principal.manages() && is_own(principal, place)
}

/// Sees every booking of the asset and its audit log.
pub fn inspects(principal: &Principal, place: Place<'_>) -> bool {
    may_inspect(principal) && is_own(principal, place)
}

/// Inspects some asset of its org, if there is one within its reach.
pub fn may_inspect(principal: &Principal) -> bool {
    principal.manages() || principal.roles.has(Role::Auditor)
}

/// The booking is the caller's own; that stays so when its asset stops being visible.
pub fn owns_booking(principal: &Principal, org_id: &str, user_id: &str) -> bool {
    principal.org == org_id && principal.subject == user_id
}
