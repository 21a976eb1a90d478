//! The place that an import has reached, kept in a file beside the input.
//!
//! It says what was acknowledged by whom: the server and the organisation, what the lines are, and a
//! digest of everything before the place. An import of something else, or to somewhere else, does not go
//! on there. What lies behind the place may change: a line that was refused is corrected in the file.

use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail, ensure};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Format, What, lines::Place};

/// Two imports with one are one import.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Target {
    pub(super) url: String,
    /// As the token says; `None` when it is none of ours.
    pub(super) org: Option<String>,
    pub(super) what: What,
    pub(super) format: Format,
    /// The From asset that the command names.
    pub(super) from: Option<[String; 2]>,
}

/// What the file holds.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    #[serde(flatten)]
    target: Target,
    bytes: u64,
    lines: u64,
    /// Of the first `bytes` bytes of the input.
    sha256: String,
}

pub(super) struct Checkpoint {
    path: PathBuf,
    target: Target,
    input: File,
    place: Place,
    digest: Sha256,
}

/// At a time, when bytes of the input are hashed.
const CHUNK_BYTES: usize = 64 * 1024;

impl Checkpoint {
    /// Takes up what `path` says of `input`, if it is there and `anew` is not asked for.
    ///
    /// # Errors
    /// When it is about something else, or a file cannot be read.
    pub(super) fn open(
        path: PathBuf,
        input: File,
        target: Target,
        anew: bool,
    ) -> anyhow::Result<Self> {
        let mut checkpoint =
            Self { path, target, input, place: Place::default(), digest: Sha256::new() };
        if anew {
            checkpoint.remove()?;
            return Ok(checkpoint);
        }
        let path = checkpoint.path.display().to_string();
        let text = match fs::read(&checkpoint.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(checkpoint),
            Err(error) => return Err(error).with_context(|| format!("cannot read {path}")),
        };
        let kept: Kept = serde_json::from_slice(&text)
            .with_context(|| format!("{path} cannot be used; --restart begins anew"))?;
        checkpoint.take_up(kept).with_context(|| {
            format!("{path} is not about this import; --restart begins anew, --state uses another")
        })?;
        Ok(checkpoint)
    }

    fn take_up(&mut self, kept: Kept) -> anyhow::Result<()> {
        ensure!(kept.target == self.target, "it says {}", serde_json::to_string(&kept.target)?);
        let place = Place { bytes: kept.bytes, lines: kept.lines };
        match self.hash_up_to(place) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                bail!("the file is shorter than what was acknowledged of it")
            }
            read => read.context("cannot read the file")?,
        }
        ensure!(self.sha256() == kept.sha256, "what was acknowledged of the file has changed");
        ensure!(self.at_line_start()?, "the last line that was acknowledged goes on now");
        Ok(())
    }

    /// Everything before it is acknowledged.
    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// Keeps that everything before `place` is acknowledged.
    ///
    /// # Errors
    /// When a file cannot be read or written; what was kept before is still there.
    pub(super) fn advance(&mut self, place: Place) -> anyhow::Result<()> {
        self.hash_up_to(place).context("cannot read the file")?;
        let kept = Kept {
            target: self.target.clone(),
            bytes: place.bytes,
            lines: place.lines,
            sha256: self.sha256(),
        };
        let text = serde_json::to_vec(&kept)?;
        self.publish(&text).with_context(|| format!("cannot write {}", self.path.display()))
    }

    /// There is nothing to go on with.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub(super) fn remove(&self) -> anyhow::Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {}", self.path.display()))
            }
            _ => Ok(()),
        }
    }

    /// Written aside and renamed into place: whoever reads it finds one or the other.
    fn publish(&self, text: &[u8]) -> io::Result<()> {
        let aside = beside(&self.path, ".new");
        let mut file = File::create(&aside)?;
        file.write_all(text)?;
        file.sync_data()?;
        fs::rename(&aside, &self.path)
    }

    fn hash_up_to(&mut self, place: Place) -> io::Result<()> {
        let mut chunk = vec![0; CHUNK_BYTES];
        while self.place.bytes < place.bytes {
            let left = usize::try_from(place.bytes - self.place.bytes).unwrap_or(usize::MAX);
            let part = &mut chunk[..left.min(CHUNK_BYTES)];
            self.input.read_exact_at(part, self.place.bytes)?;
            self.digest.update(&*part);
            self.place.bytes += part.len() as u64;
        }
        self.place = place;
        Ok(())
    }

    fn sha256(&self) -> String {
        self.digest.clone().finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The last line may have had no end, and then nothing may follow it.
    fn at_line_start(&self) -> io::Result<bool> {
        let Some(last) = self.place.bytes.checked_sub(1) else { return Ok(true) };
        let mut byte = [0];
        self.input.read_exact_at(&mut byte, last)?;
        Ok(byte == *b"\n" || self.input.metadata()?.len() == self.place.bytes)
    }
}

/// The path with something behind its name.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// A second reader of a file, with a position of its own.
///
/// # Errors
/// When it is no file, or cannot be read.
pub(super) fn open_input(path: &Path) -> anyhow::Result<File> {
    let open = || -> io::Result<File> {
        let mut file = File::open(path)?;
        // A folder opens and then does not read.
        file.read_exact(&mut [])?;
        Ok(file)
    };
    let file = open().with_context(|| format!("cannot open {}", path.display()))?;
    ensure!(file.metadata()?.is_file(), "{} is not a file", path.display());
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target() -> Target {
        Target {
            url: "http://127.0.0.1:1/".to_owned(),
            org: Some("org_1".to_owned()),
            what: What::Assets,
            format: Format::Jsonl,
            from: None,
        }
    }

    struct Desk {
        folder: tempfile::TempDir,
    }

    impl Desk {
        fn with(text: &str) -> Self {
            let desk = Self { folder: tempfile::tempdir().unwrap() };
            desk.write(text);
            desk
        }

        fn write(&self, text: &str) {
            fs::write(self.folder.path().join("input"), text).unwrap();
        }

        fn state(&self) -> PathBuf {
            self.folder.path().join("input.progress")
        }

        fn open(&self, target: Target) -> anyhow::Result<Checkpoint> {
            let input = open_input(&self.folder.path().join("input"))?;
            Checkpoint::open(self.state(), input, target, false)
        }
    }

    #[test]
    fn an_import_goes_on_where_it_was() {
        let desk = Desk::with("one\ntwo\nthree\nfour");
        let mut first = desk.open(target()).unwrap();
        assert_eq!(first.place(), Place::default());
        first.advance(Place { bytes: 4, lines: 1 }).unwrap();
        first.advance(Place { bytes: 8, lines: 2 }).unwrap();
        // What comes later may be corrected.
        desk.write("one\ntwo\n3\nfour");
        let mut second = desk.open(target()).unwrap();
        assert_eq!(second.place(), Place { bytes: 8, lines: 2 });
        second.advance(Place { bytes: 14, lines: 4 }).unwrap();
        assert_eq!(desk.open(target()).unwrap().place().lines, 4);
        second.remove().unwrap();
        second.remove().unwrap();
        assert_eq!(desk.open(target()).unwrap().place(), Place::default());
        assert_eq!(fs::read_dir(desk.folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn another_import_does_not_go_on_there() {
        let desk = Desk::with("one\ntwo\n");
        desk.open(target()).unwrap().advance(Place { bytes: 4, lines: 1 }).unwrap();
        let others = [
            Target { url: "http://127.0.0.1:2/".to_owned(), ..target() },
            Target { org: None, ..target() },
            Target { what: What::Types, ..target() },
            Target { format: Format::Csv, ..target() },
            Target { from: Some(["User".to_owned(), "1".to_owned()]), ..target() },
        ];
        for other in others {
            assert!(desk.open(other.clone()).is_err(), "{other:?}");
        }
        for text in ["One\ntwo\n", "on", "", "two\none\n"] {
            desk.write(text);
            assert!(desk.open(target()).is_err(), "{text:?}");
        }
        fs::write(desk.state(), "").unwrap();
        assert!(desk.open(target()).is_err());
        let input = open_input(&desk.folder.path().join("input")).unwrap();
        let anew = Checkpoint::open(desk.state(), input, target(), true).unwrap();
        assert_eq!(anew.place(), Place::default());
    }

    #[test]
    fn a_last_line_that_went_on_is_noticed() {
        let desk = Desk::with("one\ntwo");
        desk.open(target()).unwrap().advance(Place { bytes: 7, lines: 2 }).unwrap();
        assert_eq!(desk.open(target()).unwrap().place().lines, 2);
        desk.write("one\ntwofold");
        let told = format!("{:#}", desk.open(target()).err().unwrap());
        assert!(told.contains("goes on now"), "{told}");
    }

    #[test]
    fn only_files_are_input() {
        let folder = tempfile::tempdir().unwrap();
        assert!(open_input(folder.path()).is_err());
        assert!(open_input(&folder.path().join("none")).is_err());
    }
}
