//! One line of an import as a part of a request, checked by the rules that the server has.

use holdfast_domain::registry::{AssetName, Code, Command, Context, Findings, NewAsset, input};
use serde_json::{Map, Value, json};

use super::{
    What,
    lines::{BadLine, Line, Place},
    table::Header,
};

/// A line that the server will take, unless it does not know a type.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Entry {
    pub(super) number: u64,
    pub(super) end: Place,
    pub(super) subject: Subject,
    /// What it adds to the list of a request.
    pub(super) json: Vec<u8>,
}

/// What a line is about.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Subject {
    Type(Code),
    Asset(AssetName),
    Association { from: NewAsset, from_json: Vec<u8>, to: NewAsset },
}

/// Makes entries of lines.
pub(super) struct Reader {
    pub(super) what: What,
    /// Where the lines are CSV.
    pub(super) header: Option<Header>,
    /// Of associations that name none.
    pub(super) from: Option<Value>,
}

impl Reader {
    /// # Errors
    /// What is wrong with the line: a sentence, or codes as the server would answer.
    pub(super) fn entry(&self, line: &Line) -> Result<Entry, BadLine> {
        let bad = |why| BadLine { number: line.number, why };
        let document = match &self.header {
            Some(header) => header.document(&line.text),
            None => holdfast_http::strict_json(line.text.as_bytes()),
        };
        let document = document.map_err(bad)?;
        let (subject, json) = match self.what {
            What::Types => asset_type(document),
            What::Assets => asset(document),
            What::Associations => association(document, self.from.as_ref()),
        }
        .map_err(|findings| bad(codes(&findings)))?;
        let json = json.to_string().into_bytes();
        Ok(Entry { number: line.number, end: line.end, subject, json })
    }
}

fn codes(findings: &Findings) -> String {
    let codes: Vec<_> = findings.iter().map(|finding| finding.code()).collect();
    codes.join(", ")
}

type Checked = Result<(Subject, Value), Findings>;

fn asset_type(document: Value) -> Checked {
    let body = json!([document]);
    let Command::PutTypes(mut types) = input::post_types(Some(&body))? else { return Err(none()) };
    let (code, _) = types.pop().ok_or_else(none)?;
    Ok((Subject::Type(code), only(body)))
}

fn asset(document: Value) -> Checked {
    let body = json!([document]);
    let Command::PutAssets(mut assets) = input::post_assets(Some(&body))? else {
        return Err(none());
    };
    let asset = assets.pop().ok_or_else(none)?;
    Ok((Subject::Asset(asset.name), only(body)))
}

/// The From asset becomes the root of a request, everything else an item of its list.
fn association(mut document: Value, from: Option<&Value>) -> Checked {
    let named = document.as_object_mut().and_then(|members| members.remove("FromAsset"));
    let root = named.filter(|root| !root.is_null()).or_else(|| from.cloned());
    let mut body = json!({"Root": root, "Associations": [document]});
    let Command::PutAssociations(mut associations) = input::post_associations(Some(&body))? else {
        return Err(none());
    };
    let one = associations.pop().ok_or_else(none)?;
    let from_json = body["Root"].take().to_string().into_bytes();
    let subject = Subject::Association { from: one.from, from_json, to: one.to };
    Ok((subject, only(body["Associations"].take())))
}

/// The one item of an array.
fn only(mut array: Value) -> Value {
    array.as_array_mut().and_then(Vec::pop).unwrap_or_else(|| Value::Object(Map::new()))
}

/// A line that asks for nothing, or for something else; the rules have no word for it.
fn none() -> Findings {
    Findings::from([holdfast_domain::registry::Finding::InvalidJson])
}

impl Subject {
    /// The types that must be there for it.
    pub(super) fn types(&self) -> impl Iterator<Item = &Code> {
        let (one, other) = match self {
            Self::Type(_) => (None, None),
            Self::Asset(name) => (Some(&name.ty), None),
            Self::Association { from, to, .. } => (Some(&from.name.ty), Some(&to.name.ty)),
        };
        one.into_iter().chain(other)
    }

    /// The assets at the ends of an association, with what is to be kept of them.
    pub(super) fn ends(&self) -> impl Iterator<Item = (&AssetName, &Context)> {
        let ends = match self {
            Self::Association { from, to, .. } => [Some(from), Some(to)],
            _ => [None, None],
        };
        ends.into_iter().flatten().map(|end| (&end.name, &end.context))
    }
}
