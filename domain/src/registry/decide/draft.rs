//! A registry while a command is carried out: what it has changed so far over what there is.

use std::{collections::HashMap, sync::Arc};

use super::Stop;
use crate::{
    record::Kind,
    registry::{
        AssetKey, AssetName, Finding, Key, Registry, Removal, Row, Rows, RowsError, context,
        stored::View,
    },
};

/// Of one command: what is left of an id beside the version.
const IDS_MAX: u64 = 1 << ID_BITS;
const ID_BITS: u32 = 12;
/// Of one record, about: what it changes, as it was and as it is.
pub(super) const RECORD_BYTES_MAX: usize = 8 * 1024 * 1024;
/// What a change takes beside its texts, at least.
pub(super) const CHANGE_BYTES: usize = 24;

pub(super) struct Draft<'a> {
    pub(super) state: &'a Registry,
    /// What there is, without the draft.
    pub(super) view: View<'a>,
    touched: Vec<Touched>,
    places: HashMap<Key, usize>,
    named: HashMap<AssetName, AssetKey>,
    ids: u64,
    /// At least what a record of all this takes.
    bytes: usize,
}

/// A row that the command has set.
pub(super) struct Touched {
    pub(super) key: Key,
    pub(super) before: Option<Arc<Row>>,
    pub(super) after: Option<Arc<Row>>,
}

impl Touched {
    fn is_change(&self) -> bool {
        self.before != self.after
    }

    /// Both documents, and the row itself; nothing when it is as it was.
    fn bytes(&self) -> usize {
        if !self.is_change() {
            return 0;
        }
        let text = |row: &Option<Arc<Row>>| row.as_ref().map_or(0, |row| row.text_bytes());
        CHANGE_BYTES + text(&self.before) + 2 * text(&self.after)
    }
}

impl<'a> Draft<'a> {
    pub(super) fn new(state: &'a Registry, rows: &'a dyn Rows) -> Self {
        Self {
            state,
            view: View { index: state.index(), rows },
            touched: Vec::new(),
            places: HashMap::new(),
            named: HashMap::new(),
            ids: 0,
            bytes: 0,
        }
    }

    pub(super) fn asset(&self, name: &AssetName) -> Option<AssetKey> {
        self.view.index.asset(name).or_else(|| self.named.get(name).copied())
    }

    /// The new asset is found under this name from now on.
    pub(super) fn name(&mut self, name: &AssetName, key: AssetKey) {
        self.named.insert(name.clone(), key);
    }

    /// An id that nothing had before: whatever the record of a version makes is numbered within it.
    pub(super) fn new_id(&mut self) -> Result<u64, Stop> {
        if self.ids == IDS_MAX {
            return Err(Finding::TooManyChanges.into());
        }
        let id = self.state.chain.next_version() << ID_BITS | self.ids;
        self.ids += 1;
        Ok(id)
    }

    /// The row as the command has left it so far.
    pub(super) fn row(&self, key: Key) -> Result<Option<Arc<Row>>, RowsError> {
        match self.places.get(&key) {
            Some(place) => Ok(self.touched[*place].after.clone()),
            None => self.view.rows.get(key),
        }
    }

    /// `before`: what [`Draft::row`] shows. What is set as it was is not held.
    pub(super) fn set(
        &mut self,
        key: Key,
        before: Option<Arc<Row>>,
        after: Option<Row>,
    ) -> Result<(), Stop> {
        if before.as_deref() == after.as_ref() {
            return Ok(());
        }
        let place = *self.places.entry(key).or_insert_with(|| {
            self.touched.push(Touched { key, after: before.clone(), before });
            self.touched.len() - 1
        });
        let touched = &mut self.touched[place];
        self.bytes -= touched.bytes();
        touched.after = after.map(Arc::new);
        self.bytes += touched.bytes();
        // Known to be too long before all of it is in memory.
        if self.bytes > RECORD_BYTES_MAX { Err(Finding::TooManyChanges.into()) } else { Ok(()) }
    }

    /// What is other than before, in the order in which it was first touched.
    pub(super) fn changes(&self) -> impl Iterator<Item = &Touched> {
        self.touched.iter().filter(|touched| touched.is_change())
    }

    /// A removal is called after the most that it took away.
    pub(super) fn kind_of_removal(&self, of_whole_ones: Kind) -> Kind {
        let took_whole = self.changes().any(|touched| touched.after.is_none());
        if took_whole { of_whole_ones } else { Kind::RegistryContextRemoved }
    }
}

/// What a removal leaves of something with this context.
pub(super) enum Left {
    /// It takes nothing away.
    Everything,
    This(String),
    /// The thing goes as well.
    Nothing,
}

impl Left {
    /// What had no context before stays: this call has not emptied it.
    pub(super) fn of(stored: &str, removal: &Removal) -> Result<Self, RowsError> {
        if removal.apps.is_empty() {
            return Ok(Self::Nothing);
        }
        Ok(match context::without(stored, &removal.apps)? {
            None => Self::Everything,
            Some(rest) if rest == context::EMPTY && removal.delete_on_empty => Self::Nothing,
            Some(rest) => Self::This(rest),
        })
    }
}
