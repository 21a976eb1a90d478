//! Requests written by hand, for what a well-behaved client would tidy up.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use crate::harness::{Caller, Reply};

/// Sends these very bytes as the target, with the caller's token, these headers and this body, whose
/// length the headers may lie about.
pub(super) async fn send(
    caller: &Caller,
    (method, target): (&str, &[u8]),
    headers: &[(&str, &str)],
    body: &[u8],
) -> Reply {
    let mut request = method.as_bytes().to_vec();
    request.push(b' ');
    request.extend_from_slice(target);
    let head = format!(
        " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {}\r\n",
        caller.token(),
    );
    request.extend_from_slice(head.as_bytes());
    if !headers.iter().any(|(name, _)| *name == "Content-Length") {
        request.extend_from_slice(format!("Content-Length: {}\r\n", body.len()).as_bytes());
    }
    for (name, value) in headers {
        request.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    request.extend_from_slice(b"\r\n");
    request.extend_from_slice(body);
    let address = caller.address().to_owned();
    let answer = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(&request).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        answer
    });
    reply(&answer.await.unwrap())
}

fn reply(answer: &[u8]) -> Reply {
    let end = answer.windows(4).position(|it| it == b"\r\n\r\n").unwrap();
    let head = std::str::from_utf8(&answer[..end]).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: HeaderMap = lines
        .map(|line| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap())
        })
        .collect();
    Reply { status, headers, bytes: answer[end + 4..].to_vec() }
}
