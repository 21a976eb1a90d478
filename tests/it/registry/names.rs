//! Names that are hostile to URLs, and paths that are none.

use serde_json::json;

use super::{at, codes, created, empty, names, raw, start};

/// Everything but what RFC 3986 leaves unreserved.
fn escaped(name: &str) -> String {
    let byte = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        byte => format!("%{byte:02X}"),
    };
    name.bytes().map(byte).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_legal_code_goes_through_its_life() {
    let (_server, desk) = start(&["a/b:c"]).await;
    let longest = "x".repeat(256);
    let codes = [
        "XS:0001",
        "XSX[Sample]",
        "Expo$Web",
        "a/b",
        "/",
        "a//b",
        "..",
        ".",
        "...",
        "%",
        "%2F",
        "%00",
        "a+b",
        "a b",
        " a ",
        "a?b#c",
        "a&b=c;d",
        "\\",
        "\"<>|^`{}",
        "'",
        "*",
        "é",
        "e\u{301}",
        "\u{301}",
        "日本",
        "😀",
        "\u{200b}",
        "\u{202e}abc",
        "\u{feff}",
        "ſ",
        "transitive",
        "bycode",
        "to",
        &longest,
        "null",
        "-",
        "~",
    ];
    for code in codes {
        let path = at("a%2Fb%3Ac", &escaped(code));
        let body = json!({"Type": "a/b:c", "Code": code});
        let made = raw::send(
            &desk.0,
            ("POST", path.as_bytes()),
            &[("Content-Type", "application/json")],
            body.to_string().as_bytes(),
        )
        .await;
        created(&made, &path);
        // The address that was given leads there.
        let location = made.header("location").unwrap().to_owned();
        let found = raw::send(&desk.0, ("GET", location.as_bytes()), &[], b"").await;
        assert_eq!(found.expect(200), body, "{code:?}");
        let found = desk.post("/asset/bytype/a%2Fb%3Ac/bycode", &json!([code])).await.expect(200);
        assert_eq!(found, json!([body]), "{code:?}");
    }
    let all = desk.read("/asset").await;
    let mut sorted = codes.to_vec();
    sorted.sort_unstable();
    let listed: Vec<_> =
        all.as_array().unwrap().iter().map(|it| it["Code"].as_str().unwrap()).collect();
    assert_eq!(listed, sorted);
    for code in codes {
        let path = at("a%2Fb%3Ac", &escaped(code));
        empty(&raw::send(&desk.0, ("HEAD", path.as_bytes()), &[], b"").await, 204);
        empty(&raw::send(&desk.0, ("DELETE", path.as_bytes()), &[], b"").await, 204);
        empty(&raw::send(&desk.0, ("GET", path.as_bytes()), &[], b"").await, 404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_taken_as_they_are_sent() {
    let (_server, desk) = start(&["T"]).await;
    // Composed and not, with white space around, in either case: four assets.
    for code in ["é", "e\u{301}", " é", "É"] {
        created(
            &desk.post(&at("T", &escaped(code)), &json!({"Type": "T", "Code": code})).await,
            &at("T", &escaped(code)),
        );
    }
    assert_eq!(names(&desk.read("/asset").await).len(), 4);
    // Escapes may be in either case, and what needs none may have one.
    desk.asset("T", "a/b", &[]).await;
    for path in ["a%2fb", "%61%2F%62"] {
        empty(&desk.head(&at("T", path)).await, 204);
    }
    // Undone once; a plus is a plus.
    desk.asset("T", "a+b", &[]).await;
    empty(&desk.head(&at("T", "a+b")).await, 204);
    empty(&desk.head(&at("T", "a%20b")).await, 404);
    empty(&desk.head(&at("T", "a%252Fb")).await, 404);
    // Raw, as some clients send them.
    for target in ["/asset/bytype/T/bycode/é", "/asset/bytype/T/./bycode/é"] {
        let found = raw::send(&desk.0, ("GET", target.as_bytes()), &[], b"").await;
        assert_eq!(found.status, if target.contains("./") { 404 } else { 200 }, "{target}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_name_is_not_valid() {
    let (_server, desk) = start(&["T"]).await;
    let long = "x".repeat(257);
    let wide = "%C3%A9".repeat(129);
    let illegal = [
        "%00",
        "a%00b",
        "%0A",
        "%7F",
        "%C2%85",
        "%20",
        "%20%09",
        "%E3%80%80",
        "%ff",
        "%C3%28",
        "%C0%AF",
        "%ED%A0%80",
        "%",
        "%4",
        "%zz",
        "a%",
        &long,
        &wide,
    ];
    for code in illegal {
        let send = async |method, path: String| {
            raw::send(
                &desk.0,
                (method, path.as_bytes()),
                &[("Content-Type", "application/json")],
                b"",
            )
            .await
        };
        codes(&send("GET", at("T", code)).await, 422, &["InvalidCode"]);
        codes(&send("GET", at(code, "x")).await, 422, &["InvalidType"]);
        codes(&send("DELETE", at(code, code)).await, 422, &["InvalidType", "InvalidCode"]);
        codes(&send("POST", at("T", code)).await, 422, &["InvalidJson", "InvalidCode"]);
        empty(&send("HEAD", at("T", code)).await, 422);
        codes(&send("GET", format!("/asset/bytype/{code}")).await, 422, &["InvalidType"]);
        codes(&send("GET", format!("/type/bycode/{code}")).await, 422, &["InvalidCode"]);
        codes(&send("GET", format!("/association/to/T/{code}")).await, 422, &["InvalidCode"]);
    }
    for code in ["a\u{0}b", "\n", " ", "\u{a0}", "\u{2003}", "\u{85}", &long] {
        let body = json!({"Type": "T", "Code": code});
        codes(&desk.post("/asset", &json!([body])).await, 422, &["InvalidCode"]);
    }
    let far = "x".repeat(10_000);
    let reply = raw::send(&desk.0, ("GET", at("T", &far).as_bytes()), &[], b"").await;
    reply.refused(414, "URI_TOO_LONG");
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_segments_are_never_another_route() {
    let (_server, desk) = start(&["T"]).await;
    desk.asset("T", "x", &["A"]).await;
    let rows: &[(&str, &[&str])] = &[
        ("/asset/bytype//bycode/x", &["InvalidType"]),
        ("/asset/bytype/T/bycode/", &["InvalidCode"]),
        ("/asset/bytype//bycode/", &["InvalidType", "InvalidCode"]),
        ("/asset/bytype/", &["InvalidType"]),
        ("/asset/bytype//bycode", &["InvalidType"]),
        ("/asset/", &["InvalidParameter"]),
        ("/asset//", &["InvalidParameter"]),
        ("/asset//bytype/T", &["InvalidParameter"]),
        ("/asset/bytype/T/", &["InvalidParameter"]),
        ("/asset/bytype/T/bycode/x/", &["InvalidParameter"]),
        ("/asset/bytype/T/bycode/%20/", &["InvalidCode", "InvalidParameter"]),
        ("/asset/?app=", &["InvalidParameter"]),
        ("/type/", &["InvalidParameter"]),
        ("/type/bycode/", &["InvalidCode"]),
        ("/type/bycode/T/", &["InvalidParameter"]),
        ("/association/from/T/x/", &["InvalidParameter"]),
        ("/association/from/T/x/to/", &["InvalidType"]),
        ("/association/from/T/x/to/T/", &["InvalidCode"]),
        ("/association/from//x", &["InvalidType"]),
        ("/association/to/T/", &["InvalidCode"]),
        ("/association/from/T/x/transitive/", &["InvalidParameter"]),
    ];
    for (path, expected) in rows {
        codes(&desk.get(path).await, 422, expected);
        empty(&desk.head(path).await, 422);
    }
    // Nothing is deleted or written on such a path.
    codes(&desk.delete("/asset/bytype/T/bycode/x/").await, 422, &["InvalidParameter"]);
    codes(&desk.delete("/asset/bytype/T/bycode/").await, 422, &["InvalidCode"]);
    codes(&desk.delete("/association/from/T/x/").await, 422, &["InvalidParameter"]);
    codes(
        &desk.post("/asset/", &json!([{"Type": "T", "Code": "y"}])).await,
        422,
        &["InvalidParameter"],
    );
    codes(&desk.post("/type/bycode/", &json!({"Code": "x"})).await, 422, &["InvalidCode"]);
    assert_eq!(names(&desk.read("/asset").await), ["T/x"]);
    // The checks before come before.
    let nobody = desk.0.clone().without_token();
    nobody.get("/asset/").await.refused(401, "UNAUTHENTICATED");
    let put = desk.send(reqwest::Method::PUT, "/asset/bytype//bycode/x", None).await;
    put.refused(405, "METHOD_NOT_ALLOWED");
    assert_eq!(put.header("allow"), Some("GET, HEAD, POST, PATCH, DELETE, OPTIONS"));
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_paths_are_absent_without_a_word() {
    let (_server, desk) = start(&[]).await;
    for path in [
        "/asset/x",
        "/asset/bytype/T/x",
        "/asset/bytype/T/bycode/x/y",
        "/asset/x/",
        "/asset//x",
        "/type/x",
        "/type/bycode/x/y",
        "/association/x",
        "/association/from/T",
        "/association/from/T/x/y",
        "/association/from/T/x/to",
        "/association/from/T/x/to/T/y/z",
        "/association/to/T",
        "/asset/%ff/x",
    ] {
        empty(&desk.get(path).await, 404);
        empty(&desk.head(path).await, 404);
        empty(&desk.delete(path).await, 404);
    }
    for path in ["/Asset", "//asset", "/assetx", "/types"] {
        desk.get(path).await.refused(404, "NOT_FOUND");
    }
}
