//! The rules, as the contract has them.

use std::collections::{BTreeMap, BTreeSet};

use holdfast_domain::registry::{
    AppContext, AssetName, Association, Command, NewAsset, Removal, SyncTo,
};
use serde_json::{Map, Value};

/// Type and code.
pub(super) type Name = (String, String);
/// An application and what it keeps, as JSON.
pub(super) type Entries = Vec<(String, Value)>;

#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Model {
    pub(super) types: BTreeMap<String, BTreeMap<String, String>>,
    pub(super) assets: BTreeMap<Name, Entries>,
    pub(super) links: BTreeMap<(Name, Name), Entries>,
}

#[derive(PartialEq, Debug)]
pub(super) enum Told {
    NotFound,
    Invalid(&'static str),
    Conflict(&'static str),
}

type Outcome = Result<(), Told>;

impl Model {
    /// All of it or nothing. What was before it, or why not.
    pub(super) fn take(&mut self, command: &Command) -> Result<Self, Told> {
        let former = self.clone();
        let told = self.carry_out(command);
        match told {
            Ok(()) => Ok(former),
            Err(told) => {
                *self = former;
                Err(told)
            }
        }
    }

    fn carry_out(&mut self, command: &Command) -> Outcome {
        match command {
            Command::PutTypes(types) => {
                for (code, metadata) in types {
                    self.types.insert(code.as_str().into(), metadata.clone());
                }
                Ok(())
            }
            Command::ReplaceType { code, to, metadata } => {
                self.replace_type(code.as_str(), to.as_str(), metadata)
            }
            Command::DeleteType(code) => {
                if !self.types.contains_key(code.as_str()) {
                    return Err(Told::NotFound);
                }
                self.delete_types(&[code.as_str()])
            }
            Command::DeleteTypes(codes) => {
                self.delete_types(&codes.iter().map(|code| code.as_str()).collect::<Vec<_>>())
            }
            Command::PutAssets(assets) => assets.iter().try_for_each(|asset| self.put(asset)),
            Command::ReplaceAsset { name, to } => self.replace(&plain(name), to),
            Command::DeleteAsset { name, removal } => {
                if !self.assets.contains_key(&plain(name)) {
                    return Err(Told::NotFound);
                }
                self.delete(&[plain(name)], removal)
            }
            Command::DeleteAssets { ty, codes, removal } => {
                let name = |code: &str| (ty.as_str().to_owned(), code.to_owned());
                let names: Vec<_> = codes.iter().map(|code| name(code.as_str())).collect();
                self.delete(&names, removal)
            }
            Command::PutAssociations(all) => {
                all.iter().try_for_each(|Association { from, to, context }| {
                    self.put(from)?;
                    self.put(to)?;
                    self.link(&plain(&from.name), &plain(&to.name), context);
                    Ok(())
                })
            }
            Command::DeleteAssociation { from, to, removal } => {
                let ends = (plain(from), plain(to));
                if !self.links.contains_key(&ends) {
                    return Err(Told::NotFound);
                }
                self.unlink(|other| *other == ends, removal);
                Ok(())
            }
            Command::DeleteAssociationsFrom { from, types, removal } => {
                let from = plain(from);
                if !self.assets.contains_key(&from) {
                    return Err(Told::NotFound);
                }
                let types: BTreeSet<_> = types.iter().map(|code| code.as_str()).collect();
                let far = |to: &Name| types.is_empty() || types.contains(&*to.0);
                self.unlink(|(near, to)| *near == from && far(to), removal);
                Ok(())
            }
            Command::Sync(sync) => self.sync(sync),
        }
    }

    fn replace_type(
        &mut self,
        code: &str,
        to: &str,
        metadata: &BTreeMap<String, String>,
    ) -> Outcome {
        if self.types.remove(code).is_none() {
            return Err(Told::NotFound);
        }
        if self.types.contains_key(to) {
            return Err(Told::Invalid("AssetTypeExists"));
        }
        self.types.insert(to.into(), metadata.clone());
        self.rename(|name| {
            if name.0 == code {
                name.0 = to.into();
            }
        });
        Ok(())
    }

    fn rename(&mut self, renamed: impl Fn(&mut Name)) {
        let assets = std::mem::take(&mut self.assets).into_iter();
        self.assets = assets
            .map(|(mut name, entries)| {
                renamed(&mut name);
                (name, entries)
            })
            .collect();
        let links = std::mem::take(&mut self.links).into_iter();
        self.links = links
            .map(|((mut from, mut to), entries)| {
                renamed(&mut from);
                renamed(&mut to);
                ((from, to), entries)
            })
            .collect();
    }

    fn delete_types(&mut self, codes: &[&str]) -> Outcome {
        if self.assets.keys().any(|(ty, _)| codes.contains(&ty.as_str())) {
            return Err(Told::Conflict("AssetTypeInUse"));
        }
        self.types.retain(|code, _| !codes.contains(&code.as_str()));
        Ok(())
    }

    fn put(&mut self, asset: &NewAsset) -> Outcome {
        if !self.types.contains_key(asset.name.ty.as_str()) {
            return Err(Told::Invalid("AssetTypeNotFound"));
        }
        merge(self.assets.entry(plain(&asset.name)).or_default(), &asset.context);
        Ok(())
    }

    fn replace(&mut self, source: &Name, to: &NewAsset) -> Outcome {
        let target = plain(&to.name);
        if target.0 != source.0 && !self.types.contains_key(&target.0) {
            return Err(Told::Invalid("AssetTypeNotFound"));
        }
        if !self.assets.contains_key(source) {
            return Err(Told::NotFound);
        }
        if target != *source && self.assets.contains_key(&target) {
            return Err(Told::Invalid("AssetExists"));
        }
        self.assets.insert(source.clone(), to.context.iter().map(entry).collect());
        self.rename(|name| {
            if name == source {
                *name = target.clone();
            }
        });
        Ok(())
    }

    fn delete(&mut self, names: &[Name], removal: &Removal) -> Outcome {
        for name in names {
            let Some(entries) = self.assets.get_mut(name) else { continue };
            if take_away(entries, removal) {
                self.assets.remove(name);
                if self.links.keys().any(|(from, to)| from == name || to == name) {
                    return Err(Told::Conflict("AssetInUse"));
                }
            }
        }
        Ok(())
    }

    fn link(&mut self, from: &Name, to: &Name, context: &[AppContext]) {
        merge(self.links.entry((from.clone(), to.clone())).or_default(), context);
    }

    fn unlink(&mut self, chosen: impl Fn(&(Name, Name)) -> bool, removal: &Removal) {
        self.links.retain(|ends, entries| !(chosen(ends) && take_away(entries, removal)));
    }

    fn sync(&mut self, sync: &SyncTo) -> Outcome {
        if !self.types.contains_key(sync.ty.as_str()) {
            return Err(Told::Invalid("AssetTypeNotFound"));
        }
        self.put(&sync.from)?;
        let from = plain(&sync.from.name);
        let mut listed = BTreeSet::new();
        for (to, context) in &sync.associations {
            self.put(to)?;
            self.link(&from, &plain(&to.name), context);
            listed.insert(plain(&to.name));
        }
        let unlisted = |to: &Name| to.0 == sync.ty.as_str() && !listed.contains(to);
        self.unlink(|(near, to)| *near == from && unlisted(to), &sync.removal);
        Ok(())
    }
}

pub(super) fn plain(name: &AssetName) -> Name {
    (name.ty.as_str().into(), name.code.as_str().into())
}

fn merge(stored: &mut Entries, sent: &[AppContext]) {
    for (app, new) in sent.iter().map(entry) {
        match stored.iter_mut().find(|(other, _)| *other == app) {
            Some((_, old)) => *old = new,
            None => stored.push((app, new)),
        }
    }
}

/// Whether the thing goes as well.
fn take_away(entries: &mut Entries, removal: &Removal) -> bool {
    if removal.apps.is_empty() {
        return true;
    }
    let had = !entries.is_empty();
    entries.retain(|(app, _)| !removal.apps.contains(app));
    had && entries.is_empty() && removal.delete_on_empty
}

fn entry(sent: &AppContext) -> (String, Value) {
    let mut document = Map::new();
    document.insert("Application".into(), sent.application.clone().into());
    let groups = sent.ids.iter().map(|group| {
        let mut document = Map::new();
        document.insert("Name".into(), group.name.clone().into());
        insert_map(&mut document, "Values", &group.values);
        Value::Object(document)
    });
    let groups: Vec<_> = groups.collect();
    if !groups.is_empty() {
        document.insert("IDs".into(), groups.into());
    }
    insert_map(&mut document, "Metadata", &sent.metadata);
    (sent.application.clone(), document.into())
}

pub(super) fn insert_map(
    document: &mut Map<String, Value>,
    name: &str,
    map: &BTreeMap<String, String>,
) {
    if !map.is_empty() {
        let members = map.iter().map(|(key, value)| (key.clone(), value.clone().into()));
        document.insert(name.into(), Value::Object(members.collect()));
    }
}
