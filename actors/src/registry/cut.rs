//! One moment of a registry, for readers that take their time.
//!
//! Nothing is copied: names are a persistent map, and a row is read where it lies. What is changed
//! after the moment leaves its older row with each cut that is still held, before anybody can see the
//! newer one. So a reader that looks below first, and then at what was left with its cut, sees the
//! moment and nothing else.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{Arc, Weak},
};

use holdfast_domain::{
    Tag,
    registry::{Index, Key, Row, Rows, RowsError},
};
use holdfast_storage::{
    history::{History, HistoryError},
    registry::{Layered, Stretch, entries, row_bytes, rows_within},
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
    /// Why nothing can be read any more.
    broken: Option<&'static str>,
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
        self.broken.map_or(Ok(()), |why| Err(RowsError(why.to_owned())))
    }

    fn break_off(&mut self, why: &'static str) {
        *self = Self { broken: Some(why), ..Self::default() };
    }

    fn keep(&mut self, before: &[(Key, Layered)]) {
        if self.broken.is_some() {
            return;
        }
        // Under a key that was not given yet no name of the moment leads to anything.
        let reachable = |key: &Key, row: &Layered| {
            row.is_some() || !matches!(key, Key::Type(_) | Key::Asset(_))
        };
        for (key, row) in before.iter().filter(|(key, row)| reachable(key, row)) {
            // The first change after the moment hides what that moment shows.
            self.rows.entry(*key).or_insert_with(|| {
                self.bytes += row_bytes(row);
                row.clone()
            });
        }
        if self.bytes > OLDER_BYTES_MAX {
            self.break_off("too much was written since the reading began");
        }
    }
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

/// The cuts of every registry that somebody may still hold. They outlive the actor that made them:
/// whichever decides next keeps them true.
#[derive(Default)]
pub struct HeldCuts(Mutex<HashMap<Tag, Arc<Mutex<Cuts>>>>);

impl HeldCuts {
    /// Those of one registry.
    pub(super) fn of(&self, tag: Tag) -> Arc<Mutex<Cuts>> {
        Arc::clone(self.0.lock().entry(tag).or_default())
    }
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
            let mut older = cut.older.lock();
            older.keep(before);
            older.broken.is_none()
        });
    }
}

#[cfg(test)]
mod tests {
    use holdfast_domain::registry::AssetKey;
    use holdfast_storage::{
        history::ReadRecord,
        journal::{Address, ReadError},
        sim::MemoryViews,
        tail::Tail,
    };

    use super::*;

    struct NoLog;

    impl ReadRecord for NoLog {
        fn read(&self, address: Address) -> Result<holdfast_domain::Record, ReadError> {
            Err(ReadError::Damaged(address))
        }
    }

    fn cut(cuts: &mut Cuts) -> Arc<Cut> {
        let views = Arc::new(MemoryViews::new());
        let history = Arc::new(History::new(Arc::new(Tail::new()), views, NoLog));
        cuts.make(&Index::default(), Tag::new(7), &history)
    }

    fn key(id: u64) -> Key {
        Key::Asset(AssetKey(id))
    }

    #[test]
    fn what_changes_first_hides_what_changes_later() {
        let mut cuts = Cuts::default();
        let cut = cut(&mut cuts);
        let was = Arc::new(Row::Association { context: "[1]".into() });
        cuts.keep(&[(key(1), Some(Arc::clone(&was)))]);
        cuts.keep(&[(key(1), Some(Arc::new(Row::Back))), (key(2), None)]);
        assert_eq!(cut.get(key(1)), Ok(Some(Arc::clone(&was))));
        assert_eq!(cut.get(key(2)), Ok(None));
        let rows = cut.range(Key::FIRST, Key::END, 10);
        assert_eq!(rows, Ok(vec![(key(1), was)]));
    }

    #[test]
    fn a_cut_breaks_when_too_much_is_left_to_it() {
        let mut cuts = Cuts::default();
        let slow = cut(&mut cuts);
        let large: Box<str> = "x".repeat(OLDER_BYTES_MAX + 1).into();
        cuts.keep(&[(key(1), Some(Arc::new(Row::Association { context: large })))]);
        assert!(slow.get(key(2)).is_err() && slow.range(Key::FIRST, Key::END, 1).is_err());
        assert!(cuts.0.is_empty(), "nothing is kept for it any more");
    }

    #[test]
    fn what_is_new_is_not_left_to_those_who_cannot_reach_it() {
        let mut cuts = Cuts::default();
        let cut = cut(&mut cuts);
        let link = Key::From(AssetKey(1), AssetKey(2));
        cuts.keep(&[(key(1), None), (link, None)]);
        assert!(cut.older.lock().rows.keys().eq([&link]));
    }

    #[test]
    fn a_cut_outlives_the_actor_that_made_it() {
        let (held, tag) = (HeldCuts::default(), Tag::new(7));
        let cut = cut(&mut held.of(tag).lock());
        let was = Some(Arc::new(Row::Back));
        held.of(tag).lock().keep(&[(key(1), was.clone())]);
        held.of(Tag::new(8)).lock().keep(&[(key(2), was.clone())]);
        assert_eq!((cut.get(key(1)), cut.get(key(2))), (Ok(was), Ok(None)));
    }
}
