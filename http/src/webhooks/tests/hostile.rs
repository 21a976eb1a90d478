//! Receivers that are down, wrong or mean: each try ends in time and says what came of it.

use std::{sync::Arc, time::Duration};

use holdfast_actors::webhooks::deliver::{Deliver as _, Outcome, Verdict};
use holdfast_domain::webhooks::Failure;

use super::{
    super::names::{Lookup, Names},
    Sender, SenderOptions, Stub, Watch, attempt, nobody, options,
    receiver::{Receiver, Says},
    sender,
};

const LOOPBACK: &[&str] = &["127.0.0.0/8"];
/// Longer than any test: a try that ends did not end by this.
const LONG_MS: u64 = 60_000;
const SHORT_MS: u64 = 200;

fn answered(verdict: Verdict, status_code: u16) -> Outcome {
    Outcome { verdict, status_code: Some(status_code), error: None }
}

fn refused(status_code: u16, retry_after_s: Option<u64>) -> Outcome {
    answered(Verdict::Failed { retry_after_s }, status_code)
}

fn unanswered(failure: Failure) -> Outcome {
    Outcome {
        verdict: Verdict::Failed { retry_after_s: None },
        status_code: None,
        error: Some(failure),
    }
}

async fn outcome(says: Says, timeout_ms: u64) -> Outcome {
    let receiver = Receiver::start(says).await;
    sender(LOOPBACK, timeout_ms).deliver(attempt(&receiver.url("/hook"))).await
}

#[tokio::test]
async fn the_status_decides() {
    for (answer, expected) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", answered(Verdict::Delivered, 200)),
        ("HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n", answered(Verdict::Delivered, 202)),
        ("HTTP/1.1 204 No Content\r\n\r\n", answered(Verdict::Delivered, 204)),
        ("HTTP/1.0 299 Fine\r\ncontent-length: 0\r\n\r\n", answered(Verdict::Delivered, 299)),
        ("HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n", answered(Verdict::Gone, 410)),
        ("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", refused(404, None)),
        (
            "HTTP/1.1 429 Wait\r\nretry-after: 90\r\ncontent-length: 0\r\n\r\n",
            refused(429, Some(90)),
        ),
        (
            "HTTP/1.1 503 Wait\r\nretry-after: Sun, 06 Nov 1994 08:50:37 GMT\r\ncontent-length: 0\r\n\r\n",
            refused(503, Some(60)),
        ),
        (
            "HTTP/1.1 503 Wait\r\nretry-after: never\r\ncontent-length: 0\r\n\r\n",
            refused(503, None),
        ),
    ] {
        assert_eq!(outcome(Says::Answer(answer), LONG_MS).await, expected, "{answer}");
    }
}

#[tokio::test]
async fn a_redirect_is_a_failure_and_nobody_goes_there() {
    let elsewhere = Receiver::start(Says::Answer("HTTP/1.1 200 OK\r\n\r\n")).await;
    for status in [301, 302, 303, 307, 308] {
        let answer: &'static str = Box::leak(
            format!(
                "HTTP/1.1 {status} Moved\r\nlocation: http://{}/\r\ncontent-length: 0\r\n\r\n",
                elsewhere.address
            )
            .into_boxed_str(),
        );
        assert_eq!(outcome(Says::Answer(answer), LONG_MS).await, refused(status, None));
    }
    assert_eq!(elsewhere.accepted(), 0);
}

#[tokio::test]
async fn whoever_says_nothing_is_left_in_time() {
    let timeout = unanswered(Failure::Timeout);
    assert_eq!(outcome(Says::Nothing, SHORT_MS).await, timeout);
    let drip = Says::Drip("HTTP/1.1 200 OK\r\nx: ", Duration::from_millis(10));
    assert_eq!(outcome(drip, SHORT_MS).await, timeout);
    let forever = Says::Endless("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nx: ");
    assert_eq!(outcome(forever, LONG_MS).await, unanswered(Failure::BadAnswer));
}

#[tokio::test]
async fn what_was_accepted_stays_accepted_whatever_the_body_does() {
    let done = answered(Verdict::Delivered, 200);
    let endless = Says::Endless("HTTP/1.1 200 OK\r\n\r\n");
    assert_eq!(outcome(endless, LONG_MS).await, done);
    let huge = Says::Endless("HTTP/1.1 200 OK\r\ncontent-length: 999999999999\r\n\r\n");
    assert_eq!(outcome(huge, LONG_MS).await, done);
    let chunks = Says::Endless("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffff\r\n");
    assert_eq!(outcome(chunks, LONG_MS).await, done);
    let broken = Says::Answer("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nno size\r\n");
    assert_eq!(outcome(broken, LONG_MS).await, done);
    // The one try here that has to have its head before the time is over.
    let drip = Says::Drip("HTTP/1.1 200 OK\r\n\r\n", Duration::from_millis(10));
    assert_eq!(outcome(drip, 2_000).await, done);
    let failing = Says::Endless("HTTP/1.1 500 No\r\n\r\n");
    assert_eq!(outcome(failing, LONG_MS).await, refused(500, None));
}

#[tokio::test]
async fn what_is_no_answer_is_a_failure() {
    let bad = unanswered(Failure::BadAnswer);
    let bomb = Says::Endless("HTTP/1.1 200 OK\r\nx-bomb: ");
    assert_eq!(outcome(bomb, LONG_MS).await, bad);
    let many: &'static str =
        Box::leak(format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(100)).into_boxed_str());
    assert_eq!(outcome(Says::Answer(many), LONG_MS).await, bad);
    assert_eq!(outcome(Says::Answer("SSH-2.0-OpenSSH_9.6\r\n"), LONG_MS).await, bad);
    assert_eq!(outcome(Says::Answer("220 mail ESMTP\r\n"), LONG_MS).await, bad);
    let hangs_up = outcome(Says::Shout(""), LONG_MS).await;
    assert_eq!(hangs_up, unanswered(Failure::ConnectionFailed));
    let url = format!("http://{}/", nobody());
    let outcome = sender(LOOPBACK, LONG_MS).deliver(attempt(&url)).await;
    assert_eq!(outcome, unanswered(Failure::ConnectionFailed));
}

#[tokio::test]
async fn what_is_no_tls_is_a_failure_of_tls() {
    let sender = sender(LOOPBACK, LONG_MS);
    for says in [Says::Shout("HTTP/1.1 400 No\r\n\r\n"), Says::Shout("\u{16}junk"), Says::Shout("")]
    {
        let receiver = Receiver::start(says).await;
        let url = receiver.url("/").replace("http:", "https:");
        let outcome = sender.deliver(attempt(&url)).await;
        assert_eq!(outcome, unanswered(Failure::TlsFailed));
        assert!(receiver.accepted() > 0);
    }
    let silent = Receiver::start(Says::Nothing).await;
    let url = silent.url("/").replace("http:", "https:");
    let outcome = super::sender(LOOPBACK, SHORT_MS).deliver(attempt(&url)).await;
    assert_eq!(outcome, unanswered(Failure::Timeout));
}

#[tokio::test]
async fn a_slow_name_server_is_left_in_time() {
    struct Silent;
    impl Names for Silent {
        fn lookup(&self, _: String) -> Lookup {
            Box::pin(std::future::pending())
        }
    }
    let options =
        SenderOptions { connect_timeout: Duration::from_millis(SHORT_MS), ..options(&[]) };
    let sender = Sender::with(options, Arc::new(Silent), |builder| builder).unwrap();
    let outcome = sender.deliver(attempt("https://hooks.example/")).await;
    assert_eq!(outcome, unanswered(Failure::Timeout));
}

#[tokio::test]
async fn a_name_nobody_has_is_not_resolved() {
    for answers in [&[][..], &[&[][..]]] {
        let stub = Stub::new(answers, nobody());
        let sender = Sender::with(options(&[]), stub, |builder| builder).unwrap();
        let outcome = sender.deliver(attempt("https://hooks.example/")).await;
        assert_eq!(outcome, unanswered(Failure::NameNotResolved));
    }
}

#[tokio::test]
async fn a_secret_that_is_none_sends_nothing() {
    let receiver = Receiver::start(Says::Nothing).await;
    for secrets in [vec![], vec!["secret"], vec![super::SECRET, "whsec_*"]] {
        let mut attempt = attempt(&receiver.url("/"));
        attempt.secrets = secrets.into_iter().map(str::to_owned).collect();
        let outcome = sender(LOOPBACK, LONG_MS).deliver(attempt).await;
        assert_eq!(outcome, unanswered(Failure::NotSendable));
    }
    assert_eq!(receiver.accepted(), 0);
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let receiver =
        Receiver::start(Says::Answer("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")).await;
    let watch = Watch::default();
    let layer = watch.clone();
    let stub = Stub::new(&[&["93.184.216.34"]], receiver.address);
    let sender = Sender::with(options(&["93.184.216.0/24"]), stub, move |builder| {
        builder.connector_layer(layer.clone())
    })
    .unwrap();
    for _ in 0..3 {
        let outcome = sender.deliver(attempt("http://hooks.example/")).await;
        assert_eq!(outcome, answered(Verdict::Delivered, 200));
    }
    assert_eq!((watch.connections(), receiver.accepted()), (1, 1));
}
