//! Batches: lines that are one request each, and rounds of batches that may be sent side by side.
//!
//! Of types and assets a round is one batch. Of associations a batch is consecutive lines with one From
//! asset, since that is what one request can hold, and a round is as many lines as a batch of others.
//! A round never says two things about one: what comes later in the file is sent later.

use std::{
    collections::{HashMap, HashSet},
    io::BufRead,
    mem,
};

use holdfast_domain::registry::{AssetName, Code, Context};

use super::{
    What,
    entry::{Entry, Reader, Subject},
    lines::{BadLine, Lines, Place},
};

/// Of a batch, and of a round.
pub(super) const LINES_MAX: usize = 1_000;

/// Of a body, unless a single line is longer. Well below what a server takes: it also counts what is
/// there already (`TooManyChanges`).
const BYTES_MAX: usize = 1024 * 1024;

/// Room for what a body has around its lines; of associations a batch may be a single line.
const AROUND_BYTES: usize = 64;

/// One request.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Batch {
    pub(super) body: Vec<u8>,
    /// Its lines by number, each with the types that it takes to be there.
    pub(super) lines: Vec<(u64, Vec<Code>)>,
}

#[derive(Clone, PartialEq, Debug)]
pub(super) struct Round {
    pub(super) batches: Vec<Batch>,
    /// Behind its last line.
    pub(super) end: Place,
}

/// Why there is no further round.
#[derive(Debug)]
pub(super) enum Stop {
    File(std::io::Error),
    /// All of a round that cannot be used.
    Lines(Vec<BadLine>),
}

pub(super) struct Rounds<R> {
    lines: Lines<R>,
    reader: Reader,
    /// Read already, for the next round.
    ahead: Option<Entry>,
}

impl<R: BufRead> Rounds<R> {
    pub(super) fn new(lines: Lines<R>, reader: Reader) -> Self {
        Self { lines, reader, ahead: None }
    }

    /// The next round; `None` behind the last line.
    ///
    /// # Errors
    /// When the file cannot be read, or lines of the round are no good.
    pub(super) fn next(&mut self) -> Result<Option<Round>, Stop> {
        let mut round = Draft::default();
        let mut bad = Vec::new();
        let mut count = 0;
        while count < LINES_MAX {
            let entry = match self.ahead.take() {
                Some(entry) => entry,
                None => match self.lines.next().map_err(Stop::File)? {
                    None => break,
                    Some(line) => match line.and_then(|line| self.reader.entry(&line)) {
                        Ok(entry) => entry,
                        Err(line) => {
                            bad.push(line);
                            count += 1;
                            continue;
                        }
                    },
                },
            };
            if !round.takes(&entry) {
                self.ahead = Some(entry);
                break;
            }
            round.add(entry);
            count += 1;
        }
        if !bad.is_empty() {
            return Err(Stop::Lines(bad));
        }
        let end = round.end;
        let batches = batches(round.entries, self.reader.what);
        Ok((!batches.is_empty()).then_some(Round { batches, end }))
    }
}

/// A round in the making.
#[derive(Default)]
struct Draft {
    entries: Vec<Entry>,
    bytes: usize,
    end: Place,
    named: HashSet<Named>,
    /// What assets at the ends of associations are to keep.
    ends: HashMap<AssetName, Context>,
}

#[derive(PartialEq, Eq, Hash)]
enum Named {
    Type(Code),
    Asset(AssetName),
    Association(AssetName, AssetName),
}

impl Named {
    fn of(subject: &Subject) -> Self {
        match subject {
            Subject::Type(code) => Self::Type(code.clone()),
            Subject::Asset(name) => Self::Asset(name.clone()),
            Subject::Association { from, to, .. } => {
                Self::Association(from.name.clone(), to.name.clone())
            }
        }
    }
}

impl Draft {
    /// Whether it has room for the line, and nothing else to say about the same.
    fn takes(&self, entry: &Entry) -> bool {
        let same = |(name, context): (&AssetName, &Context)| {
            context.is_empty() || self.ends.get(name).is_none_or(|other| other == context)
        };
        let fits = self.entries.is_empty() || self.bytes + size(entry) <= BYTES_MAX;
        fits && !self.named.contains(&Named::of(&entry.subject)) && entry.subject.ends().all(same)
    }

    fn add(&mut self, entry: Entry) {
        self.bytes += size(&entry);
        self.end = entry.end;
        self.named.insert(Named::of(&entry.subject));
        for (name, context) in entry.subject.ends().filter(|(_, context)| !context.is_empty()) {
            self.ends.insert(name.clone(), context.clone());
        }
        self.entries.push(entry);
    }
}

/// What it adds to the body of a request at most.
fn size(entry: &Entry) -> usize {
    let from = match &entry.subject {
        Subject::Association { from_json, .. } => from_json.len(),
        _ => 0,
    };
    entry.json.len() + from + AROUND_BYTES
}

fn batches(entries: Vec<Entry>, what: What) -> Vec<Batch> {
    if what != What::Associations {
        let all = (!entries.is_empty()).then(|| batch(entries));
        return all.into_iter().collect();
    }
    let mut batches = Vec::new();
    let mut group: Vec<Entry> = Vec::new();
    for entry in entries {
        if group.last().is_some_and(|last| root(last) != root(&entry)) {
            batches.push(batch(mem::take(&mut group)));
        }
        group.push(entry);
    }
    batches.extend((!group.is_empty()).then(|| batch(group)));
    batches
}

/// The From asset of an association.
fn root(entry: &Entry) -> Option<&AssetName> {
    match &entry.subject {
        Subject::Association { from, .. } => Some(&from.name),
        _ => None,
    }
}

fn batch(entries: Vec<Entry>) -> Batch {
    // Of lines with one From asset those that say what to keep of it all say the same.
    let root = entries.iter().filter_map(|entry| match &entry.subject {
        Subject::Association { from, from_json, .. } => Some((from.context.len(), from_json)),
        _ => None,
    });
    let (opening, closing) = match root.max_by_key(|(contexts, _)| *contexts) {
        Some((_, json)) => ([br#"{"Root":"#, &json[..], br#","Associations":["#].concat(), "]}"),
        None => (b"[".to_vec(), "]"),
    };
    let mut body = opening;
    for (place, entry) in entries.iter().enumerate() {
        if place > 0 {
            body.push(b',');
        }
        body.extend_from_slice(&entry.json);
    }
    body.extend_from_slice(closing.as_bytes());
    let lines = entries
        .iter()
        .map(|entry| (entry.number, entry.subject.types().cloned().collect()))
        .collect();
    Batch { body, lines }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::registry::Format;

    fn rounds(text: &str, what: What) -> Rounds<&[u8]> {
        let lines = Lines::new(text.as_bytes(), Format::Jsonl, Place::default());
        Rounds::new(lines, Reader { what, header: None, from: None })
    }

    /// The bodies of each round, and the last line of it.
    fn all(text: &str, what: What) -> Vec<(Vec<Value>, u64)> {
        let mut rounds = rounds(text, what);
        let mut all = Vec::new();
        while let Some(round) = rounds.next().unwrap() {
            let bodies = round.batches.iter().map(|b| serde_json::from_slice(&b.body).unwrap());
            all.push((bodies.collect(), round.end.lines));
        }
        all
    }

    fn asset(code: usize) -> String {
        format!("{{\"Type\":\"T\",\"Code\":\"{code}\"}}\n")
    }

    #[test]
    fn a_thousand_lines_to_a_batch() {
        let text: String = (0..2_500).map(asset).collect();
        let told: Vec<_> = all(&text, What::Assets)
            .into_iter()
            .map(|(bodies, end)| (bodies.len(), bodies[0].as_array().unwrap().len(), end))
            .collect();
        assert_eq!(told, [(1, 1_000, 1_000), (1, 1_000, 2_000), (1, 500, 2_500)]);
        assert_eq!(all("\n\n", What::Assets), []);
    }

    #[test]
    fn what_is_said_again_is_sent_later() {
        let text = [1, 2, 1, 3].map(asset).concat();
        let told: Vec<_> = all(&text, What::Assets).into_iter().map(|(_, end)| end).collect();
        assert_eq!(told, [2, 4]);
    }

    #[test]
    fn a_body_is_no_longer_than_its_longest_line_makes_it() {
        let line = |code, bytes| {
            let context = json!([{"Application": "A", "Metadata": {"k": "x".repeat(bytes)}}]);
            format!("{}\n", json!({"Type": "T", "Code": format!("{code}"), "Context": context}))
        };
        let third = BYTES_MAX / 3;
        let text: String = [third, third, third, BYTES_MAX, 1]
            .into_iter()
            .enumerate()
            .map(|(n, bytes)| line(n, bytes))
            .collect();
        let mut rounds = rounds(&text, What::Assets);
        let mut sizes = Vec::new();
        while let Some(round) = rounds.next().unwrap() {
            sizes.push(round.batches[0].lines.len());
        }
        assert_eq!(sizes, [2, 1, 1, 1]);
    }

    fn association(from: &str, to: &str, of_from: Option<&str>) -> String {
        let mut line = json!({"FromAsset": {"Type": "U", "Code": from},
            "ToAsset": {"Type": "M", "Code": to}});
        if let Some(value) = of_from {
            line["FromAsset"]["Context"] = json!([{"Application": "A", "Metadata": {"k": value}}]);
        }
        format!("{line}\n")
    }

    #[test]
    fn associations_go_by_their_from_asset() {
        let lines =
            [("a", "x", None), ("a", "y", Some("1")), ("b", "x", None), ("a", "z", Some("1"))];
        let text: String =
            lines.into_iter().map(|(from, to, of)| association(from, to, of)).collect();
        let told = all(&text, What::Associations);
        let [(bodies, end)] = &told[..] else { panic!("{told:?}") };
        assert_eq!((bodies.len(), *end), (3, 4));
        let to = |code: &str| json!({"ToAsset": {"Type": "M", "Code": code}});
        assert_eq!(bodies[0]["Associations"], json!([to("x"), to("y")]));
        assert_eq!(bodies[0]["Root"]["Context"][0]["Metadata"], json!({"k": "1"}));
        assert_eq!(
            bodies[1],
            json!({"Root": {"Type": "U", "Code": "b"}, "Associations": [to("x")]})
        );
    }

    #[test]
    fn what_contradicts_a_round_begins_the_next() {
        let rows = [
            ([("a", "x", Some("1")), ("a", "y", Some("2"))], 2),
            ([("a", "x", None), ("a", "x", None)], 2),
            ([("a", "x", Some("1")), ("a", "y", Some("1"))], 1),
            ([("a", "x", Some("1")), ("x", "a", None)], 1),
        ];
        for (lines, expected) in rows {
            let text: String =
                lines.iter().map(|(from, to, of)| association(from, to, *of)).collect();
            assert_eq!(all(&text, What::Associations).len(), expected, "{lines:?}");
        }
    }

    #[test]
    fn bad_lines_of_a_round_are_told_together_and_before_it() {
        let text = [
            "{}\n",
            &asset(1),
            "{\"Type\":\"T\",\"Type\":\"T\",\"Code\":\"2\"}\n",
            "[\n",
            "{\"Type\":\"T\",\"Code\":\"3\",\"Name\":\"x\"}\n",
        ]
        .concat();
        let Err(Stop::Lines(bad)) = rounds(&text, What::Assets).next() else { panic!() };
        let numbers: Vec<_> = bad.iter().map(|line| line.number).collect();
        assert_eq!(numbers, [1, 3, 4, 5]);
        assert_eq!((&*bad[0].why, &*bad[3].why), ("MissingType, MissingCode", "UnknownField"));
        assert!(bad[1].why.starts_with("duplicate member"), "{bad:?}");
        let later: String = (0..1_000).map(asset).collect::<String>() + "{}\n";
        let mut rounds = rounds(&later, What::Assets);
        assert!(rounds.next().is_ok_and(|round| round.is_some()));
        assert!(rounds.next().is_err());
    }
}
