//! The asset registry: types, assets with context per application, and associations between them.
//!
//! One aggregate per org, with records of its own in the same log. What it consists of are rows
//! ([`Key`], [`Row`]): one per type, asset and association. In memory are only the names and how many
//! associations each asset has ([`Registry`]); a command is decided from those and from the rows it
//! reads ([`Rows`]). Names stand in one row each and everything else names internal ids, so that a
//! rename costs the same whatever refers to it.
//!
//! Nothing here knows HTTP, a store or a clock.

mod code;
mod command;
mod context;
mod decide;
mod document;
mod finding;
mod index;
pub mod input;
mod read;
mod row;
mod state;
mod stored;

pub use code::Code;
pub use command::{
    AppContext, AssetName, Association, Command, Context, FarFilter, NamedValues, NewAsset,
    Removal, SyncTo,
};
pub use decide::{Verdict, decide};
pub use finding::{Finding, Findings, Refusal};
pub use index::{Index, TypeEntry};
pub use read::{
    AssetPage, Direction, Far, Listing, Selection, asset, asset_exists, asset_page, asset_type,
    asset_types, association, association_page, listing, transitive, transitive_listing,
};
pub use row::{AssetKey, Change, Key, RegistryEvent, Row, Rows, RowsError, TypeKey, rows_of};
pub use state::Registry;
