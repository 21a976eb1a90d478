//! The one integration binary (each further one would link everything again).
//!
//! Reading order: `harness` (a server in this process or as a child, callers with tokens), then one
//! module per promise. Nothing here may sleep, name a fixed port or reach behind the HTTP surface,
//! except to stop a server and to delete its views. Two go other ways: what needs a clock that the
//! test moves asks the engine without HTTP (`in_process`: `timers`, `flights_use`), and `simulator`
//! drives the engine's parts from inside, in one thread, through seeded histories of crashes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod audit_chain;
mod booking_flow;
mod booking_rules;
mod cli;
mod crash;
mod flights;
mod flights_use;
mod harness;
mod idempotency;
mod in_process;
mod lists;
mod older_data;
mod race;
mod reads;
mod recovery;
mod simulator;
mod surface;
mod tidy;
mod timers;
mod visibility;
