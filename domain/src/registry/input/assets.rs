//! The routes under `/asset`.

use std::collections::BTreeSet;

use super::{
    Body, NameSegments, Query, Segment, document, once,
    path::{Named, type_segment},
    query::Parameters,
    settled,
};
use crate::registry::{AssetName, Code, Command, Finding, Findings, Selection};

/// `/asset/bytype/{type}/bycode/{code}`: the name it reads.
///
/// # Errors
/// What is wrong with it.
pub fn asset_name(url: NameSegments<'_>) -> Result<AssetName, Findings> {
    let mut findings = Findings::new();
    let name = Named::by_url(url, &mut findings).whole();
    settled(name, findings)
}

/// `POST /asset/bytype/{type}/bycode/{code}`: merges; the body names what the URL does.
///
/// # Errors
/// What is wrong with it.
pub fn post_asset(url: NameSegments<'_>, body: Body<'_>) -> Result<Command, Findings> {
    let mut findings = Findings::new();
    let url = Named::by_url(url, &mut findings);
    let sent = document::body_asset(body, &mut findings);
    sent.name.agree(&url, &mut findings);
    let command = sent.whole().map(|asset| Command::PutAssets(vec![asset]));
    settled(command, findings)
}

/// `PATCH /asset/bytype/{type}/bycode/{code}`: replaces, and renames to what the body names.
///
/// # Errors
/// What is wrong with it.
pub fn patch_asset(url: NameSegments<'_>, body: Body<'_>) -> Result<Command, Findings> {
    let mut findings = Findings::new();
    let name = Named::by_url(url, &mut findings).whole();
    let to = document::body_asset(body, &mut findings).whole();
    let command = name.zip(to).map(|(name, to)| Command::ReplaceAsset { name, to });
    settled(command, findings)
}

/// `DELETE /asset/bytype/{type}/bycode/{code}?app*&deleteOnEmpty`.
///
/// # Errors
/// What is wrong with it.
pub fn delete_asset(url: NameSegments<'_>, query: Query<'_>) -> Result<Command, Findings> {
    let mut findings = Findings::new();
    let name = Named::by_url(url, &mut findings).whole();
    let removal = Parameters::of(query, &mut findings).removal(&mut findings);
    settled(name.map(|name| Command::DeleteAsset { name, removal }), findings)
}

/// `DELETE /asset/bytype/{type}/bycode?app*&deleteOnEmpty` with an array of codes. A code that is sent
/// twice counts once.
///
/// # Errors
/// What is wrong with it.
pub fn delete_assets(
    ty: Segment<'_>,
    query: Query<'_>,
    body: Body<'_>,
) -> Result<Command, Findings> {
    let mut findings = Findings::new();
    let ty = type_segment(ty, &mut findings);
    let removal = Parameters::of(query, &mut findings).removal(&mut findings);
    let codes = document::codes(body, Finding::InvalidCode, &mut findings);
    settled(ty.map(|ty| Command::DeleteAssets { ty, codes, removal }), findings)
}

/// `POST /asset` with an array of assets.
///
/// # Errors
/// What is wrong with it.
pub fn post_assets(body: Body<'_>) -> Result<Command, Findings> {
    let mut findings = Findings::new();
    let items = document::array(body, &mut findings);
    let assets: Vec<_> =
        items.iter().filter_map(|item| document::asset(item, &mut findings).whole()).collect();
    once(assets.iter().map(|asset| &asset.name), &mut findings);
    settled(Some(Command::PutAssets(assets)), findings)
}

/// `GET /asset?app*`.
///
/// # Errors
/// What is wrong with it.
pub fn all_assets(query: Query<'_>) -> Result<Selection, Findings> {
    let mut findings = Findings::new();
    let apps = Parameters::of(query, &mut findings).apps(&mut findings);
    settled(Some(Selection { types: None, codes: None, apps }), findings)
}

/// `GET /asset/bytype?type*&app*`: none without a type.
///
/// # Errors
/// What is wrong with it.
pub fn assets_by_types(query: Query<'_>) -> Result<Selection, Findings> {
    let mut findings = Findings::new();
    let parameters = Parameters::of(query, &mut findings);
    let types = parameters.codes("type", Finding::InvalidType, &mut findings);
    let apps = parameters.apps(&mut findings);
    settled(Some(Selection { types: Some(types), codes: None, apps }), findings)
}

/// `POST /asset/bytype?app*` with an array of types.
///
/// # Errors
/// What is wrong with it.
pub fn assets_by_types_body(query: Query<'_>, body: Body<'_>) -> Result<Selection, Findings> {
    let mut findings = Findings::new();
    let apps = Parameters::of(query, &mut findings).apps(&mut findings);
    let types = document::codes(body, Finding::InvalidType, &mut findings);
    let types = Some(types.into_iter().collect());
    settled(Some(Selection { types, codes: None, apps }), findings)
}

/// `GET /asset/bytype/{type}?app*`.
///
/// # Errors
/// What is wrong with it.
pub fn assets_of_type(ty: Segment<'_>, query: Query<'_>) -> Result<Selection, Findings> {
    let mut findings = Findings::new();
    let ty = type_segment(ty, &mut findings);
    let apps = Parameters::of(query, &mut findings).apps(&mut findings);
    settled(ty.map(|ty| of_type(ty, None, apps)), findings)
}

/// `GET /asset/bytype/{type}/bycode?code*&app*`: none without a code.
///
/// # Errors
/// What is wrong with it.
pub fn assets_by_codes(ty: Segment<'_>, query: Query<'_>) -> Result<Selection, Findings> {
    let mut findings = Findings::new();
    let ty = type_segment(ty, &mut findings);
    let parameters = Parameters::of(query, &mut findings);
    let codes = parameters.codes("code", Finding::InvalidCode, &mut findings);
    let apps = parameters.apps(&mut findings);
    settled(ty.map(|ty| of_type(ty, Some(codes), apps)), findings)
}

/// `POST /asset/bytype/{type}/bycode?app*` with an array of codes.
///
/// # Errors
/// What is wrong with it.
pub fn assets_by_codes_body(
    ty: Segment<'_>,
    query: Query<'_>,
    body: Body<'_>,
) -> Result<Selection, Findings> {
    let mut findings = Findings::new();
    let ty = type_segment(ty, &mut findings);
    let apps = Parameters::of(query, &mut findings).apps(&mut findings);
    let codes = document::codes(body, Finding::InvalidCode, &mut findings);
    let codes = Some(codes.into_iter().collect());
    settled(ty.map(|ty| of_type(ty, codes, apps)), findings)
}

fn of_type(ty: Code, codes: Option<BTreeSet<Code>>, apps: BTreeSet<String>) -> Selection {
    Selection { types: Some(BTreeSet::from([ty])), codes, apps }
}
