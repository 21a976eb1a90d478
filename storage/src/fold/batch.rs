//! The order inside a fold: rows that add go at once, rows that forget wait for a flush of those.

use crate::views::{Row, Views, ViewsError};

/// Rows held back are written when they reach this: it bounds the memory of a fold.
const HELD_BYTES_MAX: usize = 8 * 1024 * 1024;

pub(super) struct Batch<'a> {
    views: &'a dyn Views,
    held: Vec<Row>,
    bytes: usize,
}

impl<'a> Batch<'a> {
    pub(super) fn new(views: &'a dyn Views) -> Self {
        Self { views, held: Vec::new(), bytes: 0 }
    }

    pub(super) fn views(&self) -> &'a dyn Views {
        self.views
    }

    /// Writes a row that takes nothing away from what the views hold.
    pub(super) fn add(&self, key: &[u8], value: &[u8]) -> Result<(), ViewsError> {
        self.views.insert(key, value)
    }

    /// Writes a row that leaves out what an added row took over: only after that one is durable.
    pub(super) fn hold(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.bytes += key.len() + value.len();
        self.held.push((key, value));
    }

    pub(super) fn settle_if_large(&mut self) -> Result<(), ViewsError> {
        if self.bytes >= HELD_BYTES_MAX { self.settle() } else { Ok(()) }
    }

    /// Flushes what was added, then writes what was held.
    pub(super) fn settle(&mut self) -> Result<(), ViewsError> {
        if !self.held.is_empty() {
            self.views.flush()?;
            for (key, value) in self.held.drain(..) {
                self.views.insert(&key, &value)?;
            }
            self.bytes = 0;
        }
        Ok(())
    }
}
