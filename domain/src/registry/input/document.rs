//! The shapes of bodies, by the rules of proto3's JSON: a member that is absent, `null` or empty is
//! the same, a `null` inside a list or a map is wrong, and so is a member that nobody knows.

use std::{
    collections::{BTreeMap, HashSet},
    hash::Hash,
};

use serde_json::Value;

use super::{
    Body,
    path::{Named, legal},
};
use crate::registry::{AppContext, Code, Context, Finding, Findings, NamedValues, NewAsset};

/// An asset as a body has it.
#[derive(Default)]
pub(super) struct SentAsset {
    pub(super) name: Named,
    pub(super) context: Context,
}

impl SentAsset {
    /// `None` when its name is not whole, which has been found.
    pub(super) fn whole(self) -> Option<NewAsset> {
        Some(NewAsset { name: self.name.whole()?, context: self.context })
    }
}

/// A body that is some JSON.
pub(super) fn json<'a>(body: Body<'a>, findings: &mut Findings) -> Option<&'a Value> {
    if body.is_none() {
        findings.insert(Finding::InvalidJson);
    }
    body
}

/// A body that is an array.
pub(super) fn array<'a>(body: Body<'a>, findings: &mut Findings) -> &'a [Value] {
    match body {
        Some(Value::Array(items)) => items,
        _ => {
            findings.insert(Finding::InvalidJson);
            &[]
        }
    }
}

/// A body of codes, each kept once. Texts that are no codes are `invalid`.
pub(super) fn codes(body: Body<'_>, invalid: Finding, findings: &mut Findings) -> Vec<Code> {
    let mut seen = HashSet::new();
    let mut codes = Vec::new();
    for item in array(body, findings) {
        let code = text(item, findings).and_then(|text| legal(Some(text), invalid, findings));
        codes.extend(code.filter(|code| seen.insert(code.clone())));
    }
    codes
}

/// A body that is an asset.
pub(super) fn body_asset(body: Body<'_>, findings: &mut Findings) -> SentAsset {
    json(body, findings).map_or_else(SentAsset::default, |body| asset(body, findings))
}

pub(super) fn asset(value: &Value, findings: &mut Findings) -> SentAsset {
    let Some([ty, code, sent]) = members(value, ["Type", "Code", "Context"], findings) else {
        return SentAsset::default();
    };
    let ty = name(ty, (Finding::MissingType, Finding::InvalidType), findings);
    let code = name(code, (Finding::MissingCode, Finding::InvalidCode), findings);
    SentAsset { name: Named { ty, code }, context: context(sent, findings) }
}

/// An asset that a member must hold.
pub(super) fn asset_member(value: Option<&Value>, findings: &mut Findings) -> SentAsset {
    match value {
        Some(value) => asset(value, findings),
        None => {
            findings.extend([Finding::MissingType, Finding::MissingCode]);
            SentAsset::default()
        }
    }
}

/// A type's code and metadata.
pub(super) fn asset_type(
    value: &Value,
    findings: &mut Findings,
) -> (Option<Code>, BTreeMap<String, String>) {
    let Some([code, metadata]) = members(value, ["Code", "Metadata"], findings) else {
        return (None, BTreeMap::new());
    };
    let code = name(code, (Finding::MissingCode, Finding::InvalidCode), findings);
    (code, map(metadata, findings))
}

/// The context of an association, which a member may hold.
pub(super) fn association(value: Option<&Value>, findings: &mut Findings) -> Context {
    let sent = value.and_then(|value| members(value, ["Context"], findings));
    sent.map_or_else(Context::new, |[sent]| context(sent, findings))
}

/// The members of an object; `None` for one that is absent or `null`. `None` instead of all of them
/// when it is no object.
pub(super) fn members<'a, const N: usize>(
    value: &'a Value,
    known: [&str; N],
    findings: &mut Findings,
) -> Option<[Option<&'a Value>; N]> {
    let Value::Object(object) = value else {
        findings.insert(Finding::InvalidJson);
        return None;
    };
    if object.keys().any(|key| !known.contains(&key.as_str())) {
        findings.insert(Finding::UnknownField);
    }
    Some(known.map(|key| object.get(key).filter(|member| !member.is_null())))
}

/// The items of a list that a member may hold.
pub(super) fn list<'a>(member: Option<&'a Value>, findings: &mut Findings) -> &'a [Value] {
    member.map_or(&[], |member| array(Some(member), findings))
}

fn context(sent: Option<&Value>, findings: &mut Findings) -> Context {
    let entries: Vec<_> =
        list(sent, findings).iter().filter_map(|entry| app_context(entry, findings)).collect();
    if !are_distinct(entries.iter().map(|entry| &entry.application)) {
        findings.insert(Finding::DuplicateApplication);
    }
    entries
}

/// `None` when it has no application.
fn app_context(value: &Value, findings: &mut Findings) -> Option<AppContext> {
    let [application, ids, metadata] =
        members(value, ["Application", "IDs", "Metadata"], findings)?;
    let application = label(application, Finding::MissingApplication, findings);
    let ids: Vec<_> =
        list(ids, findings).iter().filter_map(|group| named_values(group, findings)).collect();
    if !are_distinct(ids.iter().map(|group| &group.name)) {
        findings.insert(Finding::DuplicateId);
    }
    let metadata = map(metadata, findings);
    Some(AppContext { application: application?, ids, metadata })
}

/// `None` when it has no name.
fn named_values(value: &Value, findings: &mut Findings) -> Option<NamedValues> {
    let [name, values] = members(value, ["Name", "Values"], findings)?;
    let name = label(name, Finding::MissingIdName, findings);
    let values = map(values, findings);
    Some(NamedValues { name: name?, values })
}

fn map(member: Option<&Value>, findings: &mut Findings) -> BTreeMap<String, String> {
    match member {
        None => BTreeMap::new(),
        Some(Value::Object(object)) => {
            let texts = object.iter().filter_map(|(key, value)| {
                text(value, findings).map(|text| (key.clone(), text.to_owned()))
            });
            texts.collect()
        }
        Some(_) => {
            findings.insert(Finding::InvalidJson);
            BTreeMap::new()
        }
    }
}

/// A code that a member must hold. An empty text is what an absent member is.
fn name(
    member: Option<&Value>,
    (missing, invalid): (Finding, Finding),
    findings: &mut Findings,
) -> Option<Code> {
    match member.map_or(Some(""), |member| text(member, findings))? {
        "" => {
            findings.insert(missing);
            None
        }
        text => legal(Some(text), invalid, findings),
    }
}

/// A text that a member must hold, and that must not be empty.
fn label(member: Option<&Value>, missing: Finding, findings: &mut Findings) -> Option<String> {
    match member.map_or(Some(""), |member| text(member, findings))? {
        "" => {
            findings.insert(missing);
            None
        }
        text => Some(text.to_owned()),
    }
}

fn text<'a>(value: &'a Value, findings: &mut Findings) -> Option<&'a str> {
    let text = value.as_str();
    if text.is_none() {
        findings.insert(Finding::InvalidJson);
    }
    text
}

pub(super) fn are_distinct<T: Eq + Hash>(mut items: impl Iterator<Item = T>) -> bool {
    let mut seen = HashSet::new();
    items.all(|item| seen.insert(item))
}
