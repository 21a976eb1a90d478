//! `If-Match` and `If-None-Match`, read strictly.
//!
//! Read here and not by the `headers` crate, whose types answer "does it match" but do not hand out
//! the list of tags that the engine compares inside its decision.

use axum::http::{HeaderMap, HeaderName, header};
use holdfast_domain::IfMatch;

use crate::error::ApiError;

/// `*` or a list of tags.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Tags {
    Any,
    List(Vec<Tag>),
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Tag {
    weak: bool,
    /// With its quotes.
    opaque: String,
}

/// The precondition of a change.
///
/// # Errors
/// `BadRequest` when the header is there but is not a list of entity tags.
pub(crate) fn if_match(headers: &HeaderMap) -> Result<IfMatch, ApiError> {
    Ok(match read(headers, &header::IF_MATCH, "If-Match must be * or a list of entity tags.")? {
        None => IfMatch::Missing,
        Some(Tags::Any) => IfMatch::Any,
        Some(Tags::List(tags)) => {
            IfMatch::Tags(tags.into_iter().filter(|tag| !tag.weak).map(|tag| tag.opaque).collect())
        }
    })
}

/// Whether the client already has `etag` (with its quotes): compared weakly, so a cache's weakened
/// tag still saves the transfer. A malformed header is ignored, as for any read condition.
pub(crate) fn none_match(headers: &HeaderMap, etag: &str) -> bool {
    match read(headers, &header::IF_NONE_MATCH, "") {
        Ok(Some(Tags::Any)) => true,
        Ok(Some(Tags::List(tags))) => tags.iter().any(|tag| tag.opaque == etag),
        Ok(None) | Err(_) => false,
    }
}

fn read(
    headers: &HeaderMap,
    name: &HeaderName,
    complaint: &'static str,
) -> Result<Option<Tags>, ApiError> {
    let mut tags = Vec::new();
    let mut values = headers.get_all(name).iter().peekable();
    if values.peek().is_none() {
        return Ok(None);
    }
    for value in values {
        let text = value.to_str().map_err(|_| ApiError::BadHeader("If-Match", complaint))?;
        if text.trim_matches([' ', '\t']) == "*" && headers.get_all(name).iter().count() == 1 {
            return Ok(Some(Tags::Any));
        }
        read_list(text, &mut tags).ok_or(ApiError::BadHeader("If-Match", complaint))?;
    }
    if tags.is_empty() {
        return Err(ApiError::BadHeader("If-Match", complaint));
    }
    Ok(Some(Tags::List(tags)))
}

/// `None` when `text` is not a comma-separated list of tags. Empty members are allowed (RFC 9110
/// section 5.6.1), and a comma inside quotes belongs to the tag.
fn read_list(text: &str, tags: &mut Vec<Tag>) -> Option<()> {
    let mut rest = text.trim_matches([' ', '\t']);
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix(',') {
            rest = after.trim_start_matches([' ', '\t']);
            continue;
        }
        let (weak, tag) = rest.strip_prefix("W/").map_or((false, rest), |tag| (true, tag));
        let inner = tag.strip_prefix('"')?;
        let end = inner.find('"')?;
        if !inner[..end].bytes().all(|b| b == 0x21 || (0x23..=0x7e).contains(&b)) {
            return None;
        }
        tags.push(Tag { weak, opaque: tag[..end + 2].to_owned() });
        rest = tag[end + 2..].trim_start_matches([' ', '\t']);
        if !rest.is_empty() && !rest.starts_with(',') {
            return None;
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(name: HeaderName, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name.clone(), HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn if_match_keeps_only_strong_tags() {
        let tags = |tags: &[&str]| Some(IfMatch::Tags(tags.iter().map(|&t| t.into()).collect()));
        let rows: &[(&[&str], Option<IfMatch>)] = &[
            (&[], Some(IfMatch::Missing)),
            (&["*"], Some(IfMatch::Any)),
            (&["\"3-0\""], tags(&["\"3-0\""])),
            (&["\"3-0\", \"4-0\""], tags(&["\"3-0\"", "\"4-0\""])),
            (&["\"3-0\"", "\"4-0\""], tags(&["\"3-0\"", "\"4-0\""])),
            (&["\"a,b\" ,, W/\"c\""], tags(&["\"a,b\""])),
            (&["W/\"3-0\""], tags(&[])),
            (&["\"\""], tags(&["\"\""])),
            (&["3-0"], None),
            (&["\"3-0"], None),
            (&["\"3-0\" \"4-0\""], None),
            (&["w/\"3-0\""], None),
            (&["\"a b\""], None),
            (&["*, \"a\""], None),
            (&["*", "*"], None),
            (&[""], None),
            (&[","], None),
        ];
        for (values, expected) in rows {
            let read = if_match(&headers(header::IF_MATCH, values));
            assert_eq!(read.ok(), *expected, "{values:?}");
        }
    }

    #[test]
    fn if_none_match_compares_weakly() {
        let rows: &[(&[&str], bool)] = &[
            (&[], false),
            (&["*"], true),
            (&["\"3-0\""], true),
            (&["W/\"3-0\""], true),
            (&["\"4-0\", W/\"3-0\""], true),
            (&["\"4-0\""], false),
            (&["3-0"], false),
        ];
        for (values, expected) in rows {
            let headers = headers(header::IF_NONE_MATCH, values);
            assert_eq!(none_match(&headers, "\"3-0\""), *expected, "{values:?}");
        }
    }
}
