//! `holdfast registry export`: what a registry holds, written as it comes.

use std::{
    collections::VecDeque,
    fs::{self, File},
    io::{self, BufRead as _, BufReader, BufWriter, Seek as _, Write},
    path::PathBuf,
    sync::{
        Mutex, PoisonError,
        mpsc::{self, Receiver, SyncSender},
    },
    thread,
};

use anyhow::{Context as _, anyhow};
use reqwest::blocking::Response;
use serde_json::{Value, json};

use super::{
    ExportArgs, Format, What, checkpoint::beside, elements, screen::Screen, server::Server,
    sheet::Sheet,
};

/// Assets whose associations are asked for at once. Answers wait, unread, until it is their turn.
const AT_ONCE: usize = 16;

/// Lines between two looks at the bar.
const SHOW_EACH: u64 = 1_000;

/// Writes all of it; nothing is left under the name of the output otherwise.
///
/// # Errors
/// Why it is not all there.
pub(super) fn export(arguments: ExportArgs) -> anyhow::Result<()> {
    let ExportArgs { server, what, format, output } = arguments;
    let format = Format::of(format, output.as_deref());
    let screen = Screen::new(None);
    let server = Server::new(server, &screen)?;
    let output = Output::open(output)?;
    screen.begin(0);
    let written = write(&server, &screen, (what, format), output);
    screen.clear();
    let lines = written?;
    screen.tell(&format!("{lines} lines"));
    Ok(())
}

fn write(
    server: &Server<'_>,
    screen: &Screen,
    (what, format): (What, Format),
    mut output: Output,
) -> anyhow::Result<u64> {
    let mut sheet = match format {
        Format::Csv => Some(Sheet::new(what)?),
        Format::Jsonl => None,
    };
    let mut lines = 0;
    let mut take = |document: Value| {
        lines += 1;
        if lines % SHOW_EACH == 0 {
            screen.show(lines, lines);
        }
        match &mut sheet {
            Some(sheet) => sheet.put(&document),
            None => put(&mut output.to, &document),
        }
    };
    match what {
        What::Types => elements::of_array(list(server, &["type"])?, &mut take)?,
        What::Assets => elements::of_array(list(server, &["asset"])?, &mut take)?,
        What::Associations => associations(server, &mut take)?,
    }
    if let Some(sheet) = sheet {
        sheet.finish(&mut output.to)?;
    }
    output.close()?;
    Ok(lines)
}

fn put(to: &mut impl Write, document: &Value) -> anyhow::Result<()> {
    serde_json::to_writer(&mut *to, document)?;
    to.write_all(b"\n").context("cannot write")
}

fn list(server: &Server<'_>, path: &[&str]) -> anyhow::Result<Response> {
    server.get(path)?.context("the server has no registry")
}

/// Of every asset those from it. The list of assets is read to its end first: while it is being read
/// the server keeps its moment.
fn associations(server: &Server<'_>, take: &mut elements::Each<'_>) -> anyhow::Result<()> {
    let mut names = BufWriter::new(tempfile::tempfile().context("cannot make a file of names")?);
    elements::of_array(list(server, &["asset"])?, &mut |mut asset| {
        put(&mut names, &json!([asset["Type"].take(), asset["Code"].take()]))
    })?;
    let mut names = names.into_inner().context("cannot write the file of names")?;
    names.rewind()?;
    let mut names = BufReader::new(names).lines();
    let (ask, asked) = mpsc::sync_channel(AT_ONCE);
    let asked = Mutex::new(asked);
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| answer(server, &asked));
        }
        // Dropped with the last line, and then the others end.
        let ask = ask;
        let mut answers = VecDeque::new();
        loop {
            while answers.len() < AT_ONCE
                && let Some(line) = names.next()
            {
                let name: Name = serde_json::from_str(&line?)?;
                let (reply, answer) = mpsc::sync_channel(1);
                ask.send((name.clone(), reply)).map_err(|_| anyhow!("nobody asks"))?;
                answers.push_back((name, answer));
            }
            let Some((name, answer)) = answers.pop_front() else { return Ok(()) };
            // Somebody may have deleted it since.
            let Some(answer) = answer.recv().context("a request failed")?? else { continue };
            let from = json!({"Type": name.0, "Code": name.1});
            elements::of_member(answer, "Associations", &mut |item| take(whole(&from, item)))?;
        }
    })
}

/// Type and code of an asset.
type Name = (String, String);

/// The head of an answer; `None` where there is no such asset.
type Answer = anyhow::Result<Option<Response>>;

/// Asks for what is wanted, as long as anything is.
fn answer(server: &Server<'_>, asked: &Mutex<Receiver<(Name, SyncSender<Answer>)>>) {
    let next = || asked.lock().unwrap_or_else(PoisonError::into_inner).recv();
    while let Ok(((ty, code), reply)) = next() {
        // Whoever asked may have given up.
        let _ = reply.send(server.get(&["association", "from", &ty, &code]));
    }
}

/// An association with both its ends. What is kept of the ends is not of it.
fn whole(from: &Value, mut item: Value) -> Value {
    if let Some(to) = item.get_mut("ToAsset").and_then(Value::as_object_mut) {
        to.remove("Context");
    }
    item["FromAsset"] = from.clone();
    item
}

/// Where it goes: stdout, or a file that has its name once it is whole.
struct Output {
    to: BufWriter<Box<dyn Write>>,
    file: Option<(File, PathBuf)>,
}

impl Output {
    fn open(path: Option<PathBuf>) -> anyhow::Result<Self> {
        let Some(path) = path else {
            return Ok(Self { to: BufWriter::new(Box::new(io::stdout())), file: None });
        };
        let aside = beside(&path, ".partial");
        let open = || -> io::Result<_> {
            let file = File::create(&aside)?;
            Ok((file.try_clone()?, file))
        };
        let (file, to) = open().with_context(|| format!("cannot write {}", aside.display()))?;
        Ok(Self { to: BufWriter::new(Box::new(to)), file: Some((file, path)) })
    }

    fn close(mut self) -> anyhow::Result<()> {
        self.to.flush().context("cannot write")?;
        if let Some((file, path)) = &self.file {
            file.sync_all()
                .and_then(|()| fs::rename(beside(path, ".partial"), path))
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_association_names_its_ends_and_tells_of_itself_alone() {
        let from = json!({"Type": "User", "Code": "1"});
        let item = json!({"ToAsset": {"Type": "Market", "Code": "X", "Context": [1]},
            "Association": {"Context": [2]}});
        let expected = json!({"FromAsset": {"Type": "User", "Code": "1"},
            "ToAsset": {"Type": "Market", "Code": "X"}, "Association": {"Context": [2]}});
        assert_eq!(whole(&from, item), expected);
    }

    #[test]
    fn a_file_has_its_name_when_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.jsonl");
        let mut output = Output::open(Some(path.clone())).unwrap();
        put(&mut output.to, &json!({"a": 1})).unwrap();
        assert!(!path.exists());
        output.close().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "{\"a\":1}\n");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
