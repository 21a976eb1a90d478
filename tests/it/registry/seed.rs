//! The document that asked for the registry, walked row by row: each method, parameter and code.
//! `docs/seed_registry.md` says which line is shown by which test.

use serde_json::json;

use super::{at, codes, context, created, empty, far_ends, start};

/// "Example" of an asset, with all that one may have.
fn market() -> serde_json::Value {
    json!({"Code": "XSX", "Type": "Market", "Context": [
        {"Application": "Zenith",
         "IDs": [{"Name": "Visibilities",
                  "Values": {"Full": "Everything", "Limited": "State,Pricing"}}],
         "Metadata": {"Region": "AU"}},
        {"Application": "Watchmaker", "Metadata": {"MaxLists": "20"}}]})
}

#[tokio::test(flavor = "multi_thread")]
async fn head_checks_if_one_is_registered() {
    let (_server, desk) = start(&["Market", "TradingAccount"]).await;
    desk.asset("Market", "XSX", &[]).await;
    desk.asset("TradingAccount", "XS:0001", &[]).await;
    empty(&desk.head("/asset/bytype/Market/bycode/XSX").await, 204);
    empty(&desk.head("/asset/bytype/TradingAccount/bycode/XS%3A0001").await, 204);
    // Absent: the asset, or its type.
    empty(&desk.head("/asset/bytype/Market/bycode/XSY").await, 404);
    empty(&desk.head("/asset/bytype/News/bycode/XSX").await, 404);
    for invalid in ["/asset/bytype/%09/bycode/XSX", "/asset/bytype/Market/bycode/%ff"] {
        empty(&desk.head(invalid).await, 422);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn get_retrieves_one() {
    let (_server, desk) = start(&["Market", "TradingAccount"]).await;
    let path = at("Market", "XSX");
    created(&desk.post(&path, &market()).await, &path);
    let found = desk.get(&path).await;
    assert_eq!(found.expect(200), market());
    assert_eq!(found.header("content-type"), Some("application/json"));
    // Without context it has no such member.
    desk.asset("TradingAccount", "XS:0001", &[]).await;
    let bare = desk.read("/asset/bytype/TradingAccount/bycode/XS%3A0001").await;
    assert_eq!(bare, json!({"Code": "XS:0001", "Type": "TradingAccount"}));
    empty(&desk.get(&at("Market", "XSY")).await, 404);
    empty(&desk.get(&at("News", "XSX")).await, 404);
    codes(&desk.get(&at("Market", "%20")).await, 422, &["InvalidCode"]);
    codes(&desk.get(&at("%00", "%20")).await, 422, &["InvalidType", "InvalidCode"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn post_adds_one_or_merges_into_it() {
    let (_server, desk) = start(&["Market"]).await;
    let path = at("Market", "XSX");
    created(&desk.post(&path, &market()).await, &path);
    assert_eq!(desk.read(&path).await, market());
    // One application's slice is replaced as a whole, another added, the third stays.
    let update = json!({"Type": "Market", "Code": "XSX", "Context": [
        {"Application": "Watchmaker", "Metadata": {"Open": "10:00"}},
        {"Application": "OMS", "Metadata": {"Owner": "XS"}}]});
    created(&desk.post(&path, &update).await, &path);
    let mut merged = market();
    merged["Context"][1] = update["Context"][0].clone();
    merged["Context"].as_array_mut().unwrap().push(update["Context"][1].clone());
    assert_eq!(desk.read(&path).await, merged);
    // Without context nothing changes.
    created(&desk.post(&path, &json!({"Type": "Market", "Code": "XSX"})).await, &path);
    assert_eq!(desk.read(&path).await, merged);
}

#[tokio::test(flavor = "multi_thread")]
async fn post_must_match_its_url() {
    let (_server, desk) = start(&["Market", "News"]).await;
    let path = at("Market", "XSX");
    let rows = [
        (json!({"Type": "News", "Code": "XSY"}), &["TypeMismatch", "CodeMismatch"][..]),
        (json!({"Type": "News", "Code": "XSX"}), &["TypeMismatch"]),
        (json!({"Type": "Market", "Code": "xsx"}), &["CodeMismatch"]),
        (json!({"Type": "Market"}), &["MissingCode"]),
        (json!({"Code": "XSX"}), &["MissingType"]),
        (json!({}), &["MissingType", "MissingCode"]),
        (json!([]), &["InvalidJson"]),
    ];
    for (body, expected) in rows {
        codes(&desk.post(&path, &body).await, 422, expected);
    }
    let unknown = json!({"Type": "Exchange", "Code": "XSX"});
    codes(&desk.post(&at("Exchange", "XSX"), &unknown).await, 422, &["AssetTypeNotFound"]);
    empty(&desk.get(&path).await, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn patch_replaces_one() {
    let (_server, desk) = start(&["Market"]).await;
    let path = at("Market", "XSX");
    desk.post(&path, &market()).await;
    let new = json!({"Type": "Market", "Code": "XSX", "Context": context(&["OMS"])});
    created(&desk.patch(&path, &new).await, &path);
    assert_eq!(desk.read(&path).await, new);
    let bare = json!({"Type": "Market", "Code": "XSX"});
    created(&desk.patch(&path, &bare).await, &path);
    assert_eq!(desk.read(&path).await, bare);
    empty(&desk.patch(&at("Market", "XSY"), &bare).await, 404);
    empty(&desk.patch(&at("News", "XSX"), &bare).await, 404);
    codes(&desk.patch(&path, &json!({"Code": "XSX"})).await, 422, &["MissingType"]);
    codes(&desk.patch(&at("Market", "%ff"), &bare).await, 422, &["InvalidCode"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn patch_renames_one_and_its_associations_follow() {
    let (_server, desk) = start(&["Market", "Exchange", "User"]).await;
    desk.asset("Market", "XSX", &["Zenith"]).await;
    desk.link("User/1", "Market/XSX", &["Zenith"]).await;
    desk.link("Market/XSX", "User/2", &[]).await;
    let moved = json!({"Type": "Exchange", "Code": "XS:X", "Context": context(&["OMS"])});
    let (old, new) = (at("Market", "XSX"), at("Exchange", "XS%3AX"));
    created(&desk.patch(&old, &moved).await, &new);
    empty(&desk.get(&old).await, 404);
    assert_eq!(desk.read(&new).await, moved);
    let from = desk.read("/association/from/User/1").await;
    assert_eq!(from["Associations"][0]["ToAsset"], moved);
    assert_eq!(from["Associations"][0]["Association"], json!({"Context": context(&["Zenith"])}));
    let to = desk.read("/association/to/User/2").await;
    assert_eq!(far_ends(&to), ["Exchange/XS:X"]);
    empty(&desk.head("/association/from/User/1/to/Market/XSX").await, 404);
    empty(&desk.head("/association/from/User/1/to/Exchange/XS%3AX").await, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn delete_removes_one() {
    let (_server, desk) = start(&["Market"]).await;
    desk.asset("Market", "XSX", &["Zenith"]).await;
    let path = at("Market", "XSX");
    codes(&desk.delete(&at("Market", "%7F")).await, 422, &["InvalidCode"]);
    empty(&desk.delete(&path).await, 204);
    empty(&desk.get(&path).await, 404);
    empty(&desk.delete(&path).await, 404);
    empty(&desk.delete(&at("News", "XSX")).await, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn delete_fails_while_associations_reference_it() {
    let (_server, desk) = start(&["Market", "User"]).await;
    desk.link("User/1", "Market/XSX", &[]).await;
    desk.link("Market/SELF", "Market/SELF", &[]).await;
    for path in [at("User", "1"), at("Market", "XSX"), at("Market", "SELF")] {
        codes(&desk.delete(&path).await, 409, &["AssetInUse"]);
        empty(&desk.head(&path).await, 204);
    }
    empty(&desk.delete("/association/from/User/1/to/Market/XSX").await, 204);
    empty(&desk.delete("/association/from/Market/SELF/to/Market/SELF").await, 204);
    for path in [at("User", "1"), at("Market", "XSX"), at("Market", "SELF")] {
        empty(&desk.delete(&path).await, 204);
        empty(&desk.head(&path).await, 404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn delete_with_app_removes_context_instead() {
    let (_server, desk) = start(&["Market"]).await;
    desk.asset("Market", "XSX", &["A", "B", "C", "D"]).await;
    let path = at("Market", "XSX");
    empty(&desk.delete(&format!("{path}?app=B")).await, 204);
    assert_eq!(desk.read(&path).await["Context"], context(&["A", "C", "D"]));
    // Repeated, in another order, one of them twice, one unknown.
    empty(&desk.delete(&format!("{path}?app=D&app=A&app=A&app=Z")).await, 204);
    assert_eq!(desk.read(&path).await["Context"], context(&["C"]));
    empty(&desk.delete(&format!("{path}?app=C")).await, 204);
    assert_eq!(desk.read(&path).await, json!({"Type": "Market", "Code": "XSX"}));
    empty(&desk.delete(&format!("{}?app=C", at("Market", "XSY"))).await, 404);
    codes(&desk.delete(&format!("{path}?app=")).await, 422, &["InvalidParameter"]);
    empty(&desk.head(&path).await, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn delete_on_empty_removes_what_has_no_context_left() {
    let (_server, desk) = start(&["Market"]).await;
    desk.asset("Market", "XSX", &["A", "B"]).await;
    let path = at("Market", "XSX");
    empty(&desk.delete(&format!("{path}?app=A&deleteOnEmpty=true")).await, 204);
    assert_eq!(desk.read(&path).await["Context"], context(&["B"]));
    empty(&desk.delete(&format!("{path}?app=B&deleteOnEmpty=FALSE")).await, 204);
    empty(&desk.head(&path).await, 204);
    desk.asset("Market", "XSX", &["B"]).await;
    empty(&desk.delete(&format!("{path}?app=B&deleteOnEmpty=True")).await, 204);
    empty(&desk.head(&path).await, 404);
    for bad in [
        "deleteOnEmpty=1",
        "deleteOnEmpty=",
        "deleteOnEmpty",
        "deleteOnEmpty=true&deleteOnEmpty=true",
    ] {
        let told = desk.delete(&format!("{path}?app=B&{bad}")).await;
        codes(&told, 422, &["InvalidParameter"]);
    }
}
