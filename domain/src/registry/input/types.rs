//! The routes under `/type`.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Body, Query, Segment, document, once,
    path::{agree, code_segment},
    query::Parameters,
    settled,
};
use crate::registry::{Code, Command, Finding, Findings};

/// `/type/bycode/{code}`: the type it reads.
///
/// # Errors
/// What is wrong with it.
pub fn type_code(code: Segment<'_>) -> Result<Code, Findings> {
    let mut findings = Findings::new();
    let code = code_segment(code, &mut findings);
    settled(code, findings)
}

/// `POST /type/bycode/{code}`: the body names what the URL does.
///
/// # Errors
/// What is wrong with it.
pub fn post_type(code: Segment<'_>, body: Body<'_>) -> Result<Command, Findings> {
    let mut findings = Findings::new();
    let url = code_segment(code, &mut findings);
    let (code, metadata) = sent(body, &mut findings);
    agree(code.as_ref(), url.as_ref(), Finding::CodeMismatch, &mut findings);
    settled(code.map(|code| Command::PutTypes(vec![(code, metadata)])), findings)
}

/// `PATCH /type/bycode/{code}`: replaces, and renames to what the body names.
///
/// # Errors
/// What is wrong with it.
pub fn patch_type(code: Segment<'_>, body: Body<'_>) -> Result<Command, Findings> {
    let mut findings = Findings::new();
    let code = code_segment(code, &mut findings);
    let (to, metadata) = sent(body, &mut findings);
    let command = code.zip(to).map(|(code, to)| Command::ReplaceType { code, to, metadata });
    settled(command, findings)
}

/// `DELETE /type/bycode/{code}`.
///
/// # Errors
/// What is wrong with it.
pub fn delete_type(code: Segment<'_>) -> Result<Command, Findings> {
    type_code(code).map(Command::DeleteType)
}

/// `DELETE /type/bycode` with an array of codes. A code that is sent twice counts once.
///
/// # Errors
/// What is wrong with it.
pub fn delete_types(body: Body<'_>) -> Result<Command, Findings> {
    let mut findings = Findings::new();
    let codes = document::codes(body, Finding::InvalidCode, &mut findings);
    settled(Some(Command::DeleteTypes(codes)), findings)
}

/// `POST /type` with an array of types.
///
/// # Errors
/// What is wrong with it.
pub fn post_types(body: Body<'_>) -> Result<Command, Findings> {
    let mut findings = Findings::new();
    let items = document::array(body, &mut findings);
    let types = items.iter().filter_map(|item| {
        let (code, metadata) = document::asset_type(item, &mut findings);
        Some((code?, metadata))
    });
    let types: Vec<_> = types.collect();
    once(types.iter().map(|(code, _)| code), &mut findings);
    settled(Some(Command::PutTypes(types)), findings)
}

/// `GET /type/bycode?code*`.
///
/// # Errors
/// What is wrong with it.
pub fn type_codes(query: Query<'_>) -> Result<BTreeSet<Code>, Findings> {
    let mut findings = Findings::new();
    let parameters = Parameters::of(query, &mut findings);
    let codes = parameters.codes("code", Finding::InvalidCode, &mut findings);
    settled(Some(codes), findings)
}

/// `POST /type/bycode` with an array of codes.
///
/// # Errors
/// What is wrong with it.
pub fn type_codes_body(body: Body<'_>) -> Result<BTreeSet<Code>, Findings> {
    let mut findings = Findings::new();
    let codes = document::codes(body, Finding::InvalidCode, &mut findings);
    settled(Some(codes.into_iter().collect()), findings)
}

/// The type that the body is.
fn sent(body: Body<'_>, findings: &mut Findings) -> (Option<Code>, BTreeMap<String, String>) {
    let body = document::json(body, findings);
    body.map_or_else(Default::default, |body| document::asset_type(body, findings))
}
