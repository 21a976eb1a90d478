//! One moment of a registry, for readers that take their time.
//!
//! Nothing is copied: names are a persistent map, and a row is read where it lies. What is changed
//! after the moment leaves its older row with each cut that is still held, before anybody can see the
//! newer one. So a reader that looks below first, and then at what was left with its cut, sees the
//! moment and nothing else.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Weak},
};

use holdfast_domain::{
    Tag,
    registry::{Index, Key, Row, Rows, RowsError},
};
use holdfast_storage::{
    history::{History, HistoryError},
    registry::{Layered, Stretch, entries, rows_within},
};
use parking_lot::Mutex;

/// A cut to which more than this is left breaks: whoever reads so slowly while so much is written
/// reads again.
const OLDER_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Names and rows as they were at one moment, whatever is written meanwhile. Reads of rows may wait for
/// the disk.
pub struct Cut {
    index: Index,
    tag: Tag,
    history: Arc<History>,
    older: Mutex<Older>,
}

/// The rows that were changed after the moment, as they were.
#[derive(Default)]
struct Older {
    rows: BTreeMap<Key, Layered>,
    bytes: usize,
    broken: bool,
}

impl fmt::Debug for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cut").field("tag", &self.tag).finish_non_exhaustive()
    }
}

impl Cut {
    pub fn index(&self) -> &Index {
        &self.index
    }

    fn older(&self, key: Key) -> Result<Option<Layered>, RowsError> {
        let older = self.older.lock();
        older.sound()?;
        Ok(older.rows.get(&key).cloned())
    }
}

impl Older {
    fn sound(&self) -> Result<(), RowsError> {
        if self.broken {
            return Err(RowsError("too much was written since it was begun".to_owned()));
        }
        Ok(())
    }

    fn keep(&mut self, before: &[(Key, Layered)]) {
        for (key, row) in before {
            // The first change after the moment hides what that moment shows.
            self.rows.entry(*key).or_insert_with(|| {
                self.bytes += bytes(row);
                row.clone()
            });
        }
        if self.bytes > OLDER_BYTES_MAX {
            *self = Self { broken: true, ..Self::default() };
        }
    }
}

fn bytes(row: &Layered) -> usize {
    const PLACE: usize = 64;
    let texts = match row.as_deref() {
        Some(Row::Type { metadata, .. }) => metadata.len(),
        Some(Row::Asset { context, .. } | Row::Association { context }) => context.len(),
        Some(Row::Back) | None => 0,
    };
    PLACE + size_of::<Row>() + texts
}

impl Rows for Cut {
    fn get(&self, key: Key) -> Result<Layered, RowsError> {
        let below = self
            .history
            .registry_row(self.tag, key)
            .map_err(|error| fault(&self.history, &error))?;
        Ok(self.older(key)?.unwrap_or(below))
    }

    fn range(&self, from: Key, to: Key, limit: usize) -> Result<Vec<(Key, Arc<Row>)>, RowsError> {
        rows_within((from, to), limit, |from, to, limit| {
            let below = self.history.registry_rows(self.tag, (from, to), limit);
            let below = below.map_err(|error| fault(&self.history, &error))?;
            let older = self.older.lock();
            older.sound()?;
            let older = Stretch::of(entries(older.rows.range(from..to), Clone::clone), limit);
            Ok(older.over(below))
        })
    }
}

/// Views that are found damaged are condemned: the next start builds them anew.
pub(super) fn fault(history: &History, error: &HistoryError) -> RowsError {
    if error.is_damage() {
        let condemned = history.views.condemn();
        tracing::error!(%error, ?condemned, "the rows of a registry are damaged");
    }
    RowsError(error.to_string())
}

/// The cuts of one registry that somebody may still hold.
#[derive(Default)]
pub(super) struct Cuts(Vec<Weak<Cut>>);

impl Cuts {
    pub(super) fn make(&mut self, index: &Index, tag: Tag, history: &Arc<History>) -> Arc<Cut> {
        let cut = Arc::new(Cut {
            index: index.clone(),
            tag,
            history: Arc::clone(history),
            older: Mutex::default(),
        });
        // Without writes nobody else cleans up; doubling keeps that cheap.
        if self.0.len() == self.0.capacity() {
            self.0.retain(|cut| cut.strong_count() > 0);
        }
        self.0.push(Arc::downgrade(&cut));
        cut
    }

    /// Rows are about to change; `before` is what they were.
    pub(super) fn keep(&mut self, before: &[(Key, Layered)]) {
        self.0.retain(|cut| {
            let Some(cut) = cut.upgrade() else { return false };
            cut.older.lock().keep(before);
            true
        });
    }
}
