//! From what a draft has changed to the record that says so.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use super::{
    Stop, Verdict,
    draft::{CHANGE_BYTES, Draft, RECORD_BYTES_MAX, Touched},
};
use crate::{
    asset::Event,
    chain::{By, Effect},
    id::{RegistryId, Stamp},
    record::{Kind, Subject},
    registry::{
        AssetKey, Change, Command, Finding, Key, RegistryEvent, Row, RowsError, context, document,
        stored::{View, as_asset, as_association, present},
    },
    request::Request,
    time::Timestamp,
};

/// The verdict on a command that has come to its end.
pub(super) fn verdict(
    draft: Draft<'_>,
    kind: Kind,
    request: &Request<Command>,
    now: Timestamp,
) -> Result<Verdict, Stop> {
    let mut audit = Audit::new(&draft);
    let mut changes = Vec::new();
    let mut before = Vec::new();
    for touched in draft.changes() {
        audit.take(touched)?;
        changes.push(Change { key: touched.key, row: touched.after.clone() });
        before.push((touched.key, touched.before.clone()));
        if let Key::From(from, to) = touched.key {
            let back = touched.before.as_ref().map(|_| Arc::new(Row::Back));
            before.push((Key::To(to, from), back));
        }
    }
    if changes.is_empty() {
        return Ok(Verdict::Unchanged);
    }
    let chain = &draft.state.chain;
    let (documents_before, documents_after) = audit.arrays();
    let effect = Effect {
        kind,
        event: Some(Event::Registry(RegistryEvent { changes })),
        subject: Subject::Registry(RegistryId::new(Stamp::MIN, chain.tag)),
        created: false,
        before: Some(documents_before),
        after: documents_after,
        tagged: chain.next_version(),
        stamp: chain.last_stamp,
    };
    // A registry knows no keys: to ask twice changes nothing.
    let by = By { key: None, ..By::request(request) };
    let record = chain.accept(chain.moment(now), by, effect);
    Ok(Verdict::Append { record, before })
}

/// The documents of what has changed, before and after: two arrays, in the order of the changes.
struct Audit<'a> {
    draft: &'a Draft<'a>,
    /// The assets at the ends of associations, whose names stand in their documents.
    ends: HashMap<AssetKey, Arc<Row>>,
    before: Vec<u8>,
    after: Vec<u8>,
    rows_bytes: usize,
}

impl<'a> Audit<'a> {
    fn new(draft: &'a Draft<'a>) -> Self {
        Self { draft, ends: HashMap::new(), before: vec![b'['], after: vec![b'['], rows_bytes: 0 }
    }

    fn take(&mut self, touched: &Touched) -> Result<(), Stop> {
        if let Key::From(from, to) = touched.key {
            self.look_up(from)?;
            self.look_up(to)?;
        }
        let (view, ends) = (self.draft.view, &self.ends);
        for (out, row) in [(&mut self.before, &touched.before), (&mut self.after, &touched.after)] {
            if out.len() > 1 {
                out.push(b',');
            }
            write_document(out, view, ends, (touched.key, row.as_deref()))?;
        }
        let row = touched.after.as_ref().map_or(0, |row| row.text_bytes());
        self.rows_bytes += CHANGE_BYTES + row;
        let bytes = self.rows_bytes + self.before.len() + self.after.len();
        if bytes > RECORD_BYTES_MAX { Err(Finding::TooManyChanges.into()) } else { Ok(()) }
    }

    /// A command that changes associations renames nothing, so their ends are called the same before
    /// and after.
    fn look_up(&mut self, asset: AssetKey) -> Result<(), RowsError> {
        if let Entry::Vacant(end) = self.ends.entry(asset) {
            let key = Key::Asset(asset);
            end.insert(present(key, self.draft.row(key)?)?);
        }
        Ok(())
    }

    fn arrays(mut self) -> (Vec<u8>, Vec<u8>) {
        self.before.push(b']');
        self.after.push(b']');
        (self.before, self.after)
    }
}

fn write_document(
    out: &mut Vec<u8>,
    view: View<'_>,
    ends: &HashMap<AssetKey, Arc<Row>>,
    (key, row): (Key, Option<&Row>),
) -> Result<(), RowsError> {
    match (key, row) {
        (_, None) => out.extend_from_slice(b"null"),
        (_, Some(Row::Type { code, metadata })) => document::asset_type(out, code, metadata),
        (Key::From(from, to), Some(row)) => {
            document::open_association(out, as_association(row)?);
            for (name, end) in [("\"FromAsset\":", from), (",\"ToAsset\":", to)] {
                let end = as_asset(present(Key::Asset(end), ends.get(&end))?)?;
                out.extend_from_slice(name.as_bytes());
                document::asset(out, view.type_of(end)?, end.code, context::EMPTY);
            }
            out.push(b'}');
        }
        (_, Some(row)) => {
            let asset = as_asset(row)?;
            document::asset(out, view.type_of(asset)?, asset.code, asset.context);
        }
    }
    Ok(())
}
