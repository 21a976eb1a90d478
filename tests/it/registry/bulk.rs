//! Many assets at once: read, written, deleted, all or none.

use serde_json::{Value, json};

use super::{Desk, apps, asset, at, codes, empty, names, raw, start};

async fn some(desk: &Desk) {
    desk.asset("Market", "XSX", &["A", "B"]).await;
    desk.asset("Market", "XSX[Sample]", &["B"]).await;
    desk.asset("Market", "Z", &[]).await;
    desk.asset("User", "1", &["A"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_chosen_by_type_code_and_application() {
    let (_server, desk) = start(&["Market", "User", "News"]).await;
    some(&desk).await;
    let rows: &[(&str, &[&str])] = &[
        ("/asset", &["Market/XSX", "Market/XSX[Sample]", "Market/Z", "User/1"]),
        ("/asset?app=A", &["Market/XSX", "User/1"]),
        ("/asset?app=A&app=B", &["Market/XSX", "Market/XSX[Sample]", "User/1"]),
        ("/asset?app=C", &[]),
        (
            "/asset?nothing=of&this=known",
            &["Market/XSX", "Market/XSX[Sample]", "Market/Z", "User/1"],
        ),
        ("/asset/bytype", &[]),
        ("/asset/bytype?type=User", &["User/1"]),
        ("/asset/bytype?type=User&type=Market&app=A", &["Market/XSX", "User/1"]),
        ("/asset/bytype?type=None&type=News", &[]),
        ("/asset/bytype/Market", &["Market/XSX", "Market/XSX[Sample]", "Market/Z"]),
        ("/asset/bytype/Market?app=B", &["Market/XSX", "Market/XSX[Sample]"]),
        ("/asset/bytype/None", &[]),
        ("/asset/bytype/Market/bycode", &[]),
        (
            "/asset/bytype/Market/bycode?code=Z&code=XSX&code=None&code=Z",
            &["Market/XSX", "Market/Z"],
        ),
        ("/asset/bytype/Market/bycode?code=XSX[Sample]&code=1", &["Market/XSX[Sample]"]),
        ("/asset/bytype/Market/bycode?code=XSX&code=Z&app=A", &["Market/XSX"]),
        ("/asset/bytype/None/bycode?code=XSX", &[]),
    ];
    for (path, expected) in rows {
        assert_eq!(names(&desk.read(path).await), *expected, "{path}");
        let head = desk.head(path).await;
        assert_eq!((head.status, head.bytes.len()), (200, 0), "{path}");
    }
    // A filter chooses assets; it does not trim them.
    assert_eq!(apps(&desk.read("/asset?app=A").await[0]), ["A", "B"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_named_in_a_body_is_read() {
    let (_server, desk) = start(&["Market", "User"]).await;
    some(&desk).await;
    let rows: &[(&str, Value, &[&str])] = &[
        (
            "/asset/bytype/Market/bycode",
            json!(["Z", "XSX", "None", "Z"]),
            &["Market/XSX", "Market/Z"],
        ),
        ("/asset/bytype/Market/bycode?app=B", json!(["Z", "XSX"]), &["Market/XSX"]),
        ("/asset/bytype/Market/bycode", json!([]), &[]),
        ("/asset/bytype/None/bycode", json!(["Z"]), &[]),
        ("/asset/bytype", json!(["User", "None"]), &["User/1"]),
        ("/asset/bytype?app=B", json!(["User", "Market"]), &["Market/XSX", "Market/XSX[Sample]"]),
        ("/asset/bytype", json!([]), &[]),
    ];
    for (path, body, expected) in rows {
        let found = desk.post(path, body).await.expect(200);
        assert_eq!(names(&found), *expected, "{path} {body}");
    }
    let bad = desk.post("/asset/bytype/%20/bycode?app=", &json!(["", 1])).await;
    codes(&bad, 422, &["InvalidJson", "InvalidType", "InvalidCode", "InvalidParameter"]);
    codes(&desk.post("/asset/bytype", &json!([" "])).await, 422, &["InvalidType"]);
    codes(&desk.post("/asset/bytype", &json!({})).await, 422, &["InvalidJson"]);
    codes(&desk.get("/asset/bytype?type=").await, 422, &["InvalidType"]);
    codes(&desk.get("/asset/bytype/M/bycode?code=").await, 422, &["InvalidCode"]);
    codes(&desk.get("/asset?app=%ff").await, 422, &["InvalidParameter"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_are_written_or_none() {
    let (_server, desk) = start(&["Market", "User"]).await;
    desk.asset("Market", "XSX", &["A"]).await;
    let rows: &[(Value, &[&str])] = &[
        (json!([asset("User", "1", &[]), asset("News", "1", &[])]), &["AssetTypeNotFound"]),
        (json!([asset("User", "1", &["A"]), asset("User", "1", &["B"])]), &["DuplicateAsset"]),
        (json!([asset("User", "1", &[]), {"Code": "2"}]), &["MissingType"]),
        (json!([asset("User", "1", &[]), null]), &["InvalidJson"]),
        (json!(asset("User", "1", &[])), &["InvalidJson"]),
    ];
    for (body, expected) in rows {
        codes(&desk.post("/asset", body).await, 422, expected);
        assert_eq!(names(&desk.read("/asset").await), ["Market/XSX"]);
    }
    let batch = json!([
        asset("User", "2", &[]),
        asset("Market", "XSX", &["B"]),
        asset("User", "1", &["A"]),
    ]);
    empty(&desk.post("/asset", &batch).await, 204);
    assert_eq!(names(&desk.read("/asset").await), ["Market/XSX", "User/1", "User/2"]);
    assert_eq!(apps(&desk.read(&at("Market", "XSX")).await), ["A", "B"]);
    empty(&desk.post("/asset", &json!([])).await, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_are_deleted_or_none() {
    let (_server, desk) = start(&["Market", "User"]).await;
    some(&desk).await;
    desk.link("User/1", "Market/Z", &[]).await;
    let path = "/asset/bytype/Market/bycode";
    let all = json!(["XSX", "Z", "None", "XSX"]);
    codes(&desk.delete_listed(path, &all).await, 409, &["AssetInUse"]);
    assert_eq!(names(&desk.read("/asset/bytype/Market").await).len(), 3);
    // Only what applications keep.
    empty(&desk.delete_listed(&format!("{path}?app=B"), &all).await, 204);
    assert_eq!(apps(&desk.read(&at("Market", "XSX")).await), ["A"]);
    assert_eq!(apps(&desk.read(&at("Market", "XSX[Sample]")).await), ["B"]);
    // What this empties goes; what was empty stays, referenced or not.
    let emptying = format!("{path}?app=A&app=B&deleteOnEmpty=true");
    empty(&desk.delete_listed(&emptying, &all).await, 204);
    assert_eq!(names(&desk.read("/asset/bytype/Market").await), ["Market/XSX[Sample]", "Market/Z"]);
    empty(&desk.delete_listed(path, &json!(["XSX[Sample]", "None"])).await, 204);
    assert_eq!(names(&desk.read("/asset").await), ["Market/Z", "User/1"]);
    empty(&desk.delete_listed("/asset/bytype/None/bycode", &json!(["Z"])).await, 204);
    empty(&desk.delete_listed(path, &json!([])).await, 204);
    // Never everything for want of a body or for a slip of the pen.
    codes(&desk.delete(path).await, 422, &["InvalidJson"]);
    codes(
        &desk.delete_listed(&format!("{path}?app="), &json!(["Z"])).await,
        422,
        &["InvalidParameter"],
    );
    codes(&desk.delete_listed(path, &json!({})).await, 422, &["InvalidJson"]);
    assert_eq!(names(&desk.read("/asset").await), ["Market/Z", "User/1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_batch_is_taken_and_a_longer_body_is_not() {
    let (_server, desk) = start(&["Market"]).await;
    let filler = "x".repeat(900);
    let one = |n: usize| {
        json!({"Type": "Market", "Code": format!("{n:04}"),
            "Context": [{"Application": "A", "Metadata": {"text": filler}}]})
    };
    let batch: Vec<_> = (0..1_000).map(one).collect();
    empty(&desk.post("/asset", &json!(batch)).await, 204);
    assert_eq!(desk.read("/asset").await.as_array().unwrap().len(), 1_000);
    // The announced length is enough to refuse it.
    for (method, path, bytes_max) in [
        ("POST", "/asset", 4 * 1024 * 1024),
        ("DELETE", "/asset/bytype/Market/bycode", 4 * 1024 * 1024),
        ("PATCH", "/association/from/Market/1/to/Market", 4 * 1024 * 1024),
        ("POST", "/asset/bytype/Market/bycode/1", 256 * 1024),
        ("PATCH", "/type/bycode/Market", 256 * 1024),
    ] {
        let length = (bytes_max + 1).to_string();
        let headers = [("Content-Type", "application/json"), ("Content-Length", length.as_str())];
        let reply = raw::send(&desk.0, (method, path.as_bytes()), &headers, b"").await;
        reply.refused(413, "BODY_TOO_LARGE");
    }
    // One that is too long alone is not among many.
    let mut long = asset("Market", "long", &[]);
    long["Context"] = json!([{"Application": "A", "Metadata": {"text": "x".repeat(256 * 1024)}}]);
    empty(&desk.post("/asset", &json!([long])).await, 204);
}

/// What one record cannot hold is refused as such, and nothing of it happens: the journal is never asked
/// for more than fits a group.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_fits_no_record_is_refused_and_harms_nobody() {
    let (_server, desk) = start(&["Market"]).await;
    let text = "x".repeat(9_000);
    let one = |n: usize| {
        let context = json!([{"Application": "A", "Metadata": {"text": text}}]);
        json!({"Type": "Market", "Code": format!("{n:04}"), "Context": context})
    };
    let batch: Vec<Value> = (0..400).map(one).collect();
    let refused = desk.post("/asset", &json!(batch)).await;
    codes(&refused, 422, &["TooManyChanges"]);
    assert_eq!(desk.read("/asset").await, json!([]));
    empty(&desk.post("/asset", &json!(batch[..50])).await, 204);
    assert_eq!(desk.read("/asset").await.as_array().unwrap().len(), 50);
}
