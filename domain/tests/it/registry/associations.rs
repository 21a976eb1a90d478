//! Associations: one per ordered pair, merged with the assets at their ends.

use super::{
    wire::{walk, with_types},
    world::World,
};

const LINK: &str = "/association/from/User/u/to/Market/XSX";
const BARE: &str =
    r#"{"FromAsset":{"Code":"u","Type":"User"},"ToAsset":{"Code":"XSX","Type":"Market"}}"#;

/// From `u`: to the markets XSX and m2, and to the user v.
fn linked() -> World {
    let mut world = with_types();
    let list = r#"{"Root":{"Type":"User","Code":"u"},"Associations":[
        {"ToAsset":{"Type":"User","Code":"v"},"Association":{"Context":[{"Application":"A"}]}},
        {"ToAsset":{"Type":"Market","Code":"m2"},"Association":{"Context":[{"Application":"A"},{"Application":"B"}]}},
        {"ToAsset":{"Type":"Market","Code":"XSX"},"Association":null}]}"#;
    assert_eq!(world.send("POST /association", list), "done");
    world
}

#[test]
fn an_association_is_made_with_its_ends_and_merged_with_what_is_there() {
    let mut world = with_types();
    let full = r#"{"FromAsset":{"Code":"u","Type":"User","Context":[{"Application":"F"}]},"ToAsset":{"Code":"XSX","Type":"Market","Context":[{"Application":"T"}]},"Association":{"Context":[{"Application":"A","Metadata":{"x":"1"}}]}}"#;
    let more = r#"{"FromAsset":{"Code":"u","Type":"User","Context":[{"Application":"G"}]},"ToAsset":{"Code":"XSX","Type":"Market"},"Association":{"Context":[{"Application":"B"},{"Application":"A"}]}}"#;
    walk(
        &mut world,
        &[
            (&format!("HEAD {LINK}"), "", "404"),
            (&format!("GET {LINK}"), "", "404"),
            (&format!("DELETE {LINK}"), "", "404"),
            (&format!("POST {LINK}"), full, "done"),
            (&format!("POST {LINK}"), full, "unchanged"),
            (&format!("HEAD {LINK}"), "", "yes"),
            // The other way round is another one.
            ("GET /association/from/Market/XSX/to/User/u", "", "404"),
            (&format!("POST {LINK}"), BARE, "unchanged"),
            (&format!("POST {LINK}"), more, "done"),
            (
                &format!("GET {LINK}"),
                "",
                r#"{"Association":{"Context":[{"Application":"A"},{"Application":"B"}]},"FromAsset":{"Code":"u","Context":[{"Application":"F"},{"Application":"G"}],"Type":"User"},"ToAsset":{"Code":"XSX","Context":[{"Application":"T"}],"Type":"Market"}}"#,
            ),
            // Both ends stay.
            (&format!("DELETE {LINK}"), "", "done"),
            (&format!("GET {LINK}"), "", "404"),
            ("HEAD /asset/bytype/User/bycode/u", "", "yes"),
            ("HEAD /asset/bytype/Market/bycode/XSX", "", "yes"),
            // Without context it is one all the same, and keeps its ends.
            (&format!("POST {LINK}"), BARE, "done"),
            ("DELETE /asset/bytype/User/bycode/u", "", "409 AssetInUse"),
        ],
    );
}

#[test]
fn nothing_is_made_unless_all_types_are_there() {
    let mut world = with_types();
    let list = r#"{"Root":{"Type":"User","Code":"u"},"Associations":[{"ToAsset":{"Type":"Market","Code":"a"}},{"ToAsset":{"Type":"Nope","Code":"b"}}]}"#;
    walk(
        &mut world,
        &[
            ("POST /association", list, "422 AssetTypeNotFound"),
            ("POST /association/from/User/u", list, "422 AssetTypeNotFound"),
            ("GET /asset", "", "[]"),
        ],
    );
}

#[test]
fn with_itself_an_asset_is_merged_twice() {
    let mut world = with_types();
    let itself = r#"{"FromAsset":{"Code":"u","Type":"User","Context":[{"Application":"A"},{"Application":"B"}]},"ToAsset":{"Code":"u","Type":"User","Context":[{"Application":"A","Metadata":{"x":"1"}}]}}"#;
    walk(
        &mut world,
        &[
            ("POST /association/from/User/u/to/User/u", itself, "done"),
            (
                "GET /asset",
                "",
                r#"[{"Code":"u","Context":[{"Application":"A","Metadata":{"x":"1"}},{"Application":"B"}],"Type":"User"}]"#,
            ),
            (
                "GET /association/from/User/u/transitive",
                "",
                r#"{"Associations":[{"FromAsset":{"Code":"u","Type":"User"},"ToAsset":{"Code":"u","Context":[{"Application":"A","Metadata":{"x":"1"}},{"Application":"B"}],"Type":"User"}}],"Root":{"Code":"u","Context":[{"Application":"A","Metadata":{"x":"1"}},{"Application":"B"}],"Type":"User"}}"#,
            ),
            ("DELETE /association/from/User/u/to/User/u", "", "done"),
            ("DELETE /asset/bytype/User/bycode/u", "", "done"),
        ],
    );
}

#[test]
fn a_removal_of_context_leaves_the_association_unless_it_is_to_go_when_emptied() {
    let mut world = linked();
    let m2 = "/association/from/User/u/to/Market/m2";
    walk(
        &mut world,
        &[
            (&format!("DELETE {m2}?app=X"), "", "unchanged"),
            (&format!("DELETE {m2}?app=A"), "", "done"),
            (&format!("DELETE {m2}?app=B"), "", "done"),
            (&format!("HEAD {m2}"), "", "yes"),
            // Empty already: it stays.
            (&format!("DELETE {m2}?app=B&deleteOnEmpty=true"), "", "unchanged"),
            ("DELETE /association/from/User/u/to/User/v?app=A&deleteOnEmpty=true", "", "done"),
            ("HEAD /association/from/User/u/to/User/v", "", "404"),
            ("DELETE /association/from/User/u/to/User/v?app=A", "", "404"),
            ("DELETE /association/from/User/none/to/User/v", "", "404"),
            (&format!("DELETE {m2}?deleteOnEmpty=true"), "", "done"),
            (&format!("HEAD {m2}"), "", "404"),
        ],
    );
}

#[test]
fn lists_are_seen_from_both_ends_and_chosen_by_the_far_end_and_their_own_context() {
    let mut world = linked();
    let root = r#""Root":{"Code":"u","Type":"User"}"#;
    let v =
        r#"{"Association":{"Context":[{"Application":"A"}]},"ToAsset":{"Code":"v","Type":"User"}}"#;
    let m2 = r#"{"Association":{"Context":[{"Application":"A"},{"Application":"B"}]},"ToAsset":{"Code":"m2","Type":"Market"}}"#;
    let x = r#"{"ToAsset":{"Code":"XSX","Type":"Market"}}"#;
    let from = "GET /association/from/User/u";
    walk(
        &mut world,
        &[
            (from, "", &format!(r#"{{"Associations":[{x},{m2},{v}],{root}}}"#)),
            (&format!("{from}?totype=User"), "", &format!(r#"{{"Associations":[{v}],{root}}}"#)),
            (&format!("{from}/to/User"), "", &format!(r#"{{"Associations":[{v}],{root}}}"#)),
            (
                &format!("{from}?totype=Market&totype=User&totype=No&app=A"),
                "",
                &format!(r#"{{"Associations":[{m2},{v}],{root}}}"#),
            ),
            (
                &format!("{from}/to/Market?app=B&app=X"),
                "",
                &format!(r#"{{"Associations":[{m2}],{root}}}"#),
            ),
            // The root comes back always.
            (&format!("{from}?app=X"), "", &format!("{{{root}}}")),
            (&format!("{from}?totype=No"), "", &format!("{{{root}}}")),
            // What the other direction calls its filter means nothing here.
            (
                &format!("{from}/to/User?fromtype=No"),
                "",
                &format!(r#"{{"Associations":[{v}],{root}}}"#),
            ),
            (
                "GET /association/to/User/v?fromtype=User&app=A",
                "",
                r#"{"Associations":[{"Association":{"Context":[{"Application":"A"}]},"FromAsset":{"Code":"u","Type":"User"}}],"Root":{"Code":"v","Type":"User"}}"#,
            ),
            (
                "GET /association/to/User/v?fromtype=Market",
                "",
                r#"{"Root":{"Code":"v","Type":"User"}}"#,
            ),
            ("GET /association/to/User/v?app=B", "", r#"{"Root":{"Code":"v","Type":"User"}}"#),
            ("GET /association/from/User/none", "", "404"),
            ("GET /association/to/User/none", "", "404"),
        ],
    );
}

#[test]
fn associations_of_an_asset_are_removed_together() {
    let delete = "DELETE /association/from/User/u";
    let left = |world: &mut World| {
        let json: serde_json::Value =
            serde_json::from_str(&world.ask("GET /association/from/User/u")).unwrap();
        let list = json["Associations"].as_array().cloned().unwrap_or_default();
        let codes: Vec<_> =
            list.iter().map(|it| it["ToAsset"]["Code"].as_str().unwrap().to_owned()).collect();
        codes.join(" ")
    };
    for (query, answer, remain) in [
        ("", "done", ""),
        ("?totype=Market", "done", "v"),
        ("?totype=Market&totype=User", "done", ""),
        ("?totype=No", "unchanged", "XSX m2 v"),
        // Only what the application keeps …
        ("?app=A", "done", "XSX m2 v"),
        ("?app=X", "unchanged", "XSX m2 v"),
        // … and the association as well where that was all.
        ("?app=A&deleteOnEmpty=true", "done", "XSX m2"),
        ("?app=A&app=B&deleteOnEmpty=true", "done", "XSX"),
        ("?app=A&app=B&deleteOnEmpty=true&totype=User", "done", "XSX m2"),
        ("?app=", "422 InvalidParameter", "XSX m2 v"),
    ] {
        let mut world = linked();
        assert_eq!(world.ask(&format!("{delete}{query}")), answer, "{query}");
        assert_eq!(left(&mut world), remain, "{query}");
    }
    let mut world = linked();
    walk(
        &mut world,
        &[
            ("DELETE /association/from/User/none", "", "404"),
            (delete, "", "done"),
            (delete, "", "unchanged"),
            ("DELETE /asset/bytype/User/bycode/u", "", "done"),
        ],
    );
}

#[test]
fn a_list_of_none_is_its_root() {
    let mut world = with_types();
    let root = r#"{"Root":{"Type":"User","Code":"w","Context":[{"Application":"A"}]}}"#;
    walk(
        &mut world,
        &[
            ("POST /association", root, "done"),
            ("POST /association/from/User/w", root, "unchanged"),
            ("GET /asset", "", r#"[{"Code":"w","Context":[{"Application":"A"}],"Type":"User"}]"#),
        ],
    );
}

#[test]
fn a_synchronisation_leaves_of_one_type_what_it_lists() {
    let mut world = linked();
    let sync = "PATCH /association/from/User/u/to/Market";
    let list = |codes: &[&str]| {
        let listed: Vec<_> = codes
            .iter()
            .map(|code| {
                format!(
                    r#"{{"ToAsset":{{"Type":"Market","Code":"{code}"}},"Association":{{"Context":[{{"Application":"S"}}]}}}}"#
                )
            })
            .collect();
        let listed = listed.join(",");
        format!(r#"{{"Root":{{"Type":"User","Code":"u"}},"Associations":[{listed}]}}"#)
    };
    let entry = |code: &str, apps: &[&str]| {
        let apps: Vec<_> = apps.iter().map(|app| format!(r#"{{"Application":"{app}"}}"#)).collect();
        format!(
            r#"{{"Association":{{"Context":[{}]}},"ToAsset":{{"Code":"{code}","Type":"Market"}}}}"#,
            apps.join(",")
        )
    };
    let shown = |entries: &[String]| {
        let v = r#"{"Association":{"Context":[{"Application":"A"}]},"ToAsset":{"Code":"v","Type":"User"}}"#;
        let mut all = entries.to_vec();
        all.push(v.to_owned());
        format!(r#"{{"Associations":[{}],"Root":{{"Code":"u","Type":"User"}}}}"#, all.join(","))
    };
    let get = "GET /association/from/User/u";
    walk(
        &mut world,
        &[
            // With an application the unlisted lose only what it keeps; what was empty already stays.
            (&format!("{sync}?app=A&deleteOnEmpty=true"), &list(&["new"]), "done"),
            (
                get,
                "",
                &shown(&[
                    r#"{"ToAsset":{"Code":"XSX","Type":"Market"}}"#.into(),
                    entry("m2", &["B"]),
                    entry("new", &["S"]),
                ]),
            ),
            (&format!("{sync}?app=B&deleteOnEmpty=true"), &list(&["new"]), "done"),
            // The listed are merged, not replaced; the unlisted go. Those of another type stay.
            (sync, &list(&["XSX", "new"]), "done"),
            (get, "", &shown(&[entry("XSX", &["S"]), entry("new", &["S"])])),
            (sync, &list(&["XSX", "new"]), "unchanged"),
            (sync, &list(&[]), "done"),
            (get, "", &shown(&[])),
            // Assets stay.
            ("HEAD /asset/bytype/Market/bycode/new", "", "yes"),
            ("PATCH /association/from/User/u/to/Nope", &list(&[]), "422 AssetTypeNotFound"),
            ("PATCH /association/from/User/u/to/User", &list(&["a"]), "422 TypeMismatch"),
            ("PATCH /association/from/User/other/to/Market", &list(&[]), "422 CodeMismatch"),
            // Whoever is not there is made.
            (
                "PATCH /association/from/User/w/to/User",
                r#"{"Root":{"Type":"User","Code":"w"},"Associations":[{"ToAsset":{"Type":"User","Code":"w"}}]}"#,
                "done",
            ),
        ],
    );
}

#[test]
fn what_is_reached_is_told_once_however_it_is_reached() {
    let mut world = with_types();
    let from = |from: &str, to: &[(&str, &str)]| {
        let to: Vec<_> = to
            .iter()
            .map(|(code, app)| {
                format!(
                    r#"{{"ToAsset":{{"Type":"User","Code":"{code}","Context":[{{"Application":"X"}}]}},"Association":{{"Context":[{{"Application":"{app}"}}]}}}}"#
                )
            })
            .collect();
        format!(r#"{{"Root":{{"Type":"User","Code":"{from}"}},"Associations":[{}]}}"#, to.join(","))
    };
    // a → b, a → c, b → c, c → a, c → c, and d → a, which is not reached.
    for (root, to) in [
        ("a", &[("b", "P"), ("c", "P")][..]),
        ("b", &[("c", "P")]),
        ("c", &[("a", "Q"), ("c", "P")]),
        ("d", &[("a", "P")]),
    ] {
        assert_eq!(world.send("POST /association", &from(root, to)), "done");
    }
    let edge = |app: &str, from: &str, to: &str| {
        format!(
            r#"{{"Association":{{"Context":[{{"Application":"{app}"}}]}},"FromAsset":{{"Code":"{from}","Type":"User"}},"ToAsset":{{"Code":"{to}","Context":[{{"Application":"X"}}],"Type":"User"}}}}"#
        )
    };
    let root = r#""Root":{"Code":"a","Context":[{"Application":"X"}],"Type":"User"}"#;
    let all = [
        edge("P", "a", "b"),
        edge("P", "a", "c"),
        edge("P", "b", "c"),
        edge("Q", "c", "a"),
        edge("P", "c", "c"),
    ];
    let get = "GET /association/from/User/a/transitive";
    walk(
        &mut world,
        &[
            (get, "", &format!(r#"{{"Associations":[{}],{root}}}"#, all.join(","))),
            // Chosen is what is shown, not what is followed.
            (
                &format!("{get}?app=Q&totype=User"),
                "",
                &format!(r#"{{"Associations":[{}],{root}}}"#, all[3]),
            ),
            (&format!("{get}?totype=Market"), "", &format!("{{{root}}}")),
            ("GET /association/from/User/none/transitive", "", "404"),
        ],
    );
}
