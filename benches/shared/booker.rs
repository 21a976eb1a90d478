//! Who books what: a subject with a token, its assets and their slots, and the request for one slot.
//!
//! Every booker has assets of its own and walks through their slots, so no two bookings meet and
//! every answer should be 201. What it was promised it remembers, for the check.

use std::io::Write as _;

use holdfast_domain::Timestamp;

/// Windows of half an hour, one an hour.
const SLOT_MINUTES: i64 = 60;
const BOOKED_MINUTES: i64 = 30;

/// The slots' instants as they are sent, rendered once.
pub(crate) struct Slots(pub(crate) Vec<(String, String)>);

impl Slots {
    /// `count` slots from tomorrow on.
    pub(crate) fn after(now: Timestamp, count: usize) -> Self {
        const DAY_MS: i64 = 24 * 60 * 60 * 1000;
        let tomorrow = Timestamp::from_millis((now.millis() / DAY_MS + 1) * DAY_MS);
        let starts =
            std::iter::successors(Some(tomorrow), |start| Some(start.plus_minutes(SLOT_MINUTES)));
        Self(
            starts
                .take(count)
                .map(|start| (start.to_string(), start.plus_minutes(BOOKED_MINUTES).to_string()))
                .collect(),
        )
    }
}

/// Who books on one connection.
pub(crate) struct Booker {
    pub(crate) number: usize,
    pub(crate) user: String,
    pub(crate) token: String,
    pub(crate) shelf: Vec<Shelf>,
    /// Bodies of acknowledged bookings.
    pub(crate) sample: Vec<Vec<u8>>,
}

/// An asset with how far its slots have been booked.
pub(crate) struct Shelf {
    pub(crate) asset: String,
    pub(crate) booked: usize,
}

/// A request whose changing parts are put between parts rendered once.
pub(crate) struct Template {
    request: Vec<u8>,
    /// From behind the asset's id to the key.
    headers: Vec<u8>,
    /// The body up to the start.
    body: Vec<u8>,
    prefix: String,
    count: u64,
}

impl Template {
    pub(crate) fn new(booker: &Booker, nonce: u32) -> Self {
        const INSTANT: &str = "2030-01-01T00:00:00Z";
        let body = format!(r#"{{"user_id":"{}","start":""#, booker.user);
        let length =
            body.len() + ends((INSTANT, INSTANT)).iter().map(|part| part.len()).sum::<usize>();
        let headers = format!(
            "/bookings HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\nIdempotency-Key: ",
            booker.token
        );
        Self {
            request: Vec::with_capacity(2_048),
            headers: headers.into_bytes(),
            body: body.into_bytes(),
            prefix: format!("{nonce:08x}-{:04x}-4000-8000-", booker.number),
            count: 0,
        }
    }

    /// A booking of the asset's slot under a fresh key of a UUID's length.
    pub(crate) fn fill(&mut self, asset: &str, (start, end): &(String, String)) -> &[u8] {
        let request = &mut self.request;
        request.clear();
        request.extend_from_slice(b"POST /assets/");
        request.extend_from_slice(asset.as_bytes());
        request.extend_from_slice(&self.headers);
        request.extend_from_slice(self.prefix.as_bytes());
        self.count += 1;
        write!(request, "{:012x}\r\n\r\n", self.count).expect("a vector takes what it is given");
        request.extend_from_slice(&self.body);
        for part in ends((start, end)) {
            request.extend_from_slice(part.as_bytes());
        }
        request
    }
}

/// The rest of a body, from the start's first character.
fn ends<'a>((start, end): (&'a str, &'a str)) -> [&'a str; 4] {
    [start, r#"","end":""#, end, r#"","accept_terms":true}"#]
}
