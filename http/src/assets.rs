//! Assets: register, change, read, list.

use axum::{
    extract::{Request, State},
    response::Response,
};
use holdfast_actors::engine::AssetFilter;
use holdfast_domain::asset::AssetDocument;

use crate::{
    app::App,
    ask::{PathId, asset_id},
    body::members::{ID_MAX, NAME_MAX},
    error::ApiError,
    openapi::AssetList,
    paging::{self, Paging},
    query::Query,
    reply,
    wire::{self, AssetChangeInput, AssetInput},
};

/// Register an asset.
#[utoipa::path(
    post, path = "/assets", operation_id = "register_asset", tag = "Assets", request_body = AssetInput,
    responses((status = 201, body = AssetDocument, description = "Registered")),
)]
pub(crate) async fn register(
    State(app): State<App>,
    request: Request,
) -> Result<Response, ApiError> {
    let (members, envelope) = app.order(request).await?.open();
    let command = wire::register(members)?;
    Ok(reply::answer(app.engine.register(envelope.close(command)).await?))
}

/// List the assets that are visible to the caller, newest first.
#[utoipa::path(
    get, path = "/assets", operation_id = "list_assets", tag = "Assets",
    params(
        ("category" = inline(Option<String>), Query, description = "Exact match"),
        ("status" = inline(Option<Vec<holdfast_domain::asset::AssetStatus>>), Query, description = "May be repeated: any of them"),
        ("location_id" = inline(Option<String>), Query, description = "Exact match"),
        ("owner_org_id" = inline(Option<String>), Query, description = "Exact match"),
        ("q" = inline(Option<String>), Query, description = "Each word must start a word of the name; case and accents do not matter"),
    ),
    responses((status = 200, body = AssetList, description = "A page")),
)]
pub(crate) async fn list(State(app): State<App>, request: Request) -> Result<Response, ApiError> {
    let question = app.question(request)?;
    let mut query = question.query()?;
    let filter = filter(&mut query);
    let paging = Paging::read(query, &canonical(&filter))?;
    let page = paging.ask(&app, &question)?;
    let page = app.engine.assets(question.principal(), &filter, page).await?;
    Ok(paging.reply(&app, &question, &page))
}

/// Read one asset.
#[utoipa::path(
    get, path = "/assets/{id}", operation_id = "read_asset", tag = "Assets",
    params(("id" = inline(String), Path, description = "The asset's id")),
    responses((status = 200, body = AssetDocument, description = "The asset")),
)]
pub(crate) async fn read(
    State(app): State<App>,
    id: PathId,
    request: Request,
) -> Result<Response, ApiError> {
    let question = app.question(request)?;
    question.query()?.finish()?;
    let read = app.engine.asset(question.principal(), asset_id(id)?).await?;
    Ok(reply::read(&question, read))
}

/// Change some members of an asset.
#[utoipa::path(
    put, path = "/assets/{id}", operation_id = "update_asset", tag = "Assets", request_body = AssetChangeInput,
    params(("id" = inline(String), Path, description = "The asset's id")),
    responses((status = 200, body = AssetDocument, description = "The asset as it is now")),
)]
pub(crate) async fn update(
    State(app): State<App>,
    id: PathId,
    request: Request,
) -> Result<Response, ApiError> {
    let (members, envelope) = app.order(request).await?.open();
    let command = wire::update(members)?;
    Ok(reply::answer(app.engine.submit(asset_id(id)?, envelope.close(command)).await?))
}

fn filter(query: &mut Query) -> AssetFilter {
    let q = query.string("q", NAME_MAX);
    if q.as_deref().is_some_and(has_no_word) {
        query.issue("q", "must have a letter or a digit");
    }
    AssetFilter {
        category: query.string("category", NAME_MAX),
        status: paging::statuses(query, "ACTIVE, INACTIVE, MAINTENANCE or RETIRED"),
        location_id: query.string("location_id", ID_MAX),
        owner_org_id: query.string("owner_org_id", ID_MAX),
        q,
    }
}

/// Neither blank, which is a finding already, nor a word to look for.
fn has_no_word(q: &str) -> bool {
    !q.trim().is_empty() && !q.chars().any(char::is_alphanumeric)
}

fn canonical(filter: &AssetFilter) -> String {
    let mut status: Vec<_> = filter.status.iter().map(|status| status.name()).collect();
    status.sort_unstable();
    status.dedup();
    format!(
        "{:?}",
        (&filter.category, status, &filter.location_id, &filter.owner_org_id, &filter.q)
    )
}
