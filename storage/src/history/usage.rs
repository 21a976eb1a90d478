//! Bookings that are over, with the figures that sums are made of: from the leaves, where they stand
//! beside the address, and for those in the tail from their records.

use std::collections::BTreeMap;

use holdfast_domain::{BookingId, Outcome, Stamp, Tag, Timestamp, asset::PastBooking};

use super::{History, HistoryError, bookings::leaves_up, read};
use crate::{journal::Address, tail::FinalEntry, views::row::LeafEntry};

/// A booking that is over.
#[derive(Clone, PartialEq, Debug)]
pub struct Past {
    pub id: BookingId,
    /// Version and address of the record with its last image.
    pub version: u64,
    pub address: Address,
    /// Of the record that ended it; later ones only adjust its cost. Its version orders bookings by
    /// their end, because the times of an asset's records never go back.
    pub ended_version: u64,
    pub ended_at: Timestamp,
    /// Of its last image.
    pub booking: PastBooking,
}

impl History {
    /// Finished bookings of an asset with `low < stamp < high`, the oldest by creation first: `limit`
    /// of them or a few more, fewer only where there are no more. Those whose documents cannot be
    /// read are left out, so the last stamp looked at is handed back: `None` at the end.
    ///
    /// # Errors
    /// A fault of the store or of the journal.
    pub fn past_of_asset(
        &self,
        tag: Tag,
        (low, high): (Stamp, Stamp),
        limit: usize,
    ) -> Result<(Vec<Past>, Option<Stamp>), HistoryError> {
        if limit == 0 || low >= high {
            return Ok((Vec::new(), None));
        }
        let (recent, folded) = self.both(
            |tail| tail.finished_of_asset(tag, (low, high), true, limit),
            |views| leaves_up(views, tag, (low.bits() + 1, high.bits()), limit),
        )?;
        let mut merged: BTreeMap<Stamp, LeafEntry> = BTreeMap::new();
        for entry in folded.into_iter().chain(recent.into_iter().map(unread)) {
            let known = merged.entry(entry.stamp).or_insert_with(|| entry.clone());
            // Whatever knows of the earliest final record knows of the one that ended it.
            let ended = known.ended.min(entry.ended);
            if known.version < entry.version {
                *known = entry;
            }
            known.ended = ended;
        }
        let last = merged.keys().nth(limit - 1).copied();
        let until = last.unwrap_or(Stamp::MAX);
        let mut found = Vec::with_capacity(merged.len().min(limit));
        for entry in merged.into_values().take_while(|entry| entry.stamp <= until) {
            let past = match entry.past {
                Some(past) => Some(past),
                None => self.past_booking(tag, entry.version, entry.address)?,
            };
            found.extend(past.map(|booking| Past {
                id: BookingId::new(entry.stamp, tag),
                version: entry.version,
                address: entry.address,
                ended_version: entry.ended.0,
                ended_at: entry.ended.1,
                booking,
            }));
        }
        Ok((found, last))
    }

    fn past_booking(
        &self,
        tag: Tag,
        version: u64,
        address: Address,
    ) -> Result<Option<PastBooking>, HistoryError> {
        let record = read(&*self.journal, tag, version, address)?;
        Ok(match record.outcome {
            Outcome::Accepted(accepted) => PastBooking::of(&accepted.after),
            Outcome::Refused(_) => None,
        })
    }
}

/// As a leaf would hold it that has not been given its figures.
fn unread(entry: FinalEntry) -> LeafEntry {
    let FinalEntry { stamp, ended, last } = entry;
    LeafEntry { stamp, version: last.version, address: last.address, ended, past: None }
}
