//! What is asked before a booking: what it would cost, when the asset is taken; and how a window that
//! the terms do not allow is refused.

use reqwest::Method;
use serde_json::{Value, json};

use super::{booked, with_role};
use crate::{
    audit_chain,
    harness::{Caller, Reply, Server, fresh_key},
    surface::findings,
};

async fn quote(caller: &Caller, asset: &str, start: &str, end: &str) -> Reply {
    let body = json!({"start": start, "end": end});
    caller.send(Method::POST, &format!("/assets/{asset}/quote"), &[], Some(&body)).await
}

fn within(asset: &str, from: &str, to: &str) -> String {
    format!("/assets/{asset}/availability?from={from}&to={to}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quote_is_what_a_booking_then_costs_and_writes_nothing() {
    let server = Server::start().await;
    let owner = server.caller("usr_9", "org_1");
    let pricing = json!({"currency": "CHF", "per_hour_minor": 1201, "per_day_minor": 6000});
    let asset = owner.asset_under(json!({"pricing": pricing, "buffer_after_minutes": 15})).await;
    let path = format!("/assets/{asset}");
    let before = owner.get(&path).await;
    let (start, end) = (server.in_minutes(60), server.in_minutes(90));
    let told = quote(&owner, &asset, &start, &end).await;
    let line = json!({"amount_minor": 601, "quantity": 30, "type": "BASE", "unit": "MINUTE"});
    let expected = json!({"cost_lines": [line], "currency": "CHF", "end": end,
        "estimated_cost_minor": 601, "start": start, "terms_version": 1});
    assert_eq!(told.expect(200), expected);
    for name in ["etag", "location", "idempotency-replayed"] {
        assert_eq!(told.header(name), None, "{name}");
    }
    // Whole days at the day's rate, the rest never above it.
    let days = quote(&owner, &asset, &start, &server.in_minutes(60 + 3 * 1440 - 60)).await;
    assert_eq!(days.expect(200)["estimated_cost_minor"], 3 * 6000);

    assert_eq!(owner.get(&path).await.bytes, before.bytes);
    assert_eq!(owner.get(&format!("{path}/bookings")).await.expect(200)["items"], json!([]));
    assert_eq!(audit_chain::verified(&owner, &asset).await.len(), 1);

    let booking = owner.book(&asset, &start, &end).await.expect(201);
    assert_eq!(booking["estimated_cost_minor"], 601);
    assert_eq!((&booking["currency"], &booking["cost_minor"]), (&json!("CHF"), &json!(null)));
    // It holds nothing, so it meets nothing: the taken window has a price still.
    assert_eq!(quote(&owner, &asset, &start, &end).await.bytes, told.bytes);
    let again = [("idempotency-key", "ignored")];
    let body = json!({"start": start, "end": end});
    let keyed = owner.send(Method::POST, &format!("{path}/quote"), &again, Some(&body)).await;
    assert_eq!((keyed.bytes, keyed.headers.get("idempotency-replayed")), (told.bytes, None));
}

/// Without what names the request.
fn document(reply: &Reply, status: u16, code: &str) -> Value {
    let mut body = reply.refused(status, code);
    for member in ["instance", "traceId"] {
        body.as_object_mut().unwrap().remove(member);
    }
    body
}

/// A window that some terms do not allow, and what is said of it.
struct Forbidden {
    terms: Value,
    start: String,
    end: String,
    code: &'static str,
    pointers: &'static [&'static str],
    extra: (&'static str, Value),
}

/// Every day from seven to six.
fn hours() -> Value {
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let week = days.iter().map(|name| ((*name).to_owned(), json!([["07:00", "18:00"]])));
    json!({"opening_hours": week.collect::<serde_json::Map<_, _>>()})
}

/// The day after tomorrow, at a time.
fn at(server: &Server, time: &str) -> String {
    let date = &server.in_minutes(2 * 1440)[..10];
    format!("{date}T{time}:00Z")
}

fn forbidden(server: &Server) -> Vec<Forbidden> {
    let outside = |terms, (start, end), pointers, open| Forbidden {
        terms,
        start: at(server, start),
        end: at(server, end),
        code: "OUTSIDE_OPENING_HOURS",
        pointers,
        extra: ("open", open),
    };
    let too_long = |terms, end, limit_minutes: u32| Forbidden {
        terms,
        start: at(server, "08:00"),
        end: at(server, end),
        code: "DURATION_OUT_OF_RANGE",
        pointers: &["#/end"],
        extra: ("limit_minutes", json!(limit_minutes)),
    };
    let open = json!([{"start": at(server, "07:00"), "end": at(server, "18:00")}]);
    let closed = json!({"opening_hours": {}});
    vec![
        outside(hours(), ("06:59", "08:00"), &["#/start"], open.clone()),
        outside(hours(), ("17:00", "18:01"), &["#/end"], open.clone()),
        outside(hours(), ("18:00", "19:00"), &["#/start", "#/end"], open),
        outside(closed, ("08:00", "09:00"), &["#/start", "#/end"], json!([])),
        too_long(json!({"min_minutes": 30}), "08:29", 30),
        too_long(json!({"max_minutes": 60}), "09:01", 60),
        too_long(json!({"min_minutes": 61, "max_minutes": 61}), "09:00", 61),
        Forbidden {
            terms: json!({"max_advance_days": 1}),
            start: server.in_minutes(1450),
            end: server.in_minutes(1500),
            code: "TOO_FAR_AHEAD",
            pointers: &["#/start"],
            extra: ("limit_minutes", json!(1440)),
        },
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_terms_do_not_allow_is_refused_alike_to_bookings_and_quotes() {
    let server = Server::start().await;
    let owner = server.caller("usr_9", "org_1");
    for Forbidden { terms, start, end, code, pointers, extra: (name, value) } in forbidden(&server)
    {
        let asset = owner.asset_under(terms.clone()).await;
        let told = document(&owner.book(&asset, &start, &end).await, 422, code);
        assert_eq!(document(&quote(&owner, &asset, &start, &end).await, 422, code), told);
        let errors = told["errors"].as_array().unwrap();
        let pointed: Vec<_> = errors.iter().map(|it| it["pointer"].as_str().unwrap()).collect();
        assert_eq!(pointed, pointers, "{terms}");
        assert_eq!(told[name], value, "{terms}");
    }
    // The borders themselves are open, and an exception opens a day.
    let (opens, closes) = (at(&server, "07:00"), at(&server, "18:00"));
    let exceptions = json!({&opens[..10]: [["07:00", "18:00"]]});
    let exception = json!({"opening_hours": {"exceptions": exceptions}});
    for terms in [hours(), exception] {
        let asset = owner.asset_under(terms).await;
        owner.book(&asset, &opens, &closes).await.expect(201);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_says_when_it_was_and_counts_for_quotes() {
    let server = Server::start().await;
    let owner = server.caller("usr_9", "org_1");
    let asset = owner.asset_under(json!({"deadline_minutes": 120})).await;
    let (start, end) = (server.in_minutes(119), server.in_minutes(180));
    let late = owner.book(&asset, &start, &end).await;
    let told = late.refused(409, "BOOKING_DEADLINE_PASSED");
    assert_eq!(told["deadline_at"], server.in_minutes(-1));
    assert!(told["now"].as_str().unwrap() >= told["deadline_at"].as_str().unwrap(), "{told}");
    quote(&owner, &asset, &start, &end).await.refused(409, "BOOKING_DEADLINE_PASSED");

    let body = json!({"status": "INACTIVE"});
    owner.put(&format!("/assets/{asset}"), &fresh_key(), "*", &body).await.expect(200);
    let (start, end) = (server.in_minutes(300), server.in_minutes(360));
    quote(&owner, &asset, &start, &end).await.refused(409, "ASSET_UNAVAILABLE");
}

#[tokio::test(flavor = "multi_thread")]
async fn availability_shows_claims_joined_and_clipped_and_nobody() {
    let server = Server::start().await;
    let owner = server.caller("usr_9", "org_1");
    let terms = json!({"time_zone": "Europe/Berlin", "buffer_before_minutes": 5,
        "buffer_after_minutes": 15});
    let asset = owner.asset_under(terms).await;
    let at = |minutes| server.in_minutes(minutes);
    booked(&server, &owner, &asset, 60).await;
    booked(&server, &owner, &asset, 140).await;
    let (path, _) = booked(&server, &owner, &asset, 300).await;
    let busy = |from: i64, to: i64| json!({"end": at(to), "kind": "BOOKING", "start": at(from)});
    let expected = json!({"asset_id": asset, "busy": [busy(55, 215), busy(295, 330)],
        "from": at(0), "time_zone": "Europe/Berlin", "to": at(330)});
    let member = server.member("usr_8", "org_1");
    let url = within(&asset, &at(0), &at(330));
    for caller in [&owner, &member, &with_role(&server, "usr_6", "auditor")] {
        let told = caller.get(&url).await;
        assert_eq!(told.expect(200), expected);
        assert_eq!(told.header("etag"), None);
    }
    assert_eq!(member.get(&within(&asset, &at(215), &at(295))).await.json()["busy"], json!([]));

    // What is cancelled is free at once.
    owner.post(&format!("{path}/cancel"), &fresh_key(), &json!({})).await.expect(200);
    assert_eq!(member.get(&url).await.json()["busy"], json!([busy(55, 215)]));
    let offset = within(&asset, "2028-01-01T01:00:00%2B01:00", "2028-01-02T00:00:00Z");
    assert_eq!(member.get(&offset).await.expect(200)["from"], "2028-01-01T00:00:00Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_of_bad_shape_are_told_everything() {
    let server = Server::start().await;
    let owner = server.caller("usr_9", "org_1");
    let asset = owner.asset("Van").await;
    let (from, to) = ("2028-01-01T00:00:00Z", "2028-04-02T00:00:00Z");
    owner.get(&within(&asset, from, to)).await.expect(200);
    let base = format!("/assets/{asset}/availability");
    let rows = [
        (String::new(), vec!["from is required", "to is required"]),
        (format!("?from={from}&to={from}"), vec!["to must be after from"]),
        (
            format!("?from={from}&to=2028-04-02T00:00:01Z"),
            vec!["to must be at most 92 days after from"],
        ),
        (
            format!("?from=today&to={to}&to={to}&until=1"),
            vec![
                "from must be an RFC 3339 instant with an offset",
                "to must be given once",
                "until unknown parameter",
            ],
        ),
    ];
    for (query, expected) in rows {
        let told = owner.get(&format!("{base}{query}")).await.refused(422, "VALIDATION_FAILED");
        assert_eq!(findings(&told), expected, "{query}");
    }
    let path = format!("/assets/{asset}/quote");
    let body = json!({"start": from, "user_id": "usr_9"});
    let told = owner.send(Method::POST, &format!("{path}?dry=1"), &[], Some(&body)).await;
    let expected = ["dry unknown parameter", "#/end is required", "#/user_id unknown member"];
    assert_eq!(findings(&told.refused(422, "VALIDATION_FAILED")), expected);
    let told = quote(&owner, &asset, to, from).await.refused(422, "VALIDATION_FAILED");
    assert_eq!(findings(&told), ["#/end must be after start"]);
    let told = owner.send(Method::POST, &path, &[], None).await;
    assert_eq!(told.refused(422, "VALIDATION_FAILED")["errors"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn scopes_of_the_questions() {
    let server = Server::start().await;
    let owner = server.caller("usr_9", "org_1");
    let asset = owner.asset("Van").await;
    let (start, end) = (server.in_minutes(60), server.in_minutes(120));
    // Of each scope: availability, quote.
    let rows = [("asset:read", 200, 403), ("booking:write", 200, 200), ("asset:write", 403, 403)];
    for (scope, availability, price) in rows {
        let caller = server.caller_with("usr_8", "org_1", |claims| claims.scope = scope.into());
        let told = caller.get(&within(&asset, &start, &end)).await;
        assert_eq!(told.status, availability, "{scope}");
        assert_eq!(quote(&caller, &asset, &start, &end).await.status, price, "{scope}");
    }
    let told = owner.send(Method::GET, &format!("/assets/{asset}/quote"), &[], None).await;
    assert_eq!(told.header("allow"), Some("POST, OPTIONS"));
    told.refused(405, "METHOD_NOT_ALLOWED");
}
