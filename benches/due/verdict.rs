//! Whether everything that fell due happened, once, and at the instant at which it was due; and
//! whether what the others were promised is there.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context as _, ensure};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::{
    booker::Booker,
    herd::{Herd, Member},
    truth,
    wire::Connection,
};

const CONNECTIONS: usize = 16;
/// Assets of the herd whose whole audit log is read.
const AUDITS: usize = 2_000;
/// One that could not be reminded is reminded again later; so long it is waited for.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
const LOOKS_MAX: usize = 120;

/// Reads every booking of the herd and a sample of its audit logs; says what was looked at.
///
/// # Errors
/// One that is not over, or was over at another instant, or more than once; an answer to the others
/// that does not hold.
pub(crate) async fn check(
    address: SocketAddr,
    herd: &mut Herd,
    bookers: &[Booker],
) -> anyhow::Result<String> {
    let members: Arc<[Member]> = std::mem::take(&mut herd.members).into();
    let step = members.len().div_ceil(AUDITS);
    let mut checking = JoinSet::new();
    for number in 0..CONNECTIONS {
        checking.spawn(check_some(address, Arc::clone(&members), number, step));
    }
    let (mut audits, mut stragglers) = (0, 0);
    while let Some(checked) = checking.join_next().await {
        let (some_audits, some_stragglers) = checked??;
        audits += some_audits;
        stragglers += some_stragglers;
    }
    let others = truth::check(address, bookers).await.context("the bookings of the others")?;
    Ok(format!(
        "Truth: all {} bookings are NO_SHOW, by one record each, at the instant at which they were \
         due ({stragglers} only after the last one looked at before); {audits} audit logs hold exactly one `booking.no_show`, by `system:timer`; {} bookings \
         of others are as acknowledged and {} lists ({} bookings) complete. No answer but 200 and \
         201.\n",
        members.len(),
        others.bookings,
        others.assets,
        others.listed
    ))
}

async fn check_some(
    address: SocketAddr,
    members: Arc<[Member]>,
    number: usize,
    step: usize,
) -> anyhow::Result<(usize, usize)> {
    let mut connection = Connection::open(address).await?;
    let (mut audits, mut stragglers) = (0, 0);
    for index in (number..members.len()).step_by(CONNECTIONS) {
        let member = &members[index];
        let path = format!("/bookings/{}", member.booking);
        let mut booking = read(&mut connection, member, &path).await?;
        stragglers += usize::from(booking["status"] == "CONFIRMED");
        for _ in 0..LOOKS_MAX {
            if booking["status"] != "CONFIRMED" {
                break;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
            booking = read(&mut connection, member, &path).await?;
        }
        over(member, &booking).with_context(|| booking.to_string())?;
        if index % step == 0 {
            let path = format!("/assets/{}/audit?limit=100", member.asset);
            let page = read(&mut connection, member, &path).await?;
            once(member, &page).with_context(|| page.to_string())?;
            audits += 1;
        }
    }
    Ok((audits, stragglers))
}

async fn read(connection: &mut Connection, member: &Member, path: &str) -> anyhow::Result<Value> {
    let reply = connection.get(path, &member.token).await?;
    ensure!(reply.status == 200, "{path} is answered {}", reply.status);
    Ok(serde_json::from_slice(reply.body)?)
}

fn over(member: &Member, booking: &Value) -> anyhow::Result<()> {
    ensure!(booking["status"] == "NO_SHOW", "not over");
    ensure!(booking["updated_at"] == member.due.to_string(), "was due at {}", member.due);
    // A record is a version of its asset: exactly one came after the booking was made.
    ensure!(booking["version"] == member.version + 1, "was at {} before", member.version);
    Ok(())
}

/// Registered, booked, over: and nothing else ever happened to the asset.
fn once(member: &Member, page: &Value) -> anyhow::Result<()> {
    let entries = page["items"].as_array().context("a log has items")?;
    let types: Vec<_> = entries.iter().filter_map(|entry| entry["type"].as_str()).collect();
    ensure!(types == ["booking.no_show", "booking.created", "asset.created"], "{types:?}");
    ensure!(entries[0]["at"] == member.due.to_string(), "was due at {}", member.due);
    ensure!(entries[0]["actor"]["sub"] == "system:timer", "not by itself");
    Ok(())
}
