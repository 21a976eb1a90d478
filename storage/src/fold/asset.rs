//! Folds the entries of one asset: its head row, the audit pages it fills, its snapshot.

use holdfast_domain::Tag;

use super::{
    batch::Batch,
    leaves::{PastByVersion, past_booking},
};
use crate::{
    codec,
    history::{HistoryError, ReadRecord, read},
    keys,
    tail::Generation,
    views::{
        ViewsError,
        row::{
            self, Blob, CHUNK_BYTES, HeadRow, PAGE_BYTES_MAX, PAGE_ENTRIES, PageRow, SnapshotRow,
        },
    },
};

/// Also hands over what the records it read say of bookings that are over.
///
/// Versions that the head row already has are skipped: it was written by an earlier attempt, after
/// the pages it relies on.
pub(super) fn fold(
    batch: &mut Batch<'_>,
    journal: &dyn ReadRecord,
    generation: &Generation,
    tag: Tag,
) -> Result<PastByVersion, HistoryError> {
    let key = keys::head(tag);
    let mut head = match batch.views().get(&key)? {
        Some(bytes) => HeadRow::open(&bytes)?,
        None => HeadRow::new(tag),
    };
    let newest = generation.newest_version(tag).unwrap_or(0);
    let (mut bodies, mut past) = (Bodies::default(), PastByVersion::new());
    for entry in generation.of_asset(tag, head.version) {
        if entry.version != head.version + 1 {
            return Err(HistoryError::Hole { after: head.version, found: entry.version });
        }
        let record = read(journal, tag, entry.version, entry.address)?;
        head.append(&entry, &record);
        if let Some(image) = past_booking(&record) {
            past.insert(entry.version, image);
        }
        let page_ends = row::page_first(entry.version) + PAGE_ENTRIES as u64 - 1;
        if page_ends <= newest {
            bodies.push(codec::seal(&record));
        }
        if entry.version == page_ends {
            let bodies = std::mem::take(&mut bodies);
            spill(batch, journal, &mut head, bodies)?;
        }
    }
    if let Some((version, bytes)) = generation.snapshot(tag)
        && head.snapshot.is_none_or(|older| older.version < *version)
    {
        head.snapshot = Some(add_chunks(batch, tag, *version, bytes)?);
    }
    batch.hold(key, codec::seal(&head));
    Ok(past)
}

/// The encoded records at the end of the open page, unless they are too long to be kept.
#[derive(Default)]
struct Bodies {
    records: Vec<Vec<u8>>,
    bytes: usize,
}

impl Bodies {
    fn push(&mut self, record: Vec<u8>) {
        self.bytes += record.len();
        if self.is_too_long() {
            self.records.clear();
        } else {
            self.records.push(record);
        }
    }

    fn is_too_long(&self) -> bool {
        self.bytes > PAGE_BYTES_MAX
    }
}

/// Writes the open page, which is full, as a row of its own and empties it.
fn spill(
    batch: &Batch<'_>,
    journal: &dyn ReadRecord,
    head: &mut HeadRow,
    recent: Bodies,
) -> Result<(), HistoryError> {
    let first = head.open_first();
    let earlier = PAGE_ENTRIES.saturating_sub(recent.records.len());
    let mut bodies = Bodies { records: Vec::with_capacity(PAGE_ENTRIES), bytes: recent.bytes };
    if !recent.is_too_long() {
        for (version, entry) in (first..).zip(&head.open[..earlier]) {
            bodies.push(codec::seal(&read(journal, head.tag, version, entry.address)?));
            if bodies.is_too_long() {
                break;
            }
        }
    }
    let page = if bodies.is_too_long() {
        let addresses = head.open.iter().map(|entry| entry.address).collect();
        PageRow::seal_addresses(addresses)
    } else {
        bodies.records.extend(recent.records);
        PageRow::seal_records(&bodies.records)
    };
    batch.add(&keys::page(head.tag, first), &page)?;
    head.open.clear();
    Ok(())
}

fn add_chunks(
    batch: &Batch<'_>,
    tag: Tag,
    version: u64,
    bytes: &[u8],
) -> Result<SnapshotRow, ViewsError> {
    let mut chunks = 0;
    for chunk in bytes.chunks(CHUNK_BYTES) {
        batch.add(&keys::chunk(tag, version, chunks), &codec::seal(&Blob(chunk.to_vec())))?;
        chunks += 1;
    }
    Ok(SnapshotRow { version, chunks })
}
