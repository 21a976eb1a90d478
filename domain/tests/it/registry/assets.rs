//! Assets: merge, replace, rename, remove.

use super::wire::{walk, with_types};

const XSX: &str = "/asset/bytype/Market/bycode/XSX";
const GET: &str = "GET /asset/bytype/Market/bycode/XSX";
const POST: &str = "POST /asset/bytype/Market/bycode/XSX";
const PATCH: &str = "PATCH /asset/bytype/Market/bycode/XSX";
const DELETE: &str = "DELETE /asset/bytype/Market/bycode/XSX";
const BARE: &str = r#"{"Code":"XSX","Type":"Market"}"#;
/// Two applications, Zenith before Aurora: the order sent is kept, names within are sorted.
const TWO: &str = r#"{"Code":"XSX","Context":[{"Application":"Zenith","IDs":[{"Name":"Visibilities","Values":{"Full":"Everything","Limited":"State,Pricing"}}],"Metadata":{"Region":"AU"}},{"Application":"Aurora","Metadata":{"MaxLists":"20"}}],"Type":"Market"}"#;

fn with(context: &str) -> String {
    format!(r#"{{"Code":"XSX","Context":{context},"Type":"Market"}}"#)
}

#[test]
fn an_asset_is_there_once_it_is_posted_and_gone_once_deleted() {
    let mut world = with_types();
    walk(
        &mut world,
        &[
            ("HEAD /asset/bytype/Market/bycode/XSX", "", "404"),
            (GET, "", "404"),
            (POST, TWO, "done"),
            ("HEAD /asset/bytype/Market/bycode/XSX", "", "yes"),
            (GET, "", TWO),
            (POST, TWO, "unchanged"),
            (DELETE, "", "done"),
            (GET, "", "404"),
            (DELETE, "", "404"),
            ("DELETE /asset/bytype/Nope/bycode/XSX", "", "404"),
            ("GET /asset/bytype/Nope/bycode/XSX", "", "404"),
        ],
    );
}

#[test]
fn a_post_replaces_entries_of_applications_as_a_whole_and_keeps_the_others() {
    let mut world = with_types();
    let replaced = with(
        r#"[{"Application":"Zenith","Metadata":{"New":"1"}},{"Application":"Aurora","Metadata":{"MaxLists":"20"}},{"Application":"OMS"}]"#,
    );
    walk(
        &mut world,
        &[
            (POST, TWO, "done"),
            // Neither the other application nor the place in the list changes; new ones come last.
            (
                POST,
                &with(r#"[{"Application":"OMS"},{"Application":"Zenith","Metadata":{"New":"1"}}]"#),
                "done",
            ),
            (GET, "", &replaced),
            // Without context nothing changes.
            (POST, BARE, "unchanged"),
            (POST, &with("null"), "unchanged"),
            (POST, &with("[]"), "unchanged"),
            (GET, "", &replaced),
        ],
    );
    // A bare entry overwrites, and still counts as context.
    let bare = r#"[{"Application":"Zenith"}]"#;
    assert_eq!(world.send(POST, &with(bare)), "done");
    assert!(world.ask(GET).contains(r#"[{"Application":"Zenith"},{"Application":"Aurora""#));
    assert!(world.ask("GET /asset?app=Zenith").contains("XSX"));
}

#[test]
fn a_patch_replaces_the_whole_context() {
    let mut world = with_types();
    let aurora = with(r#"[{"Application":"Aurora"}]"#);
    walk(
        &mut world,
        &[
            (PATCH, TWO, "404"),
            (POST, TWO, "done"),
            (PATCH, &aurora, "done"),
            (GET, "", &aurora),
            (PATCH, &aurora, "unchanged"),
            (PATCH, BARE, "done"),
            (GET, "", BARE),
            (PATCH, &with("null"), "unchanged"),
        ],
    );
}

#[test]
fn a_rename_takes_associations_along_at_both_ends() {
    let mut world = with_types();
    let link = r#"{"FromAsset":{"Code":"u","Type":"User"},"ToAsset":{"Code":"XSX","Type":"Market"},"Association":{"Context":[{"Application":"A"}]}}"#;
    let back =
        r#"{"FromAsset":{"Code":"XSX","Type":"Market"},"ToAsset":{"Code":"u","Type":"User"}}"#;
    let itself =
        r#"{"FromAsset":{"Code":"XSX","Type":"Market"},"ToAsset":{"Code":"XSX","Type":"Market"}}"#;
    let x = "/association/from/Market/XSX";
    walk(
        &mut world,
        &[
            ("POST /association/from/User/u/to/Market/XSX", link, "done"),
            (&format!("POST {x}/to/User/u"), back, "done"),
            (&format!("POST {x}/to/Market/XSX"), itself, "done"),
            // Another type and another code at once.
            (PATCH, r#"{"Code":"x","Type":"User"}"#, "done"),
            (GET, "", "404"),
            (&format!("GET {x}"), "", "404"),
            ("GET /asset/bytype/User/bycode/x", "", r#"{"Code":"x","Type":"User"}"#),
            (
                "GET /association/from/User/u",
                "",
                r#"{"Associations":[{"Association":{"Context":[{"Application":"A"}]},"ToAsset":{"Code":"x","Type":"User"}}],"Root":{"Code":"u","Type":"User"}}"#,
            ),
            (
                "GET /association/to/User/x",
                "",
                r#"{"Associations":[{"Association":{"Context":[{"Application":"A"}]},"FromAsset":{"Code":"u","Type":"User"}},{"FromAsset":{"Code":"x","Type":"User"}}],"Root":{"Code":"x","Type":"User"}}"#,
            ),
            ("HEAD /association/from/User/x/to/User/x", "", "yes"),
            // The name is free again.
            (POST, BARE, "done"),
            (DELETE, "", "done"),
            ("DELETE /asset/bytype/User/bycode/x", "", "409 AssetInUse"),
            // From a patch on the old URL nothing can be renamed any more.
            (PATCH, r#"{"Code":"x","Type":"User"}"#, "404"),
        ],
    );
}

#[test]
fn a_rename_goes_to_a_free_name_of_a_known_type() {
    let mut world = with_types();
    let taken = r#"{"Code":"u","Type":"User"}"#;
    walk(
        &mut world,
        &[
            (POST, TWO, "done"),
            ("POST /asset/bytype/User/bycode/u", taken, "done"),
            (PATCH, taken, "422 AssetExists"),
            // Of a type that is not there: the request's fault. A literal reading of the page says 404.
            (PATCH, r#"{"Code":"XSX","Type":"Nope"}"#, "422 AssetTypeNotFound"),
            (
                "PATCH /asset/bytype/Nope/bycode/a",
                r#"{"Code":"XSX","Type":"Gone"}"#,
                "422 AssetTypeNotFound",
            ),
            // The source's own type is not there: so neither is the source.
            ("PATCH /asset/bytype/Nope/bycode/a", r#"{"Code":"b","Type":"Nope"}"#, "404"),
            // Without a source nothing clashes.
            ("PATCH /asset/bytype/Market/bycode/none", taken, "404"),
            (GET, "", TWO),
            // Codes differ by case.
            (PATCH, r#"{"Code":"xsx","Type":"Market"}"#, "done"),
            (GET, "", "404"),
            ("GET /asset/bytype/Market/bycode/xsx", "", r#"{"Code":"xsx","Type":"Market"}"#),
            ("GET /asset/bytype/market/bycode/xsx", "", "404"),
        ],
    );
}

#[test]
fn types_must_be_there_before_their_assets() {
    let mut world = with_types();
    walk(
        &mut world,
        &[
            (
                "POST /asset/bytype/Nope/bycode/a",
                r#"{"Code":"a","Type":"Nope"}"#,
                "422 AssetTypeNotFound",
            ),
            // All or none.
            (
                "POST /asset",
                r#"[{"Code":"a","Type":"User"},{"Code":"b","Type":"Nope"}]"#,
                "422 AssetTypeNotFound",
            ),
            ("GET /asset", "", "[]"),
            ("GET /asset/bytype/Nope", "", "[]"),
            ("GET /asset/bytype/Nope/bycode?code=a", "", "[]"),
            ("POST /asset", r#"[{"Code":"b","Type":"User"},{"Code":"a","Type":"User"}]"#, "done"),
            ("GET /asset", "", r#"[{"Code":"a","Type":"User"},{"Code":"b","Type":"User"}]"#),
            ("POST /asset", "[]", "unchanged"),
        ],
    );
}

#[test]
fn an_asset_that_is_associated_cannot_be_deleted() {
    let mut world = with_types();
    let link =
        r#"{"FromAsset":{"Code":"u","Type":"User"},"ToAsset":{"Code":"XSX","Type":"Market"}}"#;
    let itself =
        r#"{"FromAsset":{"Code":"XSX","Type":"Market"},"ToAsset":{"Code":"XSX","Type":"Market"}}"#;
    walk(
        &mut world,
        &[
            ("POST /association/from/User/u/to/Market/XSX", link, "done"),
            (DELETE, "", "409 AssetInUse"),
            ("DELETE /asset/bytype/User/bycode/u", "", "409 AssetInUse"),
            ("POST /association/from/Market/XSX/to/Market/XSX", itself, "done"),
            ("DELETE /association/from/User/u/to/Market/XSX", "", "done"),
            // Still with itself.
            (DELETE, "", "409 AssetInUse"),
            ("DELETE /association/from/Market/XSX/to/Market/XSX", "", "done"),
            (DELETE, "", "done"),
            ("DELETE /asset/bytype/User/bycode/u", "", "done"),
            ("GET /asset", "", "[]"),
            // Linked first or deleted first: one of the two loses, never both.
            (POST, BARE, "done"),
            (DELETE, "", "done"),
            ("POST /association/from/User/u/to/Market/XSX", link, "done"),
            (DELETE, "", "409 AssetInUse"),
        ],
    );
}

#[test]
fn with_applications_a_delete_takes_only_what_they_keep() {
    let mut world = with_types();
    let three = with(r#"[{"Application":"A"},{"Application":"B"},{"Application":"C"}]"#);
    let b = with(r#"[{"Application":"B"}]"#);
    walk(
        &mut world,
        &[
            (POST, &three, "done"),
            (&format!("{DELETE}?app=Unknown"), "", "unchanged"),
            (&format!("{DELETE}?app=a"), "", "unchanged"),
            // Each of several, also twice, and also with one that keeps nothing.
            (&format!("{DELETE}?app=A&app=C&app=A&app=X"), "", "done"),
            (GET, "", &b),
            (&format!("{DELETE}?app=B"), "", "done"),
            // The asset stays.
            (GET, "", BARE),
            (&format!("{DELETE}?app=B"), "", "unchanged"),
            ("DELETE /asset/bytype/Market/bycode/none?app=A", "", "404"),
            (&format!("DELETE {XSX}?app="), "", "422 InvalidParameter"),
            (&format!("DELETE {XSX}?app"), "", "422 InvalidParameter"),
            (GET, "", BARE),
        ],
    );
}

#[test]
fn deleted_when_empty_means_emptied_by_this_call() {
    let mut world = with_types();
    let two = with(r#"[{"Application":"A"},{"Application":"B"}]"#);
    let link =
        r#"{"FromAsset":{"Code":"u","Type":"User"},"ToAsset":{"Code":"XSX","Type":"Market"}}"#;
    walk(
        &mut world,
        &[
            (POST, &two, "done"),
            (&format!("{DELETE}?app=A&deleteOnEmpty=true"), "", "done"),
            (GET, "", &with(r#"[{"Application":"B"}]"#)),
            (&format!("{DELETE}?app=B&deleteOnEmpty=FALSE"), "", "done"),
            // Empty already: it stays. A literal reader may expect that it goes.
            (&format!("{DELETE}?app=B&deleteOnEmpty=true"), "", "unchanged"),
            (GET, "", BARE),
            (POST, &two, "done"),
            (&format!("{DELETE}?app=B&app=A&deleteOnEmpty=True"), "", "done"),
            (GET, "", "404"),
            // In use: nothing changes, the context neither.
            (POST, &two, "done"),
            ("POST /association/from/User/u/to/Market/XSX", link, "done"),
            (&format!("{DELETE}?app=B&app=A&deleteOnEmpty=true"), "", "409 AssetInUse"),
            (GET, "", &two),
            (&format!("{DELETE}?app=A&deleteOnEmpty=true"), "", "done"),
            // Without an application it is a plain delete.
            ("DELETE /association/from/User/u/to/Market/XSX", "", "done"),
            (&format!("{DELETE}?deleteOnEmpty=false"), "", "done"),
            (GET, "", "404"),
        ],
    );
}

#[test]
fn a_bulk_delete_takes_all_or_none_of_those_there_are() {
    let mut world = with_types();
    let many = r#"[{"Code":"a","Type":"User","Context":[{"Application":"A"}]},{"Code":"b","Type":"User"},{"Code":"c","Type":"User"}]"#;
    let link = r#"{"FromAsset":{"Code":"a","Type":"User"},"ToAsset":{"Code":"c","Type":"User"}}"#;
    let codes = "DELETE /asset/bytype/User/bycode";
    walk(
        &mut world,
        &[
            ("POST /asset", many, "done"),
            ("POST /association/from/User/a/to/User/c", link, "done"),
            (codes, r#"["b","c"]"#, "409 AssetInUse"),
            ("HEAD /asset/bytype/User/bycode/b", "", "yes"),
            (codes, "[]", "unchanged"),
            (codes, r#"["none"]"#, "unchanged"),
            ("DELETE /asset/bytype/Nope/bycode", r#"["a"]"#, "unchanged"),
            (codes, r#"["none","b","b"]"#, "done"),
            (&format!("{codes}?app=A&deleteOnEmpty=true"), r#"["c","a"]"#, "409 AssetInUse"),
            (&format!("{codes}?app=A"), r#"["c","a"]"#, "done"),
            ("GET /asset", "", r#"[{"Code":"a","Type":"User"},{"Code":"c","Type":"User"}]"#),
        ],
    );
}

#[test]
fn lists_are_chosen_by_type_code_and_application() {
    let mut world = with_types();
    let many = r#"[{"Code":"b","Type":"User","Context":[{"Application":"A"},{"Application":"B"}]},
        {"Code":"a","Type":"User","Context":[{"Application":"C"}]},
        {"Code":"Z","Type":"User"},
        {"Code":"XSX","Type":"Market","Context":[{"Application":"A"}]}]"#;
    let x = r#"{"Code":"XSX","Context":[{"Application":"A"}],"Type":"Market"}"#;
    let z = r#"{"Code":"Z","Type":"User"}"#;
    let a = r#"{"Code":"a","Context":[{"Application":"C"}],"Type":"User"}"#;
    // With all it has, whatever was asked for.
    let b = r#"{"Code":"b","Context":[{"Application":"A"},{"Application":"B"}],"Type":"User"}"#;
    walk(
        &mut world,
        &[
            ("POST /asset", many, "done"),
            ("GET /asset", "", &format!("[{x},{z},{a},{b}]")),
            ("GET /asset?app=A", "", &format!("[{x},{b}]")),
            ("GET /asset?app=B&app=C&app=X", "", &format!("[{a},{b}]")),
            ("GET /asset?app=X&more=less", "", "[]"),
            ("GET /asset/bytype", "", "[]"),
            ("GET /asset/bytype?type=User&type=Nope&app=C", "", &format!("[{a}]")),
            ("POST /asset/bytype?app=A", r#"["User","Market","User"]"#, &format!("[{x},{b}]")),
            ("POST /asset/bytype", "[]", "[]"),
            ("GET /asset/bytype/User", "", &format!("[{z},{a},{b}]")),
            ("GET /asset/bytype/User/bycode", "", "[]"),
            ("GET /asset/bytype/User/bycode?code=b&code=Z&code=no", "", &format!("[{z},{b}]")),
            ("POST /asset/bytype/User/bycode?app=A", r#"["b","Z"]"#, &format!("[{b}]")),
        ],
    );
}

#[test]
fn codes_are_what_the_url_says_once_decoded() {
    let mut world = with_types();
    for (segment, code) in [
        ("XS%3A0001", "XS:0001"),
        ("XS:0002", "XS:0002"),
        ("a%2Fb", "a/b"),
        ("Expo$Web", "Expo$Web"),
        ("XSX[Sample]", "XSX[Sample]"),
        ("a+b", "a+b"),
        ("a%20b", "a b"),
        ("%2520", "%20"),
        ("%C3%A9", "é"),
        (" x ", " x "),
    ] {
        let url = format!("/asset/bytype/User/bycode/{segment}");
        let document = format!(r#"{{"Code":"{code}","Type":"User"}}"#);
        walk(
            &mut world,
            &[(&format!("POST {url}"), &document, "done"), (&format!("GET {url}"), "", &document)],
        );
    }
    let bad = "422 InvalidCode";
    for segment in ["", "%20", "%00", "%FF", "a%0Ab", "%C2%85"] {
        let url = format!("/asset/bytype/User/bycode/{segment}");
        assert_eq!(world.ask(&format!("GET {url}")), bad, "{segment}");
        assert_eq!(world.ask(&format!("HEAD {url}")), bad, "{segment}");
        assert_eq!(world.ask(&format!("DELETE {url}")), bad, "{segment}");
    }
    let most = "é".repeat(128);
    assert_eq!(world.ask(&format!("GET /asset/bytype/User/bycode/{most}")), "404");
    assert_eq!(world.ask(&format!("GET /asset/bytype/User/bycode/{most}a")), bad);
    assert_eq!(world.ask("GET /asset/bytype//bycode/"), "422 InvalidType InvalidCode");
}
