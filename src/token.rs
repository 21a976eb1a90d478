//! Local bearer tokens: the data directory's signing key, and tokens made with it.
//!
//! It takes no lock: a token can be made before the first start and beside a running server. It must
//! not verify anything; that is the server's business.

use std::path::Path;

use anyhow::{bail, ensure};
use holdfast_actors::ids::Randomness;
use holdfast_domain::Timestamp;
pub use holdfast_http::token::Claims;
use holdfast_http::token::sign;

use crate::key_file;

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

/// The signing key of `data_dir`, made (with the directory) when there is none.
///
/// # Errors
/// As for [`key_file::key`].
pub fn key(data_dir: &Path, randomness: &dyn Randomness) -> anyhow::Result<TokenKey> {
    key_file::key(data_dir, KEY_FILE, randomness)
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
    use super::*;

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
