//! The rows a registry consists of, and what a record changes in them: the stored vocabulary.
//! Additive changes only.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Code;
use crate::{
    asset::Event,
    record::{Outcome, Record},
};

/// A type's internal id; given once.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct TypeKey(pub u64);

/// An asset's internal id; given once.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct AssetKey(pub u64);

/// Names a row. The order is that of its bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Key {
    Type(TypeKey),
    Asset(AssetKey),
    /// The association of the first with the second.
    From(AssetKey, AssetKey),
    /// The same, found from its far end: the second is associated with the first.
    To(AssetKey, AssetKey),
}

impl Key {
    pub const BYTES: usize = 17;

    /// Its place among the rows of one registry: byte order is the order of keys.
    pub fn bytes(self) -> [u8; Self::BYTES] {
        let (kind, first, second) = match self {
            Self::Type(TypeKey(id)) => (0, id, 0),
            Self::Asset(AssetKey(id)) => (1, id, 0),
            Self::From(AssetKey(from), AssetKey(to)) => (2, from, to),
            Self::To(AssetKey(to), AssetKey(from)) => (3, to, from),
        };
        let mut bytes = [0; Self::BYTES];
        bytes[0] = kind;
        bytes[1..9].copy_from_slice(&first.to_be_bytes());
        bytes[9..].copy_from_slice(&second.to_be_bytes());
        bytes
    }

    /// The inverse of [`Key::bytes`].
    pub fn from_bytes(bytes: [u8; Self::BYTES]) -> Option<Self> {
        let number = |at: usize| {
            let mut number = [0; 8];
            number.copy_from_slice(&bytes[at..at + 8]);
            u64::from_be_bytes(number)
        };
        let (first, second) = (number(1), number(9));
        match bytes[0] {
            0 if second == 0 => Some(Self::Type(TypeKey(first))),
            1 if second == 0 => Some(Self::Asset(AssetKey(first))),
            2 => Some(Self::From(AssetKey(first), AssetKey(second))),
            3 => Some(Self::To(AssetKey(first), AssetKey(second))),
            _ => None,
        }
    }

    /// The key right after this one, which names a row of the same kind or none at all.
    #[must_use]
    pub fn next(self) -> Self {
        let after = |id: u64| id.saturating_add(1);
        match self {
            Self::Type(TypeKey(id)) => Self::Type(TypeKey(after(id))),
            Self::Asset(AssetKey(id)) => Self::Asset(AssetKey(after(id))),
            Self::From(from, AssetKey(to)) => Self::From(from, AssetKey(after(to))),
            Self::To(to, AssetKey(from)) => Self::To(to, AssetKey(after(from))),
        }
    }

    /// The least of all keys.
    pub const FIRST: Key = Key::Type(TypeKey(0));

    /// One past all keys.
    pub const END: Key = Key::To(AssetKey(u64::MAX), AssetKey(u64::MAX));
}

/// What a row holds. The texts are canonical JSON.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Row {
    /// `metadata`: an object of strings.
    Type { code: Code, metadata: Box<str> },
    /// `context`: an array of contexts, one per application.
    Asset { ty: TypeKey, code: Code, context: Box<str> },
    /// `context`: the same.
    Association { context: Box<str> },
    /// Under [`Key::To`].
    Back,
}

/// What the row of an asset holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct AssetRow<'a> {
    pub(super) ty: TypeKey,
    pub(super) code: &'a Code,
    pub(super) context: &'a str,
}

impl Row {
    /// Of a type.
    pub(super) fn code(&self) -> Option<&Code> {
        match self {
            Self::Type { code, .. } => Some(code),
            _ => None,
        }
    }

    pub(super) fn asset(&self) -> Option<AssetRow<'_>> {
        match self {
            Self::Asset { ty, code, context } => Some(AssetRow { ty: *ty, code, context }),
            _ => None,
        }
    }

    /// Of an association.
    pub(super) fn association(&self) -> Option<&str> {
        match self {
            Self::Association { context } => Some(context),
            _ => None,
        }
    }

    /// The bytes of its free text.
    pub(super) fn text_bytes(&self) -> usize {
        match self {
            Self::Type { code, metadata: text } | Self::Asset { code, context: text, .. } => {
                code.as_str().len() + text.len()
            }
            Self::Association { context } => context.len(),
            Self::Back => 0,
        }
    }
}

/// A row as a record leaves it: `None` where there is none any more.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Change {
    pub key: Key,
    pub row: Option<Arc<Row>>,
}

/// What a command did to a registry. Associations stand in it once, under [`Key::From`].
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RegistryEvent {
    pub changes: Vec<Change>,
}

impl RegistryEvent {
    /// All rows it changes: those of associations under both keys.
    pub fn rows(&self) -> impl Iterator<Item = Change> {
        self.changes.iter().flat_map(|change| {
            let back = match change.key {
                Key::From(from, to) => Some(Change {
                    key: Key::To(to, from),
                    row: change.row.is_some().then(|| Arc::new(Row::Back)),
                }),
                _ => None,
            };
            std::iter::once(change.clone()).chain(back)
        })
    }
}

/// The rows a record changes; none unless it is of a registry.
pub fn rows_of(record: &Record) -> Vec<Change> {
    let Outcome::Accepted(accepted) = &record.outcome else { return Vec::new() };
    let events = accepted.events.iter().filter_map(|event| match event {
        Event::Registry(event) => Some(event),
        _ => None,
    });
    events.flat_map(RegistryEvent::rows).collect()
}

/// The rows cannot be read now, or not any more.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct RowsError(pub String);

/// The rows of one registry as of one moment. May wait for the disk.
pub trait Rows {
    /// # Errors
    /// When the row cannot be read.
    fn get(&self, key: Key) -> Result<Option<Arc<Row>>, RowsError>;

    /// The first `limit` rows with `from <= key < to`, in the order of their keys.
    ///
    /// # Errors
    /// When they cannot be read.
    fn range(&self, from: Key, to: Key, limit: usize) -> Result<Vec<(Key, Arc<Row>)>, RowsError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_ordered_as_their_bytes_and_read_back() {
        let (one, two) = (AssetKey(1), AssetKey(1 << 40));
        let keys = [
            Key::Type(TypeKey(0)),
            Key::Type(TypeKey(300)),
            Key::Asset(one),
            Key::Asset(two),
            Key::From(one, one),
            Key::From(one, two),
            Key::From(two, one),
            Key::To(one, two),
            Key::END,
        ];
        assert!(keys.is_sorted() && keys.map(Key::bytes).is_sorted());
        assert_eq!(keys.map(|key| Key::from_bytes(key.bytes())), keys.map(Some));
        assert_eq!(Key::from_bytes([9; Key::BYTES]), None);
    }
}
