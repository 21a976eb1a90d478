//! Paths, queries and `Accept`, as they are read.

use axum::http::HeaderValue;

use super::*;

const ONE: &str = "/asset/bytype/{type}/bycode/{code}";
const PAIR: &str = "/association/from/{type}/{code}/to/{totype}/{tocode}";

#[test]
fn segments_are_split_where_the_slashes_are_raw_and_decoded_once() {
    let long = "x".repeat(300);
    let rows: &[(&str, &str, &[Option<&str>])] = &[
        (ONE, "/asset/bytype/Market/bycode/XSX", &[Some("Market"), Some("XSX")]),
        (ONE, "/asset/bytype/a%2Fb/bycode/c%2fd", &[Some("a/b"), Some("c/d")]),
        (ONE, "/asset/bytype/a%252Fb/bycode/%2525", &[Some("a%2Fb"), Some("%25")]),
        (ONE, "/asset/bytype/a+b/bycode/%2B", &[Some("a+b"), Some("+")]),
        (ONE, "/asset/bytype/bycode/bycode/bytype", &[Some("bycode"), Some("bytype")]),
        (ONE, "/asset/bytype/./bycode/..", &[Some("."), Some("..")]),
        (ONE, "/asset/bytype/%2e/bycode/%2E%2E", &[Some("."), Some("..")]),
        (ONE, "/asset/bytype/XS:1/bycode/XSX[Sample]$", &[Some("XS:1"), Some("XSX[Sample]$")]),
        (ONE, "/asset/bytype/%00/bycode/a%0Ab", &[Some("\0"), Some("a\nb")]),
        (ONE, "/asset/bytype/e%CC%81/bycode/%C3%A9", &[Some("e\u{301}"), Some("é")]),
        (ONE, "/asset/bytype/%F0%9F%98%80/bycode/é", &[Some("😀"), Some("é")]),
        (ONE, "/asset/bytype/%ff/bycode/%C3%28", &[None, None]),
        (ONE, "/asset/bytype/%/bycode/%4", &[None, None]),
        (ONE, "/asset/bytype/%zz/bycode/%20", &[None, Some(" ")]),
        ("/type/bycode/{code}", "/type/bycode/a%20b;c=d,e", &[Some("a b;c=d,e")]),
        (PAIR, "/association/from/a/b/to/c/d", &[Some("a"), Some("b"), Some("c"), Some("d")]),
        (
            PAIR,
            "/association/from/to/from/to/to/transitive",
            &[Some("to"), Some("from"), Some("to"), Some("transitive")],
        ),
        ("/asset", "/asset", &[]),
    ];
    for (template, path, expected) in rows {
        let found = names(template, path);
        let found: Vec<_> = found.iter().map(Option::as_deref).collect();
        assert_eq!(found, *expected, "{path}");
    }
    let path = format!("/type/bycode/{long}");
    assert_eq!(names("/type/bycode/{code}", &path), [Some(long)]);
}

#[test]
fn queries_are_forms_and_say_what_is_no_text() {
    let pair = |name: &str, value: &str| Ok((name.to_owned(), value.to_owned()));
    let rows = [
        (None, vec![]),
        (Some(""), vec![]),
        (Some("app=A&app=B"), vec![pair("app", "A"), pair("app", "B")]),
        (Some("app=A+B%2BC&&x"), vec![pair("app", "A B+C"), pair("x", "")]),
        (Some("app="), vec![pair("app", "")]),
        (Some("app=a=b,c"), vec![pair("app", "a=b,c")]),
        (Some("app=%ff&%zz=1&a=b"), vec![Err(NotText), Err(NotText), pair("a", "b")]),
    ];
    for (query, expected) in rows {
        assert_eq!(parameters(query), expected, "{query:?}");
    }
}

#[test]
fn nothing_at_all_is_no_json() {
    assert_eq!(parsed(b""), None);
    assert_eq!(parsed(b"{}"), Some(serde_json::json!({})));
    for malformed in ["{", "{\"Code\":\"a\",\"Code\":\"b\"}", "\"\u{1}\"", "[1] x"] {
        assert_eq!(parsed(malformed.as_bytes()), None, "{malformed}");
    }
}

#[test]
fn accept_is_refused_only_where_it_rules_out_json() {
    let rows: &[(&[&str], bool)] = &[
        (&[], true),
        (&[""], true),
        (&["*/*"], true),
        (&["application/json"], true),
        (&["Application/JSON; charset=utf-8"], true),
        (&["text/html, application/*;q=0.8"], true),
        (&["text/html", "*/*;q=0.1"], true),
        (&["application/x-protobuf"], false),
        (&["text/html,application/xhtml+xml"], false),
        (&["application/json;q=0"], false),
        (&["application/json; q=0.000, */*"], false),
        (&["*/*;q=0, application/json"], true),
    ];
    for (sent, expected) in rows {
        let mut headers = HeaderMap::new();
        for value in *sent {
            headers.append(header::ACCEPT, HeaderValue::from_static(value));
        }
        assert_eq!(takes_json(&headers), *expected, "{sent:?}");
    }
}
