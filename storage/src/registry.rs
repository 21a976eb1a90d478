//! The rows of registries in layers: what is newer lies over what is older, and hides it.
//!
//! The tail holds what is not yet folded, the views all else. An actor lays what is not yet published
//! over both, a cut what has been changed since.

use std::{
    collections::{BTreeSet, btree_map},
    sync::Arc,
};

use holdfast_domain::{
    Tag,
    registry::{Key, Row, RowsError},
};

use crate::{
    codec,
    history::{History, HistoryError},
    keys,
    tail::Tail,
    views::{Views, ViewsError, edge, row},
};

/// A row as a layer has it: `None` where it says that there is none any more.
pub type Layered = Option<Arc<Row>>;

/// What a row takes in memory with its place in a map, about. Also what says that there is none.
pub fn row_bytes(row: &Layered) -> usize {
    const PLACE: usize = 64;
    let texts = match row.as_deref() {
        None => return PLACE,
        Some(Row::Type { code, metadata }) => code.as_str().len() + metadata.len(),
        Some(Row::Asset { code, context, .. }) => code.as_str().len() + context.len(),
        Some(Row::Association { context }) => context.len(),
        Some(Row::Back) => 0,
    };
    PLACE + size_of::<Row>() + texts
}

/// A stretch ends when its rows take this much: rows may be large, and whoever reads many reads on.
const STRETCH_BYTES_MAX: usize = 1024 * 1024;

/// What a layer has of a range from its beginning on, in the order of keys.
#[derive(Clone, PartialEq, Debug)]
pub struct Stretch {
    pub rows: Vec<(Key, Layered)>,
    /// It has no more than these up to and with this key; `None`: to the end of the range.
    pub through: Option<Key>,
}

impl Stretch {
    /// The first `limit` entries of a layer, or fewer where they are large.
    pub fn of(entries: impl Iterator<Item = (Key, Layered)>, limit: usize) -> Self {
        let mut stretch = Growing::up_to(limit);
        for (key, row) in entries {
            if !stretch.add(key, row) {
                break;
            }
        }
        stretch.ended()
    }

    /// This layer over another.
    #[must_use]
    pub fn over(self, below: Self) -> Self {
        let through = match (self.through, below.through) {
            (Some(ours), Some(theirs)) => Some(ours.min(theirs)),
            (ours, theirs) => ours.or(theirs),
        };
        let inside = |key: &Key| through.is_none_or(|through| *key <= through);
        let mut rows = Vec::with_capacity(self.rows.len() + below.rows.len());
        let (mut upper, mut lower) =
            (self.rows.into_iter().peekable(), below.rows.into_iter().peekable());
        loop {
            let next = match (upper.peek(), lower.peek()) {
                (None, None) => break,
                (Some((key, _)), Some((other, _))) if key == other => {
                    lower.next();
                    upper.next()
                }
                (Some((key, _)), Some((other, _))) if key < other => upper.next(),
                (Some(_), None) => upper.next(),
                (_, Some(_)) => lower.next(),
            };
            rows.extend(next.filter(|(key, _)| inside(key)));
        }
        Self { rows, through }
    }
}

/// A stretch while it is read.
struct Growing {
    rows: Vec<(Key, Layered)>,
    bytes: usize,
    limit: usize,
    is_full: bool,
}

impl Growing {
    fn up_to(limit: usize) -> Self {
        Self { rows: Vec::new(), bytes: 0, limit, is_full: false }
    }

    /// Whether there is room for more.
    fn add(&mut self, key: Key, row: Layered) -> bool {
        self.bytes += row_bytes(&row);
        self.rows.push((key, row));
        self.is_full = self.rows.len() >= self.limit || self.bytes >= STRETCH_BYTES_MAX;
        !self.is_full
    }

    fn ended(self) -> Stretch {
        let last = self.rows.last().map(|(key, _)| *key);
        Stretch { rows: self.rows, through: last.filter(|_| self.is_full) }
    }
}

/// The first `limit` rows of `from..to` in whatever lies in `layers`, which is asked for one stretch
/// after the other.
///
/// # Errors
/// The first of `layers`.
pub fn rows_within(
    (from, to): (Key, Key),
    limit: usize,
    mut layers: impl FnMut(Key, Key, usize) -> Result<Stretch, RowsError>,
) -> Result<Vec<(Key, Arc<Row>)>, RowsError> {
    let (mut found, mut from) = (Vec::new(), from);
    while from < to && found.len() < limit {
        // One more than missing, so that a stretch always gets on.
        let Stretch { rows, through } = layers(from, to, limit - found.len() + 1)?;
        let there = rows.into_iter().filter_map(|(key, row)| Some((key, row?)));
        found.extend(there.take(limit - found.len()));
        match through {
            Some(through) => from = through.next(),
            None => break,
        }
    }
    Ok(found)
}

/// Entries of a map as a layer has them.
pub fn entries<'a, V: 'a>(
    range: btree_map::Range<'a, Key, V>,
    row: impl Fn(&'a V) -> Layered + 'a,
) -> impl Iterator<Item = (Key, Layered)> + 'a {
    range.map(move |(key, value)| (*key, row(value)))
}

impl History {
    /// The tags of all registries that have rows.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn registries(&self) -> Result<BTreeSet<Tag>, HistoryError> {
        let (recent, folded) = self.both(Tail::registries, folded_registries)?;
        Ok(recent.into_iter().chain(folded).collect())
    }

    /// The row as it is committed. `Some(None)`: it has been removed, and the views may not know.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn registry_row(&self, tag: Tag, key: Key) -> Result<Layered, HistoryError> {
        let (recent, folded) =
            self.both(|tail| tail.registry_row(tag, key), |views| folded_row(views, tag, key))?;
        Ok(recent.unwrap_or(folded))
    }

    /// What is committed of `from..to`, at least its first row.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn registry_rows(
        &self,
        tag: Tag,
        (from, to): (Key, Key),
        limit: usize,
    ) -> Result<Stretch, HistoryError> {
        let (recent, folded) = self.both(
            |tail| tail.registry_rows(tag, (from, to), limit),
            |views| folded_rows(views, tag, (from, to), limit),
        )?;
        Ok(recent.over(folded))
    }
}

fn folded_registries(views: &dyn Views) -> Result<Vec<Tag>, ViewsError> {
    let mut tags: Vec<Tag> = Vec::new();
    loop {
        let (from, to) = keys::registries(tags.last().copied());
        let Some((key, _)) = edge(views, &from, &to, false)? else { return Ok(tags) };
        tags.push(keys::tag_of_registry(&key).ok_or(ViewsError::Damaged("registry key"))?);
    }
}

fn folded_row(views: &dyn Views, tag: Tag, key: Key) -> Result<Layered, ViewsError> {
    let row = views.get(&keys::registry(tag, key))?;
    row.map(|bytes| open(&bytes)).transpose()
}

fn open(bytes: &[u8]) -> Result<Arc<Row>, ViewsError> {
    row::open::<Row>(bytes, "registry").map(Arc::new)
}

fn folded_rows(
    views: &dyn Views,
    tag: Tag,
    (from, to): (Key, Key),
    limit: usize,
) -> Result<Stretch, ViewsError> {
    let (mut stretch, mut damaged) = (Growing::up_to(limit), None);
    views.range(
        &keys::registry(tag, from),
        &keys::registry(tag, to),
        false,
        &mut |key, value| {
            let named = keys::key_of_registry(key).ok_or(ViewsError::Damaged("registry key"));
            match named.and_then(|key| Ok((key, open(value)?))) {
                Ok((key, row)) => stretch.add(key, Some(row)),
                Err(error) => {
                    damaged = Some(error);
                    false
                }
            }
        },
    )?;
    match damaged {
        Some(error) => Err(error),
        None => Ok(stretch.ended()),
    }
}

/// The stored form of a row.
pub(crate) fn seal(row: &Row) -> Vec<u8> {
    codec::seal(row)
}

#[cfg(test)]
mod tests {
    use holdfast_domain::registry::AssetKey;

    use super::*;

    fn key(id: u64) -> Key {
        Key::Asset(AssetKey(id))
    }

    fn layer(rows: &[(u64, bool)], limit: usize) -> Stretch {
        let entries = rows.iter().map(|(id, there)| (key(*id), there.then(|| Arc::new(Row::Back))));
        Stretch::of(entries, limit)
    }

    #[test]
    fn a_layer_hides_what_lies_below_and_no_stretch_says_more_than_it_knows() {
        let upper = layer(&[(2, false), (3, true), (9, true)], 9);
        let lower = layer(&[(1, true), (2, true), (5, true), (8, true)], 3);
        let both = upper.over(lower);
        assert_eq!(both.through, Some(key(5)));
        let told: Vec<_> = both.rows.iter().map(|(key, row)| (*key, row.is_some())).collect();
        assert_eq!(told, [(key(1), true), (key(2), false), (key(3), true), (key(5), true)]);
    }

    #[test]
    fn rows_within_goes_on_past_stretches_in_which_nothing_is_left() {
        let removed: Vec<_> = (0..50).map(|id| (id, false)).collect();
        let below: Vec<_> = (0..60).map(|id| (id, true)).collect();
        let mut asked = 0;
        let found = rows_within((key(0), key(100)), 4, |from, to, limit| {
            asked += 1;
            let inside = |rows: &[(u64, bool)]| -> Vec<(u64, bool)> {
                rows.iter().copied().filter(|(id, _)| from <= key(*id) && key(*id) < to).collect()
            };
            Ok(layer(&inside(&removed), limit).over(layer(&inside(&below), limit)))
        });
        let ids: Vec<_> = found.unwrap().into_iter().map(|(key, _)| key).collect();
        assert_eq!(ids, [50, 51, 52, 53].map(key));
        assert!(asked > 5);
    }
}
