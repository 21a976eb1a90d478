//! The rows an actor has changed that no reader of history sees yet.

use std::collections::{BTreeMap, VecDeque};

use holdfast_domain::registry::{Change, Key};
use holdfast_storage::{
    journal::Position,
    registry::{Layered, Stretch, entries},
};

/// What was handed over and is not published yet, the newest of each row.
#[derive(Default)]
pub(super) struct Recent {
    rows: BTreeMap<Key, (Position, Layered)>,
    order: VecDeque<(Position, Vec<Key>)>,
}

impl Recent {
    pub(super) fn add(&mut self, position: Position, changes: Vec<Change>) {
        let keys = changes.iter().map(|change| change.key).collect();
        self.order.push_back((position, keys));
        let rows = changes.into_iter().map(|change| (change.key, (position, change.row)));
        self.rows.extend(rows);
    }

    /// Forgets what `durable` shows to be published: a record is published before its position is
    /// durable.
    pub(super) fn forget(&mut self, durable: Position) {
        while self.order.front().is_some_and(|(position, _)| *position <= durable) {
            let Some((position, keys)) = self.order.pop_front() else { break };
            for key in keys {
                if self.rows.get(&key).is_some_and(|(newest, _)| *newest == position) {
                    self.rows.remove(&key);
                }
            }
        }
    }

    /// `None` where it does not know of the row.
    pub(super) fn get(&self, key: Key) -> Option<Layered> {
        self.rows.get(&key).map(|(_, row)| row.clone())
    }

    pub(super) fn stretch(&self, from: Key, to: Key, limit: usize) -> Stretch {
        Stretch::of(entries(self.rows.range(from..to), |(_, row)| row.clone()), limit)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use holdfast_domain::registry::{AssetKey, Row};

    use super::*;

    #[test]
    fn a_row_is_forgotten_with_the_record_that_changed_it_last() {
        let key = Key::Asset(AssetKey(1));
        let there = Change { key, row: Some(Arc::new(Row::Back)) };
        let gone = Change { key, row: None };
        let mut recent = Recent::default();
        recent.add(5, vec![there]);
        recent.add(6, vec![gone]);
        recent.forget(5);
        assert_eq!(recent.get(key), Some(None));
        recent.forget(6);
        assert_eq!(recent.get(key), None);
        assert!(recent.order.is_empty() && recent.rows.is_empty());
    }
}
