//! History, fold and tail together against a naive model: a plain list of records.
//!
//! `world` is a journal in memory with the machinery of a crash; `model` answers every question from
//! the list. The same scripts run over the simulated views and over sled.

mod concurrent;
mod crash;
mod model;
mod world;
