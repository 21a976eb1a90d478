//! What is stored today must be readable for ever: one sample per outcome, kind and event, in hex.
//!
//! A sample may never change. A new variant gets a new sample; a changed shape gets a new schema
//! number and keeps the old samples readable.

use holdfast_domain::{
    Accepted, Actor, AssetId, BookingId, BookingMark, Etag, IdempotencyKey, KeyScope, Kind,
    Outcome, Record, Refused, Rejection, Stamp, Subject, Tag, Timestamp,
    asset::{AssetStatus, Event},
    rejection::{Conflict, Finding, Window},
};

mod since_3;
mod since_4;

use super::{CodecError, MAGIC, SCHEMA, checksum, decode_record, encode_record, open, seal};

const SAMPLES_1: &str = include_str!("../../tests/golden/records.hex");
const SAMPLES_2: &str = include_str!("../../tests/golden/records-2.hex");
const SAMPLES_3: &str = include_str!("../../tests/golden/records-3.hex");
const SAMPLES: &str = include_str!("../../tests/golden/records-4.hex");

const TAG: Tag = Tag::new(0x1234_5678_9abc_def0);

fn booking(n: u64) -> BookingId {
    BookingId::new(Stamp::new(1_700_000_000_000, u16::try_from(n).unwrap()), TAG)
}

fn at(minute: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000).plus_minutes(minute)
}

fn window() -> Window {
    Window { start: at(0), end: at(60) }
}

fn record(kind: Kind, outcome: Outcome) -> Record {
    Record {
        tag: TAG,
        version: 300,
        at: at(0),
        kind,
        audit: Stamp::new(1_700_000_000_000, 5),
        actor: Actor { sub: "usr_1".to_owned(), org_id: Some("org_1".to_owned()) },
        request_id: "req_1".to_owned(),
        key: Some(IdempotencyKey {
            text: "key-1".to_owned(),
            scope: KeyScope([3; 16]),
            fingerprint: 0x0102_0304_0506_0708,
        }),
        prev_hash: [1; 32],
        hash: [2; 32],
        outcome,
        next_due: Some(at(90)),
    }
}

fn accepted(kind: Kind, event: Event) -> Record {
    let booking = match kind {
        Kind::AssetCreated | Kind::AssetUpdated | Kind::AssetRefused => None,
        _ => Some(BookingMark { id: booking(1), user: 77, created: true, finished: false }),
    };
    let asset = Subject::Asset(AssetId::new(Stamp::new(1_600_000_000_000, 0), TAG));
    let accepted = Accepted {
        events: vec![event],
        subject: booking.map_or(asset, |mark| Subject::Booking(mark.id)),
        created: true,
        etag: Etag { version: 300, link: 2 },
        before: booking.map(|_| b"{}".to_vec()),
        after: b"{\"a\":1}".to_vec(),
        booking,
    };
    record(kind, Outcome::Accepted(accepted))
}

fn refused(kind: Kind, rejection: Rejection) -> Record {
    record(kind, Outcome::Refused(Refused { rejection, path: "/assets".to_owned() }))
}

fn events() -> Vec<(&'static str, Record)> {
    let text = str::to_owned;
    vec![
        (
            "asset-registered",
            accepted(
                Kind::AssetCreated,
                Event::AssetRegistered {
                    id: Stamp::new(1_700_000_000_000, 1),
                    name: text("Van"),
                    category: text("vehicle"),
                    owner_org_id: text("org_1"),
                    location_id: text("loc_1"),
                    shared_with: vec![text("org_2")],
                    booking_terms: Some(text("{}")),
                },
            ),
        ),
        (
            "asset-updated",
            accepted(
                Kind::AssetUpdated,
                Event::AssetUpdated {
                    name: None,
                    category: Some(text("boat")),
                    location_id: None,
                    status: Some(AssetStatus::Maintenance),
                    shared_with: Some(Vec::new()),
                    booking_terms: Some(None),
                },
            ),
        ),
        (
            "booking-created",
            accepted(
                Kind::BookingCreated,
                Event::BookingCreated {
                    id: booking(1),
                    user_id: text("usr_1"),
                    org_id: text("org_1"),
                    window: window(),
                    terms_version: 3,
                    currency: text("EUR"),
                    estimated_cost_minor: -1_250,
                },
            ),
        ),
        (
            "booking-cancelled",
            accepted(
                Kind::BookingCancelled,
                Event::BookingCancelled { id: booking(1), reason: Some(text("rain")) },
            ),
        ),
        (
            "booking-checked-in",
            accepted(
                Kind::BookingCheckedIn,
                Event::BookingCheckedIn { id: booking(1), at: at(1), notes: None },
            ),
        ),
        (
            "booking-checked-out",
            accepted(
                Kind::BookingCheckedOut,
                Event::BookingCheckedOut { id: booking(1), at: at(2), extra_cost_minor: Some(990) },
            ),
        ),
    ]
}

/// Every rejection, stored or not: the order of the variants is part of the format.
fn refusals() -> Vec<(&'static str, Record)> {
    let overlap = Rejection::Overlap {
        conflicts: vec![Conflict { booking: booking(2), claim: window() }],
        next_available: Some(window()),
    };
    let finding = Finding { pointer: "#/end".to_owned(), reason: "too early".to_owned() };
    let deadline = Rejection::DeadlinePassed { now: at(1), deadline_at: at(0) };
    let status = AssetStatus::Retired;
    let current_status = "CANCELLED".to_owned();
    let of_asset = |rejection| refused(Kind::AssetRefused, rejection);
    let of_booking = |rejection| refused(Kind::BookingRefused, rejection);
    vec![
        ("not-found", of_booking(Rejection::NotFound)),
        ("booking-not-found", of_booking(Rejection::BookingNotFound)),
        ("forbidden-user", of_booking(Rejection::ForbiddenUser)),
        ("forbidden-role", of_asset(Rejection::ForbiddenRole)),
        ("forbidden-location", of_asset(Rejection::ForbiddenLocation)),
        ("terms-not-accepted", of_booking(Rejection::TermsNotAccepted)),
        ("terms-changed", of_booking(Rejection::TermsChanged { current: 4 })),
        ("overlap", of_booking(overlap)),
        ("deadline-passed", of_booking(deadline)),
        ("asset-unavailable", of_booking(Rejection::AssetUnavailable { status })),
        ("asset-in-use", of_asset(Rejection::AssetInUse)),
        ("asset-has-live-bookings", of_asset(Rejection::AssetHasLiveBookings)),
        ("invalid-transition", of_booking(Rejection::InvalidTransition { current_status })),
        ("cancel-cutoff-passed", of_booking(Rejection::CancelCutoffPassed)),
        ("duration", of_booking(Rejection::DurationOutOfRange { limit_minutes: 30 })),
        ("too-far-ahead", of_booking(Rejection::TooFarAhead { limit_minutes: 60 })),
        ("precondition-required", of_asset(Rejection::PreconditionRequired)),
        ("precondition-failed", of_asset(Rejection::PreconditionFailed)),
        ("key-reused", of_asset(Rejection::KeyReused)),
        ("invalid", of_booking(Rejection::Invalid(vec![finding]))),
        ("tag-taken", of_asset(Rejection::TagTaken)),
    ]
}

/// What was added since, oldest first.
fn later() -> Vec<(&'static str, Record)> {
    let text = str::to_owned;
    let of_booking = |rejection| refused(Kind::BookingRefused, rejection);
    let id = booking(1);
    let placed = |approval_until| Event::BookingPlaced {
        id,
        user_id: text("usr_1"),
        org_id: text("org_1"),
        window: window(),
        terms_version: 3,
        currency: text("EUR"),
        estimated_cost_minor: 1_250,
        approval_until,
    };
    let rescheduled = Event::BookingRescheduled {
        id,
        window: window(),
        terms_version: 4,
        estimated_cost_minor: 900,
    };
    let adjusted = Event::BookingCostAdjusted { id, amount_minor: -250, reason: text("goodwill") };
    let rejected =
        Event::BookingRejected { id, by: text("usr_2"), reason: Some(text("not today")) };
    let approved = Event::BookingApproved { id, by: text("usr_2") };
    let hours = Rejection::OutsideOpeningHours { start: true, end: false, open: vec![window()] };
    let amount = Rejection::AmountOutOfRange { pointer: text("#/amount_minor") };
    let mut by_timer = accepted(Kind::BookingExpired, Event::BookingExpired { id });
    by_timer.actor = Actor::timer();
    by_timer.key = None;
    vec![
        ("booking-placed", accepted(Kind::BookingCreated, placed(None))),
        ("booking-placed-to-wait", accepted(Kind::BookingCreated, placed(Some(at(30))))),
        ("booking-approved", accepted(Kind::BookingApproved, approved)),
        ("booking-rejected", accepted(Kind::BookingRejected, rejected)),
        ("booking-expired", by_timer),
        ("booking-no-show", accepted(Kind::BookingNoShow, Event::BookingNoShow { id })),
        ("booking-overdue", accepted(Kind::BookingOverdue, Event::BookingOverdue { id })),
        ("booking-rescheduled", accepted(Kind::BookingRescheduled, rescheduled)),
        ("booking-cost-adjusted", accepted(Kind::BookingCostAdjusted, adjusted)),
        ("outside-opening-hours", of_booking(hours)),
        ("approval-required", of_booking(Rejection::ApprovalRequired)),
        ("amount-out-of-range", of_booking(amount)),
        ("limit-reached", of_booking(Rejection::LimitReached { limit: 100 })),
    ]
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn samples() -> impl Iterator<Item = (&'static str, Record)> {
    events()
        .into_iter()
        .chain(refusals())
        .chain(later())
        .chain(since_3::samples())
        .chain(since_4::samples())
}

/// A failure prints what the file would have to hold.
#[test]
fn records_are_stored_as_they_are_since_schema_4() {
    let mut now = String::new();
    for (name, record) in samples() {
        let bytes = encode_record(&record);
        assert_eq!(decode_record(&bytes), Ok(record), "{name}");
        now.push_str(&format!("{name} {}\n", hex(&bytes)));
    }
    assert!(now == SAMPLES, "stored forms changed:\n{now}");
}

#[test]
fn records_of_older_schemas_are_read_for_ever() {
    let first_of = |samples: Vec<(&'static str, Record)>| samples.first().map(|(name, _)| *name);
    for (stored, next) in [
        (SAMPLES_1, first_of(later())),
        (SAMPLES_2, first_of(since_3::samples())),
        (SAMPLES_3, first_of(since_4::samples())),
    ] {
        let mut samples = samples();
        for line in stored.lines() {
            let (name, stored) = line.split_once(' ').unwrap();
            let (known, record) = samples.next().unwrap();
            assert_eq!(name, known, "a sample is missing or out of order");
            assert_eq!(decode_record(&bytes_of(stored)), Ok(record), "{name}");
        }
        assert_eq!(samples.next().map(|(name, _)| name), next);
    }
}

/// Before there were timers nobody wrote down when the next is due.
#[test]
fn a_record_of_schema_1_is_due_to_be_looked_at() {
    let mut record = events()[2].1.clone();
    record.next_due = None;
    let mut bytes = encode_record(&record);
    assert_eq!(decode_record(&bytes).map(|it| it.next_due), Ok(None));
    bytes[2..4].copy_from_slice(&1_u16.to_le_bytes());
    let older = with_checksum(bytes);
    assert_eq!(decode_record(&older).map(|it| it.next_due), Ok(Some(record.at)));
}

fn bytes_of(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn every_flipped_bit_and_every_cut_is_damage() {
    let bytes = encode_record(&events()[0].1);
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut rotten = bytes.clone();
            rotten[at] ^= 1 << bit;
            assert_eq!(decode_record(&rotten), Err(CodecError::Damaged), "byte {at} bit {bit}");
        }
        assert_eq!(decode_record(&bytes[..at]), Err(CodecError::Damaged), "cut at {at}");
    }
}

fn with_checksum(mut bytes: Vec<u8>) -> Vec<u8> {
    let crc = checksum(&bytes).to_le_bytes();
    bytes[4..8].copy_from_slice(&crc);
    bytes
}

#[test]
fn a_newer_schema_is_told_from_damage() {
    let mut bytes = seal(&7_u64);
    assert_eq!(open::<u64>(&bytes), Ok(7));
    bytes[2..4].copy_from_slice(&(SCHEMA + 1).to_le_bytes());
    assert_eq!(open::<u64>(&bytes), Err(CodecError::Damaged));
    let newer = with_checksum(bytes);
    assert_eq!(open::<u64>(&newer), Err(CodecError::TooNew { found: SCHEMA + 1 }));
}

#[test]
fn trailing_bytes_and_claims_of_much_memory_are_damage() {
    let mut bytes = seal(&7_u64);
    bytes.push(0);
    assert_eq!(open::<u64>(&with_checksum(bytes)), Err(CodecError::Damaged));
    let mut claim = [&MAGIC[..], &SCHEMA.to_le_bytes(), &[0; 4]].concat();
    claim.push(253);
    claim.extend_from_slice(&(1_u64 << 60).to_le_bytes());
    assert_eq!(open::<Vec<u8>>(&with_checksum(claim)), Err(CodecError::Damaged));
}
