//! Reads of a registry as of one moment: pure functions of its names and rows, which make the JSON
//! that is served. Long lists are made page by page, so that whoever sends them holds one page.

mod assets;
mod associations;
mod listing;
mod types;

use std::collections::BTreeSet;

pub use assets::{asset, asset_exists, asset_page};
pub use associations::{association, association_page, transitive};
pub use listing::{Listing, listing, transitive_listing};
pub use types::{asset_type, asset_types};

use super::{AssetName, Code, FarFilter};

/// Which assets. `apps`: only those for which one of these keeps something (none: all).
#[derive(Clone, PartialEq, Debug)]
pub struct Selection {
    /// `None`: of all types.
    pub types: Option<BTreeSet<Code>>,
    /// `None`: all of those types.
    pub codes: Option<BTreeSet<Code>>,
    pub apps: BTreeSet<String>,
}

/// Part of a list: documents with commas between them, and where the next part begins. There is a next
/// part only when it is not empty.
#[derive(Clone, PartialEq, Debug)]
pub struct AssetPage {
    pub json: Vec<u8>,
    pub next: Option<AssetName>,
}

/// From which end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    From,
    To,
}

/// Which associations of an asset: with far ends of these types, and for which one of these
/// applications keeps something (none: all).
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Far {
    pub types: FarFilter,
    pub apps: BTreeSet<String>,
}
