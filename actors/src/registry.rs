//! The registry of an org as an actor: one command at a time in, cuts of one moment out.
//!
//! `cell` decides, on a thread that may wait for the disk, over `recent`, what no reader of history
//! sees yet; `cut` is what readers get; `front` is what `http` sees.

pub(crate) mod cell;
mod cut;
mod front;
mod message;
mod recent;

pub use cut::{Cut, HeldCuts};
pub use message::RegistryAsk;
