//! The idempotency keys of one asset.
