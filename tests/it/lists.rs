//! Lists: every row once, newest first, back and forth, bound to filter and caller.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::harness::{Server, fresh_key};

fn ids(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|row| row["id"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_lead_forth_and_back_without_loss() {
    let server = Server::start().await;
    let owner = server.caller("usr_9", "org_1");
    let mut made = Vec::new();
    for number in 0..23 {
        made.push(owner.asset(&format!("Van {number}")).await);
    }
    made.reverse();
    for limit in [1, 5, 22, 23, 24, 100] {
        assert_eq!(ids(&owner.pages("/assets", limit).await), made, "limit {limit}");
    }
    let first = owner.get("/assets?limit=5").await.expect(200);
    assert!(first["prev_cursor"].is_null());
    let next = first["next_cursor"].as_str().unwrap();
    let second = owner.get(&format!("/assets?limit=5&cursor={next}")).await.expect(200);
    let back = second["prev_cursor"].as_str().unwrap();
    let again = owner.get(&format!("/assets?limit=5&cursor={back}")).await.expect(200);
    assert_eq!(again["items"], first["items"]);

    // What is added meanwhile moves nothing that was there.
    owner.asset("Newcomer").await;
    let later = owner.get(&format!("/assets?limit=5&cursor={next}")).await.expect(200);
    assert_eq!(later["items"], second["items"]);

    let other = server.caller("usr_8", "org_1");
    let foreign = other.get(&format!("/assets?limit=5&cursor={next}")).await;
    foreign.refused(400, "INVALID_CURSOR");
    let filtered = owner.get(&format!("/assets?category=X&limit=5&cursor={next}")).await;
    filtered.refused(400, "INVALID_CURSOR");
    for limit in ["0", "101", "-1", "ten"] {
        owner.get(&format!("/assets?limit={limit}")).await.refused(422, "VALIDATION_FAILED");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn asset_filters_narrow_exactly() {
    let server = Server::start().await;
    let owner = server.caller("usr_9", "org_1");
    let rows = [
        ("Forklift A2", "EQUIPMENT", "loc_7"),
        ("Électric forklift", "EQUIPMENT", "loc_8"),
        ("Meeting room Alpha", "ROOM", "loc_7"),
    ];
    for (name, category, location) in rows {
        let body = json!({"name": name, "category": category, "owner_org_id": "org_1",
            "location_id": location});
        owner.post("/assets", &fresh_key(), &body).await.expect(201);
    }
    let alpha = owner.pages("/assets?q=alpha", 20).await[0].clone();
    let path = format!("/assets/{}", alpha["id"].as_str().unwrap());
    let inactive = json!({"status": "INACTIVE"});
    let etag = alpha["etag"].as_str().unwrap();
    owner.put(&path, &fresh_key(), etag, &inactive).await.expect(200);

    let expected: [(&str, &[usize]); 12] = [
        ("category=EQUIPMENT", &[1, 0]),
        ("category=equipment", &[]),
        ("location_id=loc_7", &[2, 0]),
        ("owner_org_id=org_1", &[2, 1, 0]),
        ("owner_org_id=org_2", &[]),
        ("status=ACTIVE", &[1, 0]),
        ("status=ACTIVE&status=INACTIVE", &[2, 1, 0]),
        ("q=fork", &[1, 0]),
        ("q=electric", &[1]),
        ("q=FORK%20a2", &[0]),
        ("q=lift", &[]),
        ("q=meet&location_id=loc_7&category=ROOM&status=INACTIVE", &[2]),
    ];
    for (query, wanted) in expected {
        let found = owner.pages(&format!("/assets?{query}"), 20).await;
        let names: Vec<_> = found.iter().map(|row| row["name"].as_str().unwrap()).collect();
        let wanted: Vec<_> = wanted.iter().map(|&index| rows[index].0).collect();
        assert_eq!(names, wanted, "{query}");
    }
    for query in ["status=active", "category=A&category=B", "colour=red"] {
        owner.get(&format!("/assets?{query}")).await.refused(422, "VALIDATION_FAILED");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bookings_live_and_finished_come_in_one_list() {
    let server = Server::start().await;
    let owner = server.caller("usr_9", "org_1");
    let (van, car) = (owner.asset("Van").await, owner.asset("Car").await);
    let mut made = Vec::new();
    for number in 0..12 {
        let asset = if number % 3 == 0 { &car } else { &van };
        let (start, end) =
            (server.in_minutes(60 + number * 10), server.in_minutes(70 + number * 10));
        let booking = owner.book(asset, &start, &end).await.expect(201);
        let id = booking["id"].as_str().unwrap().to_owned();
        if number % 2 == 0 {
            let path = format!("/bookings/{id}/cancel");
            owner.post(&path, &fresh_key(), &json!({})).await.expect(200);
        }
        made.push((id, asset == &van, number % 2 == 0));
    }
    made.reverse();
    let of = |keep: &dyn Fn(bool, bool) -> bool| -> Vec<&str> {
        made.iter().filter(|(_, van, off)| keep(*van, *off)).map(|(id, ..)| id.as_str()).collect()
    };
    for limit in [1, 3, 100] {
        let path = format!("/assets/{van}/bookings");
        assert_eq!(ids(&owner.pages(&path, limit).await), of(&|van, _| van));
        let path = format!("/assets/{van}/bookings?status=CANCELLED");
        assert_eq!(ids(&owner.pages(&path, limit).await), of(&|van, off| van && off));
        let path = format!("/assets/{car}/bookings?status=CONFIRMED");
        assert_eq!(ids(&owner.pages(&path, limit).await), of(&|van, off| !van && !off));
        assert_eq!(ids(&owner.pages("/bookings", limit).await), of(&|_, _| true));
        let path = "/bookings?user_id=usr_9&status=CANCELLED";
        let cancelled = owner.pages(path, limit).await;
        assert_eq!(ids(&cancelled), of(&|_, off| off));
    }
    assert!(owner.pages("/bookings?user_id=usr_8", 20).await.is_empty());

    // Windows that intersect [from, to).
    let (from, to) = (server.in_minutes(80), server.in_minutes(100));
    let found = owner.pages(&format!("/assets/{van}/bookings?from={from}&to={to}"), 20).await;
    let starts: HashSet<_> = found.iter().map(|row| row["start"].as_str().unwrap()).collect();
    // Numbers 2 (80–90) and 4 (100–110) to the van; 3 (90–100) to the car.
    assert_eq!(starts, HashSet::from([server.in_minutes(80).as_str()]));
}
