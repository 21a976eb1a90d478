//! Canonical JSON (RFC 8785), for the values this crate takes in from outside.
//!
//! The resource documents need none of this: they declare their members in order. Only whole
//! numbers within ±(2^53 − 1) pass through here; other numbers are refused before.

use serde_json::Value;

/// The value with its members sorted by UTF-16 code units and no white space, whatever order the
/// map type of `serde_json` keeps in this build.
pub fn to_string(value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, value);
    out
}

fn write(out: &mut String, value: &Value) {
    match value {
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(out, item);
            }
            out.push(']');
        }
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            out.push('{');
            for (index, (name, member)) in sorted.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&Value::from(name.as_str()).to_string());
                out.push(':');
                write(out, member);
            }
            out.push('}');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}
