//! One strict parse of a body: no duplicate members, no deep nesting, nothing after the value.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::error::ApiError;

/// Arrays and objects inside each other.
const DEPTH_MAX: usize = 32;

/// The value of a body. No body at all stands for `{}`.
///
/// # Errors
/// `MalformedJson` with a sentence that says where.
pub(crate) fn parse(body: &[u8]) -> Result<Value, ApiError> {
    if body.is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    strict(body)
        .map_err(|why| ApiError::MalformedJson(format!("The body is not well-formed JSON: {why}.")))
}

/// The value that `text` is, read as bodies are; for clients that look before they send.
///
/// # Errors
/// Why it is none.
pub fn strict(text: &[u8]) -> Result<Value, String> {
    let text = std::str::from_utf8(text)
        .map_err(|error| format!("not UTF-8 at byte {}", error.valid_up_to()))?;
    let mut parser = serde_json::Deserializer::from_str(text);
    Strict { depth: 0 }
        .deserialize(&mut parser)
        .and_then(|value| parser.end().map(|()| value))
        .map_err(|error| error.to_string())
}

/// Reads one value `depth` levels down.
#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl Strict {
    fn inner<E: de::Error>(self) -> Result<Self, E> {
        if self.depth == DEPTH_MAX {
            return Err(E::custom("nested more than 32 levels deep"));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("a number is too large"))?;
        Ok(Value::Number(number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if object.contains_key(&name) {
                return Err(de::Error::custom("duplicate member"));
            }
            object.insert(name, members.next_value_seed(inner)?);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn well_formed_bodies() {
        let deep = format!("{}{}", "[".repeat(32), "]".repeat(32));
        let rows = [
            ("", json!({})),
            ("{}", json!({})),
            (
                " {\"b\":1,\"a\":[true,null,-2,1.5,\"x\"]}\r\n",
                json!({"a":[true,null,-2,1.5,"x"],"b":1}),
            ),
            ("\"text\"", json!("text")),
            ("{\"a\":{\"a\":1}}", json!({"a":{"a":1}})),
            ("\"\\ud83d\\ude00\"", json!("😀")),
        ];
        for (body, expected) in rows {
            assert_eq!(parse(body.as_bytes()), Ok(expected), "{body}");
        }
        assert!(parse(deep.as_bytes()).is_ok());
    }

    #[test]
    fn malformed_bodies() {
        let (arrays, objects) = ("[".repeat(33), "{\"a\":".repeat(33));
        let deep = [
            format!("{arrays}{}", "]".repeat(33)),
            format!("{objects}1{}", "}".repeat(33)),
            "[".repeat(200_000),
        ];
        let rows: &[&[u8]] = &[
            b" ",
            b"{",
            b"{}x",
            b"{} {}",
            b"{\"a\":1,}",
            b"{\"a\":1,\"a\":1}",
            b"{\"x\":{\"a\":1,\"a\":2}}",
            b"[{\"a\":1,\"\\u0061\":2}]",
            b"{'a':1}",
            b"{a:1}",
            b"NaN",
            b"Infinity",
            b"01",
            b"1e999",
            b"\"\\ud800\"",
            b"\"\x01\"",
            b"\"\xff\"",
            b"\xef\xbb\xbf{}",
            b"// comment\n{}",
        ];
        for body in rows.iter().copied().chain(deep.iter().map(String::as_bytes)) {
            let outcome = parse(body);
            let shown = String::from_utf8_lossy(&body[..body.len().min(40)]);
            assert!(matches!(outcome, Err(ApiError::MalformedJson(_))), "{shown}: {outcome:?}");
        }
    }
}
