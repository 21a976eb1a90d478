//! The one integration binary (each further one would link everything again).
//!
//! Reading order: `harness` (a server in this process or as a child, callers with tokens), then one
//! module per promise. Nothing here may sleep, name a fixed port or reach behind the HTTP surface,
//! except to stop a server and to delete its views. Two go other ways: what needs a clock that the
//! test moves asks an engine in this process, without HTTP (`in_process`: `timers`, `flights_use`) or
//! with it (`dated`: `usage`, `reports`, `maintenance`), and `simulator` drives the engine's parts from
//! inside, in one thread, through seeded histories of crashes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod audit_chain;
mod booking_flow;
mod booking_rules;
mod cli;
mod consequences;
mod crash;
mod dated;
mod flights;
mod flights_use;
mod harness;
mod idempotency;
mod in_process;
mod lists;
mod maintenance;
mod older_data;
mod operators;
mod race;
mod reads;
mod recovery;
mod registry;
mod registry_engine;
mod reports;
mod seed;
mod simulator;
mod surface;
mod tidy;
mod timers;
mod usage;
mod visibility;
mod webhooks;
