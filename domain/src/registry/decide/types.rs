//! Types: their metadata is replaced, never merged.

use std::collections::BTreeMap;

use super::{Stop, draft::Draft};
use crate::{
    record::Kind,
    registry::{Code, Finding, Findings, Key, Refusal, Row, TypeKey, context},
};

type Metadata = BTreeMap<String, String>;

pub(super) fn put(draft: &mut Draft<'_>, types: &[(Code, Metadata)]) -> Result<Kind, Stop> {
    for (code, metadata) in types {
        match draft.view.index.asset_type(code) {
            Some(key) => set(draft, key, code, metadata)?,
            None => {
                let key = Key::Type(TypeKey(draft.new_id()?));
                draft.set(key, None, Some(row(code, metadata)))?;
            }
        }
    }
    Ok(Kind::RegistryTypesDefined)
}

/// Its assets go along with it: they know it by its internal id.
pub(super) fn replace(
    draft: &mut Draft<'_>,
    code: &Code,
    to: &Code,
    metadata: &Metadata,
) -> Result<Kind, Stop> {
    let key = draft.view.index.asset_type(code).ok_or(Refusal::NotFound)?;
    if draft.view.index.asset_type(to).is_some_and(|taken| taken != key) {
        return Err(Finding::AssetTypeExists.into());
    }
    set(draft, key, to, metadata)?;
    Ok(Kind::RegistryTypeReplaced)
}

pub(super) fn delete_one(draft: &mut Draft<'_>, code: &Code) -> Result<Kind, Stop> {
    draft.view.index.asset_type(code).ok_or(Refusal::NotFound)?;
    delete(draft, std::slice::from_ref(code))
}

/// All or none of those there are.
pub(super) fn delete(draft: &mut Draft<'_>, codes: &[Code]) -> Result<Kind, Stop> {
    let entries: Vec<_> =
        codes.iter().filter_map(|code| draft.view.index.types.get(code)).collect();
    if entries.iter().any(|entry| !entry.assets.is_empty()) {
        return Err(Refusal::Conflict(Findings::from([Finding::AssetTypeInUse])).into());
    }
    for entry in entries {
        let key = Key::Type(entry.key);
        let before = draft.row(key)?;
        draft.set(key, before, None)?;
    }
    Ok(Kind::RegistryTypesDeleted)
}

fn set(draft: &mut Draft<'_>, key: TypeKey, code: &Code, metadata: &Metadata) -> Result<(), Stop> {
    let before = draft.row(Key::Type(key))?;
    draft.set(Key::Type(key), before, Some(row(code, metadata)))
}

fn row(code: &Code, metadata: &Metadata) -> Row {
    Row::Type { code: code.clone(), metadata: context::metadata_to_text(metadata).into() }
}
