//! What all routes of the registry say alike: names in the path, parameters, arrays of codes.

use std::collections::BTreeSet;

use holdfast_domain::registry::Finding;
use serde_json::json;
use utoipa::openapi::{
    ArrayBuilder, ContentBuilder, ObjectBuilder, RefOr, Required, Response, ResponseBuilder, Type,
    path::{Operation, Parameter as Described, ParameterBuilder, ParameterIn},
    schema::ArrayItems,
};

use super::{string, text_header};
use crate::permissions::{Exchange, Parameter, Row};

/// Bytes of a code.
const CODE_BYTES_MAX: usize = 256;

pub(super) fn complete(operation: &mut Operation, row: &Row, exchange: &Exchange) {
    let parameters = operation.parameters.get_or_insert_default();
    let named = names_in(row.path).map(|name| RefOr::T(segment(name)));
    parameters.extend(named.chain(exchange.query.iter().map(|it| RefOr::T(parameter(*it)))));
    let responses = &mut operation.responses.responses;
    let mut add = |status: &str, response| responses.insert(status.to_owned(), RefOr::T(response));
    if exchange.names_one {
        add("404", bare("There is none; no body"));
    }
    if !exchange.conflicts.is_empty() {
        let codes = exchange.conflicts.iter().copied().collect();
        add("409", array("In use: an array of what keeps it", &codes));
    }
    add("422", array("Not valid: an array of everything wrong", &findings(row, exchange)));
}

/// The codes of a 422.
fn findings(row: &Row, exchange: &Exchange) -> BTreeSet<Finding> {
    let mut all: BTreeSet<_> = exchange.findings.iter().copied().flatten().copied().collect();
    // An empty segment where no name belongs, and what is wrong with a query.
    all.insert(Finding::InvalidParameter);
    if row.changes_the_registry() {
        all.insert(Finding::TooManyChanges);
    }
    let asked = exchange.query.iter().map(|parameter| parameter.name());
    for name in names_in(row.path).chain(asked) {
        all.extend(match name {
            "type" | "totype" | "fromtype" => Some(Finding::InvalidType),
            "code" | "tocode" => Some(Finding::InvalidCode),
            _ => None,
        });
    }
    all
}

/// The names of a template, in braces.
fn names_in(path: &'static str) -> impl Iterator<Item = &'static str> {
    path.split('/').filter_map(|place| place.strip_prefix('{')?.strip_suffix('}'))
}

fn segment(name: &str) -> Described {
    let text = match name {
        "type" => "The code of a type, percent-encoded as one segment",
        "code" => "The code of what is named, percent-encoded as one segment",
        "totype" => "The code of the far end's type, percent-encoded as one segment",
        _ => "The code of the far end, percent-encoded as one segment",
    };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(text))
        .schema(Some(code()))
        .build()
}

fn parameter(parameter: Parameter) -> Described {
    let text = match parameter {
        Parameter::App => "An application; may be repeated and then means any of them",
        Parameter::Code => "A code; may be repeated",
        Parameter::Type => "A type; may be repeated",
        Parameter::FromType | Parameter::ToType => {
            "A type of the far end; may be repeated and then means any of them"
        }
        Parameter::DeleteOnEmpty => {
            "With app: what has nothing left by this goes too. true or false, in any case, once"
        }
    };
    let builder = ParameterBuilder::new()
        .name(parameter.name())
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some(text));
    match parameter {
        Parameter::DeleteOnEmpty => {
            let flag = ObjectBuilder::new().schema_type(Type::Boolean).default(Some(json!(false)));
            builder.schema(Some(flag))
        }
        Parameter::App => {
            builder.schema(Some(ArrayBuilder::new().items(string().min_length(Some(1)))))
        }
        _ => builder.schema(Some(ArrayBuilder::new().items(code()))),
    }
    .build()
}

/// Of a type or an asset.
fn code() -> ObjectBuilder {
    string().min_length(Some(1)).max_length(Some(CODE_BYTES_MAX))
}

fn bare(text: &str) -> Response {
    ResponseBuilder::new()
        .description(text)
        .header("X-Request-Id", text_header("The id of the request"))
        .build()
}

fn array(text: &str, codes: &BTreeSet<Finding>) -> Response {
    let mut response = bare(text);
    for (place, code) in codes.iter().enumerate() {
        response.description.push_str(if place == 0 { ". " } else { ", " });
        response.description.push_str(&format!("`{}`", code.code()));
    }
    let names: Vec<_> = codes.iter().map(|code| code.code()).collect();
    let example = json!([names.first()]);
    let schema = ArrayBuilder::new()
        .items(ArrayItems::RefOrSchema(Box::new(string().enum_values(Some(names)).build().into())))
        .min_items(Some(1))
        .unique_items(true);
    let content = ContentBuilder::new().schema(Some(schema)).example(Some(example)).build();
    response.content.insert("application/json".to_owned(), RefOr::T(content));
    response
}
