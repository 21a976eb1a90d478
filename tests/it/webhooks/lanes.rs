//! Order, retries, parking, restarts: the schedule that is promised, in virtual time.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use holdfast_actors::{
    EngineOptions, PageAsk, cell::NoFaults, engine::Answer, webhooks::WebhookOptions,
};
use holdfast_domain::{
    AssetId, EndpointId, IfMatch, Request, Subject, Timestamp,
    rejection::Window,
    webhooks::{EndpointChange, EndpointCommand, EndpointStatus, LaneCommand, NewEndpoint},
};
use serde_json::Value;

use super::receivers::{Arrival, Manner, Receivers};
use crate::in_process::InProcess;

const PATIENCE: Duration = Duration::from_secs(60);
const HOUR_MS: u32 = 3_600_000;

fn morning() -> Timestamp {
    Timestamp::parse("2025-08-23T08:00:00Z").unwrap()
}

fn window(from: i64, to: i64) -> Window {
    Window { start: morning().plus_minutes(from), end: morning().plus_minutes(to) }
}

async fn start(receivers: &Arc<Receivers>) -> InProcess {
    let deliver = Arc::<Receivers>::clone(receivers);
    // The clock stands still while much is told.
    let webhooks = WebhookOptions { rate_max: u32::MAX, ..WebhookOptions::default() };
    let options = EngineOptions { webhooks, ..EngineOptions::default() };
    InProcess::start_telling(morning(), options, Arc::new(NoFaults), deliver).await
}

async fn command(house: &InProcess, command: EndpointCommand) -> Answer {
    house.engine.webhook_endpoint(house.request(command)).await.unwrap()
}

async fn tell(house: &InProcess, url: &str, events: &[&str]) -> EndpointId {
    let secret = house.engine.draw_webhook_secret("org_1");
    let new = NewEndpoint {
        url: url.into(),
        events: events.iter().map(|event| (*event).into()).collect(),
        description: None,
        secret,
    };
    let Subject::Endpoint(id) = command(house, EndpointCommand::Create(new)).await.subject else {
        panic!("an endpoint was made")
    };
    id
}

/// Until it holds; the engine's clock goes on by a millisecond a turn.
async fn until(house: &InProcess, holds: impl Fn() -> bool) {
    let reached = async {
        while !holds() {
            house.clock.advance_ms(1);
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, reached).await.expect("it never happens");
}

/// The same while the clock stands still.
async fn until_now(holds: impl Fn() -> bool) {
    let reached = async {
        while !holds() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, reached).await.expect("it never happens");
}

/// Until a read says so; the clock goes on by a millisecond a turn.
async fn until_read(
    house: &InProcess,
    id: EndpointId,
    holds: impl Fn(&[Value]) -> bool,
) -> Vec<Value> {
    let reached = async {
        loop {
            let found = deliveries(house, id).await;
            if holds(&found) {
                return found;
            }
            house.clock.advance_ms(1);
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, reached).await.expect("it never happens")
}

async fn deliveries(house: &InProcess, id: EndpointId) -> Vec<Value> {
    let page = PageAsk { limit: 100, anchor: None };
    let principal = Arc::clone(&house.boss);
    let page = house.engine.webhook_deliveries(principal, id, Vec::new(), page).await.unwrap();
    page.items.iter().map(|item| serde_json::from_slice(item).unwrap()).collect()
}

async fn endpoint(house: &InProcess, id: EndpointId) -> Value {
    let principal = Arc::clone(&house.boss);
    let read = house.engine.read_webhook_endpoint(principal, id).await.unwrap();
    serde_json::from_slice(&read.json).unwrap()
}

async fn book(house: &InProcess, asset: AssetId, from: i64) {
    house.book(asset, "ann", window(from, from + 1)).await.unwrap();
}

async fn enable(house: &InProcess, endpoint: EndpointId) {
    let status = Some(EndpointStatus::Enabled);
    let change = EndpointChange { status, ..EndpointChange::default() };
    let update = EndpointCommand::Update { endpoint, change };
    let request = Request { if_match: IfMatch::Any, ..house.request(update) };
    house.engine.webhook_endpoint(request).await.unwrap();
}

/// In order per asset, each with the same body at each try.
fn check_order(arrivals: &[Arrival]) {
    let mut last: BTreeMap<&str, u64> = BTreeMap::new();
    let mut bodies: BTreeMap<&str, &[u8]> = BTreeMap::new();
    for arrival in arrivals {
        let asset = arrival.body["data"]["booking"]["asset_id"].as_str().unwrap_or("");
        let known = bodies.entry(&arrival.id).or_insert(&arrival.bytes);
        assert_eq!(known, &arrival.bytes, "another body under the same id");
        let before = last.entry(asset).or_default();
        assert!(arrival.seq() >= *before, "{asset}: {} after {before}", arrival.seq());
        *before = arrival.seq();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_told_to_whoever_wants_it() {
    let receivers = Receivers::new();
    let house = start(&receivers).await;
    let before = house.register("Van", None).await;
    tell(&house, "all", &["*"]).await;
    tell(&house, "bookings", &["booking.*"]).await;
    tell(&house, "assets", &["asset.created"]).await;
    let after = house.register("Bus", None).await;
    // Far enough away that nothing more happens to them while the clock goes on.
    book(&house, before, 60_000).await;
    book(&house, after, 60_000).await;
    until(&house, || {
        receivers.taken("all").len() == 3
            && receivers.taken("bookings").len() == 2
            && receivers.taken("assets").len() == 1
    })
    .await;
    let told = receivers.taken("all");
    let booking = told.iter().find(|it| it.kind() == "booking.created" && it.seq() == 2).unwrap();
    assert_eq!(booking.id, booking.body["id"].as_str().unwrap());
    assert_eq!(booking.body["created_at"], "2025-08-23T08:00:00Z");
    assert!(booking.body["request_id"].as_str().unwrap().starts_with("key-"));
    assert_eq!(booking.body["data"]["booking"]["status"], "CONFIRMED");
    assert_eq!(receivers.taken("assets")[0].body["data"]["asset"]["name"], "Bus");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_is_tried_again_as_promised_and_given_up_at_last() {
    let receivers = Receivers::new();
    let house = start(&receivers).await;
    let van = house.register("Van", None).await;
    let id = tell(&house, "dead", &["booking.created"]).await;
    receivers.behave("dead", Manner::Fails);
    book(&house, van, 6 * 1_440).await;
    book(&house, van, 6 * 1_440 + 5).await;
    let schedule_s: [i64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
    let mut due = morning();
    for tries in 1..=10 {
        until_now(|| receivers.arrivals("dead").len() >= tries).await;
        let arrivals = receivers.arrivals("dead");
        assert_eq!(arrivals.len(), tries);
        let late_s = arrivals[tries - 1].timestamp_s - due.millis() / 1_000;
        assert!((0..=10).contains(&late_s), "try {tries} came {late_s} s late");
        let Some(wait_s) = schedule_s.get(tries - 1) else { break };
        let found =
            until_read(&house, id, |found| found.first().is_some_and(|it| it["attempts"] == tries))
                .await;
        assert_eq!(found.len(), 1, "the next one waits behind it");
        let next = found[0]["next_attempt_at"].as_str().unwrap();
        let next = Timestamp::parse(next).unwrap();
        let last = Timestamp::parse(found[0]["last_attempt"]["at"].as_str().unwrap()).unwrap();
        let wait_ms = next.millis() - last.millis();
        let (low, high) = (wait_s * 900, wait_s * 1_100);
        assert!((low..=high + 1_000).contains(&wait_ms), "try {tries}: {wait_ms} ms");
        assert_eq!(found[0]["last_attempt"]["status_code"], 503);
        due = next;
        house.clock.set(next);
    }
    // The first is dead; now it is the second one's turn, from the beginning.
    let found = until_read(&house, id, |found| found.len() == 2).await;
    assert_eq!(found[1]["status"], "DEAD");
    assert_eq!(found[1]["attempts"], 10);
    assert_eq!(found[0]["status"], "PENDING");
    let first = receivers.arrivals("dead")[0].id.clone();
    assert!(receivers.arrivals("dead")[..10].iter().all(|arrival| arrival.id == first));
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_asset_that_fails_waits_and_others_go_on() {
    let receivers = Receivers::new();
    let house = start(&receivers).await;
    let mut vans = Vec::new();
    for number in 0..3 {
        vans.push(house.register(&format!("Van {number}"), None).await);
    }
    let id = tell(&house, "flaky", &["booking.created"]).await;
    receivers.behave("flaky", Manner::Fails);
    book(&house, vans[0], 6_000).await;
    // The clock stands still: five seconds later the one that failed would be tried again.
    until_now(|| receivers.arrivals("flaky").len() == 1).await;
    // What failed is written down within a second.
    house.clock.advance_ms(1_100);
    let noted = async {
        while deliveries(&house, id).await.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, noted).await.unwrap();
    receivers.behave("flaky", Manner::Takes);
    for turn in 1..=20 {
        for van in &vans {
            book(&house, *van, 6_000 + turn * 10).await;
        }
    }
    until_now(|| receivers.taken("flaky").len() >= 40).await;
    let parked = vans[0].to_string();
    let of_parked =
        |it: &Arrival| it.taken && it.body["data"]["booking"]["asset_id"] == parked.as_str();
    assert_eq!(receivers.arrivals("flaky").iter().filter(|it| of_parked(it)).count(), 0);
    house.clock.advance_ms(6_000);
    until(&house, || receivers.taken("flaky").len() >= 61).await;
    let taken = receivers.taken("flaky");
    assert_eq!(taken.len(), 61, "each once");
    check_order(&taken);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_neither_resets_nor_hurries_what_waits() {
    let receivers = Receivers::new();
    let mut house = start(&receivers).await;
    let van = house.register("Van", None).await;
    let id = tell(&house, "away", &["booking.created"]).await;
    receivers.behave("away", Manner::Fails);
    book(&house, van, 6_000).await;
    for tries in 1..=3_usize {
        until(&house, || receivers.arrivals("away").len() == tries).await;
        let found =
            until_read(&house, id, |found| found.first().is_some_and(|it| it["attempts"] == tries))
                .await;
        let next = Timestamp::parse(found[0]["next_attempt_at"].as_str().unwrap()).unwrap();
        if tries == 3 {
            break;
        }
        house.clock.set(next.plus_millis(-2_000));
        if tries == 2 {
            house = house.without_views();
        }
        house = house.restart_after(0).await;
        assert_eq!(deliveries(&house, id).await, found, "as before");
        // Longer than the lanes rest, and less than the two seconds.
        for _ in 0..1_000 {
            house.clock.advance_ms(1);
            tokio::task::yield_now().await;
        }
        assert_eq!(receivers.arrivals("away").len(), tries, "not before its time");
        house.clock.set(next);
    }
    // More happens while it waits; after its return all of it arrives, in order.
    for turn in 1..=5 {
        book(&house, van, 6_000 + turn * 10).await;
    }
    house = house.restart_after(10).await;
    receivers.behave("away", Manner::Takes);
    house.clock.advance_ms(HOUR_MS);
    until(&house, || receivers.taken("away").len() >= 6).await;
    check_order(&receivers.taken("away"));
    let found = until_read(&house, id, |found| {
        found.iter().filter(|it| it["status"] == "SUCCEEDED").count() == 6
    })
    .await;
    assert_eq!(found.len(), 6);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_told_twice_of_what_was_written_down() {
    let receivers = Receivers::new();
    let mut house = start(&receivers).await;
    let van = house.register("Van", None).await;
    let id = tell(&house, "ok", &["booking.created"]).await;
    for turn in 0..5 {
        book(&house, van, 6_000 + turn * 10).await;
        until_read(&house, id, |found| found.len() == usize::try_from(turn).unwrap() + 1).await;
        house = house.restart_after(100).await;
    }
    book(&house, van, 7_000).await;
    until(&house, || receivers.taken("ok").len() >= 6).await;
    assert_eq!(receivers.taken("ok").len(), 6);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_hangs_holds_up_nobody_else() {
    let receivers = Receivers::new();
    let house = start(&receivers).await;
    let van = house.register("Van", None).await;
    tell(&house, "hangs", &["booking.created"]).await;
    tell(&house, "ok", &["booking.created"]).await;
    receivers.behave("hangs", Manner::Hangs);
    for turn in 0..300 {
        book(&house, van, 6_000 + turn * 2).await;
    }
    until(&house, || receivers.taken("ok").len() == 300).await;
    assert!(receivers.arrivals("hangs").is_empty());
    receivers.behave("hangs", Manner::Takes);
    house.clock.advance_ms(10_000);
    until(&house, || receivers.taken("hangs").len() == 300).await;
    check_order(&receivers.taken("hangs"));
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_asks_for_time_gets_it_and_one_that_is_gone_is_left_alone() {
    let receivers = Receivers::new();
    let house = start(&receivers).await;
    let van = house.register("Van", None).await;
    let busy = tell(&house, "busy", &["booking.created"]).await;
    let gone = tell(&house, "gone", &["booking.created"]).await;
    receivers.behave("busy", Manner::Busy(3_000));
    receivers.behave("gone", Manner::Gone);
    book(&house, van, 6_000).await;
    let found = until_read(&house, busy, |found| found.len() == 1).await;
    let next = Timestamp::parse(found[0]["next_attempt_at"].as_str().unwrap()).unwrap();
    let last = Timestamp::parse(found[0]["last_attempt"]["at"].as_str().unwrap()).unwrap();
    assert!(next.millis() - last.millis() >= 3_000_000);
    until_read(&house, gone, |found| found.len() == 1).await;
    let told = async {
        while endpoint(&house, gone).await["status"] != "DISABLED" {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, told).await.unwrap();
    assert_eq!(endpoint(&house, gone).await["disabled_reason"], "GONE");
    receivers.behave("busy", Manner::Takes);
    house.clock.advance_ms(HOUR_MS);
    book(&house, van, 6_100).await;
    until(&house, || receivers.taken("busy").len() == 2).await;
    assert_eq!(receivers.arrivals("gone").len(), 1);
    // Enabled again it goes on where it stopped: nothing is lost.
    receivers.behave("gone", Manner::Takes);
    enable(&house, gone).await;
    until(&house, || receivers.taken("gone").len() == 2).await;
    check_order(&receivers.taken("gone"));
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn five_days_of_failure_disable_an_endpoint() {
    let receivers = Receivers::new();
    let house = start(&receivers).await;
    let id = tell(&house, "dead", &["asset.created"]).await;
    receivers.behave("dead", Manner::Fails);
    for day in 0..5 {
        house.register(&format!("Van {day}"), None).await;
        until(&house, || receivers.arrivals("dead").len() > day).await;
        assert_eq!(endpoint(&house, id).await["status"], "ENABLED");
        house.clock.advance_ms(24 * HOUR_MS - 60_000);
    }
    house.clock.advance_ms(10 * 60_000);
    house.register("Van 5", None).await;
    let told = async {
        while endpoint(&house, id).await["status"] != "DISABLED" {
            house.clock.advance_ms(1);
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, told).await.unwrap();
    assert_eq!(endpoint(&house, id).await["disabled_reason"], "FAILING");
    // It comes back, somebody enables it, and all there was arrives, what it missed meanwhile too.
    house.register("Van 6", None).await;
    house.clock.advance_ms(24 * HOUR_MS);
    receivers.behave("dead", Manner::Takes);
    enable(&house, id).await;
    until(&house, || receivers.taken("dead").len() >= 7).await;
    let names: BTreeSet<String> = receivers
        .taken("dead")
        .iter()
        .map(|it| it.body["data"]["asset"]["name"].as_str().unwrap().to_owned())
        .collect();
    let all = (0..7).map(|number| format!("Van {number}")).collect();
    assert_eq!(names, all);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_is_sent_again_on_request() {
    let receivers = Receivers::new();
    let house = start(&receivers).await;
    let van = house.register("Van", None).await;
    let id = tell(&house, "ok", &["booking.created"]).await;
    for turn in 0..3 {
        book(&house, van, 6_000 + turn * 10).await;
        house.clock.advance_ms(60_000);
    }
    let found = until_read(&house, id, |found| found.len() == 3).await;
    let again = LaneCommand::Redeliver(found[1]["id"].as_str().unwrap().parse().unwrap());
    let answer = house.engine.redeliver(house.request(again)).await.unwrap();
    let told: Value = serde_json::from_slice(&answer.json).unwrap();
    assert_eq!((&told["status"], &told["id"]), (&"PENDING".into(), &found[1]["id"]));
    until(&house, || receivers.taken("ok").len() == 4).await;
    let found = until_read(&house, id, |found| {
        found.len() == 3 && found.iter().all(|it| it["status"] == "SUCCEEDED")
    })
    .await;
    assert_eq!(found[1]["attempts"], 2);
    let (from, to) = (morning().plus_millis(50_000), morning().plus_minutes(30));
    let replay = LaneCommand::Replay { from, to };
    house.engine.replay_webhooks(id, house.request(replay)).await.unwrap();
    until(&house, || receivers.taken("ok").len() == 6).await;
    let taken = receivers.taken("ok");
    let ids: Vec<&str> = taken.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(ids, [ids[0], ids[1], ids[2], ids[1], ids[1], ids[2]]);
    command(&house, EndpointCommand::Test { endpoint: id }).await;
    until(&house, || receivers.taken("ok").len() == 7).await;
    assert_eq!(receivers.taken("ok")[6].kind(), "webhook.test");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_secrets_sign_for_a_day_after_a_rotation() {
    let receivers = Receivers::new();
    let house = start(&receivers).await;
    let van = house.register("Van", None).await;
    let id = tell(&house, "ok", &["booking.created"]).await;
    let secret = house.engine.draw_webhook_secret("org_1");
    command(&house, EndpointCommand::RotateSecret { endpoint: id, secret }).await;
    book(&house, van, 6_000).await;
    until(&house, || receivers.taken("ok").len() == 1).await;
    assert_eq!(receivers.taken("ok")[0].secrets.len(), 2);
    house.clock.advance_ms(24 * HOUR_MS);
    book(&house, van, 6_100).await;
    until(&house, || receivers.taken("ok").len() == 2).await;
    assert_eq!(receivers.taken("ok")[1].secrets.len(), 1);
    house.stop().await;
}
