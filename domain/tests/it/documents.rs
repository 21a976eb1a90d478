//! The documents: canonical as served, also with hostile text, and the published member names.

use holdfast_domain::{
    Rejection, Timestamp,
    asset::{AssetChange, Change, Command, NewBooking, terms},
    canonical,
    rejection::Window,
};
use proptest::prelude::*;
use serde_json::Value;

use crate::world::{Manner, World, t, who};

fn is_canonical(json: &[u8]) -> Value {
    let value: Value = serde_json::from_slice(json).unwrap();
    assert_eq!(
        String::from_utf8_lossy(json),
        serde_json_canonicalizer::to_string(&value).unwrap(),
        "served bytes are the hashed bytes"
    );
    value
}

fn members(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn documents_have_the_published_members() {
    let mut world = World::new();
    let asset = is_canonical(&world.state.asset_document().unwrap().json);
    let mut wanted = vec![
        "id",
        "name",
        "category",
        "owner_org_id",
        "location_id",
        "shared_with",
        "booking_terms",
        "terms_version",
        "maintenance_schedule",
        "registry",
        "status",
        "created_at",
        "updated_at",
        "etag",
        "version",
    ];
    wanted.sort_unstable();
    assert_eq!(members(&asset), wanted);

    crate::scenario::run(&mut world, "07:00 ann book 09:00~10:00 => CONFIRMED");
    let booking = is_canonical(&world.state.booking_document(world.bookings[0]).unwrap().json);
    let mut wanted = vec![
        "id",
        "asset_id",
        "user_id",
        "org_id",
        "start",
        "end",
        "status",
        "approvals",
        "cost_minor",
        "estimated_cost_minor",
        "currency",
        "cost_lines",
        "actual_start",
        "actual_end",
        "overdue",
        "check_in_notes",
        "terms_version",
        "etag",
        "version",
        "created_at",
        "updated_at",
    ];
    wanted.sort_unstable();
    assert_eq!(members(&booking), wanted);
    assert_eq!(booking["etag"], "\"2-0\"");
    assert_eq!(booking["cost_minor"], Value::Null);
    assert_eq!(booking["estimated_cost_minor"], 0);
    assert_eq!(booking["asset_id"], asset["id"]);
}

#[test]
fn what_is_answered_is_what_is_read() {
    let mut world = World::new();
    crate::scenario::run(
        &mut world,
        "07:00 ann book 09:00~10:00 => CONFIRMED
         09:00 ann check-in #1 notes=x => CHECKED_IN",
    );
    let holdfast_domain::Outcome::Accepted(last) = &world.log[2].outcome else { panic!("refused") };
    let read = world.state.booking_document(world.bookings[0]).unwrap();
    assert_eq!((&last.after[..], last.etag), (&read.json[..], read.etag));
    let holdfast_domain::Outcome::Accepted(first) = &world.log[1].outcome else {
        panic!("refused")
    };
    assert_eq!(last.before.as_deref(), Some(&first.after[..]));
}

fn update(world: &mut World, change: AssetChange) {
    let answer =
        world.ask(&who("boss"), Command::UpdateAsset(change), t("07:00"), &Manner::default());
    assert_eq!(answer, "ACTIVE");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn hostile_text_stays_canonical(name in ".*", org in ".+", notes in ".*", user in ".+") {
        let mut world = World::new();
        let orgs = vec![org, "\u{0}\u{1f}\u{7f}\u{2028}\u{2029}\u{fb33}\u{1f600}\"\\/".into()];
        update(&mut world, AssetChange {
            name: Some(name + "\r\u{20ac}"),
            shared_with: Some(orgs),
            booking_terms: Some(Change::Set(r#"{"time_zone":"UTC","min_minutes":1}"#.into())),
            ..Default::default()
        });
        is_canonical(&world.state.asset_document().unwrap().json);
        let book = Command::CreateBooking(NewBooking {
            user_id: user,
            window: Window { start: t("09:00"), end: t("10:00") },
            accept_terms: true,
            terms_version: None,
        });
        let manner = Manner::default();
        prop_assert_eq!(world.ask(&who("boss"), book, t("07:00"), &manner), "CONFIRMED");
        let id = world.bookings[0];
        let check_in = Command::CheckIn { booking: Some(id), condition_notes: Some(notes) };
        prop_assert_eq!(world.ask(&who("boss"), check_in, t("09:00"), &manner), "CHECKED_IN");
        is_canonical(&world.state.booking_document(id).unwrap().json);
        world.check_all();
    }

    #[test]
    fn members_sort_by_utf16(names in proptest::collection::vec(any::<String>(), 0..8)) {
        let object: serde_json::Map<String, Value> = names
            .into_iter()
            .chain(["\u{fb33}".into(), "\u{1f600}".into(), "\u{20ac}".into(), "\r".into()])
            .map(|name| (name, Value::from(vec![Value::Null, 1.into(), true.into()])))
            .collect();
        let value = Value::from(object);
        prop_assert_eq!(canonical::to_string(&value), serde_json_canonicalizer::to_string(&value).unwrap());
    }
}

#[test]
fn terms_come_back_canonical_whatever_their_order() {
    let sent = r#"{ "pricing": {"rounding_minutes":15,"currency":"EUR"}, "min_minutes":30,
                    "check_in":{"no_show_after_minutes":3,"early_minutes":15} }"#;
    let value: Value = serde_json::from_str(sent).unwrap();
    let terms = terms::check(&value).unwrap();
    assert_eq!(terms, serde_json_canonicalizer::to_string(&value).unwrap());
    let mut world = World::new();
    update(
        &mut world,
        AssetChange { booking_terms: Some(Change::Set(terms)), ..Default::default() },
    );
    let asset = is_canonical(&world.state.asset_document().unwrap().json);
    assert_eq!(asset["booking_terms"], value);
}

#[test]
fn each_code_is_spelled_as_published() {
    let now = Timestamp::default();
    for (rejection, code, stored) in [
        (Rejection::NotFound, "NOT_FOUND", false),
        (Rejection::BookingNotFound, "BOOKING_NOT_FOUND", false),
        (Rejection::ForbiddenUser, "FORBIDDEN_USER", false),
        (Rejection::ForbiddenRole, "FORBIDDEN_ROLE", false),
        (Rejection::ForbiddenLocation, "FORBIDDEN_LOCATION", false),
        (Rejection::TermsNotAccepted, "TERMS_NOT_ACCEPTED", true),
        (Rejection::TermsChanged { current: 1 }, "TERMS_CHANGED", true),
        (
            Rejection::Overlap { conflicts: Vec::new(), next_available: None },
            "BOOKING_OVERLAP",
            true,
        ),
        (Rejection::DeadlinePassed { now, deadline_at: now }, "BOOKING_DEADLINE_PASSED", true),
        (Rejection::AssetInUse, "ASSET_IN_USE", true),
        (Rejection::AssetHasLiveBookings, "ASSET_HAS_LIVE_BOOKINGS", true),
        (Rejection::CancelCutoffPassed, "CANCEL_CUTOFF_PASSED", true),
        (Rejection::DurationOutOfRange { limit_minutes: 1 }, "DURATION_OUT_OF_RANGE", false),
        (Rejection::TooFarAhead { limit_minutes: 1 }, "TOO_FAR_AHEAD", false),
        (Rejection::PreconditionRequired, "PRECONDITION_REQUIRED", false),
        (Rejection::PreconditionFailed, "PRECONDITION_FAILED", false),
        (Rejection::KeyReused, "IDEMPOTENCY_KEY_REUSED", false),
        (Rejection::Invalid(Vec::new()), "VALIDATION_FAILED", false),
    ] {
        assert_eq!((rejection.code(), rejection.is_stored()), (code, stored));
    }
}
