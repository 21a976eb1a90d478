//! The rows of the registry: which scopes open each, what it takes, which codes its arrays may hold.

use holdfast_domain::registry::Finding;

use super::{ASSET_READ, ASSET_WRITE, AUTHORITY_ADMIN, AUTHORITY_SERVICE, Kind, Row};

/// What a route of the registry exchanges.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Exchange {
    pub(crate) payload: Payload,
    /// The parameters it reads; it passes over others.
    pub(crate) query: &'static [Parameter],
    /// The codes of its 422, beside those that come with its path and query.
    pub(crate) findings: &'static [&'static [Finding]],
    /// The codes of its 409.
    pub(crate) conflicts: &'static [Finding],
    /// Whether what it names may be absent: 404.
    pub(crate) names_one: bool,
}

/// The body of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Payload {
    None,
    /// About one thing.
    One,
    /// About as many as are listed.
    Many,
}

/// A parameter of a query.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Parameter {
    App,
    Code,
    DeleteOnEmpty,
    FromType,
    ToType,
    Type,
}

const READ: &[&str] = &[ASSET_READ, AUTHORITY_SERVICE, AUTHORITY_ADMIN];
const WRITE: &[&str] = &[ASSET_WRITE, AUTHORITY_ADMIN];

const NOTHING: Exchange = Exchange {
    payload: Payload::None,
    query: &[],
    findings: &[],
    conflicts: &[],
    names_one: false,
};
const ONE_OF: Exchange = Exchange { names_one: true, ..NOTHING };

const APP: &[Parameter] = &[Parameter::App];
const REMOVAL: &[Parameter] = &[Parameter::App, Parameter::DeleteOnEmpty];

const SHAPE: &[Finding] = &[Finding::InvalidJson, Finding::UnknownField];
const CONTEXT: &[Finding] = &[
    Finding::MissingApplication,
    Finding::DuplicateApplication,
    Finding::MissingIdName,
    Finding::DuplicateId,
];
/// An asset by its name.
const NAME: &[Finding] =
    &[Finding::MissingType, Finding::MissingCode, Finding::InvalidType, Finding::InvalidCode];
const TYPE_NAME: &[Finding] = &[Finding::MissingCode, Finding::InvalidCode];
/// The body names what the path does.
const SAME: &[Finding] = &[Finding::TypeMismatch, Finding::CodeMismatch];
const KNOWN_TYPE: &[Finding] = &[Finding::AssetTypeNotFound];
const MANY: &[Finding] = &[Finding::DuplicateAsset];
const IN_USE: &[Finding] = &[Finding::AssetInUse, Finding::AssetBooked];
const TYPE_IN_USE: &[Finding] = &[Finding::AssetTypeInUse];

const fn get(path: &'static str, exchange: &'static Exchange) -> Row {
    Row { method: "GET", path, kind: Kind::Registry(exchange), scopes: READ, refuses: &[] }
}

const fn head(path: &'static str) -> Row {
    Row { method: "HEAD", ..get(path, &ONE_OF) }
}

/// A question with a body.
const fn ask(path: &'static str, exchange: &'static Exchange) -> Row {
    Row { method: "POST", ..get(path, exchange) }
}

const fn write(method: &'static str, path: &'static str, exchange: &'static Exchange) -> Row {
    Row { method, scopes: WRITE, ..get(path, exchange) }
}

pub(super) static ROWS: &[Row] = &[
    get("/asset", &Exchange { query: APP, ..NOTHING }),
    write(
        "POST",
        "/asset",
        &Exchange {
            payload: Payload::Many,
            findings: &[SHAPE, NAME, CONTEXT, KNOWN_TYPE, MANY],
            ..NOTHING
        },
    ),
    get("/asset/bytype", &Exchange { query: &[Parameter::Type, Parameter::App], ..NOTHING }),
    ask(
        "/asset/bytype",
        &Exchange {
            payload: Payload::Many,
            query: APP,
            findings: &[&[Finding::InvalidJson, Finding::InvalidType]],
            ..NOTHING
        },
    ),
    get("/asset/bytype/{type}", &Exchange { query: APP, ..NOTHING }),
    get(
        "/asset/bytype/{type}/bycode",
        &Exchange { query: &[Parameter::Code, Parameter::App], ..NOTHING },
    ),
    ask(
        "/asset/bytype/{type}/bycode",
        &Exchange {
            payload: Payload::Many,
            query: APP,
            findings: &[&[Finding::InvalidJson, Finding::InvalidCode]],
            ..NOTHING
        },
    ),
    write(
        "DELETE",
        "/asset/bytype/{type}/bycode",
        &Exchange {
            payload: Payload::Many,
            query: REMOVAL,
            findings: &[&[Finding::InvalidJson, Finding::InvalidCode]],
            conflicts: IN_USE,
            ..NOTHING
        },
    ),
    head("/asset/bytype/{type}/bycode/{code}"),
    get("/asset/bytype/{type}/bycode/{code}", &ONE_OF),
    write(
        "POST",
        "/asset/bytype/{type}/bycode/{code}",
        &Exchange {
            payload: Payload::One,
            findings: &[SHAPE, NAME, SAME, CONTEXT, KNOWN_TYPE],
            ..NOTHING
        },
    ),
    write(
        "PATCH",
        "/asset/bytype/{type}/bycode/{code}",
        &Exchange {
            payload: Payload::One,
            findings: &[SHAPE, NAME, CONTEXT, KNOWN_TYPE, &[Finding::AssetExists]],
            ..ONE_OF
        },
    ),
    write(
        "DELETE",
        "/asset/bytype/{type}/bycode/{code}",
        &Exchange { query: REMOVAL, conflicts: IN_USE, ..ONE_OF },
    ),
    get("/type", &NOTHING),
    write(
        "POST",
        "/type",
        &Exchange { payload: Payload::Many, findings: &[SHAPE, TYPE_NAME, MANY], ..NOTHING },
    ),
    get("/type/bycode", &Exchange { query: &[Parameter::Code], ..NOTHING }),
    ask(
        "/type/bycode",
        &Exchange {
            payload: Payload::Many,
            findings: &[&[Finding::InvalidJson, Finding::InvalidCode]],
            ..NOTHING
        },
    ),
    write(
        "DELETE",
        "/type/bycode",
        &Exchange {
            payload: Payload::Many,
            findings: &[&[Finding::InvalidJson, Finding::InvalidCode]],
            conflicts: TYPE_IN_USE,
            ..NOTHING
        },
    ),
    head("/type/bycode/{code}"),
    get("/type/bycode/{code}", &ONE_OF),
    write(
        "POST",
        "/type/bycode/{code}",
        &Exchange {
            payload: Payload::One,
            findings: &[SHAPE, TYPE_NAME, &[Finding::CodeMismatch]],
            ..NOTHING
        },
    ),
    write(
        "PATCH",
        "/type/bycode/{code}",
        &Exchange {
            payload: Payload::One,
            findings: &[SHAPE, TYPE_NAME, &[Finding::AssetTypeExists]],
            ..ONE_OF
        },
    ),
    write("DELETE", "/type/bycode/{code}", &Exchange { conflicts: TYPE_IN_USE, ..ONE_OF }),
    write(
        "POST",
        "/association",
        &Exchange {
            payload: Payload::Many,
            findings: &[SHAPE, NAME, CONTEXT, KNOWN_TYPE, MANY],
            ..NOTHING
        },
    ),
    get(
        "/association/from/{type}/{code}",
        &Exchange { query: &[Parameter::ToType, Parameter::App], ..ONE_OF },
    ),
    write(
        "POST",
        "/association/from/{type}/{code}",
        &Exchange {
            payload: Payload::Many,
            findings: &[SHAPE, NAME, SAME, CONTEXT, KNOWN_TYPE, MANY],
            ..NOTHING
        },
    ),
    write(
        "DELETE",
        "/association/from/{type}/{code}",
        &Exchange {
            query: &[Parameter::ToType, Parameter::App, Parameter::DeleteOnEmpty],
            ..ONE_OF
        },
    ),
    get("/association/from/{type}/{code}/to/{totype}", &Exchange { query: APP, ..ONE_OF }),
    write(
        "PATCH",
        "/association/from/{type}/{code}/to/{totype}",
        &Exchange {
            payload: Payload::Many,
            query: REMOVAL,
            findings: &[SHAPE, NAME, SAME, CONTEXT, KNOWN_TYPE, MANY],
            ..NOTHING
        },
    ),
    head("/association/from/{type}/{code}/to/{totype}/{tocode}"),
    get("/association/from/{type}/{code}/to/{totype}/{tocode}", &ONE_OF),
    write(
        "POST",
        "/association/from/{type}/{code}/to/{totype}/{tocode}",
        &Exchange {
            payload: Payload::One,
            findings: &[SHAPE, NAME, SAME, CONTEXT, KNOWN_TYPE],
            ..NOTHING
        },
    ),
    write(
        "DELETE",
        "/association/from/{type}/{code}/to/{totype}/{tocode}",
        &Exchange { query: REMOVAL, ..ONE_OF },
    ),
    get(
        "/association/from/{type}/{code}/transitive",
        &Exchange { query: &[Parameter::ToType, Parameter::App], ..ONE_OF },
    ),
    get(
        "/association/to/{type}/{code}",
        &Exchange { query: &[Parameter::FromType, Parameter::App], ..ONE_OF },
    ),
];

impl Row {
    /// What it exchanges, where it is of the registry.
    pub(crate) fn exchange(&self) -> Option<&'static Exchange> {
        match self.kind {
            Kind::Registry(exchange) => Some(exchange),
            _ => None,
        }
    }

    /// Whether it is a write of the registry.
    pub(crate) fn changes_the_registry(&self) -> bool {
        self.exchange().is_some() && self.scopes == WRITE
    }
}

impl Parameter {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Code => "code",
            Self::DeleteOnEmpty => "deleteOnEmpty",
            Self::FromType => "fromtype",
            Self::ToType => "totype",
            Self::Type => "type",
        }
    }
}
