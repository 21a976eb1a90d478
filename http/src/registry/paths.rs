//! Paths of the registry that no route takes because a segment is empty.
//!
//! Where a name belongs an empty segment is an empty name, anywhere else a fault of its own; both are
//! 422 and never another route. So such a path is spelled anew, as the route that was meant takes it,
//! and told from a path that is well-formed by what its handler finds in it.

use axum::{
    extract::Request,
    http::{Uri, uri::PathAndQuery},
};

use crate::permissions;

/// No legal name, as an empty one is none.
const NO_NAME: &str = "%00";

/// Marks a request whose path has an empty segment where no name belongs.
#[derive(Clone)]
pub(super) struct Astray;

/// Whether a path is under the registry, known or not.
pub(crate) fn owns(path: &str) -> bool {
    let first = path.strip_prefix('/').and_then(|rest| rest.split('/').next());
    matches!(first, Some("asset" | "type" | "association"))
}

/// The request as the route that was meant takes it; `None` where none was.
pub(crate) fn respelled(mut request: Request) -> Option<Request> {
    let path = request.uri().path();
    if !owns(path) {
        return None;
    }
    let (path, astray) = respelled_path(path)?;
    let target = match request.uri().query() {
        Some(query) => format!("{path}?{query}"),
        None => path,
    };
    *request.uri_mut() = Uri::from(PathAndQuery::try_from(target).ok()?);
    if astray {
        request.extensions_mut().insert(Astray);
    }
    Some(request)
}

/// A path with empty segments as a route takes it, and whether one stood where no name belongs.
fn respelled_path(path: &str) -> Option<(String, bool)> {
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    if !segments.contains(&"") {
        return None;
    }
    let named: Vec<&str> =
        segments.iter().map(|it| if it.is_empty() { NO_NAME } else { it }).collect();
    if is_route(&named) {
        return Some((joined(&named), false));
    }
    let without: Vec<&str> = segments.into_iter().filter(|it| !it.is_empty()).collect();
    is_route(&without).then(|| (joined(&without), true))
}

fn joined(segments: &[&str]) -> String {
    segments.iter().flat_map(|segment| ["/", segment]).collect()
}

/// Whether some route of the registry takes these segments.
fn is_route(segments: &[&str]) -> bool {
    let templates = permissions::all().filter(|row| row.exchange().is_some());
    templates.into_iter().any(|row| {
        let mut places = row.path.split('/').skip(1);
        let fits = segments.iter().all(|segment| {
            places.next().is_some_and(|place| place.starts_with('{') || place == *segment)
        });
        fits && places.next().is_none()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_segment_decides_whose_a_path_is() {
        let rows = [
            ("/asset", true),
            ("/asset/", true),
            ("/asset/nothing", true),
            ("/type/bycode/%ff", true),
            ("/association", true),
            ("/assets", false),
            ("/assets/asset", false),
            ("//asset", false),
            ("/ASSET", false),
            ("/", false),
        ];
        for (path, expected) in rows {
            assert_eq!(owns(path), expected, "{path}");
        }
    }

    #[test]
    fn empty_segments() {
        let rows = [
            // Where a name belongs: an empty name.
            ("/asset/bytype//bycode/X", Some(("/asset/bytype/%00/bycode/X", false))),
            ("/asset/bytype/M/bycode/", Some(("/asset/bytype/M/bycode/%00", false))),
            ("/asset/bytype//bycode/", Some(("/asset/bytype/%00/bycode/%00", false))),
            ("/asset/bytype/", Some(("/asset/bytype/%00", false))),
            ("/asset/bytype//bycode", Some(("/asset/bytype/%00/bycode", false))),
            ("/type/bycode/", Some(("/type/bycode/%00", false))),
            ("/association/from///to//", Some(("/association/from/%00/%00/to/%00/%00", false))),
            ("/association/from/T/C/to/", Some(("/association/from/T/C/to/%00", false))),
            // Anywhere else: the route without it, and a fault.
            ("/asset/", Some(("/asset", true))),
            ("/asset//", Some(("/asset", true))),
            ("/asset//bytype", Some(("/asset/bytype", true))),
            ("/asset/bytype/M/", Some(("/asset/bytype/M", true))),
            ("/asset/bytype/M/bycode/X/", Some(("/asset/bytype/M/bycode/X", true))),
            ("/asset/bytype/M//bycode/X", Some(("/asset/bytype/M/bycode/X", true))),
            ("/association/to/T/C/", Some(("/association/to/T/C", true))),
            // No route, whatever is left out.
            ("/asset/nothing/", None),
            ("/asset//nothing", None),
            ("/association/", Some(("/association", true))),
            // Nothing is empty.
            ("/asset/nothing", None),
        ];
        for (path, expected) in rows {
            let found = respelled_path(path);
            let found = found.as_ref().map(|(path, astray)| (path.as_str(), *astray));
            assert_eq!(found, expected, "{path}");
        }
    }

    #[test]
    fn the_query_stays() {
        let uri = "/asset/?app=%ff".parse::<Uri>().unwrap();
        let request = Request::builder().uri(uri).body(axum::body::Body::empty()).unwrap();
        let request = respelled(request).unwrap();
        assert_eq!(request.uri(), "/asset?app=%ff");
        assert!(request.extensions().get::<Astray>().is_some());
    }
}
