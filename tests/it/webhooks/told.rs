//! Of what an endpoint hears: assets of its organisation in its locations, and no others.

use serde_json::json;

use super::{
    desk::{book, path, start, tell, until, url},
    receivers::Receivers,
};
use crate::{
    dated::{Dated, id},
    harness::{Caller, fresh_key},
};

/// The bookings that were told there, in the order of arrival.
fn bookings(receivers: &Receivers, name: &str) -> Vec<String> {
    let taken = receivers.taken(&url(name));
    let booked = taken.iter().filter(|it| it.kind() == "booking.created");
    booked.map(|it| it.body["data"]["booking"]["id"].as_str().unwrap().to_owned()).collect()
}

/// Books and waits until it is told there. What was booked before is told by then, or never: a lane
/// reads the log in order, and it is asked twice for what may still have been on its way.
async fn told_last(
    server: &Dated,
    receivers: &Receivers,
    caller: &Caller,
    asset: &str,
    name: &str,
) {
    for minute in [900, 902] {
        let last = book(caller, asset, minute).await;
        until(server, || bookings(receivers, name).iter().any(|it| it == id(&last))).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_the_org_owns_in_the_endpoints_locations() {
    let (server, receivers) = start().await;
    let boss = server.caller("boss", "org_1");
    let seven = server.caller_with("s", "org_1", |it| it.locations = Some(vec!["loc_7".into()]));
    let owner = server.caller("boss", "org_2");
    tell(&boss, "all", &["booking.*"]).await;
    tell(&seven, "seven", &["*"]).await;
    tell(&owner, "owner", &["booking.created"]).await;

    let (stays, moves) = (boss.asset("Stays").await, boss.asset("Moves").await);
    let mut body = boss.asset_body("Elsewhere");
    body["location_id"] = json!("loc_8");
    let elsewhere = boss.post("/assets", &fresh_key(), &body).await.expect(201);
    let mut body = owner.asset_body("Lent");
    body["shared_with"] = json!(["org_1"]);
    let lent = owner.post("/assets", &fresh_key(), &body).await.expect(201);

    let here = book(&boss, &moves, 0).await;
    until(&server, || bookings(&receivers, "seven") == [id(&here)]).await;
    let away = json!({"location_id": "loc_8"});
    boss.put(&format!("/assets/{moves}"), &fresh_key(), "*", &away).await.expect(200);
    let moved = book(&boss, &moves, 10).await;
    let other = book(&boss, id(&elsewhere), 0).await;
    let guest = book(&boss, id(&lent), 0).await;
    let theirs = book(&owner, id(&lent), 10).await;

    told_last(&server, &receivers, &boss, &stays, "seven").await;
    told_last(&server, &receivers, &boss, &stays_of(&boss).await, "all").await;
    told_last(&server, &receivers, &owner, &stays_of(&owner).await, "owner").await;
    let among = |name: &str| {
        let told = bookings(&receivers, name);
        [&here, &moved, &other, &guest, &theirs].map(|it| told.iter().any(|told| told == id(it)))
    };
    assert_eq!(among("seven"), [true, false, false, false, false]);
    assert_eq!(among("all"), [true, true, true, false, false]);
    assert_eq!(among("owner"), [false, false, false, true, true]);
    // Moving away is an event of where the asset is then.
    let updated = receivers.taken(&url("seven"));
    assert!(updated.iter().all(|it| it.kind() != "asset.updated"));
}

/// Another asset of the caller, to be told last of.
async fn stays_of(caller: &Caller) -> String {
    caller.asset("Last").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_endpoint_goes_on_where_it_stopped() {
    let (server, receivers) = start().await;
    let boss = server.caller("boss", "org_1");
    let endpoint = tell(&boss, "erp", &["booking.created"]).await;
    let van = boss.asset("Van").await;
    let before = book(&boss, &van, 0).await;
    until(&server, || bookings(&receivers, "erp").len() == 1).await;
    let switch = async |to: &str| {
        let change = json!({"status": to});
        boss.put(&path(&endpoint), &fresh_key(), "*", &change).await.expect(200)
    };
    let off = switch("DISABLED").await;
    assert_eq!(
        (&off["status"], &off["disabled_reason"]),
        (&json!("DISABLED"), &json!("REQUESTED"))
    );
    tell(&boss, "watch", &["booking.created"]).await;
    let mut told = vec![id(&before).to_owned()];
    for minute in [10, 20, 30] {
        told.push(id(&book(&boss, &van, minute).await).to_owned());
    }
    // The other one has them all, and this one none of them.
    until(&server, || bookings(&receivers, "watch").len() == 3).await;
    assert_eq!(bookings(&receivers, "erp").len(), 1);
    let on = switch("ENABLED").await;
    assert_eq!((&on["status"], &on["disabled_reason"]), (&json!("ENABLED"), &json!(null)));
    until(&server, || bookings(&receivers, "erp").len() == 4).await;
    assert_eq!(bookings(&receivers, "erp"), told);
}
