//! Associations: `/association` and all under it.

use std::sync::Arc;

use axum::extract::{Request, State};
use holdfast_actors::registry::Cut;
use holdfast_domain::registry::{
    self, AssetName, Direction, Far, Findings, Index, Listing, Rows, RowsError, input,
};

use super::{
    Fault, Outcome, answer,
    ask::Said,
    schemas::{
        AssociationsFromAsset, AssociationsToAsset, FullAssociation, TransitiveAssociations,
    },
    stream::{self, Associations},
};
use crate::app::App;

/// Whether two assets are associated.
#[utoipa::path(
    head, path = "/association/from/{type}/{code}/to/{totype}/{tocode}",
    operation_id = "registry_association_exists", tag = "Registry: associations",
    responses((status = 204, description = "They are")),
)]
pub(crate) async fn exists(State(app): State<App>, request: Request) -> Outcome {
    answer::exists(one(app, request).await?.is_some())
}

/// Read an association with the assets at its ends.
#[utoipa::path(
    get, path = "/association/from/{type}/{code}/to/{totype}/{tocode}",
    operation_id = "registry_association", tag = "Registry: associations",
    responses((status = 200, body = FullAssociation, description = "The association")),
)]
pub(crate) async fn read(State(app): State<App>, request: Request) -> Outcome {
    answer::found(one(app, request).await?)
}

/// Associate two assets, or merge what applications keep of their association.
///
/// The body names what the path does. The assets at its ends are registered or merged first, by the
/// rules of assets. 201 also where the association was there.
#[utoipa::path(
    post, path = "/association/from/{type}/{code}/to/{totype}/{tocode}",
    operation_id = "registry_put_association", tag = "Registry: associations",
    request_body = FullAssociation,
    responses((status = 201, description = "Associated")),
)]
pub(crate) async fn register(State(app): State<App>, request: Request) -> Outcome {
    let read = |said: &Said| input::post_association(said.name(), said.far_name(), said.body());
    let (command, from) = app.registry(request, read).await?;
    app.register(from, command).await
}

/// Delete an association, or what applications keep of it.
///
/// Never an asset.
#[utoipa::path(
    delete, path = "/association/from/{type}/{code}/to/{totype}/{tocode}",
    operation_id = "registry_delete_association", tag = "Registry: associations",
    responses((status = 204, description = "Deleted, or not kept any more")),
)]
pub(crate) async fn delete(State(app): State<App>, request: Request) -> Outcome {
    let read = |said: &Said| input::delete_association(said.name(), said.far_name(), said.query());
    let (command, from) = app.registry(request, read).await?;
    app.order_done(from, command).await
}

/// List the associations from an asset.
///
/// `app` looks at what is kept of the association, `totype` at its far end; the root always comes.
#[utoipa::path(
    get, path = "/association/from/{type}/{code}",
    operation_id = "registry_associations_from", tag = "Registry: associations",
    responses((status = 200, body = AssociationsFromAsset, description = "By type and code of the far end")),
)]
pub(crate) async fn list_from(State(app): State<App>, request: Request) -> Outcome {
    let read = |said: &Said| input::far(said.name(), Direction::From, said.query());
    list(app, request, read, listing_from).await
}

/// Associate an asset with many others, or merge what applications keep of that.
///
/// All or none; the body's root is what the path names.
#[utoipa::path(
    post, path = "/association/from/{type}/{code}",
    operation_id = "registry_put_associations_from", tag = "Registry: associations",
    request_body = AssociationsFromAsset,
    responses((status = 204, description = "Associated")),
)]
pub(crate) async fn register_from(State(app): State<App>, request: Request) -> Outcome {
    let read = |said: &Said| input::post_associations_from(said.name(), said.body());
    let (command, from) = app.registry(request, read).await?;
    app.order_done(from, command).await
}

/// Delete the associations from an asset, or what applications keep of them.
#[utoipa::path(
    delete, path = "/association/from/{type}/{code}",
    operation_id = "registry_delete_associations_from", tag = "Registry: associations",
    responses((status = 204, description = "Deleted, or not kept any more")),
)]
pub(crate) async fn delete_from(State(app): State<App>, request: Request) -> Outcome {
    let read = |said: &Said| input::delete_associations_from(said.name(), said.query());
    let (command, from) = app.registry(request, read).await?;
    app.order_done(from, command).await
}

/// List the associations from an asset to those of one type.
#[utoipa::path(
    get, path = "/association/from/{type}/{code}/to/{totype}",
    operation_id = "registry_associations_from_to_type", tag = "Registry: associations",
    responses((status = 200, body = AssociationsFromAsset, description = "By code of the far end")),
)]
pub(crate) async fn list_to_type(State(app): State<App>, request: Request) -> Outcome {
    let read = |said: &Said| input::far_of_type(said.name(), said.segment(2), said.query());
    list(app, request, read, listing_from).await
}

/// Make the associations from an asset to those of one type what the body lists.
///
/// Those listed are made or merged. Those of this type that are not listed are deleted; with `app` they
/// only lose what these applications keep, and go where `deleteOnEmpty` says so and nothing is left.
#[utoipa::path(
    patch, path = "/association/from/{type}/{code}/to/{totype}",
    operation_id = "registry_synchronise_associations", tag = "Registry: associations",
    request_body = AssociationsFromAsset,
    responses((status = 204, description = "As listed")),
)]
pub(crate) async fn synchronise(State(app): State<App>, request: Request) -> Outcome {
    let read = |said: &Said| input::sync(said.name(), said.segment(2), said.query(), said.body());
    let (command, from) = app.registry(request, read).await?;
    app.order_done(from, command).await
}

/// List what an asset leads to, over any number of associations.
///
/// Each association once, also where they go round in a circle. `totype` and `app` choose what is
/// shown, not what is followed.
#[utoipa::path(
    get, path = "/association/from/{type}/{code}/transitive",
    operation_id = "registry_transitive_associations", tag = "Registry: associations",
    responses((status = 200, body = TransitiveAssociations, description = "In order of the names")),
)]
pub(crate) async fn list_transitive(State(app): State<App>, request: Request) -> Outcome {
    let read = |said: &Said| input::far(said.name(), Direction::From, said.query());
    list(app, request, read, registry::transitive_listing).await
}

/// List the associations to an asset.
#[utoipa::path(
    get, path = "/association/to/{type}/{code}",
    operation_id = "registry_associations_to", tag = "Registry: associations",
    responses((status = 200, body = AssociationsToAsset, description = "By type and code of the far end")),
)]
pub(crate) async fn list_to(State(app): State<App>, request: Request) -> Outcome {
    let read = |said: &Said| input::far(said.name(), Direction::To, said.query());
    list(app, request, read, listing_to).await
}

/// Associate an asset with many others, or merge what applications keep of that.
///
/// All or none; the asset is the body's root.
#[utoipa::path(
    post, path = "/association",
    operation_id = "registry_put_associations", tag = "Registry: associations",
    request_body = AssociationsFromAsset,
    responses((status = 204, description = "Associated")),
)]
pub(crate) async fn register_many(State(app): State<App>, request: Request) -> Outcome {
    let (command, from) =
        app.registry(request, |said| input::post_associations(said.body())).await?;
    app.order_done(from, command).await
}

/// The document of the association that the path names.
async fn one(app: App, request: Request) -> Result<Option<Vec<u8>>, Fault> {
    let read = |said: &Said| input::association_ends(said.name(), said.far_name());
    let ((near, far), from) = app.registry(request, read).await?;
    let read = move |cut: &Arc<Cut>| registry::association(cut.index(), &**cut, &near, &far);
    app.look(&from, read).await
}

/// What chooses the associations of a list.
type Choose = fn(&Index, &dyn Rows, &AssetName, &Far) -> Result<Option<Listing>, RowsError>;

fn listing_from(
    index: &Index,
    rows: &dyn Rows,
    root: &AssetName,
    far: &Far,
) -> Result<Option<Listing>, RowsError> {
    registry::listing(index, rows, root, Direction::From, far)
}

fn listing_to(
    index: &Index,
    rows: &dyn Rows,
    root: &AssetName,
    far: &Far,
) -> Result<Option<Listing>, RowsError> {
    registry::listing(index, rows, root, Direction::To, far)
}

async fn list(
    app: App,
    request: Request,
    read: fn(&Said) -> Result<(AssetName, Far), Findings>,
    choose: Choose,
) -> Outcome {
    let ((root, far), from) = app.registry(request, read).await?;
    let opened = app.look(&from, move |cut| {
        let listing = choose(cut.index(), &**cut, &root, &far)?;
        listing.map(|listing| stream::open(Associations::new(cut, listing))).transpose()
    });
    opened.await?.map(answer::streamed).ok_or(Fault::NOT_FOUND)
}
