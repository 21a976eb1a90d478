//! Assets: merged, replaced and renamed, and removed.

use super::{
    Stop,
    draft::{Draft, Left},
};
use crate::{
    record::Kind,
    registry::{
        AssetKey, AssetName, Code, Finding, Findings, Key, NewAsset, Refusal, Registry, Removal,
        Row, context,
        stored::{as_asset, present},
    },
};

pub(super) fn put(draft: &mut Draft<'_>, assets: &[NewAsset]) -> Result<Kind, Stop> {
    for asset in assets {
        merge(draft, asset)?;
    }
    Ok(Kind::RegistryAssetsMerged)
}

/// Adds the asset, or what is sent to what applications keep of it. Its type must be there.
pub(super) fn merge(draft: &mut Draft<'_>, sent: &NewAsset) -> Result<AssetKey, Stop> {
    let Some(key) = draft.asset(&sent.name) else { return add(draft, sent) };
    if sent.context.is_empty() {
        return Ok(key);
    }
    let before = present(Key::Asset(key), draft.row(Key::Asset(key))?)?;
    let stored = as_asset(&before)?;
    let context = context::merged(stored.context, &sent.context)?.into();
    let after = Row::Asset { ty: stored.ty, code: stored.code.clone(), context };
    draft.set(Key::Asset(key), Some(before), Some(after))?;
    Ok(key)
}

fn add(draft: &mut Draft<'_>, sent: &NewAsset) -> Result<AssetKey, Stop> {
    let ty = draft.view.index.asset_type(&sent.name.ty).ok_or(Finding::AssetTypeNotFound)?;
    let key = AssetKey(draft.new_id()?);
    let context = context::to_text(&sent.context).into();
    let row = Row::Asset { ty, code: sent.name.code.clone(), context };
    draft.set(Key::Asset(key), None, Some(row))?;
    draft.name(&sent.name, key);
    Ok(key)
}

/// Its associations go along with it: they know it by its internal id.
pub(super) fn replace(
    draft: &mut Draft<'_>,
    name: &AssetName,
    to: &NewAsset,
) -> Result<Kind, Stop> {
    let source = draft.view.index.asset(name);
    let ty = draft.view.index.asset_type(&to.name.ty);
    if ty.is_none() && is_target_judged(name, &to.name) {
        return Err(Finding::AssetTypeNotFound.into());
    }
    let (source, ty) = source.zip(ty).ok_or(Refusal::NotFound)?;
    if draft.view.index.asset(&to.name).is_some_and(|taken| taken != source) {
        return Err(Finding::AssetExists.into());
    }
    let before = draft.row(Key::Asset(source))?;
    let context = context::to_text(&to.context).into();
    let after = Row::Asset { ty, code: to.name.code.clone(), context };
    draft.set(Key::Asset(source), before, Some(after))?;
    Ok(Kind::RegistryAssetReplaced)
}

/// Whether an unknown type of the new name is the request's fault (422) rather than an asset that is
/// not there (404): when it is not the type of the URL.
fn is_target_judged(name: &AssetName, to: &AssetName) -> bool {
    name.ty != to.ty
}

pub(super) fn delete_one(
    draft: &mut Draft<'_>,
    name: &AssetName,
    removal: &Removal,
) -> Result<Kind, Stop> {
    let key = draft.view.index.asset(name).ok_or(Refusal::NotFound)?;
    remove(draft, [key], removal)
}

/// All or none of those there are.
pub(super) fn delete(
    draft: &mut Draft<'_>,
    ty: &Code,
    codes: &[Code],
    removal: &Removal,
) -> Result<Kind, Stop> {
    let Some(entry) = draft.view.index.types.get(ty) else {
        return Ok(Kind::RegistryAssetsDeleted);
    };
    remove(draft, codes.iter().filter_map(|code| entry.assets.get(code).copied()), removal)
}

fn remove(
    draft: &mut Draft<'_>,
    assets: impl IntoIterator<Item = AssetKey>,
    removal: &Removal,
) -> Result<Kind, Stop> {
    let mut conflicts = Findings::new();
    for asset in assets {
        let key = Key::Asset(asset);
        let before = present(key, draft.row(key)?)?;
        let stored = as_asset(&before)?;
        let after = match Left::of(stored.context, removal)? {
            Left::Everything => continue,
            Left::This(rest) => {
                let context = rest.into();
                Some(Row::Asset { ty: stored.ty, code: stored.code.clone(), context })
            }
            Left::Nothing => {
                conflicts.extend(removal_conflicts(draft.state, asset));
                None
            }
        };
        draft.set(key, Some(before), after)?;
    }
    if !conflicts.is_empty() {
        return Err(Refusal::Conflict(conflicts).into());
    }
    Ok(draft.kind_of_removal(Kind::RegistryAssetsDeleted))
}

/// What keeps an asset from being removed. Whatever would remove one asks here.
fn removal_conflicts(state: &Registry, asset: AssetKey) -> Option<Finding> {
    state.is_associated(asset).then_some(Finding::AssetInUse)
}
