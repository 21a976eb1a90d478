//! The OpenAPI document: what the handlers say of themselves, completed from the table of routes
//! with what all routes of a kind share (token, headers, problems).

mod registry;
mod schemas;

use utoipa::{
    OpenApi as _,
    openapi::{
        ContentBuilder, Header, HeaderBuilder, HttpMethod, ObjectBuilder, OpenApi, Ref, RefOr,
        Required, Response, ResponseBuilder, Type,
        path::{Operation, ParameterBuilder, ParameterIn, PathItem},
        security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};

use crate::{
    permissions::{self, Kind, Payload, Row},
    problem::{Code, codes},
};

use schemas::Problem;
pub(crate) use schemas::{
    AssetList, AuditList, BookingList, DeliveryList, EndpointList, MaintenanceList, ReportList,
    UsageList,
};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Holdfast",
        description = "Shared assets and their bookings. In this interface, as in hotels, check-in \
                       is where use begins and check-out is where it ends and the cost is final. \
                       Windows are half-open: [start, end).",
    ),
    components(schemas(Problem)),
    tags(
        (name = "Assets", description = "What can be booked"),
        (name = "Bookings", description = "Windows held on assets, and their use"),
        (name = "Condition reports", description = "What was found wrong with an asset, and what came of it"),
        (name = "Maintenance", description = "What an asset needs, when, and when it keeps bookings out"),
        (name = "Usage", description = "How much an asset was used, and what that cost"),
        (name = "Webhooks", description = "Being told of events"),
        (name = "Registry: assets", description = "What is known of things by type and code, and what applications keep of them"),
        (name = "Registry: types", description = "The types that registered assets have"),
        (name = "Registry: associations", description = "Which registered asset belongs to which"),
        (name = "Audit", description = "What was done, by whom, chained by hashes"),
        (name = "Operations", description = "For operators and tools; no token needed"),
    ),
)]
struct Base;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Holdfast for operators",
        description = "What runs, how it is doing, and what an operator can do about it. On a \
                       listener of its own, which is not for the world.",
    ),
    components(schemas(Problem)),
    tags((name = "Operations", description = "For operators")),
)]
struct OperatorsBase;

const BEARER: &str = "bearer";

/// What the document starts from.
pub(crate) fn base() -> OpenApi {
    with_tokens(Base::openapi())
}

/// What the operators' document starts from.
pub(crate) fn operators_base() -> OpenApi {
    with_tokens(OperatorsBase::openapi())
}

fn with_tokens(mut document: OpenApi) -> OpenApi {
    if let Some(components) = document.components.as_mut() {
        let jwt = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        components.add_security_scheme(BEARER, SecurityScheme::Http(jwt));
    }
    document
}

/// Adds to every operation what the table of routes says of it.
pub(crate) fn complete(document: &mut OpenApi) {
    add_document_path(document);
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            if let Some(row) = permissions::row(method, path) {
                complete_operation(operation, row);
            }
        }
    }
}

/// The document's own route, which no macro describes.
fn add_document_path(document: &mut OpenApi) {
    let json = ContentBuilder::new().schema(Some(object())).build();
    let response = ResponseBuilder::new()
        .description("The OpenAPI document")
        .content("application/json", json)
        .build();
    let mut operation = Operation::new();
    operation.summary = Some("This document.".to_owned());
    operation.operation_id = Some("openapi".to_owned());
    operation.tags = Some(vec!["Operations".to_owned()]);
    operation.responses.responses.insert("200".to_owned(), RefOr::T(response));
    let item = PathItem::new(HttpMethod::Get, operation);
    document.paths.paths.insert("/openapi.json".to_owned(), item);
}

/// The operations of a path that this interface uses.
fn operations(item: &mut PathItem) -> Vec<(&'static str, &mut Operation)> {
    let PathItem { get, put, post, patch, delete, head, .. } = item;
    let all = [
        ("GET", get),
        ("PUT", put),
        ("POST", post),
        ("PATCH", patch),
        ("DELETE", delete),
        ("HEAD", head),
    ];
    all.into_iter().filter_map(|(method, it)| it.as_mut().map(|it| (method, it))).collect()
}

fn complete_operation(operation: &mut Operation, row: &Row) {
    parameters(operation, row.kind);
    if let Some(exchange) = row.exchange() {
        registry::complete(operation, row, exchange);
    }
    success_headers(operation, row);
    if row.kind != Kind::Open {
        let needs = match row.kind {
            Kind::Operate => "Role: operator.".to_owned(),
            _ => format!("Scope: {}.", row.scopes.join(" or ")),
        };
        operation.security = Some(vec![SecurityRequirement::new(BEARER, Vec::<String>::new())]);
        operation.description = Some(match operation.description.take() {
            Some(text) => format!("{text}\n\n{needs}"),
            None => needs,
        });
    }
    for code in refusals(row) {
        problem(operation, code, row.kind);
    }
    if row.method == "HEAD" {
        without_bodies(operation);
    }
}

/// As HTTP has it of every answer to `HEAD`.
fn without_bodies(operation: &mut Operation) {
    for (_, response) in operation.responses.responses.iter_mut() {
        if let RefOr::T(response) = response {
            response.content.clear();
        }
    }
}

fn parameters(operation: &mut Operation, kind: Kind) {
    let request_id = "At most 128 visible ASCII characters; made when absent";
    add(operation, "X-Request-Id", ParameterIn::Header, false, request_id);
    match kind {
        Kind::Open
        | Kind::Computed
        | Kind::Inquiry
        | Kind::Operate
        | Kind::Removal
        | Kind::Registry(_) => {}
        Kind::Read => {
            add(operation, "If-None-Match", ParameterIn::Header, false, "ETags the client has");
        }
        Kind::List => {
            let parameter = ParameterBuilder::new()
                .name("limit")
                .parameter_in(ParameterIn::Query)
                .description(Some("Rows per page"))
                .schema(Some(
                    ObjectBuilder::new()
                        .schema_type(Type::Integer)
                        .minimum(Some(1))
                        .maximum(Some(100))
                        .default(Some(20.into())),
                ));
            operation.parameters.get_or_insert_default().push(RefOr::T(parameter.build()));
            let cursor = "A next_cursor or prev_cursor of this list with this filter";
            add(operation, "cursor", ParameterIn::Query, false, cursor);
        }
        Kind::Command | Kind::Change => {
            let key = "1 to 255 visible ASCII characters, one for each intent: the same key with \
                       the same request gets the stored result";
            add(operation, "Idempotency-Key", ParameterIn::Header, true, key);
        }
    }
    if kind == Kind::Change {
        let tags = "The ETag of the version to change, or *";
        add(operation, "If-Match", ParameterIn::Header, true, tags);
    }
}

fn add(operation: &mut Operation, name: &str, place: ParameterIn, required: bool, text: &str) {
    let required = if required { Required::True } else { Required::False };
    let parameter = ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(required)
        .description(Some(text))
        .schema(Some(string()));
    operation.parameters.get_or_insert_default().push(RefOr::T(parameter.build()));
}

fn success_headers(operation: &mut Operation, row: &Row) {
    let responses = &mut operation.responses.responses;
    if row.kind == Kind::Read {
        let response = ResponseBuilder::new().description("The client has this version").build();
        responses.insert("304".to_owned(), RefOr::T(response));
    }
    let created = responses.get("201").cloned();
    let creates = created.is_some();
    // Only what has a key is replayed.
    if let Some(RefOr::T(created)) = created.filter(|_| row.exchange().is_none()) {
        let mut replayed = created;
        replayed.description = "The stored result of an earlier request with this key".to_owned();
        responses.insert("200".to_owned(), RefOr::T(replayed));
    }
    for (status, response) in responses.iter_mut() {
        let RefOr::T(response) = response else { continue };
        let mut header =
            |name: &str, text| response.headers.insert(name.to_owned(), RefOr::T(text));
        header("X-Request-Id", text_header("The id of the request"));
        let single = matches!(row.kind, Kind::Read | Kind::Command | Kind::Change);
        if single {
            header("ETag", text_header("The version of the resource"));
        }
        if matches!(row.kind, Kind::Command | Kind::Change) && status == "200" {
            header("Idempotency-Replayed", text_header("true on a stored result"));
        }
        if creates && (status == "200" || status == "201") {
            header("Location", text_header("The path of what was made"));
        }
    }
}

fn takes_body(row: &Row) -> bool {
    match row.kind {
        Kind::Inquiry | Kind::Command | Kind::Change => true,
        Kind::Operate => row.method == "POST",
        Kind::Registry(exchange) => exchange.payload != Payload::None,
        Kind::Open | Kind::Read | Kind::List | Kind::Computed | Kind::Removal => false,
    }
}

/// The codes of a route: those of its kind and its own.
fn refusals(row: &Row) -> Vec<&'static Code> {
    let mut all = vec![
        &codes::METHOD_NOT_ALLOWED,
        &codes::URI_TOO_LONG,
        &codes::HEADERS_TOO_LARGE,
        &codes::INTERNAL,
    ];
    if row.exchange().is_some() {
        return refusals_of_the_registry(row, all);
    }
    if row.path.contains('{') {
        all.push(&codes::NOT_FOUND);
    }
    if row.path.contains('{') || row.kind != Kind::Open {
        all.push(&codes::BAD_REQUEST);
    }
    if row.kind != Kind::Open {
        all.extend([&codes::UNAUTHENTICATED, &codes::INVALID_TOKEN, &codes::VALIDATION_FAILED]);
    }
    if row.kind == Kind::Operate {
        all.push(&codes::FORBIDDEN_ROLE);
    } else if row.kind != Kind::Open {
        all.extend([
            &codes::INSUFFICIENT_SCOPE,
            &codes::OVERLOADED,
            &codes::NOT_READY,
            &codes::ASSET_QUARANTINED,
        ]);
    }
    if row.kind == Kind::List {
        all.push(&codes::INVALID_CURSOR);
    }
    if takes_body(row) {
        all.extend([
            &codes::MALFORMED_JSON,
            &codes::BODY_TOO_LARGE,
            &codes::UNSUPPORTED_MEDIA_TYPE,
        ]);
    }
    if matches!(row.kind, Kind::Command | Kind::Change) {
        all.extend([&codes::IDEMPOTENCY_KEY_REQUIRED, &codes::IDEMPOTENCY_KEY_REUSED]);
    }
    if matches!(row.kind, Kind::Command | Kind::Change | Kind::Removal) {
        all.extend([&codes::FORBIDDEN_ROLE, &codes::OUTCOME_UNKNOWN, &codes::STORAGE_FULL]);
    }
    if row.kind == Kind::Change {
        all.extend([&codes::PRECONDITION_REQUIRED, &codes::PRECONDITION_FAILED]);
    }
    all.extend(row.refuses);
    all.sort_by_key(|code| (code.status, code.name));
    all
}

/// Beside its arrays of codes.
fn refusals_of_the_registry(row: &Row, mut all: Vec<&'static Code>) -> Vec<&'static Code> {
    all.extend([
        &codes::UNAUTHENTICATED,
        &codes::INVALID_TOKEN,
        &codes::INSUFFICIENT_SCOPE,
        &codes::OVERLOADED,
        &codes::NOT_READY,
        &codes::OUTCOME_UNKNOWN,
        &codes::ASSET_QUARANTINED,
    ]);
    if takes_body(row) {
        // Where it breaks off.
        all.extend([&codes::BAD_REQUEST, &codes::BODY_TOO_LARGE, &codes::UNSUPPORTED_MEDIA_TYPE]);
    }
    all.push(if row.changes_the_registry() {
        &codes::STORAGE_FULL
    } else {
        &codes::NOT_ACCEPTABLE
    });
    all.sort_by_key(|code| (code.status, code.name));
    all
}

/// Adds a code to the response of its status, which it shares with others.
fn problem(operation: &mut Operation, code: &Code, kind: Kind) {
    let status = code.status.as_str();
    let line = format!("`{}`: {}", code.name, code.title);
    let responses = &mut operation.responses.responses;
    let response =
        responses.entry(status.to_owned()).or_insert_with(|| RefOr::T(problem_response(status)));
    let RefOr::T(response) = response else { return };
    if !response.description.is_empty() {
        response.description.push_str("\n\n");
    }
    response.description.push_str(&line);
    if code.stored && matches!(kind, Kind::Command | Kind::Change) {
        let replayed = text_header("true on a stored refusal");
        response.headers.insert("Idempotency-Replayed".to_owned(), RefOr::T(replayed));
    }
}

fn problem_response(status: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let response = ResponseBuilder::new()
        .content("application/problem+json", content)
        .header("X-Request-Id", text_header("The id of the request"));
    match status {
        "401" | "403" => {
            response.header("WWW-Authenticate", text_header("The challenge (RFC 6750)"))
        }
        "405" => response.header("Allow", text_header("The methods of this path")),
        "503" => response.header("Retry-After", text_header("Seconds")),
        _ => response,
    }
    .build()
}

fn text_header(text: &str) -> Header {
    HeaderBuilder::new().schema(Some(string())).description(Some(text)).build()
}

fn string() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn object() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Object)
}

#[cfg(test)]
mod tests;
