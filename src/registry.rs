//! `holdfast registry`: files into the asset registry of a running server, and out of it.
//!
//! A client like any other: it opens no data directory and asks for nothing that the HTTP API does not
//! offer. Reading order: `arguments`; `import` with `lines` (the file), `table` (CSV), `entry` (a line,
//! checked), `round` (requests), `checkpoint` (the place reached) and `server`; `export` with `elements`
//! (documents as they come) and `sheet` (CSV).

mod arguments;
mod checkpoint;
mod elements;
mod entry;
mod export;
mod import;
mod lines;
mod round;
mod screen;
mod server;
mod sheet;
mod table;

use std::io::{self, Write as _};

use anyhow::Context as _;

pub use arguments::{Command, ExportArgs, Format, ImportArgs, ServerArgs, What};

use crate::exit::Exit;
use import::Summary;

/// Of a request that writes or asks for many.
const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Does it, and says on stdout what was done and on stderr why it was not.
pub fn run(command: Command) -> Exit {
    let done = match command {
        Command::Import(arguments) => {
            if arguments.from.is_some() && arguments.what != What::Associations {
                let _ = writeln!(io::stderr(), "holdfast: --from is for --what associations");
                return Exit::Usage;
            }
            import::import(arguments).and_then(|summary| report(&summary))
        }
        Command::Export(arguments) => export::export(arguments),
    };
    match done {
        Ok(()) => Exit::Ok,
        Err(error) => {
            let _ = writeln!(io::stderr(), "holdfast: {error:#}");
            Exit::Failure
        }
    }
}

fn report(summary: &Summary) -> anyhow::Result<()> {
    let Summary { lines, batches, earlier_lines, took_ms } = *summary;
    let rate = lines * 1_000 / took_ms.max(1);
    let (seconds, tenths) = (took_ms / 1_000, took_ms % 1_000 / 100);
    let earlier = match earlier_lines {
        0 => String::new(),
        count => format!("; the {count} before were acknowledged earlier"),
    };
    let text = format!(
        "{lines} lines in {batches} batches, {seconds}.{tenths} s, {rate} lines/s{earlier}"
    );
    writeln!(io::stdout(), "{text}").context("the result could not be printed")
}
