//! Real traffic with its real use: check-in and check-out when the aircraft really left and arrived,
//! flights that were cancelled, late and early ones, under a clock that the test moves.
//!
//! What each aircraft answers and what each flight costs is worked out a second time here, from the
//! file alone. `HOLDFAST_FLIGHTS=FILE.csv.gz` plays a whole file instead of the slice.

use std::{collections::BTreeMap, io::Read as _};

use holdfast_actors::clock::Clock as _;
use holdfast_domain::{
    AssetId, BookingId, Timestamp,
    asset::{BookingStatus, Command},
    rejection::Window,
};
use serde_json::{Value, json};

use crate::in_process::{self, InProcess};

const MINUTE_MS: i64 = 60_000;
const EARLY_MINUTES: i64 = 20;
const GRACE_MINUTES: i64 = 10;
const HOURLY: i64 = 1_250;
const LATE_PERIOD_MINUTES: i64 = 15;
const LATE_AMOUNT: i64 = 700;
const LATE_CAP: i64 = 9_000;
const NO_SHOW_FEE: i64 = 4_000;
const NO_SHOW_MINUTES: i64 = 90;

struct Flight {
    aircraft: String,
    user: String,
    window: Window,
    actual: Option<Window>,
}

/// In file order.
fn flights() -> Vec<Flight> {
    let text = match std::env::var_os("HOLDFAST_FLIGHTS") {
        None => include_str!("../fixtures/flights.csv").to_owned(),
        Some(path) => {
            let file = std::fs::File::open(path).unwrap();
            let mut text = String::new();
            flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
            text
        }
    };
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let column = |name: &str| names.iter().position(|it| *it == name).unwrap();
    let [code, user, start, end, actual_start, actual_end] =
        ["asset_code", "user", "start", "end", "actual_start", "actual_end"].map(column);
    let at = |text: &str| Timestamp::parse(text).unwrap();
    lines
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            let used = !cells[actual_start].is_empty() && !cells[actual_end].is_empty();
            Flight {
                aircraft: cells[code].to_owned(),
                user: cells[user].to_owned(),
                window: Window { start: at(cells[start]), end: at(cells[end]) },
                actual: used
                    .then(|| Window { start: at(cells[actual_start]), end: at(cells[actual_end]) }),
            }
        })
        .collect()
}

fn booking_terms() -> Value {
    json!({
        "time_zone": "America/New_York",
        "check_in": {"early_minutes": EARLY_MINUTES, "no_show_after_minutes": NO_SHOW_MINUTES},
        "pricing": {
            "currency": "USD", "per_hour_minor": HOURLY, "no_show_fee_minor": NO_SHOW_FEE,
            "late_fee": {
                "grace_minutes": GRACE_MINUTES, "per_started_minutes": LATE_PERIOD_MINUTES,
                "amount_minor": LATE_AMOUNT, "cap_minor": LATE_CAP,
            },
        },
    })
}

/// What happens to a flight at a moment.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Step {
    /// First of those at one moment, as an aircraft that comes back can leave again.
    CheckOut,
    Cancel,
    CheckIn,
}

/// One aircraft, worked out by the rules as a person would read them: its flights one by one.
#[derive(Default)]
struct Aircraft {
    flights: Vec<Expected>,
    /// Which of them it is out with.
    out: Option<usize>,
    free_since: i64,
}

struct Expected {
    id: Option<BookingId>,
    window: Window,
    status: BookingStatus,
    actual_start: i64,
    cost: Option<i64>,
}

fn minutes(millis: i64) -> i64 {
    (millis + MINUTE_MS - 1) / MINUTE_MS
}

impl Aircraft {
    /// Half-open windows against all earlier ones.
    fn takes(&self, window: Window) -> bool {
        self.flights
            .iter()
            .filter(|it| it.id.is_some())
            .all(|it| window.end <= it.window.start || it.window.end <= window.start)
    }

    /// What has happened by itself before a moment: flights that nobody took up.
    fn pass(&mut self, now: i64) {
        for index in 0..self.flights.len() {
            let free_since = self.free_since;
            let out = self.out.is_some();
            let flight = &mut self.flights[index];
            if flight.status != BookingStatus::Confirmed || flight.id.is_none() {
                continue;
            }
            let (start, end) = (flight.window.start.millis(), flight.window.end.millis());
            let patience = (NO_SHOW_MINUTES * MINUTE_MS).min(end - start);
            let given_up = start.max(free_since) + patience;
            if !out && given_up <= end && given_up <= now {
                flight.status = BookingStatus::NoShow;
                flight.cost = Some(NO_SHOW_FEE);
            } else if (out || given_up > end) && end <= now {
                flight.status = BookingStatus::Expired;
                flight.cost = Some(0);
            }
        }
    }

    /// The code of the answer, or the status it leads to.
    fn step(&mut self, index: usize, step: Step, now: i64) -> &'static str {
        self.pass(now);
        let flight = &self.flights[index];
        let (start, end) = (flight.window.start.millis(), flight.window.end.millis());
        match step {
            Step::Cancel if flight.status == BookingStatus::Confirmed => {
                self.flights[index].status = BookingStatus::Cancelled;
                self.flights[index].cost = Some(0);
                "CANCELLED"
            }
            Step::CheckIn if flight.status == BookingStatus::Confirmed => {
                if now < start - EARLY_MINUTES * MINUTE_MS || now >= end {
                    return "INVALID_TRANSITION";
                }
                let claimed = self.flights.iter().enumerate().any(|(other, it)| {
                    let (from, to) = (it.window.start.millis(), it.window.end.millis());
                    let live = it.id.is_some() && it.status == BookingStatus::Confirmed;
                    other != index && live && from <= now && now < to
                });
                if self.out.is_some() || (now < start && claimed) {
                    return "ASSET_IN_USE";
                }
                self.out = Some(index);
                self.flights[index].status = BookingStatus::CheckedIn;
                self.flights[index].actual_start = now;
                "CHECKED_IN"
            }
            Step::CheckOut if flight.status == BookingStatus::CheckedIn => {
                let late = now - end;
                let fee = if late > GRACE_MINUTES * MINUTE_MS {
                    let period = LATE_PERIOD_MINUTES * MINUTE_MS;
                    ((late + period - 1) / period * LATE_AMOUNT).min(LATE_CAP)
                } else {
                    0
                };
                let base = (minutes(end - start) * HOURLY * 2 + 60) / 120;
                let flight = &mut self.flights[index];
                flight.status = BookingStatus::CheckedOut;
                flight.cost = Some(base + fee);
                (self.out, self.free_since) = (None, now);
                "CHECKED_OUT"
            }
            _ => "INVALID_TRANSITION",
        }
    }
}

/// The code of the answer, or the status it leads to.
async fn take(house: &InProcess, asset: AssetId, id: BookingId, step: Step) -> String {
    let booking = Some(id);
    let command = match step {
        Step::CheckIn => Command::CheckIn { booking, condition_notes: None },
        Step::CheckOut => Command::CheckOut { booking, extra_cost_minor: None },
        Step::Cancel => Command::CancelBooking { booking: id, reason: None },
    };
    match house.submit(asset, command).await {
        Ok(answer) => in_process::booking(&answer.json).status.name().to_owned(),
        Err(rejection) => rejection.code().to_owned(),
    }
}

/// What came of a whole replay.
#[derive(Debug, Default)]
struct Tally {
    answers: BTreeMap<&'static str, usize>,
    ends: BTreeMap<&'static str, usize>,
    late_returns: usize,
}

/// Every flight comes back so many minutes later than it did.
async fn replay(flights: &[Flight], later_minutes: i64) -> Tally {
    let first = flights.iter().map(|flight| flight.window.start).min().unwrap();
    let house = InProcess::start(first.plus_minutes(-24 * 60)).await;
    let mut fleet: BTreeMap<&str, (AssetId, Aircraft)> = BTreeMap::new();
    let mut steps: Vec<(Timestamp, Step, usize, usize)> = Vec::new();
    let mut tally = Tally::default();
    for (number, flight) in flights.iter().enumerate() {
        if !fleet.contains_key(&*flight.aircraft) {
            let asset = house.register(&flight.aircraft, Some(&booking_terms())).await;
            fleet.insert(&flight.aircraft, (asset, Aircraft::default()));
        }
        let (asset, aircraft) = fleet.get_mut(&*flight.aircraft).unwrap();
        let booked = house.book(*asset, &flight.user, flight.window).await;
        let id = booked.map_err(|why| assert_eq!(why.code(), "BOOKING_OVERLAP")).ok();
        assert_eq!(id.is_some(), aircraft.takes(flight.window), "admission of row {number}");
        *tally
            .answers
            .entry(if id.is_some() { "CONFIRMED" } else { "BOOKING_OVERLAP" })
            .or_default() += 1;
        let index = aircraft.flights.len();
        aircraft.flights.push(Expected {
            id,
            window: flight.window,
            status: BookingStatus::Confirmed,
            actual_start: 0,
            cost: None,
        });
        match flight.actual.filter(|_| id.is_some()) {
            Some(actual) => {
                steps.push((actual.start, Step::CheckIn, number, index));
                let back = actual.end.plus_minutes(later_minutes);
                steps.push((back, Step::CheckOut, number, index));
            }
            None if id.is_some() => {
                steps.push((flight.window.start.plus_minutes(-60), Step::Cancel, number, index));
            }
            None => {}
        }
    }
    steps.sort_by_key(|(at, step, number, _)| (*at, *step, *number));
    for (at, step, number, index) in steps {
        house.clock.set(at.max(house.clock.now()));
        let (asset, aircraft) = fleet.get_mut(&*flights[number].aircraft).unwrap();
        let id = aircraft.flights[index].id.unwrap();
        let expected = aircraft.step(index, step, at.millis());
        let late = step == Step::CheckOut && expected == "CHECKED_OUT";
        tally.late_returns += usize::from(late && at > flights[number].window.end);
        *tally.answers.entry(expected).or_default() += 1;
        let answer = take(&house, *asset, id, step).await;
        assert_eq!(answer, expected, "{step:?} of row {number} at {at}");
    }
    last_images(&house, fleet, &mut tally).await;
    house.stop().await;
    tally
}

/// Long after the last flight: what each of them came to.
async fn last_images(
    house: &InProcess,
    mut fleet: BTreeMap<&str, (AssetId, Aircraft)>,
    tally: &mut Tally,
) {
    house.clock.advance_ms(40 * 24 * 60 * 60 * 1_000);
    let now = house.clock.now().millis();
    for (_, aircraft) in fleet.values_mut() {
        aircraft.pass(now);
        for flight in aircraft.flights.iter().filter(|flight| flight.id.is_some()) {
            let image = house.ended(flight.id.unwrap()).await;
            assert_eq!(
                (image.status, image.cost_minor),
                (flight.status, flight.cost),
                "{}",
                image.id
            );
            let sum: i64 = image.cost_lines.iter().map(|line| line.amount_minor).sum();
            assert_eq!(image.cost_minor, Some(sum));
            *tally.ends.entry(image.status.name()).or_default() += 1;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn real_flights_are_used_as_they_really_were() {
    let tally = replay(&flights(), 0).await;
    println!("{tally:#?}");
    for wanted in ["CHECKED_IN", "CHECKED_OUT", "CANCELLED", "INVALID_TRANSITION"] {
        assert!(tally.answers.contains_key(wanted), "the traffic has no {wanted}");
    }
    assert!(tally.late_returns > 0);
}

/// An aircraft never really left before it was back; here the next flight has to wait for it.
#[tokio::test(flavor = "multi_thread")]
async fn real_flights_wait_for_aircraft_that_come_back_late() {
    let tally = replay(&flights(), 9 * 60).await;
    println!("{tally:#?}");
    assert!(tally.answers.contains_key("ASSET_IN_USE"), "nobody had to wait");
    assert!(tally.ends.contains_key("EXPIRED"), "nobody waited in vain");
}
