//! The table of routes: which scopes open each, what kind of exchange it is, what it may refuse.
//!
//! A request to a route without a row is refused, and a test compares the rows with the router and
//! with the OpenAPI document, which is completed from here.

mod registry;

use crate::problem::{Code, codes as code};

pub(crate) use registry::{Exchange, Parameter, Payload};

pub(crate) const ASSET_READ: &str = "asset:read";
pub(crate) const ASSET_WRITE: &str = "asset:write";
pub(crate) const BOOKING_WRITE: &str = "booking:write";
/// Of the registry, in its own words: reads.
const AUTHORITY_SERVICE: &str = "Authority/Service";
/// The same: everything.
const AUTHORITY_ADMIN: &str = "Authority/Admin";

const SCOPES: [&str; 5] =
    [ASSET_READ, ASSET_WRITE, BOOKING_WRITE, AUTHORITY_SERVICE, AUTHORITY_ADMIN];

/// The scopes of a token that mean something here.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Scopes(u8);

/// Reads the `scope` claim: names separated by spaces.
pub(crate) fn scopes(claim: &str) -> Scopes {
    Scopes(claim.split(' ').fold(0, |bits, name| bits | bit(name)))
}

impl Scopes {
    pub(crate) fn has(self, scope: &str) -> bool {
        self.0 & bit(scope) != 0
    }
}

fn bit(name: &str) -> u8 {
    SCOPES.iter().position(|scope| *scope == name).map_or(0, |place| 1 << place)
}

/// What a route exchanges; decides which checks and errors it has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// No token, no problem of its own.
    Open,
    /// One resource, with an entity tag.
    Read,
    /// A page.
    List,
    /// What holds at this moment: neither a page nor a version.
    Computed,
    /// The same, asked with a body. Writes nothing, so it needs no Idempotency-Key.
    Inquiry,
    /// A command with a body and an Idempotency-Key.
    Command,
    /// A command that also needs If-Match.
    Change,
    /// A command without a body; done twice it finds nothing, so it needs no Idempotency-Key.
    Removal,
    /// Of operators: a token with their role, and no scope. Nothing is stored, so it needs no
    /// Idempotency-Key.
    Operate,
    /// Of the registry: arrays of codes for what is not valid, neither keys nor entity tags.
    Registry(&'static Exchange),
}

pub(crate) struct Row {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) kind: Kind,
    /// One of these is enough; empty for open routes and those of operators.
    pub(crate) scopes: &'static [&'static str],
    /// The refusals of its own, beside those of its kind.
    pub(crate) refuses: &'static [&'static Code],
}

/// The row of a request; `HEAD` is `GET` without the body where it has no row of its own.
pub(crate) fn row(method: &str, path: &str) -> Option<&'static Row> {
    let with = |method| all().find(move |row| row.path == path && row.method == method);
    match method {
        "HEAD" => with("HEAD").or_else(|| with("GET")),
        method => with(method),
    }
}

/// The rows of both listeners.
pub(crate) fn all() -> impl Iterator<Item = &'static Row> {
    public().chain(OPERATORS)
}

/// The rows of the listener for the world.
pub(crate) fn public() -> impl Iterator<Item = &'static Row> {
    ROWS.iter().chain(registry::ROWS)
}

/// The `Allow` header of a path.
pub(crate) fn allow(path: &str) -> String {
    let mut allow = String::new();
    for row in all().filter(|row| row.path == path && row.method != "HEAD") {
        allow.push_str(if row.method == "GET" { "GET, HEAD" } else { row.method });
        allow.push_str(", ");
    }
    allow + "OPTIONS"
}

const fn open(path: &'static str) -> Row {
    Row { method: "GET", path, kind: Kind::Open, scopes: &[], refuses: &[] }
}

/// Of whatever an actor answers: the storage may fail while it is asked.
const BY_ACTOR: &[&Code] = &[&code::OUTCOME_UNKNOWN];

/// The same where only those may read who see everything of the asset.
const BY_INSPECTOR: &[&Code] = &[&code::FORBIDDEN_ROLE, &code::OUTCOME_UNKNOWN];

/// A read that asks an actor.
const fn get(path: &'static str, kind: Kind, scopes: &'static [&'static str]) -> Row {
    Row { method: "GET", path, kind, scopes, refuses: BY_ACTOR }
}

const fn post(path: &'static str, scopes: &'static [&'static str]) -> Row {
    Row { method: "POST", path, kind: Kind::Command, scopes, refuses: &[] }
}

/// Reads of bookings and of what they hold.
const READ_BOOKINGS: &[&str] = &[ASSET_READ, BOOKING_WRITE];

/// Of the second listener, which also has `/healthz` and a document of its own.
pub(crate) static OPERATORS: &[Row] = &[
    open("/metrics"),
    Row { refuses: &[], ..get("/admin/supervision", Kind::Operate, &[]) },
    Row {
        kind: Kind::Operate,
        refuses: &[&code::INVALID_TRANSITION],
        ..post("/admin/assets/{id}/release", &[])
    },
];

/// Of the booking API.
static ROWS: &[Row] = &[
    Row { refuses: &[&code::FORBIDDEN_LOCATION], ..post("/assets", &[ASSET_WRITE]) },
    Row { refuses: &[], ..get("/assets", Kind::List, &[ASSET_READ]) },
    get("/assets/{id}", Kind::Read, &[ASSET_READ]),
    Row {
        method: "PUT",
        kind: Kind::Change,
        refuses: &[
            &code::FORBIDDEN_LOCATION,
            &code::ASSET_HAS_LIVE_BOOKINGS,
            &code::INVALID_TRANSITION,
        ],
        ..post("/assets/{id}", &[ASSET_WRITE])
    },
    Row {
        refuses: &[
            &code::FORBIDDEN_USER,
            &code::TERMS_NOT_ACCEPTED,
            &code::TERMS_CHANGED,
            &code::ASSET_UNAVAILABLE,
            &code::BOOKING_DEADLINE_PASSED,
            &code::DURATION_OUT_OF_RANGE,
            &code::OUTSIDE_OPENING_HOURS,
            &code::TOO_FAR_AHEAD,
            &code::BOOKING_OVERLAP,
        ],
        ..post("/assets/{id}/bookings", &[BOOKING_WRITE])
    },
    get("/assets/{id}/bookings", Kind::List, READ_BOOKINGS),
    Row {
        kind: Kind::Inquiry,
        refuses: &[
            &code::ASSET_UNAVAILABLE,
            &code::BOOKING_DEADLINE_PASSED,
            &code::DURATION_OUT_OF_RANGE,
            &code::OUTSIDE_OPENING_HOURS,
            &code::TOO_FAR_AHEAD,
            &code::OUTCOME_UNKNOWN,
        ],
        ..post("/assets/{id}/quote", &[BOOKING_WRITE])
    },
    get("/assets/{id}/availability", Kind::Computed, READ_BOOKINGS),
    Row {
        refuses: &[
            &code::BOOKING_NOT_FOUND,
            &code::INVALID_TRANSITION,
            &code::ASSET_UNAVAILABLE,
            &code::ASSET_IN_USE,
        ],
        ..post("/assets/{id}/check-in", &[BOOKING_WRITE])
    },
    Row {
        refuses: &[&code::BOOKING_NOT_FOUND, &code::INVALID_TRANSITION, &code::AMOUNT_OUT_OF_RANGE],
        ..post("/assets/{id}/check-out", &[BOOKING_WRITE])
    },
    Row {
        refuses: &[
            &code::BOOKING_NOT_FOUND,
            &code::ALREADY_SUPERSEDED,
            &code::AMOUNT_OUT_OF_RANGE,
            &code::LIMIT_REACHED,
        ],
        ..post("/assets/{id}/condition-reports", &[ASSET_WRITE])
    },
    get("/assets/{id}/condition-reports", Kind::List, READ_BOOKINGS),
    get("/condition-reports/{id}", Kind::Read, READ_BOOKINGS),
    Row {
        refuses: &[
            &code::BOOKING_NOT_FOUND,
            &code::INVALID_TRANSITION,
            &code::AMOUNT_OUT_OF_RANGE,
            &code::LIMIT_REACHED,
        ],
        ..post("/condition-reports/{id}/approve", &[ASSET_WRITE])
    },
    Row {
        refuses: &[&code::INVALID_TRANSITION],
        ..post("/condition-reports/{id}/reject", &[ASSET_WRITE])
    },
    Row {
        refuses: &[&code::INVALID_TRANSITION, &code::BOOKING_OVERLAP, &code::LIMIT_REACHED],
        ..post("/assets/{id}/maintenance", &[ASSET_WRITE])
    },
    Row { refuses: BY_INSPECTOR, ..get("/assets/{id}/maintenance", Kind::List, READ_BOOKINGS) },
    Row { refuses: BY_INSPECTOR, ..get("/maintenance/{id}", Kind::Read, READ_BOOKINGS) },
    Row {
        method: "PATCH",
        kind: Kind::Change,
        refuses: &[&code::INVALID_TRANSITION, &code::BOOKING_OVERLAP],
        ..post("/maintenance/{id}", &[ASSET_WRITE])
    },
    Row {
        refuses: &[&code::INVALID_TRANSITION, &code::ASSET_IN_USE],
        ..post("/maintenance/{id}/start", &[ASSET_WRITE])
    },
    Row {
        refuses: &[&code::INVALID_TRANSITION],
        ..post("/maintenance/{id}/complete", &[ASSET_WRITE])
    },
    Row {
        refuses: &[&code::INVALID_TRANSITION],
        ..post("/maintenance/{id}/cancel", &[ASSET_WRITE])
    },
    get("/assets/{id}/usage", Kind::List, &[ASSET_READ]),
    Row { refuses: BY_INSPECTOR, ..get("/assets/{id}/audit", Kind::List, &[ASSET_READ]) },
    get("/bookings", Kind::List, READ_BOOKINGS),
    get("/bookings/{id}", Kind::Read, READ_BOOKINGS),
    Row {
        method: "PATCH",
        kind: Kind::Change,
        refuses: &[
            &code::TERMS_NOT_ACCEPTED,
            &code::TERMS_CHANGED,
            &code::INVALID_TRANSITION,
            &code::ASSET_UNAVAILABLE,
            &code::BOOKING_DEADLINE_PASSED,
            &code::CANCEL_CUTOFF_PASSED,
            &code::APPROVAL_REQUIRED,
            &code::DURATION_OUT_OF_RANGE,
            &code::OUTSIDE_OPENING_HOURS,
            &code::TOO_FAR_AHEAD,
            &code::BOOKING_OVERLAP,
        ],
        ..post("/bookings/{id}", &[BOOKING_WRITE])
    },
    Row {
        refuses: &[
            &code::INVALID_TRANSITION,
            &code::ASSET_UNAVAILABLE,
            &code::BOOKING_DEADLINE_PASSED,
            &code::BOOKING_OVERLAP,
        ],
        ..post("/bookings/{id}/approve", &[BOOKING_WRITE])
    },
    Row {
        refuses: &[&code::INVALID_TRANSITION],
        ..post("/bookings/{id}/reject", &[BOOKING_WRITE])
    },
    Row {
        refuses: &[&code::INVALID_TRANSITION, &code::CANCEL_CUTOFF_PASSED],
        ..post("/bookings/{id}/cancel", &[BOOKING_WRITE])
    },
    Row {
        refuses: &[&code::INVALID_TRANSITION, &code::AMOUNT_OUT_OF_RANGE, &code::LIMIT_REACHED],
        ..post("/bookings/{id}/adjustments", &[BOOKING_WRITE])
    },
    Row {
        refuses: &[&code::LIMIT_REACHED, &code::WEBHOOK_URL_FORBIDDEN],
        ..post("/webhook-endpoints", &[ASSET_WRITE])
    },
    Row { refuses: BY_INSPECTOR, ..get("/webhook-endpoints", Kind::List, &[ASSET_READ]) },
    Row { refuses: BY_INSPECTOR, ..get("/webhook-endpoints/{id}", Kind::Read, &[ASSET_READ]) },
    Row {
        method: "PUT",
        kind: Kind::Change,
        refuses: &[&code::WEBHOOK_URL_FORBIDDEN],
        ..post("/webhook-endpoints/{id}", &[ASSET_WRITE])
    },
    Row {
        method: "DELETE",
        kind: Kind::Removal,
        ..post("/webhook-endpoints/{id}", &[ASSET_WRITE])
    },
    Row {
        refuses: &[&code::LIMIT_REACHED],
        ..post("/webhook-endpoints/{id}/rotate-secret", &[ASSET_WRITE])
    },
    post("/webhook-endpoints/{id}/test", &[ASSET_WRITE]),
    Row {
        refuses: BY_INSPECTOR,
        ..get("/webhook-endpoints/{id}/deliveries", Kind::List, &[ASSET_READ])
    },
    Row {
        refuses: &[&code::INVALID_TRANSITION],
        ..post("/webhook-endpoints/{id}/replay", &[ASSET_WRITE])
    },
    Row {
        refuses: &[&code::LIMIT_REACHED],
        ..post("/webhook-deliveries/{id}/redeliver", &[ASSET_WRITE])
    },
    open("/healthz"),
    open("/readyz"),
    open("/version"),
    open("/openapi.json"),
    open("/problems/{slug}"),
    // The pages of the documentation, which are no part of the interface.
    open("/docs"),
    open("/docs/"),
    open("/docs/{*rest}"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scope_claims() {
        let rows = [
            ("", [false; 5]),
            ("asset:read", [true, false, false, false, false]),
            ("booking:write asset:read", [true, false, true, false, false]),
            ("  asset:write  openid", [false, true, false, false, false]),
            ("Authority/Service", [false, false, false, true, false]),
            ("openid Authority/Admin", [false, false, false, false, true]),
            ("asset:readasset:write", [false; 5]),
            ("ASSET:READ", [false; 5]),
            ("Authority", [false; 5]),
        ];
        for (claim, expected) in rows {
            assert_eq!(SCOPES.map(|scope| scopes(claim).has(scope)), expected, "{claim:?}");
        }
    }

    #[test]
    fn allow_lists_what_the_path_takes() {
        assert_eq!(allow("/assets/{id}"), "GET, HEAD, PUT, OPTIONS");
        assert_eq!(allow("/bookings/{id}"), "GET, HEAD, PATCH, OPTIONS");
        assert_eq!(allow("/bookings/{id}/cancel"), "POST, OPTIONS");
        let one = "/asset/bytype/{type}/bycode/{code}";
        assert_eq!(allow(one), "GET, HEAD, POST, PATCH, DELETE, OPTIONS");
        assert_eq!(allow("/association"), "POST, OPTIONS");
    }

    #[test]
    fn no_two_rows_are_for_one_route() {
        for (place, row) in all().enumerate() {
            let again = all().skip(place + 1).any(|r| (r.method, r.path) == (row.method, row.path));
            assert!(!again, "{} {}", row.method, row.path);
            let scopeless = matches!(row.kind, Kind::Open | Kind::Operate);
            assert_eq!(row.scopes.is_empty(), scopeless, "{}", row.path);
        }
    }
}
