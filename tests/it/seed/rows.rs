//! The documents about the specifications name tests that there are, one for each line they quote.

use std::{fs, path::Path};

fn text(path: &str) -> Option<String> {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).ok()
}

/// Whether `module::…::function` is a function of the integration binary.
fn is_test(name: &str) -> bool {
    let Some((module, function)) = name.rsplit_once("::") else { return false };
    let source = text(&format!("tests/it/{}.rs", module.replace("::", "/")));
    source.is_some_and(|source| source.contains(&format!("fn {function}()")))
}

#[test]
fn every_line_is_shown_by_a_test_there_is() {
    for (document, lines) in [("docs/seed.md", 100), ("docs/seed_registry.md", 60)] {
        let rows = checked(&text(document).unwrap());
        assert!(rows > lines, "only {rows} rows of {document} were read");
    }
    assert!(!is_test("seed::rows::no_such_test"));
}

/// How many rows it has.
fn checked(document: &str) -> u32 {
    let mut rows = 0;
    let mut last = 0;
    for line in document.lines() {
        let cells: Vec<&str> = line.split(" | ").collect();
        let [number, _, shown_by, ..] = &cells[..] else { continue };
        let Ok(number) = number.trim_start_matches("| ").parse::<u32>() else { continue };
        rows += 1;
        assert!(number > last, "line {number} is told twice, or out of order");
        last = number;
        let names: Vec<&str> = shown_by.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty() || line.contains("a heading"), "{line}");
        for name in names {
            assert!(is_test(name), "line {number}: there is no {name}");
        }
    }
    rows
}
