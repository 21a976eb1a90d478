//! Rows of bodies and what is found in them.

use serde_json::json;

use super::*;

fn body(value: Value) -> Members {
    Members::of(value).unwrap()
}

/// The findings as `pointer: reason`.
pub(super) fn findings<T: std::fmt::Debug>(outcome: Result<T, ApiError>) -> Vec<String> {
    match outcome {
        Err(ApiError::Invalid(issues)) => issues
            .into_iter()
            .map(|issue| match issue.place {
                crate::error::Place::Pointer(at) | crate::error::Place::Name(at) => {
                    format!("{at}: {}", issue.reason)
                }
            })
            .collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_booking_with_everything_wrong_is_told_everything() {
    let sent = json!({"user_id": " ", "start": "2025-09-01", "color": 1, "accept_terms": "yes",
        "terms_version": 0});
    let mut found = findings(book(body(sent)));
    found.sort();
    let expected = [
        "#/accept_terms: must be true or false",
        "#/color: unknown member",
        "#/end: is required",
        "#/start: must be an RFC 3339 instant with an offset",
        "#/terms_version: must be at least 1",
        "#/user_id: must not be blank",
    ];
    assert_eq!(found, expected);
}

#[test]
fn the_end_must_be_after_the_start() {
    for end in ["2025-09-01T08:00:00Z", "2025-09-01T07:00:00Z", "2025-09-01T09:59:00+02:00"] {
        let sent = json!({"user_id": "u", "start": "2025-09-01T08:00:00Z", "end": end,
            "accept_terms": true});
        assert_eq!(findings(book(body(sent))), ["#/end: must be after start"], "{end}");
    }
}

#[test]
fn a_booking_as_it_should_be() {
    let sent = json!({"user_id": "usr_9", "start": "2025-09-01T10:00:00+02:00",
        "end": "2025-09-01T16:00:00Z", "accept_terms": false, "terms_version": 3});
    let Ok(Command::CreateBooking(booking)) = book(body(sent)) else { panic!("must be taken") };
    assert_eq!(booking.window.start.to_string(), "2025-09-01T08:00:00Z");
    assert_eq!((booking.accept_terms, booking.terms_version), (false, Some(3)));
}

fn asset(changes: &[(&str, Value)]) -> Value {
    let mut asset = json!({"name": "n", "category": "c", "owner_org_id": "o", "location_id": "l"});
    for (name, value) in changes {
        asset[*name] = value.clone();
    }
    asset
}

#[test]
fn assets_of_good_and_bad_shape() {
    let orgs: Vec<_> = (0..101).map(|n| json!(format!("org_{n}"))).collect();
    let rows: &[(&str, Value, &[&str])] = &[
        ("name", json!("é".repeat(200)), &[]),
        ("shared_with", json!(["*"]), &[]),
        ("shared_with", json!(orgs[..100]), &[]),
        ("shared_with", json!(null), &[]),
        ("booking_terms", json!(null), &[]),
        ("booking_terms", json!({"buffer_after_minutes": 15}), &[]),
        ("registry", json!(null), &[]),
        ("name", json!("n".repeat(201)), &["#/name: must have at most 200 characters"]),
        ("name", json!("\u{3000}\t"), &["#/name: must not be blank"]),
        ("name", json!(null), &["#/name: must be a string"]),
        (
            "owner_org_id",
            json!("o".repeat(129)),
            &["#/owner_org_id: must have at most 128 characters"],
        ),
        ("shared_with", json!("*"), &["#/shared_with: must be a list of strings"]),
        ("shared_with", json!(orgs), &["#/shared_with: must have at most 100 items"]),
        ("shared_with", json!(["a", 1]), &["#/shared_with/1: must be a string"]),
        ("registry", json!({"type": "t", "code": "c"}), &["#/registry: is not supported yet"]),
        ("maintenance_schedule", json!(null), &[]),
        ("maintenance_schedule", json!({"rules": []}), &[]),
        ("maintenance_schedule", json!({}), &["#/maintenance_schedule/rules: is required"]),
        ("status", json!("ACTIVE"), &["#/status: unknown member"]),
        ("id", json!("ast_1"), &["#/id: unknown member"]),
    ];
    for (name, value, expected) in rows {
        let outcome = register(body(asset(&[(name, value.clone())])));
        if expected.is_empty() {
            assert!(matches!(outcome, Ok(Command::RegisterAsset(_))), "{name} {value}");
        } else {
            assert_eq!(findings(outcome), *expected, "{name} {value}");
        }
    }
    let terms = json!({"no_such_rule": 1});
    assert!(!findings(register(body(asset(&[("booking_terms", terms)])))).is_empty());
    assert_eq!(findings(register(body(json!({})))).len(), 4);
}

#[test]
fn updates_change_something_and_only_what_may_change() {
    let rows = [
        (json!({}), "#: must change something"),
        (json!({"name": null}), "#/name: must be a string"),
        (json!({"status": "GONE"}), "#/status: must be ACTIVE, INACTIVE, MAINTENANCE or RETIRED"),
        (json!({"status": null}), "#/status: must be ACTIVE, INACTIVE, MAINTENANCE or RETIRED"),
        (json!({"etag": "\"1-0\""}), "#/etag: cannot be changed"),
        (json!({"owner_org_id": "org_2"}), "#/owner_org_id: cannot be changed"),
        (json!({"colour": 1}), "#/colour: unknown member"),
    ];
    for (sent, expected) in rows {
        assert_eq!(findings(update(body(sent.clone()))), [expected], "{sent}");
    }
    let sent =
        json!({"booking_terms": null, "shared_with": null, "registry": null, "status": "RETIRED"});
    let Ok(Command::UpdateAsset(change)) = update(body(sent)) else { panic!("must be taken") };
    let expected = AssetChange {
        status: Some(AssetStatus::Retired),
        shared_with: Some(vec![]),
        booking_terms: Some(Change::Clear),
        ..AssetChange::default()
    };
    assert_eq!(change, expected);
}

#[test]
fn a_move_names_what_changes() {
    let (nine, ten) = ("2028-09-01T09:00:00Z", "2028-09-01T10:00:00Z");
    let rows = [
        (json!({}), "#: must change something"),
        (json!({"start": ten, "end": nine}), "#/end: must be after start"),
        (json!({"start": nine, "end": "2028-09-01T11:00:00+02:00"}), "#/end: must be after start"),
        (json!({"start": null}), "#/start: must be a string"),
        (json!({"end": "10:00"}), "#/end: must be an RFC 3339 instant with an offset"),
        (json!({"accept_terms": 1}), "#/accept_terms: must be true or false"),
        (json!({"accept_terms": null}), "#/accept_terms: must be true or false"),
        (json!({"end": ten, "user_id": "usr_8"}), "#/user_id: unknown member"),
    ];
    for (sent, expected) in rows {
        assert_eq!(findings(reschedule(body(sent.clone()))), [expected], "{sent}");
    }
    let told = findings(reschedule(body(json!({"start": 1, "accept_terms": "x", "status": "y"}))));
    assert_eq!(
        told,
        [
            "#/start: must be a string",
            "#/accept_terms: must be true or false",
            "#/status: unknown member"
        ]
    );
    let end = Timestamp::parse(ten).unwrap();
    let rows = [
        (json!({"end": ten}), (None, Some(end), None)),
        (json!({"start": nine, "end": ten}), (Some(end.plus_minutes(-60)), Some(end), None)),
        (json!({"accept_terms": false}), (None, None, Some(false))),
    ];
    for (sent, (start, end, accept_terms)) in rows {
        let expected = Moved { start, end, accept_terms };
        assert_eq!(reschedule(body(sent.clone())).unwrap(), expected, "{sent}");
    }
}

#[test]
fn a_quote_needs_its_window_and_takes_nothing_else() {
    let told = findings(quote(body(json!({"user_id": "u", "accept_terms": true}))));
    let expected = [
        "#/start: is required",
        "#/end: is required",
        "#/accept_terms: unknown member",
        "#/user_id: unknown member",
    ];
    assert_eq!(told, expected);
    let at = "2028-09-01T09:00:00Z";
    let told = findings(quote(body(json!({"start": at, "end": at}))));
    assert_eq!(told, ["#/end: must be after start"]);
}

#[test]
fn an_adjustment_says_how_much_and_why() {
    let told = findings(adjustment(body(json!({}))));
    assert_eq!(told, ["#/amount_minor: is required", "#/reason: is required"]);
    let told = findings(adjustment(body(json!({"amount_minor": 0, "reason": " "}))));
    assert_eq!(told, ["#/amount_minor: must not be 0", "#/reason: must not be blank"]);
    let long = json!({"amount_minor": 1.5, "reason": "r".repeat(4001)});
    let told = findings(adjustment(body(long)));
    let expected =
        ["#/amount_minor: must be an integer", "#/reason: must have at most 4000 characters"];
    assert_eq!(told, expected);
    for beyond in [9_007_199_254_740_992_i64, -9_007_199_254_740_992] {
        let sent = json!({"amount_minor": beyond, "reason": "r"});
        let refused = matches!(adjustment(body(sent)), Err(ApiError::AmountOutOfRange(_)));
        assert!(refused, "{beyond}");
        // With anything else wrong it is one finding of several.
        assert_eq!(findings(adjustment(body(json!({"amount_minor": beyond})))).len(), 2);
    }
    let sent = json!({"amount_minor": -900, "reason": "r".repeat(4000)});
    assert_eq!(adjustment(body(sent)).unwrap(), (-900, "r".repeat(4000)));
}

#[test]
fn a_body_booking_id_that_is_none_is_left_to_the_engine() {
    let sent = json!({"booking_id": "ast_not_a_booking"});
    assert!(matches!(check_out(body(sent)), Ok(Command::CheckOut { booking: None, .. })));
    let sent = json!({"booking_id": ""});
    assert_eq!(findings(check_in(body(sent))), ["#/booking_id: must not be blank"]);
}

#[test]
fn a_reason_may_be_absent_but_not_null_or_too_long() {
    assert!(matches!(reason(body(json!({}))), Ok(None)));
    assert!(reason(body(json!({"reason": "r".repeat(4000)}))).is_ok());
    let long = findings(reason(body(json!({"reason": "r".repeat(4001)}))));
    assert_eq!(long, ["#/reason: must have at most 4000 characters"]);
    assert_eq!(findings(reason(body(json!({"reason": null})))), ["#/reason: must be a string"]);
}
