//! Records by address, checked on every read.

use std::{collections::VecDeque, io, sync::Arc};

use holdfast_domain::Record;
use parking_lot::Mutex;

use crate::{
    codec,
    disk::{Disk, DiskFile},
    journal::{Address, Follower, RECORD_BYTES_MAX, ReadError, frame::RecordFrame, segment},
};

/// Most records fit, so most reads are one.
const FIRST_READ: usize = 4_096;
/// Two gigabytes of log at the default segment size; older records are read rarely.
const OPEN_FILES_MAX: usize = 32;

/// Reads records by address. Cheap to clone; any thread.
#[derive(Clone)]
pub struct JournalReader {
    shared: Arc<Shared>,
}

struct Shared {
    disk: Arc<dyn Disk>,
    store_id: [u8; 16],
    /// Recently used last.
    open: Mutex<VecDeque<(u32, Arc<dyn DiskFile>)>>,
}

impl JournalReader {
    pub(super) fn new(disk: Arc<dyn Disk>, store_id: [u8; 16]) -> Self {
        Self { shared: Arc::new(Shared { disk, store_id, open: Mutex::default() }) }
    }

    /// For reading onward instead of by address.
    pub fn follower(&self) -> Follower {
        Follower::new(Arc::clone(&self.shared.disk), self.shared.store_id)
    }

    /// The record whose [`crate::journal::Placed`] had this address.
    ///
    /// # Errors
    /// `Damaged` when there is no intact record; `Disk` when it could not be read.
    pub fn read(&self, address: Address) -> Result<Record, ReadError> {
        let damaged = || ReadError::Damaged(address);
        let file = match self.file(address.segment) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(damaged()),
            file => file?,
        };
        let mut bytes = vec![0; FIRST_READ];
        let read = file.read_at(&mut bytes, u64::from(address.offset))?;
        bytes.truncate(read);
        let length = RecordFrame::length(&bytes).ok_or_else(damaged)?;
        if length > bytes.len() {
            if length > RECORD_BYTES_MAX + FIRST_READ {
                return Err(damaged());
            }
            bytes.resize(length, 0);
            let read = file.read_at(&mut bytes, u64::from(address.offset))?;
            bytes.truncate(read);
        }
        let frame = RecordFrame::parse(&bytes).ok_or_else(damaged)?;
        codec::decode_record(frame.payload).map_err(|_| damaged())
    }

    fn file(&self, number: u32) -> io::Result<Arc<dyn DiskFile>> {
        let mut open = self.shared.open.lock();
        if let Some(at) = open.iter().position(|(held, _)| *held == number)
            && let Some(entry) = open.remove(at)
        {
            let file = Arc::clone(&entry.1);
            open.push_back(entry);
            return Ok(file);
        }
        let file = self.shared.disk.open(&segment::name(number))?;
        if open.len() >= OPEN_FILES_MAX {
            open.pop_front();
        }
        open.push_back((number, Arc::clone(&file)));
        Ok(file)
    }
}
