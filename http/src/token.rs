//! Tokens of our own making: what the `token` subcommand prints.
//!
//! The server accepts any HS256 token with these claims, whoever signed it with its key.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;

/// The claims of a token. What is `None` is left out.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Claims {
    /// 1 to 128 characters.
    pub sub: String,
    /// 1 to 128 characters.
    pub org_id: String,
    /// Separated by spaces.
    pub scope: String,
    /// Absent: manager where the scope holds `asset:write`, else member.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
    /// Absent: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locations: Option<Vec<String>>,
    /// Seconds since the Unix epoch.
    pub exp: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nbf: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iat: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aud: Option<String>,
}

/// A JWT over `claims`, signed with HS256.
pub fn sign(key: &[u8], claims: &Claims) -> String {
    let header = Header::new(Algorithm::HS256);
    jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(key))
        .expect("claims are plain JSON and HMAC takes a key of any length")
}
