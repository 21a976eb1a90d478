//! The server as a client sees it: requests that are tried again while that may help.
//!
//! Everything sent here may be sent twice: reads, and merges of what is merged already.

use std::{io::Read, time::Duration};

use anyhow::{Context as _, anyhow, bail};
use holdfast_actors::clock::{Clock as _, SystemClock};
use reqwest::{
    StatusCode, Url,
    blocking::{Client, RequestBuilder, Response},
    header, redirect,
};
use serde_json::Value;

use super::{ServerArgs, screen::Screen};

/// A request whose answer takes longer is taken to be lost.
const ANSWER_MAX: Duration = Duration::from_secs(60);
const CONNECT_MAX: Duration = Duration::from_secs(10);

/// Between tries when the server does not say; doubled each time.
const PAUSE_MIN: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(15);

/// Of an answer that is no list.
const ANSWER_BYTES_MAX: u64 = 1024 * 1024;

pub(super) struct Server<'a> {
    client: Client,
    base: Url,
    token: String,
    patience_ms: u64,
    clock: SystemClock,
    screen: &'a Screen,
}

/// What a request came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Answer {
    Done,
    /// Nothing of it was written. These are the codes.
    Refused(Vec<String>),
}

impl<'a> Server<'a> {
    /// # Errors
    /// When there can be no client on this machine.
    pub(super) fn new(arguments: ServerArgs, screen: &'a Screen) -> anyhow::Result<Self> {
        let client = Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT_MAX)
            // A list may take its time; what must not is said by each request.
            .timeout(None)
            .tcp_nodelay(true)
            .build()
            .context("cannot make a client")?;
        let ServerArgs { url: base, token, patience } = arguments;
        let patience_ms = patience.saturating_mul(1_000);
        Ok(Self { client, base, token, patience_ms, clock: SystemClock::start(), screen })
    }

    /// Sends a document.
    ///
    /// # Errors
    /// When it was refused for another reason than what it says, or not answered for too long.
    pub(super) fn post(&self, path: &[&str], body: &[u8]) -> anyhow::Result<Answer> {
        let request = || {
            let request = self.client.post(self.url(path)?).timeout(ANSWER_MAX);
            Ok(request.header(header::CONTENT_TYPE, "application/json").body(body.to_vec()))
        };
        self.ask(request)?.map_or_else(|codes| Ok(Answer::Refused(codes)), |_| Ok(Answer::Done))
    }

    /// Sends a document that is a question; the answer is short.
    ///
    /// # Errors
    /// As for [`Server::post`], and when it is refused.
    pub(super) fn look_up(&self, path: &[&str], body: &[u8]) -> anyhow::Result<Value> {
        let request = || {
            let request = self.client.post(self.url(path)?).timeout(ANSWER_MAX);
            Ok(request.header(header::CONTENT_TYPE, "application/json").body(body.to_vec()))
        };
        let answer = self.ask(request)?.map_err(|codes| refused(&codes))?;
        Ok(serde_json::from_reader(answer.take(ANSWER_BYTES_MAX))?)
    }

    /// A document of any length, to be read as it comes; `None` when there is none.
    ///
    /// # Errors
    /// As for [`Server::look_up`].
    pub(super) fn get(&self, path: &[&str]) -> anyhow::Result<Option<Response>> {
        let answer = self.ask(|| Ok(self.client.get(self.url(path)?)))?;
        let answer = answer.map_err(|codes| refused(&codes))?;
        Ok((answer.status() != StatusCode::NOT_FOUND).then_some(answer))
    }

    /// Asks until there is an answer, or patience has ended.
    fn ask(
        &self,
        request: impl Fn() -> anyhow::Result<RequestBuilder>,
    ) -> anyhow::Result<Result<Response, Vec<String>>> {
        let until = self.clock.monotonic_ms().saturating_add(self.patience_ms);
        let mut pause = PAUSE_MIN;
        loop {
            let sent = request()?.bearer_auth(&self.token).send();
            let (why, wait) = match judge(sent)? {
                Judged::Answer(answer) => return Ok(answer),
                Judged::Again { why, wait } => (why, wait.unwrap_or(pause)),
            };
            let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            if self.clock.monotonic_ms().saturating_add(wait_ms) > until {
                bail!("{why}; tried for {} s", self.patience_ms / 1_000);
            }
            self.screen.tell(&format!("{why}; again in {:.1} s", wait.as_secs_f64()));
            rest(wait);
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    /// The path below the server's base, each part of it encoded.
    fn url(&self, path: &[&str]) -> anyhow::Result<Url> {
        // A URL cannot say these: whoever reads one takes them for a walk through folders.
        if let Some(part) = path.iter().find(|part| matches!(**part, "." | "..")) {
            bail!("the code {part:?} cannot be asked for, since no URL can hold it");
        }
        let mut url = self.base.clone();
        url.path_segments_mut().map_err(|()| anyhow!("no base"))?.pop_if_empty().extend(path);
        Ok(url)
    }
}

enum Judged {
    Answer(Result<Response, Vec<String>>),
    /// Nothing is known, or nothing has happened.
    Again {
        why: String,
        wait: Option<Duration>,
    },
}

fn judge(sent: reqwest::Result<Response>) -> anyhow::Result<Judged> {
    let answer = match sent {
        Ok(answer) => answer,
        Err(error) if error.is_builder() => return Err(error.into()),
        Err(error) => {
            let why = format!("{:#}", anyhow::Error::new(error.without_url()));
            return Ok(Judged::Again { why, wait: None });
        }
    };
    let status = answer.status();
    match status.as_u16() {
        200..=299 | 404 => Ok(Judged::Answer(Ok(answer))),
        409 | 422 => Ok(Judged::Answer(Err(codes(answer)?))),
        408 | 429 | 502 | 503 | 504 => {
            let wait = answer.headers().get(header::RETRY_AFTER);
            let wait = wait.and_then(|text| text.to_str().ok()?.trim().parse().ok());
            let why = format!("the server answers {}", problem(answer));
            Ok(Judged::Again { why, wait: wait.map(Duration::from_secs) })
        }
        _ => bail!("the server answers {}", problem(answer)),
    }
}

/// What a refusal says.
fn codes(answer: Response) -> anyhow::Result<Vec<String>> {
    let status = answer.status();
    serde_json::from_reader(answer.take(ANSWER_BYTES_MAX))
        .with_context(|| format!("the server answers {status}, and no list of codes"))
}

fn refused(codes: &[String]) -> anyhow::Error {
    anyhow!("the server answers {}", codes.join(", "))
}

/// Status, code and words of a problem document, as far as it is one.
fn problem(answer: Response) -> String {
    let status = answer.status();
    let document: Value =
        serde_json::from_reader(answer.take(ANSWER_BYTES_MAX)).unwrap_or_default();
    let words = ["code", "detail"].map(|member| document[member].as_str().unwrap_or_default());
    let words = words.join(" ");
    format!("{} {}", status.as_u16(), words.trim()).trim_end().to_owned()
}

#[expect(clippy::disallowed_methods, reason = "the server said when to come back, or is not there")]
fn rest(time: Duration) {
    std::thread::sleep(time);
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead as _, BufReader, Write as _},
        net::{TcpListener, TcpStream},
        sync::atomic::{AtomicUsize, Ordering},
        thread,
    };

    use super::*;

    fn server<'a>(base: &str, screen: &'a Screen) -> Server<'a> {
        let url = base.parse().unwrap();
        Server::new(ServerArgs { url, token: "t".to_owned(), patience: 2 }, screen).unwrap()
    }

    #[test]
    fn codes_are_one_segment_each_below_the_base() {
        let screen = Screen::hidden();
        let asked = ["asset", "bytype", "a/b%2F", "bycode", "XSX[Sample] é:$+"];
        let path = "asset/bytype/a%2Fb%252F/bycode/XSX[Sample]%20%C3%A9:$+";
        for base in ["http://h:1", "http://h:1/below/"] {
            let url = server(base, &screen).url(&asked).unwrap();
            assert_eq!(url.as_str(), format!("{}/{path}", base.trim_end_matches('/')));
            assert!(server(base, &screen).url(&["asset", "bytype", ".."]).is_err());
        }
    }

    /// What a post comes to that is answered so, one after the other (`None`: not at all), and how
    /// many of these were used up.
    fn posted(script: &[Option<&str>]) -> (Result<Answer, String>, usize) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (url, screen) =
            (format!("http://{}", listener.local_addr().unwrap()), Screen::hidden());
        let used = AtomicUsize::new(0);
        let come_to = thread::scope(|scope| {
            scope.spawn(|| {
                for answer in script {
                    let (stream, _) = listener.accept().unwrap();
                    let mut lines = BufReader::new(&stream).lines().map(Result::unwrap);
                    // Empty when nobody asks any more.
                    if lines.next().is_none_or(|line| line.is_empty()) {
                        return;
                    }
                    lines.find(String::is_empty);
                    used.fetch_add(1, Ordering::SeqCst);
                    if let Some(answer) = answer {
                        (&stream).write_all(answer.as_bytes()).unwrap();
                    }
                }
            });
            let come_to = server(&url, &screen).post(&["asset"], b"");
            let _ = TcpStream::connect(url.trim_start_matches("http://"));
            come_to
        });
        (come_to.map_err(|error| format!("{error:#}")), used.into_inner())
    }

    fn answer(head: &str, body: &str) -> String {
        let length = body.len();
        format!("HTTP/1.1 {head}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}")
    }

    #[test]
    fn what_may_help_is_tried_again_and_nothing_else() {
        let done = answer("204 No Content", "");
        let full = answer("503 Busy\r\nRetry-After: 0", "{\"code\":\"OVERLOADED\"}");
        let slow = answer("429 Slow\r\nRetry-After: 1", "");
        let never = answer("503 Busy\r\nRetry-After: 9", "{\"code\":\"ASSET_QUARANTINED\"}");
        let invalid = answer("422 No", "[\"AssetTypeNotFound\"]");
        let denied = answer("401 No", "{\"code\":\"INVALID_TOKEN\",\"detail\":\"It is old.\"}");
        let refused = Answer::Refused(vec!["AssetTypeNotFound".to_owned()]);
        let rows: [(&[Option<&str>], _, usize); 7] = [
            (&[Some(&done)], Ok(Answer::Done), 1),
            (&[Some(&full), Some(&full), Some(&done)], Ok(Answer::Done), 3),
            (&[Some(&slow), None, Some(&done)], Ok(Answer::Done), 3),
            (&[Some(&invalid), Some(&done)], Ok(refused), 1),
            (
                &[Some(&denied), Some(&done)],
                Err("the server answers 401 INVALID_TOKEN It is old."),
                1,
            ),
            (
                &[Some(&never), Some(&done)],
                Err("the server answers 503 ASSET_QUARANTINED; tried for 2 s"),
                1,
            ),
            (&[Some(&answer("500 Oh", "no JSON")), Some(&done)], Err("the server answers 500"), 1),
        ];
        for (script, expected, used) in rows {
            let expected = expected.map_err(str::to_owned);
            assert_eq!(posted(script), (expected, used), "{script:?}");
        }
    }
}
