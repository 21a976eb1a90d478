//! Assets: `/asset` and all under it.

use axum::extract::{Request, State};
use holdfast_domain::registry::{self, Findings, Selection, input};

use super::{
    Outcome, answer,
    ask::Said,
    schemas::RegistryAsset,
    stream::{self, Assets},
};
use crate::app::App;

/// Whether an asset is registered.
#[utoipa::path(
    head, path = "/asset/bytype/{type}/bycode/{code}",
    operation_id = "registry_asset_exists", tag = "Registry: assets",
    responses((status = 204, description = "It is")),
)]
pub(crate) async fn exists(State(app): State<App>, request: Request) -> Outcome {
    let (name, from) = app.registry(request, |said| input::asset_name(said.name())).await?;
    let there = app.look(&from, move |cut| Ok(registry::asset_exists(cut.index(), &name))).await?;
    answer::exists(there)
}

/// Read an asset.
#[utoipa::path(
    get, path = "/asset/bytype/{type}/bycode/{code}",
    operation_id = "registry_asset", tag = "Registry: assets",
    responses((status = 200, body = RegistryAsset, description = "The asset")),
)]
pub(crate) async fn read(State(app): State<App>, request: Request) -> Outcome {
    let (name, from) = app.registry(request, |said| input::asset_name(said.name())).await?;
    let json = app.look(&from, move |cut| registry::asset(cut.index(), &**cut, &name)).await?;
    answer::found(json)
}

/// Register an asset, or merge what applications keep of it.
///
/// The body names what the path does; its type is registered. Of an asset that is there the contexts
/// sent take the place of those of the same applications as wholes, the others stay; without any the
/// asset stays as it is. 201 also where it was there.
#[utoipa::path(
    post, path = "/asset/bytype/{type}/bycode/{code}",
    operation_id = "registry_put_asset", tag = "Registry: assets",
    request_body = RegistryAsset,
    responses((status = 201, description = "Registered")),
)]
pub(crate) async fn register(State(app): State<App>, request: Request) -> Outcome {
    let read = |said: &Said| input::post_asset(said.name(), said.body());
    let (command, from) = app.registry(request, read).await?;
    app.register(from, command).await
}

/// Replace an asset's context as a whole, and rename it where the body names another.
///
/// Associations follow. Without a context it has none afterwards. A name that another asset has is 422
/// `AssetExists`, a type that is not registered 422 `AssetTypeNotFound`.
#[utoipa::path(
    patch, path = "/asset/bytype/{type}/bycode/{code}",
    operation_id = "registry_replace_asset", tag = "Registry: assets",
    request_body = RegistryAsset,
    responses((status = 201, description = "Replaced; Location has its new name")),
)]
pub(crate) async fn replace(State(app): State<App>, request: Request) -> Outcome {
    let read = |said: &Said| input::patch_asset(said.name(), said.body());
    let (command, from) = app.registry(request, read).await?;
    app.register(from, command).await
}

/// Delete an asset, or what applications keep of it.
///
/// With `app` only these applications' contexts go; with `deleteOnEmpty` the asset goes too when this
/// leaves none. An asset with associations is not deleted (409, and its contexts stay as well).
#[utoipa::path(
    delete, path = "/asset/bytype/{type}/bycode/{code}",
    operation_id = "registry_delete_asset", tag = "Registry: assets",
    responses((status = 204, description = "Deleted, or not kept any more")),
)]
pub(crate) async fn delete(State(app): State<App>, request: Request) -> Outcome {
    let read = |said: &Said| input::delete_asset(said.name(), said.query());
    let (command, from) = app.registry(request, read).await?;
    app.order_done(from, command).await
}

/// Read the assets of one type that are named in the query.
///
/// Those that do not exist are left out; without a `code` the list is empty.
#[utoipa::path(
    get, path = "/asset/bytype/{type}/bycode",
    operation_id = "registry_assets_by_codes", tag = "Registry: assets",
    responses((status = 200, body = [RegistryAsset], description = "Those there are, in order")),
)]
pub(crate) async fn list_named(State(app): State<App>, request: Request) -> Outcome {
    list(app, request, |said| input::assets_by_codes(said.segment(0), said.query())).await
}

/// Read the assets of one type that are named in the body.
///
/// Writes nothing. Those that do not exist are left out.
#[utoipa::path(
    post, path = "/asset/bytype/{type}/bycode",
    operation_id = "registry_ask_for_assets", tag = "Registry: assets",
    request_body(content = [String], example = json!(["XSX", "XSX[Sample]"])),
    responses((status = 200, body = [RegistryAsset], description = "Those there are, in order")),
)]
pub(crate) async fn list_asked(State(app): State<App>, request: Request) -> Outcome {
    let read =
        |said: &Said| input::assets_by_codes_body(said.segment(0), said.query(), said.body());
    list(app, request, read).await
}

/// Delete the assets of one type that are named in the body, or what applications keep of them.
///
/// All or none of those there are; the others are passed over.
#[utoipa::path(
    delete, path = "/asset/bytype/{type}/bycode",
    operation_id = "registry_delete_assets", tag = "Registry: assets",
    request_body(content = [String], example = json!(["XSX", "XSX[Sample]"])),
    responses((status = 204, description = "Deleted, or not kept any more")),
)]
pub(crate) async fn delete_many(State(app): State<App>, request: Request) -> Outcome {
    let read = |said: &Said| input::delete_assets(said.segment(0), said.query(), said.body());
    let (command, from) = app.registry(request, read).await?;
    app.order_done(from, command).await
}

/// List the assets of one type.
#[utoipa::path(
    get, path = "/asset/bytype/{type}",
    operation_id = "registry_assets_of_type", tag = "Registry: assets",
    responses((status = 200, body = [RegistryAsset], description = "By code; none where there is no such type")),
)]
pub(crate) async fn list_of_type(State(app): State<App>, request: Request) -> Outcome {
    list(app, request, |said| input::assets_of_type(said.segment(0), said.query())).await
}

/// List the assets of the types in the query.
///
/// Without a `type` the list is empty.
#[utoipa::path(
    get, path = "/asset/bytype",
    operation_id = "registry_assets_by_types", tag = "Registry: assets",
    responses((status = 200, body = [RegistryAsset], description = "By type and code")),
)]
pub(crate) async fn list_of_types(State(app): State<App>, request: Request) -> Outcome {
    list(app, request, |said| input::assets_by_types(said.query())).await
}

/// List the assets of the types in the body.
///
/// Writes nothing.
#[utoipa::path(
    post, path = "/asset/bytype",
    operation_id = "registry_ask_for_types_of_assets", tag = "Registry: assets",
    request_body(content = [String], example = json!(["Market", "TradingAccount"])),
    responses((status = 200, body = [RegistryAsset], description = "By type and code")),
)]
pub(crate) async fn list_of_asked_types(State(app): State<App>, request: Request) -> Outcome {
    list(app, request, |said| input::assets_by_types_body(said.query(), said.body())).await
}

/// List all assets.
///
/// As they were at one moment, however long the list takes to send. An answer that breaks off is not
/// the whole list.
#[utoipa::path(
    get, path = "/asset", operation_id = "registry_assets", tag = "Registry: assets",
    responses((status = 200, body = [RegistryAsset], description = "By type and code")),
)]
pub(crate) async fn list_all(State(app): State<App>, request: Request) -> Outcome {
    list(app, request, |said| input::all_assets(said.query())).await
}

/// Register many assets, or merge what applications keep of them.
///
/// All or none, each by the rules of one. No asset twice.
#[utoipa::path(
    post, path = "/asset", operation_id = "registry_put_assets", tag = "Registry: assets",
    request_body = [RegistryAsset],
    responses((status = 204, description = "Registered")),
)]
pub(crate) async fn register_many(State(app): State<App>, request: Request) -> Outcome {
    let (command, from) = app.registry(request, |said| input::post_assets(said.body())).await?;
    app.order_done(from, command).await
}

async fn list(
    app: App,
    request: Request,
    read: fn(&Said) -> Result<Selection, Findings>,
) -> Outcome {
    let (selection, from) = app.registry(request, read).await?;
    let opened = app.look(&from, move |cut| stream::open(Assets::new(cut, selection))).await?;
    Ok(answer::streamed(opened))
}
