//! CSV: what columns mean, and a line with them as a document.
//!
//! | column | what its cells are |
//! |---|---|
//! | `Type`, `Code` | the name of the asset, of associations that of the To asset; types have `Code` alone |
//! | `From:Type`, `From:Code` | the name of the From asset, where the command does not give it |
//! | `M:<Key>` | metadata of a type |
//! | `X:<App>:<Key>` | metadata that an application keeps of the asset or the association |
//! | `X:<App>:<IdName>:<Key>` | a value of one of its ids |
//! | `A:<App>:<Key>`, `A:<App>:<IdName>:<Key>` | the same of the To asset |
//!
//! An empty cell is no value, and so is one that is missing at the end of a line.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::What;

/// What a column is of.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Column {
    Type,
    Code,
    FromType,
    FromCode,
    Meta(String),
    /// `X:`
    Own(Place),
    /// `A:`
    OfTo(Place),
}

/// Where in a context a value is.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Place {
    pub(super) app: String,
    /// `None`: metadata.
    pub(super) id: Option<String>,
    pub(super) key: String,
}

impl Column {
    /// `None` when it means nothing in such a file.
    fn read(name: &str, what: What) -> Option<Self> {
        let name = name.trim();
        let (assets, associations) = (what == What::Assets, what == What::Associations);
        let fixed = [
            ("Type", Self::Type, assets || associations),
            ("Code", Self::Code, true),
            ("From:Type", Self::FromType, associations),
            ("From:Code", Self::FromCode, associations),
        ];
        for (known, column, allowed) in fixed {
            if name.eq_ignore_ascii_case(known) {
                return allowed.then_some(column);
            }
        }
        match name.split_once(':')? {
            ("M", key) if what == What::Types => Some(Self::Meta(key.to_owned())),
            ("X", place) if what != What::Types => Place::read(place).map(Self::Own),
            ("A", place) if associations => Place::read(place).map(Self::OfTo),
            _ => None,
        }
    }

    /// As the first line of a file has it; `None` when it cannot be said there.
    pub(super) fn title(&self) -> Option<String> {
        match self {
            Self::Type => Some("Type".to_owned()),
            Self::Code => Some("Code".to_owned()),
            Self::FromType => Some("From:Type".to_owned()),
            Self::FromCode => Some("From:Code".to_owned()),
            Self::Meta(key) => (key.trim() == key).then(|| format!("M:{key}")),
            Self::Own(place) => place.title('X'),
            Self::OfTo(place) => place.title('A'),
        }
    }
}

impl Place {
    fn read(text: &str) -> Option<Self> {
        let parts: Vec<_> = text.split(':').collect();
        let (app, id, key) = match parts[..] {
            [app, key] => (app, None, key),
            [app, id, key] => (app, Some(id.to_owned()), key),
            _ => return None,
        };
        Some(Self { app: app.to_owned(), id, key: key.to_owned() })
    }

    fn title(&self, prefix: char) -> Option<String> {
        let Self { app, id, key } = self;
        let title = match id {
            Some(id) => format!("{prefix}:{app}:{id}:{key}"),
            None => format!("{prefix}:{app}:{key}"),
        };
        // Read again it must say the same.
        let same = Self::read(&title[2..]).is_some_and(|place| place == *self);
        (same && title.trim() == title).then_some(title)
    }
}

/// The first line of a file.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Header {
    what: What,
    columns: Vec<Column>,
}

impl Header {
    /// `has_from`: the command names the From asset.
    ///
    /// # Errors
    /// A sentence about what is wrong with it.
    pub(super) fn read(text: &str, what: What, has_from: bool) -> Result<Self, String> {
        let mut columns = Vec::new();
        let mut seen = HashSet::new();
        for name in fields(text)? {
            let column = Column::read(&name, what)
                .ok_or_else(|| format!("the column {name:?} means nothing in such a file"))?;
            if !seen.insert(column.clone()) {
                return Err(format!("the column {name:?} is there twice"));
            }
            columns.push(column);
        }
        let needed: &[Column] = match what {
            What::Types => &[Column::Code],
            What::Associations if !has_from => {
                &[Column::FromType, Column::FromCode, Column::Type, Column::Code]
            }
            _ => &[Column::Type, Column::Code],
        };
        match needed.iter().find(|column| !seen.contains(*column)).and_then(Column::title) {
            Some(missing) => Err(format!("the column {missing:?} is missing")),
            None => Ok(Self { what, columns }),
        }
    }

    /// The document that a line stands for.
    ///
    /// # Errors
    /// A sentence about what is wrong with it.
    pub(super) fn document(&self, text: &str) -> Result<Value, String> {
        let cells = fields(text)?;
        if cells.len() > self.columns.len() {
            let (cells, columns) = (cells.len(), self.columns.len());
            return Err(format!("it has {cells} cells, and there are {columns} columns"));
        }
        let (mut asset, mut from, mut metadata) = (Map::new(), Map::new(), Map::new());
        let (mut own, mut of_to) = (Vec::new(), Vec::new());
        let filled = self.columns.iter().zip(cells).filter(|(_, cell)| !cell.is_empty());
        for (column, cell) in filled {
            match column {
                Column::Type => drop(asset.insert("Type".to_owned(), cell.into())),
                Column::Code => drop(asset.insert("Code".to_owned(), cell.into())),
                Column::FromType => drop(from.insert("Type".to_owned(), cell.into())),
                Column::FromCode => drop(from.insert("Code".to_owned(), cell.into())),
                Column::Meta(key) => drop(metadata.insert(key.clone(), cell.into())),
                Column::Own(place) => put(&mut own, place, cell),
                Column::OfTo(place) => put(&mut of_to, place, cell),
            }
        }
        let own = context(own);
        match self.what {
            What::Types => with(&mut asset, "Metadata", metadata.into()),
            What::Assets => with(&mut asset, "Context", own),
            What::Associations => {
                with(&mut asset, "Context", context(of_to));
                let mut association = Map::new();
                with(&mut association, "Context", own);
                let mut whole = Map::from_iter([("ToAsset".to_owned(), asset.into())]);
                with(&mut whole, "Association", association.into());
                with(&mut whole, "FromAsset", from.into());
                asset = whole;
            }
        }
        Ok(asset.into())
    }
}

/// Adds a member that is not empty.
fn with(object: &mut Map<String, Value>, name: &str, member: Value) {
    let empty = match &member {
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    };
    if !empty {
        object.insert(name.to_owned(), member);
    }
}

/// What applications keep, in the order of the columns.
type Contexts<'a> = Vec<(&'a str, Map<String, Value>, Vec<(&'a str, Map<String, Value>)>)>;

fn put<'a>(contexts: &mut Contexts<'a>, place: &'a Place, cell: String) {
    let known = contexts.iter().position(|(app, ..)| *app == place.app);
    let at = known.unwrap_or_else(|| {
        contexts.push((&place.app, Map::new(), Vec::new()));
        contexts.len() - 1
    });
    let (_, metadata, ids) = &mut contexts[at];
    let values = match &place.id {
        None => metadata,
        Some(id) => {
            let known = ids.iter().position(|(name, _)| name == id);
            let at = known.unwrap_or_else(|| {
                ids.push((id, Map::new()));
                ids.len() - 1
            });
            &mut ids[at].1
        }
    };
    values.insert(place.key.clone(), cell.into());
}

fn context(contexts: Contexts<'_>) -> Value {
    let entries = contexts.into_iter().map(|(app, metadata, ids)| {
        let ids = ids.into_iter().map(|(name, values)| json!({"Name": name, "Values": values}));
        let mut entry = Map::from_iter([("Application".to_owned(), app.into())]);
        with(&mut entry, "IDs", ids.collect());
        with(&mut entry, "Metadata", metadata.into());
        Value::Object(entry)
    });
    entries.collect()
}

/// The cells of one line.
fn fields(text: &str) -> Result<Vec<String>, String> {
    // The parser is made for files: making one for each line takes longer than all the rest.
    if !text.contains('"') {
        return Ok(text.split(',').map(str::to_owned).collect());
    }
    let reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(text.len())
        .from_reader(text.as_bytes());
    let mut records = reader.into_records();
    let record = records.next().transpose().map_err(|error| error.to_string())?;
    if records.next().is_some() {
        return Err("a quote stands in a cell that is not quoted as a whole".to_owned());
    }
    Ok(record.iter().flatten().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn documents(text: &str, what: What) -> Vec<Result<Value, String>> {
        let (first, rest) = text.split_once('\n').unwrap();
        let header = Header::read(first, what, false).unwrap();
        rest.lines().map(|line| header.document(line)).collect()
    }

    #[test]
    fn assets_with_context() {
        let text = "Code,type,X:Zenith:Visibilities:Full,X:OMS:Owner,X:Zenith:Region\n\
                    XSX,Market,\"All, \"\"most\"\"\",,AU\n\
                    XS:0001,TradingAccount,,XS\n\
                    bare,User,,,\n";
        let expected = [
            json!({"Type": "Market", "Code": "XSX", "Context": [{"Application": "Zenith",
                "IDs": [{"Name": "Visibilities", "Values": {"Full": "All, \"most\""}}],
                "Metadata": {"Region": "AU"}}]}),
            json!({"Type": "TradingAccount", "Code": "XS:0001",
                "Context": [{"Application": "OMS", "Metadata": {"Owner": "XS"}}]}),
            json!({"Type": "User", "Code": "bare"}),
        ];
        assert_eq!(documents(text, What::Assets), expected.map(Ok));
    }

    #[test]
    fn types_and_associations() {
        let types = documents("Code,M:Disabled,M:a:b\nMarket,False,c\nUser\n", What::Types);
        let market = json!({"Code": "Market", "Metadata": {"Disabled": "False", "a:b": "c"}});
        assert_eq!(types, [Ok(market), Ok(json!({"Code": "User"}))]);
        let text = "From:Type,From:Code,Type,Code,A:OMS:Access,X:Zenith:Visibility\n\
                    User,1,Market,XSX,Read,Limited\nUser,1,Group,G,,\n";
        let context = |app: &str, key: &str, value: &str| json!([{"Application": app, "Metadata": {key: value}}]);
        let expected = [
            json!({"FromAsset": {"Type": "User", "Code": "1"},
                "ToAsset": {"Type": "Market", "Code": "XSX", "Context": context("OMS", "Access", "Read")},
                "Association": {"Context": context("Zenith", "Visibility", "Limited")}}),
            json!({"FromAsset": {"Type": "User", "Code": "1"},
                "ToAsset": {"Type": "Group", "Code": "G"}}),
        ];
        assert_eq!(documents(text, What::Associations), expected.map(Ok));
    }

    #[test]
    fn headers_that_are_none() {
        let rows = [
            ("Type", What::Assets, "\"Code\" is missing"),
            ("Type,Code,Code", What::Assets, "\"Code\" is there twice"),
            ("Type,Code,Name", What::Assets, "\"Name\" means nothing"),
            ("Type,Code,X:Zenith", What::Assets, "\"X:Zenith\" means nothing"),
            ("Type,Code,X:a:b:c:d", What::Assets, "\"X:a:b:c:d\" means nothing"),
            ("Type,Code,A:a:b", What::Assets, "\"A:a:b\" means nothing"),
            ("Type,Code,M:a", What::Assets, "\"M:a\" means nothing"),
            ("Type,Code", What::Types, "\"Type\" means nothing"),
            ("Type,Code", What::Associations, "\"From:Type\" is missing"),
        ];
        for (text, what, expected) in rows {
            let told = Header::read(text, what, false).unwrap_err();
            assert!(told.contains(expected), "{text}: {told}");
        }
        assert!(Header::read("Type,Code", What::Associations, true).is_ok());
    }

    #[test]
    fn lines_that_are_none() {
        let told = documents("Type,Code\na,b,c\n", What::Assets).remove(0).unwrap_err();
        assert_eq!(told, "it has 3 cells, and there are 2 columns");
        let header = Header::read("Type,Code", What::Assets, false).unwrap();
        assert!(header.document("a,5\" nail\nb,7\" nail").unwrap_err().contains("quote"));
    }
}
