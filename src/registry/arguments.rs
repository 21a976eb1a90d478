//! The flags of `holdfast registry`.

use std::path::PathBuf;

use clap::ValueEnum;
use reqwest::Url;
use serde::{Deserialize, Serialize};

use crate::token;

/// Files into the asset registry of a running server, and out of it
#[derive(clap::Subcommand)]
pub enum Command {
    /// Send a file to the registry, line by line
    #[command(long_about = IMPORT)]
    Import(ImportArgs),
    /// Write what the registry holds to a file that can be imported again
    #[command(long_about = EXPORT)]
    Export(ExportArgs),
}

const IMPORT: &str = "\
Send a file to the registry, line by line.

Lines go in batches of at most 1,000 (fewer where they are longer than 1 KiB). A batch is one request, and \
the server takes all of it or nothing. Types and assets go as they stand in the file; of associations a batch \
holds consecutive lines with one From asset, and the batches of 1,000 lines go side by side.

Every line is first checked here by the server's own rules, so that a line that is wrong is told by its \
number before anything of its batch (of associations: of its 1,000 lines) is sent. What only the server can \
know it answers by refusing the whole batch, of which nothing is written then. Which lines it means is found \
out by asking which types there are: only by reading, never by sending parts of it.

After each batch that was acknowledged the place is kept in FILE.progress, and the same command goes on \
behind it. What is behind that place may be corrected meanwhile. Sending a batch twice changes nothing, so \
one whose answer was lost is sent again.

Exit code 0: all lines are acknowledged. 1: they are not, for the reason told. 2: the command is wrong.";

const EXPORT: &str = "\
Write what the registry holds to a file that can be imported again.

Types and assets are those of one moment. Of associations those of one From asset are, and they name both \
ends without what is kept of them: export the assets too, and import types, assets, associations in this \
order. A file is there under its name only when it is whole.

CSV cannot hold everything: where a value is empty, an application keeps nothing, or a name has a colon, use \
JSON lines.";

/// What the lines of a file are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum What {
    Types,
    #[default]
    Assets,
    Associations,
}

/// How they are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// One JSON object per line
    Jsonl,
    /// A line of column names, then a line each
    Csv,
}

impl Format {
    /// As asked for, or as the name of the file says: CSV for `.csv`, JSON lines for anything else.
    pub(super) fn of(asked: Option<Self>, file: Option<&std::path::Path>) -> Self {
        let is_csv = |path: &std::path::Path| {
            path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"))
        };
        asked.unwrap_or(if file.is_some_and(is_csv) { Self::Csv } else { Self::Jsonl })
    }
}

/// Which server, and who asks.
#[derive(clap::Args)]
pub struct ServerArgs {
    /// Where the server is
    #[arg(long, env = "HOLDFAST_URL", value_name = "URL", default_value = "http://127.0.0.1:8080", value_parser = parse_url)]
    pub url: Url,
    /// Bearer token with the scope asset:write (to export: asset:read)
    #[arg(long, env = "HOLDFAST_TOKEN", hide_env_values = true, value_name = "TOKEN", value_parser = parse_token)]
    pub token: String,
    /// How long to go on trying while the server cannot be reached or asks to wait
    #[arg(long, value_name = "TIME", default_value = "2m", value_parser = token::parse_ttl)]
    pub patience: u64,
}

#[derive(clap::Args)]
pub struct ImportArgs {
    #[command(flatten)]
    pub server: ServerArgs,
    /// What its lines are
    #[arg(long, value_enum, default_value_t)]
    pub what: What,
    /// How they are written [default: csv for FILE.csv, otherwise jsonl]
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    /// The From asset of associations whose lines name none
    #[arg(long, num_args = 2, value_names = ["TYPE", "CODE"])]
    pub from: Option<Vec<String>>,
    /// Where the place reached is kept [default: FILE.progress]
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// Begin anew, whatever was acknowledged before
    #[arg(long)]
    pub restart: bool,
    /// What to import
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

#[derive(clap::Args)]
pub struct ExportArgs {
    #[command(flatten)]
    pub server: ServerArgs,
    /// What to export
    #[arg(long, value_enum, default_value_t)]
    pub what: What,
    /// How to write it [default: csv for FILE.csv, otherwise jsonl]
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    /// Where to write it [default: to stdout]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

fn parse_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if matches!(url.scheme(), "http" | "https") && url.has_host() && plain {
        return Ok(url);
    }
    Err("must be like http://127.0.0.1:8080".to_owned())
}

/// What may stand in a header.
fn parse_token(text: &str) -> Result<String, String> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(text.to_owned());
    }
    Err("must be a token as `holdfast token` prints it".to_owned())
}
