//! The views: an ordered key-value store that follows the journal and may be deleted at any time.
//!
//! Two implementations: sled (`views/sled.rs`, the only file that names it) and, for tests,
//! `sim::MemoryViews`, which after a crash falls back to any earlier flushed state or to nothing.
//! `views/row.rs` says what the rows hold.

pub(crate) mod row;
mod sled;

pub use sled::SledViews;

#[derive(Debug, thiserror::Error)]
pub enum ViewsError {
    #[error("view store fault: {0}")]
    Store(String),
    /// A value failed its checksum or version: the views must be rebuilt from the journal.
    #[error("damaged view row: {0}")]
    Damaged(&'static str),
}

/// Plain idempotent writes in any order; durable only after [`Views::flush`].
///
/// Every call may wait for the disk: never call it on an async runtime's thread.
pub trait Views: Send + Sync + 'static {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ViewsError>;

    fn insert(&self, key: &[u8], value: &[u8]) -> Result<(), ViewsError>;

    fn remove(&self, key: &[u8]) -> Result<(), ViewsError>;

    /// Rows with `from <= key < to` in key order (or backwards), until `each` returns false. `each`
    /// must not call the store.
    fn range(
        &self,
        from: &[u8],
        to: &[u8],
        backwards: bool,
        each: &mut dyn FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), ViewsError>;

    /// Everything inserted before is on the disk (flush and an fdatasync of our own).
    fn flush(&self) -> Result<(), ViewsError>;

    /// Whoever opens the store next finds it damaged, and so builds it anew from the journal. For
    /// when a row was found damaged, or a write or sync failed: to try that again proves nothing.
    fn condemn(&self) -> Result<(), ViewsError>;
}

/// A row as it is stored.
pub(crate) type Row = (Vec<u8>, Vec<u8>);

/// The first row of `from..to`, or the last.
pub(crate) fn edge(
    views: &dyn Views,
    from: &[u8],
    to: &[u8],
    last: bool,
) -> Result<Option<Row>, ViewsError> {
    let mut found = None;
    views.range(from, to, last, &mut |key, value| {
        found = Some((key.to_vec(), value.to_vec()));
        false
    })?;
    Ok(found)
}
