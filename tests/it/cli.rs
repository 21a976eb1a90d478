//! The binary as scripts and people use it: tokens, settings, exit codes, the printed booking.

use std::{
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Output, Stdio},
};

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use serde_json::{Value, json};

use crate::harness::{Spawned, fresh_key, holdfast_command};

fn run(arguments: &[&str], data: &Path) -> Output {
    holdfast_command().args(arguments).arg("--data-dir").arg(data).output().unwrap()
}

fn payload(token: &str) -> Value {
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

const TOKEN: [&str; 7] = ["token", "--sub", "usr_9", "--org", "org_1", "--scope", "asset:read"];

#[test]
fn token_prints_just_a_token() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let plain = run(&TOKEN, &data);
    assert!(plain.status.success(), "{plain:?}");
    assert!(plain.stderr.is_empty());
    let text = String::from_utf8(plain.stdout).unwrap();
    let token = text.strip_suffix('\n').unwrap();
    assert!(!token.contains(char::is_whitespace));
    let claims = payload(token);
    let object = claims.as_object().unwrap();
    assert_eq!(object.keys().collect::<Vec<_>>(), ["exp", "iat", "org_id", "scope", "sub"]);
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3_600);
    let mode = std::fs::metadata(data.join("token.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let more = ["--role", "admin", "--role", "auditor", "--location", "loc_7", "--ttl", "90s"];
    let arguments: Vec<_> = TOKEN.into_iter().chain(more).collect();
    let full = run(&arguments, &data);
    let claims = payload(String::from_utf8(full.stdout).unwrap().trim());
    assert_eq!(claims["roles"], json!(["admin", "auditor"]));
    assert_eq!(claims["locations"], json!(["loc_7"]));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 90);
}

#[test]
fn usage_errors_exit_2_and_leave_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let file = folder.path().join("holdfast.toml");
    std::fs::write(&file, "listne = \"127.0.0.1:0\"\n").unwrap();
    let missing = folder.path().join("missing.toml");
    let rows: [&[&str]; 9] = [
        &["--no-such-flag"],
        &["no-such-command"],
        &["token", "--sub", "usr_9"],
        &["token", "--sub", "", "--org", "org_1", "--scope", "x"],
        &["token", "--sub", "u", "--org", "o", "--scope", "x", "--ttl", "soon"],
        &["token", "--sub", "u", "--org", "o", "--scope", "x", "--role", "king"],
        &["serve", "--worker-threads", "0"],
        &["--config", file.to_str().unwrap()],
        &["serve", "--config", missing.to_str().unwrap()],
    ];
    for row in rows {
        let output = run(row, &data);
        assert_eq!(output.status.code(), Some(2), "{row:?}: {output:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{row:?}");
    }
    assert!(!data.exists());
    let help = holdfast_command().arg("--help").output().unwrap();
    assert!(help.status.success() && help.stderr.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_directory_has_one_server_and_any_number_of_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Spawned::start(&data, &[]);
    let second = run(&["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"], &data);
    assert_eq!(second.status.code(), Some(73), "{second:?}");
    assert!(run(&TOKEN, &data).status.success());
    let owner = server.caller("usr_9", "org_1");
    let asset = owner.asset("Van").await;
    assert_eq!(server.terminate().code(), Some(0));

    // A port that is taken is an ordinary failure.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let blocked = run(&["--listen", &address, "--admin-listen", "127.0.0.1:0"], &data);
    assert_eq!(blocked.status.code(), Some(1), "{blocked:?}");

    let again = Spawned::start(&data, &[]);
    let owner = again.caller("usr_9", "org_1");
    owner.get(&format!("/assets/{asset}")).await.expect(200);
    assert_eq!(again.terminate().code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn flags_win_over_the_environment_and_that_over_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let file = folder.path().join("holdfast.toml");
    let text = format!("data_dir = {:?}\njwt_issuer = \"file\"\njwt_audience = \"file\"\n", data);
    std::fs::write(&file, text).unwrap();
    let made = holdfast_command()
        .args(TOKEN)
        .args(["--jwt-issuer", "flag"])
        .env("HOLDFAST_CONFIG", &file)
        .env("HOLDFAST_JWT_ISSUER", "environment")
        .env("HOLDFAST_JWT_AUDIENCE", "environment")
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let claims = payload(String::from_utf8(made.stdout).unwrap().trim());
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!("flag"), &json!("environment")));
    assert!(data.join("token.key").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_printed_lines_make_a_booking() {
    use std::io::{BufRead as _, BufReader};
    let folder = tempfile::tempdir().unwrap();
    let mut server = holdfast_command()
        .args(["--demo", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--data-dir"])
        .arg(folder.path().join("data"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut script = String::new();
    for line in BufReader::new(server.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        let last = line.contains("/bookings ");
        if line.starts_with("export ") || line.starts_with("ASSET=") || line.starts_with("curl ") {
            script.push_str(&line);
            script.push('\n');
        }
        if last {
            break;
        }
    }
    let pasted = Command::new("sh").args(["-c", &script]).output().unwrap();
    let text = String::from_utf8(pasted.stdout).unwrap();
    let asked = Command::new("kill").arg(server.id().to_string()).status().unwrap();
    assert!(asked.success() && server.wait().unwrap().success());
    assert!(text.starts_with("HTTP/1.1 201"), "{text}");
    assert!(text.contains(r#""status":"CONFIRMED""#), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_lets_a_request_in_flight_finish() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Spawned::start(&data, &[]);
    let owner = server.caller("usr_9", "org_1");
    let mut bookings = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let owner = owner.clone();
        bookings.spawn(async move {
            let headers = [("idempotency-key", fresh_key())];
            let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
            let body = owner.asset_body("Van");
            owner.try_send(reqwest::Method::POST, "/assets", &headers, Some(&body)).await
        });
    }
    let first = bookings.join_next().await.unwrap().unwrap().unwrap();
    first.expect(201);
    let stopped = tokio::task::spawn_blocking(move || server.terminate()).await.unwrap();
    assert_eq!(stopped.code(), Some(0));
    let mut made = 1;
    for reply in bookings.join_all().await.into_iter().flatten() {
        // Answered at all means answered in full: made, or refused because it is going down.
        if reply.status == 503 {
            reply.refused(503, "NOT_READY");
        } else {
            reply.expect(201);
            made += 1;
        }
    }
    let again = Spawned::start(&data, &[]);
    let found = again.caller("usr_9", "org_1").pages("/assets", 100).await.len();
    assert!(found >= made, "{found} of {made} acknowledged");
}
