//! Simulated parts for tests: a disk and views that lose what disks may lose, and
//! randomness from a seed.
//!
//! Nothing here reads the time or the system's randomness: one seed, one history.

pub mod disk;
pub mod seed;
pub mod views;

pub use self::{
    disk::{FaultPlan, SimDisk},
    seed::Seed,
    views::{Crash, MemoryViews},
};
