//! Whether what was acknowledged is there: the bookings themselves, and each asset's whole list.

use std::{collections::BTreeMap, net::SocketAddr};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::{booker::Booker, wire::Connection};

/// Assets whose whole list is read.
const ASSETS_MAX: usize = 128;

/// What was looked at.
pub(crate) struct Checked {
    pub(crate) bookings: usize,
    pub(crate) assets: usize,
    pub(crate) listed: usize,
}

/// Reads the sample again and lists assets of every booker.
///
/// # Errors
/// An acknowledged booking is absent or different, a list holds more or fewer bookings than were
/// acknowledged, or two bookings of an asset overlap.
pub(crate) async fn check(address: SocketAddr, bookers: &[Booker]) -> anyhow::Result<Checked> {
    let mut connection = Connection::open(address).await?;
    let mut checked = Checked { bookings: 0, assets: 0, listed: 0 };
    let each = ASSETS_MAX.div_ceil(bookers.len().max(1));
    for booker in bookers {
        for promised in &booker.sample {
            same(&mut connection, &booker.token, promised).await?;
            checked.bookings += 1;
        }
        // The sampled bookings are spread over the shelf in the order of its assets.
        let step = (booker.shelf.len() / each).max(1);
        for shelf in booker.shelf.iter().step_by(step).take(each) {
            let windows = list(&mut connection, &booker.token, &shelf.asset).await?;
            ensure!(
                windows.len() == shelf.booked,
                "{} lists {} bookings, {} were acknowledged",
                shelf.asset,
                windows.len(),
                shelf.booked
            );
            apart(&windows).with_context(|| shelf.asset.clone())?;
            checked.assets += 1;
            checked.listed += windows.len();
        }
    }
    Ok(checked)
}

async fn same(connection: &mut Connection, token: &str, promised: &[u8]) -> anyhow::Result<()> {
    let booking: Value = serde_json::from_slice(promised)?;
    let id = booking["id"].as_str().context("an acknowledged booking has an id")?;
    let reply = connection.get(&format!("/bookings/{id}"), token).await?;
    ensure!(reply.status == 200, "{id} was acknowledged and is answered {}", reply.status);
    ensure!(reply.body == promised, "{id} is not what was acknowledged");
    Ok(())
}

/// Start to end of every booking of the asset; instants of one form sort as text.
async fn list(
    connection: &mut Connection,
    token: &str,
    asset: &str,
) -> anyhow::Result<BTreeMap<String, String>> {
    let mut windows = BTreeMap::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/assets/{asset}/bookings?limit=100{cursor}");
        let reply = connection.get(&path, token).await?;
        ensure!(reply.status == 200, "{path} is answered {}", reply.status);
        let page: Value = serde_json::from_slice(reply.body)?;
        for booking in page["items"].as_array().context("a list has items")? {
            let text = |name: &str| booking[name].as_str().unwrap_or_default().to_owned();
            let start = text("start");
            ensure!(
                windows.insert(start.clone(), text("end")).is_none(),
                "{asset} has two bookings at {start}"
            );
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(windows),
        }
    }
}

fn apart(windows: &BTreeMap<String, String>) -> anyhow::Result<()> {
    for ((start, end), (next, _)) in windows.iter().zip(windows.iter().skip(1)) {
        ensure!(end <= next, "{start} to {end} overlaps the booking at {next}");
    }
    Ok(())
}
