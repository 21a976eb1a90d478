//! The registry as its clients see it: method, URL and body in, status and body out. Only as much HTTP
//! as it takes to read the tables.

use holdfast_domain::registry::{
    Command, Direction, Findings, Listing, Refusal, asset, asset_exists, asset_page, asset_type,
    asset_types, association, association_page,
    input::{self, Body, NameSegments, NotText},
    listing, transitive,
};
use serde_json::Value;

use super::world::{Answer, World};

type Pairs = Vec<Result<(String, String), NotText>>;

impl World {
    /// `METHOD /path?query` without a body.
    pub(super) fn ask(&mut self, asked: &str) -> String {
        self.send(asked, "")
    }

    /// What a write answers is `done` or `unchanged`, what a read answers is its JSON or `yes`, and what
    /// is refused is the status with the codes.
    pub(super) fn send(&mut self, asked: &str, body: &str) -> String {
        let (method, url) = asked.split_once(' ').unwrap();
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let segments: Vec<_> = path[1..].split('/').map(decoded).collect();
        let names: Vec<_> = segments.iter().map(Option::as_deref).collect();
        let query = pairs(query);
        let body = serde_json::from_str(body).ok();
        let call = Call { query: &query, body: body.as_ref() };
        if method == "GET" || method == "HEAD" || is_bulk_read(method, &names) {
            return self
                .read(method, &names, &call)
                .unwrap_or_else(|findings| codes(422, &findings));
        }
        let command = match names[0] {
            Some("type") => call.type_command(method, &names[1..]),
            Some("asset") => call.asset_command(method, &names[1..]),
            _ => call.association_command(method, &names[1..]),
        };
        match command {
            Ok(command) => told(&self.command(command)),
            Err(findings) => codes(422, &findings),
        }
    }

    fn read(
        &self,
        method: &str,
        path: &[Option<&str>],
        call: &Call<'_>,
    ) -> Result<String, Findings> {
        match path[0] {
            Some("type") => self.read_types(method, &path[1..], call),
            Some("asset") => self.read_assets(method, &path[1..], call),
            _ => self.read_associations(method, &path[1..], call),
        }
    }

    fn read_types(
        &self,
        method: &str,
        path: &[Option<&str>],
        call: &Call<'_>,
    ) -> Result<String, Findings> {
        let (index, rows) = (self.state.index(), &self.store);
        let some = match (method, path) {
            ("GET", []) => None,
            ("GET", [_]) => Some(input::type_codes(call.query)?),
            ("POST", [_]) => Some(input::type_codes_body(call.body)?),
            (_, [_, code]) => {
                let code = input::type_code(*code)?;
                return Ok(found(method, asset_type(index, rows, &code).unwrap()));
            }
            other => panic!("no route {other:?}"),
        };
        Ok(text(asset_types(index, rows, some.as_ref()).unwrap()))
    }

    fn read_assets(
        &self,
        method: &str,
        path: &[Option<&str>],
        call: &Call<'_>,
    ) -> Result<String, Findings> {
        let (index, rows) = (self.state.index(), &self.store);
        let Call { query, body } = *call;
        let selection = match (method, path) {
            ("GET", []) => input::all_assets(query)?,
            ("GET", [_]) => input::assets_by_types(query)?,
            ("POST", [_]) => input::assets_by_types_body(query, body)?,
            ("GET", [_, ty]) => input::assets_of_type(*ty, query)?,
            ("GET", [_, ty, _]) => input::assets_by_codes(*ty, query)?,
            ("POST", [_, ty, _]) => input::assets_by_codes_body(*ty, query, body)?,
            (_, [_, ty, _, code]) => {
                let name = input::asset_name(named(*ty, *code))?;
                let document = asset(index, rows, &name).unwrap();
                assert_eq!(document.is_some(), asset_exists(index, &name));
                return Ok(found(method, document));
            }
            other => panic!("no route {other:?}"),
        };
        let page = asset_page(index, rows, &selection, None, usize::MAX).unwrap();
        assert_eq!(page.next, None);
        Ok(format!("[{}]", text(page.json)))
    }

    fn read_associations(
        &self,
        method: &str,
        path: &[Option<&str>],
        call: &Call<'_>,
    ) -> Result<String, Findings> {
        let (index, rows) = (self.state.index(), &self.store);
        let direction = if path[0] == Some("from") { Direction::From } else { Direction::To };
        let root = named(path[1], path[2]);
        let (root, far) = match path[3..] {
            [] => input::far(root, direction, call.query)?,
            [Some("transitive")] => {
                let (root, far) = input::far(root, direction, call.query)?;
                return Ok(found(method, transitive(index, rows, &root, &far).unwrap()));
            }
            [_, ty] => input::far_of_type(root, ty, call.query)?,
            [_, ty, code] => {
                let (from, to) = input::association_ends(root, named(ty, code))?;
                return Ok(found(method, association(index, rows, &from, &to).unwrap()));
            }
            _ => panic!("no route"),
        };
        let listing = listing(index, rows, &root, direction, &far).unwrap();
        Ok(found(method, listing.map(|listing| self.whole(&listing))))
    }

    fn whole(&self, listing: &Listing) -> Vec<u8> {
        let (json, next) =
            association_page(self.state.index(), &self.store, listing, 0, usize::MAX).unwrap();
        assert_eq!(next, None);
        json
    }
}

struct Call<'a> {
    query: input::Query<'a>,
    body: Body<'a>,
}

impl Call<'_> {
    fn type_command(&self, method: &str, path: &[Option<&str>]) -> Result<Command, Findings> {
        match (method, path) {
            ("POST", []) => input::post_types(self.body),
            ("DELETE", [_]) => input::delete_types(self.body),
            ("POST", [_, code]) => input::post_type(*code, self.body),
            ("PATCH", [_, code]) => input::patch_type(*code, self.body),
            ("DELETE", [_, code]) => input::delete_type(*code),
            other => panic!("no route {other:?}"),
        }
    }

    fn asset_command(&self, method: &str, path: &[Option<&str>]) -> Result<Command, Findings> {
        match (method, path) {
            ("POST", []) => input::post_assets(self.body),
            ("DELETE", [_, ty, _]) => input::delete_assets(*ty, self.query, self.body),
            ("POST", [_, ty, _, code]) => input::post_asset(named(*ty, *code), self.body),
            ("PATCH", [_, ty, _, code]) => input::patch_asset(named(*ty, *code), self.body),
            ("DELETE", [_, ty, _, code]) => input::delete_asset(named(*ty, *code), self.query),
            other => panic!("no route {other:?}"),
        }
    }

    fn association_command(
        &self,
        method: &str,
        path: &[Option<&str>],
    ) -> Result<Command, Findings> {
        let Call { query, body } = *self;
        let [_, ty, code, rest @ ..] = path else { return input::post_associations(body) };
        let from = named(*ty, *code);
        match (method, rest) {
            ("POST", []) => input::post_associations_from(from, body),
            ("DELETE", []) => input::delete_associations_from(from, query),
            ("PATCH", [_, ty]) => input::sync(from, *ty, query, body),
            ("POST", [_, ty, code]) => input::post_association(from, named(*ty, *code), body),
            ("DELETE", [_, ty, code]) => input::delete_association(from, named(*ty, *code), query),
            other => panic!("no route {other:?}"),
        }
    }
}

fn is_bulk_read(method: &str, path: &[Option<&str>]) -> bool {
    let bulk = match path[0] {
        Some("type") => path.len() == 2,
        Some("asset") => path.len() == 2 || path.len() == 4,
        _ => false,
    };
    method == "POST" && bulk
}

fn told(answer: &Answer) -> String {
    match answer {
        Answer::Done(_) => "done".into(),
        Answer::Unchanged => "unchanged".into(),
        Answer::Refused(Refusal::NotFound) => "404".into(),
        Answer::Refused(Refusal::Invalid(findings)) => codes(422, findings),
        Answer::Refused(Refusal::Conflict(findings)) => codes(409, findings),
    }
}

fn codes(status: u16, findings: &Findings) -> String {
    assert!(!findings.is_empty());
    let codes: Vec<_> = findings.iter().map(|finding| finding.code()).collect();
    format!("{status} {}", codes.join(" "))
}

fn found(method: &str, document: Option<Vec<u8>>) -> String {
    match document {
        None => "404".into(),
        Some(_) if method == "HEAD" => "yes".into(),
        Some(json) => text(json),
    }
}

fn text(json: Vec<u8>) -> String {
    String::from_utf8(json).unwrap()
}

pub(super) fn named<'a>(ty: Option<&'a str>, code: Option<&'a str>) -> NameSegments<'a> {
    NameSegments { ty, code }
}

fn pairs(query: &str) -> Pairs {
    let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        decoded(name).zip(decoded(value)).ok_or(NotText)
    });
    pairs.collect()
}

/// Percent-decoded once; `None` when it is no UTF-8.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escape = if *first == b'%' { tail.get(..2) } else { None };
        bytes.push(match escape {
            Some(digits) => u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap(),
            None => *first,
        });
        rest = if escape.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8(bytes).ok()
}

/// The JSON value of a text in the tables.
pub(super) fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// With the types `Market` and `User`.
pub(super) fn with_types() -> World {
    let mut world = World::new();
    assert_eq!(world.send("POST /type", r#"[{"Code":"Market"},{"Code":"User"}]"#), "done");
    world
}

/// What the tables show as one line per call: what is asked, the body, what is answered.
pub(super) fn walk(world: &mut World, steps: &[(&str, &str, &str)]) {
    for (at, (asked, body, answer)) in steps.iter().enumerate() {
        let before = world.state.version();
        assert_eq!(world.send(asked, body), *answer, "step {at}: {asked} {body}");
        let changed = world.state.version() != before;
        assert_eq!(changed, *answer == "done", "step {at}: only what is done leaves a record");
    }
}
