//! From a command to a record.
//!
//! A command is carried out on a [`draft::Draft`]: what it finds wrong on the way throws the draft
//! away, so nothing is ever half done. What the draft has changed in the end becomes the record.

mod assets;
mod associations;
mod draft;
mod settle;
mod types;

use std::sync::Arc;

use draft::Draft;

use super::{Command, Finding, Key, Refusal, Registry, Row, Rows, RowsError};
use crate::{
    record::{Kind, Record},
    request::Request,
    time::Timestamp,
};

/// What a command comes to.
#[derive(Clone, PartialEq, Debug)]
pub enum Verdict {
    /// Append it, apply it, and answer once it is durable. `before`: each row that it changes, as it
    /// was, by both keys of associations, in the order of [`super::rows_of`].
    Append {
        record: Box<Record>,
        before: Vec<(Key, Option<Arc<Row>>)>,
    },
    /// It asks for what is there already.
    Unchanged,
    Refuse(Refusal),
}

/// Order of checks: what is not valid, what is not there, what is in use.
///
/// # Errors
/// When a row that it depends on cannot be read; nothing is decided then.
pub fn decide(
    state: &Registry,
    request: &Request<Command>,
    now: Timestamp,
    rows: &dyn Rows,
) -> Result<Verdict, RowsError> {
    let mut draft = Draft::new(state, rows);
    let settled = carry_out(&mut draft, &request.command)
        .and_then(|kind| settle::verdict(draft, kind, request, now));
    match settled {
        Ok(verdict) => Ok(verdict),
        Err(Stop::Refused(refusal)) => Ok(Verdict::Refuse(refusal)),
        Err(Stop::Unreadable(error)) => Err(error),
    }
}

/// What kind of record it makes, should it change anything.
fn carry_out(draft: &mut Draft<'_>, command: &Command) -> Result<Kind, Stop> {
    match command {
        Command::PutTypes(types) => types::put(draft, types),
        Command::ReplaceType { code, to, metadata } => types::replace(draft, code, to, metadata),
        Command::DeleteType(code) => types::delete_one(draft, code),
        Command::DeleteTypes(codes) => types::delete(draft, codes),
        Command::PutAssets(assets) => assets::put(draft, assets),
        Command::ReplaceAsset { name, to } => assets::replace(draft, name, to),
        Command::DeleteAsset { name, removal } => assets::delete_one(draft, name, removal),
        Command::DeleteAssets { ty, codes, removal } => assets::delete(draft, ty, codes, removal),
        Command::PutAssociations(associations) => associations::put(draft, associations),
        Command::DeleteAssociation { from, to, removal } => {
            associations::delete_one(draft, from, to, removal)
        }
        Command::DeleteAssociationsFrom { from, types, removal } => {
            associations::delete_from(draft, from, types, removal)
        }
        Command::Sync(sync) => associations::sync(draft, sync),
    }
}

/// Why a command does not come to its end.
enum Stop {
    Refused(Refusal),
    Unreadable(RowsError),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Finding> for Stop {
    fn from(finding: Finding) -> Self {
        Self::Refused(finding.into())
    }
}

impl From<RowsError> for Stop {
    fn from(error: RowsError) -> Self {
        Self::Unreadable(error)
    }
}
