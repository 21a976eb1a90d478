//! Segment files: their names, the trailer that says a segment is prepared, and reading through one.
//!
//! A segment is zeros up to a trailer of 16 bytes that is written only after the zeros are durable.
//! So a valid trailer means that no write into the segment can run out of space.

use std::{io, sync::Arc};

use crate::{
    disk::{Disk, DiskFile},
    journal::FOLDER,
};

pub(super) const TRAILER: u32 = 16;
const MAGIC: [u8; 4] = *b"HFse";
/// Enough that a read costs little per byte, little enough to stay in the processor's cache.
const WINDOW: usize = 256 * 1024;

pub(super) fn name(number: u32) -> String {
    format!("{FOLDER}/{number:08}.seg")
}

/// The numbers of the segment files there are, ascending.
pub(super) fn numbers(disk: &dyn Disk) -> io::Result<Vec<u32>> {
    let number = |name: &String| name.strip_suffix(".seg")?.parse::<u32>().ok();
    let mut numbers: Vec<u32> = disk.list(FOLDER)?.iter().filter_map(number).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// One segment file, open.
#[derive(Clone)]
pub(super) struct Segment {
    pub(super) number: u32,
    pub(super) file: Arc<dyn DiskFile>,
    /// Bytes for groups: all but the trailer.
    pub(super) capacity: u32,
    /// Its trailer is valid.
    pub(super) complete: bool,
}

impl Segment {
    /// `None` when there is no such file. A file without a valid trailer opens as incomplete.
    pub(super) fn open(disk: &dyn Disk, number: u32) -> io::Result<Option<Self>> {
        let file = match disk.open(&name(number)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let length = u32::try_from(file.len()?).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let capacity = length.saturating_sub(TRAILER);
        let mut found = [0; TRAILER as usize];
        let read = file.read_at(&mut found, u64::from(capacity))?;
        let complete = read == found.len() && found == trailer(number, length);
        Ok(Some(Self { number, file, capacity, complete }))
    }

    /// Zeros, made durable; then the trailer, made durable; then the name.
    pub(super) fn prepare(disk: &dyn Disk, number: u32, length: u32) -> io::Result<Self> {
        let capacity = length.checked_sub(TRAILER).ok_or(io::ErrorKind::InvalidInput)?;
        let file = disk.create(&name(number))?;
        zero(&*file, 0, length)?;
        file.sync()?;
        let segment = Self { number, file, capacity, complete: true };
        segment.seal()?;
        disk.sync_folder(FOLDER)?;
        Ok(segment)
    }

    /// Writes the trailer and syncs.
    pub(super) fn seal(&self) -> io::Result<()> {
        let trailer = trailer(self.number, self.capacity + TRAILER);
        self.file.write_at(&trailer, u64::from(self.capacity))?;
        self.file.sync()
    }
}

fn trailer(number: u32, length: u32) -> [u8; TRAILER as usize] {
    let mut bytes = [0; TRAILER as usize];
    bytes[..4].copy_from_slice(&MAGIC);
    bytes[4..8].copy_from_slice(&number.to_le_bytes());
    bytes[8..12].copy_from_slice(&length.to_le_bytes());
    let crc = crc32c::crc32c(&bytes[..12]);
    bytes[12..].copy_from_slice(&crc.to_le_bytes());
    bytes
}

/// Overwrites `from..to` with zeros; not synced.
pub(super) fn zero(file: &dyn DiskFile, from: u32, to: u32) -> io::Result<()> {
    let zeros = vec![0; WINDOW];
    let (mut at, to) = (u64::from(from), u64::from(to));
    while at < to {
        let chunk = usize::try_from(to - at).map_or(WINDOW, |left| left.min(WINDOW));
        file.write_at(&zeros[..chunk], at)?;
        at += chunk as u64;
    }
    Ok(())
}

/// Reads through a segment with few large reads.
pub(super) struct Window {
    segment: Segment,
    bytes: Vec<u8>,
    start: u32,
}

impl Window {
    pub(super) const fn new(segment: Segment) -> Self {
        Self { segment, bytes: Vec::new(), start: 0 }
    }

    pub(super) const fn segment(&self) -> &Segment {
        &self.segment
    }

    /// The `count` bytes from `offset` on; `None` when they pass the end of what groups may use.
    pub(super) fn get(&mut self, offset: u32, count: u64) -> io::Result<Option<&[u8]>> {
        if u64::from(offset) + count > u64::from(self.segment.capacity) {
            return Ok(None);
        }
        let Ok(count) = usize::try_from(count) else { return Ok(None) };
        let held = |start: u32, length: usize| {
            let skip = usize::try_from(offset.checked_sub(start)?).ok()?;
            (skip + count <= length).then_some(skip)
        };
        if held(self.start, self.bytes.len()).is_none() {
            let left = usize::try_from(self.segment.capacity - offset).unwrap_or(usize::MAX);
            self.bytes.resize(count.max(WINDOW).min(left), 0);
            self.start = offset;
            let read = self.segment.file.read_at(&mut self.bytes, u64::from(offset))?;
            self.bytes.truncate(read);
        }
        Ok(held(self.start, self.bytes.len()).map(|skip| &self.bytes[skip..skip + count]))
    }
}
