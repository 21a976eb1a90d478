//! The one source of randomness, and the tags made from it.

/// Random bytes from the operating system, or from a seed in tests.
pub trait Randomness: Send + Sync + 'static {
    fn fill(&self, bytes: &mut [u8]);
}
