//! What may be asked of a registry. Shapes are already checked: see `input`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Code, context};
use crate::request::CommandText;

/// An asset as requests name it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AssetName {
    pub ty: Code,
    pub code: Code,
}

/// What applications keep: by application, in the order sent. No application twice.
pub type Context = Vec<AppContext>;

/// What one application keeps of an asset or an association. Serialises as it is stored and served.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AppContext {
    pub application: String,
    /// No name twice.
    #[serde(rename = "IDs", default, skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<NamedValues>,
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        serialize_with = "context::canonical_map"
    )]
    pub metadata: BTreeMap<String, String>,
}

/// A group of texts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct NamedValues {
    pub name: String,
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        serialize_with = "context::canonical_map"
    )]
    pub values: BTreeMap<String, String>,
}

/// An asset to add, or to merge with what is there.
#[derive(Clone, PartialEq, Debug)]
pub struct NewAsset {
    pub name: AssetName,
    pub context: Context,
}

/// An association to add, or to merge with what is there; so are the assets at its ends.
#[derive(Clone, PartialEq, Debug)]
pub struct Association {
    pub from: NewAsset,
    pub to: NewAsset,
    pub context: Context,
}

/// What a removal takes away. Without applications the things themselves; with them only what these
/// keep, and the things as well where `delete_on_empty` says so and this call left nothing.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Removal {
    pub apps: BTreeSet<String>,
    pub delete_on_empty: bool,
}

/// Which far ends a request is about: of these types (none: of all).
pub type FarFilter = BTreeSet<Code>;

/// The associations of one asset with all assets of one type, as they shall be.
#[derive(Clone, PartialEq, Debug)]
pub struct SyncTo {
    pub from: NewAsset,
    pub ty: Code,
    pub associations: Vec<(NewAsset, Context)>,
    pub removal: Removal,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Command {
    /// Adds types, or replaces their metadata. No code twice.
    PutTypes(Vec<(Code, BTreeMap<String, String>)>),
    /// Replaces a type's metadata, and renames it when the codes differ.
    ReplaceType {
        code: Code,
        to: Code,
        metadata: BTreeMap<String, String>,
    },
    DeleteType(Code),
    /// Those there are; the others are passed over.
    DeleteTypes(Vec<Code>),
    /// Adds or merges all or none. No name twice.
    PutAssets(Vec<NewAsset>),
    /// Replaces the whole context, and renames when the names differ.
    ReplaceAsset {
        name: AssetName,
        to: NewAsset,
    },
    DeleteAsset {
        name: AssetName,
        removal: Removal,
    },
    /// Those there are, all or none of them; the others are passed over.
    DeleteAssets {
        ty: Code,
        codes: Vec<Code>,
        removal: Removal,
    },
    /// Adds or merges all or none. No pair twice.
    PutAssociations(Vec<Association>),
    DeleteAssociation {
        from: AssetName,
        to: AssetName,
        removal: Removal,
    },
    /// Those there are.
    DeleteAssociationsFrom {
        from: AssetName,
        types: FarFilter,
        removal: Removal,
    },
    Sync(SyncTo),
}

impl Command {
    /// What kind of command it is, as operators read it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::PutTypes(_) => "put_types",
            Self::ReplaceType { .. } => "replace_type",
            Self::DeleteType(_) | Self::DeleteTypes(_) => "delete_types",
            Self::PutAssets(_) => "put_registered_assets",
            Self::ReplaceAsset { .. } => "replace_registered_asset",
            Self::DeleteAsset { .. } | Self::DeleteAssets { .. } => "delete_registered_assets",
            Self::PutAssociations(_) => "put_associations",
            Self::DeleteAssociation { .. } | Self::DeleteAssociationsFrom { .. } => {
                "delete_associations"
            }
            Self::Sync(_) => "synchronise_associations",
        }
    }
}

impl CommandText for Command {
    fn text_bytes(&self) -> usize {
        match self {
            Self::PutTypes(types) => {
                types.iter().map(|(code, metadata)| of_code(code) + of_map(metadata)).sum()
            }
            Self::ReplaceType { code, to, metadata } => {
                of_code(code) + of_code(to) + of_map(metadata)
            }
            Self::DeleteType(code) => of_code(code),
            Self::DeleteTypes(codes) => codes.iter().map(of_code).sum(),
            Self::PutAssets(assets) => assets.iter().map(of_asset).sum(),
            Self::ReplaceAsset { name, to } => of_name(name) + of_asset(to),
            Self::DeleteAsset { name, removal } => of_name(name) + of_removal(removal),
            Self::DeleteAssets { ty, codes, removal } => {
                of_code(ty) + codes.iter().map(of_code).sum::<usize>() + of_removal(removal)
            }
            Self::PutAssociations(associations) => {
                let of = |it: &Association| {
                    of_asset(&it.from) + of_asset(&it.to) + of_context(&it.context)
                };
                associations.iter().map(of).sum()
            }
            Self::DeleteAssociation { from, to, removal } => {
                of_name(from) + of_name(to) + of_removal(removal)
            }
            Self::DeleteAssociationsFrom { from, types, removal } => {
                of_name(from) + types.iter().map(of_code).sum::<usize>() + of_removal(removal)
            }
            Self::Sync(sync) => {
                let listed = sync.associations.iter();
                let listed = listed.map(|(to, context)| of_asset(to) + of_context(context));
                of_asset(&sync.from)
                    + of_code(&sync.ty)
                    + listed.sum::<usize>()
                    + of_removal(&sync.removal)
            }
        }
    }
}

/// What a text takes beside its bytes: very many empty ones are not for nothing.
const TEXT: usize = 32;

fn of_code(code: &Code) -> usize {
    TEXT + code.as_str().len()
}

fn of_name(name: &AssetName) -> usize {
    of_code(&name.ty) + of_code(&name.code)
}

fn of_map(map: &BTreeMap<String, String>) -> usize {
    map.iter().map(|(key, value)| 2 * TEXT + key.len() + value.len()).sum()
}

fn of_context(context: &[AppContext]) -> usize {
    let of_ids = |ids: &[NamedValues]| {
        ids.iter().map(|group| TEXT + group.name.len() + of_map(&group.values)).sum::<usize>()
    };
    let of = |entry: &AppContext| {
        TEXT + entry.application.len() + of_ids(&entry.ids) + of_map(&entry.metadata)
    };
    context.iter().map(of).sum()
}

fn of_asset(asset: &NewAsset) -> usize {
    of_name(&asset.name) + of_context(&asset.context)
}

fn of_removal(removal: &Removal) -> usize {
    removal.apps.iter().map(|app| TEXT + app.len()).sum()
}
