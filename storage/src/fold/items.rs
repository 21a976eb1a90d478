//! Folds condition reports and maintenance of one asset: a row for each, with the place of its newest
//! image.

use holdfast_domain::Tag;

use super::batch::Batch;
use crate::{
    codec, keys,
    tail::Generation,
    views::{ViewsError, row::ItemRow},
};

pub(super) fn fold(batch: &Batch<'_>, generation: &Generation, tag: Tag) -> Result<(), ViewsError> {
    for (item, entry) in generation.items(tag) {
        let row = ItemRow { version: entry.version, address: entry.address };
        batch.add(&keys::item(tag, item.noun as u8, item.stamp), &codec::seal(&row))?;
    }
    Ok(())
}
