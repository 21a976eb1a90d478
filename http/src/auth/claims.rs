//! The claims of a token, read strictly: a claim of a wrong type is no token.

use holdfast_domain::{Locations, Principal, Role, Roles};
use serde::{Deserialize, Deserializer};

use crate::{
    error::ApiError,
    permissions::{ASSET_WRITE, Scopes},
};

/// Stands for the issuer of tokens without `iss`.
const NO_ISSUER: &str = "local";
const NAME_CHARACTERS_MAX: usize = 128;

#[derive(Deserialize)]
pub(super) struct Claims {
    sub: String,
    org_id: String,
    #[serde(default)]
    pub(super) scope: String,
    // A present null is a wrong type, not an absent claim: absence of `roles` grants.
    #[serde(default, deserialize_with = "present")]
    roles: Option<Vec<String>>,
    #[serde(default, deserialize_with = "present")]
    locations: Option<OneOrMany>,
    pub(super) exp: f64,
    #[serde(default, deserialize_with = "present")]
    pub(super) nbf: Option<f64>,
    #[serde(default, deserialize_with = "present")]
    iss: Option<String>,
    #[serde(default, deserialize_with = "present")]
    aud: Option<OneOrMany>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    fn contains(&self, name: &str) -> bool {
        match self {
            Self::One(one) => one == name,
            Self::Many(many) => many.iter().any(|one| one == name),
        }
    }
}

impl Claims {
    pub(super) fn check(
        &self,
        issuer: Option<&str>,
        audience: Option<&str>,
    ) -> Result<(), ApiError> {
        for name in [&self.sub, &self.org_id] {
            if name.trim().is_empty() || name.chars().count() > NAME_CHARACTERS_MAX {
                return Err(ApiError::InvalidToken("sub and org_id must be 1 to 128 characters."));
            }
        }
        if matches!(&self.locations, Some(OneOrMany::One(one)) if one != "*") {
            return Err(ApiError::InvalidToken("locations must be a list or \"*\"."));
        }
        if self.iss.as_deref() == Some("")
            || issuer.is_some_and(|it| self.iss.as_deref() != Some(it))
        {
            return Err(ApiError::InvalidToken("The token is from another issuer."));
        }
        if audience.is_some_and(|it| !self.aud.as_ref().is_some_and(|aud| aud.contains(it))) {
            return Err(ApiError::InvalidToken("The token is for another audience."));
        }
        Ok(())
    }

    pub(super) fn into_principal(self, scopes: Scopes) -> Principal {
        let roles = match self.roles {
            Some(names) => names.iter().filter_map(|name| role(name)).fold(member(), Roles::with),
            None if scopes.has(ASSET_WRITE) => member().with(Role::Manager),
            None => member(),
        };
        let locations = match self.locations {
            Some(OneOrMany::Many(these)) if !these.iter().any(|one| one == "*") => {
                Locations::These(these.into_iter().collect())
            }
            _ => Locations::All,
        };
        Principal {
            issuer: self.iss.unwrap_or_else(|| NO_ISSUER.to_owned()),
            subject: self.sub,
            org: self.org_id,
            roles,
            locations,
        }
    }
}

/// Everybody with a token is a member.
fn member() -> Roles {
    Roles::default().with(Role::Member)
}

/// Roles of other systems in the same token are none of ours.
fn role(name: &str) -> Option<Role> {
    match name {
        "member" => Some(Role::Member),
        "manager" => Some(Role::Manager),
        "admin" => Some(Role::Admin),
        "auditor" => Some(Role::Auditor),
        "operator" => Some(Role::Operator),
        _ => None,
    }
}

fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}
