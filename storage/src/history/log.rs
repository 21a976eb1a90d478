//! The records of one asset by version: tail and open page through the journal, older ones from the
//! audit pages.

use holdfast_domain::{Record, Tag, Timestamp};

use super::{History, HistoryError, Replay, read};
use crate::{
    keys,
    tail::TailEntry,
    views::{
        Views, ViewsError,
        row::{self, Blob, HeadRow, PageRow, SnapshotRow, page_first},
    },
};

/// This many of the newest keyed records are replayed however old they are.
const KEYED_MIN: usize = 64;

/// What tail and views say of one asset, without a hole between them.
struct Seen {
    head: HeadRow,
    /// Entries of the tail that the head does not cover, oldest first; at most as many as asked for.
    recent: Vec<TailEntry>,
}

impl Seen {
    fn newest(&self) -> u64 {
        self.recent.last().map_or(self.head.version, |entry| entry.version)
    }

    fn recent(&self, version: u64) -> Option<&TailEntry> {
        let offset = version.checked_sub(self.recent.first()?.version)?;
        self.recent.get(usize::try_from(offset).ok()?)
    }
}

/// A snapshot with its version, oldest bytes first.
type Snapshot = (u64, Vec<u8>);

impl History {
    /// For hydration: tail, then head row → snapshot → pages. `keys_since` is the oldest time whose
    /// idempotency keys are wanted; the newest 64 keyed records are included in any case.
    ///
    /// # Errors
    /// A fault of store or journal; [`HistoryError::Hole`] when the views lost something.
    pub fn replay(&self, tag: Tag, keys_since: Timestamp) -> Result<Replay, HistoryError> {
        let (seen, snapshot) = self.seen_with_snapshot(tag)?;
        let (base, snapshot) =
            snapshot.map_or((0, None), |(version, bytes)| (version, Some(bytes)));
        let mut records = Vec::new();
        self.walk_down(&seen, seen.newest(), base + 1, &mut |record| {
            records.push(record);
            true
        })?;
        records.reverse();

        let mut count = records.iter().filter(|record| record.key.is_some()).count();
        let mut keyed = Vec::new();
        self.walk_down(&seen, base, 1, &mut |record| {
            if record.at < keys_since && count >= KEYED_MIN {
                return false;
            }
            if record.key.is_some() {
                count += 1;
                keyed.push(record);
            }
            true
        })?;
        keyed.reverse();
        Ok(Replay { snapshot, records, keyed })
    }

    /// One record by version; `None` when the asset has no such version (yet).
    ///
    /// # Errors
    /// A fault of store or journal; [`HistoryError::Hole`] when the views lost something.
    pub fn record(&self, tag: Tag, version: u64) -> Result<Option<Record>, HistoryError> {
        let at_most = self.records_below(tag, version.saturating_add(1), 1)?.pop();
        Ok(at_most.filter(|record| record.version == version))
    }

    /// Up to `limit` records with `version < below`, newest first.
    ///
    /// # Errors
    /// A fault of store or journal; [`HistoryError::Hole`] when the views lost something.
    pub fn records_below(
        &self,
        tag: Tag,
        below: u64,
        limit: usize,
    ) -> Result<Vec<Record>, HistoryError> {
        let mut records = Vec::new();
        if limit == 0 {
            return Ok(records);
        }
        let seen = self.seen(tag, below, limit)?;
        let top = seen.newest().min(below.saturating_sub(1));
        self.walk_down(&seen, top, 1, &mut |record| {
            records.push(record);
            records.len() < limit
        })?;
        Ok(records)
    }

    /// The newest entries of the tail below a version, then the head row; read again once when they
    /// do not meet.
    fn seen(&self, tag: Tag, below: u64, limit: usize) -> Result<Seen, HistoryError> {
        let mut hole = None;
        for _ in 0..2 {
            let (slice, head) =
                self.both(|tail| tail.slice(tag, below, limit), |views| head_of(views, tag))?;
            match slice.oldest {
                Some(found) if found > head.version + 1 => {
                    hole = Some(HistoryError::Hole { after: head.version, found });
                }
                _ => {
                    let mut recent = slice.entries;
                    recent.retain(|entry| entry.version > head.version);
                    return Ok(Seen { head, recent });
                }
            }
        }
        Err(hole.expect("two turns without a return each found a hole"))
    }

    /// Everything of an asset with its newest snapshot that is whole. A fold that replaces the
    /// snapshot may take the old one away while it is read: then all is read again, once.
    fn seen_with_snapshot(&self, tag: Tag) -> Result<(Seen, Option<Snapshot>), HistoryError> {
        let mut again = true;
        loop {
            let seen = self.seen(tag, u64::MAX, usize::MAX)?;
            let newest_first = seen.recent.iter().rev();
            let in_tail = newest_first
                .filter_map(|entry| Some((entry.version, entry.snapshot.as_ref()?.to_vec())))
                .next();
            let Some(row) = seen.head.snapshot.filter(|_| in_tail.is_none()) else {
                return Ok((seen, in_tail));
            };
            let folded = self.folded_snapshot(tag, row)?;
            if folded.is_some() || !again {
                return Ok((seen, folded));
            }
            again = false;
        }
    }

    /// `None` when a chunk is not there.
    fn folded_snapshot(&self, tag: Tag, row: SnapshotRow) -> Result<Option<Snapshot>, ViewsError> {
        let mut bytes = Vec::new();
        for number in 0..row.chunks {
            let Some(chunk) = self.views.get(&keys::chunk(tag, row.version, number))? else {
                return Ok(None);
            };
            let Blob(chunk) = row::open(&chunk, "snapshot")?;
            bytes.extend_from_slice(&chunk);
        }
        Ok(Some((row.version, bytes)))
    }

    /// Hands over the records `top`, `top - 1`, … `bottom` until `each` returns false.
    fn walk_down(
        &self,
        seen: &Seen,
        top: u64,
        bottom: u64,
        each: &mut dyn FnMut(Record) -> bool,
    ) -> Result<(), HistoryError> {
        let (tag, journal) = (seen.head.tag, &*self.journal);
        let mut version = top;
        while version >= bottom.max(1) {
            let here = if version > seen.head.version {
                seen.recent(version).map(|entry| entry.address)
            } else {
                seen.head.open_entry(version).map(|entry| entry.address)
            };
            if let Some(address) = here {
                if !each(read(journal, tag, version, address)?) {
                    return Ok(());
                }
                version -= 1;
                continue;
            }
            if version > seen.head.version {
                return Err(HistoryError::Hole { after: seen.head.version, found: version });
            }
            match self.page_down(tag, version, bottom, each)? {
                Some(next) => version = next,
                None => return Ok(()),
            }
        }
        Ok(())
    }

    /// Hands over the records of one full page from `version` down to `bottom` or the page's first;
    /// the version to go on with, `None` when `each` has enough.
    fn page_down(
        &self,
        tag: Tag,
        version: u64,
        bottom: u64,
        each: &mut dyn FnMut(Record) -> bool,
    ) -> Result<Option<u64>, HistoryError> {
        let first = page_first(version);
        let page = self.views.get(&keys::page(tag, first))?;
        let mut page = PageRow::open(&page.ok_or(ViewsError::Damaged("a page is missing"))?)?;
        page.truncate(version - first + 1);
        let lowest = first.max(bottom);
        for version in (lowest..=version).rev() {
            let record = match &mut page {
                PageRow::Records(records) => records.pop(),
                PageRow::Addresses(addresses) => match addresses.pop() {
                    Some(address) => Some(read(&*self.journal, tag, version, address)?),
                    None => None,
                },
            };
            let record = record
                .filter(|record| (record.tag, record.version) == (tag, version))
                .ok_or(ViewsError::Damaged("a page of other records"))?;
            if !each(record) {
                return Ok(None);
            }
        }
        Ok(Some(lowest - 1))
    }
}

fn head_of(views: &dyn Views, tag: Tag) -> Result<HeadRow, ViewsError> {
    match views.get(&keys::head(tag))? {
        Some(bytes) => HeadRow::open(&bytes),
        None => Ok(HeadRow::new(tag)),
    }
}
