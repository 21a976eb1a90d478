//! What the naive registry shows, as canonical JSON.

use std::collections::BTreeSet;

use holdfast_domain::registry::{AssetName, Code, Command, Direction, Far, Selection};
use serde_json::{Map, Value, json};

use super::{
    dice::{FROM, TO, all_names},
    naive::{Entries, Model, Name, insert_map, plain},
};

pub(super) fn canonical(document: &Value) -> String {
    serde_json_canonicalizer::to_string(document).unwrap()
}

impl Model {
    pub(super) fn asset(&self, name: &AssetName) -> Option<String> {
        let name = plain(name);
        self.assets.contains_key(&name).then(|| canonical(&self.asset_document(&name)))
    }

    pub(super) fn assets(&self, selection: &Selection) -> String {
        let chosen = |choice: &Option<BTreeSet<Code>>, text: &String| {
            choice.as_ref().is_none_or(|codes| codes.iter().any(|code| code.as_str() == text))
        };
        let assets = self.assets.iter().filter(|((ty, code), entries)| {
            chosen(&selection.types, ty)
                && chosen(&selection.codes, code)
                && keeps(entries, &selection.apps)
        });
        let documents: Vec<_> =
            assets.map(|(name, _)| canonical(&self.asset_document(name))).collect();
        documents.join(",")
    }

    pub(super) fn types(&self, codes: Option<&BTreeSet<Code>>) -> String {
        let chosen = self.types.keys().filter(|ty| {
            codes.is_none_or(|codes| codes.iter().any(|code| code.as_str() == ty.as_str()))
        });
        let documents: Vec<_> = chosen.map(|code| self.type_document(code)).collect();
        canonical(&documents.into())
    }

    pub(super) fn association(&self, from: &AssetName, to: &AssetName) -> Option<String> {
        let (from, to) = (plain(from), plain(to));
        let entries = self.links.get(&(from.clone(), to.clone()))?;
        let mut document = association(entries);
        document.insert("FromAsset".into(), self.asset_document(&from));
        document.insert("ToAsset".into(), self.asset_document(&to));
        Some(canonical(&document.into()))
    }

    pub(super) fn list(&self, root: &AssetName, direction: Direction, far: &Far) -> Option<String> {
        let root = plain(root);
        self.assets.get(&root)?;
        let mut entries = Vec::new();
        for ((from, to), context) in &self.links {
            let (near, end, member) = match direction {
                Direction::From => (from, to, "ToAsset"),
                Direction::To => (to, from, "FromAsset"),
            };
            if *near == root && shows(far, end, context) {
                let mut document = association(context);
                document.insert(member.into(), self.asset_document(end));
                entries.push((end, Value::Object(document)));
            }
        }
        entries.sort_by_key(|(end, _)| *end);
        let entries: Vec<_> = entries.into_iter().map(|(_, document)| document).collect();
        Some(self.rooted(&root, entries))
    }

    pub(super) fn transitive(&self, root: &AssetName, far: &Far) -> Option<String> {
        let root = plain(root);
        self.assets.get(&root)?;
        let mut reached = BTreeSet::from([&root]);
        // To a fixpoint, however long it takes.
        loop {
            let known = reached.len();
            for (from, to) in self.links.keys() {
                if reached.contains(from) {
                    reached.insert(to);
                }
            }
            if reached.len() == known {
                break;
            }
        }
        let mut entries = Vec::new();
        for ((from, to), context) in &self.links {
            if reached.contains(from) && shows(far, to, context) {
                let mut document = association(context);
                document.insert("FromAsset".into(), json!({"Type": from.0, "Code": from.1}));
                document.insert("ToAsset".into(), self.asset_document(to));
                entries.push(Value::Object(document));
            }
        }
        Some(self.rooted(&root, entries))
    }

    /// Everything there is.
    pub(super) fn whole(&self) -> String {
        let mut all = self.types(None);
        for name in all_names() {
            all.push_str(&self.asset(&name).unwrap_or_else(|| "-".into()));
            for direction in [FROM, TO] {
                all.push_str(&self.list(&name, direction, &Far::default()).unwrap_or_default());
            }
        }
        all
    }

    /// What a command may change: a rename changes what carries the name, not what refers to it.
    pub(super) fn documents(&self, command: &Command) -> BTreeSet<String> {
        let mut documents: Vec<_> =
            self.types.keys().map(|code| self.type_document(code)).collect();
        if !matches!(command, Command::ReplaceType { .. }) {
            documents.extend(self.assets.keys().map(|name| self.asset_document(name)));
        }
        if !matches!(command, Command::ReplaceType { .. } | Command::ReplaceAsset { .. }) {
            documents.extend(self.links.iter().map(|((from, to), context)| {
                let mut document = association(context);
                document.insert("FromAsset".into(), json!({"Type": from.0, "Code": from.1}));
                document.insert("ToAsset".into(), json!({"Type": to.0, "Code": to.1}));
                Value::Object(document)
            }));
        }
        documents.iter().map(canonical).collect()
    }

    fn rooted(&self, root: &Name, entries: Vec<Value>) -> String {
        let mut document = Map::new();
        if !entries.is_empty() {
            document.insert("Associations".into(), entries.into());
        }
        document.insert("Root".into(), self.asset_document(root));
        canonical(&document.into())
    }

    fn asset_document(&self, name: &Name) -> Value {
        let mut document = context(&self.assets[name]);
        document.insert("Type".into(), name.0.clone().into());
        document.insert("Code".into(), name.1.clone().into());
        document.into()
    }

    fn type_document(&self, code: &str) -> Value {
        let mut document = Map::new();
        document.insert("Code".into(), code.into());
        insert_map(&mut document, "Metadata", &self.types[code]);
        document.into()
    }
}

fn shows(far: &Far, end: &Name, context: &Entries) -> bool {
    (far.types.is_empty() || far.types.iter().any(|ty| ty.as_str() == end.0))
        && keeps(context, &far.apps)
}

fn keeps(context: &Entries, apps: &BTreeSet<String>) -> bool {
    apps.is_empty() || context.iter().any(|(app, _)| apps.contains(app))
}

fn context(entries: &Entries) -> Map<String, Value> {
    let mut document = Map::new();
    if !entries.is_empty() {
        let entries: Vec<_> = entries.iter().map(|(_, entry)| entry.clone()).collect();
        document.insert("Context".into(), entries.into());
    }
    document
}

fn association(entries: &Entries) -> Map<String, Value> {
    let mut document = Map::new();
    if !entries.is_empty() {
        document.insert("Association".into(), context(entries).into());
    }
    document
}
