//! Who books what: the assets are registered and dealt out to the connections before a round.

use std::net::SocketAddr;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    ceiling,
    load::{Booker, Shelf},
    server,
    wire::Connection,
};

/// Bookers for the ceiling, which knows no assets and one token.
pub(crate) fn bookers_of_ceiling(connections: usize, assets: usize) -> Vec<Booker> {
    let ids = ceiling::assets(assets);
    let mut bookers: Vec<Booker> =
        (0..connections).map(|number| booker(number, ceiling::TOKEN.to_owned())).collect();
    for (index, asset) in ids.into_iter().enumerate() {
        bookers[index % connections].shelf.push(Shelf { asset, booked: 0 });
    }
    bookers
}

/// Bookers with `tokens`, each with its part of `assets` newly registered ones.
pub(crate) async fn register(
    address: SocketAddr,
    tokens: Vec<String>,
    assets: usize,
) -> anyhow::Result<Vec<Booker>> {
    let connections = tokens.len();
    let mut registering = JoinSet::new();
    for (number, token) in tokens.into_iter().enumerate() {
        let numbers = (number..assets).step_by(connections);
        registering.spawn(register_shelf(address, booker(number, token), numbers));
    }
    let mut bookers = Vec::with_capacity(connections);
    while let Some(registered) = registering.join_next().await {
        bookers.push(registered??);
    }
    bookers.sort_by_key(|booker| booker.number);
    Ok(bookers)
}

fn booker(number: usize, token: String) -> Booker {
    Booker { number, user: server::user(number), token, shelf: Vec::new(), sample: Vec::new() }
}

async fn register_shelf(
    address: SocketAddr,
    mut booker: Booker,
    numbers: impl Iterator<Item = usize>,
) -> anyhow::Result<Booker> {
    let mut connection = Connection::open(address).await?;
    for number in numbers {
        let body = json!({
            "name": format!("Forklift {number}"),
            "category": "EQUIPMENT",
            "owner_org_id": "org_bench",
            "location_id": format!("loc_{}", number % 100),
        })
        .to_string();
        let request = format!(
            "POST /assets HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\
             Idempotency-Key: asset-{number}\r\n\r\n{body}",
            booker.token,
            body.len()
        );
        let reply = connection.exchange(request.as_bytes()).await?;
        let text = String::from_utf8_lossy(reply.body);
        ensure!(reply.status == 201, "an asset is answered {}: {text}", reply.status);
        let asset: Value = serde_json::from_slice(reply.body)?;
        let asset = asset["id"].as_str().context("an asset has an id")?.to_owned();
        booker.shelf.push(Shelf { asset, booked: 0 });
    }
    Ok(booker)
}
