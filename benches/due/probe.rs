//! How far the herd is: some of its bookings, in the order in which they are due, are read until each
//! is over. A read decides nothing, so looking hastens nothing.

use std::{net::SocketAddr, time::Duration};

use anyhow::ensure;

use crate::{
    herd::{Herd, Member},
    stopwatch,
    wire::Connection,
};

/// Bookings looked at, evenly over the minute.
const PROBES: usize = 1_200;
const LOOK_AGAIN: Duration = Duration::from_millis(10);
/// After the last one is due.
const PATIENCE: Duration = Duration::from_secs(600);

/// A booking was seen to be over.
#[derive(Clone, Copy)]
pub(crate) struct Seen {
    /// How many of the herd are due no later.
    pub(crate) count: usize,
    /// After the first was due.
    pub(crate) at_seconds: f64,
    /// After it was due itself.
    pub(crate) late_seconds: f64,
}

/// Follows the herd to its last member.
pub(crate) async fn follow(address: SocketAddr, herd: &Herd) -> anyhow::Result<Vec<Seen>> {
    let Herd { schedule, members } = herd;
    let mut connection = Connection::open(address).await?;
    let step = members.len().div_ceil(PROBES);
    let mut seen = Vec::with_capacity(PROBES);
    let Some(last) = members.last() else { return Ok(seen) };
    let given_up = schedule.moment(last.due) + PATIENCE;
    // Backwards from the last, so that the last is among them.
    let mut probed: Vec<usize> = (0..members.len()).rev().step_by(step).collect();
    probed.reverse();
    for index in probed {
        let member = &members[index];
        let due = schedule.moment(member.due);
        tokio::time::sleep_until(due.into()).await;
        while !is_over(&mut connection, member).await? {
            ensure!(stopwatch::now() < given_up, "{} does not end", member.booking);
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        let now = stopwatch::now();
        seen.push(Seen {
            count: index + 1,
            at_seconds: (now - schedule.monotonic).as_secs_f64(),
            late_seconds: (now - due).as_secs_f64(),
        });
    }
    Ok(seen)
}

async fn is_over(connection: &mut Connection, member: &Member) -> anyhow::Result<bool> {
    const OVER: &[u8] = br#""status":"NO_SHOW""#;
    let path = format!("/bookings/{}", member.booking);
    let reply = connection.get(&path, &member.token).await?;
    ensure!(reply.status == 200, "{path} is answered {}", reply.status);
    Ok(reply.body.windows(OVER.len()).any(|window| window == OVER))
}
