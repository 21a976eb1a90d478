//! What is in memory of a registry: names and counts.

use std::{collections::HashMap, sync::Arc};

use imbl::OrdMap;

use super::{
    AssetKey, Change, Code, Index, Key, Row, TypeKey,
    row::{AssetRow, rows_of},
};
use crate::{chain::Chain, id::Tag, record::Record};

/// Equal to the fold of the registry's records.
#[derive(Clone, PartialEq, Debug)]
pub struct Registry {
    pub(super) chain: Chain,
    index: Index,
    /// How many associations an asset has at either end, where there are any; one with itself counts
    /// twice.
    degrees: HashMap<AssetKey, u32>,
    /// While rows are loaded: the assets of types that are not there yet.
    early: HashMap<TypeKey, OrdMap<Code, AssetKey>>,
    /// What the names take.
    names_bytes: usize,
}

impl Registry {
    /// The state before the first record.
    pub fn new(tag: Tag) -> Self {
        Self {
            chain: Chain::new(tag),
            index: Index::default(),
            degrees: HashMap::new(),
            early: HashMap::new(),
            names_bytes: 0,
        }
    }

    /// Takes in a row of the registry as it is now; in any order. For building the state from rows:
    /// afterwards [`Registry::follow`] the newest record.
    pub fn load(&mut self, change: &Change) {
        self.replace(change.key, None, change.row.as_deref());
    }

    /// The state goes on from this record, whose rows it has.
    pub fn follow(&mut self, newest: &Record) {
        self.chain.follow(newest);
    }

    /// Takes in the next record. `before`: the rows it changes as they were, as
    /// [`super::Verdict::Append`] has them, because the record says only which names begin.
    pub fn apply(&mut self, record: &Record, before: &[(Key, Option<Arc<Row>>)]) {
        self.chain.follow(record);
        for (change, (key, former)) in rows_of(record).iter().zip(before) {
            debug_assert_eq!(change.key, *key, "one for each row, in their order");
            self.replace(change.key, former.as_deref(), change.row.as_deref());
        }
    }

    pub fn index(&self) -> &Index {
        &self.index
    }

    pub fn version(&self) -> u64 {
        self.chain.version
    }

    pub fn tag(&self) -> Tag {
        self.chain.tag
    }

    /// An estimate of the memory it holds.
    pub fn bytes(&self) -> usize {
        self.names_bytes + self.degrees.len() * size_of::<(AssetKey, u32)>() * 2
    }

    /// Whether an association has it at either end.
    pub(super) fn is_associated(&self, asset: AssetKey) -> bool {
        self.degrees.contains_key(&asset)
    }

    fn replace(&mut self, key: Key, before: Option<&Row>, after: Option<&Row>) {
        match key {
            Key::Type(key) => {
                self.replace_type(key, before.and_then(Row::code), after.and_then(Row::code));
            }
            Key::Asset(key) => {
                self.replace_asset(key, before.and_then(Row::asset), after.and_then(Row::asset));
            }
            Key::From(from, to) => {
                if before.is_some() != after.is_some() {
                    self.count(from, after.is_some());
                    self.count(to, after.is_some());
                }
            }
            // The same association, from its other end.
            Key::To(..) => {}
        }
    }

    fn replace_type(&mut self, key: TypeKey, before: Option<&Code>, after: Option<&Code>) {
        self.names_bytes += after.map_or(0, name_bytes);
        self.names_bytes -= before.map_or(0, name_bytes);
        match (before, after) {
            (None, Some(code)) => {
                let assets = self.early.remove(&key).unwrap_or_default();
                self.index.add_type(key, code, assets);
            }
            (Some(from), Some(to)) if from != to => self.index.rename_type(key, from, to),
            (Some(code), None) => self.index.remove_type(key, code),
            _ => {}
        }
    }

    fn replace_asset(
        &mut self,
        key: AssetKey,
        before: Option<AssetRow<'_>>,
        after: Option<AssetRow<'_>>,
    ) {
        let [before, after] = [before, after].map(|row| row.map(|row| (row.ty, row.code)));
        if before == after {
            return;
        }
        if let Some((ty, code)) = before {
            self.names_bytes -= name_bytes(code);
            self.index.assets_mut(ty).and_then(|assets| assets.remove(code));
        }
        if let Some((ty, code)) = after {
            self.names_bytes += name_bytes(code);
            match self.index.assets_mut(ty) {
                Some(assets) => assets.insert(code.clone(), key),
                None => self.early.entry(ty).or_default().insert(code.clone(), key),
            };
        }
    }

    /// One association more or less.
    fn count(&mut self, asset: AssetKey, more: bool) {
        let degree = self.degrees.entry(asset).or_default();
        *degree = if more { *degree + 1 } else { degree.saturating_sub(1) };
        if *degree == 0 {
            self.degrees.remove(&asset);
        }
    }
}

/// What a name takes, with its place in a tree.
fn name_bytes(code: &Code) -> usize {
    const PLACE: usize = 64;
    PLACE + code.as_str().len()
}
