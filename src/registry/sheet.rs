//! Documents as CSV: what stands in which column, and the whole file once all columns are known.
//!
//! The columns are those that [`super::table`] reads. They are known only when the last document has
//! been seen, so documents wait in a file without a name.

use std::{
    collections::HashMap,
    fs::File,
    io::{BufRead as _, BufReader, BufWriter, Seek as _, Write},
};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use super::{
    What,
    table::{Column, Place},
};

/// More of them are no table; their names are kept in memory.
const COLUMNS_MAX: usize = 10_000;

pub(super) struct Sheet {
    what: What,
    waiting: BufWriter<File>,
    columns: Vec<Column>,
    places: HashMap<Column, usize>,
}

impl Sheet {
    /// # Errors
    /// When there can be no file without a name.
    pub(super) fn new(what: What) -> anyhow::Result<Self> {
        let file = tempfile::tempfile().context("cannot make a file to wait in")?;
        let waiting = BufWriter::new(file);
        let mut sheet = Self { what, waiting, columns: Vec::new(), places: HashMap::new() };
        let names: &[Column] = match what {
            What::Types => &[Column::Code],
            What::Assets => &[Column::Type, Column::Code],
            What::Associations => &[Column::FromType, Column::FromCode, Column::Type, Column::Code],
        };
        for name in names {
            sheet.place(name)?;
        }
        Ok(sheet)
    }

    /// # Errors
    /// When it cannot be said in CSV, or not be kept.
    pub(super) fn put(&mut self, document: &Value) -> anyhow::Result<()> {
        let cells = cells(document, self.what).and_then(|cells| {
            let columns = cells.into_iter().map(|(column, _)| column);
            columns.map(|column| self.place(&column)).collect::<anyhow::Result<Vec<_>>>()
        });
        cells.with_context(|| format!("CSV cannot hold {document}; JSON lines can"))?;
        serde_json::to_writer(&mut self.waiting, document)?;
        self.waiting.write_all(b"\n").context("cannot write to the file to wait in")
    }

    /// Writes all of it.
    ///
    /// # Errors
    /// When it cannot be written, or the file where it waited not be read.
    pub(super) fn finish(self, out: impl Write) -> anyhow::Result<()> {
        let Self { what, waiting, columns, places } = self;
        let mut file = waiting.into_inner().context("cannot write to the file to wait in")?;
        file.rewind()?;
        let mut table = csv::Writer::from_writer(out);
        table.write_record(columns.iter().map(|column| column.title().unwrap_or_default()))?;
        for line in BufReader::new(file).lines() {
            let document: Value = serde_json::from_str(&line?)?;
            let mut row = vec![String::new(); columns.len()];
            for (column, cell) in cells(&document, what)? {
                if let Some(place) = places.get(&column) {
                    row[*place] = cell;
                }
            }
            table.write_record(row)?;
        }
        Ok(table.flush()?)
    }

    fn place(&mut self, column: &Column) -> anyhow::Result<usize> {
        if let Some(place) = self.places.get(column) {
            return Ok(*place);
        }
        ensure!(column.title().is_some(), "a name with a colon, or with a blank at its end");
        let place = self.columns.len();
        ensure!(place < COLUMNS_MAX, "more than {COLUMNS_MAX} columns");
        self.columns.push(column.clone());
        self.places.insert(column.clone(), place);
        Ok(place)
    }
}

type Cells = Vec<(Column, String)>;

/// What a document says, each with its column.
///
/// # Errors
/// When it says something that has no cell.
fn cells(document: &Value, what: What) -> anyhow::Result<Cells> {
    let mut cells = Cells::new();
    match what {
        What::Types => {
            cells.push((Column::Code, text(&document["Code"])?));
            values(&document["Metadata"], Column::Meta, &mut cells)?;
        }
        What::Assets => {
            cells.push((Column::Type, text(&document["Type"])?));
            cells.push((Column::Code, text(&document["Code"])?));
            context(&document["Context"], Column::Own, &mut cells)?;
        }
        What::Associations => {
            let (from, to) = (&document["FromAsset"], &document["ToAsset"]);
            cells.push((Column::FromType, text(&from["Type"])?));
            cells.push((Column::FromCode, text(&from["Code"])?));
            cells.push((Column::Type, text(&to["Type"])?));
            cells.push((Column::Code, text(&to["Code"])?));
            context(&to["Context"], Column::OfTo, &mut cells)?;
            context(&document["Association"]["Context"], Column::Own, &mut cells)?;
        }
    }
    Ok(cells)
}

fn context(
    context: &Value,
    column: impl Fn(Place) -> Column,
    cells: &mut Cells,
) -> anyhow::Result<()> {
    for entry in context.as_array().into_iter().flatten() {
        let before = cells.len();
        let app = text(&entry["Application"])?;
        for group in entry["IDs"].as_array().into_iter().flatten() {
            let (before, id) = (cells.len(), text(&group["Name"])?);
            let place = |key| Place { app: app.clone(), id: Some(id.clone()), key };
            values(&group["Values"], |key| column(place(key)), cells)?;
            ensure!(cells.len() > before, "an id without values");
        }
        let place = |key| Place { app: app.clone(), id: None, key };
        values(&entry["Metadata"], |key| column(place(key)), cells)?;
        ensure!(cells.len() > before, "an application that keeps nothing");
    }
    Ok(())
}

fn values(
    values: &Value,
    column: impl Fn(String) -> Column,
    cells: &mut Cells,
) -> anyhow::Result<()> {
    for (key, value) in values.as_object().into_iter().flatten() {
        let value = text(value)?;
        ensure!(!value.is_empty(), "an empty value");
        cells.push((column(key.clone()), value));
    }
    Ok(())
}

fn text(value: &Value) -> anyhow::Result<String> {
    Ok(value.as_str().context("something that is no text")?.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::registry::{
        Format,
        lines::{Lines, Place as At},
        table::Header,
    };

    fn written(documents: &[Value], what: What) -> anyhow::Result<String> {
        let mut sheet = Sheet::new(what)?;
        for document in documents {
            sheet.put(document)?;
        }
        let mut out = Vec::new();
        sheet.finish(&mut out)?;
        Ok(String::from_utf8(out)?)
    }

    /// As an import of the file has them.
    fn read(text: &str, what: What) -> Vec<Value> {
        let mut lines = Lines::new(text.as_bytes(), Format::Csv, At::default());
        let first = lines.next().unwrap().unwrap().unwrap();
        let header = Header::read(&first.text, what, false).unwrap();
        let mut documents = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            documents.push(header.document(&line.unwrap().text).unwrap());
        }
        documents
    }

    #[test]
    fn what_is_written_is_read_again() {
        let context = json!([{"Application": "Zenith",
            "IDs": [{"Name": "Visibilities", "Values": {"Full": "a,b", "Limited": "say \"x\"\r\n\ny"}}],
            "Metadata": {"": "no key", "Region": " AU "}},
            {"Application": "OMS", "Metadata": {"Owner": "é"}}]);
        let rows = [
            (
                What::Types,
                vec![
                    json!({"Code": "Market", "Metadata": {"a:b": "1", "c": "2"}}),
                    json!({"Code": "User"}),
                ],
            ),
            (
                What::Assets,
                vec![
                    json!({"Type": "Market", "Code": "XSX[Sample],\"1\"", "Context": context}),
                    json!({"Type": "User", "Code": "XS:0001"}),
                ],
            ),
            (
                What::Associations,
                vec![json!({"FromAsset": {"Type": "User", "Code": "1"},
                "ToAsset": {"Type": "Market", "Code": "XSX", "Context": context},
                "Association": {"Context": context}})],
            ),
        ];
        for (what, documents) in rows {
            let text = written(&documents, what).unwrap();
            assert_eq!(read(&text, what), documents, "{text}");
        }
    }

    #[test]
    fn columns_come_as_they_are_met() {
        let documents = [
            json!({"Type": "T", "Code": "1", "Context": [{"Application": "B", "Metadata": {"k": "v"}}]}),
            json!({"Type": "T", "Code": "2", "Context": [{"Application": "A", "Metadata": {"k": "w"}}]}),
        ];
        let text = written(&documents, What::Assets).unwrap();
        assert_eq!(text, "Type,Code,X:B:k,X:A:k\nT,1,v,\nT,2,,w\n");
        assert_eq!(written(&[], What::Types).unwrap(), "Code\n");
    }

    #[test]
    fn what_csv_cannot_hold_is_refused() {
        let asset = |entry: Value| json!({"Type": "T", "Code": "1", "Context": [entry]});
        let rows = [
            (json!({"Application": "A"}), "keeps nothing"),
            (json!({"Application": "A", "Metadata": {"k": ""}}), "an empty value"),
            (json!({"Application": "A", "IDs": [{"Name": "N"}]}), "an id without values"),
            (json!({"Application": "A:B", "Metadata": {"k": "v"}}), "a colon"),
            (json!({"Application": "A", "Metadata": {"k:l": "v"}}), "a colon"),
            (json!({"Application": "A", "Metadata": {"k ": "v"}}), "a blank"),
        ];
        for (entry, expected) in rows {
            let told = format!("{:#}", written(&[asset(entry)], What::Assets).unwrap_err());
            assert!(told.contains(expected), "{told}");
        }
    }
}
