//! The registry: tables in the words of its wire, and a naive model to disagree with.

mod assets;
mod associations;
mod input;
mod limits;
mod model;
mod pages;
mod records;
mod types;
mod wire;
mod world;
