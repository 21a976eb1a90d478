//! The document, the router and the table of routes say the same.

mod registry;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    permissions::{self, Kind, OPERATORS, Payload},
    problem::codes,
    router::{operators_routes_and_document, routes_and_document},
};

fn document() -> Value {
    serde_json::from_str(&routes_and_document().1.to_json().unwrap()).unwrap()
}

fn operators_document() -> Value {
    serde_json::from_str(&operators_routes_and_document().1.to_json().unwrap()).unwrap()
}

fn operations(document: &Value) -> Vec<(String, String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, item)| {
            item.as_object()
                .unwrap()
                .iter()
                .map(|(method, operation)| (method.to_uppercase(), path.clone(), operation))
        })
        .collect()
}

#[test]
fn every_route_has_a_row_and_every_row_a_route() {
    let document = document();
    let documented: BTreeSet<_> =
        operations(&document).into_iter().map(|(method, path, _)| (method, path)).collect();
    let rows: BTreeSet<_> = permissions::public()
        .filter(|row| !row.path.starts_with("/docs"))
        .map(|row| (row.method.to_owned(), row.path.to_owned()))
        .collect();
    assert_eq!(documented, rows);

    let document = operators_document();
    let documented: BTreeSet<_> =
        operations(&document).into_iter().map(|(method, path, _)| (method, path)).collect();
    let also = ["/healthz", "/openapi.json"].map(|path| ("GET".to_owned(), path.to_owned()));
    let rows = OPERATORS.iter().map(|row| (row.method.to_owned(), row.path.to_owned()));
    assert_eq!(documented, rows.chain(also).collect());
}

#[test]
fn everything_is_described() {
    [document(), operators_document()].iter().for_each(is_described);
}

fn is_described(document: &Value) {
    assert_eq!(document["openapi"], "3.1.0");
    let mut ids = BTreeSet::new();
    for (method, path, operation) in operations(document) {
        let at = format!("{method} {path}");
        assert!(operation["summary"].is_string(), "{at}");
        assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{at}");
        let names: BTreeSet<_> = operation["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|it| (it["in"].to_string(), it["name"].to_string()))
            .collect();
        assert_eq!(names.len(), operation["parameters"].as_array().unwrap().len(), "{at}");
        for (status, response) in operation["responses"].as_object().unwrap() {
            let text = response["description"].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "{at} {status}");
            assert!(
                response["headers"]["X-Request-Id"].is_object() || status == "304",
                "{at} {status}"
            );
        }
    }
}

#[test]
fn tokens_and_their_errors_are_documented_where_they_are_asked_for() {
    let document = document();
    assert_eq!(document["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
    for (method, path, operation) in operations(&document) {
        let row = permissions::row(&method, &path).unwrap();
        let open = row.kind == Kind::Open;
        assert_eq!(operation["security"].is_null(), open, "{method} {path}");
        assert_eq!(operation["responses"]["401"].is_null(), open, "{method} {path}");
        let of_registry = row.exchange().is_some_and(|it| it.payload != Payload::None);
        let has_body =
            of_registry || matches!(row.kind, Kind::Inquiry | Kind::Command | Kind::Change);
        assert_eq!(operation["requestBody"].is_null(), !has_body, "{method} {path}");
        for (name, kinds) in [
            ("Idempotency-Key", &[Kind::Command, Kind::Change][..]),
            ("If-Match", &[Kind::Change]),
            ("If-None-Match", &[Kind::Read]),
            ("cursor", &[Kind::List]),
        ] {
            let parameters = operation["parameters"].as_array().unwrap();
            let told = parameters.iter().any(|it| it["name"] == name);
            assert_eq!(told, kinds.contains(&row.kind), "{method} {path} {name}");
        }
    }
}

#[test]
fn every_code_that_a_route_can_answer_is_listed() {
    let text = document().to_string();
    for code in codes::ALL {
        assert!(text.contains(&format!("`{}`", code.name)), "{}", code.name);
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn walk(document: &Value, value: &Value) {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(reference)) = members.get("$ref") {
                    let found = document.pointer(reference.trim_start_matches('#'));
                    assert!(found.is_some(), "{reference}");
                }
                members.values().for_each(|member| walk(document, member));
            }
            Value::Array(items) => items.iter().for_each(|item| walk(document, item)),
            _ => {}
        }
    }
    for document in [document(), operators_document()] {
        walk(&document, &document);
    }
}

/// What every answer of a kind carries is said of every answer of that kind.
#[test]
fn headers_of_answers() {
    let document = document();
    let named = |response: &Value, name: &str| response["headers"][name].is_object();
    for (method, path, operation) in operations(&document) {
        let at = format!("{method} {path}");
        let responses = &operation["responses"];
        let creates = responses["201"].is_object();
        for (status, response) in responses.as_object().unwrap() {
            let text = response["description"].as_str().unwrap();
            let good = status.starts_with('2');
            assert_eq!(named(response, "Location"), good && creates, "{at} {status}");
            assert_eq!(named(response, "Allow"), status == "405", "{at} {status}");
            let stored = codes::ALL.iter().filter(|code| code.stored);
            let replays = stored.into_iter().any(|code| text.contains(&format!("`{}`", code.name)));
            let keyed = responses["400"]["description"].to_string().contains("`IDEMPOTENCY_KEY");
            let told = named(response, "Idempotency-Replayed");
            assert_eq!(told, keyed && (replays || status == "200"), "{at} {status}");
            let tagged = keyed || responses["304"].is_object();
            let told = named(response, "ETag");
            assert_eq!(told, tagged && (good || status == "304"), "{at} {status}");
            assert!(status != "503" || named(response, "Retry-After"), "{at} {status}");
        }
        assert!(named(&responses["405"], "Allow"), "{at}");
        let asks = responses["401"].is_object() && path != "/assets";
        let unknown = responses["503"]["description"].as_str().unwrap_or_default();
        assert!(!asks || unknown.contains("`OUTCOME_UNKNOWN`"), "{at}");
    }
}

#[test]
fn what_operators_may_do_asks_for_a_token_and_names_the_role() {
    let document = operators_document();
    for (method, path, operation) in operations(&document) {
        let open = permissions::row(&method, &path).is_none_or(|row| row.kind == Kind::Open);
        assert_eq!(operation["security"].is_null(), open, "{path}");
        let forbidden = operation["responses"]["403"]["description"].as_str().unwrap_or_default();
        assert_eq!(forbidden.contains("`FORBIDDEN_ROLE`"), !open, "{path}");
        assert!(!forbidden.contains("`INSUFFICIENT_SCOPE`"), "{path}");
    }
}

/// Of a member of a schema of the document.
fn member<'a>(document: &'a Value, schema: &str, name: &str) -> &'a Value {
    &document["components"]["schemas"][schema]["properties"][name]
}

#[test]
fn problems_name_the_members_that_some_codes_add() {
    let document = document();
    for name in [
        "conflicts",
        "next_available",
        "now",
        "deadline_at",
        "current_status",
        "limit",
        "limit_minutes",
        "open",
        "current_terms_version",
    ] {
        assert!(member(&document, "Problem", name).is_object(), "{name}");
        let required = &document["components"]["schemas"]["Problem"]["required"];
        assert!(!required.as_array().unwrap().contains(&name.into()), "{name}");
    }
    let items = &member(&document, "Problem", "conflicts")["items"];
    assert_eq!(items["$ref"], "#/components/schemas/Conflict");
    for name in ["start", "end"] {
        assert!(member(&document, "Conflict", name).is_object(), "{name}");
        assert!(member(&document, "Window", name).is_object(), "{name}");
    }
}

#[test]
fn request_bodies_take_no_other_members() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    for name in [
        "AssetInput",
        "AssetChangeInput",
        "BookingInput",
        "CheckInInput",
        "CheckOutInput",
        "CancelInput",
        "BookingChangeInput",
        "QuoteInput",
        "EmptyInput",
        "RejectInput",
        "AdjustmentInput",
        "BookingTerms",
        "OpeningHours",
        "CheckInTerms",
        "ApprovalTerms",
        "PricingTerms",
        "LateFeeTerms",
    ] {
        assert_eq!(schemas[name]["additionalProperties"], false, "{name}");
    }
    assert_eq!(schemas["AssetChangeInput"]["minProperties"], 1);
    assert_eq!(schemas["BookingChangeInput"]["minProperties"], 1);
    assert_eq!(member(&document, "BookingInput", "terms_version")["minimum"], 1);
    let day = &member(&document, "OpeningHours", "mon")["items"];
    assert_eq!(day["$ref"], "#/components/schemas/OpeningInterval");
}

/// Null is a value: the member is there.
#[test]
fn members_that_are_always_there_are_required() {
    let of_the_api = [
        "AssetDocument",
        "BookingDocument",
        "Approval",
        "QuoteDocument",
        "AvailabilityDocument",
        "Busy",
        "AssetList",
        "BookingList",
        "AuditList",
        "AuditEntry",
        "AuditActor",
    ];
    let of_operators = ["Tree", "Node", "Fault", "Assets", "Counts", "Asset", "Failure", "Command"];
    are_required(&document(), &of_the_api);
    are_required(&operators_document(), &of_operators);
}

fn are_required(document: &Value, schemas: &[&str]) {
    for name in schemas {
        let schema = &document["components"]["schemas"][name];
        let all: BTreeSet<_> = schema["properties"].as_object().unwrap().keys().collect();
        let required = schema["required"].as_array().unwrap().iter();
        let required: BTreeSet<_> =
            required.map(|name| name.as_str().unwrap().to_owned()).collect();
        assert_eq!(all, required.iter().collect(), "{name}");
    }
}
