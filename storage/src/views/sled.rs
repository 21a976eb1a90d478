//! sled behind [`Views`]: the only file that names it.
//!
//! sled's `flush` never calls fsync on Linux, it moves large pages to files it does not sync either,
//! and a flipped bit in its log drops rows in silence. So: flushes are completed here, every value
//! is sealed by the caller, the background flusher is off, and whatever looks wrong is
//! [`ViewsError::Damaged`], upon which the caller deletes the folder and folds the journal again.
//!
//! Every call may block. This file must not start threads or be called from an async runtime.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs::{self, File},
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use parking_lot::Mutex;
use sled::Db;

use super::{Views, ViewsError};

/// An empty file in the folder that says: delete all this.
const CONDEMNED: &str = "condemned";

/// A sled database in a folder of its own.
pub struct SledViews {
    db: Db,
    /// sled's log file, for the fdatasync that sled leaves out.
    log: File,
    folder: PathBuf,
    blobs: PathBuf,
    /// Blob files that are known to be on the disk; they are never changed once written.
    synced_blobs: Mutex<BTreeSet<OsString>>,
}

impl SledViews {
    /// 64 to 128 MiB serve well; sled's own default is a gigabyte.
    pub const CACHE_BYTES: u64 = 96 * 1024 * 1024;

    /// Opens or creates the store in the folder `path`.
    ///
    /// # Errors
    /// [`ViewsError::Damaged`] when the folder must be deleted and rebuilt; [`ViewsError::Store`]
    /// when that would not help (no permission, no room, in use).
    pub fn open(path: &Path, cache_bytes: u64) -> Result<Self, ViewsError> {
        fs::create_dir_all(path).map_err(|error| store(&error))?;
        if path.join(CONDEMNED).try_exists().map_err(|error| store(&error))? {
            return Err(ViewsError::Damaged("condemned by an earlier run"));
        }
        set_unfinished_snapshots_aside(path).map_err(|error| store(&error))?;
        let config = sled::Config::new()
            .path(path)
            .cache_capacity(cache_bytes)
            .flush_every_ms(None)
            .print_profile_on_drop(false);
        // sled asserts where it finds what it does not expect.
        let db = catch_unwind(AssertUnwindSafe(|| config.open()))
            .map_err(|_| ViewsError::Damaged("the store panicked when opened"))?
            .map_err(fault)?;
        let log = File::open(path.join("db")).map_err(|error| store(&error))?;
        sync_folder(path).map_err(|error| store(&error))?;
        let synced_blobs = Mutex::new(BTreeSet::new());
        let (folder, blobs) = (path.to_owned(), path.join("blobs"));
        Ok(Self { db, log, folder, blobs, synced_blobs })
    }

    /// Whether nobody, in this process or another, holds the store in `path` open. The last owner's
    /// drop closes it only a moment later.
    pub fn is_released(path: &Path) -> bool {
        File::open(path.join("db")).is_ok_and(|log| log.try_lock().is_ok())
    }

    /// Bytes of the store's files.
    ///
    /// # Errors
    /// [`ViewsError::Store`] when the file system does not tell.
    pub fn disk_bytes(&self) -> Result<u64, ViewsError> {
        self.db.size_on_disk().map_err(fault)
    }

    fn sync_files(&self) -> io::Result<()> {
        self.log.sync_data()?;
        let mut synced = self.synced_blobs.lock();
        let mut present = BTreeSet::new();
        for blob in fs::read_dir(&self.blobs)? {
            let blob = blob?;
            let name = blob.file_name();
            if !synced.contains(&name) {
                match File::open(blob.path()) {
                    Ok(file) => file.sync_data()?,
                    // sled removes blobs that nothing refers to any more.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    Err(error) => return Err(error),
                }
            }
            present.insert(name);
        }
        if !present.is_subset(&synced) {
            sync_folder(&self.blobs)?;
        }
        *synced = present;
        Ok(())
    }
}

impl Views for SledViews {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ViewsError> {
        Ok(self.db.get(key).map_err(fault)?.map(|value| value.to_vec()))
    }

    fn insert(&self, key: &[u8], value: &[u8]) -> Result<(), ViewsError> {
        self.db.insert(key, value).map(drop).map_err(fault)
    }

    fn remove(&self, key: &[u8]) -> Result<(), ViewsError> {
        self.db.remove(key).map(drop).map_err(fault)
    }

    fn range(
        &self,
        from: &[u8],
        to: &[u8],
        backwards: bool,
        each: &mut dyn FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), ViewsError> {
        if from >= to {
            return Ok(());
        }
        let mut rows = self.db.range(from..to);
        while let Some(row) = if backwards { rows.next_back() } else { rows.next() } {
            let (key, value) = row.map_err(fault)?;
            if !each(&key, &value) {
                break;
            }
        }
        Ok(())
    }

    fn flush(&self) -> Result<(), ViewsError> {
        self.db.flush().map_err(fault)?;
        self.sync_files().map_err(|error| store(&error))
    }

    fn condemn(&self) -> Result<(), ViewsError> {
        let written = File::create(self.folder.join(CONDEMNED)).and_then(|mark| mark.sync_all());
        written.and_then(|()| sync_folder(&self.folder)).map_err(|error| store(&error))
    }
}

/// A crash between writing and renaming a snapshot leaves a file that the next open takes for the
/// newest snapshot. It is only a shortcut for opening, so it goes.
fn set_unfinished_snapshots_aside(path: &Path) -> io::Result<()> {
    for file in fs::read_dir(path)? {
        let file = file?;
        let name = file.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            tracing::warn!(file = %name, "setting an unfinished snapshot of the view store aside");
            fs::rename(file.path(), path.join(format!("unfinished.{name}")))?;
        }
    }
    Ok(())
}

fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

fn fault(error: sled::Error) -> ViewsError {
    match error {
        sled::Error::Corruption { .. } => ViewsError::Damaged("the store found itself corrupted"),
        sled::Error::ReportableBug(_) => ViewsError::Damaged("the store found a bug in itself"),
        sled::Error::Unsupported(_) => ViewsError::Damaged("the store is of another format"),
        sled::Error::Io(error) => match error.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
                ViewsError::Damaged("the store's files end early")
            }
            _ => store(&error),
        },
        sled::Error::CollectionNotFound(_) => ViewsError::Damaged("a tree of the store is gone"),
    }
}

fn store(error: &io::Error) -> ViewsError {
    ViewsError::Store(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(path: &Path) -> Result<SledViews, ViewsError> {
        SledViews::open(path, 1 << 20)
    }

    #[test]
    fn what_was_flushed_is_there_after_reopening() {
        let folder = tempfile::tempdir().unwrap();
        let views = open(folder.path()).unwrap();
        views.insert(b"b", b"two").unwrap();
        views.insert(b"a", b"one").unwrap();
        views.insert(b"c", &vec![7; 300_000]).unwrap();
        views.remove(b"b").unwrap();
        views.flush().unwrap();
        assert!(views.disk_bytes().unwrap() > 0);
        drop(views);
        let views = open(folder.path()).unwrap();
        assert_eq!(views.get(b"a").unwrap().as_deref(), Some(&b"one"[..]));
        assert_eq!(views.get(b"b").unwrap(), None);
        assert_eq!(views.get(b"c").unwrap(), Some(vec![7; 300_000]));
    }

    #[test]
    fn an_unfinished_snapshot_does_not_hinder_opening() {
        let folder = tempfile::tempdir().unwrap();
        let views = open(folder.path()).unwrap();
        views.insert(b"a", b"one").unwrap();
        views.flush().unwrap();
        drop(views);
        fs::write(folder.path().join("snap.00000000000000FF.generating"), b"").unwrap();
        let views = open(folder.path()).unwrap();
        assert_eq!(views.get(b"a").unwrap().as_deref(), Some(&b"one"[..]));
    }

    #[test]
    fn a_condemned_store_stays_damaged_until_it_is_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("views");
        let views = open(&path).unwrap();
        views.condemn().unwrap();
        drop(views);
        assert!(matches!(open(&path), Err(ViewsError::Damaged(_))));
        fs::remove_dir_all(&path).unwrap();
        open(&path).unwrap();
    }

    #[test]
    fn a_folder_that_sled_cannot_read_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        drop(open(folder.path()).unwrap());
        fs::write(folder.path().join("conf"), b"not a configuration").unwrap();
        assert!(matches!(open(folder.path()), Err(ViewsError::Damaged(_))));
    }
}
