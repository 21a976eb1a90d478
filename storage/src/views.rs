//! The views: an ordered key-value store that follows the journal and may be deleted at any time.
//!
//! Two implementations: sled (`views/sled.rs`, the only file that names it) and, for tests,
//! `sim::MemoryViews`, which after a crash falls back to any earlier flushed state or to nothing.

#[derive(Debug, thiserror::Error)]
pub enum ViewsError {
    #[error("view store fault: {0}")]
    Store(String),
    /// A value failed its checksum or version: the views must be rebuilt from the journal.
    #[error("damaged view row: {0}")]
    Damaged(&'static str),
}

/// Plain idempotent writes in any order; durable only after [`Views::flush`].
pub trait Views: Send + Sync + 'static {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ViewsError>;

    fn insert(&self, key: &[u8], value: &[u8]) -> Result<(), ViewsError>;

    fn remove(&self, key: &[u8]) -> Result<(), ViewsError>;

    /// Rows with `from <= key < to` in key order (or backwards), until `each` returns false.
    fn range(
        &self,
        from: &[u8],
        to: &[u8],
        backwards: bool,
        each: &mut dyn FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), ViewsError>;

    /// Everything inserted before is on the disk (flush and an fdatasync of our own).
    fn flush(&self) -> Result<(), ViewsError>;
}
