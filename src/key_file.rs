//! Keys that are files of the data directory, made at first need and readable by their owner alone.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use anyhow::{Context as _, ensure};
use holdfast_actors::ids::Randomness;

pub type Key = [u8; 32];

/// The key `name` of `data_dir`, made (with the directory) when there is none. Whoever asks, and
/// however many at once: all get the same key.
///
/// # Errors
/// The directory or the file cannot be made or read, or the file does not hold a key.
pub fn key(data_dir: &Path, name: &str, randomness: &dyn Randomness) -> anyhow::Result<Key> {
    let path = data_dir.join(name);
    match read(&path) {
        Ok(key) => return Ok(key),
        Err(error) if is_absent(&error) => {}
        Err(error) => return Err(error),
    }
    fs::create_dir_all(data_dir)
        .with_context(|| format!("cannot make the data directory {}", data_dir.display()))?;
    publish(data_dir, name, randomness)
        .with_context(|| format!("cannot make {}", path.display()))?;
    // Read back rather than returned: another process may have been first.
    read(&path)
}

fn is_absent(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::NotFound)
}

fn read(path: &Path) -> anyhow::Result<Key> {
    let mut key = Key::default();
    let mut file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let size = file.metadata().with_context(|| format!("cannot read {}", path.display()))?.len();
    ensure!(size == key.len() as u64, "{} does not hold a key of 32 bytes", path.display());
    file.read_exact(&mut key).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(key)
}

/// Writes a new key aside and links it into place, which fails when there is one already: no reader
/// ever sees half a key, and the first key wins.
fn publish(data_dir: &Path, name: &str, randomness: &dyn Randomness) -> io::Result<()> {
    let mut key = Key::default();
    randomness.fill(&mut key);
    let mut number = [0; 8];
    randomness.fill(&mut number);
    let aside = data_dir.join(format!("{name}.{:016x}", u64::from_be_bytes(number)));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&aside)?;
    let linked = file
        .write_all(&key)
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::hard_link(&aside, data_dir.join(name)));
    fs::remove_file(&aside)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    File::open(data_dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const NAME: &str = "some.key";

    /// Different bytes at each call, so that two makers would make two keys.
    struct Counting(std::sync::atomic::AtomicU8);

    impl Randomness for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst));
        }
    }

    #[test]
    fn many_at_once_get_one_key() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let randomness = Counting(0.into());
        let gate = std::sync::Barrier::new(16);
        let keys: Vec<Key> = std::thread::scope(|scope| {
            let makers: Vec<_> = (0..16)
                .map(|_| {
                    scope.spawn(|| {
                        gate.wait();
                        key(&data, NAME, &randomness).unwrap()
                    })
                })
                .collect();
            makers.into_iter().map(|maker| maker.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
        let names: Vec<_> =
            fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, [NAME]);
        let mode = fs::metadata(data.join(NAME)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_key_is_refused_and_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(NAME), b"short").unwrap();
        assert!(key(folder.path(), NAME, &Counting(0.into())).is_err());
        assert_eq!(fs::read(folder.path().join(NAME)).unwrap(), b"short");
    }
}
