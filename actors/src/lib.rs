//! Concurrency: who runs, in what order, and what happens on failure.
//!
//! Reading order: [`engine`] (submit) → [`router`] and [`permit`] (admission) → [`cell`] (one asset,
//! decided one message at a time) → [`gate`] → [`commit`] (durable, published, answered) →
//! [`catalogue`] and [`reads`] → [`timers`] (what happens by itself) → [`webhooks`] (what others are told)
//! → [`supervisor`], [`worker`], `threads`, [`start`] → what operators see: [`roster`], [`in_hand`],
//! [`supervision`], [`vitals`].
//!
//! The parts that decide anything are plain step machines; ractor and threads are thin shells
//! around them. What is deliberately absent: status codes, SQL or sled, the rules of booking.

pub mod asset_actor;
pub mod catalogue;
pub mod cell;
pub mod clock;
pub mod commit;
pub mod engine;
pub mod gate;
pub mod histogram;
pub mod ids;
pub mod in_hand;
pub mod message;
pub mod permit;
pub mod reads;
pub mod registry;
pub mod roster;
pub mod router;
pub mod start;
pub mod supervision;
pub mod supervisor;
mod threads;
pub mod timers;
pub mod vitals;
pub mod webhooks;
pub mod worker;

pub use catalogue::AssetFilter;
pub use engine::{Anchor, Answer, Engine, EngineOptions, Page, PageAsk, Read, Readiness, Refusal};
pub use message::BookingFilter;
pub use start::{Foundation, StartError};
