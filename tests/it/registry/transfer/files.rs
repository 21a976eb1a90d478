//! What is exported can be imported again: all three kinds of lines, in both forms.

use serde_json::{Value, json};

use super::{super::start, Table, elsewhere};

/// Lines of each kind, with everything that CSV can hold.
fn lines() -> [(&'static str, Vec<Value>); 3] {
    let rich = json!([
        {"Application": "Zenith", "IDs": [{"Name": "Visibilities", "Values":
            {"Full": "All & \"everything\"", "Limited": "State,\r\n\nPricing"}}],
            "Metadata": {"Region": "AU"}},
        {"Application": "OMS", "Metadata": {"Owner": " XS "}}]);
    let codes = ["XS:0001", "XSX[Sample]", "Expo$Web", "a/b%2Fc", "é \"q\", r", "3f1c0b52"];
    let types = ["Client", "Market", "User"];
    let mut assets = vec![json!({"Type": "Client", "Code": "rich", "Context": rich})];
    assets.extend(codes.map(|code| json!({"Type": "Market", "Code": code})));
    assets.extend((0..40).map(|user| json!({"Type": "User", "Code": format!("{user:03}")})));
    let mut associations = Vec::new();
    for user in 0..40 {
        for code in &codes[..=user % codes.len()] {
            let mut link = json!({"FromAsset": {"Type": "User", "Code": format!("{user:03}")},
                "ToAsset": {"Type": "Market", "Code": code}});
            if user % 3 == 0 {
                link["Association"] = json!({"Context": rich});
            }
            associations.push(link);
        }
    }
    associations.push(json!({"FromAsset": {"Type": "User", "Code": "000"},
        "ToAsset": {"Type": "User", "Code": "000"}}));
    let mut types = types.map(|code| json!({"Code": code})).to_vec();
    types[1]["Metadata"] = json!({"Disabled": "False", "a:b": "c"});
    [("types", types), ("assets", assets), ("associations", associations)]
}

fn text(lines: &[Value]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// Exported lines by their bytes; a server lists by names.
fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<_> = text.lines().collect();
    lines.sort_unstable();
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_exported_can_be_imported_again() {
    let (server, desk) = start(&[]).await;
    let (here, there) = (Table::of(&desk), Table::of(&elsewhere(&server)));
    for (what, lines) in lines() {
        here.write("in.jsonl", &text(&lines));
        here.done(&["import", "in.jsonl", "--what", what]).await;
    }
    for (what, lines) in lines() {
        let json = format!("{what}.jsonl");
        let told = here.done(&["export", "--what", what, "--output", &json]).await;
        assert_eq!(told, "");
        assert_eq!(sorted(&here.text(&json)), sorted(&text(&lines)), "{what}");
        // By way of CSV into another registry, and out of that the same.
        let csv = format!("{what}.csv");
        here.done(&["export", "--what", what, "--output", &csv]).await;
        there.write(&csv, &here.text(&csv));
        there.done(&["import", &csv, "--what", what]).await;
        assert_eq!(there.done(&["export", "--what", what]).await, here.text(&json), "{what}");
        let again = there.done(&["export", "--what", what, "--format", "csv"]).await;
        assert_eq!(again, here.text(&csv), "{what}");
    }
    let left: Vec<_> = std::fs::read_dir(here.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.ends_with(".jsonl") && !name.ends_with(".csv"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

/// The form that the tools of the Authority API read: lines name the To asset alone.
#[tokio::test(flavor = "multi_thread")]
async fn the_from_asset_may_stand_in_the_command() {
    let (_server, desk) = start(&["User", "Market"]).await;
    let table = Table::of(&desk);
    let arguments = ["--what", "associations", "--from", "User", "1234"];
    table.write(
        "a.csv",
        "Type,Code,A:OMS:Access,X:Zenith:Visibility\nMarket,XSX,Read,Full\nMarket,Z\n",
    );
    table.write("b.jsonl", "{\"ToAsset\":{\"Type\":\"Market\",\"Code\":\"Y\"}}\n");
    for file in ["a.csv", "b.jsonl"] {
        table.done(&[&["import", file], &arguments[..]].concat()).await;
    }
    let told = table.failed(1, &["import", "b.jsonl", "--what", "associations"]).await;
    assert!(told.contains("line 1: MissingType, MissingCode"), "{told}");
    let read = desk.read("/association/from/User/1234").await;
    let far: Vec<_> = read["Associations"].as_array().unwrap().iter().collect();
    assert_eq!(far.len(), 3);
    let market = json!({"Type": "Market", "Code": "XSX",
        "Context": [{"Application": "OMS", "Metadata": {"Access": "Read"}}]});
    let kept = json!({"Context": [{"Application": "Zenith", "Metadata": {"Visibility": "Full"}}]});
    assert_eq!(far[0], &json!({"ToAsset": market, "Association": kept}));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_csv_cannot_hold_leaves_no_file() {
    let (_server, desk) = start(&["T"]).await;
    let table = Table::of(&desk);
    table.write(
        "in.jsonl",
        "{\"Type\":\"T\",\"Code\":\"1\",\"Context\":[{\"Application\":\"A\"}]}\n",
    );
    table.done(&["import", "in.jsonl"]).await;
    let told = table.failed(1, &["export", "--output", "out.csv"]).await;
    assert!(told.contains("JSON lines can: an application that keeps nothing"), "{told}");
    assert!(!table.path("out.csv").exists());
    table.done(&["export", "--output", "out.jsonl"]).await;
    assert_eq!(
        table.text("out.jsonl"),
        table.text("in.jsonl").replace(
            "{\"Type\":\"T\",\"Code\":\"1\",\"Context\":[{\"Application\":\"A\"}]}",
            "{\"Code\":\"1\",\"Context\":[{\"Application\":\"A\"}],\"Type\":\"T\"}",
        )
    );
}
