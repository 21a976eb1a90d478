//! Folds the creations of bookings into rows per user: one per user and fold, or more when the user
//! was very busy. A row holds a run of creations and is never changed by a later fold.

use super::batch::Batch;
use crate::{
    codec,
    journal::Position,
    keys,
    tail::Generation,
    views::{ViewsError, row::UserEntry},
};

const ROW_ENTRIES_MAX: usize = 128;

pub(super) fn fold(batch: &Batch<'_>, generation: &Generation) -> Result<(), ViewsError> {
    let first = generation.first_position().unwrap_or(0);
    let mut run: Vec<UserEntry> = Vec::new();
    let mut of = None;
    for (user, position, booking) in generation.creations() {
        if of != Some(user) {
            write(batch, of, &mut run)?;
            remove_strays(batch, user, first)?;
            of = Some(user);
        } else if run.len() == ROW_ENTRIES_MAX {
            write(batch, of, &mut run)?;
        }
        run.push(UserEntry { position, booking });
    }
    write(batch, of, &mut run)
}

fn write(batch: &Batch<'_>, user: Option<u64>, run: &mut Vec<UserEntry>) -> Result<(), ViewsError> {
    if let (Some(user), Some(first)) = (user, run.first()) {
        batch.add(&keys::user(user, first.position), &codec::seal(run))?;
        run.clear();
    }
    Ok(())
}

/// Rows from this generation on are left from an attempt before a crash, which may have cut its
/// runs elsewhere: rows must not overlap. The tail holds all that is in them.
fn remove_strays(batch: &Batch<'_>, user: u64, first: Position) -> Result<(), ViewsError> {
    let mut strays = Vec::new();
    let (from, to) = (keys::user(user, first), keys::user(user, Position::MAX));
    batch.views().range(&from, &to, false, &mut |key, _| {
        strays.push(key.to_vec());
        true
    })?;
    strays.iter().try_for_each(|key| batch.views().remove(key))
}
