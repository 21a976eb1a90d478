//! The one file that names bincode: `magic | schema version u16 | CRC32C | bincode(standard)`.
