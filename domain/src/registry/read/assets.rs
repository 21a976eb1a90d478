//! One asset, and lists of them in the order of type and code.

use std::ops::Bound::{Included, Unbounded};

use super::{AssetPage, Selection};
use crate::registry::{
    AssetKey, AssetName, Code, Index, Rows, RowsError, TypeEntry,
    context::is_kept_by,
    document,
    stored::{View, as_asset},
};

pub fn asset_exists(index: &Index, name: &AssetName) -> bool {
    index.asset(name).is_some()
}

/// The document, or `None` when there is no such asset.
///
/// # Errors
/// When its row cannot be read.
pub fn asset(
    index: &Index,
    rows: &dyn Rows,
    name: &AssetName,
) -> Result<Option<Vec<u8>>, RowsError> {
    let Some(key) = index.asset(name) else { return Ok(None) };
    let row = View { index, rows }.asset(key)?;
    let mut json = Vec::new();
    document::asset(&mut json, &name.ty, &name.code, as_asset(&row)?.context);
    Ok(Some(json))
}

/// Documents of assets from `from` on (`None`: from the first), until they take `bytes`; at least one,
/// when there is one.
///
/// # Errors
/// When a row cannot be read.
pub fn asset_page(
    index: &Index,
    rows: &dyn Rows,
    selection: &Selection,
    from: Option<&AssetName>,
    bytes: usize,
) -> Result<AssetPage, RowsError> {
    let view = View { index, rows };
    let mut json = Vec::new();
    for (ty, entry) in types(index, selection, from) {
        let first = from.filter(|from| from.ty == *ty).map(|from| &from.code);
        for (code, key) in codes(entry, selection, first) {
            let row = view.asset(key)?;
            let context = as_asset(&row)?.context;
            if !is_kept_by(context, &selection.apps)? {
                continue;
            }
            if !json.is_empty() {
                // Only what is in the list tells that the list goes on.
                if json.len() >= bytes {
                    let next = AssetName { ty: ty.clone(), code: code.clone() };
                    return Ok(AssetPage { json, next: Some(next) });
                }
                json.push(b',');
            }
            document::asset(&mut json, ty, code, context);
        }
    }
    Ok(AssetPage { json, next: None })
}

type Types<'a> = Box<dyn Iterator<Item = (&'a Code, &'a TypeEntry)> + 'a>;

/// The chosen types there are, in their order, from that of `from` on.
fn types<'a>(index: &'a Index, selection: &'a Selection, from: Option<&'a AssetName>) -> Types<'a> {
    let range = (from.map_or(Unbounded, |from| Included(&from.ty)), Unbounded);
    match &selection.types {
        None => Box::new(index.types.range::<_, Code>(range).map(|(code, entry)| (code, &**entry))),
        Some(chosen) => Box::new(
            chosen
                .range::<Code, _>(range)
                .filter_map(|code| Some((code, &**index.types.get(code)?))),
        ),
    }
}

type Codes<'a> = Box<dyn Iterator<Item = (&'a Code, AssetKey)> + 'a>;

/// The chosen assets of a type there are, in their order, from `first` on.
fn codes<'a>(entry: &'a TypeEntry, selection: &'a Selection, first: Option<&'a Code>) -> Codes<'a> {
    let range = (first.map_or(Unbounded, Included), Unbounded);
    match &selection.codes {
        None => Box::new(entry.assets.range::<_, Code>(range).map(|(code, key)| (code, *key))),
        Some(chosen) => Box::new(
            chosen
                .range::<Code, _>(range)
                .filter_map(|code| Some((code, *entry.assets.get(code)?))),
        ),
    }
}
