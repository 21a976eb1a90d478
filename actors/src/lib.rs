//! Concurrency: who runs, in what order, and what happens on failure.
//!
//! [`Engine`] is the whole public face. What is deliberately absent: status codes, SQL or sled, the
//! rules of booking.

pub mod clock;
pub mod engine;
pub mod ids;

pub use engine::{Answer, Engine, EngineOptions, Refusal};
