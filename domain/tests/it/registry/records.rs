//! What a command leaves behind: kind, rows, documents, internal ids.

use holdfast_domain::{
    Accepted, Kind, Outcome,
    asset::Event,
    registry::{AssetKey, Change, Key, RegistryEvent, Row, TypeKey},
};

use super::{
    wire::with_types,
    world::{World, canonical},
};

fn newest(world: &World) -> &Accepted {
    match &world.log.last().unwrap().outcome {
        Outcome::Accepted(accepted) => accepted,
        Outcome::Refused(_) => panic!("never stored"),
    }
}

fn changes(world: &World) -> &[Change] {
    let [Event::Registry(RegistryEvent { changes })] = &newest(world).events[..] else {
        panic!("one event of a registry")
    };
    changes
}

/// Before and after, which are canonical.
fn documents(world: &World) -> [String; 2] {
    let accepted = newest(world);
    [accepted.before.as_ref().unwrap(), &accepted.after].map(|json| {
        assert_eq!(&canonical(json), json);
        String::from_utf8(json.clone()).unwrap()
    })
}

const LINK: &str = r#"{"FromAsset":{"Code":"u","Type":"User"},"ToAsset":{"Code":"X","Type":"Market","Context":[{"Application":"T"}]},"Association":{"Context":[{"Application":"A","Metadata":{"k":"v"}}]}}"#;
const URL: &str = "/association/from/User/u/to/Market/X";

#[test]
fn a_record_says_what_kind_of_change_it_is() {
    let mut world = with_types();
    let u = r#"{"Code":"u","Type":"User","Context":[{"Application":"A"},{"Application":"B"}]}"#;
    let list = r#"{"Root":{"Code":"u","Type":"User"},"Associations":[{"ToAsset":{"Code":"Y","Type":"Market"}}]}"#;
    for (asked, body, kind) in [
        ("POST /type", r#"[{"Code":"T"}]"#, Kind::RegistryTypesDefined),
        ("PATCH /type/bycode/T", r#"{"Code":"S"}"#, Kind::RegistryTypeReplaced),
        ("DELETE /type/bycode/S", "", Kind::RegistryTypesDeleted),
        ("POST /asset/bytype/User/bycode/u", u, Kind::RegistryAssetsMerged),
        ("DELETE /asset/bytype/User/bycode/u?app=A", "", Kind::RegistryContextRemoved),
        (
            "DELETE /asset/bytype/User/bycode/u?app=B&deleteOnEmpty=true",
            "",
            Kind::RegistryAssetsDeleted,
        ),
        ("POST /asset", &format!("[{u}]"), Kind::RegistryAssetsMerged),
        (
            "PATCH /asset/bytype/User/bycode/u",
            r#"{"Code":"u","Type":"User"}"#,
            Kind::RegistryAssetReplaced,
        ),
        (&format!("POST {URL}"), LINK, Kind::RegistryAssociationsMerged),
        (&format!("DELETE {URL}?app=A"), "", Kind::RegistryContextRemoved),
        (&format!("DELETE {URL}"), "", Kind::RegistryAssociationsDeleted),
        ("PATCH /association/from/User/u/to/Market", list, Kind::RegistryAssociationsSynchronised),
        ("DELETE /association/from/User/u", "", Kind::RegistryAssociationsDeleted),
        ("DELETE /asset/bytype/User/bycode", r#"["u"]"#, Kind::RegistryAssetsDeleted),
    ] {
        assert_eq!(world.send(asked, body), "done", "{asked}");
        assert_eq!(world.log.last().unwrap().kind, kind, "{asked}");
    }
}

#[test]
fn documents_stand_in_the_order_of_the_changes() {
    let mut world = with_types();
    assert_eq!(world.send(&format!("POST {URL}"), LINK), "done");
    let keys: Vec<_> = changes(&world).iter().map(|change| change.key).collect();
    let (u, x) = (AssetKey(2 << 12), AssetKey(2 << 12 | 1));
    assert_eq!(keys, [Key::Asset(u), Key::Asset(x), Key::From(u, x)]);
    assert_eq!(
        documents(&world),
        [
            "[null,null,null]",
            r#"[{"Code":"u","Type":"User"},{"Code":"X","Context":[{"Application":"T"}],"Type":"Market"},{"Association":{"Context":[{"Application":"A","Metadata":{"k":"v"}}]},"FromAsset":{"Code":"u","Type":"User"},"ToAsset":{"Code":"X","Type":"Market"}}]"#,
        ]
    );
    assert_eq!(world.ask(&format!("DELETE {URL}?app=A")), "done");
    let bare = r#"{"FromAsset":{"Code":"u","Type":"User"},"ToAsset":{"Code":"X","Type":"Market"}}"#;
    assert_eq!(documents(&world)[1], format!("[{bare}]"));
    assert_eq!(world.ask(&format!("DELETE {URL}")), "done");
    assert_eq!(documents(&world), [format!("[{bare}]"), "[null]".into()]);
}

#[test]
fn a_rename_changes_one_row() {
    let mut world = with_types();
    assert_eq!(world.send(&format!("POST {URL}"), LINK), "done");
    assert_eq!(
        world.send("PATCH /asset/bytype/User/bycode/u", r#"{"Code":"v","Type":"User"}"#),
        "done"
    );
    assert_eq!(
        documents(&world),
        [r#"[{"Code":"u","Type":"User"}]"#, r#"[{"Code":"v","Type":"User"}]"#]
    );
    assert_eq!(world.send("PATCH /type/bycode/User", r#"{"Code":"Person"}"#), "done");
    assert_eq!(documents(&world), [r#"[{"Code":"User"}]"#, r#"[{"Code":"Person"}]"#]);
    assert_eq!(
        world.ask("GET /association/to/Market/X?app=A&fromtype=Person"),
        r#"{"Associations":[{"Association":{"Context":[{"Application":"A","Metadata":{"k":"v"}}]},"FromAsset":{"Code":"v","Type":"Person"}}],"Root":{"Code":"X","Context":[{"Application":"T"}],"Type":"Market"}}"#
    );
}

#[test]
fn only_what_changes_is_in_the_record() {
    let mut world = with_types();
    assert_eq!(world.send(&format!("POST {URL}"), LINK), "done");
    let three = r#"[{"Code":"u","Type":"User"},{"Code":"X","Type":"Market","Context":[{"Application":"T"}]},{"Code":"new","Type":"User"}]"#;
    assert_eq!(world.send("POST /asset", three), "done");
    assert_eq!(documents(&world), ["[null]", r#"[{"Code":"new","Type":"User"}]"#]);
}

#[test]
fn internal_ids_are_of_the_record_and_never_again_of_another() {
    let mut world = with_types();
    let types: Vec<_> = changes(&world).iter().map(|change| change.key).collect();
    assert_eq!(types, [Key::Type(TypeKey(1 << 12)), Key::Type(TypeKey(1 << 12 | 1))]);
    for version in [2, 4] {
        let body = r#"{"Code":"u","Type":"User"}"#;
        assert_eq!(world.send("POST /asset/bytype/User/bycode/u", body), "done");
        assert_eq!(changes(&world)[0].key, Key::Asset(AssetKey(version << 12)));
        assert_eq!(world.ask("DELETE /asset/bytype/User/bycode/u"), "done");
    }
}

#[test]
fn rows_hold_canonical_texts() {
    let mut world = with_types();
    let body = r#"{"Code":"u","Type":"User","Context":[{"Metadata":{"\ud83d\ude00":"1","\uff00":"2","a\/b":"\u0007\u007f"},"IDs":[{"Values":{"z":"1","a":""},"Name":"n"},{"Name":"bare"}],"Application":"A"}]}"#;
    assert_eq!(world.send("POST /asset/bytype/User/bycode/u", body), "done");
    let Some(Row::Asset { context, .. }) = changes(&world)[0].row.as_deref() else {
        panic!("asset")
    };
    assert_eq!(
        &**context,
        "[{\"Application\":\"A\",\"IDs\":[{\"Name\":\"n\",\"Values\":{\"a\":\"\",\"z\":\"1\"}},{\"Name\":\"bare\"}],\
         \"Metadata\":{\"a/b\":\"\\u0007\u{7f}\",\"\u{1f600}\":\"1\",\"\u{ff00}\":\"2\"}}]"
    );
}
