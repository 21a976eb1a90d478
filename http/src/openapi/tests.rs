//! The document, the router and the table of routes say the same.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    permissions::{Kind, ROWS},
    problem::codes,
    router::routes_and_document,
};

fn document() -> Value {
    serde_json::from_str(&routes_and_document().1.to_json().unwrap()).unwrap()
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
    let rows: BTreeSet<_> = ROWS
        .iter()
        .filter(|row| !row.path.starts_with("/docs"))
        .map(|row| (row.method.to_owned(), row.path.to_owned()))
        .collect();
    assert_eq!(documented, rows);
}

#[test]
fn everything_is_described() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    for (method, path, operation) in operations(&document) {
        let at = format!("{method} {path}");
        assert!(operation["summary"].is_string(), "{at}");
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
        let row = ROWS.iter().find(|row| row.method == method && row.path == path).unwrap();
        let open = row.kind == Kind::Open;
        assert_eq!(operation["security"].is_null(), open, "{method} {path}");
        assert_eq!(operation["responses"]["401"].is_null(), open, "{method} {path}");
        let keyed = matches!(row.kind, Kind::Command | Kind::Change);
        assert_eq!(operation["requestBody"].is_null(), !keyed, "{method} {path}");
    }
}

#[test]
fn every_code_that_a_route_can_answer_is_listed() {
    let text = document().to_string();
    // Of these no route of the document can tell: there is no such route or method.
    for code in codes::ALL.iter().filter(|code| code.name != "METHOD_NOT_ALLOWED") {
        assert!(text.contains(&format!("`{}`", code.name)), "{}", code.name);
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
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
    walk(&document, &document);
}
