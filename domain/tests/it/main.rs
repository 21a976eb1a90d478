//! The domain's tests: tables in the words of the trade, and a naive model to disagree with.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod access;
mod assets;
mod audit;
mod bookings;
mod documents;
mod keys;
mod model;
mod scenario;
mod terms;
mod values;
mod world;
