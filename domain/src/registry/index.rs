//! The names of a registry. A copy costs nothing and shows one moment for ever.

use std::sync::Arc;

use imbl::OrdMap;

use super::{AssetKey, AssetName, Code, TypeKey};

/// Names to internal ids, in the order of lists.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Index {
    pub(super) types: OrdMap<Code, Arc<TypeEntry>>,
    pub(super) names: OrdMap<TypeKey, Code>,
}

/// A type and the names of its assets.
#[derive(Clone, PartialEq, Debug)]
pub struct TypeEntry {
    pub key: TypeKey,
    pub(super) assets: OrdMap<Code, AssetKey>,
}

impl Index {
    pub fn asset(&self, name: &AssetName) -> Option<AssetKey> {
        self.types.get(&name.ty)?.assets.get(&name.code).copied()
    }

    pub fn asset_type(&self, code: &Code) -> Option<TypeKey> {
        self.types.get(code).map(|entry| entry.key)
    }

    /// The name of a type.
    pub fn code(&self, key: TypeKey) -> Option<&Code> {
        self.names.get(&key)
    }

    /// A new type under its name, with the assets it has already.
    pub(super) fn add_type(&mut self, key: TypeKey, code: &Code, assets: OrdMap<Code, AssetKey>) {
        self.names.insert(key, code.clone());
        self.types.insert(code.clone(), Arc::new(TypeEntry { key, assets }));
    }

    /// Its assets go along.
    pub(super) fn rename_type(&mut self, key: TypeKey, from: &Code, to: &Code) {
        if let Some(entry) = self.types.remove(from) {
            self.names.insert(key, to.clone());
            self.types.insert(to.clone(), entry);
        }
    }

    pub(super) fn remove_type(&mut self, key: TypeKey, code: &Code) {
        self.names.remove(&key);
        self.types.remove(code);
    }

    /// The names of the assets of a type; `None` when there is no such type.
    pub(super) fn assets_mut(&mut self, ty: TypeKey) -> Option<&mut OrdMap<Code, AssetKey>> {
        let entry = self.types.get_mut(self.names.get(&ty)?)?;
        Some(&mut Arc::make_mut(entry).assets)
    }
}
