//! Usage through HTTP: the contract's example, who sees what, pages, and what was just written.

use holdfast_actors::EngineOptions;
use serde_json::{Value, json};

use crate::{
    dated::{Dated, example_terms, folds, post},
    harness::Caller,
};

const AUGUST: &str = "2025-08-23T12:34:56Z";

/// Books, takes and returns; the booking's id.
async fn use_it(server: &Dated, caller: &Caller, asset: &str, times: [&str; 4]) -> String {
    let [start, end, taken, returned] = times;
    let booking = caller.book(asset, start, end).await.expect(201);
    let named = json!({"booking_id": booking["id"]});
    server.at(taken);
    post(caller, &format!("/assets/{asset}/check-in"), named.clone()).await;
    server.at(returned);
    post(caller, &format!("/assets/{asset}/check-out"), named).await;
    booking["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_of_the_contract() {
    let server = Dated::start(AUGUST).await;
    let owner = server.caller("usr_9", "org_1");
    let asset = owner.asset_under(example_terms()).await;
    let booking = owner.book(&asset, "2025-09-01T08:00:00Z", "2025-09-01T16:00:00Z").await;
    let id = booking.expect(201)["id"].clone();
    server.at("2025-09-01T08:02:11Z");
    let path = format!("/assets/{asset}");
    post(&owner, &format!("{path}/check-in"), json!({"booking_id": id})).await;
    server.at("2025-09-01T16:47:00Z");
    let returned = json!({"booking_id": id, "extra_cost_minor": 500});
    post(&owner, &format!("{path}/check-out"), returned).await;
    let expected = json!({"items": [{"booking_id": id, "user_id": "usr_9",
        "outcome": "CHECKED_OUT", "start": "2025-09-01T08:00:00Z", "end": "2025-09-01T16:00:00Z",
        "actual_start": "2025-09-01T08:02:11Z", "actual_end": "2025-09-01T16:47:00Z",
        "ended_at": "2025-09-01T16:47:00Z", "booked_minutes": 480, "used_minutes": 525,
        "late_minutes": 47, "cost_minor": 8300, "currency": "EUR"}],
        "next_cursor": null, "prev_cursor": null, "has_more": false,
        "summary": {"bookings": 1, "no_shows": 0, "used_minutes": 525, "booked_minutes": 480,
            "late_minutes": 47, "utilisation_bp": 121,
            "by_currency": [{"currency": "EUR", "cost_minor": 8300}]}});
    let september = format!("{path}/usage?date_from=2025-09-01&date_to=2025-10-01");
    assert_eq!(owner.get(&september).await.expect(200), expected);

    // Costs are whole, minutes are clipped; what ended before or after is left out.
    let rows: [(&str, u64, i64, i64); 5] = [
        ("date_from=2025-09-01T16:30:00Z&date_to=2025-09-01T16:47:00.001Z", 1, 17, 8300),
        ("date_from=2025-09-01T16:47:00Z", 1, 0, 8300),
        ("date_from=2025-09-02", 0, 0, 0),
        ("date_to=2025-09-01T16:47:00Z", 0, 0, 0),
        ("date_to=2025-09-02", 1, 525, 8300),
    ];
    for (query, bookings, used, cost) in rows {
        let page = owner.get(&format!("{path}/usage?{query}")).await.expect(200);
        let summary = &page["summary"];
        assert_eq!(summary["bookings"], bookings, "{query}");
        assert_eq!(summary["used_minutes"], used, "{query}");
        let found = summary["by_currency"][0]["cost_minor"].as_i64();
        assert_eq!(found.unwrap_or(0), cost, "{query}");
        assert_eq!(page["items"].as_array().unwrap().len() as u64, bookings, "{query}");
        let whole = query.contains("date_from") && query.contains("date_to");
        assert_eq!(summary["utilisation_bp"].is_null(), !whole, "{query}");
    }

    // A later correction changes the cost of the row, and not when it ended.
    server.at("2025-10-05T00:00:00Z");
    let boss = server.caller("usr_2", "org_1");
    let less = json!({"amount_minor": -300, "reason": "goodwill"});
    post(&boss, &format!("/bookings/{}/adjustments", id.as_str().unwrap()), less).await;
    let page = owner.get(&september).await.expect(200);
    assert_eq!(page["items"][0]["cost_minor"], 8000);
    assert_eq!(page["items"][0]["ended_at"], "2025-09-01T16:47:00Z");
    assert_eq!(page["summary"]["by_currency"][0]["cost_minor"], 8000);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_did_is_told_without_their_names() {
    let server = Dated::start(AUGUST).await;
    let owner = server.caller("usr_9", "org_1");
    let mut body = owner.asset_body("Van");
    body["shared_with"] = json!(["org_2"]);
    body["booking_terms"] = json!({"check_in": {"no_show_after_minutes": 10},
        "pricing": {"cancel_fee_minor": 70, "no_show_fee_minor": 900}});
    let asset = post(&owner, "/assets", body).await["id"].as_str().unwrap().to_owned();
    let member = server.member("usr_8", "org_1");
    let guest = server.caller("usr_8", "org_2");
    use_it(
        &server,
        &member,
        &asset,
        [
            "2025-08-24T08:00:00Z",
            "2025-08-24T09:00:00Z",
            "2025-08-24T08:00:00Z",
            "2025-08-24T08:30:00Z",
        ],
    )
    .await;
    let cancelled = guest.book(&asset, "2025-08-25T08:00:00Z", "2025-08-25T09:00:00Z").await;
    let cancelled = cancelled.expect(201)["id"].as_str().unwrap().to_owned();
    post(&guest, &format!("/bookings/{cancelled}/cancel"), json!({})).await;
    // By somebody else, so without a fee: no row.
    let free = member.book(&asset, "2025-08-25T08:00:00Z", "2025-08-25T09:00:00Z").await;
    let free = free.expect(201)["id"].as_str().unwrap().to_owned();
    post(&owner, &format!("/bookings/{free}/cancel"), json!({})).await;
    let missed = owner.book(&asset, "2025-08-26T08:00:00Z", "2025-08-26T09:00:00Z").await;
    let missed = missed.expect(201)["id"].as_str().unwrap().parse().unwrap();
    server.at("2025-08-26T12:00:00Z");
    server.house.ended(missed).await;

    let usage = format!("/assets/{asset}/usage");
    let auditor = server.role("auditor", "usr_5", "org_1");
    let names = |page: &Value| -> Vec<(String, Value)> {
        let items = page["items"].as_array().unwrap().iter();
        items
            .map(|row| (row["outcome"].as_str().unwrap().to_owned(), row["user_id"].clone()))
            .collect()
    };
    let rows = [
        (&owner, [json!("usr_9"), json!("usr_8"), json!("usr_8")]),
        (&auditor, [json!("usr_9"), json!("usr_8"), json!("usr_8")]),
        (&member, [json!(null), json!(null), json!("usr_8")]),
        (&guest, [json!(null), json!("usr_8"), json!(null)]),
    ];
    for (caller, [third, second, first]) in rows {
        let page = caller.get(&usage).await.expect(200);
        let expected = [("NO_SHOW", third), ("CANCELLED", second), ("CHECKED_OUT", first)];
        let expected = expected.map(|(outcome, user)| (outcome.to_owned(), user));
        assert_eq!(names(&page), expected, "{} of {}", caller.sub, caller.org);
        assert_eq!(page["items"][0]["ended_at"], "2025-08-26T08:10:00Z");
        let summary = json!({"booked_minutes": 180, "bookings": 3, "late_minutes": 0,
            "no_shows": 1, "used_minutes": 30, "utilisation_bp": null,
            "by_currency": [{"cost_minor": 970, "currency": "EUR"}]});
        assert_eq!(page["summary"], summary);
    }
    server.caller("usr_1", "org_3").get(&usage).await.refused(404, "NOT_FOUND");
    let far = server.caller_with("usr_3", "org_1", |claims| {
        claims.locations = Some(vec!["loc_8".into()]);
    });
    far.get(&usage).await.refused(404, "NOT_FOUND");
    let writer =
        server.caller_with("usr_9", "org_1", |claims| claims.scope = "booking:write".into());
    writer.get(&usage).await.refused(403, "INSUFFICIENT_SCOPE");
    for query in
        ["date_from=yesterday", "date_from=2025-09-02&date_to=2025-09-01", "from=2025-09-01"]
    {
        owner.get(&format!("{usage}?{query}")).await.refused(422, "VALIDATION_FAILED");
    }
}

/// Uses one after the other, each longer booked before than the one that ends before it.
async fn pages_hold_together(options: EngineOptions) {
    let server = Dated::start_with("2025-09-01T00:00:00Z", options).await;
    let owner = server.caller("usr_9", "org_1");
    let asset = owner.asset("Van").await;
    let day = |day: usize, hour: usize| format!("2025-09-{:02}T{hour:02}:00:00Z", day + 1);
    let mut ids = Vec::new();
    for number in (1..=9).rev() {
        let booked = owner.book(&asset, &day(number, 8), &day(number, 10)).await.expect(201);
        ids.push(booked["id"].clone());
    }
    ids.reverse();
    let path = format!("/assets/{asset}");
    for (number, id) in (1..).zip(&ids) {
        let named = json!({"booking_id": id});
        server.at(&day(number, 8));
        post(&owner, &format!("{path}/check-in"), named.clone()).await;
        server.at(&day(number, 9));
        post(&owner, &format!("{path}/check-out"), named).await;
        let page = owner.get(&format!("{path}/usage?limit=1")).await.expect(200);
        assert_eq!(page["items"][0]["booking_id"], *id, "right after the write");
        assert_eq!(page["summary"]["used_minutes"], 60 * number);
    }
    let server = check_pages(server, &path, &ids).await;
    check_pages(server.restart().await, &path, &ids).await;
}

async fn check_pages(server: Dated, path: &str, ids: &[Value]) -> Dated {
    let owner = server.caller("usr_9", "org_1");
    let newest_first: Vec<Value> = ids.iter().rev().cloned().collect();
    for limit in [1, 2, 4, 9, 10] {
        let rows = owner.pages(&format!("{path}/usage"), limit).await;
        let found: Vec<_> = rows.iter().map(|row| row["booking_id"].clone()).collect();
        assert_eq!(found, newest_first, "{limit}");
    }
    let query = "usage?date_from=2025-09-03&date_to=2025-09-08&limit=2";
    let (mut page, mut pages) = (owner.get(&format!("{path}/{query}")).await.expect(200), vec![]);
    let summary = page["summary"].clone();
    assert_eq!((&summary["bookings"], &summary["utilisation_bp"]), (&json!(5), &json!(416)));
    while let Some(next) = page["next_cursor"].as_str() {
        let next = format!("{path}/{query}&cursor={next}");
        pages.push(page);
        page = owner.get(&next).await.expect(200);
        assert_eq!(page["summary"], summary, "the same on each page");
    }
    assert_eq!((pages.len(), page["items"].as_array().unwrap().len()), (2, 1));
    while let Some(earlier) = pages.pop() {
        let prev = page["prev_cursor"].as_str().unwrap();
        page = owner.get(&format!("{path}/{query}&cursor={prev}")).await.expect(200);
        assert_eq!(page["items"], earlier["items"]);
    }
    assert_eq!(page["prev_cursor"], json!(null));
    let stranger = server.caller("usr_7", "org_1");
    let next = page["next_cursor"].as_str().unwrap();
    let stolen = stranger.get(&format!("{path}/{query}&cursor={next}")).await;
    stolen.refused(400, "INVALID_CURSOR");
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_hold_together_with_and_without_folds() {
    for options in folds() {
        pages_hold_together(options).await;
    }
}
