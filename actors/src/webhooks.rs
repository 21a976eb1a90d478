//! Webhooks: the aggregates' actors, the lanes that follow the log, and the thread that drives them.
//!
//! The log is the outbox. A lane reads committed records from a cursor of its own, sends what its
//! endpoint wants, and says how far it is in records of its own; nothing is written on the commit path
//! for it. It must not know HTTP: it hands a body to [`deliver::Deliver`] and hears what came of it.

pub mod cell;
mod courier;
pub mod deliver;
mod directory;
mod dispatch;
pub mod errand;
pub(crate) mod feed;
mod front;
pub(crate) mod lane;
mod message;
mod meter;
mod pace;
mod parked;
mod parts;
pub(crate) mod schedule;
mod track;
mod vault;

pub use courier::Courier;
pub use directory::{Changes, News};
pub(crate) use dispatch::WebhookParts;
pub use message::{WebhookAsk, WebhookReading};
pub use meter::{LaneFigures, LaneMeter};
pub use parts::CourierParts;
pub use schedule::RetrySchedule;
pub use vault::Vault;

/// What bounds the lanes.
#[derive(Clone, Debug)]
pub struct WebhookOptions {
    pub retry: RetrySchedule,
    /// Tries a second to one endpoint.
    pub rate_max: u32,
}

impl Default for WebhookOptions {
    fn default() -> Self {
        Self { retry: RetrySchedule::default(), rate_max: 300 }
    }
}
