//! Who is calling: the bearer token, verified once and remembered while it lives.
//!
//! The algorithm is pinned, and the engine's clock decides about `exp` and `nbf`. What the caller
//! may do is judged elsewhere: scopes by `permissions`, roles and visibility by the engine.

mod claims;

use std::sync::Arc;

use axum::http::{HeaderMap, header};
use holdfast_domain::{Principal, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use quick_cache::{Weighter, sync::Cache};

use crate::{
    app::HttpOptions,
    auth::claims::Claims,
    error::ApiError,
    permissions::{self, Scopes},
};

/// Longer tokens are refused unread.
const TOKEN_BYTES_MAX: usize = 8 * 1024;
/// Room for remembered tokens; one takes its own length and about as much again.
const CACHE_BYTES: u64 = 16 * 1024 * 1024;
const CACHE_TOKENS_ESTIMATE: usize = 16 * 1024;
/// How far the issuer's clock and ours may differ.
const LEEWAY_SECONDS: f64 = 30.0;

/// A verified token.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Caller {
    pub(crate) principal: Arc<Principal>,
    pub(crate) scopes: Scopes,
    /// Seconds since the Unix epoch.
    not_before: f64,
    expires: f64,
}

/// Verifies tokens.
pub(crate) struct Verifier {
    key: DecodingKey,
    validation: Validation,
    issuer: Option<String>,
    audience: Option<String>,
    verified: Cache<Box<[u8]>, Arc<Caller>, TokenBytes>,
}

#[derive(Clone)]
struct TokenBytes;

impl Weighter<Box<[u8]>, Arc<Caller>> for TokenBytes {
    fn weight(&self, token: &Box<[u8]>, _: &Arc<Caller>) -> u64 {
        2 * token.len() as u64
    }
}

impl Verifier {
    pub(crate) fn new(options: &HttpOptions) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        // Ours to check: against the engine's clock, and with our words.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        Self {
            key: DecodingKey::from_secret(&options.token_key),
            validation,
            issuer: options.issuer.clone(),
            audience: options.audience.clone(),
            verified: Cache::with_weighter(CACHE_TOKENS_ESTIMATE, CACHE_BYTES, TokenBytes),
        }
    }

    /// # Errors
    /// `Unauthenticated` without a bearer token, `InvalidToken` with one that does not hold.
    pub(crate) fn caller(
        &self,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<Arc<Caller>, ApiError> {
        let token = bearer(headers)?;
        let caller = match self.verified.get(token) {
            Some(caller) => caller,
            None => {
                // Only what verifies is remembered, so that garbage cannot push good tokens out.
                let caller = Arc::new(self.verify(token)?);
                self.verified.insert(token.into(), Arc::clone(&caller));
                caller
            }
        };
        caller.in_time(now)?;
        Ok(caller)
    }

    fn verify(&self, token: &[u8]) -> Result<Caller, ApiError> {
        let claims = jsonwebtoken::decode::<Claims>(token, &self.key, &self.validation)
            .map_err(|_| ApiError::InvalidToken("The token is malformed or not signed by us."))?
            .claims;
        claims.check(self.issuer.as_deref(), self.audience.as_deref())?;
        let scopes = permissions::scopes(&claims.scope);
        Ok(Caller {
            scopes,
            not_before: claims.nbf.unwrap_or(f64::MIN),
            expires: claims.exp,
            principal: Arc::new(claims.into_principal(scopes)),
        })
    }
}

impl Caller {
    fn in_time(&self, now: Timestamp) -> Result<(), ApiError> {
        #[expect(
            clippy::cast_precision_loss,
            reason = "milliseconds to the year 9999 fit in 53 bits"
        )]
        let now = now.millis() as f64 / 1000.0;
        if now >= self.expires + LEEWAY_SECONDS {
            return Err(ApiError::InvalidToken("The token has expired."));
        }
        if now < self.not_before - LEEWAY_SECONDS {
            return Err(ApiError::InvalidToken("The token is not valid yet."));
        }
        Ok(())
    }
}

fn bearer(headers: &HeaderMap) -> Result<&[u8], ApiError> {
    let mut sent = headers.get_all(header::AUTHORIZATION).iter();
    let first = sent.next().ok_or(ApiError::Unauthenticated)?.as_bytes();
    if sent.next().is_some() {
        return Err(ApiError::InvalidToken("Send one Authorization header."));
    }
    let (scheme, token) = first.split_at_checked(7).ok_or(ApiError::Unauthenticated)?;
    if !scheme.eq_ignore_ascii_case(b"bearer ") {
        return Err(ApiError::Unauthenticated);
    }
    let token = token.trim_ascii();
    if token.is_empty() || token.len() > TOKEN_BYTES_MAX {
        return Err(ApiError::InvalidToken("The token is empty or longer than 8 KiB."));
    }
    Ok(token)
}

#[cfg(test)]
mod tests;
