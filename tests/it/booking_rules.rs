//! The rules of booking terms through their routes, as far as no waiting is needed.
//!
//! The server runs on the system's clock, so nothing here becomes due while it is looked at.

mod adjustments;
mod approvals;
mod moves;
mod planning;

use serde_json::{Value, json};

use crate::harness::{Caller, Server, fresh_key};

/// Somebody of `org_1` with one role.
fn with_role(server: &Server, sub: &str, role: &str) -> Caller {
    server.caller_with(sub, "org_1", |claims| claims.roles = Some(vec![role.into()]))
}

/// A new booking of an hour that begins in so many minutes: its path and what was answered.
async fn booked(server: &Server, caller: &Caller, asset: &str, minutes: i64) -> (String, Value) {
    let (start, end) = (server.in_minutes(minutes), server.in_minutes(minutes + 60));
    let booking = caller.book(asset, &start, &end).await.expect(201);
    (format!("/bookings/{}", booking["id"].as_str().unwrap()), booking)
}

/// A booking of an hour that was taken up and returned at once: its path and its last image.
async fn used(server: &Server, caller: &Caller, asset: &str) -> (String, Value) {
    let (path, booking) = booked(server, caller, asset, 10).await;
    let named = json!({"booking_id": booking["id"]});
    caller.post(&format!("/assets/{asset}/check-in"), &fresh_key(), &named).await.expect(200);
    let returned = caller.post(&format!("/assets/{asset}/check-out"), &fresh_key(), &named).await;
    (path, returned.expect(200))
}
