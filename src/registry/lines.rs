//! A file line by line, each with its number and the place where it ends.
//!
//! One line of CSV may go over several lines of the file, where a quoted field holds line breaks. It
//! holds one of them at a time, and none of any length: memory does not grow with the file.

use std::io::{self, BufRead, Read as _};

use super::{BODY_BYTES_MAX, Format};

/// How far a file has been read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Place {
    pub(super) bytes: u64,
    pub(super) lines: u64,
}

/// One line of the input that holds something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Line {
    /// From 1 on; of its first line in the file.
    pub(super) number: u64,
    pub(super) text: String,
    /// Right behind it.
    pub(super) end: Place,
}

/// A line that cannot be used, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct BadLine {
    pub(super) number: u64,
    pub(super) why: String,
}

/// One that is longer would be refused, with or without others.
const LINE_BYTES_MAX: usize = BODY_BYTES_MAX - 1_024;

pub(super) struct Lines<R> {
    from: R,
    format: Format,
    at: Place,
    /// Where the next one begins cannot be told.
    lost: bool,
}

impl<R: BufRead> Lines<R> {
    /// `from` stands at `at`, which is the beginning of a line.
    pub(super) fn new(from: R, format: Format, at: Place) -> Self {
        Self { from, format, at, lost: false }
    }

    /// The next line that is not blank; `None` behind the last one.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(super) fn next(&mut self) -> io::Result<Option<Result<Line, BadLine>>> {
        while !self.lost {
            let number = self.at.lines + 1;
            let mut bytes = Vec::new();
            let open = loop {
                let more = self.append(&mut bytes)?;
                let open = self.format == Format::Csv && has_open_quote(&bytes);
                if !more || !open || bytes.len() > LINE_BYTES_MAX {
                    break open;
                }
            };
            let bad = |why: &str| Ok(Some(Err(BadLine { number, why: why.to_owned() })));
            if bytes.len() > LINE_BYTES_MAX {
                self.lost = true;
                return bad("it is longer than a request may be (4 MiB), or a quote is not closed");
            }
            if bytes.is_empty() {
                return Ok(None);
            }
            if open {
                return bad("a quoted field begins here or below and does not end");
            }
            match String::from_utf8(bytes) {
                Err(_) => return bad("it is not UTF-8"),
                Ok(text) => {
                    let text = content(text, number);
                    if !text.trim().is_empty() {
                        return Ok(Some(Ok(Line { number, text, end: self.at })));
                    }
                }
            }
        }
        Ok(None)
    }

    /// Adds the next line of the file with its end; says whether there was one.
    fn append(&mut self, bytes: &mut Vec<u8>) -> io::Result<bool> {
        let room = (LINE_BYTES_MAX + 1 - bytes.len()) as u64;
        let read = self.from.by_ref().take(room).read_until(b'\n', bytes)?;
        self.at.bytes += read as u64;
        self.at.lines += u64::from(read > 0);
        Ok(read > 0)
    }
}

/// In CSV quotes stand in pairs: around a field, and for each inside of it.
fn has_open_quote(bytes: &[u8]) -> bool {
    bytes.iter().filter(|byte| **byte == b'"').count() % 2 == 1
}

/// Without the end of the line, and without the mark that some programs begin a file with.
fn content(mut text: String, number: u64) -> String {
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    if number == 1 && text.starts_with('\u{feff}') {
        text.remove(0);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8], format: Format) -> Vec<(u64, Result<String, String>, Place)> {
        let mut lines = Lines::new(text, format, Place::default());
        let mut read = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            read.push(match line {
                Ok(line) => (line.number, Ok(line.text), line.end),
                Err(bad) => (bad.number, Err(bad.why), lines.at),
            });
        }
        read
    }

    fn numbers(text: &[u8], format: Format) -> Vec<(u64, String)> {
        read(text, format)
            .into_iter()
            .map(|(number, line, _)| (number, line.unwrap_or_else(|why| format!("bad: {why}"))))
            .collect()
    }

    #[test]
    fn lines_have_their_numbers_whatever_ends_them() {
        let expected = [(1, "a".to_owned()), (3, "b".to_owned()), (4, "c".to_owned())];
        for text in ["a\n\nb\nc\n", "a\n \nb\nc", "a\r\n\r\nb\r\nc\r\n", "\u{feff}a\n\nb\nc\n"] {
            for format in [Format::Jsonl, Format::Csv] {
                assert_eq!(numbers(text.as_bytes(), format), expected, "{text:?}");
            }
        }
    }

    #[test]
    fn a_place_is_right_behind_its_line() {
        let places: Vec<Place> =
            read("é\r\n\nb".as_bytes(), Format::Csv).into_iter().map(|(_, _, end)| end).collect();
        assert_eq!(places, [Place { bytes: 4, lines: 1 }, Place { bytes: 6, lines: 3 }]);
    }

    #[test]
    fn quoted_line_breaks_are_of_csv_alone() {
        let text = b"a,\"x\r\n\ny\"\nb\n";
        let csv = [(1, "a,\"x\r\n\ny\"".to_owned()), (4, "b".to_owned())];
        assert_eq!(numbers(text, Format::Csv), csv);
        assert_eq!(numbers(text, Format::Jsonl).len(), 3);
    }

    #[test]
    fn what_is_no_line_is_told_by_number() {
        let told = numbers(b"a\n\xff\nb\n", Format::Jsonl);
        assert_eq!(told[1], (2, "bad: it is not UTF-8".to_owned()));
        assert_eq!(told[2], (3, "b".to_owned()));
        let told = numbers(b"a\nb,\"c\nd\n", Format::Csv);
        assert!(told[1].0 == 2 && told[1].1.contains("does not end"), "{told:?}");
        let long = vec![b' '; 2 * BODY_BYTES_MAX];
        let told = numbers(&long, Format::Jsonl);
        assert!(told.len() == 1 && told[0].1.contains("longer"), "{told:?}");
    }
}
