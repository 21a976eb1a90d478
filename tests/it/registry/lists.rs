//! Long lists: whole, in order, of one moment, and left when nobody reads them.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use serde_json::{Value, json};

use super::{Desk, at, codes, empty, start};

const MANY: usize = 5_000;

fn code(n: usize) -> String {
    format!("{n:05}")
}

/// Assets with texts of this length, in batches that fit into the small segments of a test.
async fn stock(desk: &Desk, bytes: usize) {
    let text = "x".repeat(bytes);
    let numbers: Vec<usize> = (0..MANY).rev().collect();
    for batch in numbers.chunks(1_000_000 / bytes.max(2_500)) {
        let one = |n: &usize| {
            json!({"Type": if n.is_multiple_of(2) { "Even" } else { "Odd" }, "Code": code(*n),
                "Context": [{"Application": if n.is_multiple_of(10) { "Ten" } else { "Any" },
                    "Metadata": {"text": text}}]})
        };
        let batch: Vec<Value> = batch.iter().map(one).collect();
        empty(&desk.post("/asset", &json!(batch)).await, 204);
    }
}

fn codes_of(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|it| it["Code"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn five_thousand_are_read_in_full() {
    let (_server, desk) = start(&["Even", "Odd", "Root"]).await;
    stock(&desk, 100).await;
    let reply = desk.get("/asset").await;
    assert_eq!((reply.status, reply.header("transfer-encoding")), (200, Some("chunked")));
    let all = reply.json();
    let even = (0..MANY).filter(|n| n % 2 == 0);
    let odd = (0..MANY).filter(|n| n % 2 == 1);
    assert_eq!(codes_of(&all), even.clone().chain(odd).map(code).collect::<Vec<_>>());
    let found = desk.read("/asset/bytype/Even").await;
    assert_eq!(codes_of(&found), even.map(code).collect::<Vec<_>>());
    let tens = (0..MANY).filter(|n| n % 10 == 0);
    assert_eq!(codes_of(&desk.read("/asset?app=Ten").await), tens.map(code).collect::<Vec<_>>());
    let head = desk.head("/asset").await;
    assert_eq!((head.status, head.bytes.len()), (200, 0));

    let wanted: Vec<_> = (0..MANY).map(code).collect();
    let odd = desk.post("/asset/bytype/Odd/bycode", &json!(wanted)).await.expect(200);
    assert_eq!(codes_of(&odd).len(), MANY / 2);
    let entries = odd
        .as_array()
        .unwrap()
        .iter()
        .map(|it| json!({"ToAsset": {"Type": "Odd", "Code": it["Code"]}}));
    let links =
        json!({"Root": {"Type": "Root", "Code": "r"}, "Associations": entries.collect::<Vec<_>>()});
    empty(&desk.post("/association", &links).await, 204);
    for path in ["/association/from/Root/r", "/association/from/Root/r/transitive"] {
        let reply = desk.get(path).await;
        assert_eq!(reply.header("transfer-encoding"), Some("chunked"));
        let list = reply.expect(200);
        let ends = list["Associations"].as_array().unwrap();
        let ends: Vec<_> = ends.iter().map(|it| it["ToAsset"]["Code"].as_str().unwrap()).collect();
        assert!(ends.len() == MANY / 2 && ends.is_sorted(), "{path}");
        assert_eq!(list["Root"]["Code"], "r");
    }
}

/// The bytes of a list as they come, after the head of the answer.
struct Reading {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Reading {
    /// Reads no more than the beginning.
    fn begin(desk: &Desk, path: &str) -> Self {
        // Of the older version there are no chunks, so the body is what comes until the end.
        Self::begin_as(desk, path, "1.0")
    }

    fn begin_as(desk: &Desk, path: &str, version: &str) -> Self {
        let mut stream = TcpStream::connect(desk.0.address()).unwrap();
        let token = desk.0.token();
        let head = format!(
            "GET {path} HTTP/{version}\r\nHost: x\r\nConnection: close\r\n\
             Authorization: Bearer {token}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut read = vec![0; 4096];
        let length = stream.read(&mut read).unwrap();
        read.truncate(length);
        Self { stream, read }
    }

    fn end(mut self) -> Value {
        self.stream.read_to_end(&mut self.read).unwrap();
        let end = self.read.windows(4).position(|it| it == b"\r\n\r\n").unwrap();
        serde_json::from_slice(&self.read[end + 4..]).unwrap()
    }
}

/// The list is far longer than what the sockets hold, so most of it is made after the writes.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_of_one_moment_whatever_is_written_meanwhile() {
    let (_server, desk) = start(&["Even", "Odd", "Root"]).await;
    stock(&desk, 4_000).await;
    let before = codes_of(&desk.read("/asset").await);
    let slow = Reading::begin(&desk, "/asset");
    let odd: Vec<_> = (0..MANY).filter(|n| n % 2 == 1).map(code).collect();
    empty(&desk.delete_listed("/asset/bytype/Odd/bycode", &json!(odd[..1_000])).await, 204);
    let renamed = json!({"Type": "Odd", "Code": "renamed"});
    assert_eq!(desk.patch(&at("Odd", &odd[2_000]), &renamed).await.status, 201);
    desk.asset("Odd", "new", &[]).await;
    assert_eq!(desk.patch("/type/bycode/Odd", &json!({"Code": "Strange"})).await.status, 201);
    let list = tokio::task::spawn_blocking(|| slow.end()).await.unwrap();
    assert_eq!(codes_of(&list), before);
    assert!(list.as_array().unwrap().iter().all(|it| it["Type"] != "Strange"));
    let after = desk.read("/asset").await;
    assert_eq!(codes_of(&after).len(), MANY - 1_000 + 1);
    codes(&desk.delete("/type/bycode/Strange").await, 409, &["AssetTypeInUse"]);
}

/// Nobody may take a piece for the whole.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_cannot_be_finished_breaks_off() {
    let (_server, desk) = start(&["Even", "Odd"]).await;
    stock(&desk, 9_000).await;
    let slow = Reading::begin_as(&desk, "/asset", "1.1");
    // More is overwritten than is kept for one reader.
    stock(&desk, 9_001).await;
    let (mut stream, mut read) = (slow.stream, slow.read);
    let read = tokio::task::spawn_blocking(move || {
        // Ended, or reset.
        let _ = stream.read_to_end(&mut read);
        read
    });
    let read = read.await.unwrap();
    let head = String::from_utf8_lossy(&read[..100]);
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && read.len() > 100_000, "{head}");
    assert!(!read.ends_with(b"0\r\n\r\n"));
    // The next one is whole.
    assert_eq!(codes_of(&desk.read("/asset").await).len(), MANY);
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_that_go_away_leave_nothing_behind() {
    let (_server, desk) = start(&["Even", "Odd"]).await;
    stock(&desk, 1_000).await;
    let left: Vec<_> = (0..50).map(|_| Reading::begin(&desk, "/asset")).collect();
    drop(left);
    assert_eq!(codes_of(&desk.read("/asset").await).len(), MANY);
    empty(&desk.delete(&at("Even", &code(0))).await, 204);
    assert_eq!(codes_of(&desk.read("/asset").await).len(), MANY - 1);
}
