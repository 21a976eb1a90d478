//! A journal in a vector, hand-made records, and what a crash does to tail and views.

use std::sync::Arc;

use holdfast_domain::{
    Accepted, Actor, AssetId, BookingId, BookingMark, Etag, IdempotencyKey, KeyScope, Kind,
    MaintenanceId, Outcome, Record, Refused, Rejection, ReportId, Stamp, Subject, Tag, Timestamp,
    asset::{BookingStatus, Event, PastBooking},
    registry::{AssetKey, Change, Code, Key, RegistryEvent, Row, TypeKey, rows_of},
};
use parking_lot::RwLock;

use crate::{
    fold::{self, FoldOptions, Folded, ViewWriter},
    history::{History, HistoryError, ReadRecord},
    journal::{Address, Checkpoint, Position, ReadError},
    tail::{Mark, Noun, Tail, TailEntry},
    views::Views,
};

/// Record `n` (from 0) has position `n + 1` and lies at segment `n / 100`, offset `n % 100`.
#[derive(Clone, Default)]
pub(super) struct Log(Arc<RwLock<Vec<Record>>>);

impl Log {
    pub(super) fn append(&self, record: Record) -> TailEntry {
        let mut records = self.0.write();
        let entry = entry_of(records.len(), &record);
        records.push(record);
        entry
    }

    pub(super) fn records(&self) -> Vec<Record> {
        self.0.read().clone()
    }

    fn entries_after(&self, position: Position) -> Vec<TailEntry> {
        let all = self.0.read();
        let all = all.iter().enumerate().map(|(number, record)| entry_of(number, record));
        all.filter(|entry| entry.position > position).collect()
    }
}

impl ReadRecord for Log {
    fn read(&self, address: Address) -> Result<Record, ReadError> {
        let number = address.segment as usize * 100 + address.offset as usize;
        self.0.read().get(number).cloned().ok_or(ReadError::Damaged(address))
    }
}

pub(super) fn address(number: usize) -> Address {
    let number = u32::try_from(number).unwrap();
    Address { segment: number / 100, offset: number % 100 }
}

fn entry_of(number: usize, record: &Record) -> TailEntry {
    TailEntry {
        tag: record.tag,
        version: record.version,
        position: number as u64 + 1,
        address: address(number),
        at: record.at,
        mark: Mark::of(record),
        snapshot: None,
        rows: rows_of(record),
    }
}

pub(super) fn checkpoint(position: Position) -> Checkpoint {
    Checkpoint {
        position,
        next: address(usize::try_from(position).unwrap()),
        previous_crc: 0,
        shards: vec![0; 256],
    }
}

pub(super) fn tag(asset: u8) -> Tag {
    Tag::new(u64::from(asset).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// What a record does, in the terms of the indices.
#[derive(Clone, Copy, Debug)]
pub(super) enum Deed {
    UpdateAsset,
    Refuse,
    Book {
        user: u64,
    },
    /// Finishes (or changes again, once finished) the nth booking of the asset.
    Finish {
        nth: usize,
    },
    /// Makes a report or a maintenance.
    Add(Noun),
    /// Another image of the nth item of the asset.
    Touch {
        nth: usize,
    },
    /// An asset change too long for a page row.
    Bulky,
    /// Puts some rows of a registry and removes others.
    Register {
        nth: usize,
    },
}

/// The next record of an asset; its first registers it.
pub(super) fn record(history: &[Record], asset: u8, deed: Deed) -> Record {
    let tag = tag(asset);
    let earlier: Vec<&Record> = history.iter().filter(|record| record.tag == tag).collect();
    let version = earlier.len() as u64 + 1;
    let at = Timestamp::from_millis(1_000_000 + i64::try_from(history.len()).unwrap() * 10);
    let byte = version.to_le_bytes()[0];
    let stamp = Stamp::new(version, 0);
    let created: Vec<BookingMark> =
        earlier.iter().filter_map(|record| mark(record)).filter(|mark| mark.created).collect();
    let (kind, booking) = match deed {
        _ if version == 1 => (Kind::AssetCreated, None),
        Deed::UpdateAsset
        | Deed::Bulky
        | Deed::Add(_)
        | Deed::Touch { .. }
        | Deed::Register { .. } => (Kind::AssetUpdated, None),
        Deed::Refuse => (Kind::BookingRefused, None),
        Deed::Finish { nth } if !created.is_empty() => {
            let mark = created[nth % created.len()];
            (Kind::BookingCancelled, Some(BookingMark { created: false, finished: true, ..mark }))
        }
        Deed::Finish { .. } => (Kind::AssetUpdated, None),
        Deed::Book { user } => {
            let id = BookingId::new(stamp, tag);
            (Kind::BookingCreated, Some(BookingMark { id, user, created: true, finished: false }))
        }
    };
    let length = if matches!(deed, Deed::Bulky) { 20_000 } else { 40 };
    let subject = subject(&earlier, (stamp, tag), booking, deed);
    let after = match booking.filter(|mark| mark.finished) {
        Some(mark) => serde_json::to_vec(&past(mark.id, version)).unwrap(),
        None => vec![byte; length],
    };
    let outcome = if kind == Kind::BookingRefused {
        Outcome::Refused(Refused { rejection: Rejection::AssetInUse, path: "/assets".to_owned() })
    } else {
        Outcome::Accepted(Accepted {
            events: registered(deed, version),
            subject,
            created: version == 1,
            etag: Etag { version, link: 0 },
            before: None,
            after,
            booking,
        })
    };
    Record {
        tag,
        version,
        at,
        kind,
        audit: stamp,
        actor: Actor { sub: "u".to_owned(), org_id: None },
        request_id: format!("r{version}"),
        key: (!version.is_multiple_of(3)).then(|| IdempotencyKey {
            text: format!("k{version}"),
            scope: KeyScope([byte; 16]),
            fingerprint: version,
        }),
        prev_hash: [byte.wrapping_sub(1); 32],
        hash: [byte; 32],
        outcome,
        next_due: version.is_multiple_of(2).then_some(at),
    }
}

/// Few keys, so that rows are often changed again.
fn registered(deed: Deed, version: u64) -> Vec<Event> {
    let Deed::Register { nth } = deed else { return Vec::new() };
    let asset = |number: usize| AssetKey(number as u64 % 3);
    let context = |number: usize| format!("[{version},{number}]").into_boxed_str();
    let change = |number: usize| {
        let there = !(nth / 7 + number).is_multiple_of(3);
        let (key, row) = if number.is_multiple_of(2) {
            let code = Code::new(&format!("c{version}")).unwrap();
            let row = Row::Asset { ty: TypeKey(1), code, context: context(number) };
            (Key::Asset(asset(nth * 5 + number)), row)
        } else {
            let key = Key::From(asset(nth), asset(nth * 3 + number));
            (key, Row::Association { context: context(number) })
        };
        Change { key, row: there.then(|| Arc::new(row)) }
    };
    let changes = (0..1 + nth % 4).map(change).collect();
    vec![Event::Registry(RegistryEvent { changes })]
}

/// What the record of a deed is an image of.
fn subject(
    earlier: &[&Record],
    (stamp, tag): (Stamp, Tag),
    booking: Option<BookingMark>,
    deed: Deed,
) -> Subject {
    let items: Vec<Subject> =
        earlier.iter().filter_map(|record| item(record)).map(|(subject, _)| subject).collect();
    let other = match deed {
        _ if earlier.is_empty() => None,
        Deed::Add(Noun::Report) => Some(Subject::Report(ReportId::new(stamp, tag))),
        Deed::Add(Noun::Maintenance) => Some(Subject::Maintenance(MaintenanceId::new(stamp, tag))),
        Deed::Touch { nth } => items.get(nth % items.len().max(1)).copied(),
        _ => None,
    };
    let asset = Subject::Asset(AssetId::new(Stamp::new(1, 0), tag));
    booking.map(|mark| Subject::Booking(mark.id)).or(other).unwrap_or(asset)
}

pub(super) fn mark(record: &Record) -> Option<BookingMark> {
    match &record.outcome {
        Outcome::Accepted(accepted) => accepted.booking,
        Outcome::Refused(_) => None,
    }
}

/// The figures of a booking in the record of a version.
pub(super) fn past(id: BookingId, version: u64) -> PastBooking {
    let start = Timestamp::from_millis(i64::try_from(id.stamp.millis()).unwrap());
    PastBooking {
        actual_end: None,
        actual_start: None,
        cost_minor: i64::try_from(version).ok(),
        currency: "EUR".to_owned(),
        end: start.plus_minutes(30),
        start,
        status: BookingStatus::Cancelled,
    }
}

/// The item that a record is an image of.
pub(super) fn item(record: &Record) -> Option<(Subject, Stamp)> {
    let Outcome::Accepted(accepted) = &record.outcome else { return None };
    match accepted.subject {
        Subject::Report(id) => Some((accepted.subject, id.stamp)),
        Subject::Maintenance(id) => Some((accepted.subject, id.stamp)),
        _ => None,
    }
}

/// The bytes that an actor would hand over as the snapshot at a version.
pub(super) fn snapshot(tag: Tag, version: u64) -> Vec<u8> {
    format!("{:?}@{version};", tag.get()).into_bytes().repeat(400)
}

/// Log, tail, views and writer wired together as in the engine.
pub(super) struct World {
    pub(super) log: Log,
    pub(super) history: Arc<History>,
    writer: ViewWriter,
}

impl World {
    /// Starts as after a restart: the tail is indexed from the `applied` row on.
    pub(super) fn start(log: Log, views: Arc<dyn Views>) -> Self {
        let from = fold::applied(&*views).unwrap().map_or(0, |applied| applied.position);
        let tail = Arc::new(Tail::new());
        let entries = log.entries_after(from);
        let end = from + entries.len() as u64;
        if !entries.is_empty() {
            tail.push(entries, checkpoint(end));
        }
        let history = Arc::new(History::new(tail, views, log.clone()));
        let writer = ViewWriter::new(Arc::clone(&history), FoldOptions::default());
        Self { log, history, writer }
    }

    /// Commits one record, with a snapshot of the state after it if asked.
    pub(super) fn commit(&self, asset: u8, deed: Deed, with_snapshot: bool) {
        let record = record(&self.log.0.read(), asset, deed);
        let bytes = snapshot(record.tag, record.version);
        let mut entry = self.log.append(record);
        entry.snapshot = with_snapshot.then(|| bytes.into());
        let end = checkpoint(entry.position);
        self.history.tail.push(vec![entry], end);
    }

    pub(super) fn fold(&mut self) -> Result<Folded, HistoryError> {
        self.writer.step(Timestamp::from_millis(0), true)
    }
}
