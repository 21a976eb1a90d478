//! Condition reports and maintenance: where the newest image of each lies.
//!
//! Every record about an item is a whole image of it, so one address per item is enough.

use std::collections::BTreeMap;

use holdfast_domain::{Stamp, Subject, Tag};

use super::{History, HistoryError, ends};
use crate::{
    journal::Address,
    keys,
    tail::{ItemMark, Noun, TailEntry},
    views::{
        Views, ViewsError,
        row::{self, ItemRow},
    },
};

/// An item as its index row holds it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Item {
    pub stamp: Stamp,
    /// Version and address of the record with its newest image.
    pub version: u64,
    pub address: Address,
}

impl History {
    /// Where the record with the newest image of a report or a maintenance lies; `None` when none is
    /// committed, and for whatever is no item.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn item(&self, subject: Subject) -> Result<Option<Address>, HistoryError> {
        let Some((tag, mark)) = ItemMark::of(subject) else { return Ok(None) };
        let (recent, folded) =
            self.both(|tail| tail.item(tag, mark), |views| folded_item(views, tag, mark))?;
        let recent = recent.map(|entry| (entry.version, entry.address));
        let folded = folded.map(|row| (row.version, row.address));
        let newest = recent.into_iter().chain(folded).max_by_key(|(version, _)| *version);
        Ok(newest.map(|(_, address)| address))
    }

    /// Up to `limit` items of one kind of an asset with `low < stamp < high`: the newest by creation
    /// first, or the oldest first when `oldest_first`.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn items_of_asset(
        &self,
        (tag, noun): (Tag, Noun),
        (low, high): (Stamp, Stamp),
        oldest_first: bool,
        limit: usize,
    ) -> Result<Vec<Item>, HistoryError> {
        if limit == 0 || low >= high {
            return Ok(Vec::new());
        }
        let (recent, folded) = self.both(
            |tail| tail.items_of_asset((tag, noun), (low, high), oldest_first, limit),
            |views| item_rows(views, (tag, noun), (low, high), oldest_first, limit),
        )?;
        let mut merged: BTreeMap<Stamp, Item> = BTreeMap::new();
        for item in folded.into_iter().chain(recent.iter().map(from_tail)) {
            let known = merged.entry(item.stamp).or_insert(item);
            if known.version < item.version {
                *known = item;
            }
        }
        Ok(ends(merged.into_values(), oldest_first, limit))
    }
}

fn from_tail((stamp, entry): &(Stamp, TailEntry)) -> Item {
    Item { stamp: *stamp, version: entry.version, address: entry.address }
}

fn folded_item(views: &dyn Views, tag: Tag, mark: ItemMark) -> Result<Option<ItemRow>, ViewsError> {
    let row = views.get(&keys::item(tag, mark.noun as u8, mark.stamp))?;
    row.map(|bytes| row::open(&bytes, "item")).transpose()
}

fn item_rows(
    views: &dyn Views,
    (tag, noun): (Tag, Noun),
    (low, high): (Stamp, Stamp),
    oldest_first: bool,
    limit: usize,
) -> Result<Vec<Item>, ViewsError> {
    let (mut found, mut damaged) = (Vec::new(), None);
    let after_low = Stamp::from_bits(low.bits() + 1);
    let (from, to) = (keys::item(tag, noun as u8, after_low), keys::item(tag, noun as u8, high));
    views.range(&from, &to, !oldest_first, &mut |key, value| {
        let stamp = keys::stamp_of_item(key).ok_or(ViewsError::Damaged("item key"));
        match stamp.and_then(|stamp| Ok((stamp, row::open::<ItemRow>(value, "item")?))) {
            Ok((stamp, ItemRow { version, address })) => {
                found.push(Item { stamp, version, address });
                found.len() < limit
            }
            Err(error) => {
                damaged = Some(error);
                false
            }
        }
    })?;
    damaged.map_or(Ok(found), Err)
}
