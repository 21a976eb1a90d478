//! Local bearer tokens: the data directory's signing key, and tokens made with it.
//!
//! It takes no lock: a token can be made before the first start and beside a running server. It must
//! not verify anything; that is the server's business.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use anyhow::{Context as _, bail, ensure};
use holdfast_actors::ids::Randomness;
use holdfast_domain::Timestamp;
pub use holdfast_http::token::Claims;
use holdfast_http::token::sign;

/// The secret of the HS256 signature.
pub type TokenKey = [u8; 32];

/// Under this name in the data directory.
pub const KEY_FILE: &str = "token.key";

/// Signs `claims` for `ttl_seconds` from `now`.
pub fn mint(key: &TokenKey, claims: Claims, now: Timestamp, ttl_seconds: u64) -> String {
    let iat = now.unsigned_millis() / 1000;
    let claims = Claims { iat: Some(iat), exp: iat.saturating_add(ttl_seconds), ..claims };
    sign(key, &claims)
}

/// The signing key of `data_dir`, made (with the directory) when there is none. Whoever asks, and
/// however many at once: all get the same key.
///
/// # Errors
/// The directory or the file cannot be made or read, or the file does not hold a key.
pub fn key(data_dir: &Path, randomness: &dyn Randomness) -> anyhow::Result<TokenKey> {
    let path = data_dir.join(KEY_FILE);
    match read(&path) {
        Ok(key) => return Ok(key),
        Err(error) if is_absent(&error) => {}
        Err(error) => return Err(error),
    }
    fs::create_dir_all(data_dir)
        .with_context(|| format!("cannot make the data directory {}", data_dir.display()))?;
    publish(data_dir, &path, randomness)
        .with_context(|| format!("cannot make {}", path.display()))?;
    // Read back rather than returned: another process may have been first.
    read(&path)
}

fn is_absent(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::NotFound)
}

fn read(path: &Path) -> anyhow::Result<TokenKey> {
    let mut key = TokenKey::default();
    let mut file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let size = file.metadata().with_context(|| format!("cannot read {}", path.display()))?.len();
    ensure!(size == key.len() as u64, "{} does not hold a key of 32 bytes", path.display());
    file.read_exact(&mut key).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(key)
}

/// Writes a new key aside and links it into place, which fails when there is one already: no reader
/// ever sees half a key, and the first key wins.
fn publish(data_dir: &Path, path: &Path, randomness: &dyn Randomness) -> io::Result<()> {
    let mut key = TokenKey::default();
    randomness.fill(&mut key);
    let mut name = [0; 8];
    randomness.fill(&mut name);
    let aside = data_dir.join(format!("{KEY_FILE}.{:016x}", u64::from_be_bytes(name)));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&aside)?;
    let linked = file
        .write_all(&key)
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::hard_link(&aside, path));
    fs::remove_file(&aside)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    File::open(data_dir)?.sync_all()
}

/// Reads `90s`, `15m`, `1h` or `7d` as seconds; at least one.
///
/// # Errors
/// A sentence for the command line.
pub fn parse_ttl(text: &str) -> anyhow::Result<u64> {
    const FORM: &str = "must be a whole number with s, m, h or d, like 90s or 1h";
    let Some(unit) = text.chars().last() else { bail!(FORM) };
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => bail!(FORM),
    };
    let count = &text[..text.len() - 1];
    ensure!(!count.is_empty() && count.bytes().all(|b| b.is_ascii_digit()), FORM);
    let total = count.parse::<u64>().ok().and_then(|n| n.checked_mul(seconds));
    match total {
        Some(total @ 1..=3_155_760_000) => Ok(total),
        _ => bail!("must lie between one second and a hundred years"),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

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
        let keys: Vec<TokenKey> = std::thread::scope(|scope| {
            let makers: Vec<_> = (0..16)
                .map(|_| {
                    scope.spawn(|| {
                        gate.wait();
                        key(&data, &randomness).unwrap()
                    })
                })
                .collect();
            makers.into_iter().map(|maker| maker.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
        let names: Vec<_> =
            fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, [KEY_FILE]);
        let mode = fs::metadata(data.join(KEY_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_key_is_refused_and_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(KEY_FILE), b"short").unwrap();
        assert!(key(folder.path(), &Counting(0.into())).is_err());
        assert_eq!(fs::read(folder.path().join(KEY_FILE)).unwrap(), b"short");
    }

    #[test]
    fn ttl_forms() {
        let rows = [
            ("90s", Some(90)),
            ("15m", Some(900)),
            ("1h", Some(3_600)),
            ("7d", Some(604_800)),
            ("0s", None),
            ("", None),
            ("h", None),
            ("1", None),
            ("-1h", None),
            ("+1h", None),
            ("1w", None),
            ("1é", None),
            ("99999999999999999999d", None),
        ];
        for (text, expected) in rows {
            assert_eq!(parse_ttl(text).ok(), expected, "{text}");
        }
    }
}
