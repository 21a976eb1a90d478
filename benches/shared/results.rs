//! How a run ends: a section in `benches/RESULTS.md`, and an exit code.

use std::{fs::OpenOptions, io::Write as _, path::Path, process::ExitCode};

use crate::{machine, stopwatch};

/// The head of a section, up to the description of the machine.
pub(crate) fn heading(bench: &str) -> String {
    let today = stopwatch::today().to_string();
    let day = today.get(..10).unwrap_or(&today);
    format!("\n## {day} · {bench} · commit {}\n\n{}", machine::commit(), machine::describe())
}

pub(crate) fn append(section: &str) -> anyhow::Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/RESULTS.md");
    OpenOptions::new().create(true).append(true).open(path)?.write_all(section.as_bytes())?;
    Ok(())
}

pub(crate) fn ended(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("failed: {error:#}");
            // As everywhere in this product: 3 = the figures cannot be trusted.
            ExitCode::from(3)
        }
    }
}
