//! Rows of refusals and the documents they become.

use holdfast_domain::{
    BookingId, Stamp, Tag, Timestamp,
    asset::AssetStatus,
    rejection::{Finding, Window},
};
use http_body_util::BodyExt;

use super::*;

async fn written(error: ApiError) -> (axum::http::Response<()>, Value) {
    let id = RequestId("01J6Q7A8V5".into());
    let context = Context {
        public_url: "https://h.example",
        path: "/assets/ast_456/bookings",
        request_id: &id,
    };
    let (parts, body) = write(error, &context).into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    (Response::from_parts(parts, ()), serde_json::from_slice(&bytes).unwrap())
}

fn booking(millis: u64) -> BookingId {
    BookingId::new(Stamp::new(millis, 0), Tag::new(7))
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn overlap() -> Rejection {
    let window = |start, end| Window { start: at(start), end: at(end) };
    Rejection::Overlap {
        conflicts: vec![Conflict {
            booking: booking(1),
            claim: window("2025-09-01T08:00:00Z", "2025-09-01T16:15:00Z"),
        }],
        next_available: Some(window("2025-09-01T16:15:00Z", "2025-09-01T18:15:00Z")),
    }
}

#[tokio::test]
async fn the_overlap_document_word_for_word() {
    let (response, body) = written(overlap().into()).await;
    let id = booking(1);
    let expected = json!({
        "type": "https://h.example/problems/booking-overlap",
        "title": "Booking window overlaps",
        "status": 409,
        "detail": format!("Requested window overlaps with existing booking {id}."),
        "instance": "/assets/ast_456/bookings",
        "code": "BOOKING_OVERLAP",
        "traceId": "01J6Q7A8V5",
        "errors": [{"name": "start", "reason": format!("overlaps existing #{id}")}],
        "conflicts": [{"kind": "BOOKING", "id": id, "start": "2025-09-01T08:00:00Z", "end": "2025-09-01T16:15:00Z"}],
        "next_available": {"start": "2025-09-01T16:15:00Z", "end": "2025-09-01T18:15:00Z"},
    });
    assert_eq!(body, expected);
    assert_eq!(response.headers()["content-type"], "application/problem+json");
}

#[tokio::test]
async fn a_replayed_refusal_keeps_its_first_id_and_path() {
    let refusal = Refusal::Replayed {
        rejection: Rejection::AssetInUse,
        request_id: "first".into(),
        path: "/assets/other/check-in".into(),
    };
    let (response, body) = written(refusal.into()).await;
    assert_eq!(response.headers()["idempotency-replayed"], "true");
    assert_eq!(body["traceId"], "first");
    assert_eq!(body["instance"], "/assets/other/check-in");
    assert_eq!(response.status(), 409);
}

#[tokio::test]
async fn each_rejection_has_its_code_and_status() {
    let rows = [
        (Rejection::NotFound, 404),
        (Rejection::BookingNotFound, 404),
        (Rejection::ForbiddenUser, 403),
        (Rejection::ForbiddenRole, 403),
        (Rejection::ForbiddenLocation, 403),
        (Rejection::TermsNotAccepted, 403),
        (Rejection::TermsChanged { current: 2 }, 409),
        (overlap(), 409),
        (
            Rejection::DeadlinePassed {
                now: at("2025-01-01T00:00:00Z"),
                deadline_at: Timestamp::MAX,
            },
            409,
        ),
        (Rejection::AssetUnavailable { status: AssetStatus::Retired }, 409),
        (Rejection::AssetInUse, 409),
        (Rejection::AssetHasLiveBookings, 409),
        (Rejection::InvalidTransition { current_status: "CANCELLED".into() }, 409),
        (Rejection::CancelCutoffPassed, 409),
        (Rejection::DurationOutOfRange { limit_minutes: 30 }, 422),
        (Rejection::TooFarAhead { limit_minutes: 30 }, 422),
        (Rejection::PreconditionRequired, 428),
        (Rejection::PreconditionFailed, 412),
        (Rejection::KeyReused, 422),
        (Rejection::Invalid(vec![Finding { pointer: "#/name".into(), reason: "r".into() }]), 422),
        (Rejection::TagTaken, 500),
        (outside(true, true), 422),
        (Rejection::ApprovalRequired, 409),
        (Rejection::AmountOutOfRange { pointer: "#/amount_minor".into() }, 422),
        (Rejection::LimitReached { limit: 100 }, 409),
    ];
    for (rejection, status) in rows {
        let (name, stored) = (rejection.code(), rejection.is_stored());
        let code = codes::ALL.iter().find(|code| code.name == name).unwrap();
        assert_eq!(code.stored, stored, "{name}");
        let (response, body) = written(rejection.into()).await;
        assert_eq!((response.status().as_u16(), body["code"].as_str()), (status, Some(name)));
        assert_eq!(body["status"], status);
        assert_eq!(body["type"], format!("https://h.example/problems/{}", code.slug()));
    }
}

fn outside(start: bool, end: bool) -> Rejection {
    let open = Window { start: at("2025-09-01T05:00:00Z"), end: at("2025-09-01T16:00:00Z") };
    Rejection::OutsideOpeningHours { start, end, open: vec![open] }
}

#[tokio::test]
async fn what_codes_tell_beside_their_name() {
    let rows: [(Rejection, &[&str], Value); 8] = [
        (
            outside(true, true),
            &["#/start", "#/end"],
            json!({"open": [{"start": "2025-09-01T05:00:00Z", "end": "2025-09-01T16:00:00Z"}]}),
        ),
        (
            outside(false, true),
            &["#/end"],
            json!({"open": [{"start": "2025-09-01T05:00:00Z", "end": "2025-09-01T16:00:00Z"}]}),
        ),
        (
            Rejection::OutsideOpeningHours { start: true, end: false, open: vec![] },
            &["#/start"],
            json!({"open": []}),
        ),
        (
            Rejection::DurationOutOfRange { limit_minutes: 30 },
            &["#/end"],
            json!({"limit_minutes": 30}),
        ),
        (Rejection::TooFarAhead { limit_minutes: 60 }, &["#/start"], json!({"limit_minutes": 60})),
        (
            Rejection::AmountOutOfRange { pointer: "#/extra_cost_minor".into() },
            &["#/extra_cost_minor"],
            json!({}),
        ),
        (Rejection::LimitReached { limit: 100 }, &[], json!({"limit": 100})),
        (Rejection::TermsChanged { current: 2 }, &[], json!({"current_terms_version": 2})),
    ];
    for (rejection, pointers, extra) in rows {
        let (_, mut body) = written(rejection.clone().into()).await;
        let errors = body["errors"].as_array().unwrap().clone();
        let told: Vec<_> = errors.iter().map(|error| error["pointer"].as_str().unwrap()).collect();
        assert_eq!(told, pointers, "{rejection:?}");
        let members = body.as_object_mut().unwrap();
        for name in ["type", "title", "status", "detail", "instance", "code", "traceId", "errors"] {
            assert!(members.remove(name).is_some(), "{name} of {rejection:?}");
        }
        assert_eq!(body, extra, "{rejection:?}");
    }
}

#[tokio::test]
async fn headers_that_tell_what_to_do_next() {
    let rows = [
        (ApiError::Unauthenticated, 401, "www-authenticate", "Bearer"),
        (ApiError::InvalidToken("why"), 401, "www-authenticate", "Bearer error=\"invalid_token\""),
        (
            ApiError::InsufficientScope(&["asset:read", "booking:write"]),
            403,
            "www-authenticate",
            "Bearer error=\"insufficient_scope\", scope=\"asset:read booking:write\"",
        ),
        (ApiError::MethodNotAllowed("GET, HEAD".into()), 405, "allow", "GET, HEAD"),
        (Refusal::Overloaded.into(), 503, "retry-after", "1"),
        (Refusal::Quarantined.into(), 503, "retry-after", "60"),
        (Refusal::NotReady.into(), 503, "retry-after", "1"),
        (Refusal::OutcomeUnknown.into(), 503, "retry-after", "1"),
        (Refusal::StorageFull.into(), 503, "retry-after", "30"),
    ];
    for (error, status, name, value) in rows {
        let (response, _) = written(error.clone()).await;
        assert_eq!(response.status(), status, "{error:?}");
        assert_eq!(response.headers()[name], value, "{error:?}");
    }
}

#[tokio::test]
async fn a_bug_tells_nothing() {
    let (response, body) = written(ApiError::Internal).await;
    assert_eq!((response.status().as_u16(), &body["detail"]), (500, &json!("")));
}
