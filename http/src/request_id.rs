//! The id that ties an answer, the logs and the audit log to one request.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, HeaderValue};

pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// 1 to 128 visible ASCII characters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct RequestId(pub(crate) Arc<str>);

impl RequestId {
    /// What the client sent, when it is well-formed and sent once; else one made of `random`.
    pub(crate) fn of(headers: &HeaderMap, random: impl FnOnce() -> [u8; 16]) -> Self {
        let mut sent = headers.get_all(HEADER).iter();
        match (sent.next().and_then(well_formed), sent.next()) {
            (Some(id), None) => Self(id.into()),
            _ => Self(encode(random()).into()),
        }
    }

    pub(crate) fn header(&self) -> HeaderValue {
        HeaderValue::from_str(&self.0).expect("visible ASCII is a header value")
    }
}

fn well_formed(value: &HeaderValue) -> Option<&str> {
    let text = value.to_str().ok()?;
    let fits = (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
    fits.then_some(text)
}

/// 26 characters of Crockford's base32, as in ULIDs.
fn encode(random: [u8; 16]) -> String {
    const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let bits = u128::from_be_bytes(random);
    (0..26u32)
        .rev()
        .map(|place| {
            let digit = usize::try_from((bits >> (place * 5)) & 31).unwrap_or_default();
            char::from(DIGITS[digit])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[&[u8]]) -> String {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(HEADER, HeaderValue::from_bytes(value).unwrap());
        }
        RequestId::of(&headers, || [0xff; 16]).0.to_string()
    }

    #[test]
    fn takes_what_is_well_formed_and_replaces_the_rest() {
        let fresh = "7ZZZZZZZZZZZZZZZZZZZZZZZZZ";
        let longest = [b'a'; 128];
        let rows: &[(&[&[u8]], &str)] = &[
            (&[], fresh),
            (&[b"01J6Q7A8V4"], "01J6Q7A8V4"),
            (&[&longest], std::str::from_utf8(&longest).unwrap()),
            (&[&[b'a'; 129]], fresh),
            (&[b""], fresh),
            (&[b"a b"], fresh),
            (&[b"a\tb"], fresh),
            (&["é".as_bytes()], fresh),
            (&[b"a", b"b"], fresh),
        ];
        for (values, expected) in rows {
            assert_eq!(of(values), *expected, "{values:?}");
        }
    }
}
