//! What the document says of the registry.

use std::collections::BTreeSet;

use holdfast_domain::registry::{Finding, input};
use serde_json::Value;

use super::{document, operations};
use crate::permissions::{self, Payload};

/// In their order.
const ALL: [Finding; 21] = [
    Finding::InvalidJson,
    Finding::UnknownField,
    Finding::MissingType,
    Finding::MissingCode,
    Finding::InvalidType,
    Finding::InvalidCode,
    Finding::TypeMismatch,
    Finding::CodeMismatch,
    Finding::AssetTypeNotFound,
    Finding::AssetExists,
    Finding::AssetTypeExists,
    Finding::DuplicateAsset,
    Finding::MissingApplication,
    Finding::DuplicateApplication,
    Finding::MissingIdName,
    Finding::DuplicateId,
    Finding::InvalidParameter,
    Finding::TooManyChanges,
    Finding::AssetInUse,
    Finding::AssetTypeInUse,
    Finding::AssetBooked,
];

const CONFLICTS: [Finding; 3] =
    [Finding::AssetInUse, Finding::AssetTypeInUse, Finding::AssetBooked];

/// The operations of the registry with their rows.
fn each(mut check: impl FnMut(&str, &Value, &'static permissions::Row)) {
    let mut seen = 0;
    for (method, path, operation) in operations(&document()) {
        let row = permissions::row(&method, &path).unwrap();
        if row.exchange().is_some() {
            seen += 1;
            check(&format!("{method} {path}"), operation, row);
        }
    }
    assert_eq!(seen, 35);
}

/// The codes that a response says its array may hold.
fn codes(operation: &Value, status: &str) -> Vec<String> {
    let schema = &operation["responses"][status]["content"]["application/json"]["schema"];
    assert_eq!((&schema["type"], &schema["minItems"]), (&"array".into(), &1.into()), "{schema}");
    let names = schema["items"]["enum"].as_array().unwrap();
    names.iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

#[test]
fn errors_are_arrays_and_404_is_empty() {
    each(|at, operation, row| {
        let responses = operation["responses"].as_object().unwrap();
        let problem = |status: &str| {
            responses.get(status).map(|it| it["content"]["application/problem+json"].is_object())
        };
        let head = row.method == "HEAD";
        for status in ["401", "403", "405", "503"] {
            assert_eq!(problem(status), Some(!head), "{at} {status}");
        }
        for status in ["404", "409", "422"] {
            assert!(problem(status).is_none_or(|is| !is), "{at} {status}");
        }
        let exchange = row.exchange().unwrap();
        assert_eq!(responses.contains_key("404"), exchange.names_one, "{at}");
        assert_eq!(responses.contains_key("409"), !exchange.conflicts.is_empty(), "{at}");
        assert_eq!(problem("413").is_some(), exchange.payload != Payload::None, "{at}");
        if exchange.names_one {
            assert!(responses["404"]["content"].is_null(), "{at}");
        }
        if !head {
            let told = codes(operation, "422");
            assert!(told.contains(&"InvalidParameter".to_owned()), "{at}");
            let of_type = row.path.contains("type}");
            assert!(!of_type || told.contains(&"InvalidType".to_owned()), "{at}");
            let of_body = told.contains(&"InvalidJson".to_owned());
            assert_eq!(of_body, exchange.payload != Payload::None, "{at}");
        }
    });
}

#[test]
fn every_code_is_an_answer_of_some_route() {
    let mut told = BTreeSet::new();
    each(|_, operation, row| {
        if row.method != "HEAD" {
            told.extend(codes(operation, "422"));
        }
        if !row.exchange().unwrap().conflicts.is_empty() {
            told.extend(codes(operation, "409"));
        }
    });
    assert_eq!(told, ALL.map(|finding| finding.code().to_owned()).into());
}

#[test]
fn names_in_the_path_and_parameters_are_described() {
    each(|at, operation, row| {
        let parameters = operation["parameters"].as_array().unwrap();
        let named = |place: &str| -> Vec<&str> {
            let of_place = parameters.iter().filter(|it| it["in"] == place);
            of_place.map(|it| it["name"].as_str().unwrap()).collect()
        };
        let in_path = row.path.split(['{', '}']).skip(1).step_by(2);
        assert_eq!(named("path"), in_path.collect::<Vec<_>>(), "{at}");
        let query = row.exchange().unwrap().query.iter().map(|it| it.name());
        assert_eq!(named("query"), query.collect::<Vec<_>>(), "{at}");
        assert_eq!(named("header"), ["X-Request-Id"], "{at}");
        assert!(parameters.iter().all(|it| it["description"].is_string()), "{at}");
    });
}

#[test]
fn scopes_tell_reads_from_writes() {
    each(|at, operation, row| {
        let needs = operation["description"].as_str().unwrap().lines().last().unwrap();
        let summary = operation["summary"].as_str().unwrap();
        let writes = ["Register", "Replace", "Delete", "Associate", "Make"];
        let expected = if writes.iter().any(|verb| summary.starts_with(verb)) {
            assert!(row.changes_the_registry(), "{at}");
            "Scope: asset:write or Authority/Admin."
        } else {
            "Scope: asset:read or Authority/Service or Authority/Admin."
        };
        assert_eq!(needs, expected, "{at}");
    });
}

/// `docs/registry.md` has the same routes and codes.
#[test]
fn the_written_tables_say_the_same() {
    let text = include_str!("../../../../docs/registry.md");
    let first = |line: &str| line.strip_prefix("| `")?.split('`').next().map(str::to_owned);
    let routes: BTreeSet<_> =
        text.lines().filter_map(first).filter(|cell| cell.contains(" /")).collect();
    let rows = permissions::public().filter(|row| row.exchange().is_some());
    let real: BTreeSet<_> = rows.map(|row| format!("{} {}", row.method, row.path)).collect();
    assert_eq!(routes, real);

    let (_, table) = text.split_once("\n## Codes\n").unwrap();
    let (table, _) = table.split_once("\n## ").unwrap();
    let mut told = Vec::new();
    for row in table.lines().filter(|line| line.starts_with("| `")) {
        let mut cells = row.trim_matches(['|', ' ']).split(" | ");
        let (names, status) = (cells.next().unwrap(), cells.next().unwrap());
        told.extend(names.split(", ").map(|name| (name.trim_matches('`'), status)));
    }
    let real = ALL
        .map(|finding| (finding.code(), if CONFLICTS.contains(&finding) { "409" } else { "422" }));
    assert_eq!(told, real);
}

/// What is shown as a body is taken as one.
#[test]
fn examples_are_valid() {
    let document = document();
    let example = |schema: &str| &document["components"]["schemas"][schema]["example"];
    let asset = example("RegistryAsset");
    let url = input::NameSegments { ty: Some("Market"), code: Some("XSX") };
    assert!(input::post_asset(url, Some(asset)).is_ok());
    let ty = example("RegistryAssetType");
    assert!(input::post_type(Some("TradingAccount"), Some(ty)).is_ok());
    let user = input::NameSegments {
        ty: Some("User"),
        code: Some("3f1c0b52-7a4e-4c39-9d53-0a6f2f9b8e11"),
    };
    assert!(input::post_association(user, url, Some(example("FullAssociation"))).is_ok());
    let many = example("AssociationsFromAsset");
    assert!(input::post_associations_from(user, Some(many)).is_ok());
    let codes = document["paths"]["/type/bycode"]["post"]["requestBody"]["content"]
        ["application/json"]["example"]
        .clone();
    assert!(input::type_codes_body(Some(&codes)).is_ok());
}
