//! Nothing that is forbidden is dialled: counted at the client's connector, where the resolver hands
//! addresses to the socket, and by listeners.

use std::sync::Arc;

use holdfast_actors::webhooks::deliver::Deliver as _;
use holdfast_domain::webhooks::Failure;

use super::{
    super::{UrlFault, check},
    Sender, Stub, Watch, addresses, attempt, options,
    receiver::{Receiver, Says},
    rows::{Dial, ROWS, Row, too_long},
    sender,
};

#[test]
fn what_a_url_shows_is_judged_when_it_is_registered() {
    for Row { url, opened, registered, .. } in ROWS {
        assert_eq!(check(url, &addresses(opened)), *registered, "{url} with {opened:?}");
    }
    let (url, fault) = too_long();
    assert_eq!(check(&url, &addresses(&[])), Err(fault));
    assert_eq!(check(&url[..2_048], &addresses(&[])), Ok(()));
}

#[tokio::test]
async fn what_is_forbidden_is_never_dialled() {
    let receiver = Receiver::start(Says::Shout("")).await;
    for Row { url, opened, names, registered, dial } in ROWS {
        let stub = Stub::new(&[names], receiver.address);
        // Where the host is an address the client dials it for real, the stub is never asked.
        let watch = Watch { stop: matches!(dial, Dial::No | Dial::Itself), ..Watch::default() };
        let layer = watch.clone();
        let sender = Sender::with(options(opened), Arc::clone(&stub) as _, move |builder| {
            builder.connector_layer(layer.clone())
        })
        .unwrap();
        let outcome = sender.deliver(attempt(url)).await;
        let found = match dial {
            Dial::No => {
                assert_eq!(watch.connections(), 0, "{url}");
                let expected = match registered {
                    Err(UrlFault::Address) => Failure::ForbiddenAddress,
                    _ => Failure::UrlForbidden,
                };
                assert_eq!(outcome.error, Some(expected), "{url}");
                &[]
            }
            Dial::Itself => {
                assert_eq!(watch.connections(), 1, "{url}");
                &[]
            }
            Dial::Found(found) => {
                let forbidden = outcome.error == Some(Failure::ForbiddenAddress);
                assert_eq!(forbidden, found.is_empty(), "{url} {names:?}: {outcome:?}");
                *found
            }
        };
        assert_eq!(stub.dialled(), found, "{url} {names:?}");
    }
}

#[tokio::test]
async fn a_name_is_judged_again_at_each_try() {
    let receiver = Receiver::start(Says::Shout("")).await;
    let answers: &[&[&str]] = &[&["93.184.216.34"], &["127.0.0.1"], &["169.254.169.254"]];
    let stub = Stub::new(answers, receiver.address);
    let sender = Sender::with(options(&[]), Arc::clone(&stub) as _, |builder| builder).unwrap();
    let mut errors = Vec::new();
    for dialled in [&["93.184.216.34"][..], &[], &[]] {
        let before = receiver.accepted();
        errors.push(sender.deliver(attempt("https://rebind.example/")).await.error.unwrap());
        assert_eq!(stub.dialled(), dialled);
        assert_eq!(receiver.accepted() > before, !dialled.is_empty());
    }
    assert_eq!(errors[1..], [Failure::ForbiddenAddress, Failure::ForbiddenAddress]);
}

/// With the system's DNS and a real socket, nothing counted by us: the listener is the judge.
#[tokio::test]
async fn a_listener_on_loopback_hears_nothing_until_it_is_opened() {
    let receiver =
        Receiver::start(Says::Answer("HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")).await;
    let port = receiver.address.port();
    let closed = sender(&[], 20_000);
    let open = sender(&["127.0.0.0/8"], 20_000);
    let mut heard = 0;
    for host in ["127.0.0.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "localhost"] {
        for scheme in ["http", "https"] {
            let url = format!("{scheme}://{host}:{port}/");
            let outcome = closed.deliver(attempt(&url)).await;
            assert_eq!(outcome.error, Some(Failure::ForbiddenAddress), "{url}");
            assert_eq!(receiver.accepted(), heard, "{url}");
        }
        let outcome = open.deliver(attempt(&format!("http://{host}:{port}/"))).await;
        assert_eq!(outcome.status_code, Some(204), "{host}");
        heard += 1;
        assert_eq!(receiver.accepted(), heard, "{host}");
    }
}

#[tokio::test]
async fn a_redirect_to_a_forbidden_place_is_not_followed() {
    let forbidden = Receiver::start(Says::Answer("HTTP/1.1 200 OK\r\n\r\n")).await;
    let port = forbidden.address.port();
    for location in [
        format!("http://127.0.0.1:{port}/"),
        format!("https://127.0.0.1:{port}/"),
        format!("//0x7f.1:{port}/"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "file:///etc/passwd".to_owned(),
        "/again".to_owned(),
    ] {
        for status in [301, 302, 303, 307, 308] {
            let answer: &'static str = Box::leak(
                format!(
                    "HTTP/1.1 {status} No\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"
                )
                .into_boxed_str(),
            );
            let receiver = Receiver::start(Says::Answer(answer)).await;
            let stub = Stub::new(&[&["10.0.0.5"]], receiver.address);
            let sender =
                Sender::with(options(&["10.0.0.0/8"]), Arc::clone(&stub) as _, |builder| builder)
                    .unwrap();
            let outcome = sender.deliver(attempt("http://hooks.example/")).await;
            assert_eq!((outcome.status_code, outcome.error), (Some(status), None));
            assert_eq!(stub.dialled(), ["10.0.0.5"]);
            assert_eq!(receiver.accepted(), 1);
        }
    }
    assert_eq!(forbidden.accepted(), 0);
}
