//! Following the chain of groups: each names the position it starts at and the group before it.
//!
//! This file must not write.

use std::io;

use crate::{
    disk::Disk,
    journal::{
        Address, GROUP_RECORDS_MAX, Placed, Position, RecoveryError,
        frame::{FORMAT, GROUP_HEADER, GroupHeader, MAGIC, RecordFrame},
        segment::{Segment, Window},
    },
};

pub(super) fn disk_fault(source: io::Error) -> RecoveryError {
    RecoveryError::Disk { doing: "reading the journal", source }
}

pub(super) const fn damaged(at: Address, what: &'static str) -> RecoveryError {
    RecoveryError::Damaged { segment: at.segment, offset: at.offset, what }
}

/// The place after a group, and what the next one must say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Link {
    pub(super) position: Position,
    pub(super) next: Address,
    pub(super) previous_crc: u32,
    /// No later group has a smaller one.
    pub(super) epoch: u32,
}

impl Link {
    pub(super) const START: Self =
        Self { position: 0, next: Address { segment: 1, offset: 0 }, previous_crc: 0, epoch: 0 };
}

/// Takes each record of a group.
pub(super) type EachRecord<'a> =
    &'a mut dyn FnMut(Placed, &RecordFrame<'_>) -> Result<(), RecoveryError>;

pub(super) struct Scan<'a> {
    disk: &'a dyn Disk,
    store_id: [u8; 16],
    link: Link,
    window: Option<Window>,
    /// Whether the next group must name the one before it; followers start without knowing it.
    chained: bool,
}

impl<'a> Scan<'a> {
    pub(super) const fn new(disk: &'a dyn Disk, store_id: [u8; 16], from: Link) -> Self {
        Self { disk, store_id, link: from, window: None, chained: true }
    }

    /// From a link that knows its place alone, with what was read before.
    pub(super) const fn unchained(
        disk: &'a dyn Disk,
        store_id: [u8; 16],
        from: Link,
        window: Option<Window>,
    ) -> Self {
        Self { disk, store_id, link: from, window, chained: false }
    }

    pub(super) fn into_window(self) -> Option<Window> {
        self.window
    }

    /// After the last group seen.
    pub(super) const fn link(&self) -> Link {
        self.link
    }

    /// Goes over one group. False at the end of the chain, whatever lies there.
    pub(super) fn step(&mut self, each: EachRecord<'_>) -> Result<bool, RecoveryError> {
        let here = self.link.next;
        let beyond = Address { segment: here.segment.saturating_add(1), offset: 0 };
        for at in [here, beyond] {
            if let Some(header) = self.group_at(at)? {
                self.records(at, &header, each)?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The group at `at` when it is intact and the next of the chain.
    fn group_at(&mut self, at: Address) -> Result<Option<GroupHeader>, RecoveryError> {
        let (link, store_id) = (self.link, self.store_id);
        let Some(window) = self.window(at.segment)? else { return Ok(None) };
        let claim = claimed_group(window, at.offset, Some(store_id)).map_err(disk_fault)?;
        let Some((header, intact)) = claim else { return Ok(None) };
        if !intact && !cfg!(feature = "planted-torn-group-per-record") {
            return Ok(None);
        }
        if header.format > FORMAT {
            return Err(RecoveryError::TooNew { found: header.format });
        }
        let follows = header.first == link.position + 1
            && (!self.chained || header.previous_crc == link.previous_crc)
            && header.epoch >= link.epoch
            && (1..=GROUP_RECORDS_MAX as u64).contains(&u64::from(header.count));
        Ok(follows.then_some(header))
    }

    fn records(
        &mut self,
        at: Address,
        header: &GroupHeader,
        each: EachRecord<'_>,
    ) -> Result<(), RecoveryError> {
        let Some(window) = self.window(at.segment)? else { return Ok(()) };
        let group = window.get(at.offset, header.total()).map_err(disk_fault)?.unwrap_or_default();
        let (mut offset, mut position) = (GROUP_HEADER, header.first);
        while offset < group.len() {
            let address = Address {
                segment: at.segment,
                offset: at.offset.saturating_add(u32::try_from(offset).unwrap_or(u32::MAX)),
            };
            let Some(record) = RecordFrame::parse(&group[offset..]) else {
                if cfg!(feature = "planted-torn-group-per-record") {
                    break;
                }
                return Err(damaged(address, "a record that is not sound inside a sound group"));
            };
            each(Placed { position, address }, &record)?;
            offset += record.total();
            position += 1;
        }
        if position != header.last() + 1 && !cfg!(feature = "planted-torn-group-per-record") {
            return Err(damaged(at, "a group with another number of records than it says"));
        }
        let end = u64::from(at.offset) + header.total();
        self.link = Link {
            position: header.last(),
            next: Address { segment: at.segment, offset: u32::try_from(end).unwrap_or(u32::MAX) },
            previous_crc: header.crc,
            epoch: header.epoch,
        };
        Ok(())
    }

    fn window(&mut self, number: u32) -> Result<Option<&mut Window>, RecoveryError> {
        if self.window.as_ref().is_none_or(|window| window.segment().number != number) {
            let Some(segment) = Segment::open(self.disk, number).map_err(disk_fault)? else {
                return Ok(None);
            };
            self.window = Some(Window::new(segment));
        }
        Ok(self.window.as_mut())
    }
}

/// The header of an intact group of this store (of any store when `None`) at `offset`.
pub(super) fn intact_group(
    window: &mut Window,
    offset: u32,
    store_id: Option<[u8; 16]>,
) -> io::Result<Option<GroupHeader>> {
    let claim = claimed_group(window, offset, store_id)?;
    Ok(claim.and_then(|(header, intact)| intact.then_some(header)))
}

/// The header of what says it is a group, and whether it is intact.
fn claimed_group(
    window: &mut Window,
    offset: u32,
    store_id: Option<[u8; 16]>,
) -> io::Result<Option<(GroupHeader, bool)>> {
    let Some(bytes) = window.get(offset, GROUP_HEADER as u64)? else { return Ok(None) };
    let Some(header) = GroupHeader::parse(bytes) else { return Ok(None) };
    if store_id.is_some_and(|store_id| store_id != header.store_id) {
        return Ok(None);
    }
    let group = window.get(offset, header.total())?;
    Ok(group.map(|group| (header, header.is_intact(group))))
}

/// What lies in a segment from some offset on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Remains {
    /// Where an intact group starts.
    pub(super) group: Option<u32>,
    /// One past the last byte that is not zero; the offset itself when all are.
    pub(super) end: u32,
}

/// Searches everything from `from` on, at every byte: a torn tail has nothing intact behind it.
pub(super) fn remains(
    window: &mut Window,
    from: u32,
    store_id: Option<[u8; 16]>,
) -> io::Result<Remains> {
    const STEP: u32 = 4_096;
    let capacity = window.segment().capacity;
    let mut found = Remains { group: None, end: from };
    let mut at = from;
    while at < capacity {
        // Three bytes more, so that no magic is cut in two.
        let step = STEP.min(capacity - at);
        let reach = (step + 3).min(capacity - at);
        let Some(bytes) = window.get(at, u64::from(reach))? else { break };
        let own = usize::try_from(step).unwrap_or(usize::MAX).min(bytes.len());
        let mut starts: Vec<u32> = Vec::new();
        if let Some(last) = bytes[..own].iter().rposition(|byte| *byte != 0) {
            found.end = at + u32::try_from(last).unwrap_or(0) + 1;
            let magics = bytes.windows(MAGIC.len()).enumerate();
            let magics = magics.filter(|(_, four)| *four == MAGIC);
            starts.extend(magics.map(|(skip, _)| at + u32::try_from(skip).unwrap_or(0)));
        }
        for start in starts {
            if intact_group(window, start, store_id)?.is_some() {
                found.group = Some(start);
                return Ok(found);
            }
        }
        at += step;
    }
    Ok(found)
}
