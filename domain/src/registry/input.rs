//! From what a request says to what is asked: names, queries and bodies in, commands and selections
//! out.
//!
//! All that can be wrong without looking at the registry is found here, and all of it at once. Who
//! calls has split and decoded the URL and parsed the JSON; this file does neither. Each function is
//! one route; its errors are the findings, never none.

mod assets;
mod associations;
mod document;
mod path;
mod query;
mod types;

use serde_json::Value;

use super::{Finding, Findings};

pub use assets::{
    all_assets, asset_name, assets_by_codes, assets_by_codes_body, assets_by_types,
    assets_by_types_body, assets_of_type, delete_asset, delete_assets, patch_asset, post_asset,
    post_assets,
};
pub use associations::{
    association_ends, delete_association, delete_associations_from, far, far_of_type,
    post_association, post_associations, post_associations_from, sync,
};
pub use types::{
    delete_type, delete_types, patch_type, post_type, post_types, type_code, type_codes,
    type_codes_body,
};

/// A decoded part of the path; `None` when it is not UTF-8.
pub type Segment<'a> = Option<&'a str>;

/// The two parts of a path that name an asset.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NameSegments<'a> {
    pub ty: Segment<'a>,
    pub code: Segment<'a>,
}

/// A parsed body; `None` when it is not JSON.
pub type Body<'a> = Option<&'a Value>;

/// A name or value of a query that is not UTF-8 once decoded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotText;

/// A decoded query, in the order sent. Names are compared without regard to ASCII case; unknown ones
/// are passed over.
pub type Query<'a> = &'a [Result<(String, String), NotText>];

/// What was read, if nothing was found to be wrong with it.
fn settled<T>(read: Option<T>, findings: Findings) -> Result<T, Findings> {
    match read {
        Some(read) if findings.is_empty() => Ok(read),
        _ => Err(findings),
    }
}

/// Things of one batch may not name the same twice.
fn once<T: Eq + std::hash::Hash>(names: impl Iterator<Item = T>, findings: &mut Findings) {
    if !document::are_distinct(names) {
        findings.insert(Finding::DuplicateAsset);
    }
}
