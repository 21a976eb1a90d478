//! The seam between what was acknowledged and the disk: the journal is the truth, views follow it.
//!
//! Reading order: [`disk`] → [`codec`] → [`journal`] (append, read, recover) → [`tail`] (committed but
//! not yet folded) → [`views`] (ordered key-value, sled) → [`fold`] (tail into views) → [`history`]
//! (reads over tail, views and journal together).
//!
//! What is deliberately absent: the rules of booking, actors, HTTP, clocks and randomness. No sled
//! type, path or thread leaks out of `views`.

pub mod codec;
pub mod disk;
pub mod fold;
pub mod history;
pub mod journal;
pub(crate) mod keys;
pub mod registry;
#[cfg(any(test, feature = "test-support"))]
pub mod sim;
pub mod tail;
pub mod views;
