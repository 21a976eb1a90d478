//! The assets are registered, and dealt out to the bookers, before anything is measured.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    booker::{Booker, Shelf},
    server,
    wire::Connection,
};

/// Assets are registered as fast as it goes; where that is faster than they can be folded, a
/// refusal for want of room is answered with this pause.
const BACK_OFF: Duration = Duration::from_millis(100);

/// Bookers with `tokens`, each with its part of `assets` newly registered ones under `terms`.
pub(crate) async fn register(
    address: SocketAddr,
    tokens: Vec<String>,
    assets: usize,
    terms: Option<&Value>,
) -> anyhow::Result<Vec<Booker>> {
    let connections = tokens.len();
    let mut registering = JoinSet::new();
    for (number, token) in tokens.into_iter().enumerate() {
        let numbers = (number..assets).step_by(connections);
        registering.spawn(register_shelf(address, booker(number, token), numbers, terms.cloned()));
    }
    let mut bookers = Vec::with_capacity(connections);
    while let Some(registered) = registering.join_next().await {
        bookers.push(registered??);
    }
    bookers.sort_by_key(|booker| booker.number);
    Ok(bookers)
}

pub(crate) fn booker(number: usize, token: String) -> Booker {
    Booker { number, user: server::user(number), token, shelf: Vec::new(), sample: Vec::new() }
}

async fn register_shelf(
    address: SocketAddr,
    mut booker: Booker,
    numbers: impl Iterator<Item = usize>,
    terms: Option<Value>,
) -> anyhow::Result<Booker> {
    let mut connection = Connection::open(address).await?;
    for number in numbers {
        let mut body = json!({
            "name": format!("Forklift {number}"),
            "category": "EQUIPMENT",
            "owner_org_id": "org_bench",
            "location_id": format!("loc_{}", number % 100),
        });
        if let Some(terms) = &terms {
            body["booking_terms"] = terms.clone();
        }
        let body = body.to_string();
        let request = format!(
            "POST /assets HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\
             Idempotency-Key: asset-{number}\r\n\r\n{body}",
            booker.token,
            body.len()
        );
        let asset = loop {
            let reply = connection.exchange(request.as_bytes()).await?;
            if reply.status == 503 {
                tokio::time::sleep(BACK_OFF).await;
                continue;
            }
            let text = String::from_utf8_lossy(reply.body);
            ensure!(reply.status == 201, "an asset is answered {}: {text}", reply.status);
            let asset: Value = serde_json::from_slice(reply.body)?;
            break asset["id"].as_str().context("an asset has an id")?.to_owned();
        };
        booker.shelf.push(Shelf { asset, booked: 0 });
    }
    Ok(booker)
}
