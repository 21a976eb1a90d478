//! `holdfast registry import` and `export`: files into a registry and out of it, by the real binary.

mod files;
mod wire;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::spawn_blocking;

use super::{Desk, names, start};
use crate::harness::{Server, holdfast_command};
use wire::{Manner, Wire};

/// A folder with files, and the binary.
struct Table {
    folder: TempDir,
    url: String,
    token: String,
}

impl Table {
    fn of(desk: &Desk) -> Self {
        let Desk(caller) = desk;
        let url = format!("http://{}", caller.address());
        Self { folder: tempfile::tempdir().unwrap(), url, token: caller.token().to_owned() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// What is kept of the import of a file.
    fn progress(&self, name: &str) -> Option<Value> {
        let text = fs::read(self.path(&format!("{name}.progress"))).ok()?;
        Some(serde_json::from_slice(&text).unwrap())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = holdfast_command();
        command
            .arg("registry")
            .args(arguments)
            .current_dir(self.folder.path())
            .env("HOLDFAST_URL", &self.url)
            .env("HOLDFAST_TOKEN", &self.token)
            .stdin(Stdio::null());
        command
    }

    async fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(arguments);
        spawn_blocking(move || command.output().unwrap()).await.unwrap()
    }

    /// What it says on stdout, having done what it was told.
    async fn done(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments).await;
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// What it says on stderr, having failed with this exit code.
    async fn failed(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments).await;
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {output:?}");
        assert!(output.stdout.is_empty(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    }
}

/// Lines of assets of type `T`, by number.
fn assets(numbers: std::ops::Range<usize>) -> String {
    let line = |number| {
        let context = json!([{"Application": "A", "Metadata": {"number": format!("{number}")}}]);
        format!("{}\n", json!({"Type": "T", "Code": format!("{number:05}"), "Context": context}))
    };
    numbers.map(line).collect()
}

async fn count(desk: &Desk) -> usize {
    names(&desk.read("/asset").await).len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_goes_in_batches_of_a_thousand_and_comes_out_again() {
    let (_server, desk) = start(&["T"]).await;
    let table = Table::of(&desk);
    let text = assets(0..2_500);
    table.write("assets.jsonl", &text);
    let told = table.done(&["import", "assets.jsonl"]).await;
    assert!(told.starts_with("2500 lines in 3 batches, ") && told.ends_with("lines/s\n"), "{told}");
    assert_eq!(table.progress("assets.jsonl"), None);
    let written = table.done(&["export"]).await;
    let documents = |text: &str| -> Vec<Value> {
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    assert_eq!(documents(&written), documents(&text));
    assert_eq!(desk.read("/asset").await, Value::Array(documents(&text)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_was_killed_goes_on_behind_what_was_acknowledged() {
    let (_server, desk) = start(&["T"]).await;
    let mut table = Table::of(&desk);
    table.write("assets.jsonl", &assets(0..4_500));
    let Desk(caller) = &desk;
    // The third batch is written, and nobody is told.
    let wire = Wire::to(caller.address()).await;
    wire.be(Manner::SilentAfter(2));
    table.url = wire.url();
    let mut killed = table.command(&["import", "assets.jsonl"]);
    let mut killed = killed.stderr(Stdio::null()).spawn().unwrap();
    wire.silenced().await;
    killed.kill().unwrap();
    killed.wait().unwrap();
    let kept = table.progress("assets.jsonl").unwrap();
    assert_eq!((&kept["lines"], &kept["what"]), (&json!(2_000), &json!("assets")));
    assert_eq!(count(&desk).await, 3_000);

    // Not with something else, and not elsewhere.
    let told = table.failed(1, &["import", "assets.jsonl", "--what", "types"]).await;
    assert!(told.contains("is not about this import"), "{told}");
    let url = format!("http://{}", caller.address());
    let told = table.failed(1, &["import", "assets.jsonl", "--url", &url]).await;
    assert!(told.contains("is not about this import"), "{told}");

    wire.be(Manner::Open);
    let told = table.done(&["import", "assets.jsonl"]).await;
    assert!(told.starts_with("2500 lines in 3 batches, "), "{told}");
    assert!(told.ends_with("the 2000 before were acknowledged earlier\n"), "{told}");
    assert_eq!(table.progress("assets.jsonl"), None);
    assert_eq!(table.done(&["export"]).await.lines().count(), 4_500);
    let changed = table.done(&["import", "assets.jsonl"]).await;
    assert!(changed.starts_with("4500 lines in 5 batches"), "{changed}");
    assert_eq!(count(&desk).await, 4_500);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_whose_answer_is_lost_is_sent_again() {
    let (_server, desk) = start(&["T"]).await;
    let mut table = Table::of(&desk);
    table.write("assets.jsonl", &assets(0..2_500));
    let Desk(caller) = &desk;
    let wire = Wire::to(caller.address()).await;
    wire.be(Manner::CutAfter(1));
    table.url = wire.url();
    let output = table.run(&["import", "assets.jsonl"]).await;
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && told.contains("again in 0.2 s"), "{told}");
    assert_eq!(count(&desk).await, 2_500);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_wrong_is_told_by_number_before_its_batch_is_sent() {
    let (_server, desk) = start(&["T"]).await;
    let table = Table::of(&desk);
    let wrong = "{\"Type\":\"T\",\"Code\":\"x\",\"Name\":\"y\"}\n{\"Type\":\"T\"}\n{\"Code\"\n";
    table.write("assets.jsonl", &[&assets(0..1_500), wrong, &assets(1_500..3_000)].concat());
    let told = table.failed(1, &["import", "assets.jsonl"]).await;
    for line in ["line 1501: UnknownField", "line 1502: MissingCode", "line 1503: EOF while"] {
        assert!(told.contains(line), "{told}");
    }
    assert_eq!(count(&desk).await, 1_000);
    // Corrected, it goes on where it was.
    table.write("assets.jsonl", &assets(0..3_000));
    let told = table.done(&["import", "assets.jsonl"]).await;
    assert!(told.starts_with("2000 lines in 2 batches"), "{told}");
    assert_eq!(count(&desk).await, 3_000);
    // A place in another file is no place in this one.
    table.write("assets.jsonl", &[&assets(0..1_500), wrong].concat());
    table.failed(1, &["import", "assets.jsonl"]).await;
    table.write("assets.jsonl", &assets(1..3_000));
    let told = table.failed(1, &["import", "assets.jsonl"]).await;
    assert!(told.contains("what was acknowledged of the file has changed"), "{told}");
    let told = table.done(&["import", "assets.jsonl", "--restart"]).await;
    assert!(told.starts_with("2999 lines in 3 batches"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_whose_type_is_unknown_are_found_without_writing() {
    let (_server, desk) = start(&["T", "User"]).await;
    let table = Table::of(&desk);
    let other = "{\"Type\":\"None\",\"Code\":\"1\"}\n";
    table.write(
        "assets.jsonl",
        &[&assets(0..3), other, "\n", other.replace('1', "2").as_str()].concat(),
    );
    let told = table.failed(1, &["import", "assets.jsonl"]).await;
    for text in [
        "lines 1 to 6: the server refuses them, and has written none: AssetTypeNotFound",
        "line 4: there is no type \"None\"",
        "line 6: there is no type \"None\"",
    ] {
        assert!(told.contains(text), "{told}");
    }
    let line = |to: &str| {
        format!(
            "{}\n",
            json!({"FromAsset": {"Type": "User", "Code": "1"}, "ToAsset": {"Type": to, "Code": "1"}})
        )
    };
    table.write("links.jsonl", &[line("T"), line("None")].concat());
    let told = table.failed(1, &["import", "links.jsonl", "--what", "associations"]).await;
    assert!(
        told.contains("line 2: there is no type \"None\"") && !told.contains("line 1:"),
        "{told}"
    );
    assert_eq!(count(&desk).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_command_or_a_token() {
    let (server, desk) = start(&["T"]).await;
    let mut table = Table::of(&desk);
    table.write("assets.jsonl", &assets(0..2));
    let rows: [&[&str]; 8] = [
        &["import"],
        &["import", "assets.jsonl", "--what", "things"],
        &["import", "assets.jsonl", "--url", "ftp://x"],
        &["import", "assets.jsonl", "--url", "http://x/?a=b"],
        &["import", "assets.jsonl", "--token", ""],
        &["import", "assets.jsonl", "--from", "User", "1"],
        &["export", "--patience", "soon"],
        &["no-such-command"],
    ];
    for row in rows {
        table.failed(2, row).await;
    }
    let told = table.failed(1, &["import", "none.jsonl"]).await;
    assert!(told.contains("cannot open none.jsonl"), "{told}");
    table.write("empty.csv", "");
    let told = table.failed(1, &["import", "empty.csv"]).await;
    assert!(told.contains("no column names"), "{told}");

    // A token is never shown, and what the server thinks of it is.
    let help = table.done(&["import", "--help"]).await;
    assert!(help.contains("HOLDFAST_TOKEN") && !help.contains(&table.token), "{help}");
    let reader = server.caller_with("usr_1", "org_1", |claims| claims.scope = "asset:read".into());
    table.token = reader.token().to_owned();
    let told = table.failed(1, &["import", "assets.jsonl"]).await;
    assert!(told.contains("lines 1 to 2: the server answers 403 INSUFFICIENT_SCOPE"), "{told}");
    assert_eq!(table.done(&["export", "--what", "types"]).await, "{\"Code\":\"T\"}\n");
    table.token = "none".to_owned();
    let told = table.failed(1, &["export"]).await;
    assert!(told.contains("the server answers 401 INVALID_TOKEN"), "{told}");
    let nobody = Wire::to("127.0.0.1:1").await;
    nobody.be(Manner::CutAfter(0));
    let told = table.failed(1, &["export", "--url", &nobody.url(), "--patience", "1s"]).await;
    assert!(told.contains("tried for 1 s"), "{told}");
    assert!(!Path::new(&table.path("assets.jsonl.progress")).exists());
}

/// Another organisation on the same server.
fn elsewhere(server: &Server) -> Desk {
    Desk(server.caller("usr_1", "org_2"))
}
