//! Every route in one list per listener, which makes both the router and the OpenAPI document.

use axum::{
    Router,
    extract::Request,
    middleware,
    response::{IntoResponse as _, Response},
    routing::MethodRouter,
};
use bytes::Bytes;
use holdfast_actors::Engine;
use tower::ServiceExt as _;
use utoipa::openapi::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::{
    app::{App, HttpOptions},
    assets, audit, bookings, decisions, deliveries, endpoints, envelope,
    error::ApiError,
    handover, maintenance, openapi, operations, operators, planning,
    registry::{self, Fault},
    reply, reports, usage,
};

/// The whole HTTP surface over one engine.
pub struct Routers {
    /// The booking API, for the world.
    pub api: Router,
    /// What operators see and do; on a listener of its own.
    pub operators: Router,
}

/// Both over `engine`, with one count of requests and one cache of tokens.
pub fn routers(engine: Engine, options: &HttpOptions) -> Routers {
    let app = App::new(engine, options);
    let (registry, _) = registry_router().split_for_parts();
    let registry = registry
        .fallback(async || Fault::NOT_FOUND)
        .method_not_allowed_fallback(envelope::other_method)
        .with_state(app.clone());
    let api = surface().fallback(move |request| no_such_route(registry, request));
    let operators = operators_surface().fallback(async || ApiError::NotFound);
    Routers { api: enclosed(api, &app), operators: enclosed(operators, &app) }
}

fn enclosed(surface: Router<App>, app: &App) -> Router {
    surface
        .method_not_allowed_fallback(envelope::other_method)
        .layer(middleware::from_fn_with_state(app.clone(), envelope::envelope))
        .with_state(app.clone())
}

/// Answers what no route takes. Under the registry that may be one of its routes with an empty segment,
/// and 404 has no body there.
async fn no_such_route(registry: Router, request: Request) -> Response {
    if !registry::owns(request.uri().path()) {
        return ApiError::NotFound.into_response();
    }
    match registry::respelled(request) {
        Some(request) => registry.oneshot(request).await.into_response(),
        None => Fault::NOT_FOUND.into_response(),
    }
}

/// The listed routes, their document and the pages that show it.
fn surface() -> Router<App> {
    let (router, document) = routes_and_document();
    // Unasked, the pages would show the document to a validator on the net.
    let config = Config::from("/openapi.json").validator_url("none");
    let docs = SwaggerUi::new("/docs").config(config);
    with_document(router, &document).merge(Router::from(docs))
}

fn operators_surface() -> Router<App> {
    let (router, document) = operators_routes_and_document();
    with_document(router, &document)
}

fn with_document(router: Router<App>, document: &OpenApi) -> Router<App> {
    let document = Bytes::from(document.to_json().unwrap_or_default());
    let serve_document = MethodRouter::new().get(move || async move { serve(&document) });
    router.route("/openapi.json", serve_document)
}

fn serve(document: &Bytes) -> Response {
    reply::json(document.clone())
}

/// Of the booking API.
pub(crate) fn routes_and_document() -> (Router<App>, OpenApi) {
    let (router, mut document) = OpenApiRouter::with_openapi(openapi::base())
        .routes(routes!(assets::register, assets::list))
        .routes(routes!(assets::read, assets::update))
        .routes(routes!(bookings::book, bookings::list_of_asset))
        .routes(routes!(planning::quote))
        .routes(routes!(planning::availability))
        .routes(routes!(handover::check_in))
        .routes(routes!(handover::check_out))
        .routes(routes!(reports::create, reports::list))
        .routes(routes!(reports::read))
        .routes(routes!(reports::approve))
        .routes(routes!(reports::reject))
        .routes(routes!(maintenance::create, maintenance::list))
        .routes(routes!(maintenance::read, maintenance::change))
        .routes(routes!(maintenance::start))
        .routes(routes!(maintenance::complete))
        .routes(routes!(maintenance::cancel))
        .routes(routes!(usage::list))
        .routes(routes!(audit::list))
        .routes(routes!(bookings::list_of_user))
        .routes(routes!(bookings::read, bookings::reschedule))
        .routes(routes!(decisions::approve))
        .routes(routes!(decisions::reject))
        .routes(routes!(bookings::cancel))
        .routes(routes!(decisions::adjust))
        .routes(routes!(endpoints::create, endpoints::list))
        .routes(routes!(endpoints::read, endpoints::update, endpoints::delete))
        .routes(routes!(endpoints::rotate_secret))
        .routes(routes!(endpoints::test))
        .routes(routes!(deliveries::list))
        .routes(routes!(deliveries::replay))
        .routes(routes!(deliveries::redeliver))
        .routes(routes!(operations::healthz))
        .routes(routes!(operations::readyz))
        .routes(routes!(operations::version))
        .routes(routes!(operations::explain))
        .merge(registry_router())
        .split_for_parts();
    openapi::complete(&mut document);
    (router, document)
}

/// Of the registry.
fn registry_router() -> OpenApiRouter<App> {
    use registry::{assets, associations, types};
    OpenApiRouter::new()
        .routes(routes!(assets::list_all, assets::register_many))
        .routes(routes!(assets::list_of_types, assets::list_of_asked_types))
        .routes(routes!(assets::list_of_type))
        .routes(routes!(assets::list_named, assets::list_asked, assets::delete_many))
        .routes(routes!(
            assets::exists,
            assets::read,
            assets::register,
            assets::replace,
            assets::delete
        ))
        .routes(routes!(types::list_all, types::register_many))
        .routes(routes!(types::list_named, types::list_asked, types::delete_many))
        .routes(routes!(types::exists, types::read, types::register, types::replace, types::delete))
        .routes(routes!(associations::register_many))
        .routes(routes!(
            associations::list_from,
            associations::register_from,
            associations::delete_from
        ))
        .routes(routes!(associations::list_to_type, associations::synchronise))
        .routes(routes!(
            associations::exists,
            associations::read,
            associations::register,
            associations::delete
        ))
        .routes(routes!(associations::list_transitive))
        .routes(routes!(associations::list_to))
}

/// Of the operators' listener.
pub(crate) fn operators_routes_and_document() -> (Router<App>, OpenApi) {
    let (router, mut document) = OpenApiRouter::with_openapi(openapi::operators_base())
        .routes(routes!(operators::supervision))
        .routes(routes!(operators::release))
        .routes(routes!(operators::metrics))
        .routes(routes!(operations::healthz))
        .split_for_parts();
    openapi::complete(&mut document);
    (router, document)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Building the router panics where two routes meet.
    #[test]
    fn the_routes_stand_beside_each_other() {
        assert!(surface().has_routes() && operators_surface().has_routes());
    }
}
