//! Rows of good and bad tokens.

use axum::http::HeaderValue;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use holdfast_domain::{Locations, Role};
use jsonwebtoken::{EncodingKey, Header};
use serde_json::{Value, json};

use super::*;
use crate::app::VersionInfo;

const KEY: &[u8] = b"a key of thirty-two bytes, about";
const NOW: i64 = 1_755_952_497;

fn verifier(issuer: Option<&str>, audience: Option<&str>) -> Verifier {
    Verifier::new(&HttpOptions {
        token_key: KEY.to_vec(),
        issuer: issuer.map(Into::into),
        audience: audience.map(Into::into),
        public_url: String::new(),
        version: VersionInfo::default(),
        webhook_addresses: Default::default(),
    })
}

fn sign(algorithm: Algorithm, key: &[u8], claims: &Value) -> String {
    jsonwebtoken::encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(key)).unwrap()
}

/// Good claims with members replaced, or taken out where the value is the string "absent".
fn claims(changes: Value) -> Value {
    let mut claims =
        json!({"sub": "usr_9", "org_id": "org_1", "scope": "asset:read", "exp": NOW + 60});
    for (name, value) in changes.as_object().unwrap() {
        if value == "absent" {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims
}

fn call(verifier: &Verifier, values: &[&str]) -> Result<Arc<Caller>, ApiError> {
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap());
    }
    verifier.caller(&headers, Timestamp::from_millis(NOW * 1000))
}

fn with_claims(changes: Value) -> Result<Arc<Caller>, ApiError> {
    let token = sign(Algorithm::HS256, KEY, &claims(changes));
    call(&verifier(None, None), &[&format!("Bearer {token}")])
}

#[test]
fn the_header() {
    let token = sign(Algorithm::HS256, KEY, &claims(json!({})));
    let long = format!("Bearer {}", "a".repeat(8193));
    let (good, lower) = (format!("Bearer {token}"), format!("bearer {token}"));
    let rows: &[(&[&str], &str)] = &[
        (&[&good], "ok"),
        (&[&lower], "ok"),
        (&[], "unauthenticated"),
        (&[""], "unauthenticated"),
        (&["Basic dXNlcjpwYXNz"], "unauthenticated"),
        (&[&token], "unauthenticated"),
        (&["Bearer"], "unauthenticated"),
        (&["Bearer  "], "invalid"),
        (&["Bearer nonsense"], "invalid"),
        (&["Bearer a.b.c"], "invalid"),
        (&[&long], "invalid"),
        (&[&good, &good], "invalid"),
    ];
    for (values, expected) in rows {
        let outcome = match call(&verifier(None, None), values) {
            Ok(_) => "ok",
            Err(ApiError::Unauthenticated) => "unauthenticated",
            Err(ApiError::InvalidToken(_)) => "invalid",
            Err(other) => panic!("{other:?}"),
        };
        assert_eq!(outcome, *expected, "{values:?}");
    }
}

#[test]
fn the_signature_is_hs256_with_our_key_and_nothing_else() {
    let claims = claims(json!({}));
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let none = part(&json!({"alg": "none", "typ": "JWT"}));
    let good = sign(Algorithm::HS256, KEY, &claims);
    let (body, signature) = good.rsplit_once('.').unwrap();
    let other_claims = part(&json!({"sub": "root", "org_id": "org_1", "exp": NOW + 60}));
    let (header, _) = body.split_once('.').unwrap();
    let bad = [
        format!("{none}.{}.", part(&claims)),
        format!("{none}.{}.{signature}", part(&claims)),
        format!("{header}.{other_claims}.{signature}"),
        format!("{body}."),
        body.to_owned(),
        sign(Algorithm::HS512, KEY, &claims),
        sign(Algorithm::HS384, KEY, &claims),
        sign(Algorithm::HS256, b"another key", &claims),
    ];
    for token in bad {
        let outcome = call(&verifier(None, None), &[&format!("Bearer {token}")]);
        assert!(matches!(outcome, Err(ApiError::InvalidToken(_))), "{token}");
    }
    assert!(call(&verifier(None, None), &[&format!("Bearer {good}")]).is_ok());
}

#[test]
fn claims_of_wrong_type_or_time_make_no_token() {
    let rows = [
        json!({"exp": "absent"}),
        json!({"exp": NOW - 31}),
        json!({"exp": null}),
        json!({"exp": "soon"}),
        json!({"exp": "NaN"}),
        json!({"exp": f64::NAN}),
        json!({"exp": true}),
        json!({"nbf": NOW + 31}),
        json!({"nbf": null}),
        json!({"nbf": "0"}),
        json!({"sub": "absent"}),
        json!({"sub": ""}),
        json!({"sub": "  "}),
        json!({"sub": 9}),
        json!({"sub": "s".repeat(129)}),
        json!({"org_id": "absent"}),
        json!({"org_id": ""}),
        json!({"org_id": null}),
        json!({"scope": ["asset:read"]}),
        json!({"scope": null}),
        json!({"roles": "admin"}),
        json!({"roles": null}),
        json!({"roles": [1]}),
        json!({"locations": "loc_7"}),
        json!({"locations": null}),
        json!({"locations": [7]}),
        json!({"iss": 1}),
        json!({"iss": ""}),
    ];
    for row in rows {
        let outcome = with_claims(row.clone());
        assert!(matches!(outcome, Err(ApiError::InvalidToken(_))), "{row}");
    }
    let fine = [
        json!({"exp": NOW - 29}),
        json!({"exp": NOW as f64 + 0.5}),
        json!({"nbf": NOW + 29}),
        json!({"scope": "absent"}),
        json!({"other": {"deep": [1]}}),
    ];
    for row in fine {
        assert!(with_claims(row.clone()).is_ok(), "{row}");
    }
}

#[test]
fn a_remembered_token_still_expires() {
    let verifier = verifier(None, None);
    let token = sign(Algorithm::HS256, KEY, &claims(json!({})));
    let mut headers = HeaderMap::new();
    let value = format!("Bearer {token}").parse().unwrap();
    headers.insert(header::AUTHORIZATION, value);
    let at = |seconds: i64| {
        verifier.caller(&headers, Timestamp::from_millis((NOW + seconds) * 1000)).is_ok()
    };
    assert!(at(0) && at(89));
    assert_eq!(verifier.verified.len(), 1);
    assert!(!at(90));
}

#[test]
fn issuer_and_audience_where_configured() {
    let rows = [
        (json!({}), false),
        (json!({"iss": "i"}), false),
        (json!({"iss": "i", "aud": "a"}), true),
        (json!({"iss": "i", "aud": ["b", "a"]}), true),
        (json!({"iss": "i", "aud": ["b"]}), false),
        (json!({"iss": "j", "aud": "a"}), false),
    ];
    for (changes, good) in rows {
        let token = sign(Algorithm::HS256, KEY, &claims(changes.clone()));
        let outcome = call(&verifier(Some("i"), Some("a")), &[&format!("Bearer {token}")]);
        assert_eq!(outcome.is_ok(), good, "{changes}");
    }
}

#[test]
fn roles_and_locations() {
    let roles = |changes: Value| {
        let caller = with_claims(changes).unwrap();
        [Role::Member, Role::Manager, Role::Admin, Role::Auditor, Role::Operator]
            .map(|role| u8::from(caller.principal.roles.has(role)))
    };
    assert_eq!(roles(json!({})), [1, 0, 0, 0, 0]);
    assert_eq!(roles(json!({"scope": "asset:read asset:write"})), [1, 1, 0, 0, 0]);
    assert_eq!(roles(json!({"scope": "asset:write", "roles": []})), [1, 0, 0, 0, 0]);
    assert_eq!(roles(json!({"roles": ["auditor", "admin"]})), [1, 0, 1, 1, 0]);
    assert_eq!(roles(json!({"roles": ["operator", "of another system"]})), [1, 0, 0, 0, 1]);

    let locations = |changes: Value| with_claims(changes).unwrap().principal.locations.clone();
    let these = |names: &[&str]| Locations::These(names.iter().map(|&n| n.to_owned()).collect());
    assert_eq!(locations(json!({})), Locations::All);
    assert_eq!(locations(json!({"locations": "*"})), Locations::All);
    assert_eq!(locations(json!({"locations": ["*"]})), Locations::All);
    assert_eq!(locations(json!({"locations": []})), these(&[]));
    assert_eq!(locations(json!({"locations": ["loc_7"]})), these(&["loc_7"]));
}
