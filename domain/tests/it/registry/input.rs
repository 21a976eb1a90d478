//! What is wrong with a request, all of it at once.

use holdfast_domain::registry::{
    Command, Finding, Findings,
    input::{self, NotText},
};

use super::wire::{json, named, walk, with_types};

fn sent(body: &str) -> String {
    with_types().send("POST /asset/bytype/Market/bycode/XSX", body)
}

#[test]
fn bodies_of_one_asset() {
    for (body, answer) in [
        (r#"{"Code":"XSX","Type":"Market"}"#, "done"),
        ("", "422 InvalidJson"),
        ("{", "422 InvalidJson"),
        ("null", "422 InvalidJson"),
        ("[]", "422 InvalidJson"),
        (r#""XSX""#, "422 InvalidJson"),
        ("{}", "422 MissingType MissingCode"),
        (r#"{"Code":null,"Type":""}"#, "422 MissingType MissingCode"),
        (r#"{"Code":7,"Type":"Market"}"#, "422 InvalidJson"),
        (r#"{"Code":" ","Type":"\u0007"}"#, "422 InvalidType InvalidCode"),
        (r#"{"Code":"xsx","Type":"market"}"#, "422 TypeMismatch CodeMismatch"),
        (r#"{"Code":"xsx","Type":"Market"}"#, "422 CodeMismatch"),
        (r#"{"Code":" XSX","Type":"Market"}"#, "422 CodeMismatch"),
        (r#"{"Code":"XSX","Type":"Market","context":[]}"#, "422 UnknownField"),
        (r#"{"code":"XSX","type":"Market"}"#, "422 UnknownField MissingType MissingCode"),
        (r#"{"Code":"XSX","Type":"Market","Other":null}"#, "422 UnknownField"),
        (
            r#"{"Code":"x","Type":"Market","Extra":1,"Context":[{"Application":""}]}"#,
            "422 UnknownField CodeMismatch MissingApplication",
        ),
    ] {
        assert_eq!(sent(body), answer, "{body}");
    }
}

#[test]
fn contexts() {
    for (context, answer) in [
        ("null", "done"),
        ("[]", "done"),
        (r#"[{"Application":"A","IDs":null,"Metadata":null}]"#, "done"),
        (r#"[{"Application":"A","IDs":[],"Metadata":{}}]"#, "done"),
        (r#"[{"Application":" ","Metadata":{"":"","k":""}}]"#, "done"),
        (r#"[{"Application":"A","IDs":[{"Name":"n"},{"Name":"N","Values":null}]}]"#, "done"),
        ("{}", "422 InvalidJson"),
        ("[null]", "422 InvalidJson"),
        (r#"["A"]"#, "422 InvalidJson"),
        ("[{}]", "422 MissingApplication"),
        (r#"[{"Application":null}]"#, "422 MissingApplication"),
        (r#"[{"Application":1}]"#, "422 InvalidJson"),
        (
            r#"[{"Application":"A"},{"Application":"B"},{"Application":"A"}]"#,
            "422 DuplicateApplication",
        ),
        (r#"[{"Application":"A"},{"Application":"a"}]"#, "done"),
        (r#"[{"Application":"A","Metadata":{"k":null}}]"#, "422 InvalidJson"),
        (r#"[{"Application":"A","Metadata":{"k":1}}]"#, "422 InvalidJson"),
        (r#"[{"Application":"A","Metadata":{"k":{}}}]"#, "422 InvalidJson"),
        (r#"[{"Application":"A","Metadata":[]}]"#, "422 InvalidJson"),
        (r#"[{"Application":"A","Ids":[]}]"#, "422 UnknownField"),
        (r#"[{"Application":"A","IDs":{}}]"#, "422 InvalidJson"),
        (r#"[{"Application":"A","IDs":[null]}]"#, "422 InvalidJson"),
        (r#"[{"Application":"A","IDs":[{}]}]"#, "422 MissingIdName"),
        (r#"[{"Application":"A","IDs":[{"Name":"n"},{"Name":"n"}]}]"#, "422 DuplicateId"),
        (
            r#"[{"Application":"A","IDs":[{"Name":"n"}]},{"Application":"B","IDs":[{"Name":"n"}]}]"#,
            "done",
        ),
        (r#"[{"Application":"A","IDs":[{"Name":"n","Value":{}}]}]"#, "422 UnknownField"),
        (r#"[{"Application":"A","IDs":[{"Name":"n","Values":{"k":true}}]}]"#, "422 InvalidJson"),
        (
            r#"[{"x":0},{"Application":"A","IDs":[{"Name":""},{"Name":"n"},{"Name":"n"}]},{"Application":"A"}]"#,
            "422 UnknownField MissingApplication DuplicateApplication MissingIdName DuplicateId",
        ),
    ] {
        let body = format!(r#"{{"Code":"XSX","Type":"Market","Context":{context}}}"#);
        assert_eq!(sent(&body), answer, "{context}");
    }
}

#[test]
fn batches() {
    let user = r#"{"Code":"u","Type":"User"}"#;
    walk(
        &mut with_types(),
        &[
            ("POST /asset", "null", "422 InvalidJson"),
            ("POST /asset", "{}", "422 InvalidJson"),
            ("POST /asset", "[1]", "422 InvalidJson"),
            ("POST /asset", &format!("[{user},{user}]"), "422 DuplicateAsset"),
            (
                "POST /asset",
                &format!("[{user},{{}},{user}]"),
                "422 MissingType MissingCode DuplicateAsset",
            ),
            ("POST /asset", r#"[{"Code":"u","Type":"User"},{"Code":"U","Type":"User"}]"#, "done"),
            ("POST /type", r#"[{"Code":"a"},{"Code":"a"}]"#, "422 DuplicateAsset"),
            ("POST /type", r#"[{"Type":"a"}]"#, "422 UnknownField MissingCode"),
            (
                "POST /type/bycode/a",
                r#"{"Code":"A","Metadata":{"k":null}}"#,
                "422 InvalidJson CodeMismatch",
            ),
            ("POST /type/bycode/a", "", "422 InvalidJson"),
            ("PATCH /type/bycode/a", "{}", "422 MissingCode"),
            ("PATCH /asset/bytype/User/bycode/u", "{}", "422 MissingType MissingCode"),
            ("DELETE /asset/bytype/User/bycode", "", "422 InvalidJson"),
            ("DELETE /asset/bytype/User/bycode", "null", "422 InvalidJson"),
            ("DELETE /asset/bytype/User/bycode", r#"["u",null,""]"#, "422 InvalidJson InvalidCode"),
            ("DELETE /type/bycode", r#""u""#, "422 InvalidJson"),
            ("POST /asset/bytype", r#"[""]"#, "422 InvalidType"),
            ("POST /asset/bytype/User/bycode", r#"[" "]"#, "422 InvalidCode"),
            ("POST /type/bycode", r#"[1]"#, "422 InvalidJson"),
        ],
    );
}

#[test]
fn queries() {
    walk(
        &mut with_types(),
        &[
            ("GET /asset?app=", "", "422 InvalidParameter"),
            ("GET /asset?app=%FF", "", "422 InvalidParameter"),
            ("GET /asset?%FF=a", "", "422 InvalidParameter"),
            ("GET /asset?other=&deleteOnEmpty=x", "", "[]"),
            // A comma is part of a name.
            ("GET /asset?app=A,B", "", "[]"),
            ("GET /asset/bytype?type=", "", "422 InvalidType"),
            ("GET /asset/bytype?type=%20&app=", "", "422 InvalidType InvalidParameter"),
            ("GET /asset/bytype/%20/bycode?code=%07", "", "422 InvalidType InvalidCode"),
            ("GET /type/bycode?code=", "", "422 InvalidCode"),
            ("GET /association/from/User/u?totype=", "", "422 InvalidType"),
            ("GET /association/from/User/u?fromtype=", "", "404"),
            ("GET /association/to/User/u?fromtype=", "", "422 InvalidType"),
            ("GET /association/from/User/u/to/%00", "", "422 InvalidType"),
            // Names in any case: what was meant to narrow a delete must not be passed over.
            ("DELETE /asset/bytype/User/bycode/u?APP=", "", "422 InvalidParameter"),
            ("DELETE /asset/bytype/User/bycode/u?deleteonempty=1", "", "422 InvalidParameter"),
        ],
    );
    let url = "DELETE /asset/bytype/User/bycode/u";
    for wrong in [
        "deleteOnEmpty",
        "deleteOnEmpty=",
        "deleteOnEmpty=yes",
        "deleteOnEmpty=1",
        "deleteOnEmpty=%20true",
        "deleteOnEmpty=true&deleteOnEmpty=true",
        "app=A&deleteOnEmpty=true&deleteOnEmpty=false",
    ] {
        assert_eq!(with_types().ask(&format!("{url}?{wrong}")), "422 InvalidParameter", "{wrong}");
    }
    for right in ["deleteOnEmpty=true", "deleteOnEmpty=FALSE", "app=A&deleteOnEmpty=tRuE"] {
        assert_eq!(with_types().ask(&format!("{url}?{right}")), "404", "{right}");
    }
}

#[test]
fn urls_queries_and_bodies_are_judged_together() {
    let mut world = with_types();
    walk(
        &mut world,
        &[
            (
                "DELETE /asset/bytype/%20/bycode?app=&deleteOnEmpty=x",
                r#"[1,""]"#,
                "422 InvalidJson InvalidType InvalidCode InvalidParameter",
            ),
            ("POST /asset/bytype//bycode/%FF", "{", "422 InvalidJson InvalidType InvalidCode"),
            (
                "POST /association/from/User/%20/to/Market/XSX",
                r#"{"FromAsset":{"Code":"u","Type":"user"},"Association":[],"Root":1}"#,
                "422 InvalidJson UnknownField MissingType MissingCode InvalidCode TypeMismatch",
            ),
            (
                "PATCH /association/from/User/u/to/Market?app=",
                r#"{"Root":{"Code":"v","Type":"User"},"Associations":[{"ToAsset":{"Type":"User"}},{"ToAsset":{"Type":"Market","Code":"a"}},{"ToAsset":{"Type":"Market","Code":"a"}}]}"#,
                "422 MissingCode TypeMismatch CodeMismatch DuplicateAsset InvalidParameter",
            ),
            (
                "POST /association/from/User/u",
                r#"{"Associations":[{"ToAsset":null},{"Association":{"Context":[{}]},"Extra":0},null]}"#,
                "422 InvalidJson UnknownField MissingType MissingCode MissingApplication",
            ),
            // Syntax comes before what depends on the state.
            (
                "POST /asset",
                r#"[{"Code":"a","Type":"Nope"},{"Code":"b","Type":"Nope","Context":[{}]}]"#,
                "422 MissingApplication",
            ),
        ],
    );
}

#[test]
fn a_parameter_that_is_no_text_is_wrong_wherever_it_stands() {
    let query = [Ok(("app".into(), "A".into())), Err(NotText)];
    let wrong = Err(Findings::from([Finding::InvalidParameter]));
    assert_eq!(input::delete_asset(named(Some("a"), Some("b")), &query), wrong);
}

#[test]
fn what_the_root_carries_is_sent_along_once() {
    let body = json(
        r#"{"Root":{"Type":"T","Code":"r","Context":[{"Application":"A"}]},"Associations":[{"ToAsset":{"Type":"T","Code":"a"}},{"ToAsset":{"Type":"T","Code":"b"}}]}"#,
    );
    let Ok(Command::PutAssociations(all)) = input::post_associations(Some(&body)) else {
        panic!("associations")
    };
    let contexts: Vec<_> = all.iter().map(|it| it.from.context.len()).collect();
    assert_eq!(contexts, [1, 0]);
}
