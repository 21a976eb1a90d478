//! A request's body: size, media type, and one strict parse. What its members must be: `wire`.

pub(crate) mod json;
pub(crate) mod members;

use axum::{
    body::{Body, HttpBody},
    http::{HeaderMap, header},
};
use bytes::Bytes;
use http_body_util::{BodyExt, Collected, LengthLimitError, Limited};

use crate::error::ApiError;

/// 256 KiB: of every body that is not said to be longer.
pub(crate) const BODY_BYTES_MAX: usize = 256 * 1024;

const NOT_JSON: ApiError = ApiError::UnsupportedMediaType("Send Content-Type: application/json.");

/// The whole body, unparsed; empty when there is none.
///
/// # Errors
/// `BodyTooLarge`, `UnsupportedMediaType`, or `BadRequest` when it breaks off.
pub(crate) async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, ApiError> {
    read_up_to(BODY_BYTES_MAX, headers, body).await
}

/// The same with another bound.
///
/// # Errors
/// As [`read`].
pub(crate) async fn read_up_to(
    bytes_max: usize,
    headers: &HeaderMap,
    body: Body,
) -> Result<Bytes, ApiError> {
    let size = body.size_hint();
    if size.lower() > bytes_max as u64 {
        return Err(ApiError::BodyTooLarge);
    }
    if headers.contains_key(header::CONTENT_ENCODING) {
        return Err(ApiError::UnsupportedMediaType("Send the body without a Content-Encoding."));
    }
    if body.is_end_stream() || size.exact() == Some(0) {
        return Ok(Bytes::new());
    }
    let is_json = is_json(headers);
    if size.lower() > 0 && !is_json {
        return Err(NOT_JSON);
    }
    // A chunked body may turn out to be empty, and then it has no type to speak of.
    match Limited::new(body, bytes_max).collect().await.map(Collected::to_bytes) {
        Ok(bytes) if is_json || bytes.is_empty() => Ok(bytes),
        Ok(_) => Err(NOT_JSON),
        Err(error) if error.is::<LengthLimitError>() => Err(ApiError::BodyTooLarge),
        Err(_) => Err(ApiError::BadRequest("The body did not arrive whole.")),
    }
}

/// `application/json`, sent once, with or without parameters.
fn is_json(headers: &HeaderMap) -> bool {
    let mut sent = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(only), None) = (sent.next(), sent.next()) else {
        return false;
    };
    only.to_str().is_ok_and(|value| {
        let essence = value.split_once(';').map_or(value, |(essence, _)| essence);
        essence.trim().eq_ignore_ascii_case("application/json")
    })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(rows: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in rows {
            let name: header::HeaderName = name.parse().unwrap();
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    async fn outcome(rows: &[(&str, &str)], body: Body) -> &'static str {
        match read(&headers(rows), body).await {
            Ok(_) => "ok",
            Err(ApiError::BodyTooLarge) => "413",
            Err(ApiError::UnsupportedMediaType(_)) => "415",
            Err(_) => "other",
        }
    }

    /// How long it is shows only when it has ended.
    fn chunked(bytes: &[u8]) -> Body {
        Body::from_stream(Body::from(bytes.to_vec()).into_data_stream())
    }

    #[tokio::test]
    async fn a_chunked_body_needs_a_media_type_only_when_it_has_bytes() {
        let json = ("content-type", "application/json");
        let over = vec![b' '; BODY_BYTES_MAX + 1];
        type Row<'a> = (&'a [(&'a str, &'a str)], &'a [u8], &'a str);
        let rows: &[Row<'_>] = &[
            (&[], b"", "ok"),
            (&[("content-type", "text/plain")], b"", "ok"),
            (&[], b"{}", "415"),
            (&[], &over, "413"),
            (&[json], b"{}", "ok"),
            (&[json], &over, "413"),
            (&[("content-encoding", "gzip")], b"", "415"),
        ];
        for (sent, bytes, expected) in rows {
            assert!(chunked(bytes).size_hint().exact().is_none());
            assert_eq!(outcome(sent, chunked(bytes)).await, *expected, "{sent:?}");
        }
    }

    #[tokio::test]
    async fn size_and_media_type() {
        let json = ("content-type", "application/json");
        let full = vec![b' '; BODY_BYTES_MAX];
        let over = vec![b' '; BODY_BYTES_MAX + 1];
        type Row<'a> = (&'a [(&'a str, &'a str)], &'a [u8], &'a str);
        let rows: &[Row<'_>] = &[
            (&[json], b"{}", "ok"),
            (&[("content-type", "Application/JSON; charset=utf-8")], b"{}", "ok"),
            (&[], b"", "ok"),
            (&[("content-type", "text/plain")], b"", "ok"),
            (&[json], &full, "ok"),
            (&[json], &over, "413"),
            (&[], b"{}", "415"),
            (&[("content-type", "text/plain")], b"{}", "415"),
            (&[("content-type", "application/jsonp")], b"{}", "415"),
            (&[("content-type", "application/problem+json")], b"{}", "415"),
            (&[json, json], b"{}", "415"),
            (&[json, ("content-encoding", "gzip")], b"{}", "415"),
            (&[json, ("content-encoding", "identity")], b"{}", "415"),
        ];
        for (headers, body, expected) in rows {
            assert_eq!(outcome(headers, Body::from(body.to_vec())).await, *expected, "{headers:?}");
        }
    }
}
