//! The one file that names bincode: `magic | schema version u16 | CRC32C | bincode(standard)`.
//!
//! Everything stored goes through [`seal`] and [`open`], in the journal and in the views. This file
//! must not know what it encodes, and nothing else may choose a wire format.

use bincode::{
    config,
    enc::write::Writer,
    error::{DecodeError, EncodeError},
};
use holdfast_domain::Record;
use serde::{Serialize, de::DeserializeOwned};

const MAGIC: [u8; 2] = *b"Hf";
/// Raised when anything is added to the stored shape of a record, so that an older release says "too
/// new" and not "damaged". All older ones are read.
const SCHEMA: u16 = 4;
const HEADER: usize = 8;
/// Most records are a document before and after, each of some hundred bytes.
const CAPACITY_FIRST: usize = 2_048;
/// The lengths inside a value may claim no more memory than this in all. Far above the largest record,
/// and above a snapshot with millions of live bookings, so that whatever was sealed can be opened.
const CLAIM_BYTES_MAX: usize = 1024 * 1024 * 1024;

#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CodecError {
    #[error("damaged value")]
    Damaged,
    /// Sound, but written by a newer release.
    #[error("schema {found} is newer than this release reads")]
    TooNew { found: u16 },
}

/// The stored form of `value`, in one buffer.
pub fn seal<T: Serialize>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(CAPACITY_FIRST);
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&SCHEMA.to_le_bytes());
    bytes.extend_from_slice(&[0; 4]);
    let mut buffer = Buffer(bytes);
    bincode::serde::encode_into_writer(value, &mut buffer, config::standard())
        .expect("stored types have known lengths and a buffer in memory takes every byte");
    let mut bytes = buffer.0;
    let crc = checksum(&bytes);
    bytes[4..HEADER].copy_from_slice(&crc.to_le_bytes());
    bytes
}

/// The inverse of [`seal`]. Every byte must be accounted for.
///
/// # Errors
/// `Damaged` when the checksum or the shape is wrong, `TooNew` when only the schema is.
pub fn open<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    open_with_schema(bytes).map(|(value, _)| value)
}

fn open_with_schema<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, u16), CodecError> {
    if bytes.len() < HEADER
        || bytes[..2] != MAGIC
        || bytes[4..HEADER] != checksum(bytes).to_le_bytes()
    {
        return Err(CodecError::Damaged);
    }
    let found = u16::from_le_bytes([bytes[2], bytes[3]]);
    if found > SCHEMA {
        return Err(CodecError::TooNew { found });
    }
    let limited = config::standard().with_limit::<CLAIM_BYTES_MAX>();
    let decoded: Result<(T, usize), DecodeError> =
        bincode::serde::decode_from_slice(&bytes[HEADER..], limited);
    match decoded {
        Ok((value, used)) if used == bytes.len() - HEADER => Ok((value, found)),
        Ok(_) | Err(_) => Err(CodecError::Damaged),
    }
}

pub fn encode_record(record: &Record) -> Vec<u8> {
    seal(record)
}

/// A record of whatever schema, as this release reads it.
///
/// # Errors
/// As [`open`].
pub fn decode_record(bytes: &[u8]) -> Result<Record, CodecError> {
    let (mut record, schema): (Record, u16) = open_with_schema(bytes)?;
    // What was written before there were timers did not know of any: somebody has to look.
    if schema < 2 && record.next_due.is_none() {
        record.next_due = Some(record.at);
    }
    Ok(record)
}

/// Over everything but the magic and the checksum itself.
fn checksum(bytes: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&bytes[2..4]), &bytes[HEADER..])
}

struct Buffer(Vec<u8>);

impl Writer for Buffer {
    fn write(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
