//! What bookings cost in the end, and its correction afterwards.

use serde_json::json;

use super::{booked, used};
use crate::{
    audit_chain,
    harness::{Server, fresh_key},
    idempotency::same_answer,
    surface::findings,
};

const PRICED: i64 = 1200;

#[tokio::test(flavor = "multi_thread")]
async fn a_cost_is_corrected_after_the_booking_is_over() {
    let server = Server::start().await;
    let owner = server.caller("usr_1", "org_1");
    let member = server.member("usr_9", "org_1");
    let asset = owner.asset_under(json!({"pricing": {"per_hour_minor": PRICED}})).await;
    let (path, returned) = used(&server, &member, &asset).await;
    let base = json!({"amount_minor": PRICED, "quantity": 60, "type": "BASE", "unit": "MINUTE"});
    assert_eq!(
        (&returned["cost_minor"], &returned["cost_lines"]),
        (&json!(PRICED), &json!([base]))
    );

    let adjust = format!("{path}/adjustments");
    let body = json!({"amount_minor": -900, "reason": "our gate was closed"});
    member.post(&adjust, &fresh_key(), &body).await.refused(403, "FORBIDDEN_ROLE");
    let colleague = server.member("usr_8", "org_1");
    colleague.post(&adjust, &fresh_key(), &body).await.refused(404, "NOT_FOUND");
    let first = owner.post(&adjust, "less", &body).await;
    let adjusted = first.expect(200);
    let line = json!({"amount_minor": -900, "quantity": 1, "reason": "our gate was closed",
        "type": "ADJUSTMENT", "unit": "ITEM"});
    assert_eq!(adjusted["cost_lines"], json!([base, line]));
    assert_eq!(
        (&adjusted["cost_minor"], &adjusted["status"]),
        (&json!(300), &json!("CHECKED_OUT"))
    );
    assert_eq!(first.header("etag"), adjusted["etag"].as_str());
    assert_eq!(first.header("location"), None);
    assert_eq!(member.get(&path).await.expect(200), adjusted);

    let below = json!({"amount_minor": -301, "reason": "too much"});
    let told = owner.post(&adjust, &fresh_key(), &below).await;
    let told = told.refused(422, "AMOUNT_OUT_OF_RANGE");
    assert_eq!(told["errors"][0]["pointer"], "#/amount_minor");
    let more = json!({"amount_minor": 9_007_199_254_740_991_i64 - 300, "reason": "everything"});
    let most = owner.post(&adjust, &fresh_key(), &more).await.expect(200);
    assert_eq!(most["cost_minor"], 9_007_199_254_740_991_i64);
    let one = json!({"amount_minor": 1, "reason": "one more"});
    owner.post(&adjust, &fresh_key(), &one).await.refused(422, "AMOUNT_OUT_OF_RANGE");
    same_answer(&first, &owner.post(&adjust, "less", &body).await);
    let entries = audit_chain::verified(&owner, &asset).await;
    assert_eq!(entries.last().unwrap()["type"], "booking.cost_adjusted");
}

#[tokio::test(flavor = "multi_thread")]
async fn adjustments_that_are_none() {
    let server = Server::start().await;
    let owner = server.caller("usr_1", "org_1");
    let asset = owner.asset("Van").await;
    let (path, _) = booked(&server, &owner, &asset, 60).await;
    let adjust = format!("{path}/adjustments");
    let good = json!({"amount_minor": 1, "reason": "r"});
    let refused = owner.post(&adjust, "early", &good).await;
    assert_eq!(refused.refused(409, "INVALID_TRANSITION")["current_status"], "CONFIRMED");
    same_answer(&refused, &owner.post(&adjust, "early", &good).await);

    let invalid = "VALIDATION_FAILED";
    let rows: [(_, _, &[&str]); 5] = [
        (json!({}), invalid, &["#/amount_minor is required", "#/reason is required"]),
        (json!({"amount_minor": 0, "reason": "r"}), invalid, &["#/amount_minor must not be 0"]),
        (
            json!({"amount_minor": 1.5, "reason": "r".repeat(4001), "note": 1}),
            invalid,
            &[
                "#/amount_minor must be an integer",
                "#/reason must have at most 4000 characters",
                "#/note unknown member",
            ],
        ),
        (
            json!({"amount_minor": 9_007_199_254_740_992_i64, "reason": "r"}),
            "AMOUNT_OUT_OF_RANGE",
            &["#/amount_minor must be at most 9007199254740991"],
        ),
        (
            json!({"amount_minor": -9_007_199_254_740_992_i64, "reason": "r"}),
            "AMOUNT_OUT_OF_RANGE",
            &["#/amount_minor must be at least -9007199254740991"],
        ),
    ];
    for (body, code, expected) in rows {
        let told = owner.post(&adjust, &fresh_key(), &body).await.refused(422, code);
        assert_eq!(findings(&told), expected, "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_adjustments_are_enough() {
    let server = Server::start().await;
    let owner = server.caller("usr_1", "org_1");
    let asset = owner.asset("Van").await;
    let (path, returned) = used(&server, &owner, &asset).await;
    assert_eq!((&returned["cost_minor"], &returned["cost_lines"]), (&json!(0), &json!([])));
    let adjust = format!("{path}/adjustments");
    let body = json!({"amount_minor": 7, "reason": "again"});
    for _ in 0..99 {
        owner.post(&adjust, &fresh_key(), &body).await.expect(200);
    }
    let last = owner.post(&adjust, &fresh_key(), &body).await.expect(200);
    assert_eq!(last["cost_minor"], 700);
    let refused = owner.post(&adjust, "one-too-many", &body).await;
    assert_eq!(refused.refused(409, "LIMIT_REACHED")["limit"], 100);
    same_answer(&refused, &owner.post(&adjust, "one-too-many", &body).await);
    assert_eq!(owner.get(&path).await.expect(200), last);
}

#[tokio::test(flavor = "multi_thread")]
async fn fees_and_extras_end_up_in_the_cost() {
    let server = Server::start().await;
    let owner = server.caller("usr_1", "org_1");
    let member = server.member("usr_9", "org_1");
    let pricing = json!({"per_hour_minor": PRICED, "cancel_fee_minor": 250});
    let asset = owner.asset_under(json!({"pricing": pricing})).await;
    // Only the booking's own user pays for changing its mind.
    for (caller, fee) in [(&member, 250), (&owner, 0)] {
        let (path, _) = booked(&server, &member, &asset, 60).await;
        let cancelled = caller.post(&format!("{path}/cancel"), &fresh_key(), &json!({})).await;
        let cancelled = cancelled.expect(200);
        assert_eq!(cancelled["cost_minor"], fee);
        let lines: Vec<_> = cancelled["cost_lines"].as_array().unwrap().iter().collect();
        assert_eq!(lines.len(), usize::from(fee != 0), "{cancelled}");
        assert!(lines.iter().all(|line| line["type"] == "CANCEL"), "{cancelled}");
    }
    let (_, booking) = booked(&server, &member, &asset, 10).await;
    let mut named = json!({"booking_id": booking["id"]});
    member.post(&format!("/assets/{asset}/check-in"), &fresh_key(), &named).await.expect(200);
    let check_out = format!("/assets/{asset}/check-out");
    named["extra_cost_minor"] = json!(9_007_199_254_740_991_i64);
    let told = member.post(&check_out, &fresh_key(), &named).await;
    let told = told.refused(422, "AMOUNT_OUT_OF_RANGE");
    assert_eq!(told["errors"][0]["pointer"], "#/extra_cost_minor");
    named["extra_cost_minor"] = json!(500);
    let returned = member.post(&check_out, &fresh_key(), &named).await.expect(200);
    assert_eq!(returned["cost_minor"], PRICED + 500);
    let kinds: Vec<_> =
        returned["cost_lines"].as_array().unwrap().iter().map(|line| &line["type"]).collect();
    assert_eq!(kinds, ["BASE", "EXTRA"]);
}
