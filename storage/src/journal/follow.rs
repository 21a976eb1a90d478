//! Reading the log onward, group by group, beside the writer: what followers of the log do.
//!
//! Only what is durable is read: the caller says how far that is.

use std::sync::Arc;

use holdfast_domain::{Record, webhooks::Cursor};

use crate::{
    codec,
    disk::Disk,
    journal::{
        Address, Placed, Position, ReadError,
        frame::{GROUP_HEADER, RecordFrame},
        genesis,
        scan::{Link, Scan},
        segment::Window,
    },
};

/// The place between two groups.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Place {
    /// The last position before it.
    pub position: Position,
    /// Where the next group begins, unless it begins the next segment.
    pub next: Address,
}

impl Place {
    /// Before everything.
    pub const START: Self = Self { position: 0, next: Link::START.next };

    /// Before the group whose first record is `first`.
    pub fn before(first: Placed) -> Self {
        let header = u32::try_from(GROUP_HEADER).unwrap_or(u32::MAX);
        let offset = first.address.offset.saturating_sub(header);
        Self { position: first.position - 1, next: Address { offset, ..first.address } }
    }

    /// Everything up to `position` is behind the cursor; the place must not be behind that.
    pub fn cursor(self, position: Position) -> Cursor {
        let mut place = [0; 20];
        place[..8].copy_from_slice(&self.position.to_be_bytes());
        place[8..12].copy_from_slice(&self.next.segment.to_be_bytes());
        place[12..16].copy_from_slice(&self.next.offset.to_be_bytes());
        Cursor { position, place }
    }

    /// From where to read for a cursor.
    pub fn of(cursor: Cursor) -> Self {
        fn number<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
            let mut out = [0; N];
            out.copy_from_slice(&bytes[at..at + N]);
            out
        }
        if cursor.place == [0; 20] {
            return Self::START;
        }
        Self {
            position: u64::from_be_bytes(number(&cursor.place, 0)),
            next: Address {
                segment: u32::from_be_bytes(number(&cursor.place, 8)),
                offset: u32::from_be_bytes(number(&cursor.place, 12)),
            },
        }
    }
}

/// The records of one group, and the place after it.
pub struct Group {
    pub records: Vec<(Position, Record)>,
    pub after: Place,
}

/// Reads groups from places. One owner; keeps what it read last.
pub struct Follower {
    disk: Arc<dyn Disk>,
    store_id: [u8; 16],
    window: Option<Window>,
}

impl Follower {
    pub(super) fn new(disk: Arc<dyn Disk>, store_id: [u8; 16]) -> Self {
        Self { disk, store_id, window: None }
    }

    /// The group after `place`; `None` when `durable` does not lie behind it.
    ///
    /// # Errors
    /// When what is durable cannot be read, or is not sound.
    pub fn group(&mut self, place: Place, durable: Position) -> Result<Option<Group>, ReadError> {
        if place.position >= durable {
            return Ok(None);
        }
        // What was read ahead may be from before the writer came by: then it is read anew.
        for held in [self.window.take(), None] {
            let link = Link { position: place.position, next: place.next, ..Link::START };
            let mut scan = Scan::unchained(&*self.disk, self.store_id, link, held);
            let mut records = Vec::new();
            let mut broken = None;
            let step = scan.step(&mut |placed: Placed, frame: &RecordFrame<'_>| {
                if placed.position == genesis::POSITION {
                    return Ok(());
                }
                match codec::decode_record(frame.payload) {
                    Ok(record) => records.push((placed.position, record)),
                    Err(_) => broken = Some(placed.address),
                }
                Ok(())
            });
            let link = scan.link();
            self.window = scan.into_window();
            match (step, broken) {
                (Ok(true), None) => {
                    let after = Place { position: link.position, next: link.next };
                    return Ok(Some(Group { records, after }));
                }
                (Ok(true), Some(address)) => return Err(ReadError::Damaged(address)),
                (Ok(false) | Err(_), _) => self.window = None,
            }
        }
        Err(ReadError::Damaged(place.next))
    }
}
