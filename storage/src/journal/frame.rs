//! The bytes of a group: one header, then its records, each with a header of its own.
//!
//! Little-endian, fixed sizes. The group is the unit of tearing: its checksum covers the header and
//! all records. This file must not touch a disk.

use holdfast_domain::Tag;

pub(super) const GROUP_HEADER: usize = 52;
pub(super) const RECORD_HEADER: usize = 36;
pub(super) const MAGIC: [u8; 4] = *b"HFgr";
/// Every format keeps the place of magic, format, store id, length and checksum.
pub(super) const FORMAT: u16 = 1;
const GROUP_CRC_AT: usize = 48;

/// What a group says of itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct GroupHeader {
    pub(super) format: u16,
    pub(super) store_id: [u8; 16],
    /// How often the store had been started.
    pub(super) epoch: u32,
    /// Of its first record.
    pub(super) first: u64,
    pub(super) count: u32,
    /// Of the records, headers included.
    pub(super) bytes: u32,
    pub(super) previous_crc: u32,
    pub(super) crc: u32,
}

impl GroupHeader {
    /// `None` when `bytes` do not begin like a group. Nothing is checked but the magic.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        if bytes.len() < GROUP_HEADER || bytes[..4] != MAGIC {
            return None;
        }
        let mut fields = Fields(&bytes[4..GROUP_HEADER]);
        let format = u16::from_le_bytes(fields.take());
        let _reserved: [u8; 2] = fields.take();
        Some(Self {
            format,
            store_id: fields.take(),
            epoch: u32::from_le_bytes(fields.take()),
            first: u64::from_le_bytes(fields.take()),
            count: u32::from_le_bytes(fields.take()),
            bytes: u32::from_le_bytes(fields.take()),
            previous_crc: u32::from_le_bytes(fields.take()),
            crc: u32::from_le_bytes(fields.take()),
        })
    }

    /// Header and records.
    pub(super) const fn total(&self) -> u64 {
        GROUP_HEADER as u64 + self.bytes as u64
    }

    pub(super) const fn last(&self) -> u64 {
        self.first.wrapping_add(self.count as u64).wrapping_sub(1)
    }

    /// Whether `group` (header and records, exactly) is as it was written.
    pub(super) fn is_intact(&self, group: &[u8]) -> bool {
        group.len() as u64 == self.total() && self.crc == group_crc(group)
    }

    fn write(&self, group: &mut [u8]) {
        let mut header = Vec::with_capacity(GROUP_HEADER);
        header.extend_from_slice(&MAGIC);
        header.extend_from_slice(&self.format.to_le_bytes());
        header.extend_from_slice(&[0; 2]);
        header.extend_from_slice(&self.store_id);
        header.extend_from_slice(&self.epoch.to_le_bytes());
        header.extend_from_slice(&self.first.to_le_bytes());
        header.extend_from_slice(&self.count.to_le_bytes());
        header.extend_from_slice(&self.bytes.to_le_bytes());
        header.extend_from_slice(&self.previous_crc.to_le_bytes());
        group[..GROUP_CRC_AT].copy_from_slice(&header);
    }
}

fn group_crc(group: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&group[..GROUP_CRC_AT]), &group[GROUP_HEADER..])
}

/// Starts a group in a buffer that is used again and again.
pub(super) fn begin(buffer: &mut Vec<u8>) {
    buffer.clear();
    buffer.resize(GROUP_HEADER, 0);
}

/// Adds a record; returns where in the group it starts.
pub(super) fn push(buffer: &mut Vec<u8>, record: &RecordFrame<'_>) -> usize {
    let start = buffer.len();
    let length = u32::try_from(record.payload.len()).expect("a record is at most 16 MiB");
    buffer.extend_from_slice(&length.to_le_bytes());
    buffer.extend_from_slice(&[0; 4]);
    buffer.extend_from_slice(&[record.tag.shard().0, 0, 0, 0]);
    buffer.extend_from_slice(&record.shard_position.to_le_bytes());
    buffer.extend_from_slice(&record.version.to_le_bytes());
    buffer.extend_from_slice(&record.tag.get().to_le_bytes());
    buffer.extend_from_slice(record.payload);
    let crc = record_crc(&buffer[start..]);
    buffer[start + 4..start + 8].copy_from_slice(&crc.to_le_bytes());
    start
}

/// Completes the group: `header.bytes` and `header.crc` are filled in here. Returns the checksum.
pub(super) fn finish(buffer: &mut [u8], mut header: GroupHeader) -> u32 {
    header.bytes = u32::try_from(buffer.len() - GROUP_HEADER)
        .expect("a group fits a segment of at most 4 GiB");
    header.write(buffer);
    let crc = group_crc(buffer);
    buffer[GROUP_CRC_AT..GROUP_HEADER].copy_from_slice(&crc.to_le_bytes());
    crc
}

/// One record inside a group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct RecordFrame<'a> {
    pub(super) tag: Tag,
    pub(super) shard_position: u64,
    pub(super) version: u64,
    pub(super) payload: &'a [u8],
}

impl<'a> RecordFrame<'a> {
    pub(super) const fn total(&self) -> usize {
        RECORD_HEADER + self.payload.len()
    }

    /// How long the record that begins `bytes` says it is, header included.
    pub(super) fn length(bytes: &[u8]) -> Option<usize> {
        let length = u32::from_le_bytes(bytes.get(..4)?.try_into().ok()?);
        usize::try_from(length).ok()?.checked_add(RECORD_HEADER)
    }

    /// The intact record that `bytes` begin with.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let record = bytes.get(..Self::length(bytes)?)?;
        let mut fields = Fields(&record[4..RECORD_HEADER]);
        let crc = u32::from_le_bytes(fields.take());
        let shard: [u8; 4] = fields.take();
        let shard_position = u64::from_le_bytes(fields.take());
        let version = u64::from_le_bytes(fields.take());
        let tag = Tag::new(u64::from_le_bytes(fields.take()));
        let sound = crc == record_crc(record) && shard == [tag.shard().0, 0, 0, 0];
        sound.then(|| Self { tag, shard_position, version, payload: &record[RECORD_HEADER..] })
    }
}

fn record_crc(record: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&record[..4]), &record[8..])
}

/// Takes fixed parts off the front; whoever makes one has checked the length.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl Fields<'_> {
    pub(super) fn take<const N: usize>(&mut self) -> [u8; N] {
        let (first, rest) = self.0.split_first_chunk().expect("the caller checked the length");
        self.0 = rest;
        *first
    }
}
