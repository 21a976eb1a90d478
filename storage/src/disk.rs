//! The disk as the journal needs it: few operations, each saying what is true once it returns.
//!
//! Two implementations: [`FileDisk`] and, for tests, `sim::SimDisk`, which loses, tears and reorders
//! whatever was not synced. Names are relative, with `/` between folder and file.

mod file;
mod lock;

use std::{io, sync::Arc};

pub use self::{
    file::FileDisk,
    lock::{DataLock, LockError},
};

/// A folder tree of preallocated files.
pub trait Disk: Send + Sync + 'static {
    /// A new, empty file opened for reading and writing. The name is durable only after
    /// [`Disk::sync_folder`]. `AlreadyExists` if there is one.
    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;

    /// An existing file opened for reading and writing; `NotFound` otherwise.
    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;

    /// The file names directly inside `folder`, sorted; empty when the folder does not exist.
    fn list(&self, folder: &str) -> io::Result<Vec<String>>;

    /// Removes a file; durable only after [`Disk::sync_folder`].
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Every create and remove in `folder` is durable (creates the folder if it is absent).
    fn sync_folder(&self, folder: &str) -> io::Result<()>;
}

/// One open file. Offsets are absolute; several threads may read while one writes elsewhere.
#[expect(clippy::len_without_is_empty, reason = "a length on disk, not a collection")]
pub trait DiskFile: Send + Sync {
    fn len(&self) -> io::Result<u64>;

    /// Fills as much of `buffer` as the file holds from `offset` on; returns how much.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes all of `bytes`. Readable at once, durable only after [`DiskFile::sync`].
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Every write that returned before is durable. After an error nothing is known about any of
    /// them, and asking again proves nothing.
    fn sync(&self) -> io::Result<()>;
}
