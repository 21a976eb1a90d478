//! Contexts as rows hold them: canonical JSON, merged and cut by application.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap},
};

use serde::{Deserialize, Serialize, Serializer};

use super::{AppContext, RowsError};

/// No context at all.
pub(super) const EMPTY: &str = "[]";
/// No metadata at all.
pub(super) const NO_METADATA: &str = "{}";

/// The text of a row.
pub(super) fn to_text(context: &[AppContext]) -> String {
    serde_json::to_string(context).expect("texts always serialise")
}

/// The text of a type's row.
pub(super) fn metadata_to_text(metadata: &BTreeMap<String, String>) -> String {
    #[derive(Serialize)]
    #[serde(transparent)]
    struct Metadata<'a>(#[serde(serialize_with = "canonical_map")] &'a BTreeMap<String, String>);
    serde_json::to_string(&Metadata(metadata)).expect("texts always serialise")
}

/// In the order of UTF-16 code units (RFC 8785), which is not that of the map.
pub(super) fn canonical_map<S: Serializer>(
    map: &BTreeMap<String, String>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut sorted: Vec<_> = map.iter().collect();
    sorted.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
    serializer.collect_map(sorted)
}

/// What is stored with what is sent: an application's entry is replaced as a whole, where it stands;
/// new ones come last.
pub(super) fn merged(stored: &str, sent: &[AppContext]) -> Result<String, RowsError> {
    let mut entries = from_text(stored)?;
    let mut places: HashMap<_, _> =
        entries.iter().enumerate().map(|(at, entry)| (entry.application.clone(), at)).collect();
    for entry in sent {
        match places.get(&entry.application) {
            Some(at) => entries[*at] = entry.clone(),
            None => {
                places.insert(entry.application.clone(), entries.len());
                entries.push(entry.clone());
            }
        }
    }
    Ok(to_text(&entries))
}

/// What is stored without these applications; `None` when it has none of them.
pub(super) fn without(stored: &str, apps: &BTreeSet<String>) -> Result<Option<String>, RowsError> {
    let mut entries = from_text(stored)?;
    let before = entries.len();
    entries.retain(|entry| !apps.contains(&entry.application));
    Ok((entries.len() < before).then(|| to_text(&entries)))
}

/// Whether one of these applications keeps something here; without any, everything qualifies.
pub(super) fn is_kept_by(stored: &str, apps: &BTreeSet<String>) -> Result<bool, RowsError> {
    #[derive(Deserialize)]
    struct Entry<'a> {
        #[serde(rename = "Application", borrow)]
        application: Cow<'a, str>,
    }
    if apps.is_empty() {
        return Ok(true);
    }
    let entries: Vec<Entry<'_>> = serde_json::from_str(stored).map_err(|error| damaged(&error))?;
    Ok(entries.iter().any(|entry| apps.contains(&*entry.application)))
}

fn from_text(stored: &str) -> Result<Vec<AppContext>, RowsError> {
    serde_json::from_str(stored).map_err(|error| damaged(&error))
}

fn damaged(error: &serde_json::Error) -> RowsError {
    RowsError(format!("a stored context is none: {error}"))
}
