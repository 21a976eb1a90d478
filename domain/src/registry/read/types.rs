//! Types, one and all: there are few of them.

use std::collections::BTreeSet;

use crate::registry::{Code, Index, Key, Row, Rows, RowsError, TypeKey, document, stored::present};

/// The document, or `None` when there is no such type.
///
/// # Errors
/// When its row cannot be read.
pub fn asset_type(
    index: &Index,
    rows: &dyn Rows,
    code: &Code,
) -> Result<Option<Vec<u8>>, RowsError> {
    let Some(key) = index.asset_type(code) else { return Ok(None) };
    let mut json = Vec::new();
    write(&mut json, rows, code, key)?;
    Ok(Some(json))
}

/// The JSON array of all types, or of those of these codes there are, by code.
///
/// # Errors
/// When a row cannot be read.
pub fn asset_types(
    index: &Index,
    rows: &dyn Rows,
    codes: Option<&BTreeSet<Code>>,
) -> Result<Vec<u8>, RowsError> {
    let mut json = vec![b'['];
    let mut add = |code: &Code, key| {
        if json.len() > 1 {
            json.push(b',');
        }
        write(&mut json, rows, code, key)
    };
    match codes {
        None => index.types.iter().try_for_each(|(code, entry)| add(code, entry.key))?,
        Some(codes) => {
            let known = codes.iter().filter_map(|code| Some((code, index.asset_type(code)?)));
            known.into_iter().try_for_each(|(code, key)| add(code, key))?;
        }
    }
    json.push(b']');
    Ok(json)
}

fn write(out: &mut Vec<u8>, rows: &dyn Rows, code: &Code, key: TypeKey) -> Result<(), RowsError> {
    let row = present(Key::Type(key), rows.get(Key::Type(key))?)?;
    let Row::Type { metadata, .. } = &*row else {
        return Err(RowsError("the row of a type is none".into()));
    };
    document::asset_type(out, code, metadata);
    Ok(())
}
