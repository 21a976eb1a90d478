//! Timers on the real actors and threads: what is due happens by itself, once, at its moment.

use std::{
    panic::resume_unwind,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use holdfast_actors::{
    EngineOptions,
    cell::{Faults, Point},
};
use holdfast_domain::{
    AssetId, BookingId, Tag, Timestamp,
    asset::{ApprovalStatus, AssetChange, BookingStatus, Command},
    rejection::Window,
};
use serde_json::json;

use crate::in_process::InProcess;

const MINUTE_MS: u32 = 60_000;

fn morning() -> Timestamp {
    Timestamp::parse("2026-03-02T07:00:00Z").unwrap()
}

fn window(from_minute: i64, to_minute: i64) -> Window {
    Window { start: morning().plus_minutes(from_minute), end: morning().plus_minutes(to_minute) }
}

/// The audit types of an asset with who did it and, in minutes since the morning, when.
async fn told(house: &InProcess, asset: AssetId) -> Vec<(String, String, i64)> {
    let entries = house.audit(asset).await;
    entries
        .iter()
        .map(|entry| {
            let at = Timestamp::parse(entry["at"].as_str().unwrap()).unwrap();
            let minute = (at.millis() - morning().millis()) / i64::from(MINUTE_MS);
            let (what, who) = (&entry["type"], &entry["actor"]["sub"]);
            (what.as_str().unwrap().to_owned(), who.as_str().unwrap().to_owned(), minute)
        })
        .collect()
}

fn by_timer(what: &str, minute: i64) -> (String, String, i64) {
    (what.to_owned(), "system:timer".to_owned(), minute)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_nobody_decides_expires() {
    let house = InProcess::start(morning()).await;
    let terms = json!({"approval": {"required": true, "expires_minutes": 30}});
    let asset = house.register("Van", Some(&terms)).await;
    let id = house.book(asset, "ann", window(120, 180)).await.unwrap();
    // Late by an hour, and dated with the moment at which it was due.
    house.clock.advance_ms(90 * MINUTE_MS);
    let image = house.ended(id).await;
    assert_eq!((image.status, image.cost_minor), (BookingStatus::Expired, Some(0)));
    assert_eq!(image.approvals[0].status, ApprovalStatus::Expired);
    assert_eq!(image.updated_at, morning().plus_minutes(30));
    assert_eq!(told(&house, asset).await[2..], [by_timer("booking.expired", 30)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_use_that_does_not_end_is_overdue_and_the_next_user_waits_in_vain() {
    let house = InProcess::start(morning()).await;
    let asset = house.register("Van", None).await;
    let first = house.book(asset, "ann", window(0, 60)).await;
    assert!(first.is_err(), "it would begin at once");
    let first = house.book(asset, "ann", window(5, 60)).await.unwrap();
    let next = house.book(asset, "bob", window(60, 120)).await.unwrap();
    house.clock.advance_ms(10 * MINUTE_MS);
    let check_in = Command::CheckIn { booking: Some(first), condition_notes: None };
    house.submit(asset, check_in).await.unwrap();
    house.clock.advance_ms(70 * MINUTE_MS);
    let image = house.once(first, |image| image.overdue).await;
    assert_eq!(image.status, BookingStatus::CheckedIn);
    house.clock.advance_ms(60 * MINUTE_MS);
    assert_eq!(house.ended(next).await.status, BookingStatus::Expired);
    let entries = told(&house, asset).await;
    let (tail, wanted) = (
        &entries[entries.len() - 2..],
        [by_timer("booking.overdue", 60), by_timer("booking.expired", 120)],
    );
    assert_eq!(tail, wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_falls_due_while_nothing_runs_happens_once_after_the_start() {
    let mut house = InProcess::start(morning()).await;
    let terms = json!({"check_in": {"no_show_after_minutes": 10},
        "pricing": {"no_show_fee_minor": 700}});
    let asset = house.register("Van", Some(&terms)).await;
    let mut ids = Vec::new();
    for hour in 1..4 {
        ids.push(house.book(asset, "ann", window(hour * 60, hour * 60 + 30)).await.unwrap());
    }
    // The first is due while it is down; the second and third are found in head row and tail.
    house = house.restart_after(80 * MINUTE_MS).await;
    assert_eq!(house.ended(ids[0]).await.cost_minor, Some(700));
    house = house.restart_after(5 * MINUTE_MS).await;
    house.clock.advance_ms(60 * MINUTE_MS);
    house.ended(ids[1]).await;
    house = house.restart_after(60 * MINUTE_MS).await;
    house.ended(ids[2]).await;
    let wanted = [70, 130, 190].map(|minute| by_timer("booking.no_show", minute));
    assert_eq!(told(&house, asset).await[4..], wanted);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_back_takes_nothing_back_and_repeats_nothing() {
    let house = InProcess::start(morning()).await;
    let asset = house.register("Van", None).await;
    let id = house.book(asset, "ann", window(10, 20)).await.unwrap();
    house.clock.advance_ms(30 * MINUTE_MS);
    house.ended(id).await;
    house.clock.set(morning());
    house.clock.advance_ms(MINUTE_MS);
    let refused = house.book(asset, "ann", window(12, 15)).await.unwrap_err();
    assert_eq!(refused.code(), "BOOKING_DEADLINE_PASSED", "its time does not run back");
    house.clock.advance_ms(60 * MINUTE_MS);
    let next = house.book(asset, "ann", window(100, 110)).await.unwrap();
    house.clock.advance_ms(60 * MINUTE_MS);
    house.ended(next).await;
    let shows =
        told(&house, asset).await.into_iter().filter(|(what, ..)| what == "booking.no_show");
    assert_eq!(shows.map(|(.., minute)| minute).collect::<Vec<_>>(), [20, 110]);
}

#[tokio::test(flavor = "multi_thread")]
async fn assets_that_were_put_away_are_reminded_too() {
    let options = EngineOptions { resident_bytes_max: 0, ..EngineOptions::default() };
    let faults = Arc::new(holdfast_actors::cell::NoFaults);
    let house = InProcess::start_with(morning(), options, faults).await;
    let mut ids: Vec<BookingId> = Vec::new();
    for number in 0..20 {
        let asset = house.register(&format!("Van {number}"), None).await;
        ids.push(house.book(asset, "ann", window(10, 20 + number)).await.unwrap());
    }
    house.clock.advance_ms(60 * MINUTE_MS);
    for (number, id) in (0..).zip(ids) {
        let image = house.ended(id).await;
        assert_eq!(image.updated_at, morning().plus_minutes(20 + number));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_a_tick_or_a_command_lets_happen_happens_in_turn() {
    let house = InProcess::start(morning()).await;
    let asset = house.register("Van", None).await;
    let mut ids = Vec::new();
    for minute in 1..=1_200 {
        ids.push(house.book(asset, "ann", window(minute, minute + 1)).await.unwrap());
    }
    house.clock.advance_ms(2_000 * MINUTE_MS);
    // Refused while more is due than it waits for, and taken once that has happened.
    let rename = || {
        let name = Some("Big van".to_owned());
        Command::UpdateAsset(AssetChange { name, ..AssetChange::default() })
    };
    while house.try_submit(asset, rename()).await.is_err() {
        tokio::task::yield_now().await;
    }
    for (minute, id) in (2..).zip(ids) {
        let image = house.ended(id).await;
        assert_eq!(image.updated_at, morning().plus_minutes(minute));
    }
    let newest = house.audit(asset).await;
    let last = newest.last().unwrap();
    assert_eq!((&last["type"], &last["seq"]), (&"asset.updated".into(), &2_402.into()));
}

/// The first decisions after it is armed end in a panic.
#[derive(Default)]
struct Stumbles(AtomicUsize);

impl Faults for Stumbles {
    fn reach(&self, point: Point, _: Tag) {
        let armed = |left: usize| left.checked_sub(1);
        if point == Point::Decided
            && self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, armed).is_ok()
        {
            // Unlike `panic!` this says nothing on stderr.
            resume_unwind(Box::new("a planned fault"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reminder_that_ends_in_a_panic_is_given_again() {
    let faults = Arc::new(Stumbles::default());
    let options = EngineOptions::default();
    let hook: Arc<dyn Faults> = Arc::<Stumbles>::clone(&faults);
    let house = InProcess::start_with(morning(), options, hook).await;
    let asset = house.register("Van", None).await;
    let id = house.book(asset, "ann", window(10, 20)).await.unwrap();
    faults.0.store(2, Ordering::SeqCst);
    house.clock.advance_ms(30 * MINUTE_MS);
    let image = house
        .once(id, |image| {
            house.clock.advance_ms(10);
            !image.status.is_live()
        })
        .await;
    assert_eq!(image.updated_at, morning().plus_minutes(20));
    assert_eq!(told(&house, asset).await[2..], [by_timer("booking.no_show", 20)]);
}
