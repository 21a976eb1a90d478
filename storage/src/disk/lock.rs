//! One process per data directory: an exclusive lock on a file inside it.
//!
//! The lock ends with the process, however it ends; the file itself says nothing.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
};

#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Exit 73: another process has this data directory open.
    #[error("{} is in use by another process", .0.display())]
    Held(PathBuf),
    #[error("cannot lock {}", path.display())]
    Disk { path: PathBuf, source: io::Error },
}

/// Held as long as it lives.
#[derive(Debug)]
pub struct DataLock {
    _file: File,
}

impl DataLock {
    /// Locks `<data_dir>/lock`, making the folder and the file when they are absent.
    ///
    /// # Errors
    /// `Held` at once (no waiting) when somebody else has it.
    pub fn acquire(data_dir: &Path) -> Result<Self, LockError> {
        let path = data_dir.join("lock");
        let fault = |source| LockError::Disk { path: path.clone(), source };
        fs::create_dir_all(data_dir).map_err(fault)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = options.open(&path).map_err(fault)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(LockError::Held(data_dir.to_path_buf())),
            Err(TryLockError::Error(source)) => Err(fault(source)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_opener_is_refused_until_the_first_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = folder.path().join("data");
        let first = DataLock::acquire(&data_dir).unwrap();
        assert!(
            matches!(DataLock::acquire(&data_dir), Err(LockError::Held(path)) if path == data_dir)
        );
        drop(first);
        DataLock::acquire(&data_dir).unwrap();
    }
}
