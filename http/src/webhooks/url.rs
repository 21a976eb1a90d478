//! What the URL of an endpoint shows by itself, before anybody asks DNS.
//!
//! The `url` crate reads it as browsers do (WHATWG), so every spelling of an IPv4 address (decimal,
//! octal, hex, short, full-width) has become the address by the time we look, and the sender
//! reads it with the same crate. This file must not resolve names: what they lead to is judged
//! on the address dialled, at each try.
//!
//! Plain http goes to networks that the operator opened and nowhere else: at once where the host is
//! an address or `localhost`; a name may lead there, so with any network opened it is accepted
//! here and judged when it is dialled.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use super::{Addresses, Reach};

pub const URL_BYTES_MAX: usize = 2_048;

/// Names below these lead nowhere on the public internet, by RFC 6762, RFC 8375 and ICANN.
const PRIVATE_SUFFIXES: [&str; 3] = [".local", ".internal", ".home.arpa"];

/// Why a URL cannot be an endpoint's.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum UrlFault {
    #[error("must be at most 2048 bytes long")]
    TooLong,
    #[error("is no absolute URL with a host")]
    Unreadable,
    #[error("must begin with https://")]
    NotHttps,
    #[error("must not hold a user name or password")]
    UserInfo,
    #[error("must not hold a fragment")]
    Fragment,
    #[error("must not name port 0")]
    PortZero,
    #[error("must lead to a public address")]
    Address,
}

/// Whether `text` may be the URL of an endpoint as far as the text shows.
///
/// # Errors
/// The first fault that holds.
pub fn check(text: &str, addresses: &Addresses) -> Result<(), UrlFault> {
    read(text, addresses).map(|_| ())
}

/// The same, with what the sender needs.
pub(super) fn read(text: &str, addresses: &Addresses) -> Result<Url, UrlFault> {
    if text.len() > URL_BYTES_MAX {
        return Err(UrlFault::TooLong);
    }
    // The parser would drop these without a word, and what was stored would not be what is called.
    if text.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
        return Err(UrlFault::Unreadable);
    }
    let url = Url::parse(text).map_err(|_| UrlFault::Unreadable)?;
    let host = url.host().ok_or(UrlFault::Unreadable)?;
    let plain = match url.scheme() {
        "https" => false,
        "http" => true,
        _ => return Err(UrlFault::NotHttps),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(UrlFault::UserInfo);
    }
    if url.fragment().is_some() {
        return Err(UrlFault::Fragment);
    }
    if url.port() == Some(0) {
        return Err(UrlFault::PortZero);
    }
    match reach(&host, addresses) {
        Reach::Forbidden => Err(UrlFault::Address),
        Reach::Public if plain => Err(UrlFault::NotHttps),
        Reach::Public | Reach::Opened => Ok(url),
    }
}

/// The best that may come of this host.
fn reach(host: &Host<&str>, addresses: &Addresses) -> Reach {
    match host {
        Host::Ipv4(address) => addresses.reach(IpAddr::V4(*address)),
        Host::Ipv6(address) => addresses.reach(IpAddr::V6(*address)),
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            let private = PRIVATE_SUFFIXES.iter().any(|suffix| name.ends_with(suffix));
            if name.is_empty() {
                Reach::Forbidden
            } else if name == "localhost" || name.ends_with(".localhost") {
                // RFC 6761: whatever DNS says, this is the machine itself.
                [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)]
                    .into_iter()
                    .map(|address| addresses.reach(address))
                    .find(|reach| *reach == Reach::Opened)
                    .unwrap_or(Reach::Forbidden)
            } else if addresses.opens_any() {
                Reach::Opened
            } else if private {
                Reach::Forbidden
            } else {
                Reach::Public
            }
        }
    }
}
