//! The name of a type or an asset.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

/// In bytes of UTF-8.
const BYTES_MAX: usize = 256;

/// A type's or an asset's code: 1 to 256 bytes, not only white space, no control characters. Kept as
/// sent; compared and ordered by its bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Code(Arc<str>);

impl Code {
    /// `None` when it is none.
    pub fn new(text: &str) -> Option<Self> {
        let legal = (1..=BYTES_MAX).contains(&text.len())
            && !text.chars().any(char::is_control)
            && !text.chars().all(char::is_whitespace);
        legal.then(|| Self(text.into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
