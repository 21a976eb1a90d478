//! The process being measured: a release build of the server on a folder of its own, or whatever else
//! says on stderr where it listens.

use std::{
    io::{self, BufRead as _, BufReader, Write as _},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    time::Duration,
};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::wire::Connection;

/// A start after a sustained run indexes a whole tail.
const START_SECONDS_MAX: u64 = 60;

const READYZ: &[u8] = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// A child that answers; killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// The server of `build` on `folder`, new or used.
    pub(crate) fn holdfast(build: &Path, folder: &Path) -> anyhow::Result<Self> {
        Self::start(serve(Command::new(build), folder))
    }

    pub(crate) fn start(mut command: Command) -> anyhow::Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
        let stderr = child.stderr.take().context("no stderr")?;
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                match address(&line) {
                    Some(address) => drop(sender.send(address)),
                    // What it has to say besides is for whoever reads the run.
                    None => drop(writeln!(io::stderr(), "  server: {line}")),
                }
            }
        });
        match receiver.recv_timeout(Duration::from_secs(START_SECONDS_MAX)) {
            Ok(address) => Ok(Self { child, address }),
            Err(_) => {
                let _ = child.kill();
                let _ = child.wait();
                anyhow::bail!("{command:?} did not say where it listens")
            }
        }
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Ends it in order: SIGTERM, then its own time to finish and fold.
    pub(crate) fn stop(mut self) -> anyhow::Result<ExitStatus> {
        let process = self.process().to_string();
        let sent = Command::new("kill").args(["-TERM", &process]).status()?;
        ensure!(sent.success(), "SIGTERM could not be sent");
        Ok(self.child.wait()?)
    }

    /// Ends it without warning: SIGKILL.
    pub(crate) fn kill(self) {
        drop(self);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The build this bench belongs to.
pub(crate) fn this_build() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_holdfast"))
}

fn serve(mut command: Command, folder: &Path) -> Command {
    command.args(["serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]);
    command.arg("--data-dir").arg(folder).env("HOLDFAST_LOG", "warn");
    // For receivers of webhooks. Older builds know nothing of it, and leave it alone.
    command.env("HOLDFAST_WEBHOOK_ALLOW_NET", "127.0.0.0/8");
    command
}

/// From `…: listening on http://127.0.0.1:4711 (…)`.
fn address(line: &str) -> Option<SocketAddr> {
    let (_, after) = line.split_once("listening on http://")?;
    after.split_whitespace().next()?.parse().ok()
}

/// A manager's token for subject `usr_<number>`, made by the binary itself.
pub(crate) fn token(folder: &Path, number: usize) -> anyhow::Result<String> {
    let output = Command::new(this_build())
        .args(["token", "--org", "org_bench", "--ttl", "1d", "--data-dir"])
        .arg(folder)
        .args(["--sub", &user(number)])
        .args(["--scope", "asset:read asset:write booking:write"])
        .output()?;
    ensure!(output.status.success(), "no token: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// All of one length, so that a request's length does not depend on who sends it.
pub(crate) fn user(number: usize) -> String {
    format!("usr_{number:04}")
}

/// Records not yet folded into the views, by the server's own account of its readiness.
pub(crate) async fn unfolded(connection: &mut Connection) -> Option<u64> {
    let reply = connection.exchange(READYZ).await.ok()?;
    let told: Value = serde_json::from_slice(reply.body).ok()?;
    told["unfolded_records"].as_u64()
}
