//! The view writer: folds the tail into the views, one generation at a time.
//!
//! It holds no domain code: it reads the indexed facts of records and moves bytes.

use std::sync::Arc;

use holdfast_domain::Timestamp;

use crate::{history::History, journal::Checkpoint, views::ViewsError};

#[derive(Clone, Debug)]
pub struct FoldOptions {
    /// Fold when the tail holds more entries (default 256 k) …
    pub entries: usize,
    /// … or its oldest is older than this (default 10 s).
    pub age_ms: i64,
}

/// What one step did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Folded {
    Nothing,
    Entries(usize),
}

pub struct ViewWriter {}

impl ViewWriter {
    pub fn new(history: Arc<History>, options: FoldOptions) -> Self {
        let _ = (history, options);
        Self {}
    }

    /// Folds one generation when it is due (or `force`d): freeze → rows → flush → `applied` row →
    /// flush → trim. After an error the generation stays frozen and the next step repeats it.
    pub fn step(&mut self, now: Timestamp, force: bool) -> Result<Folded, ViewsError> {
        let _ = (now, force);
        unimplemented!()
    }
}

/// The `applied` row: how far the views are, `None` when they are empty.
pub fn applied(views: &dyn crate::views::Views) -> Result<Option<Checkpoint>, ViewsError> {
    let _ = views;
    unimplemented!()
}
