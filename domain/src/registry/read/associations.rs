//! Documents of associations: one, and lists of them page by page.

use super::{
    Far,
    listing::{Listing, Shape, transitive_listing},
};
use crate::registry::{
    AssetKey, AssetName, Index, Key, Rows, RowsError, context, document,
    stored::{View, as_asset, as_association, present},
};

/// The `FullAssociation` document, or `None` when there is no such association.
///
/// # Errors
/// When a row cannot be read.
pub fn association(
    index: &Index,
    rows: &dyn Rows,
    from: &AssetName,
    to: &AssetName,
) -> Result<Option<Vec<u8>>, RowsError> {
    let Some(ends) = index.asset(from).zip(index.asset(to)) else { return Ok(None) };
    let Some(row) = rows.get(Key::From(ends.0, ends.1))? else { return Ok(None) };
    let mut json = Vec::new();
    let shown = [Some(Shown::Whole), Some(Shown::Whole)];
    write_association(&mut json, View { index, rows }, as_association(&row)?, ends, shown)?;
    Ok(Some(json))
}

/// The next part of the document from entry `from` on, about `bytes` of it and at least one entry; the
/// second is where the part after it begins. The first part opens the document, the last one closes it.
///
/// # Errors
/// When a row cannot be read.
pub fn association_page(
    index: &Index,
    rows: &dyn Rows,
    listing: &Listing,
    from: usize,
    bytes: usize,
) -> Result<(Vec<u8>, Option<usize>), RowsError> {
    let view = View { index, rows };
    let mut json = Vec::new();
    if from == 0 {
        json.push(b'{');
        if !listing.associations.is_empty() {
            json.extend_from_slice(b"\"Associations\":[");
        }
    }
    for (at, ends) in listing.associations.iter().enumerate().skip(from) {
        if at > from && json.len() >= bytes {
            return Ok((json, Some(at)));
        }
        if at > 0 {
            json.push(b',');
        }
        let key = Key::From(ends.0, ends.1);
        let row = present(key, rows.get(key)?)?;
        let context = as_association(&row)?;
        write_association(&mut json, view, context, *ends, listing.shape.shown())?;
    }
    if !listing.associations.is_empty() {
        json.extend_from_slice(b"],");
    }
    json.extend_from_slice(b"\"Root\":");
    write_asset(&mut json, view, listing.root, Shown::Whole)?;
    json.push(b'}');
    Ok((json, None))
}

/// The `TransitiveAssociations` document: everything reached from `root`, each association once;
/// `far` chooses what is shown, not what is followed. `None` when there is no such asset. For one that
/// may be long see [`transitive_listing`].
///
/// # Errors
/// When a row cannot be read.
pub fn transitive(
    index: &Index,
    rows: &dyn Rows,
    root: &AssetName,
    far: &Far,
) -> Result<Option<Vec<u8>>, RowsError> {
    let Some(listing) = transitive_listing(index, rows, root, far)? else { return Ok(None) };
    association_page(index, rows, &listing, 0, usize::MAX).map(|(json, _)| Some(json))
}

/// How much of an asset a document shows.
#[derive(Clone, Copy)]
enum Shown {
    Name,
    Whole,
}

impl Shape {
    /// What an entry of the list shows of each end.
    const fn shown(self) -> [Option<Shown>; 2] {
        match self {
            Self::From => [None, Some(Shown::Whole)],
            Self::To => [Some(Shown::Whole), None],
            Self::Transitive => [Some(Shown::Name), Some(Shown::Whole)],
        }
    }
}

fn write_association(
    out: &mut Vec<u8>,
    view: View<'_>,
    context: &str,
    (from, to): (AssetKey, AssetKey),
    shown: [Option<Shown>; 2],
) -> Result<(), RowsError> {
    document::open_association(out, context);
    if let Some(shown) = shown[0] {
        out.extend_from_slice(b"\"FromAsset\":");
        write_asset(out, view, from, shown)?;
    }
    if shown[0].is_some() && shown[1].is_some() {
        out.push(b',');
    }
    if let Some(shown) = shown[1] {
        out.extend_from_slice(b"\"ToAsset\":");
        write_asset(out, view, to, shown)?;
    }
    out.push(b'}');
    Ok(())
}

fn write_asset(
    out: &mut Vec<u8>,
    view: View<'_>,
    asset: AssetKey,
    shown: Shown,
) -> Result<(), RowsError> {
    let row = view.asset(asset)?;
    let asset = as_asset(&row)?;
    let context = match shown {
        Shown::Name => context::EMPTY,
        Shown::Whole => asset.context,
    };
    document::asset(out, view.type_of(asset)?, asset.code, context);
    Ok(())
}
