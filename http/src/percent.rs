//! Percent-encoding (RFC 3986), strict where it is read: a lone `%` or bytes that are no UTF-8 are
//! faults.

use std::fmt::Write as _;

/// What a `+` stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Plus {
    /// As in paths.
    Itself,
    /// As in `application/x-www-form-urlencoded`.
    Space,
}

/// The text without its escapes, undone once. `None` when an escape is not two hex digits, or all of
/// them together are not UTF-8.
pub(crate) fn decode(text: &str, plus: Plus) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' if plus == Plus::Space => b' ',
            b'%' => digit(rest.next()?)? << 4 | digit(rest.next()?)?,
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

fn digit(byte: u8) -> Option<u8> {
    let value = char::from(byte).to_digit(16)?;
    u8::try_from(value).ok()
}

/// Whether every escape of a path is two hex digits and all of them together are UTF-8.
pub(crate) fn is_decodable(path: &str) -> bool {
    // Most texts have none.
    !path.contains('%') || decode(path, Plus::Itself).is_some()
}

/// Writes `text` as one segment of a path: everything escaped but what RFC 3986 leaves unreserved.
pub(crate) fn encode_into(path: &mut String, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                path.push(char::from(byte));
            }
            // Writing to a String cannot fail.
            byte => _ = write!(path, "%{byte:02X}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decoding() {
        let rows = [
            ("plain", Some("plain")),
            ("a+b%20c", Some("a+b c")),
            ("%C3%a9", Some("é")),
            ("é", Some("é")),
            ("%252F", Some("%2F")),
            ("%2F", Some("/")),
            ("%00", Some("\0")),
            ("%", None),
            ("%4", None),
            ("%zz", None),
            ("%+1", None),
            ("%ff", None),
            ("%ED%A0%80", None),
            ("%C0%AF", None),
        ];
        for (text, expected) in rows {
            assert_eq!(decode(text, Plus::Itself).as_deref(), expected, "{text}");
            assert_eq!(is_decodable(text), expected.is_some(), "{text}");
        }
        assert_eq!(decode("a+b%2Bc", Plus::Space).as_deref(), Some("a b+c"));
    }

    #[test]
    fn encoding() {
        let rows = [
            ("XSX", "XSX"),
            ("XS:0001", "XS%3A0001"),
            ("XSX[Sample]", "XSX%5BSample%5D"),
            ("Expo$Web", "Expo%24Web"),
            ("a/b?c#d e+f%", "a%2Fb%3Fc%23d%20e%2Bf%25"),
            ("-._~", "-._~"),
            ("..", ".."),
            ("é\u{301}", "%C3%A9%CC%81"),
            ("!'()*;", "%21%27%28%29%2A%3B"),
        ];
        for (text, expected) in rows {
            let mut path = String::new();
            encode_into(&mut path, text);
            assert_eq!(path, expected);
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_one_segment_and_reads_back(text: String) {
            let mut path = String::new();
            encode_into(&mut path, &text);
            prop_assert!(!path.contains(['/', '?', '#']) && path.is_ascii());
            prop_assert_eq!(decode(&path, Plus::Itself), Some(text));
        }
    }
}
