//! Assets under another name: all that points to them follows.

use serde_json::json;

use super::{asset, at, codes, context, created, empty, far_ends, names, start};

#[tokio::test(flavor = "multi_thread")]
async fn case_alone_is_another_name() {
    let (_server, desk) = start(&["Market", "market"]).await;
    desk.asset("Market", "abc", &[]).await;
    created(
        &desk.patch(&at("Market", "abc"), &asset("Market", "ABC", &[])).await,
        &at("Market", "ABC"),
    );
    empty(&desk.head(&at("Market", "abc")).await, 404);
    desk.asset("Market", "abc", &["A"]).await;
    assert_eq!(names(&desk.read("/asset").await), ["Market/ABC", "Market/abc"]);
    created(
        &desk.patch(&at("Market", "abc"), &asset("market", "abc", &[])).await,
        &at("market", "abc"),
    );
    assert_eq!(names(&desk.read("/asset").await), ["Market/ABC", "market/abc"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_taken_is_never_merged_into() {
    let (_server, desk) = start(&["Market"]).await;
    desk.asset("Market", "A", &["X"]).await;
    desk.asset("Market", "B", &["Y"]).await;
    codes(
        &desk.patch(&at("Market", "A"), &asset("Market", "B", &["Z"])).await,
        422,
        &["AssetExists"],
    );
    let expected = json!([asset("Market", "A", &["X"]), asset("Market", "B", &["Y"])]);
    assert_eq!(desk.read("/asset").await, expected);
    // Once it is free it can be had.
    empty(&desk.delete(&at("Market", "B")).await, 204);
    created(
        &desk.patch(&at("Market", "A"), &asset("Market", "B", &["Z"])).await,
        &at("Market", "B"),
    );
    desk.asset("Market", "A", &[]).await;
    assert_eq!(names(&desk.read("/asset").await), ["Market/A", "Market/B"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_target_type_is_not_valid() {
    let (_server, desk) = start(&["Market"]).await;
    desk.asset("Market", "A", &["X"]).await;
    let target = asset("News", "A", &[]);
    codes(&desk.patch(&at("Market", "A"), &target).await, 422, &["AssetTypeNotFound"]);
    assert_eq!(desk.read(&at("Market", "A")).await, asset("Market", "A", &["X"]));
    // What is not valid is told before what is not there.
    codes(&desk.patch(&at("Market", "B"), &target).await, 422, &["AssetTypeNotFound"]);
    empty(&desk.patch(&at("News", "A"), &asset("Market", "A", &[])).await, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn both_ends_of_an_association_with_itself_follow() {
    let (_server, desk) = start(&["Market"]).await;
    desk.link("Market/A", "Market/A", &["X"]).await;
    let path = at("Market", "B");
    created(&desk.patch(&at("Market", "A"), &asset("Market", "B", &["Y"])).await, &path);
    let link = desk.read("/association/from/Market/B/to/Market/B").await;
    let end = asset("Market", "B", &["Y"]);
    let expected = json!({"FromAsset": end, "ToAsset": end,
        "Association": {"Context": context(&["X"])}});
    assert_eq!(link, expected);
    for path in ["/association/from/Market/B", "/association/to/Market/B"] {
        assert_eq!(far_ends(&desk.read(path).await), ["Market/B"]);
    }
    codes(&desk.delete(&path).await, 409, &["AssetInUse"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_may_swap_their_names() {
    let (_server, desk) = start(&["Market", "User"]).await;
    desk.link("User/1", "Market/A", &[]).await;
    desk.link("User/2", "Market/B", &[]).await;
    for (from, to) in [("A", "C"), ("B", "A"), ("C", "B")] {
        let moved = desk.patch(&at("Market", from), &asset("Market", to, &[])).await;
        created(&moved, &at("Market", to));
    }
    assert_eq!(far_ends(&desk.read("/association/from/User/1").await), ["Market/B"]);
    assert_eq!(far_ends(&desk.read("/association/from/User/2").await), ["Market/A"]);
    assert_eq!(far_ends(&desk.read("/association/to/Market/A").await), ["User/2"]);
}
