//! Simulated parts for tests: a disk that does what disks may do, and randomness from a seed.
//!
//! Nothing here reads the time or the system's randomness: one seed, one history.

pub mod disk;
pub mod seed;

pub use self::{
    disk::{FaultPlan, SimDisk},
    seed::Seed,
};
