//! What is said about the tree holds: the map, the direction of imports, sizes, first lines.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

const MEMBERS: [&str; 4] = ["domain", "storage", "actors", "http"];
const LINES_MAX: usize = 600;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

/// Every file of the project, relative; build output, data and version control left out.
fn files() -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let path = entry.path();
            let name = entry.file_name();
            let name = name.to_str().unwrap();
            if entry.file_type().unwrap().is_dir() {
                if !["target", "data", ".git", ".cargo", "__pycache__"].contains(&name) {
                    walk(&path, found);
                }
            } else if name != ".git" {
                found.push(path.strip_prefix(root()).unwrap().to_owned());
            }
        }
    }
    let mut found = Vec::new();
    walk(root(), &mut found);
    found.sort();
    found
}

fn sources() -> impl Iterator<Item = (PathBuf, String)> {
    files()
        .into_iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
        .map(|path| (path.clone(), fs::read_to_string(root().join(path)).unwrap()))
}

/// Folders (with `/` at the end) and the files of `src` folders and of the top level.
fn real_tree() -> BTreeSet<String> {
    let mut tree = BTreeSet::new();
    for file in files() {
        let folder = file.parent().unwrap();
        for above in folder.ancestors().filter(|path| !path.as_os_str().is_empty()) {
            tree.insert(format!("{}/", above.display()));
        }
        let in_src = folder.ends_with("src");
        if in_src || folder.as_os_str().is_empty() {
            tree.insert(file.display().to_string());
        }
    }
    tree
}

#[test]
fn the_map_in_architecture_is_the_real_tree() {
    let architecture = text("ARCHITECTURE.md");
    let (_, rest) = architecture.split_once("<!-- tree -->\n```text\n").unwrap();
    let (map, _) = rest.split_once("```").unwrap();
    let told: BTreeSet<String> =
        map.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect();
    let real = real_tree();
    let missing: Vec<_> = real.difference(&told).collect();
    let gone: Vec<_> = told.difference(&real).collect();
    assert!(missing.is_empty() && gone.is_empty(), "not in the map: {missing:?}; gone: {gone:?}");
}

#[test]
fn members_import_only_downwards() {
    let allowed: [&[&str]; 4] = [&[], &["domain"], &["domain", "storage"], &["domain", "actors"]];
    for (member, allowed) in MEMBERS.into_iter().zip(allowed) {
        let manifest: toml::Table = text(&format!("{member}/Cargo.toml")).parse().unwrap();
        for table in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let Some(table) = manifest.get(table).and_then(toml::Value::as_table) else { continue };
            for name in table.keys().filter_map(|name| name.strip_prefix("holdfast-")) {
                assert!(allowed.contains(&name), "{member} imports {name}");
            }
        }
    }
}

#[test]
fn sources_are_short_and_say_what_they_are_for() {
    for (path, source) in sources() {
        let lines = source.lines().count();
        assert!(lines <= LINES_MAX, "{} has {lines} lines; split it by noun", path.display());
        assert!(source.starts_with("//! "), "{} does not say what it is for", path.display());
        assert!(path.file_name().unwrap() != "mod.rs", "{}", path.display());
    }
}

#[test]
fn nothing_is_left_unfinished() {
    let banned = [concat!("todo", "!("), concat!("unimplemented", "!("), concat!("#[", "ignore")];
    for (path, source) in sources() {
        for word in banned {
            assert!(!source.contains(word), "{} holds {word}", path.display());
        }
    }
}

#[test]
fn the_commands_of_the_readme_are_run_by_ci() {
    let (readme, ci) = (text("README.md"), text(".ci/run"));
    let commands: Vec<_> = readme.lines().filter(|line| line.starts_with("cargo ")).collect();
    assert_eq!(commands.len(), 2, "{commands:?}");
    for command in commands {
        assert!(ci.contains(command), ".ci/run does not run `{command}`");
    }
}

#[test]
fn every_direct_dependency_is_explained() {
    let told = text("docs/dependencies.md");
    let manifest: toml::Table = text("Cargo.toml").parse().unwrap();
    let all = manifest["workspace"]["dependencies"].as_table().unwrap();
    for name in all.keys().filter(|name| !name.starts_with("holdfast-")) {
        assert!(told.contains(&format!("| {name} |")), "{name} has no row");
    }
}
