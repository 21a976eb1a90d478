//! The secret of an endpoint: shown to whoever made it, and nowhere else, not even on disk.

use std::{fs, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::desk::{bare, book, path, start, tell, until, url, wish};
use crate::harness::{Server, fresh_key};

fn secret(endpoint: &Value) -> String {
    endpoint["secret"].as_str().unwrap().to_owned()
}

fn key(secret: &str) -> Vec<u8> {
    STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_shown_when_it_is_made_and_in_the_replay_of_that() {
    let (server, _) = start().await;
    let boss = server.caller("usr_2", "org_1");
    let (body, made_by) = (wish("erp", &["*"]), fresh_key());
    let made = boss.post("/webhook-endpoints", &made_by, &body).await;
    let endpoint = made.expect(201);
    let first = secret(&endpoint);
    assert_eq!(key(&first).len(), 32);
    assert_ne!(secret(&tell(&boss, "erp", &["*"]).await), first, "each has its own");

    let (rotate, turned_by) = (format!("{}/rotate-secret", path(&endpoint)), fresh_key());
    let turned = bare(&boss, &rotate, &turned_by).await;
    let second = secret(&turned.expect(200));
    assert_eq!(key(&second).len(), 32);
    assert_ne!(second, first);
    bare(&boss, &rotate, &fresh_key()).await.expect(200);

    // Replays show what was shown, after all that, and after a restart.
    let server = server.restart().await;
    let boss = boss.at(&server.caller("usr_2", "org_1"));
    let again = boss.post("/webhook-endpoints", &made_by, &body).await;
    again.expect(200);
    assert_eq!(again.bytes, made.bytes);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.header("location"), made.header("location"));
    assert_eq!(again.header("etag"), made.header("etag"));
    let again = bare(&boss, &rotate, &turned_by).await;
    assert_eq!((again.expect(200), again.bytes), (turned.json(), turned.bytes));

    let change = json!({"description": "ERP"});
    let answers = [
        boss.get(&path(&endpoint)).await,
        boss.put(&path(&endpoint), &fresh_key(), "*", &change).await,
        boss.get("/webhook-endpoints").await,
        boss.get(&format!("{}/deliveries", path(&endpoint))).await,
        bare(&boss, &format!("{}/test", path(&endpoint)), &fresh_key()).await,
    ];
    for answer in answers {
        answer.expect(200);
        let text = String::from_utf8(answer.bytes).unwrap();
        assert!(!text.contains("secret") && !text.contains("whsec_"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_rotation_both_sign_for_a_day() {
    let (server, receivers) = start().await;
    let boss = server.caller("usr_2", "org_1");
    let endpoint = tell(&boss, "erp", &["booking.created"]).await;
    let van = boss.asset("Van").await;
    let rotate = format!("{}/rotate-secret", path(&endpoint));
    let first = secret(&endpoint);
    let second = secret(&bare(&boss, &rotate, &fresh_key()).await.expect(200));
    let signed = async |number: usize| {
        book(&boss, &van, i64::try_from(number).unwrap() * 10).await;
        until(&server, || receivers.taken(&url("erp")).len() == number).await;
        receivers.taken(&url("erp"))[number - 1].secrets.clone()
    };
    assert_eq!(signed(1).await, [second.clone(), first.clone()]);
    let third = secret(&bare(&boss, &rotate, &fresh_key()).await.expect(200));
    assert_eq!(signed(2).await, [third.clone(), second.clone(), first.clone()]);
    bare(&boss, &rotate, &fresh_key()).await.expect(200);
    let limit = bare(&boss, &rotate, &fresh_key()).await.refused(409, "LIMIT_REACHED");
    assert_eq!(limit["limit"], 4);
    server.house.clock.advance_ms(24 * 3_600_000);
    assert_eq!(signed(3).await.len(), 1);
}

/// Every file below, as bytes.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
    found
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_file_of_a_data_directory_holds_it() {
    let server = Server::start().await;
    let boss = server.caller("usr_2", "org_1");
    // Asked for what never happens here: nothing is to leave this machine.
    let endpoint = tell(&boss, "erp", &["webhook.test"]).await;
    let rotate = format!("{}/rotate-secret", path(&endpoint));
    let turned = bare(&boss, &rotate, &fresh_key()).await.expect(200);
    let folder = server.stop().await;
    let files = files(&folder.path().join("data"));
    // What is looked for would be found: the URL is.
    assert!(files.iter().any(|(_, bytes)| holds(bytes, url("erp").as_bytes())));
    for shown in [secret(&endpoint), secret(&turned)] {
        let raw = key(&shown);
        let hex: String = raw.iter().map(|byte| format!("{byte:02x}")).collect();
        for (name, bytes) in &files {
            for part in [&shown.as_bytes()[6..], &raw, hex.as_bytes()] {
                assert!(!holds(bytes, part), "{name} holds a secret");
            }
        }
    }
}
