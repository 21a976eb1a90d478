//! Asset types.

use serde_json::json;

use super::{asset, at, codes, created, empty, far_ends, names, start};

#[tokio::test(flavor = "multi_thread")]
async fn one_is_made_replaced_read_and_deleted() {
    let (_server, desk) = start(&[]).await;
    let path = "/type/bycode/TradingAccount";
    empty(&desk.head(path).await, 404);
    empty(&desk.get(path).await, 404);
    let first = json!({"Code": "TradingAccount", "Metadata": {"Disabled": "False", "Icon": ""}});
    created(&desk.post(path, &first).await, path);
    assert_eq!(desk.read(path).await, first);
    empty(&desk.head(path).await, 204);
    // Replaced, not merged.
    let second = json!({"Code": "TradingAccount", "Metadata": {"Disabled": "True"}});
    created(&desk.post(path, &second).await, path);
    assert_eq!(desk.read(path).await, second);
    let bare = json!({"Code": "TradingAccount"});
    created(&desk.post(path, &bare).await, path);
    assert_eq!(desk.read(path).await, bare);
    empty(&desk.delete(path).await, 204);
    empty(&desk.delete(path).await, 404);
    empty(&desk.head(path).await, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_one() {
    let (_server, desk) = start(&["A"]).await;
    let rows = [
        (json!({"Code": "B"}), &["CodeMismatch"][..]),
        (json!({"Code": "a"}), &["CodeMismatch"]),
        (json!({}), &["MissingCode"]),
        (json!({"Code": ""}), &["MissingCode"]),
        (json!({"Code": " "}), &["InvalidCode"]),
        (json!({"Type": "A"}), &["UnknownField", "MissingCode"]),
        (json!({"Code": "A", "Metadata": {"x": 1}}), &["InvalidJson"]),
        (json!({"Code": "A", "Metadata": {"x": null}}), &["InvalidJson"]),
        (json!("A"), &["InvalidJson"]),
    ];
    for (body, expected) in rows {
        codes(&desk.post("/type/bycode/A", &body).await, 422, expected);
    }
    codes(&desk.get("/type/bycode/%20").await, 422, &["InvalidCode"]);
    empty(&desk.head("/type/bycode/%ff").await, 422);
    codes(&desk.delete("/type/bycode/%0A").await, 422, &["InvalidCode"]);
    assert_eq!(desk.read("/type").await, json!([{"Code": "A"}]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_one_takes_its_assets_along() {
    let (_server, desk) = start(&["Market", "User", "News"]).await;
    desk.asset("Market", "XSX", &["A"]).await;
    desk.link("User/1", "Market/XSX", &[]).await;
    let new = json!({"Code": "Exchange:1", "Metadata": {"x": "y"}});
    created(&desk.patch("/type/bycode/Market", &new).await, "/type/bycode/Exchange%3A1");
    empty(&desk.get("/type/bycode/Market").await, 404);
    assert_eq!(desk.read("/type/bycode/Exchange%3A1").await, new);
    empty(&desk.get(&at("Market", "XSX")).await, 404);
    let moved = desk.read(&at("Exchange%3A1", "XSX")).await;
    assert_eq!(moved, asset("Exchange:1", "XSX", &["A"]));
    assert_eq!(far_ends(&desk.read("/association/from/User/1").await), ["Exchange:1/XSX"]);
    assert_eq!(names(&desk.read("/asset").await), ["Exchange:1/XSX", "User/1"]);
    let codes_of = |list: serde_json::Value| -> Vec<String> {
        list.as_array().unwrap().iter().map(|it| it["Code"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(codes_of(desk.read("/type").await), ["Exchange:1", "News", "User"]);

    // Its own name, another's, and one that is not there.
    created(&desk.patch("/type/bycode/News", &json!({"Code": "News"})).await, "/type/bycode/News");
    let taken = desk.patch("/type/bycode/News", &json!({"Code": "User"})).await;
    codes(&taken, 422, &["AssetTypeExists"]);
    empty(&desk.patch("/type/bycode/Market", &json!({"Code": "M"})).await, 404);
    codes(&desk.patch("/type/bycode/News", &json!({})).await, 422, &["MissingCode"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_with_assets_stays() {
    let (_server, desk) = start(&["Market", "News"]).await;
    desk.asset("Market", "XSX", &[]).await;
    codes(&desk.delete("/type/bycode/Market").await, 409, &["AssetTypeInUse"]);
    let both = desk.delete_listed("/type/bycode", &json!(["News", "Market"])).await;
    codes(&both, 409, &["AssetTypeInUse"]);
    empty(&desk.head("/type/bycode/News").await, 204);
    empty(&desk.delete(&at("Market", "XSX")).await, 204);
    let all = desk.delete_listed("/type/bycode", &json!(["News", "Market", "None", "News"])).await;
    empty(&all, 204);
    assert_eq!(desk.read("/type").await, json!([]));
    empty(&desk.delete_listed("/type/bycode", &json!([])).await, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_are_made_and_read() {
    let (_server, desk) = start(&[]).await;
    let all = json!([
        {"Code": "User"}, {"Code": "Client", "Metadata": {"x": "1"}}, {"Code": "ä"},
        {"Code": "client"}, {"Code": "Market"},
    ]);
    empty(&desk.post("/type", &all).await, 204);
    let sorted = json!([
        {"Code": "Client", "Metadata": {"x": "1"}}, {"Code": "Market"}, {"Code": "User"},
        {"Code": "client"}, {"Code": "ä"},
    ]);
    assert_eq!(desk.read("/type").await, sorted);
    let some = json!([{"Code": "Market"}, {"Code": "User"}]);
    assert_eq!(desk.read("/type/bycode?code=User&code=None&code=Market&code=User").await, some);
    assert_eq!(desk.read("/type/bycode").await, json!([]));
    assert_eq!(desk.post("/type/bycode", &json!(["User", "Market"])).await.expect(200), some);
    assert_eq!(desk.post("/type/bycode", &json!([])).await.expect(200), json!([]));
    for (body, expected) in [
        (json!([{"Code": "A"}, {"Code": "A"}]), &["DuplicateAsset"][..]),
        (json!([{"Code": "A"}, {"Code": "\u{7}"}, {}]), &["MissingCode", "InvalidCode"]),
        (json!({"Code": "A"}), &["InvalidJson"]),
        (json!(["A"]), &["InvalidJson"]),
    ] {
        codes(&desk.post("/type", &body).await, 422, expected);
    }
    codes(&desk.post("/type/bycode", &json!(["", "x"])).await, 422, &["InvalidCode"]);
    codes(&desk.post("/type/bycode", &json!([1])).await, 422, &["InvalidJson"]);
    codes(&desk.get("/type/bycode?code=").await, 422, &["InvalidCode"]);
    assert_eq!(desk.read("/type").await, sorted);
}
