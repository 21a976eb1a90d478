//! The real disk: files below one folder.
//!
//! It must not retry: what a failed write or sync means is for the journal to say.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::disk::{Disk, DiskFile};

/// Names are relative to its root.
#[derive(Clone, Debug)]
pub struct FileDisk {
    root: PathBuf,
}

impl FileDisk {
    /// The folder need not exist yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    fn sync_path(path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }
}

impl Disk for FileDisk {
    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let path = self.root.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        Ok(Arc::new(OpenOptions::new().read(true).write(true).create_new(true).open(path)?))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(OpenOptions::new().read(true).write(true).open(self.root.join(name))?))
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(self.root.join(folder)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry?;
            if entry.file_type()?.is_file()
                && let Ok(name) = entry.file_name().into_string()
            {
                names.push(name);
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.root.join(name))
    }

    /// Also syncs the folders above it up to the root and the one that holds the root, in case this
    /// call made them.
    fn sync_folder(&self, folder: &str) -> io::Result<()> {
        let path = self.root.join(folder);
        fs::create_dir_all(&path)?;
        Self::sync_path(&path)?;
        let inside = path.ancestors().skip(1).take_while(|above| above.starts_with(&self.root));
        for above in inside {
            Self::sync_path(above)?;
        }
        match self.root.parent() {
            Some(above) if above.as_os_str().is_empty() => Self::sync_path(Path::new(".")),
            Some(above) => Self::sync_path(above),
            None => Ok(()),
        }
    }
}

impl DiskFile for File {
    fn len(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match FileExt::read_at(self, &mut buffer[filled..], offset + filled as u64) {
                Ok(0) => break,
                Ok(more) => filled += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_read_listed_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let disk = FileDisk::new(folder.path().join("root"));
        assert_eq!(disk.list("a").unwrap(), Vec::<String>::new());
        let file = disk.create("a/two").unwrap();
        disk.create("a/one").unwrap();
        disk.sync_folder("a").unwrap();
        file.write_at(b"hold", 4).unwrap();
        file.sync().unwrap();
        assert_eq!(file.len().unwrap(), 8);
        let mut read = [9; 16];
        assert_eq!(disk.open("a/two").unwrap().read_at(&mut read, 2).unwrap(), 6);
        assert_eq!(&read[..6], b"\0\0hold");
        assert_eq!(disk.list("a").unwrap(), ["one", "two"]);
        let again = disk.create("a/two").err().unwrap();
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
        disk.remove("a/two").unwrap();
        assert_eq!(disk.open("a/two").err().unwrap().kind(), io::ErrorKind::NotFound);
    }
}
