//! Asset types: `/type` and all under it.

use std::{collections::BTreeSet, sync::Arc};

use axum::extract::{Request, State};
use holdfast_actors::registry::Cut;
use holdfast_domain::registry::{self, Code, input};

use super::{
    Outcome, answer,
    ask::{Said, Sender},
    schemas::RegistryAssetType,
};
use crate::app::App;

/// Whether a type is registered.
#[utoipa::path(
    head, path = "/type/bycode/{code}",
    operation_id = "registry_type_exists", tag = "Registry: types",
    responses((status = 204, description = "It is")),
)]
pub(crate) async fn exists(State(app): State<App>, request: Request) -> Outcome {
    let (code, from) = app.registry(request, |said| input::type_code(said.segment(0))).await?;
    let json = app.look(&from, move |cut| registry::asset_type(cut.index(), &**cut, &code)).await?;
    answer::exists(json.is_some())
}

/// Read a type.
#[utoipa::path(
    get, path = "/type/bycode/{code}", operation_id = "registry_type", tag = "Registry: types",
    responses((status = 200, body = RegistryAssetType, description = "The type")),
)]
pub(crate) async fn read(State(app): State<App>, request: Request) -> Outcome {
    let (code, from) = app.registry(request, |said| input::type_code(said.segment(0))).await?;
    let json = app.look(&from, move |cut| registry::asset_type(cut.index(), &**cut, &code)).await?;
    answer::found(json)
}

/// Register a type, or replace its metadata.
///
/// The body names what the path does. Its metadata is replaced as a whole. 201 also where it was there.
#[utoipa::path(
    post, path = "/type/bycode/{code}",
    operation_id = "registry_put_type", tag = "Registry: types",
    request_body = RegistryAssetType,
    responses((status = 201, description = "Registered")),
)]
pub(crate) async fn register(State(app): State<App>, request: Request) -> Outcome {
    let read = |said: &Said| input::post_type(said.segment(0), said.body());
    let (command, from) = app.registry(request, read).await?;
    app.register(from, command).await
}

/// Replace a type's metadata, and rename it where the body names another.
///
/// Its assets follow: their paths change. A name that another type has is 422 `AssetTypeExists`.
#[utoipa::path(
    patch, path = "/type/bycode/{code}",
    operation_id = "registry_replace_type", tag = "Registry: types",
    request_body = RegistryAssetType,
    responses((status = 201, description = "Replaced; Location has its new name")),
)]
pub(crate) async fn replace(State(app): State<App>, request: Request) -> Outcome {
    let read = |said: &Said| input::patch_type(said.segment(0), said.body());
    let (command, from) = app.registry(request, read).await?;
    app.register(from, command).await
}

/// Delete a type.
///
/// 409 while there are assets of it.
#[utoipa::path(
    delete, path = "/type/bycode/{code}",
    operation_id = "registry_delete_type", tag = "Registry: types",
    responses((status = 204, description = "Deleted")),
)]
pub(crate) async fn delete(State(app): State<App>, request: Request) -> Outcome {
    let (command, from) = app.registry(request, |said| input::delete_type(said.segment(0))).await?;
    app.order_done(from, command).await
}

/// Read the types that are named in the query.
///
/// Those that do not exist are left out; without a `code` the list is empty.
#[utoipa::path(
    get, path = "/type/bycode", operation_id = "registry_types_by_codes", tag = "Registry: types",
    responses((status = 200, body = [RegistryAssetType], description = "Those there are, by code")),
)]
pub(crate) async fn list_named(State(app): State<App>, request: Request) -> Outcome {
    let (codes, from) = app.registry(request, |said| input::type_codes(said.query())).await?;
    list(app, from, Some(codes)).await
}

/// Read the types that are named in the body.
///
/// Writes nothing. Those that do not exist are left out.
#[utoipa::path(
    post, path = "/type/bycode", operation_id = "registry_ask_for_types", tag = "Registry: types",
    request_body(content = [String], example = json!(["Market", "TradingAccount"])),
    responses((status = 200, body = [RegistryAssetType], description = "Those there are, by code")),
)]
pub(crate) async fn list_asked(State(app): State<App>, request: Request) -> Outcome {
    let (codes, from) = app.registry(request, |said| input::type_codes_body(said.body())).await?;
    list(app, from, Some(codes)).await
}

/// Delete the types that are named in the body.
///
/// All or none of those there are; the others are passed over.
#[utoipa::path(
    delete, path = "/type/bycode", operation_id = "registry_delete_types", tag = "Registry: types",
    request_body(content = [String], example = json!(["News"])),
    responses((status = 204, description = "Deleted")),
)]
pub(crate) async fn delete_many(State(app): State<App>, request: Request) -> Outcome {
    let (command, from) = app.registry(request, |said| input::delete_types(said.body())).await?;
    app.order_done(from, command).await
}

/// List all types.
#[utoipa::path(
    get, path = "/type", operation_id = "registry_types", tag = "Registry: types",
    responses((status = 200, body = [RegistryAssetType], description = "By code")),
)]
pub(crate) async fn list_all(State(app): State<App>, request: Request) -> Outcome {
    let ((), from) = app.registry(request, |_| Ok(())).await?;
    list(app, from, None).await
}

/// Register many types, or replace their metadata.
///
/// All or none. No type twice.
#[utoipa::path(
    post, path = "/type", operation_id = "registry_put_types", tag = "Registry: types",
    request_body = [RegistryAssetType],
    responses((status = 204, description = "Registered")),
)]
pub(crate) async fn register_many(State(app): State<App>, request: Request) -> Outcome {
    let (command, from) = app.registry(request, |said| input::post_types(said.body())).await?;
    app.order_done(from, command).await
}

async fn list(app: App, from: Sender, codes: Option<BTreeSet<Code>>) -> Outcome {
    let read = move |cut: &Arc<Cut>| registry::asset_types(cut.index(), &**cut, codes.as_ref());
    answer::found(Some(app.look(&from, read).await?))
}
