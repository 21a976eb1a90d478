//! The one integration binary (each further one would link everything again).
//!
//! Reading order: `harness` (a server in this process or as a child, callers with tokens), then one
//! module per promise. Nothing here may sleep, name a fixed port or reach behind the HTTP surface,
//! except to stop a server and to delete its views. `simulator` alone goes the other way: it drives
//! the engine's parts from inside, in one thread, through seeded histories of crashes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod audit_chain;
mod booking_flow;
mod cli;
mod crash;
mod flights;
mod harness;
mod idempotency;
mod lists;
mod race;
mod reads;
mod recovery;
mod simulator;
mod surface;
mod tidy;
mod visibility;
