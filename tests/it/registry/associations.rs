//! Associations: one and many, from both ends, brought in line, and all that is reached.

use serde_json::{Value, json};

use super::{
    Desk, apps, asset, at, codes, context, created, empty, far_ends, link, name, named, names,
    start,
};

const TYPES: &[&str] = &["User", "Market", "Group", "Account"];

/// The body of an asset with its associations.
fn many(root: &Value, ends: &[(&str, &[&str])]) -> Value {
    let entries = ends.iter().map(|(to, apps)| {
        let mut entry = json!({"ToAsset": named(to)});
        if !apps.is_empty() {
            entry["Association"] = json!({"Context": context(apps)});
        }
        entry
    });
    json!({"Root": root, "Associations": entries.collect::<Vec<_>>()})
}

#[tokio::test(flavor = "multi_thread")]
async fn one_is_made_merged_read_and_deleted() {
    let (_server, desk) = start(TYPES).await;
    let path = "/association/from/User/1/to/Market/XSX";
    empty(&desk.head(path).await, 404);
    empty(&desk.get(path).await, 404);
    empty(&desk.delete(path).await, 404);
    let first = json!({"FromAsset": asset("User", "1", &["A"]), "ToAsset": named("Market/XSX"),
        "Association": {"Context": context(&["Zenith"])}});
    created(&desk.post(path, &first).await, path);
    assert_eq!(desk.read(path).await, first);
    empty(&desk.head(path).await, 204);
    // The ends exist now, with what was sent of them.
    assert_eq!(desk.read(&at("User", "1")).await, asset("User", "1", &["A"]));
    assert_eq!(desk.read(&at("Market", "XSX")).await, asset("Market", "XSX", &[]));
    // Both ends and the association are merged.
    let second = json!({"FromAsset": asset("User", "1", &["B"]), "ToAsset": asset("Market", "XSX", &["C"]),
        "Association": {"Context": context(&["OMS"])}});
    created(&desk.post(path, &second).await, path);
    let merged = json!({"FromAsset": asset("User", "1", &["A", "B"]),
        "ToAsset": asset("Market", "XSX", &["C"]),
        "Association": {"Context": context(&["Zenith", "OMS"])}});
    assert_eq!(desk.read(path).await, merged);
    // Without a context it stays as it is.
    created(&desk.post(path, &link("User/1", "Market/XSX", &[])).await, path);
    assert_eq!(desk.read(path).await, merged);
    // The other direction is another one.
    empty(&desk.head("/association/from/Market/XSX/to/User/1").await, 404);
    empty(&desk.delete(path).await, 204);
    empty(&desk.get(path).await, 404);
    assert_eq!(names(&desk.read("/asset").await), ["Market/XSX", "User/1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_one() {
    let (_server, desk) = start(&["User", "Market"]).await;
    let path = "/association/from/User/1/to/Market/XSX";
    let rows: &[(Value, &[&str])] = &[
        (link("User/2", "Market/XSX", &[]), &["CodeMismatch"]),
        (link("User/1", "User/XSX", &[]), &["TypeMismatch"]),
        (link("Market/XSX", "User/1", &[]), &["TypeMismatch", "CodeMismatch"]),
        (json!({"FromAsset": named("User/1")}), &["MissingType", "MissingCode"]),
        (json!({"Root": 1}), &["UnknownField", "MissingType", "MissingCode"]),
        (json!([]), &["InvalidJson"]),
        (
            json!({"FromAsset": named("User/1"), "ToAsset": named("Market/XSX"),
                "Association": {"Context": [{"Application": ""}], "FromAsset": {}}}),
            &["UnknownField", "MissingApplication"],
        ),
    ];
    for (body, expected) in rows {
        codes(&desk.post(path, body).await, 422, expected);
    }
    codes(
        &desk.get("/association/from/%20/1/to/Market/%ff").await,
        422,
        &["InvalidType", "InvalidCode"],
    );
    empty(&desk.head("/association/from/User/1/to/Market/%00").await, 422);
    // A type that is not there: no asset is made.
    let unknown =
        desk.post("/association/from/User/1/to/News/N", &link("User/1", "News/N", &[])).await;
    codes(&unknown, 422, &["AssetTypeNotFound"]);
    assert_eq!(desk.read("/asset").await, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_applications_keep_of_one_is_taken_away() {
    let (_server, desk) = start(TYPES).await;
    let path = "/association/from/User/1/to/Market/XSX";
    desk.link("User/1", "Market/XSX", &["A", "B", "C"]).await;
    empty(&desk.delete(&format!("{path}?app=A&app=B")).await, 204);
    assert_eq!(apps(&desk.read(path).await["Association"]), ["C"]);
    empty(&desk.delete(&format!("{path}?app=Z&deleteOnEmpty=true")).await, 204);
    empty(&desk.delete(&format!("{path}?app=C")).await, 204);
    assert_eq!(desk.read(path).await, link("User/1", "Market/XSX", &[]));
    // It was empty before.
    empty(&desk.delete(&format!("{path}?app=C&deleteOnEmpty=true")).await, 204);
    empty(&desk.head(path).await, 204);
    codes(&desk.delete(&at("Market", "XSX")).await, 409, &["AssetInUse"]);
    desk.link("User/1", "Market/XSX", &["A"]).await;
    codes(&desk.delete(&format!("{path}?app=")).await, 422, &["InvalidParameter"]);
    empty(&desk.delete(&format!("{path}?app=A&deleteOnEmpty=true")).await, 204);
    empty(&desk.head(path).await, 404);
}

/// User 1 has an account, two markets and a group.
async fn family(desk: &Desk) {
    desk.asset("User", "1", &["Root"]).await;
    desk.asset("Market", "XSX", &["Far"]).await;
    desk.link("User/1", "Market/XSX", &["Zenith"]).await;
    desk.link("User/1", "Market/ABC", &["Zenith", "OMS"]).await;
    desk.link("User/1", "Account/1", &[]).await;
    desk.link("User/2", "Market/XSX", &["OMS"]).await;
    desk.link("Group/G", "Market/XSX", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_from_both_ends() {
    let (_server, desk) = start(TYPES).await;
    family(&desk).await;
    let rows: &[(&str, &[&str])] = &[
        ("/association/from/User/1", &["Account/1", "Market/ABC", "Market/XSX"]),
        ("/association/from/User/1?app=Zenith", &["Market/ABC", "Market/XSX"]),
        ("/association/from/User/1?app=OMS&app=None", &["Market/ABC"]),
        ("/association/from/User/1?app=Far", &[]),
        ("/association/from/User/1?totype=Account", &["Account/1"]),
        ("/association/from/User/1?totype=Account&totype=Market&app=OMS", &["Market/ABC"]),
        ("/association/from/User/1?totype=None", &[]),
        ("/association/from/User/1/to/Market", &["Market/ABC", "Market/XSX"]),
        ("/association/from/User/1/to/Market?app=OMS", &["Market/ABC"]),
        ("/association/from/User/1/to/None", &[]),
        ("/association/from/Market/XSX", &[]),
        ("/association/to/Market/XSX", &["Group/G", "User/1", "User/2"]),
        ("/association/to/Market/XSX?fromtype=User", &["User/1", "User/2"]),
        ("/association/to/Market/XSX?fromtype=User&app=OMS", &["User/2"]),
        ("/association/to/User/1", &[]),
    ];
    for (path, expected) in rows {
        let list = desk.read(path).await;
        assert_eq!(far_ends(&list), *expected, "{path}");
        assert!(list["Root"].is_object(), "{path}");
        let head = desk.head(path).await;
        assert_eq!((head.status, head.bytes.len()), (200, 0), "{path}");
    }
    let expected = json!({"Root": asset("User", "1", &["Root"]), "Associations": [
        {"ToAsset": named("Market/ABC"), "Association": {"Context": context(&["Zenith", "OMS"])}},
        {"ToAsset": asset("Market", "XSX", &["Far"]), "Association": {"Context": context(&["Zenith"])}},
    ]});
    assert_eq!(desk.read("/association/from/User/1/to/Market").await, expected);
    let expected = json!({"Root": asset("User", "1", &["Root"])});
    assert_eq!(desk.read("/association/from/User/1?app=Far").await, expected);
    for absent in [
        "/association/from/User/9",
        "/association/from/User/9/to/Market",
        "/association/to/User/9",
        "/association/from/User/9/transitive",
        "/association/to/None/1",
    ] {
        empty(&desk.get(absent).await, 404);
        empty(&desk.head(absent).await, 404);
    }
    codes(
        &desk.get("/association/from/User/1?totype=&app=").await,
        422,
        &["InvalidType", "InvalidParameter"],
    );
    codes(&desk.get("/association/from/User/1/to/%20").await, 422, &["InvalidType"]);
    codes(
        &desk.get("/association/to/%00/%ff?fromtype=%ff").await,
        422,
        &["InvalidType", "InvalidCode", "InvalidParameter"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn many_are_made_at_once() {
    let (_server, desk) = start(TYPES).await;
    let body = many(&asset("User", "1", &["A"]), &[("Market/XSX", &["Z"]), ("Account/1", &[])]);
    empty(&desk.post("/association", &body).await, 204);
    assert_eq!(far_ends(&desk.read("/association/from/User/1").await), ["Account/1", "Market/XSX"]);
    assert_eq!(apps(&desk.read(&at("User", "1")).await), ["A"]);
    let more = many(&asset("User", "1", &["B"]), &[("Market/XSX", &["Y"]), ("Group/G", &[])]);
    empty(&desk.post("/association/from/User/1", &more).await, 204);
    let link = desk.read("/association/from/User/1/to/Market/XSX").await;
    assert_eq!(apps(&link["Association"]), ["Z", "Y"]);
    assert_eq!(apps(&link["FromAsset"]), ["A", "B"]);
    // All or none.
    let before = desk.read("/asset").await;
    let rows: &[(&str, Value, &[&str])] = &[
        ("/association/from/User/2", more.clone(), &["CodeMismatch"]),
        ("/association/from/Group/1", more.clone(), &["TypeMismatch"]),
        (
            "/association",
            many(&named("User/7"), &[("Group/7", &[]), ("News/1", &[])]),
            &["AssetTypeNotFound"],
        ),
        (
            "/association",
            many(&named("User/7"), &[("Group/7", &[]), ("Group/7", &["A"])]),
            &["DuplicateAsset"],
        ),
        (
            "/association",
            json!({"Associations": [{"ToAsset": named("Group/7")}]}),
            &["MissingType", "MissingCode"],
        ),
        ("/association", json!([]), &["InvalidJson"]),
    ];
    for (path, body, expected) in rows {
        codes(&desk.post(path, body).await, 422, expected);
        assert_eq!(desk.read("/asset").await, before, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn those_from_one_asset_are_deleted_and_the_assets_stay() {
    let (_server, desk) = start(TYPES).await;
    family(&desk).await;
    let path = "/association/from/User/1";
    let assets = desk.read("/asset").await;
    empty(&desk.delete(&format!("{path}?app=OMS&deleteOnEmpty=true")).await, 204);
    assert_eq!(far_ends(&desk.read(path).await), ["Account/1", "Market/ABC", "Market/XSX"]);
    empty(&desk.delete(&format!("{path}?totype=Market&app=Zenith&deleteOnEmpty=true")).await, 204);
    assert_eq!(far_ends(&desk.read(path).await), ["Account/1"]);
    empty(&desk.delete(&format!("{path}?totype=Market")).await, 204);
    assert_eq!(far_ends(&desk.read(path).await), ["Account/1"]);
    codes(&desk.delete(&format!("{path}?app=")).await, 422, &["InvalidParameter"]);
    empty(&desk.delete(path).await, 204);
    assert_eq!(far_ends(&desk.read(path).await), [""; 0]);
    assert_eq!(desk.read("/asset").await, assets);
    empty(&desk.delete(path).await, 204);
    empty(&desk.delete("/association/from/User/9").await, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn those_of_one_type_are_brought_in_line() {
    let (_server, desk) = start(TYPES).await;
    family(&desk).await;
    let path = "/association/from/User/1/to/Market";
    let listed = many(&named("User/1"), &[("Market/XSX", &["New"]), ("Market/NEW", &[])]);
    empty(&desk.patch(path, &listed).await, 204);
    let all = desk.read("/association/from/User/1").await;
    assert_eq!(far_ends(&all), ["Account/1", "Market/NEW", "Market/XSX"]);
    let link = desk.read("/association/from/User/1/to/Market/XSX").await;
    assert_eq!(apps(&link["Association"]), ["Zenith", "New"]);
    // What it says of the association never lands on the asset.
    assert_eq!(apps(&link["ToAsset"]), ["Far"]);
    assert_eq!(desk.read(&at("Market", "ABC")).await, named("Market/ABC"));
    // With an application the others lose what it keeps, and go where nothing is left.
    let listed = many(&named("User/1"), &[("Market/NEW", &[])]);
    empty(&desk.patch(&format!("{path}?app=New"), &listed).await, 204);
    let link = desk.read("/association/from/User/1/to/Market/XSX").await;
    assert_eq!(apps(&link["Association"]), ["Zenith"]);
    empty(&desk.patch(&format!("{path}?app=Zenith&deleteOnEmpty=true"), &listed).await, 204);
    assert_eq!(far_ends(&desk.read(path).await), ["Market/NEW"]);
    let rows: &[(&str, Value, &[&str])] = &[
        (path, many(&named("User/1"), &[("Group/G", &[])]), &["TypeMismatch"]),
        (path, many(&named("User/2"), &[]), &["CodeMismatch"]),
        (
            "/association/from/User/1/to/News",
            many(&named("User/1"), &[("News/1", &[])]),
            &["AssetTypeNotFound"],
        ),
        (
            "/association/from/User/1/to/Market?app=",
            many(&named("User/1"), &[]),
            &["InvalidParameter"],
        ),
    ];
    for (path, body, expected) in rows {
        codes(&desk.patch(path, body).await, 422, expected);
    }
    empty(&desk.patch(path, &many(&named("User/1"), &[])).await, 204);
    assert_eq!(far_ends(&desk.read("/association/from/User/1").await), ["Account/1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_reached_is_shown_once_also_in_circles() {
    let (_server, desk) = start(TYPES).await;
    desk.asset("Group", "G", &["X"]).await;
    desk.link("User/1", "Group/G", &["OMS"]).await;
    desk.link("User/1", "Market/XSX", &[]).await;
    desk.link("Group/G", "Market/XSX", &["Zenith"]).await;
    desk.link("Market/XSX", "User/1", &[]).await;
    desk.link("Market/XSX", "Market/XSX", &[]).await;
    desk.link("User/2", "Group/G", &[]).await;
    let edges = |list: &Value| -> Vec<String> {
        let listed = list["Associations"].as_array().into_iter().flatten();
        listed.map(|it| format!("{} {}", name(&it["FromAsset"]), name(&it["ToAsset"]))).collect()
    };
    let path = "/association/from/User/1/transitive";
    let all = desk.read(path).await;
    let expected = [
        "Group/G Market/XSX",
        "Market/XSX Market/XSX",
        "Market/XSX User/1",
        "User/1 Group/G",
        "User/1 Market/XSX",
    ];
    assert_eq!(edges(&all), expected);
    assert_eq!(all["Root"], named("User/1"));
    assert_eq!(all["Associations"][0]["FromAsset"], named("Group/G"));
    assert_eq!(all["Associations"][3]["ToAsset"], asset("Group", "G", &["X"]));
    assert_eq!(all["Associations"][3]["Association"], json!({"Context": context(&["OMS"])}));
    // Filters choose what is shown, not what is followed.
    let found = desk.read(&format!("{path}?app=Zenith")).await;
    assert_eq!(edges(&found), ["Group/G Market/XSX"]);
    let found = desk.read(&format!("{path}?totype=User&totype=Group")).await;
    assert_eq!(edges(&found), ["Market/XSX User/1", "User/1 Group/G"]);
    assert_eq!(edges(&desk.read("/association/from/User/2/transitive?app=None").await), [""; 0]);
}

/// Whoever wins, no association is left with an end that is gone.
#[tokio::test(flavor = "multi_thread")]
async fn linking_and_deleting_at_once() {
    let (_server, desk) = start(TYPES).await;
    let path = "/association/from/User/1/to/Market/XSX";
    for _ in 0..20 {
        desk.asset("Market", "XSX", &[]).await;
        let (linking, deleting) = (desk.clone(), desk.clone());
        let link = tokio::spawn(async move {
            linking.post(path, &link("User/1", "Market/XSX", &[])).await.status
        });
        let delete =
            tokio::spawn(async move { deleting.delete(&at("Market", "XSX")).await.status });
        assert_eq!(link.await.unwrap(), 201);
        let deleted = delete.await.unwrap();
        assert!([204, 409].contains(&deleted), "{deleted}");
        // Linking makes what is missing, so the association is there either way.
        empty(&desk.head(path).await, 204);
        empty(&desk.head(&at("Market", "XSX")).await, 204);
        empty(&desk.delete(path).await, 204);
    }
}
