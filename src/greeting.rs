//! The friendly start: a token and a booking to paste into a shell.
//!
//! Text only; whoever calls decides whether and where it is printed.

use std::net::SocketAddr;

use holdfast_domain::Timestamp;

/// Who the printed token speaks for.
pub const DEMO_SUBJECT: &str = "demo";
pub const DEMO_ORG: &str = "org_demo";
pub const DEMO_SCOPE: &str = "asset:read asset:write booking:write";
pub const DEMO_TTL_SECONDS: u64 = 12 * 3_600;

const DAY_MS: i64 = 86_400_000;

/// What to show of a server that listens on `address`. `nonce` keeps the keys of one start apart
/// from those of another. The commands need `curl` and `sed` only.
pub fn greeting(address: SocketAddr, token: &str, now: Timestamp, nonce: u64) -> String {
    let base = format!("http://{}", reachable(address));
    // A week ahead, so that the lines still work when they are pasted a day later.
    let start = Timestamp::from_millis((now.millis() / DAY_MS + 7) * DAY_MS).plus_minutes(9 * 60);
    let end = start.plus_minutes(60);
    format!(
        r#"
API      {base}
Docs     {base}/docs

A token for trying out ({DEMO_SUBJECT} of {DEMO_ORG}, 12 hours):

export TOKEN={token}

Register an asset, and book it:

ASSET=$(curl -sS {base}/assets -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -H 'Idempotency-Key: demo-asset-{nonce:016x}' -d '{{"name":"Forklift A2","category":"EQUIPMENT","owner_org_id":"{DEMO_ORG}","location_id":"loc_7"}}' | sed 's/.*"id":"\(ast_[0-9a-z]*\)".*/\1/')
curl -sS -i {base}/assets/$ASSET/bookings -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -H 'Idempotency-Key: demo-booking-{nonce:016x}' -d '{{"user_id":"{DEMO_SUBJECT}","start":"{start}","end":"{end}","accept_terms":true}}'
"#
    )
}

/// Where a client on this machine reaches the server: an unspecified address is not one to dial.
fn reachable(address: SocketAddr) -> SocketAddr {
    if !address.ip().is_unspecified() {
        return address;
    }
    let loopback: std::net::IpAddr = if address.is_ipv4() {
        std::net::Ipv4Addr::LOCALHOST.into()
    } else {
        std::net::Ipv6Addr::LOCALHOST.into()
    };
    SocketAddr::new(loopback, address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_lies_ahead_and_the_address_can_be_dialled() {
        let now = Timestamp::parse("2030-02-03T23:59:59Z").unwrap();
        let text = greeting("0.0.0.0:80".parse().unwrap(), "abc", now, 7);
        assert!(text.contains(r#""start":"2030-02-10T09:00:00Z","end":"2030-02-10T10:00:00Z""#));
        assert!(text.contains("http://127.0.0.1:80/docs"));
        assert!(text.contains("export TOKEN=abc\n"));
    }
}
