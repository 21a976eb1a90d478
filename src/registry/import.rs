//! `holdfast registry import`: a file into the registry of a running server, round by round.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{BufReader, Seek as _, SeekFrom},
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, SyncSender},
    },
    thread::{self, ScopedJoinHandle},
};

use anyhow::{Context as _, anyhow, bail};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use holdfast_actors::clock::{Clock as _, SystemClock};
use serde_json::{Value, json};

use super::{
    Format, ImportArgs, What,
    checkpoint::{Checkpoint, Target, beside, open_input},
    entry::Reader,
    lines::{BadLine, Lines, Place},
    round::{Batch, Round, Rounds, Stop},
    screen::Screen,
    server::{Answer, Server},
    table::Header,
};

/// Rounds read ahead of the server.
const AHEAD_ROUNDS: usize = 2;

/// Batches of a round that are on their way at once.
const AT_ONCE: usize = 16;

/// Lines named in one message.
const NAMED_LINES_MAX: usize = 20;

/// What was done, for the last line.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Summary {
    /// In the file, without blank ones.
    pub(super) lines: u64,
    pub(super) batches: u64,
    /// Of the file, acknowledged by an earlier run.
    pub(super) earlier_lines: u64,
    pub(super) took_ms: u64,
}

/// Sends the file; returns when every line of it is acknowledged.
///
/// # Errors
/// Why not, in words that name lines. What was acknowledged is kept, for the next run.
pub(super) fn import(arguments: ImportArgs) -> anyhow::Result<Summary> {
    let ImportArgs { server, what, format, from, state, restart, file } = arguments;
    let format = Format::of(format, Some(&file));
    let from = from.and_then(|names| <[String; 2]>::try_from(names).ok());
    let input = open_input(&file)?;
    let target = Target {
        url: server.url.to_string(),
        org: org_of(&server.token),
        what,
        format,
        from: from.clone(),
    };
    let state = state.unwrap_or_else(|| beside(&file, ".progress"));
    let screen = Screen::new(Some(input.metadata()?.len()));
    let checkpoint = Checkpoint::open(state, input, target, restart)?;
    let from = from.map(|[ty, code]| json!({"Type": ty, "Code": code}));
    let rounds = rounds(&file, (what, format), from, checkpoint.place())?;
    let server = Server::new(server, &screen)?;
    let run = Run { server: &server, screen: &screen, path: path(what) };
    let summary = run.all(rounds, checkpoint);
    screen.clear();
    summary
}

/// Where the lines go.
const fn path(what: What) -> &'static [&'static str] {
    match what {
        What::Types => &["type"],
        What::Assets => &["asset"],
        What::Associations => &["association"],
    }
}

/// The organisation that a token of ours speaks for. It is not verified: that is the server's business.
fn org_of(token: &str) -> Option<String> {
    let claims = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    claims["org_id"].as_str().map(str::to_owned)
}

/// The rounds of the file from `place` on.
fn rounds(
    file: &Path,
    (what, format): (What, Format),
    from: Option<Value>,
    place: Place,
) -> anyhow::Result<Rounds<BufReader<File>>> {
    let mut input = BufReader::new(open_input(file)?);
    let mut start = place;
    let mut header = None;
    if format == Format::Csv {
        let mut lines = Lines::new(&mut input, format, Place::default());
        let first = lines.next()?.context("it is empty, and has no column names")?;
        let read = first.and_then(|line| {
            let header = Header::read(&line.text, what, from.is_some());
            let header = header.map_err(|why| BadLine { number: line.number, why })?;
            Ok((header, line.end))
        });
        let (columns, end) = read.map_err(|bad| told(&[bad]))?;
        header = Some(columns);
        if start.bytes < end.bytes {
            start = end;
        }
    }
    input.seek(SeekFrom::Start(start.bytes))?;
    Ok(Rounds::new(Lines::new(input, format, start), Reader { what, header, from }))
}

/// What every batch needs.
struct Run<'a> {
    server: &'a Server<'a>,
    screen: &'a Screen,
    path: &'a [&'a str],
}

impl Run<'_> {
    fn all(
        &self,
        rounds: Rounds<BufReader<File>>,
        mut checkpoint: Checkpoint,
    ) -> anyhow::Result<Summary> {
        let (clock, earlier) = (SystemClock::start(), checkpoint.place());
        let mut summary = Summary { earlier_lines: earlier.lines, ..Summary::default() };
        if earlier.lines > 0 {
            self.screen.tell(&format!("going on behind line {}", earlier.lines));
        }
        self.screen.begin(earlier.bytes);
        // Reading and checking takes as long as the server does: it is done meanwhile.
        thread::scope(|scope| {
            let (ahead, ready) = mpsc::sync_channel(AHEAD_ROUNDS);
            scope.spawn(move || read(rounds, &ahead));
            self.each(&ready, &mut checkpoint, &mut summary)
        })?;
        checkpoint.remove()?;
        summary.took_ms = clock.monotonic_ms();
        Ok(summary)
    }

    fn each(
        &self,
        ready: &Receiver<Result<Round, Stop>>,
        checkpoint: &mut Checkpoint,
        summary: &mut Summary,
    ) -> anyhow::Result<()> {
        for round in ready {
            let round = match round {
                Ok(round) => round,
                Err(Stop::File(error)) => return Err(error).context("cannot read the file"),
                Err(Stop::Lines(lines)) => return Err(told(&lines)),
            };
            self.send(&round)?;
            checkpoint.advance(round.end)?;
            summary.lines +=
                round.batches.iter().map(|batch| batch.lines.len() as u64).sum::<u64>();
            summary.batches += round.batches.len() as u64;
            self.screen.show(round.end.bytes, round.end.lines);
        }
        Ok(())
    }

    /// Has all batches of a round acknowledged.
    fn send(&self, round: &Round) -> anyhow::Result<()> {
        if let [batch] = &round.batches[..] {
            return self.send_batch(batch);
        }
        let (waiting, failed) = (Mutex::new(round.batches.iter()), AtomicBool::new(false));
        let take = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
        let sender = || {
            while !failed.load(Ordering::Relaxed)
                && let Some(batch) = take()
            {
                self.send_batch(batch).inspect_err(|_| failed.store(true, Ordering::Relaxed))?;
            }
            Ok(())
        };
        thread::scope(|scope| {
            let senders: Vec<_> =
                (0..AT_ONCE.min(round.batches.len())).map(|_| scope.spawn(sender)).collect();
            let join = |sender: ScopedJoinHandle<'_, _>| {
                sender.join().unwrap_or_else(|_| Err(anyhow!("a sender failed")))
            };
            senders.into_iter().map(join).fold(Ok(()), Result::and)
        })
    }

    fn send_batch(&self, batch: &Batch) -> anyhow::Result<()> {
        let lines = || match &batch.lines[..] {
            [(only, _)] => format!("line {only}"),
            [(first, _), .., (last, _)] => format!("lines {first} to {last}"),
            [] => String::new(),
        };
        match self.server.post(self.path, &batch.body).with_context(lines)? {
            Answer::Done => Ok(()),
            Answer::Refused(codes) => {
                let unknown = self.unknown_types(batch, &codes).unwrap_or_default();
                let lines = lines();
                let codes = codes.join(", ");
                bail!("{lines}: the server refuses them, and has written none: {codes}{unknown}")
            }
        }
    }

    /// Which lines name types that are not there, where that is the reason. Found by reading.
    fn unknown_types(&self, batch: &Batch, codes: &[String]) -> Option<String> {
        codes.iter().find(|code| *code == "AssetTypeNotFound")?;
        let asked: BTreeSet<&str> =
            batch.lines.iter().flat_map(|(_, types)| types).map(|ty| ty.as_str()).collect();
        let body = serde_json::to_vec(&asked).ok()?;
        let known = self.server.look_up(&["type", "bycode"], &body).ok()?;
        let known: BTreeSet<&str> =
            known.as_array()?.iter().filter_map(|ty| ty["Code"].as_str()).collect();
        let missing = batch.lines.iter().filter_map(|(line, types)| {
            let ty = types.iter().find(|ty| !known.contains(ty.as_str()))?;
            Some(format!("\nline {line}: there is no type {:?}", ty.as_str()))
        });
        Some(shortened(missing.collect()))
    }
}

/// Reads rounds until the last one, or until nobody wants them.
fn read(mut rounds: Rounds<BufReader<File>>, ahead: &SyncSender<Result<Round, Stop>>) {
    loop {
        let round = match rounds.next() {
            Ok(None) => return,
            Ok(Some(round)) => Ok(round),
            Err(stop) => Err(stop),
        };
        let last = round.is_err();
        if ahead.send(round).is_err() || last {
            return;
        }
    }
}

fn told(lines: &[BadLine]) -> anyhow::Error {
    let all = lines.iter().map(|BadLine { number, why }| format!("\nline {number}: {why}"));
    let text = shortened(all.collect());
    anyhow!("nothing of these lines or of their batch was sent:{text}")
}

fn shortened(mut lines: Vec<String>) -> String {
    let more = lines.len().saturating_sub(NAMED_LINES_MAX);
    lines.truncate(NAMED_LINES_MAX);
    if more > 0 {
        lines.push(format!("\nand {more} more of the same batch"));
    }
    lines.concat()
}
