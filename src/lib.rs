//! Holdfast as a library: a server that can be started inside another program, tests first of all.
//!
//! Reading order: [`config`] → [`serve`] (the composition root) → [`token`], [`key_file`] and [`greeting`] → the
//! binary in `main.rs`. [`registry`] is a client of such a server. No rule of booking, no route and no file format lives here.

pub mod config;
pub mod exit;
pub mod greeting;
pub mod key_file;
mod listen;
pub mod registry;
pub mod serve;
pub mod token;

pub use config::{Config, Settings};
pub use serve::{Running, StartError, start};
