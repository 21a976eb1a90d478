//! Rows as what they must be: a registry that contradicts itself cannot be read.

use std::{sync::Arc, vec};

use super::{AssetKey, Code, Index, Key, Row, Rows, RowsError, row::AssetRow};

/// Read at once: many rows are read, and few are held.
const ROWS_AT_ONCE: usize = 64;

/// Names and rows of one moment.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) index: &'a Index,
    pub(super) rows: &'a dyn Rows,
}

impl<'a> View<'a> {
    /// The code of a type, as the asset that has it names it.
    pub(super) fn type_of(self, asset: AssetRow<'_>) -> Result<&'a Code, RowsError> {
        let damaged = || RowsError(format!("an asset is of the unknown type {}", asset.ty.0));
        self.index.code(asset.ty).ok_or_else(damaged)
    }

    /// The row of an asset that the names know.
    pub(super) fn asset(self, key: AssetKey) -> Result<Arc<Row>, RowsError> {
        present(Key::Asset(key), self.rows.get(Key::Asset(key))?)
    }

    /// The associations from an asset, by the internal ids of their far ends.
    pub(super) fn from(self, asset: AssetKey) -> Stretch<'a> {
        let (first, last) = (AssetKey(0), AssetKey(u64::MAX));
        Stretch::new(self.rows, Key::From(asset, first), Key::From(asset, last))
    }

    /// The associations to an asset, the same.
    pub(super) fn to(self, asset: AssetKey) -> Stretch<'a> {
        let (first, last) = (AssetKey(0), AssetKey(u64::MAX));
        Stretch::new(self.rows, Key::To(asset, first), Key::To(asset, last))
    }
}

/// What the names or other rows speak of is there.
pub(super) fn present<R>(key: Key, row: Option<R>) -> Result<R, RowsError> {
    row.ok_or_else(|| RowsError(format!("there is no {key:?}")))
}

/// The row of an asset is one.
pub(super) fn as_asset(row: &Row) -> Result<AssetRow<'_>, RowsError> {
    row.asset().ok_or_else(|| RowsError("the row of an asset is none".into()))
}

/// The context in the row of an association.
pub(super) fn as_association(row: &Row) -> Result<&str, RowsError> {
    row.association().ok_or_else(|| RowsError("the row of an association is none".into()))
}

/// Rows between two keys, read a few at a time. Ends with its first error.
pub(super) struct Stretch<'a> {
    rows: &'a dyn Rows,
    page: vec::IntoIter<(Key, Arc<Row>)>,
    /// Where the next page begins; `None` after the last one.
    next: Option<Key>,
    end: Key,
}

impl<'a> Stretch<'a> {
    fn new(rows: &'a dyn Rows, from: Key, end: Key) -> Self {
        Self { rows, page: Vec::new().into_iter(), next: Some(from), end }
    }

    fn turn(&mut self) -> Result<(), RowsError> {
        if let Some(from) = self.next.take() {
            let page = self.rows.range(from, self.end, ROWS_AT_ONCE)?;
            if page.len() == ROWS_AT_ONCE {
                self.next = page.last().map(|(key, _)| key.next());
            }
            self.page = page.into_iter();
        }
        Ok(())
    }
}

impl Iterator for Stretch<'_> {
    type Item = Result<(Key, Arc<Row>), RowsError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.page.len() == 0
            && let Err(error) = self.turn()
        {
            return Some(Err(error));
        }
        self.page.next().map(Ok)
    }
}
