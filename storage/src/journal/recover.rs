//! What a start does before the first answer: find the end, prove that nothing is missing, cut a torn
//! tail, and write everything above the high-water mark again.
//!
//! Nothing is repaired in silence: only bytes that no answer can rest on are cut. Every step may be
//! interrupted and is then repeated by the next start.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use holdfast_domain::{Record, Shard};

use crate::{
    codec::{self, CodecError},
    disk::Disk,
    journal::{
        Address, Checkpoint, FOLDER, JournalOptions, Placed, Position, RecoveryError,
        frame::{GROUP_HEADER, RecordFrame},
        genesis,
        high_water::{Found, HighWater, Mark},
        scan::{Link, Scan, damaged, disk_fault, remains},
        segment::{self, Segment, Window},
    },
};

/// Everything the writer needs to go on.
pub(super) struct Recovered {
    pub(super) store_id: [u8; 16],
    pub(super) store_key: [u8; 32],
    pub(super) segment: Segment,
    /// `epoch` is the one of this start.
    pub(super) link: Link,
    pub(super) shards: Vec<u64>,
    pub(super) high_water: HighWater,
    pub(super) ready: VecDeque<Segment>,
    pub(super) cut_bytes: u64,
}

pub(super) type OnRecord<'a> = &'a mut dyn FnMut(Placed, Record);

pub(super) fn recover(
    disk: &Arc<dyn Disk>,
    options: &JournalOptions,
    checkpoint: Option<&Checkpoint>,
    on_record: OnRecord<'_>,
) -> Result<Recovered, RecoveryError> {
    // A name whose sync had failed may be in the cache alone.
    disk.sync_folder(FOLDER).map_err(writing)?;
    if let Some(checkpoint) = checkpoint
        && checkpoint.shards.len() != Shard::COUNT
    {
        return Err(damaged(checkpoint.next, "a checkpoint without its shards"));
    }
    let found = HighWater::find(&**disk).map_err(disk_fault)?;
    let Some(genesis::Identity { store_id, store_key }) = genesis::read(&**disk)? else {
        let acknowledged = match &found {
            Found::Marked(_, mark) => mark.position,
            Found::Unreadable(_) | Found::Absent => 0,
        };
        let high_water = checkpoint.map_or(0, |checkpoint| checkpoint.position).max(acknowledged);
        if high_water > 0 {
            return Err(RecoveryError::Lost { end: 0, high_water });
        }
        if matches!(found, Found::Unreadable(_)) {
            return Err(damaged(Link::START.next, "no first record, but a high-water mark"));
        }
        return genesis::create(&**disk, options);
    };
    let (high_water, mark) = match found {
        Found::Marked(high_water, mark) if mark.store_id == store_id => (high_water, Some(mark)),
        Found::Marked(..) => {
            return Err(damaged(Link::START.next, "the high-water mark is another store's"));
        }
        Found::Unreadable(high_water) => (high_water, None),
        Found::Absent => (HighWater::create(&**disk).map_err(writing)?, None),
    };
    let mut recovery = Recovery { disk, store_id, checkpoint, mark, used: BTreeMap::new() };
    let (link, shards) = recovery.follow(on_record)?;
    let tail = recovery.tail(link)?;
    recovery.prove_complete(link, &tail)?;
    let (segment, ready, cut_bytes) = recovery.cut(link, tail, options.segment_bytes)?;
    recovery.rewrite(&ready)?;
    let epoch = link.epoch.max(mark.map_or(0, |mark| mark.epoch)).saturating_add(1);
    let link = Link { epoch, ..link };
    let high_water = recovery.raise(high_water, link)?;
    Ok(Recovered { store_id, store_key, segment, link, shards, high_water, ready, cut_bytes })
}

fn writing(source: std::io::Error) -> RecoveryError {
    RecoveryError::Disk { doing: "repairing the journal's end", source }
}

struct Recovery<'a> {
    disk: &'a Arc<dyn Disk>,
    store_id: [u8; 16],
    checkpoint: Option<&'a Checkpoint>,
    mark: Option<Mark>,
    /// Where the groups of each segment end, as far as was scanned.
    used: BTreeMap<u32, u32>,
}

/// What lies in the segments from the end of the chain on, ascending.
type Tail = Vec<(Segment, u32)>;

impl Recovery<'_> {
    /// The earlier of checkpoint and high-water mark: what is above either must be looked at.
    fn start(&self) -> Link {
        let mark = self.mark.map(|mark| Link {
            position: mark.position,
            next: mark.next,
            previous_crc: mark.previous_crc,
            epoch: mark.epoch,
        });
        let checkpoint = self.checkpoint.map(checkpoint_link);
        match (mark, checkpoint) {
            (Some(mark), Some(checkpoint)) if mark.position < checkpoint.position => mark,
            (Some(_), Some(checkpoint)) => checkpoint,
            (None, _) | (_, None) => Link::START,
        }
    }

    /// Goes through the chain to its end; the records after the checkpoint go to `on_record`.
    fn follow(&mut self, on_record: OnRecord<'_>) -> Result<(Link, Vec<u64>), RecoveryError> {
        let disk = Arc::clone(self.disk);
        let mut scan = Scan::new(&*disk, self.store_id, self.start());
        let known = self.checkpoint.map_or(0, |checkpoint| checkpoint.position);
        let mut shards =
            self.checkpoint.map_or(vec![0; Shard::COUNT], |known| known.shards.clone());
        let mut each = |placed: Placed, frame: &RecordFrame<'_>| {
            if placed.position <= known || placed.position == genesis::POSITION {
                return Ok(());
            }
            count_shard(&mut shards, placed, frame)?;
            on_record(placed, decode(placed, frame)?);
            Ok(())
        };
        loop {
            self.check_waypoints(scan.link())?;
            let before = scan.link().position;
            if !scan.step(&mut each)? {
                break;
            }
            let link = scan.link();
            self.used.insert(link.next.segment, link.next.offset);
            for waypoint in self.waypoints() {
                if before < waypoint.position && waypoint.position < link.position {
                    return Err(damaged(link.next, "a mark inside a group"));
                }
            }
        }
        let link = scan.link();
        Ok((link, shards))
    }

    fn waypoints(&self) -> impl Iterator<Item = Link> + use<> {
        let mark = self.mark.map(|mark| Link {
            position: mark.position,
            next: mark.next,
            previous_crc: mark.previous_crc,
            epoch: 0,
        });
        mark.into_iter().chain(self.checkpoint.map(checkpoint_link))
    }

    /// Checkpoint and mark must be about this very log.
    fn check_waypoints(&self, link: Link) -> Result<(), RecoveryError> {
        for waypoint in self.waypoints().filter(|waypoint| waypoint.position == link.position) {
            if (waypoint.next, waypoint.previous_crc) != (link.next, link.previous_crc) {
                return Err(damaged(link.next, "the log differs from its checkpoint or mark"));
            }
        }
        Ok(())
    }

    /// What is behind the end of the chain. An intact group there means that the end is no end.
    fn tail(&self, link: Link) -> Result<Tail, RecoveryError> {
        let mut tail = Tail::new();
        for number in segment::numbers(&**self.disk).map_err(disk_fault)? {
            if number < link.next.segment {
                continue;
            }
            let from = if number == link.next.segment { link.next.offset } else { 0 };
            let Some(segment) = Segment::open(&**self.disk, number).map_err(disk_fault)? else {
                continue;
            };
            let mut window = Window::new(segment);
            let remains = remains(&mut window, from, Some(self.store_id)).map_err(disk_fault)?;
            if remains.group.is_some() {
                return Err(damaged(link.next, "no valid group, but valid ones after it"));
            }
            tail.push((window.segment().clone(), remains.end));
        }
        Ok(tail)
    }

    fn prove_complete(&self, link: Link, tail: &Tail) -> Result<(), RecoveryError> {
        let high_water = self.waypoints().map(|waypoint| waypoint.position).max().unwrap_or(0);
        if link.position < high_water {
            return Err(RecoveryError::Lost { end: link.position, high_water });
        }
        if self.mark.is_none() && link.position > genesis::POSITION {
            return Err(damaged(Link::START.next, "the high-water mark is gone"));
        }
        let whole = tail.first().is_some_and(|(segment, _)| {
            segment.number == link.next.segment && segment.capacity >= link.next.offset
        });
        if whole { Ok(()) } else { Err(damaged(link.next, "a segment is missing or cut short")) }
    }

    /// Zeros what is torn, and keeps of the segments behind it those that are as good as new.
    fn cut(
        &self,
        link: Link,
        tail: Tail,
        segment_bytes: u32,
    ) -> Result<(Segment, VecDeque<Segment>, u64), RecoveryError> {
        let mut cut_bytes = 0;
        let mut tail = tail.into_iter();
        let (mut current, end) =
            tail.next().ok_or_else(|| damaged(link.next, "a segment is missing"))?;
        if end > link.next.offset {
            cut_bytes += u64::from(end - link.next.offset);
            segment::zero(&*current.file, link.next.offset, end).map_err(writing)?;
            current.file.sync().map_err(writing)?;
        }
        if !current.complete {
            // Its rest may not be allocated: a write could run out of space.
            current.capacity = link.next.offset;
        }
        let (mut ready, mut stale) = (VecDeque::new(), Vec::new());
        for (number, (segment, end)) in (current.number.saturating_add(1)..).zip(tail) {
            cut_bytes += u64::from(end);
            let as_new = segment.complete
                && end == 0
                && segment.number == number
                && segment.capacity.saturating_add(segment::TRAILER) == segment_bytes;
            if as_new && stale.is_empty() {
                ready.push_back(segment);
            } else {
                stale.push(segment.number);
            }
        }
        genesis::remove(&**self.disk, &stale).map_err(writing)?;
        Ok((current, ready, cut_bytes))
    }

    /// After a failed sync the page cache shows what the disk does not have. So nothing above the
    /// high-water mark counts until it was written again and synced.
    fn rewrite(&self, ready: &VecDeque<Segment>) -> Result<(), RecoveryError> {
        for segment in ready {
            segment.seal().map_err(writing)?;
        }
        if cfg!(feature = "planted-skip-rewrite") {
            return Ok(());
        }
        let from = self.mark.map_or(Link::START.next, |mark| mark.next);
        for (number, end) in self.used.range(from.segment..) {
            let start = if *number == from.segment { from.offset } else { 0 };
            self.rewrite_range(*number, start, *end)?;
        }
        Ok(())
    }

    fn rewrite_range(&self, number: u32, start: u32, end: u32) -> Result<(), RecoveryError> {
        const CHUNK: u32 = 1024 * 1024;
        if start >= end {
            return Ok(());
        }
        let file = self.disk.open(&segment::name(number)).map_err(disk_fault)?;
        let mut bytes = Vec::new();
        let mut at = start;
        while at < end {
            let chunk = CHUNK.min(end - at);
            bytes.resize(usize::try_from(chunk).unwrap_or(0), 0);
            let read = file.read_at(&mut bytes, u64::from(at)).map_err(disk_fault)?;
            if read < bytes.len() {
                return Err(damaged(Address { segment: number, offset: at }, "a segment shrank"));
            }
            file.write_at(&bytes, u64::from(at)).map_err(writing)?;
            at += chunk;
        }
        file.sync().map_err(writing)
    }

    /// The mark of this start, at the end of what is durable now.
    fn raise(&self, mut high_water: HighWater, link: Link) -> Result<HighWater, RecoveryError> {
        let mark = mark_at(self.store_id, link);
        match self.mark {
            Some(last) => high_water.rewrite(&last).and_then(|()| high_water.write(&mark)),
            None => high_water.write_first(&**self.disk, &mark),
        }
        .map_err(writing)?;
        Ok(high_water)
    }
}

pub(super) const fn mark_at(store_id: [u8; 16], link: Link) -> Mark {
    Mark {
        store_id,
        position: link.position,
        next: link.next,
        epoch: link.epoch,
        previous_crc: link.previous_crc,
    }
}

const fn checkpoint_link(checkpoint: &Checkpoint) -> Link {
    Link {
        position: checkpoint.position,
        next: checkpoint.next,
        previous_crc: checkpoint.previous_crc,
        epoch: 0,
    }
}

fn count_shard(
    shards: &mut [u64],
    placed: Placed,
    frame: &RecordFrame<'_>,
) -> Result<(), RecoveryError> {
    let last = &mut shards[frame.tag.shard().index()];
    *last += 1;
    if *last == frame.shard_position {
        Ok(())
    } else {
        Err(damaged(placed.address, "a hole in the positions of a shard"))
    }
}

fn decode(placed: Placed, frame: &RecordFrame<'_>) -> Result<Record, RecoveryError> {
    codec::decode_record(frame.payload).map_err(|error| match error {
        CodecError::TooNew { found } => RecoveryError::TooNew { found },
        CodecError::Damaged => damaged(placed.address, "a record that does not decode"),
    })
}

/// Checks everything before `until` again, record by record, for the time after the start: older
/// segments are not read then. `go_on` is asked once per group; returns the position reached.
///
/// # Errors
/// `Damaged` where the chain breaks before `until`.
pub fn check_older_segments(
    disk: &dyn Disk,
    until: &Checkpoint,
    go_on: &mut dyn FnMut() -> bool,
) -> Result<Position, RecoveryError> {
    let Some(genesis::Identity { store_id, .. }) = genesis::read(disk)? else {
        return Err(damaged(Link::START.next, "the first record is missing"));
    };
    let mut scan = Scan::new(disk, store_id, Link::START);
    let mut shards = vec![0; Shard::COUNT];
    let mut each = |placed: Placed, frame: &RecordFrame<'_>| {
        if placed.position == genesis::POSITION {
            return Ok(());
        }
        count_shard(&mut shards, placed, frame)
    };
    while scan.link().position < until.position && go_on() {
        if !scan.step(&mut each)? {
            return Err(damaged(scan.link().next, "the chain breaks"));
        }
    }
    let link = scan.link();
    if link.position > until.position
        || (link.position == until.position && link.previous_crc != until.previous_crc)
    {
        return Err(damaged(link.next, "the log differs from its checkpoint"));
    }
    Ok(link.position)
}

/// A group's header and the largest group a segment of this size can take.
pub(super) const fn group_bytes_max(segment_bytes: u32) -> u64 {
    (segment_bytes.saturating_sub(segment::TRAILER) as u64).saturating_sub(GROUP_HEADER as u64)
}
