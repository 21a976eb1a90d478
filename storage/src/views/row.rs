//! What the rows of the views hold, and their sealed form: every value carries a version and a
//! checksum, because the store drops or bends rows in silence when its file is damaged.

use std::fmt;

use holdfast_domain::{
    BookingId, Digest, KeyScope, Kind, Outcome, Record, Stamp, Subject, Tag, Timestamp,
    asset::PastBooking,
};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, DeserializeOwned},
};

use super::ViewsError;
use crate::{
    codec,
    journal::{Address, Position},
    tail::TailEntry,
};

/// Entries in an audit page. Pages start at versions 1, 15, 29, …, whatever the folds were.
pub(crate) const PAGE_ENTRIES: usize = 14;

/// A page whose records are longer than this in all names their addresses instead: rows stay far
/// from the size at which the store moves them to files of their own.
pub(crate) const PAGE_BYTES_MAX: usize = 64 * 1024;

/// A snapshot is cut into rows of at most this.
pub(crate) const CHUNK_BYTES: usize = 4 * 1024;

/// The first version of the page that `version` (≥ 1) belongs to.
pub(crate) const fn page_first(version: u64) -> u64 {
    (version - 1) / PAGE_ENTRIES as u64 * PAGE_ENTRIES as u64 + 1
}

/// A row or a part of one from its sealed form.
pub(crate) fn open<T: DeserializeOwned>(bytes: &[u8], what: &'static str) -> Result<T, ViewsError> {
    codec::open(bytes).map_err(|_| ViewsError::Damaged(what))
}

/// One audit entry of the open page; its body is read from the journal.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    pub(crate) at: Timestamp,
    pub(crate) address: Address,
    pub(crate) scope: Option<KeyScope>,
    pub(crate) fingerprint: u64,
    pub(crate) hash: Digest,
}

/// Where the asset document came from.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Registered {
    pub(crate) created: Position,
    pub(crate) document: Address,
}

#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct SnapshotRow {
    pub(crate) version: u64,
    pub(crate) chunks: u32,
}

/// One per asset.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct HeadRow {
    pub(crate) tag: Tag,
    /// The newest folded version; those before the open page are in pages of their own.
    pub(crate) version: u64,
    pub(crate) registered: Option<Registered>,
    pub(crate) next_due: Option<Timestamp>,
    pub(crate) snapshot: Option<SnapshotRow>,
    pub(crate) open: Vec<Entry>,
}

impl HeadRow {
    pub(crate) fn new(tag: Tag) -> Self {
        let (registered, next_due, snapshot) = (None, None, None);
        Self { tag, version: 0, registered, next_due, snapshot, open: Vec::new() }
    }

    pub(crate) fn open(bytes: &[u8]) -> Result<Self, ViewsError> {
        let head: Self = open(bytes, "head")?;
        let fits = head.open.len() < PAGE_ENTRIES
            && head.version % PAGE_ENTRIES as u64 == head.open.len() as u64;
        if fits { Ok(head) } else { Err(ViewsError::Damaged("open page of a head")) }
    }

    /// The first version of the open page, which may still be empty.
    pub(crate) fn open_first(&self) -> u64 {
        self.version - self.open.len() as u64 + 1
    }

    /// The entry of a version, when it is in the open page.
    pub(crate) fn open_entry(&self, version: u64) -> Option<&Entry> {
        let offset = version.checked_sub(self.open_first())?;
        self.open.get(usize::try_from(offset).ok()?)
    }

    /// Takes in the record of the next version.
    pub(crate) fn append(&mut self, tail: &TailEntry, record: &Record) {
        self.version = tail.version;
        self.next_due = record.next_due;
        if let Outcome::Accepted(accepted) = &record.outcome
            && is_listed(accepted.subject, self.tag)
        {
            let created = self.registered.map_or(tail.position, |earlier| earlier.created);
            self.registered = Some(Registered { created, document: tail.address });
        }
        self.open.push(Entry {
            kind: record.kind,
            at: record.at,
            address: tail.address,
            scope: record.key.as_ref().map(|key| key.scope),
            fingerprint: record.key.as_ref().map_or(0, |key| key.fingerprint),
            hash: record.hash,
        });
    }
}

/// Whether the record is one that a start reads: of an asset, or of an org's webhook endpoints.
fn is_listed(subject: Subject, tag: Tag) -> bool {
    match subject {
        Subject::Asset(_) => true,
        Subject::Endpoint(id) => id.tag == tag,
        _ => false,
    }
}

/// A full page.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum PageRow {
    /// The records themselves, in version order.
    Records(Vec<Record>),
    /// Where they lie in the journal, when they are too long for a row.
    Addresses(Vec<Address>),
}

#[derive(Serialize, Deserialize)]
enum StoredPage {
    /// lz4 over the sealed records, each after its length (u32).
    Packed(Blob),
    Addresses(Vec<Address>),
}

impl PageRow {
    /// `bodies`: the sealed records.
    pub(crate) fn seal_records(bodies: &[Vec<u8>]) -> Vec<u8> {
        let mut plain = Vec::with_capacity(bodies.iter().map(|body| body.len() + 4).sum());
        for body in bodies {
            let length = u32::try_from(body.len()).expect("a page holds at most PAGE_BYTES_MAX");
            plain.extend_from_slice(&length.to_le_bytes());
            plain.extend_from_slice(body);
        }
        codec::seal(&StoredPage::Packed(Blob(lz4_flex::compress_prepend_size(&plain))))
    }

    pub(crate) fn seal_addresses(addresses: Vec<Address>) -> Vec<u8> {
        codec::seal(&StoredPage::Addresses(addresses))
    }

    pub(crate) fn open(bytes: &[u8]) -> Result<Self, ViewsError> {
        const DAMAGED: ViewsError = ViewsError::Damaged("page");
        let page = match open(bytes, "page")? {
            StoredPage::Packed(Blob(packed)) => {
                let plain = lz4_flex::decompress_size_prepended(&packed).map_err(|_| DAMAGED)?;
                Self::Records(records(&plain).ok_or(DAMAGED)?)
            }
            StoredPage::Addresses(addresses) => Self::Addresses(addresses),
        };
        if page.len() == PAGE_ENTRIES { Ok(page) } else { Err(DAMAGED) }
    }

    /// Keeps the first `count` records.
    pub(crate) fn truncate(&mut self, count: u64) {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        match self {
            Self::Records(records) => records.truncate(count),
            Self::Addresses(addresses) => addresses.truncate(count),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Records(records) => records.len(),
            Self::Addresses(addresses) => addresses.len(),
        }
    }
}

fn records(mut plain: &[u8]) -> Option<Vec<Record>> {
    let mut records = Vec::with_capacity(PAGE_ENTRIES);
    while let Some((length, rest)) = plain.split_first_chunk() {
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (body, rest) = rest.split_at_checked(length)?;
        records.push(codec::open(body).ok()?);
        plain = rest;
    }
    plain.is_empty().then_some(records)
}

/// Finished bookings of an asset from the stamp in the key up to (not including) `until`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct LeafRow {
    /// The key of the next leaf when this one was written: how a backwards reader notices that a
    /// leaf was split behind its back.
    pub(crate) until: u64,
    pub(crate) entries: Vec<LeafEntry>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct LeafEntry {
    pub(crate) stamp: Stamp,
    /// Version and address of the record with its last image.
    pub(crate) version: u64,
    pub(crate) address: Address,
    /// Version and time of the record that ended it; later ones only adjust its cost.
    pub(crate) ended: (u64, Timestamp),
    /// Of its last image, so that sums need no bodies.
    pub(crate) past: Option<PastBooking>,
}

/// The newest image of a condition report or a maintenance.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct ItemRow {
    pub(crate) version: u64,
    pub(crate) address: Address,
}

/// A booking in a user's row.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct UserEntry {
    pub(crate) position: Position,
    pub(crate) booking: BookingId,
}

/// Bytes stored as one piece; serde would take a `Vec<u8>` apart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Blob(pub(crate) Vec<u8>);

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AsBlob;
        impl de::Visitor<'_> for AsBlob {
            type Value = Blob;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Blob, E> {
                Ok(Blob(bytes.to_vec()))
            }

            fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Blob, E> {
                Ok(Blob(bytes))
            }
        }
        deserializer.deserialize_byte_buf(AsBlob)
    }
}
