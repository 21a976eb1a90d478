//! Which associations a list shows, and in which order.

use std::{collections::HashSet, sync::Arc};

use super::{Direction, Far};
use crate::registry::{
    AssetKey, AssetName, Code, Index, Key, Row, Rows, RowsError,
    context::is_kept_by,
    stored::{View, as_asset, as_association, present},
};

/// The associations that a list about an asset shows, in its order, to be made into pages by
/// [`super::association_page`]. It holds internal ids, no names and no contexts.
#[derive(Clone, PartialEq, Debug)]
pub struct Listing {
    pub(super) root: AssetKey,
    pub(super) shape: Shape,
    /// Both ends, the first is associated with the second.
    pub(super) associations: Vec<(AssetKey, AssetKey)>,
}

/// What the document shows of each association.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shape {
    /// Its far end, as `ToAsset`.
    From,
    /// Its far end, as `FromAsset`.
    To,
    /// Both ends, the first by its name alone.
    Transitive,
}

/// What the list of an asset's associations shows, by type and code of the far end; `None` when there
/// is no such asset.
///
/// # Errors
/// When a row cannot be read.
pub fn listing(
    index: &Index,
    rows: &dyn Rows,
    root: &AssetName,
    direction: Direction,
    far: &Far,
) -> Result<Option<Listing>, RowsError> {
    let view = View { index, rows };
    let Some(root) = index.asset(root) else { return Ok(None) };
    let (shape, stored) = match direction {
        Direction::From => (Shape::From, view.from(root)),
        Direction::To => (Shape::To, view.to(root)),
    };
    let mut found = Vec::new();
    for stored in stored {
        let (from, to, end, row) = match stored? {
            (Key::From(from, to), row) => (from, to, to, Some(row)),
            (Key::To(to, from), _) => (from, to, from, None),
            _ => continue,
        };
        let name = name_of(view, end)?;
        let shows = far.shows(name, || match row {
            Some(row) => Ok(row),
            None => present(Key::From(from, to), rows.get(Key::From(from, to))?),
        });
        if shows? {
            found.push((name, (from, to)));
        }
    }
    Ok(Some(Listing::sorted(root, shape, found)))
}

/// What the list of everything reached from an asset shows, by type and code of the near end, then of
/// the far end: each association once, however it is reached. `far` chooses what is shown, not what is
/// followed. `None` when there is no such asset.
///
/// # Errors
/// When a row cannot be read.
pub fn transitive_listing(
    index: &Index,
    rows: &dyn Rows,
    root: &AssetName,
    far: &Far,
) -> Result<Option<Listing>, RowsError> {
    let view = View { index, rows };
    let Some(root) = index.asset(root) else { return Ok(None) };
    let mut reached = HashSet::from([root]);
    let mut waiting = vec![root];
    let mut found = Vec::new();
    while let Some(from) = waiting.pop() {
        let near = name_of(view, from)?;
        for stored in view.from(from) {
            let (Key::From(_, to), row) = stored? else { continue };
            if reached.insert(to) {
                waiting.push(to);
            }
            let name = name_of(view, to)?;
            if far.shows(name, || Ok(row))? {
                found.push(((near, name), (from, to)));
            }
        }
    }
    Ok(Some(Listing::sorted(root, Shape::Transitive, found)))
}

impl Listing {
    fn sorted<N: Ord>(
        root: AssetKey,
        shape: Shape,
        mut found: Vec<(N, (AssetKey, AssetKey))>,
    ) -> Self {
        found.sort_unstable();
        let associations = found.into_iter().map(|(_, ends)| ends).collect();
        Self { root, shape, associations }
    }
}

impl Far {
    fn shows(
        &self,
        (ty, _): Name<'_>,
        association: impl FnOnce() -> Result<Arc<Row>, RowsError>,
    ) -> Result<bool, RowsError> {
        if !self.types.is_empty() && !self.types.contains(ty) {
            return Ok(false);
        }
        Ok(self.apps.is_empty() || is_kept_by(as_association(&*association()?)?, &self.apps)?)
    }
}

/// Type and code, where the index has them.
type Name<'a> = (&'a Code, &'a Code);

fn name_of(view: View<'_>, asset: AssetKey) -> Result<Name<'_>, RowsError> {
    let row = view.asset(asset)?;
    let asset = as_asset(&row)?;
    let entry = view.index.types.get_key_value(view.type_of(asset)?);
    entry
        .and_then(|(ty, entry)| Some((ty, entry.assets.get_key_value(asset.code)?.0)))
        .ok_or_else(|| RowsError("the names do not know an asset there is".into()))
}
