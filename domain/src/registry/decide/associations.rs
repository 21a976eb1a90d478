//! Associations: merged with the assets at their ends, removed, and synchronised.

use std::{collections::HashSet, sync::Arc};

use super::{
    Stop, assets,
    draft::{Draft, Left},
};
use crate::{
    record::Kind,
    registry::{
        AppContext, AssetKey, AssetName, Association, FarFilter, Finding, Key, Refusal, Removal,
        Row, SyncTo, TypeKey, context,
        stored::{as_asset, as_association},
    },
};

pub(super) fn put(draft: &mut Draft<'_>, associations: &[Association]) -> Result<Kind, Stop> {
    for Association { from, to, context } in associations {
        let from = assets::merge(draft, from)?;
        let to = assets::merge(draft, to)?;
        merge(draft, Key::From(from, to), context)?;
    }
    Ok(Kind::RegistryAssociationsMerged)
}

fn merge(draft: &mut Draft<'_>, key: Key, sent: &[AppContext]) -> Result<(), Stop> {
    let before = draft.row(key)?;
    let context = match &before {
        Some(_) if sent.is_empty() => return Ok(()),
        Some(row) => context::merged(as_association(row)?, sent)?,
        None => context::to_text(sent),
    };
    draft.set(key, before, Some(Row::Association { context: context.into() }))
}

pub(super) fn delete_one(
    draft: &mut Draft<'_>,
    from: &AssetName,
    to: &AssetName,
    removal: &Removal,
) -> Result<Kind, Stop> {
    let ends = draft.asset(from).zip(draft.asset(to)).ok_or(Refusal::NotFound)?;
    let key = Key::From(ends.0, ends.1);
    let row = draft.row(key)?.ok_or(Refusal::NotFound)?;
    remove(draft, key, row, removal)?;
    Ok(draft.kind_of_removal(Kind::RegistryAssociationsDeleted))
}

pub(super) fn delete_from(
    draft: &mut Draft<'_>,
    from: &AssetName,
    types: &FarFilter,
    removal: &Removal,
) -> Result<Kind, Stop> {
    let from = draft.asset(from).ok_or(Refusal::NotFound)?;
    let wanted: HashSet<_> =
        types.iter().filter_map(|code| draft.view.index.asset_type(code)).collect();
    remove_from(draft, from, removal, |draft, to| {
        Ok(types.is_empty() || wanted.contains(&type_of(draft, to)?))
    })?;
    Ok(draft.kind_of_removal(Kind::RegistryAssociationsDeleted))
}

/// What is listed is merged; what is not, of that type, is removed.
pub(super) fn sync(draft: &mut Draft<'_>, sync: &SyncTo) -> Result<Kind, Stop> {
    let ty = draft.view.index.asset_type(&sync.ty).ok_or(Finding::AssetTypeNotFound)?;
    let from = assets::merge(draft, &sync.from)?;
    let mut listed = HashSet::new();
    for (to, context) in &sync.associations {
        let to = assets::merge(draft, to)?;
        merge(draft, Key::From(from, to), context)?;
        listed.insert(to);
    }
    remove_from(draft, from, &sync.removal, |draft, to| {
        Ok(!listed.contains(&to) && type_of(draft, to)? == ty)
    })?;
    Ok(Kind::RegistryAssociationsSynchronised)
}

/// Of the associations from an asset that were there before the command, those that are `chosen`.
fn remove_from(
    draft: &mut Draft<'_>,
    from: AssetKey,
    removal: &Removal,
    chosen: impl Fn(&Draft<'_>, AssetKey) -> Result<bool, Stop>,
) -> Result<(), Stop> {
    for stored in draft.view.from(from) {
        let (key, row) = stored?;
        let Key::From(_, to) = key else { continue };
        if chosen(draft, to)? {
            remove(draft, key, row, removal)?;
        }
    }
    Ok(())
}

fn remove(draft: &mut Draft<'_>, key: Key, row: Arc<Row>, removal: &Removal) -> Result<(), Stop> {
    let after = match Left::of(as_association(&row)?, removal)? {
        Left::Everything => return Ok(()),
        Left::This(rest) => Some(Row::Association { context: rest.into() }),
        Left::Nothing => None,
    };
    draft.set(key, Some(row), after)
}

fn type_of(draft: &Draft<'_>, asset: AssetKey) -> Result<TypeKey, Stop> {
    Ok(as_asset(&*draft.view.asset(asset)?)?.ty)
}
