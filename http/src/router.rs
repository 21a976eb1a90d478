//! Every route in one list, which makes both the router and the OpenAPI document.

use axum::{Router, middleware, response::Response, routing::MethodRouter};
use bytes::Bytes;
use holdfast_actors::Engine;
use utoipa::openapi::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::{
    app::{App, HttpOptions},
    assets, audit, bookings, decisions, envelope, handover, openapi, operations, planning, reply,
};

/// The whole HTTP surface over `engine`.
pub fn router(engine: Engine, options: HttpOptions) -> Router {
    let app = App::new(engine, &options);
    surface()
        .fallback(envelope::no_such_route)
        .method_not_allowed_fallback(envelope::other_method)
        .layer(middleware::from_fn_with_state(app.clone(), envelope::envelope))
        .with_state(app)
}

/// The listed routes, their document and the pages that show it.
fn surface() -> Router<App> {
    let (router, document) = routes_and_document();
    let document = Bytes::from(document.to_json().unwrap_or_default());
    let serve_document = MethodRouter::new().get(move || async move { serve(&document) });
    // Unasked, the pages would show the document to a validator on the net.
    let config = Config::from("/openapi.json").validator_url("none");
    let docs = SwaggerUi::new("/docs").config(config);
    router.route("/openapi.json", serve_document).merge(Router::from(docs))
}

fn serve(document: &Bytes) -> Response {
    reply::json(document.clone())
}

/// The document of [`router`].
pub(crate) fn routes_and_document() -> (Router<App>, OpenApi) {
    let (router, mut document) = OpenApiRouter::with_openapi(openapi::base())
        .routes(routes!(assets::register, assets::list))
        .routes(routes!(assets::read, assets::update))
        .routes(routes!(bookings::book, bookings::list_of_asset))
        .routes(routes!(planning::quote))
        .routes(routes!(planning::availability))
        .routes(routes!(handover::check_in))
        .routes(routes!(handover::check_out))
        .routes(routes!(audit::list))
        .routes(routes!(bookings::list_of_user))
        .routes(routes!(bookings::read, bookings::reschedule))
        .routes(routes!(decisions::approve))
        .routes(routes!(decisions::reject))
        .routes(routes!(bookings::cancel))
        .routes(routes!(decisions::adjust))
        .routes(routes!(operations::healthz))
        .routes(routes!(operations::readyz))
        .routes(routes!(operations::version))
        .routes(routes!(operations::explain))
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
        assert!(surface().has_routes());
    }
}
