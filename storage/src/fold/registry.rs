//! Folds the rows of a registry, one by one: each as its newest record in the generation leaves it.

use holdfast_domain::Tag;

use super::batch::Batch;
use crate::{keys, registry, tail::Generation, views::ViewsError};

/// A row that is gone is removed at once: until the generation is trimmed, the tail says the same.
pub(super) fn fold(batch: &Batch<'_>, generation: &Generation, tag: Tag) -> Result<(), ViewsError> {
    for (key, row) in generation.registry_rows(tag) {
        let key = keys::registry(tag, key);
        match row {
            Some(row) => batch.add(&key, &registry::seal(&row))?,
            None => batch.views().remove(&key)?,
        }
    }
    Ok(())
}
