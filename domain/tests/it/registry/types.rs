//! Types: one flat namespace, whose assets go along with a rename.

use super::wire::{walk, with_types};

#[test]
fn a_type_is_replaced_not_merged() {
    let mut world = with_types();
    let account = "/type/bycode/TradingAccount";
    let with = r#"{"Code":"TradingAccount","Metadata":{"Disabled":"False","z":"","é":"1"}}"#;
    let other = r#"{"Code":"TradingAccount","Metadata":{"Other":"1"}}"#;
    let bare = r#"{"Code":"TradingAccount"}"#;
    walk(
        &mut world,
        &[
            (&format!("HEAD {account}"), "", "404"),
            (&format!("GET {account}"), "", "404"),
            (&format!("POST {account}"), with, "done"),
            (&format!("HEAD {account}"), "", "yes"),
            (&format!("GET {account}"), "", with),
            (&format!("POST {account}"), with, "unchanged"),
            (&format!("POST {account}"), other, "done"),
            (&format!("GET {account}"), "", other),
            ("POST /type", &format!("[{bare}]"), "done"),
            (&format!("GET {account}"), "", bare),
            ("POST /type", "[]", "unchanged"),
            (&format!("DELETE {account}"), "", "done"),
            (&format!("DELETE {account}"), "", "404"),
        ],
    );
}

#[test]
fn types_are_listed_by_code() {
    let mut world = with_types();
    walk(
        &mut world,
        &[
            ("POST /type", r#"[{"Code":"a"},{"Code":"Z"}]"#, "done"),
            ("GET /type", "", r#"[{"Code":"Market"},{"Code":"User"},{"Code":"Z"},{"Code":"a"}]"#),
            ("GET /type/bycode", "", "[]"),
            (
                "GET /type/bycode?code=a&code=no&code=Market",
                "",
                r#"[{"Code":"Market"},{"Code":"a"}]"#,
            ),
            ("POST /type/bycode", r#"["User","a","User"]"#, r#"[{"Code":"User"},{"Code":"a"}]"#),
            ("POST /type/bycode", "[]", "[]"),
        ],
    );
}

#[test]
fn a_type_with_assets_cannot_be_deleted() {
    let mut world = with_types();
    walk(
        &mut world,
        &[
            ("POST /asset/bytype/User/bycode/u", r#"{"Code":"u","Type":"User"}"#, "done"),
            ("DELETE /type/bycode/User", "", "409 AssetTypeInUse"),
            // All or none; those that are not there are passed over.
            ("DELETE /type/bycode", r#"["Market","none","User"]"#, "409 AssetTypeInUse"),
            ("HEAD /type/bycode/Market", "", "yes"),
            ("DELETE /type/bycode", r#"["none"]"#, "unchanged"),
            ("DELETE /type/bycode", r#"["Market","none","Market"]"#, "done"),
            ("DELETE /asset/bytype/User/bycode/u", "", "done"),
            ("DELETE /type/bycode/User", "", "done"),
            ("GET /type", "", "[]"),
        ],
    );
}

#[test]
fn a_renamed_type_takes_its_assets_along() {
    let mut world = with_types();
    let link =
        r#"{"FromAsset":{"Code":"u","Type":"User"},"ToAsset":{"Code":"XSX","Type":"Market"}}"#;
    walk(
        &mut world,
        &[
            ("PATCH /type/bycode/none", r#"{"Code":"none"}"#, "404"),
            ("PATCH /type/bycode/none", r#"{"Code":"User"}"#, "404"),
            ("POST /association/from/User/u/to/Market/XSX", link, "done"),
            ("PATCH /type/bycode/User", r#"{"Code":"Market"}"#, "422 AssetTypeExists"),
            ("PATCH /type/bycode/User", r#"{"Code":"User"}"#, "unchanged"),
            ("PATCH /type/bycode/User", r#"{"Code":"user","Metadata":{"a":"1"}}"#, "done"),
            ("GET /asset/bytype/User/bycode/u", "", "404"),
            ("GET /asset/bytype/user", "", r#"[{"Code":"u","Type":"user"}]"#),
            (
                "GET /association/to/Market/XSX?fromtype=user",
                "",
                r#"{"Associations":[{"FromAsset":{"Code":"u","Type":"user"}}],"Root":{"Code":"XSX","Type":"Market"}}"#,
            ),
            // The name is free again, and the new type is another.
            ("POST /type", r#"[{"Code":"User"}]"#, "done"),
            ("GET /asset/bytype/User", "", "[]"),
            ("DELETE /type/bycode/User", "", "done"),
            ("DELETE /type/bycode/user", "", "409 AssetTypeInUse"),
        ],
    );
}
