//! Signatures, as others verify them: the vector of the API contract, and the library of the Standard
//! Webhooks project, which shares no code with ours.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, header};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use holdfast_actors::{
    clock::{Clock as _, SystemClock},
    webhooks::deliver::{Attempt, Deliver as _, Verdict},
};
use holdfast_domain::webhooks::Failure;
use proptest::prelude::*;
use standardwebhooks::Webhook;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

use super::{
    super::{SIGNATURE_HEADER, is_signature_header, sign},
    SECRET, Sender, SenderOptions, Stub, attempt, options,
    receiver::{Receiver, Says},
};

const BODY: &str = r#"{"id":"evt_01J6Q7A9ZB","type":"booking.created","created_at":"2025-08-23T12:34:56Z","request_id":"01J6Q7A8V4","asset_seq":2,"data":{"booking":{"id":"bkg_123","asset_id":"ast_456","user_id":"usr_9","start":"2025-09-01T08:00:00Z","end":"2025-09-01T16:00:00Z","status":"CONFIRMED"}}}"#;

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers[name].to_str().unwrap()
}

#[test]
fn the_vector_of_the_contract_holds() {
    let attempt = Attempt {
        timestamp_s: 1_755_952_497,
        body: BODY.into(),
        ..attempt("https://erp.example/")
    };
    let headers = sign::headers(&attempt, &SIGNATURE_HEADER).unwrap();
    for (name, value) in [
        ("webhook-id", "evt_01J6Q7A9ZB"),
        ("webhook-timestamp", "1755952497"),
        ("webhook-signature", "v1,TlZaWdFnKiOLqodC/KkN7CnE3ElZ9CXycN6d1ZOk+Nk="),
        ("x-toss-signature", "2672636c9f8c95806d01e0c05e2e06b9791dca95eb76cfaf7f0e0561ab524214"),
        ("x-request-id", "01J6Q7A8V4"),
        ("content-type", "application/json"),
    ] {
        assert_eq!(text(&headers, name), value, "{name}");
    }
}

#[test]
fn while_a_secret_is_rotated_both_sign_and_the_older_header_takes_the_newest() {
    let other = format!("whsec_{}", STANDARD.encode([7; 32]));
    let sign = |secrets: &[&str]| {
        let secrets = secrets.iter().map(|secret| (*secret).to_owned()).collect();
        let attempt = Attempt {
            timestamp_s: 1_755_952_497,
            body: BODY.into(),
            secrets,
            ..attempt("https://erp.example/")
        };
        let headers = sign::headers(&attempt, &SIGNATURE_HEADER).unwrap();
        ["webhook-signature", "x-toss-signature"].map(|name| text(&headers, name).to_owned())
    };
    let ([standard, older], [other_standard, other_older]) = (sign(&[SECRET]), sign(&[&other]));
    assert_eq!(sign(&[SECRET, &other]), [format!("{standard} {other_standard}"), older]);
    assert_eq!(sign(&[&other, SECRET]), [format!("{other_standard} {standard}"), other_older]);
}

#[test]
fn the_older_signature_takes_no_other_header_away() {
    for name in ["webhook-id", "Webhook-Signature", "content-type", "host", "x-request-id"] {
        assert!(!is_signature_header(&name.parse().unwrap()), "{name}");
    }
    let own: HeaderName = "X-Acme-Signature".parse().unwrap();
    assert!(is_signature_header(&own));
    let headers = sign::headers(&attempt("https://erp.example/"), &own).unwrap();
    assert!(headers.contains_key(own) && !headers.contains_key(SIGNATURE_HEADER));
}

fn secrets() -> impl Strategy<Value = Vec<String>> {
    let key = prop::collection::vec(any::<u8>(), 24..=64);
    let shown = key.prop_map(|key| format!("whsec_{}", STANDARD.encode(key)));
    prop::collection::vec(shown, 1..=2)
}

proptest! {
    #[test]
    fn every_secret_verifies_with_the_library_of_others(
        secrets in secrets(),
        event_id in "evt_[0-9a-z]{26}",
        body in "\\PC{0,400}",
    ) {
        let now_s = SystemClock::start().now().millis() / 1_000;
        let body = Bytes::from(body);
        let attempt = Attempt {
            event_id, timestamp_s: now_s, body: body.clone(), secrets: secrets.clone(),
            ..attempt("https://erp.example/")
        };
        let headers = sign::headers(&attempt, &SIGNATURE_HEADER).unwrap();
        let mut theirs = Vec::new();
        for secret in &secrets {
            let webhook = Webhook::new(secret).unwrap();
            prop_assert!(webhook.verify(&body, &headers).is_ok());
            theirs.push(webhook.sign(&attempt.event_id, now_s, &body).unwrap());
        }
        prop_assert_eq!(text(&headers, "webhook-signature"), theirs.join(" "));
        let other = Webhook::new(&format!("whsec_{}", STANDARD.encode([7; 32]))).unwrap();
        prop_assert!(other.verify(&body, &headers).is_err());
    }
}

fn tls(name: &str) -> (TlsAcceptor, Vec<u8>) {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![CertificateDer::from(certificate.to_vec())], key)
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), certificate.to_vec())
}

const OK: Says = Says::Answer("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");

/// Trusts one certificate more than the system does.
fn trusting(options: SenderOptions, stub: Arc<Stub>, root: &[u8]) -> Sender {
    let root = reqwest::Certificate::from_der(root).unwrap();
    Sender::with(options, stub, move |builder| builder.tls_certs_merge([root.clone()])).unwrap()
}

#[tokio::test]
async fn a_delivery_over_https_arrives_whole() {
    let (acceptor, root) = tls("hooks.example");
    let mut receiver = Receiver::with(OK, Some(acceptor)).await;
    let stub = Stub::new(&[&["93.184.216.34"]], receiver.address);
    let sender = trusting(options(&[]), stub, &root);
    let attempt = Attempt {
        timestamp_s: SystemClock::start().now().millis() / 1_000,
        ..attempt("https://hooks.example/hooks?tenant=7")
    };
    let outcome = sender.deliver(attempt.clone()).await;
    assert_eq!(outcome.verdict, Verdict::Delivered, "{outcome:?}");
    let received = receiver.received().await;
    assert!(received.head.starts_with("POST /hooks?tenant=7 HTTP/1.1\r\n"), "{}", received.head);
    assert_eq!(received.body, attempt.body);
    assert_eq!(received.header("host"), Some("hooks.example"));
    assert_eq!(received.header("content-length"), Some(attempt.body.len().to_string().as_str()));
    assert_eq!(received.header("transfer-encoding"), None);
    assert_eq!(received.header("accept-encoding"), None);
    assert!(received.header("user-agent").unwrap().starts_with("Holdfast/"));
    let mut headers = HeaderMap::new();
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let name = HeaderName::from_static(name);
        headers.insert(name.clone(), received.header(name.as_str()).unwrap().parse().unwrap());
    }
    assert!(!headers.contains_key(header::AUTHORIZATION));
    Webhook::new(SECRET).unwrap().verify(&received.body, &headers).unwrap();
}

#[tokio::test]
async fn a_certificate_for_another_name_or_from_nobody_is_refused() {
    let (acceptor, root) = tls("other.example");
    let mut receiver = Receiver::with(OK, Some(acceptor)).await;
    let stub = || Stub::new(&[&["93.184.216.34"]], receiver.address);
    let wrong_name = trusting(options(&[]), stub(), &root);
    let unknown = Sender::with(options(&[]), stub(), |builder| builder).unwrap();
    for (sender, url) in
        [(&wrong_name, "https://hooks.example/"), (&unknown, "https://other.example/")]
    {
        let outcome = sender.deliver(attempt(url)).await;
        assert_eq!(outcome.error, Some(Failure::TlsFailed), "{url}");
    }
    assert_eq!(receiver.accepted(), 2);
    let right = wrong_name.deliver(attempt("https://other.example/")).await;
    assert_eq!(right.status_code, Some(200));
    receiver.received().await;
}
