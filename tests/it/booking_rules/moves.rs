//! `PATCH /bookings/{id}`: a booking gets another window.

use reqwest::Method;
use serde_json::{Value, json};

use super::{booked, with_role};
use crate::{
    harness::{Caller, Server, fresh_key},
    idempotency::same_answer,
    surface::findings,
};

async fn change_terms(owner: &Caller, asset: &str, terms: Value) {
    let body = json!({"booking_terms": terms});
    owner.put(&format!("/assets/{asset}"), &fresh_key(), "*", &body).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_moves_only_from_the_version_its_caller_saw() {
    let server = Server::start().await;
    let owner = server.caller("usr_9", "org_1");
    let pricing = json!({"per_hour_minor": 1000});
    let asset = owner.asset_under(json!({"pricing": pricing})).await;
    let (path, booking) = booked(&server, &owner, &asset, 60).await;
    let etag = booking["etag"].as_str().unwrap();
    let body = json!({"start": server.in_minutes(90), "end": server.in_minutes(210)});
    let blind = owner.send(Method::PATCH, &path, &[("idempotency-key", "blind")], Some(&body));
    blind.await.refused(428, "PRECONDITION_REQUIRED");
    let stale = owner.patch(&path, "stale", "\"999-0\"", &body).await;
    stale.refused(412, "PRECONDITION_FAILED");
    owner
        .patch(&path, "weak", &format!("W/{etag}"), &body)
        .await
        .refused(412, "PRECONDITION_FAILED");
    let unkeyed = owner.send(Method::PATCH, &path, &[("if-match", etag)], Some(&body)).await;
    unkeyed.refused(400, "IDEMPOTENCY_KEY_REQUIRED");

    let first = owner.patch(&path, "move", etag, &body).await;
    let moved = first.expect(200);
    assert_eq!((&moved["start"], &moved["end"]), (&body["start"], &body["end"]));
    assert_eq!(
        (&moved["estimated_cost_minor"], &moved["status"]),
        (&json!(2000), &json!("CONFIRMED"))
    );
    assert_ne!(moved["etag"], booking["etag"]);
    // A replay beats the precondition, whatever is sent there; another body does not.
    same_answer(&first, &owner.patch(&path, "move", etag, &body).await);
    let again = owner.send(Method::PATCH, &path, &[("idempotency-key", "move")], Some(&body)).await;
    same_answer(&first, &again);
    let other = json!({"end": server.in_minutes(200)});
    owner.patch(&path, "move", "*", &other).await.refused(422, "IDEMPOTENCY_KEY_REUSED");

    // Nothing changes: the same version, and the key is used all the same.
    let etag = moved["etag"].as_str().unwrap();
    for body in [json!({"end": moved["end"]}), json!({"accept_terms": true})] {
        let same = owner.patch(&path, &fresh_key(), etag, &body).await;
        assert_eq!((same.expect(200), same.header("etag")), (moved.clone(), Some(etag)));
    }
    assert_eq!(owner.get(&path).await.expect(200), moved);
    // The window that was left is free.
    owner.book(&asset, &server.in_minutes(60), &server.in_minutes(90)).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn moves_of_bad_shape_are_told_everything() {
    let server = Server::start().await;
    let owner = server.caller("usr_9", "org_1");
    let asset = owner.asset("Van").await;
    let (path, _) = booked(&server, &owner, &asset, 60).await;
    let (early, late) = (server.in_minutes(60), server.in_minutes(200));
    let rows = [
        (json!({}), vec!["x unknown parameter", "# must change something"]),
        (
            json!({"start": late, "end": late}),
            vec!["x unknown parameter", "#/end must be after start"],
        ),
        (
            json!({"start": 1, "accept_terms": null, "status": "CANCELLED"}),
            vec![
                "x unknown parameter",
                "#/start must be a string",
                "#/accept_terms must be true or false",
                "#/status unknown member",
            ],
        ),
    ];
    for (body, expected) in rows {
        let told = owner.patch(&format!("{path}?x"), &fresh_key(), "*", &body).await;
        assert_eq!(findings(&told.refused(422, "VALIDATION_FAILED")), expected, "{body}");
    }
    // Shape comes before the precondition.
    let body = json!({"start": late, "end": early});
    let told = owner.patch(&path, &fresh_key(), "\"999-0\"", &body).await;
    let told = findings(&told.refused(422, "VALIDATION_FAILED"));
    assert_eq!(told, ["#/end must be after start"]);
    // One end alone is held against the other that the booking has.
    for body in [json!({"start": late}), json!({"end": early})] {
        let told = owner.patch(&path, &fresh_key(), "*", &body).await;
        let told = findings(&told.refused(422, "VALIDATION_FAILED"));
        assert_eq!(told, ["#/end must be after start"], "{body}");
    }
    owner
        .patch("/bookings/bkg_x", &fresh_key(), "*", &json!({"end": late}))
        .await
        .refused(404, "NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn current_terms_apply_and_must_be_accepted() {
    let server = Server::start().await;
    let owner = server.caller("usr_9", "org_1");
    let asset = owner.asset_under(json!({"pricing": {"per_hour_minor": 1000}})).await;
    let (path, _) = booked(&server, &owner, &asset, 60).await;
    let terms = json!({"pricing": {"per_hour_minor": 500}, "max_minutes": 120});
    change_terms(&owner, &asset, terms).await;
    let end = server.in_minutes(150);
    for body in [json!({"end": end}), json!({"end": end, "accept_terms": false})] {
        let refused = owner.patch(&path, &fresh_key(), "*", &body).await;
        refused.refused(403, "TERMS_NOT_ACCEPTED");
    }
    let long = json!({"end": server.in_minutes(181), "accept_terms": true});
    let refused = owner.patch(&path, &fresh_key(), "*", &long).await;
    assert_eq!(refused.refused(422, "DURATION_OUT_OF_RANGE")["limit_minutes"], 120);
    let accepted = json!({"end": end, "accept_terms": true});
    let moved = owner.patch(&path, &fresh_key(), "*", &accepted).await.expect(200);
    assert_eq!((&moved["terms_version"], &moved["estimated_cost_minor"]), (&json!(2), &json!(750)));

    change_terms(&owner, &asset, json!({"pricing": {"currency": "CHF", "per_hour_minor": 500}}))
        .await;
    let refused = owner.patch(&path, "currency", "*", &json!({"accept_terms": true})).await;
    let told = refused.refused(409, "TERMS_CHANGED");
    assert_eq!(told["current_terms_version"], 3);
    assert!(told["detail"].as_str().unwrap().contains("currency"), "{told}");
    same_answer(
        &refused,
        &owner.patch(&path, "currency", "*", &json!({"accept_terms": true})).await,
    );
    // A new booking under terms that are no longer current meets the same code.
    let mut body = owner.booking_body(&server.in_minutes(300), &server.in_minutes(360));
    body["terms_version"] = json!(2);
    let refused = owner.post(&format!("/assets/{asset}/bookings"), &fresh_key(), &body).await;
    assert_eq!(refused.refused(409, "TERMS_CHANGED")["current_terms_version"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn members_are_bound_by_cutoff_and_approval_and_managers_are_not() {
    let server = Server::start().await;
    let owner = server.caller("usr_1", "org_1");
    let member = server.member("usr_9", "org_1");
    let asset = owner.asset_under(json!({"cancel_cutoff_minutes": 120})).await;
    let (path, _) = booked(&server, &member, &asset, 60).await;
    let later = json!({"end": server.in_minutes(130)});
    let refused = member.patch(&path, "late", "*", &later).await;
    refused.refused(409, "CANCEL_CUTOFF_PASSED");
    same_answer(&refused, &member.patch(&path, "late", "*", &later).await);
    let cancel = format!("{path}/cancel");
    member.post(&cancel, &fresh_key(), &json!({})).await.refused(409, "CANCEL_CUTOFF_PASSED");
    owner.patch(&path, &fresh_key(), "*", &later).await.expect(200);
    let colleague = server.member("usr_8", "org_1");
    colleague.patch(&path, &fresh_key(), "*", &later).await.refused(404, "NOT_FOUND");
    let auditor = with_role(&server, "usr_6", "auditor");
    auditor.patch(&path, &fresh_key(), "*", &later).await.refused(403, "FORBIDDEN_ROLE");

    let asset = owner.asset_under(json!({"approval": {"required": true}})).await;
    let (path, _) = booked(&server, &member, &asset, 60).await;
    owner.post(&format!("{path}/approve"), &fresh_key(), &json!({})).await.expect(200);
    let shorter = json!({"start": server.in_minutes(70)});
    member.patch(&path, &fresh_key(), "*", &shorter).await.expect(200);
    let longer = json!({"end": server.in_minutes(130)});
    let refused = member.patch(&path, "longer", "*", &longer).await;
    refused.refused(409, "APPROVAL_REQUIRED");
    same_answer(&refused, &member.patch(&path, "longer", "*", &longer).await);
    let moved = owner.patch(&path, &fresh_key(), "*", &longer).await.expect(200);
    assert_eq!(moved["approvals"][0]["status"], "APPROVED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_meets_others_but_not_itself() {
    let server = Server::start().await;
    let owner = server.caller("usr_9", "org_1");
    let asset = owner.asset("Van").await;
    let (path, _) = booked(&server, &owner, &asset, 60).await;
    let (_, other) = booked(&server, &owner, &asset, 180).await;
    let body = json!({"start": server.in_minutes(90), "end": server.in_minutes(150)});
    owner.patch(&path, &fresh_key(), "*", &body).await.expect(200);
    let body = json!({"start": server.in_minutes(150), "end": server.in_minutes(210)});
    let refused = owner.patch(&path, "taken", "*", &body).await;
    let told = refused.refused(409, "BOOKING_OVERLAP");
    assert_eq!(told["conflicts"][0]["id"], other["id"]);
    let next = json!({"start": server.in_minutes(240), "end": server.in_minutes(300)});
    assert_eq!(told["next_available"], next);
    same_answer(&refused, &owner.patch(&path, "taken", "*", &body).await);
    let past = json!({"start": server.in_minutes(-10)});
    owner.patch(&path, &fresh_key(), "*", &past).await.refused(409, "BOOKING_DEADLINE_PASSED");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_in_use_ends_earlier_or_later() {
    let server = Server::start().await;
    let owner = server.caller("usr_9", "org_1");
    let asset = owner.asset("Van").await;
    let (path, booking) = booked(&server, &owner, &asset, 10).await;
    let named = json!({"booking_id": booking["id"]});
    owner.post(&format!("/assets/{asset}/check-in"), &fresh_key(), &named).await.expect(200);
    // Under its own terms, whatever the asset's have become.
    change_terms(&owner, &asset, json!({"max_minutes": 1})).await;
    let extended = json!({"end": server.in_minutes(120)});
    let moved = owner.patch(&path, &fresh_key(), "*", &extended).await.expect(200);
    assert_eq!((&moved["status"], &moved["end"]), (&json!("CHECKED_IN"), &extended["end"]));
    assert_eq!((&moved["terms_version"], &moved["overdue"]), (&json!(1), &json!(false)));
    change_terms(&owner, &asset, json!({})).await;
    booked(&server, &owner, &asset, 120).await;
    let later = json!({"end": server.in_minutes(121)});
    let refused = owner.patch(&path, &fresh_key(), "*", &later).await;
    let told = refused.refused(409, "BOOKING_OVERLAP");
    assert_eq!(told["next_available"], json!(null));
    let rows = [
        (json!({"start": server.in_minutes(20)}), "#/start"),
        (json!({"end": server.in_minutes(0)}), "#/end"),
    ];
    for (body, pointer) in rows {
        let told = owner.patch(&path, &fresh_key(), "*", &body).await;
        let told = told.refused(422, "VALIDATION_FAILED");
        assert_eq!(told["errors"][0]["pointer"], pointer, "{body}");
    }
    let earlier = json!({"end": server.in_minutes(60)});
    owner.patch(&path, &fresh_key(), "*", &earlier).await.expect(200);
    owner.book(&asset, &server.in_minutes(60), &server.in_minutes(120)).await.expect(201);
}
