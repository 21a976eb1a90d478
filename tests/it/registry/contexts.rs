//! What applications keep: merged, replaced, taken away, and when an asset goes with it.

use serde_json::json;

use super::{apps, asset, at, codes, context, created, empty, start};

#[tokio::test(flavor = "multi_thread")]
async fn an_application_s_slice_is_replaced_as_a_whole() {
    let (_server, desk) = start(&["Market"]).await;
    let path = at("Market", "XSX");
    let with = |context| json!({"Type": "Market", "Code": "XSX", "Context": context});
    let full = json!([{"Application": "A",
        "IDs": [{"Name": "one", "Values": {"a": "1"}}, {"Name": "two"}],
        "Metadata": {"x": "1", "y": ""}}]);
    created(&desk.post(&path, &with(full.clone())).await, &path);
    assert_eq!(desk.read(&path).await["Context"], full);
    let less = json!([{"Application": "A", "Metadata": {"y": "2"}}]);
    created(&desk.post(&path, &with(less.clone())).await, &path);
    assert_eq!(desk.read(&path).await["Context"], less);
    // By its name alone: an empty slice, which is still one.
    let bare = json!([{"Application": "A"}]);
    created(&desk.post(&path, &with(bare.clone())).await, &path);
    assert_eq!(desk.read(&path).await["Context"], bare);
    assert_eq!(desk.read("/asset?app=A").await, json!([with(bare)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_absent_null_or_empty_is_the_same() {
    let (_server, desk) = start(&["Market"]).await;
    let path = at("Market", "XSX");
    let kept = asset("Market", "XSX", &["A"]);
    created(&desk.post(&path, &kept).await, &path);
    for nothing in [json!(null), json!([])] {
        let body = json!({"Type": "Market", "Code": "XSX", "Context": nothing});
        created(&desk.post(&path, &body).await, &path);
        assert_eq!(desk.read(&path).await, kept);
        let entry = json!({"Application": "A", "IDs": nothing, "Metadata": null});
        let body = json!({"Type": "Market", "Code": "XSX", "Context": [entry]});
        created(&desk.post(&path, &body).await, &path);
        assert_eq!(desk.read(&path).await["Context"], json!([{"Application": "A"}]));
        created(&desk.post(&path, &kept).await, &path);
        let body = json!({"Type": "Market", "Code": "XSX", "Context": nothing});
        created(&desk.patch(&path, &body).await, &path);
        assert_eq!(desk.read(&path).await, asset("Market", "XSX", &[]));
        created(&desk.post(&path, &kept).await, &path);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stored_order_stays_and_what_is_new_comes_last() {
    let (_server, desk) = start(&["Market"]).await;
    desk.asset("Market", "XSX", &["M", "B"]).await;
    desk.asset("Market", "XSX", &["A", "B", "Z"]).await;
    let path = at("Market", "XSX");
    assert_eq!(apps(&desk.read(&path).await), ["M", "B", "A", "Z"]);
    let replaced = asset("Market", "XSX", &["Z", "A"]);
    created(&desk.patch(&path, &replaced).await, &path);
    assert_eq!(apps(&desk.read(&path).await), ["Z", "A"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_empty_already_stays() {
    let (_server, desk) = start(&["Market"]).await;
    desk.asset("Market", "XSX", &[]).await;
    let path = at("Market", "XSX");
    empty(&desk.delete(&format!("{path}?app=A&deleteOnEmpty=true")).await, 204);
    empty(&desk.head(&path).await, 204);
    // Nor is anything emptied by an application that keeps nothing of it.
    desk.asset("Market", "XSX", &["A"]).await;
    empty(&desk.delete(&format!("{path}?app=B&deleteOnEmpty=true")).await, 204);
    assert_eq!(apps(&desk.read(&path).await), ["A"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn delete_on_empty_without_app_is_a_plain_delete() {
    let (_server, desk) = start(&["Market", "User"]).await;
    for flag in ["true", "false"] {
        desk.asset("Market", "XSX", &["A"]).await;
        let path = format!("{}?deleteOnEmpty={flag}", at("Market", "XSX"));
        empty(&desk.delete(&path).await, 204);
        empty(&desk.head(&at("Market", "XSX")).await, 404);
    }
    desk.link("User/1", "Market/XSX", &[]).await;
    let path = format!("{}?deleteOnEmpty=true", at("Market", "XSX"));
    codes(&desk.delete(&path).await, 409, &["AssetInUse"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_referenced_keeps_its_context_when_it_would_go_with_it() {
    let (_server, desk) = start(&["Market", "User"]).await;
    desk.asset("Market", "XSX", &["A", "B"]).await;
    desk.link("User/1", "Market/XSX", &["A"]).await;
    let path = at("Market", "XSX");
    let all = format!("{path}?app=A&app=B&deleteOnEmpty=true");
    codes(&desk.delete(&all).await, 409, &["AssetInUse"]);
    assert_eq!(desk.read(&path).await["Context"], context(&["A", "B"]));
    // Without the wish to have it gone it loses them, and its associations keep theirs.
    empty(&desk.delete(&format!("{path}?app=A&app=B")).await, 204);
    assert_eq!(desk.read(&path).await, asset("Market", "XSX", &[]));
    let link = desk.read("/association/from/User/1/to/Market/XSX").await;
    assert_eq!(link["Association"]["Context"], context(&["A"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn applications_are_any_text() {
    let (_server, desk) = start(&["Market"]).await;
    let names = ["a,b", "a b", "ä+ö", "A&B=C", "..", "a"];
    desk.asset("Market", "XSX", &names).await;
    let path = at("Market", "XSX");
    let rows = ["a%2Cb", "a+b", "%C3%A4%2B%C3%B6", "A%26B%3DC", ".."];
    for (gone, query) in rows.iter().enumerate() {
        assert_eq!(desk.read(&format!("/asset?app={query}")).await.as_array().unwrap().len(), 1);
        empty(&desk.delete(&format!("{path}?app={query}")).await, 204);
        assert_eq!(apps(&desk.read(&path).await), names[gone + 1..]);
    }
    // No list with commas, no other case.
    assert_eq!(desk.read("/asset?app=A").await, json!([]));
    assert_eq!(desk.read("/asset?app=a,b").await, json!([]));
}
