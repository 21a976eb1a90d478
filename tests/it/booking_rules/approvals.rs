//! Bookings that wait for a yes or a no.

use serde_json::json;

use super::{booked, with_role};
use crate::{
    audit_chain,
    harness::{Server, fresh_key},
    idempotency::same_answer,
    surface::findings,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_booking_is_approved_by_somebody_else() {
    let server = Server::start().await;
    let owner = server.caller("usr_1", "org_1");
    let member = server.member("usr_9", "org_1");
    let asset = owner.asset_under(json!({"approval": {"required": true}})).await;
    let (path, booking) = booked(&server, &member, &asset, 60).await;
    assert_eq!(booking["status"], "PENDING_APPROVAL");
    let approval = json!({"approver_roles": ["manager", "admin"], "decided_at": null,
        "decided_by": null, "expires_at": booking["start"], "reason": null, "status": "PENDING"});
    assert_eq!(booking["approvals"], json!([approval]));
    // It holds its window.
    let taken = owner.book(&asset, &server.in_minutes(60), &server.in_minutes(90)).await;
    taken.refused(409, "BOOKING_OVERLAP");
    let moved = json!({"end": server.in_minutes(90)});
    let refused = member.patch(&path, &fresh_key(), "*", &moved).await;
    assert_eq!(refused.refused(409, "INVALID_TRANSITION")["current_status"], "PENDING_APPROVAL");

    let approve = format!("{path}/approve");
    let nothing = json!({});
    member.post(&approve, &fresh_key(), &nothing).await.refused(403, "FORBIDDEN_ROLE");
    let colleague = server.member("usr_8", "org_1");
    colleague.post(&approve, &fresh_key(), &nothing).await.refused(404, "NOT_FOUND");
    let auditor = with_role(&server, "usr_6", "auditor");
    auditor.post(&approve, &fresh_key(), &nothing).await.refused(403, "FORBIDDEN_ROLE");
    let told = owner.post(&approve, &fresh_key(), &json!({"reason": "fine"})).await;
    let told = told.refused(422, "VALIDATION_FAILED");
    assert_eq!(findings(&told), ["#/reason unknown member"]);

    let first = owner.post(&approve, "yes", &nothing).await;
    let approved = first.expect(200);
    assert_eq!(approved["status"], "CONFIRMED");
    let approval = &approved["approvals"][0];
    assert_eq!(
        (&approval["status"], &approval["decided_by"]),
        (&json!("APPROVED"), &json!("usr_1"))
    );
    assert_eq!(approval["decided_at"], approved["updated_at"]);
    assert_eq!(first.header("etag"), approved["etag"].as_str());
    member.post(&format!("{path}/cancel"), &fresh_key(), &nothing).await.expect(200);
    same_answer(&first, &owner.post(&approve, "yes", &nothing).await);
    let refused = owner.post(&approve, "again", &nothing).await;
    assert_eq!(refused.refused(409, "INVALID_TRANSITION")["current_status"], "CANCELLED");
    same_answer(&refused, &owner.post(&approve, "again", &nothing).await);
    let kinds: Vec<_> = audit_chain::verified(&owner, &asset).await;
    assert_eq!(kinds[3]["type"], "booking.refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejection_says_why_and_frees_the_window() {
    let server = Server::start().await;
    let owner = server.caller("usr_1", "org_1");
    let member = server.member("usr_9", "org_1");
    let terms = json!({"approval": {"required": true, "expires_minutes": 30}});
    let asset = owner.asset_under(terms).await;
    let (path, booking) = booked(&server, &member, &asset, 60).await;
    assert!(booking["approvals"][0]["expires_at"].as_str() < booking["start"].as_str());
    let reject = format!("{path}/reject");
    let reason = json!({"reason": "needed for the audit"});
    member.post(&reject, &fresh_key(), &reason).await.refused(403, "FORBIDDEN_ROLE");
    let blank = owner.post(&reject, &fresh_key(), &json!({"reason": " "})).await;
    assert_eq!(findings(&blank.refused(422, "VALIDATION_FAILED")), ["#/reason must not be blank"]);
    let first = owner.post(&reject, "no", &reason).await;
    let rejected = first.expect(200);
    assert_eq!((&rejected["status"], &rejected["cost_minor"]), (&json!("REJECTED"), &json!(0)));
    let approval = &rejected["approvals"][0];
    assert_eq!(
        (&approval["status"], &approval["reason"]),
        (&json!("REJECTED"), &json!("needed for the audit"))
    );
    same_answer(&first, &owner.post(&reject, "no", &reason).await);
    owner.post(&reject, "no", &json!({})).await.refused(422, "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(member.get(&path).await.expect(200), rejected);
    let (again, _) = booked(&server, &member, &asset, 60).await;

    // Whoever still waits may give up at no cost.
    let cancelled = member.post(&format!("{again}/cancel"), &fresh_key(), &json!({})).await;
    let cancelled = cancelled.expect(200);
    assert_eq!((&cancelled["status"], &cancelled["cost_minor"]), (&json!("CANCELLED"), &json!(0)));
    assert_eq!(cancelled["approvals"][0]["status"], "CANCELLED");
    let (absent, _) = booked(&server, &member, &asset, 60).await;
    let without_body = owner
        .send(
            reqwest::Method::POST,
            &format!("{absent}/reject"),
            &[("idempotency-key", "bare")],
            None,
        )
        .await;
    assert_eq!(without_body.expect(200)["approvals"][0]["reason"], json!(null));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_decides_about_a_booking_of_its_own_or_without_the_role() {
    let server = Server::start().await;
    let owner = server.caller("usr_1", "org_1");
    let approval = json!({"required": true, "approver_roles": ["admin"]});
    let asset = owner.asset_under(json!({"approval": approval})).await;
    let admin = with_role(&server, "usr_2", "admin");
    let (path, _) = booked(&server, &admin, &asset, 60).await;
    for verb in ["approve", "reject"] {
        let decide = format!("{path}/{verb}");
        for caller in [&admin, &owner] {
            let refused = caller.post(&decide, &fresh_key(), &json!({})).await;
            refused.refused(403, "FORBIDDEN_ROLE");
        }
    }
    let other = with_role(&server, "usr_3", "admin");
    let approve = format!("{path}/approve");
    other.post(&approve, &fresh_key(), &json!({})).await.expect(200);

    // What may have changed since it was asked for is judged again.
    let (path, _) = booked(&server, &owner, &asset, 180).await;
    let body = json!({"status": "MAINTENANCE"});
    owner.put(&format!("/assets/{asset}"), &fresh_key(), "*", &body).await.expect(200);
    let refused = other.post(&format!("{path}/approve"), "kept", &json!({})).await;
    refused.refused(409, "ASSET_UNAVAILABLE");
    same_answer(&refused, &other.post(&format!("{path}/approve"), "kept", &json!({})).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_asks_and_books_but_decides_nothing() {
    let server = Server::start().await;
    let owner = server.caller("usr_1", "org_1");
    // A manager at home, in every scope.
    let guest = server.caller("usr_7", "org_2");
    let mut body = owner.asset_body("Van");
    body["shared_with"] = json!(["org_2"]);
    body["booking_terms"] = json!({"approval": {"required": true}});
    let asset = owner.post("/assets", &fresh_key(), &body).await.expect(201)["id"].clone();
    let asset = asset.as_str().unwrap();
    let (theirs, _) = booked(&server, &owner, asset, 60).await;
    let (own, booking) = booked(&server, &guest, asset, 180).await;
    assert_eq!(
        (&booking["org_id"], &booking["status"]),
        (&json!("org_2"), &json!("PENDING_APPROVAL"))
    );

    let window = json!({"start": server.in_minutes(60), "end": server.in_minutes(240)});
    guest.post(&format!("/assets/{asset}/quote"), &fresh_key(), &window).await.expect(200);
    let within = format!("from={}&to={}", server.in_minutes(0), server.in_minutes(300));
    let busy = guest.get(&format!("/assets/{asset}/availability?{within}")).await.expect(200);
    assert_eq!(busy["busy"].as_array().unwrap().len(), 2);

    let more = json!({"amount_minor": 1, "reason": "r"});
    let nothing = json!({});
    for (verb, body) in [("approve", &nothing), ("reject", &nothing), ("adjustments", &more)] {
        let hidden = guest.post(&format!("{theirs}/{verb}"), &fresh_key(), body).await;
        hidden.refused(404, "NOT_FOUND");
        let refused = guest.post(&format!("{own}/{verb}"), &fresh_key(), body).await;
        refused.refused(403, "FORBIDDEN_ROLE");
    }
    let moved = json!({"end": server.in_minutes(300)});
    guest.patch(&theirs, &fresh_key(), "*", &moved).await.refused(404, "NOT_FOUND");

    // No longer shared, its own booking is still its own to move.
    owner.post(&format!("{own}/approve"), &fresh_key(), &nothing).await.expect(200);
    let cleared = json!({"shared_with": null});
    owner.put(&format!("/assets/{asset}"), &fresh_key(), "*", &cleared).await.expect(200);
    let quote = guest.post(&format!("/assets/{asset}/quote"), &fresh_key(), &window).await;
    quote.refused(404, "NOT_FOUND");
    guest.get(&format!("/assets/{asset}/availability?{within}")).await.refused(404, "NOT_FOUND");
    let shorter = json!({"end": server.in_minutes(200)});
    guest.patch(&own, &fresh_key(), "*", &shorter).await.expect(200);
}
