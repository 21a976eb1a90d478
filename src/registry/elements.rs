//! The items of a long JSON document one by one, as it comes: memory holds one of them.

use std::{
    fmt,
    io::{BufReader, Read},
};

use anyhow::Context as _;
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::Value;

/// Takes an item.
pub(super) type Each<'a> = dyn FnMut(Value) -> anyhow::Result<()> + 'a;

const BUFFER_BYTES: usize = 64 * 1024;

/// Hands over the items of an array.
///
/// # Errors
/// When it is none, breaks off, or an item is not taken.
pub(super) fn of_array(document: impl Read, each: &mut Each<'_>) -> anyhow::Result<()> {
    read(document, each, |items, parser| items.deserialize(parser))
}

/// Hands over the items of an object's member `name`, if it has that.
///
/// # Errors
/// As for [`of_array`].
pub(super) fn of_member(
    document: impl Read,
    name: &'static str,
    each: &mut Each<'_>,
) -> anyhow::Result<()> {
    read(document, each, |items, parser| parser.deserialize_map(Member { name, items }))
}

type Parser<'p, R> = &'p mut serde_json::Deserializer<serde_json::de::IoRead<BufReader<R>>>;

fn read<R: Read>(
    document: R,
    each: &mut Each<'_>,
    parse: impl FnOnce(Items<'_, '_>, Parser<'_, R>) -> serde_json::Result<()>,
) -> anyhow::Result<()> {
    let buffered = BufReader::with_capacity(BUFFER_BYTES, document);
    let mut parser = serde_json::Deserializer::from_reader(buffered);
    let mut failure = None;
    let parsed = parse(Items { each, failure: &mut failure }, &mut parser);
    if let Some(failure) = failure {
        return Err(failure);
    }
    parsed.and_then(|()| parser.end()).context("the answer is not whole")
}

/// An array whose items are handed over.
struct Items<'i, 'e> {
    each: &'i mut Each<'e>,
    /// Why an item was not taken; the parser knows only that it must stop.
    failure: &'i mut Option<anyhow::Error>,
}

impl<'de> DeserializeSeed<'de> for Items<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Items<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while let Some(item) = items.next_element()? {
            if let Err(failure) = (self.each)(item) {
                *self.failure = Some(failure);
                return Err(A::Error::custom("not taken"));
            }
        }
        Ok(())
    }
}

/// An object with such an array.
struct Member<'i, 'e> {
    name: &'static str,
    items: Items<'i, 'e>,
}

impl<'de> Visitor<'de> for Member<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut items = Some(self.items);
        while let Some(name) = members.next_key::<String>()? {
            match items.take_if(|_| name == self.name) {
                Some(items) => members.next_value_seed(items)?,
                None => drop(members.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn items(text: &str) -> Result<Vec<Value>, String> {
        let mut items = Vec::new();
        let each: &mut Each<'_> = &mut |item| {
            items.push(item);
            Ok(())
        };
        let read = if text.starts_with('{') {
            of_member(text.as_bytes(), "Associations", each)
        } else {
            of_array(text.as_bytes(), each)
        };
        read.map(|()| items).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn items_of_arrays_and_members() {
        assert_eq!(items("[]"), Ok(vec![]));
        assert_eq!(items("[{\"a\":[1]}, 2]\n"), Ok(vec![json!({"a": [1]}), json!(2)]));
        let text = r#"{"Root":{"Associations":[9]},"Associations":[1,2],"Rest":[3]}"#;
        assert_eq!(items(text), Ok(vec![json!(1), json!(2)]));
        assert_eq!(items("{\"Root\":{}}"), Ok(vec![]));
    }

    #[test]
    fn a_document_that_breaks_off_is_no_document() {
        for text in ["", "[", "[1", "[1,", "[1,2", "7", "[1]]", "{\"Associations\":[1]"] {
            assert!(items(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_item_that_is_not_taken_ends_it() {
        let mut taken = 0;
        let told = of_array("[1,2,3]".as_bytes(), &mut |_| {
            taken += 1;
            anyhow::ensure!(taken < 2, "the disk is full");
            Ok(())
        });
        assert_eq!((taken, told.unwrap_err().to_string()), (2, "the disk is full".to_owned()));
    }
}
