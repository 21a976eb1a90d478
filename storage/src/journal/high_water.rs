//! The high-water mark: how far the journal is known to be durable, in two slots written in turn.
//!
//! A mark ahead of the journal proves loss. So it may only ever name what is durable; the caller
//! answers for that.

use std::{io, sync::Arc};

use crate::{
    disk::{Disk, DiskFile},
    journal::{Address, FOLDER, Position, frame::Fields},
};

const NAME: &str = "journal/high-water";
const SLOT: usize = 512;
const MAGIC: [u8; 4] = *b"HFhw";
const FORMAT: u16 = 1;
const LENGTH: usize = 60;

/// Everything up to `position` is durable and ends at `next`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Mark {
    pub(super) store_id: [u8; 16],
    pub(super) position: Position,
    pub(super) next: Address,
    pub(super) epoch: u32,
    /// Of the last group before `next`.
    pub(super) previous_crc: u32,
}

pub(super) struct HighWater {
    file: Arc<dyn DiskFile>,
    /// Of the newest mark; 0 before the first. Its parity is its slot.
    counter: u64,
}

/// What the file says at start.
pub(super) enum Found {
    Absent,
    /// There, but no slot is valid: it never held a durable mark, or it is damaged.
    Unreadable(HighWater),
    Marked(HighWater, Mark),
}

impl HighWater {
    /// Makes the file. Its name is durable when the first mark is.
    pub(super) fn create(disk: &dyn Disk) -> io::Result<Self> {
        Ok(Self { file: disk.create(NAME)?, counter: 0 })
    }

    pub(super) fn find(disk: &dyn Disk) -> io::Result<Found> {
        let file = match disk.open(NAME) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Absent),
            Err(error) => return Err(error),
        };
        let mut slots = [0; 2 * SLOT];
        file.read_at(&mut slots, 0)?;
        let newest = [&slots[..SLOT], &slots[SLOT..]]
            .into_iter()
            .filter_map(parse)
            .max_by_key(|(counter, _)| *counter);
        Ok(match newest {
            Some((counter, mark)) => Found::Marked(Self { file, counter }, mark),
            None => Found::Unreadable(Self { file, counter: 0 }),
        })
    }

    /// Writes the newest mark again where it is: if its sync had failed, it may be in the page cache
    /// alone, and the next mark overwrites the other slot.
    pub(super) fn rewrite(&self, mark: &Mark) -> io::Result<()> {
        self.put(mark)
    }

    /// Durable when it returns.
    pub(super) fn write(&mut self, mark: &Mark) -> io::Result<()> {
        self.counter += 1;
        self.put(mark)
    }

    /// The first mark: the file's name too is durable when it returns.
    pub(super) fn write_first(&mut self, disk: &dyn Disk, mark: &Mark) -> io::Result<()> {
        self.write(mark)?;
        disk.sync_folder(FOLDER)
    }

    fn put(&self, mark: &Mark) -> io::Result<()> {
        self.file.write_at(&render(self.counter, mark), (self.counter % 2) * SLOT as u64)?;
        self.file.sync()
    }
}

fn render(counter: u64, mark: &Mark) -> [u8; SLOT] {
    let mut bytes = Vec::with_capacity(LENGTH);
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&FORMAT.to_le_bytes());
    bytes.extend_from_slice(&[0; 2]);
    bytes.extend_from_slice(&mark.store_id);
    bytes.extend_from_slice(&counter.to_le_bytes());
    bytes.extend_from_slice(&mark.position.to_le_bytes());
    bytes.extend_from_slice(&mark.next.segment.to_le_bytes());
    bytes.extend_from_slice(&mark.next.offset.to_le_bytes());
    bytes.extend_from_slice(&mark.epoch.to_le_bytes());
    bytes.extend_from_slice(&mark.previous_crc.to_le_bytes());
    bytes.extend_from_slice(&crc32c::crc32c(&bytes).to_le_bytes());
    let mut slot = [0; SLOT];
    slot[..LENGTH].copy_from_slice(&bytes);
    slot
}

fn parse(slot: &[u8]) -> Option<(u64, Mark)> {
    let mut fields = Fields(slot.get(..LENGTH)?);
    let (magic, format, _): ([u8; 4], [u8; 2], [u8; 2]) =
        (fields.take(), fields.take(), fields.take());
    let store_id = fields.take();
    let counter = u64::from_le_bytes(fields.take());
    let position = u64::from_le_bytes(fields.take());
    let next = Address {
        segment: u32::from_le_bytes(fields.take()),
        offset: u32::from_le_bytes(fields.take()),
    };
    let epoch = u32::from_le_bytes(fields.take());
    let previous_crc = u32::from_le_bytes(fields.take());
    let crc = u32::from_le_bytes(fields.take());
    let sound = magic == MAGIC
        && u16::from_le_bytes(format) == FORMAT
        && crc == crc32c::crc32c(&slot[..LENGTH - 4]);
    sound.then_some((counter, Mark { store_id, position, next, epoch, previous_crc }))
}
