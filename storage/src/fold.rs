//! The view writer: folds the tail into the views, one generation at a time.
//!
//! Rows are plain idempotent writes, so a fold that was cut short is simply done again. A row that
//! forgets something (a head that drops a full page, a leaf that was split) is written only after
//! the rows that took it over were flushed; the `applied` row only after everything; the tail is
//! trimmed only after that.
//!
//! It holds no domain code: it reads the indexed facts of records and moves bytes.

mod asset;
mod batch;
mod items;
mod leaves;
mod registry;
mod users;

use std::sync::Arc;

use holdfast_domain::{Tag, Timestamp};

use crate::{
    codec,
    history::{History, HistoryError},
    journal::Checkpoint,
    keys,
    tail::Generation,
    views::{Views, ViewsError, row},
};
use batch::Batch;

#[derive(Clone, Debug)]
pub struct FoldOptions {
    /// Fold when the tail holds more entries (default 256 k) …
    pub entries: usize,
    /// … or its oldest is older than this (default 10 s).
    pub age_ms: i64,
    /// … or its rows of registries take more than this (default 32 MiB).
    pub row_bytes: usize,
}

impl Default for FoldOptions {
    fn default() -> Self {
        Self { entries: 256 * 1024, age_ms: 10_000, row_bytes: 32 * 1024 * 1024 }
    }
}

/// What one step did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Folded {
    Nothing,
    Entries(usize),
}

/// The one writer of the views.
pub struct ViewWriter {
    history: Arc<History>,
    options: FoldOptions,
}

impl ViewWriter {
    pub fn new(history: Arc<History>, options: FoldOptions) -> Self {
        Self { history, options }
    }

    /// Folds one generation when it is due (or `force`d): freeze → rows → flush → `applied` row →
    /// flush → trim. After an error or a panic the generation stays frozen and the next step repeats
    /// it. Waits for the disk: for a thread of its own.
    ///
    /// # Errors
    /// A fault of the store or of the journal, to be tried again. [`ViewsError::Damaged`] and
    /// [`HistoryError::Hole`] do not go away: the views must be deleted and rebuilt.
    pub fn step(&mut self, now: Timestamp, force: bool) -> Result<Folded, HistoryError> {
        let tail = &self.history.tail;
        let generation = match tail.frozen() {
            Some(generation) => generation,
            None if !force && !self.is_due(now) => return Ok(Folded::Nothing),
            None => match tail.freeze() {
                Some(generation) => generation,
                None => return Ok(Folded::Nothing),
            },
        };
        if cfg!(feature = "planted-trim-before-applied") {
            tail.trim();
        }
        self.fold(&generation)?;
        tail.trim();
        Ok(Folded::Entries(generation.len()))
    }

    fn is_due(&self, now: Timestamp) -> bool {
        let tail = &self.history.tail;
        tail.open_len() > self.options.entries
            || tail.open_row_bytes() > self.options.row_bytes
            || tail.oldest_at().is_some_and(|oldest| oldest.plus_millis(self.options.age_ms) <= now)
    }

    fn fold(&self, generation: &Generation) -> Result<(), HistoryError> {
        let views = &*self.history.views;
        if cfg!(feature = "planted-applied-before-sync") {
            set_applied(views, generation)?;
        }
        let mut batch = Batch::new(views);
        let mut with_snapshot = Vec::new();
        for tag in generation.assets() {
            let journal = &*self.history.journal;
            let read = asset::fold(&mut batch, journal, generation, tag)?;
            leaves::fold(&mut batch, journal, (generation, tag), read)?;
            items::fold(&batch, generation, tag)?;
            registry::fold(&batch, generation, tag)?;
            if generation.snapshot(tag).is_some() {
                with_snapshot.push(tag);
            }
            batch.settle_if_large()?;
        }
        users::fold(&batch, generation)?;
        batch.settle()?;
        views.flush()?;
        remove_old_chunks(views, &with_snapshot)?;
        set_applied(views, generation)?;
        views.flush()?;
        Ok(())
    }
}

/// The heads that name the newer snapshots are durable: nothing reads the older ones any more.
fn remove_old_chunks(views: &dyn Views, tags: &[Tag]) -> Result<(), ViewsError> {
    for &tag in tags {
        let Some(head) = views.get(&keys::head(tag))? else { continue };
        let Some(snapshot) = row::HeadRow::open(&head)?.snapshot else { continue };
        let mut old = Vec::new();
        let (from, to) = (keys::chunk(tag, 0, 0), keys::chunk(tag, snapshot.version, 0));
        views.range(&from, &to, false, &mut |key, _| {
            old.push(key.to_vec());
            true
        })?;
        for key in old {
            views.remove(&key)?;
        }
    }
    Ok(())
}

fn set_applied(views: &dyn Views, generation: &Generation) -> Result<(), ViewsError> {
    let end = generation.end().expect("only what was pushed with a checkpoint is frozen");
    views.insert(&keys::applied(), &codec::seal(end))
}

/// The `applied` row: how far the views are, `None` when they are empty.
///
/// # Errors
/// [`ViewsError::Damaged`]: the views must be deleted and rebuilt.
pub fn applied(views: &dyn Views) -> Result<Option<Checkpoint>, ViewsError> {
    let (from, to) = keys::applied_by_any();
    let mut of_another_version = false;
    views.range(&from, &to, false, &mut |key, _| {
        of_another_version |= key != keys::applied();
        true
    })?;
    if of_another_version {
        return Err(ViewsError::Damaged("rows of another version"));
    }
    let row = views.get(&keys::applied())?;
    row.map(|bytes| row::open(&bytes, "applied")).transpose()
}
