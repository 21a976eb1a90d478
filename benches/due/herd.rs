//! The bookings that fall due: one on each chosen asset, nobody comes, and all are over within one
//! minute, one after the other.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context as _, ensure};
use holdfast_domain::Timestamp;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{booker::Booker, schedule::Schedule, wire::Connection};

/// From a booking's start on, as the assets' terms say.
pub(crate) const NO_SHOW_AFTER: Duration = Duration::from_secs(60);
/// All fall due within this.
const SPREAD_MS: i64 = 60_000;
const WINDOW_MINUTES: i64 = 10;

/// The assets that one booker gives to the herd.
pub(crate) struct Chosen {
    user: String,
    token: Arc<str>,
    assets: Vec<String>,
}

/// A booking that falls due.
pub(crate) struct Member {
    pub(crate) token: Arc<str>,
    pub(crate) asset: String,
    pub(crate) booking: String,
    pub(crate) version: u64,
    pub(crate) due: Timestamp,
}

/// By the instant at which they are due.
pub(crate) struct Herd {
    /// When the first is due.
    pub(crate) schedule: Schedule,
    pub(crate) members: Vec<Member>,
}

/// Takes `count` assets, evenly from all bookers and all over their shelves.
pub(crate) fn choose(bookers: &mut [Booker], count: usize) -> Vec<Chosen> {
    let each = bookers.len();
    let share = |number: usize| count / each + usize::from(number < count % each);
    bookers
        .iter_mut()
        .map(|booker| {
            let (wanted, all) = (share(booker.number), booker.shelf.len());
            let mut taken = 0;
            let (chosen, left) = std::mem::take(&mut booker.shelf)
                .into_iter()
                .enumerate()
                .partition::<Vec<_>, _>(|(index, _)| {
                    let take = (index + 1) * wanted / all > taken;
                    taken += usize::from(take);
                    take
                });
            booker.shelf = left.into_iter().map(|(_, shelf)| shelf).collect();
            Chosen {
                user: booker.user.clone(),
                token: booker.token.as_str().into(),
                assets: chosen.into_iter().map(|(_, shelf)| shelf.asset).collect(),
            }
        })
        .collect()
}

/// Books every chosen asset so that the first falls due as the schedule says.
pub(crate) async fn book(
    address: SocketAddr,
    chosen: Vec<Chosen>,
    schedule: Schedule,
) -> anyhow::Result<Herd> {
    let (each, count) = (chosen.len(), chosen.iter().map(|one| one.assets.len()).sum::<usize>());
    let mut booking = JoinSet::new();
    for (number, chosen) in chosen.into_iter().enumerate() {
        let due = move |index: usize| {
            let place = i64::try_from(index * each + number).unwrap_or(i64::MAX);
            let after = place * SPREAD_MS / i64::try_from(count).unwrap_or(i64::MAX);
            schedule.wall.plus_millis(after)
        };
        booking.spawn(book_all(address, chosen, due));
    }
    let mut members = Vec::with_capacity(count);
    while let Some(booked) = booking.join_next().await {
        members.extend(booked??);
    }
    members.sort_by_key(|member: &Member| member.due);
    Ok(Herd { schedule, members })
}

async fn book_all(
    address: SocketAddr,
    chosen: Chosen,
    due: impl Fn(usize) -> Timestamp,
) -> anyhow::Result<Vec<Member>> {
    let Chosen { user, token, assets } = chosen;
    let mut connection = Connection::open(address).await?;
    let mut members = Vec::with_capacity(assets.len());
    for (index, asset) in assets.into_iter().enumerate() {
        let due = due(index);
        let start = due.plus_millis(-i64::try_from(NO_SHOW_AFTER.as_millis())?);
        let body = json!({
            "user_id": user,
            "start": start.to_string(),
            "end": start.plus_minutes(WINDOW_MINUTES).to_string(),
            "accept_terms": true,
        })
        .to_string();
        let request = format!(
            "POST /assets/{asset}/bookings HTTP/1.1\r\nHost: localhost\r\n\
             Authorization: Bearer {token}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nIdempotency-Key: due-{asset}\r\n\r\n{body}",
            body.len()
        );
        let reply = connection.exchange(request.as_bytes()).await?;
        let text = String::from_utf8_lossy(reply.body);
        ensure!(reply.status == 201, "a booking to fall due is answered {}: {text}", reply.status);
        let booked: Value = serde_json::from_slice(reply.body)?;
        let booking = booked["id"].as_str().context("a booking has an id")?.to_owned();
        let version = booked["version"].as_u64().context("a booking has a version")?;
        members.push(Member { token: Arc::clone(&token), asset, booking, version, due });
    }
    Ok(members)
}
