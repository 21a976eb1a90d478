//! What is wrong with bodies and queries: all of it at once, in a fixed order.

use serde_json::{Value, json};

use super::{asset, at, codes, created, empty, raw, start};

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_told_at_once_and_in_order() {
    let (_server, desk) = start(&["T"]).await;
    let all = json!({"Type": "U", "Code": "y", "Extra": 1, "Context": [
        {"Application": "A"}, {"Application": "A"}, {},
        {"Application": "B", "IDs": [{"Name": "n"}, {"Name": "n"}, {"Values": {}}]},
        {"Application": 7},
    ]});
    let expected = [
        "InvalidJson",
        "UnknownField",
        "TypeMismatch",
        "CodeMismatch",
        "MissingApplication",
        "DuplicateApplication",
        "MissingIdName",
        "DuplicateId",
    ];
    codes(&desk.post(&at("T", "x"), &all).await, 422, &expected);
    codes(
        &desk.post(&at("%20", "%20"), &json!({"Context": [{}]})).await,
        422,
        &["MissingType", "MissingCode", "InvalidType", "InvalidCode", "MissingApplication"],
    );
    // What depends on the state only when there is nothing else.
    codes(
        &desk.post(&at("U", "x"), &json!({"Type": "U", "Code": "x", "y": 1})).await,
        422,
        &["UnknownField"],
    );
    codes(&desk.post(&at("U", "x"), &asset("U", "x", &[])).await, 422, &["AssetTypeNotFound"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn values_are_texts_and_nothing_else() {
    let (_server, desk) = start(&["T"]).await;
    let path = at("T", "x");
    let entry = |entry: Value| json!({"Type": "T", "Code": "x", "Context": [entry]});
    let rows: &[(Value, &[&str])] = &[
        (entry(json!({"Application": "A", "Metadata": {"x": 1}})), &["InvalidJson"]),
        (entry(json!({"Application": "A", "Metadata": {"x": true}})), &["InvalidJson"]),
        (entry(json!({"Application": "A", "Metadata": {"x": null}})), &["InvalidJson"]),
        (entry(json!({"Application": "A", "Metadata": {"x": {}}})), &["InvalidJson"]),
        (entry(json!({"Application": "A", "Metadata": []})), &["InvalidJson"]),
        (entry(json!({"Application": "A", "IDs": {}})), &["InvalidJson"]),
        (
            entry(json!({"Application": "A", "IDs": [{"Name": "n", "Values": {"x": 1}}]})),
            &["InvalidJson"],
        ),
        (
            entry(json!({"Application": "A", "IDs": [{"Name": "", "Values": {}}]})),
            &["MissingIdName"],
        ),
        (
            entry(json!({"Application": "A", "IDs": [{"Name": "n", "Value": {}}]})),
            &["UnknownField"],
        ),
        (entry(json!({"Application": "A", "metadata": {}})), &["UnknownField"]),
        (entry(json!({"Application": ""})), &["MissingApplication"]),
        (entry(json!(null)), &["InvalidJson"]),
        (json!({"Type": "T", "Code": "x", "Context": {"A": {}}}), &["InvalidJson"]),
        (json!({"Type": 1, "Code": "x"}), &["InvalidJson"]),
        (json!({"type": "T", "Code": "x"}), &["UnknownField", "MissingType"]),
        (json!({"Type": null, "Code": ""}), &["MissingType", "MissingCode"]),
        (json!(null), &["InvalidJson"]),
        (json!("x"), &["InvalidJson"]),
    ];
    for (body, expected) in rows {
        codes(&desk.post(&path, body).await, 422, expected);
        codes(&desk.patch(&path, body).await, 422, expected);
    }
    empty(&desk.head(&path).await, 404);
    let good = entry(json!({"Application": "A", "Metadata": {"": "", "x": "\u{0}"},
        "IDs": [{"Name": "n", "Values": {"": ""}}]}));
    created(&desk.post(&path, &good).await, &path);
    assert_eq!(desk.read(&path).await, good);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_json_is_not_valid() {
    let (_server, desk) = start(&["T"]).await;
    let deep = format!("{}{}", "[".repeat(40), "]".repeat(40));
    let bodies: &[&[u8]] = &[
        b"",
        b" ",
        b"{",
        b"{}x",
        b"{\"Type\":\"T\",\"Type\":\"T\",\"Code\":\"x\"}",
        b"{\"Type\":\"T\",\"Code\":\"\xff\"}",
        b"{\"Type\":\"T\",\"Code\":\"\\ud800\"}",
        b"\xef\xbb\xbf{}",
        b"// {}",
        deep.as_bytes(),
    ];
    let json = [("Content-Type", "application/json")];
    for body in bodies {
        for (method, path) in [
            ("POST", "/asset/bytype/T/bycode/x"),
            ("PATCH", "/asset/bytype/T/bycode/x"),
            ("POST", "/asset"),
            ("DELETE", "/asset/bytype/T/bycode"),
            ("POST", "/asset/bytype/T/bycode"),
            ("POST", "/type"),
            ("POST", "/association"),
        ] {
            let reply = raw::send(&desk.0, (method, path.as_bytes()), &json, body).await;
            codes(&reply, 422, &["InvalidJson"]);
        }
    }
    assert_eq!(desk.read("/asset").await, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_parameters_are_passed_over() {
    let (_server, desk) = start(&["T"]).await;
    let path = at("T", "x");
    let body = asset("T", "x", &["A"]);
    // Neither means anything on a write with a body.
    created(&desk.post(&format!("{path}?app=&deleteOnEmpty=maybe&z"), &body).await, &path);
    created(&desk.patch(&format!("{path}?app=B"), &body).await, &path);
    assert_eq!(desk.read(&format!("{path}?app=B&z=1")).await, body);
    empty(&desk.head(&format!("{path}?app=B")).await, 204);
    // Names are compared without case: a slip must not delete the whole.
    empty(&desk.delete(&format!("{path}?APP=B&DeleteOnEmpty=true")).await, 204);
    assert_eq!(desk.read(&path).await, body);
}
