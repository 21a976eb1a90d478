//! Logs that an older release wrote: what they say is still read as it was meant.

use holdfast_domain::{
    Outcome, Record, Timestamp,
    asset::{AssetState, BookingDocument, Event},
};

use crate::world::{TAG, World, t};

/// The record as it was written before the rules of terms were applied.
fn as_before(mut record: Record) -> Record {
    let Outcome::Accepted(accepted) = &mut record.outcome else { return record };
    for event in &mut accepted.events {
        if let Event::BookingPlaced {
            id,
            user_id,
            org_id,
            window,
            terms_version,
            currency,
            estimated_cost_minor,
            ..
        } = event.clone()
        {
            *event = Event::BookingCreated {
                id,
                user_id,
                org_id,
                window,
                terms_version,
                currency,
                estimated_cost_minor,
            };
        }
    }
    record
}

fn image(state: &AssetState, world: &World, number: usize) -> BookingDocument {
    let json = state.booking_document(world.bookings[number - 1]).unwrap().json;
    serde_json::from_slice(&json).unwrap()
}

#[test]
fn bookings_from_before_the_rules_have_no_buffers_no_approval_and_no_price() {
    let terms = r#"{"approval":{"required":true},"buffer_after_minutes":60,"pricing":{"no_show_fee_minor":500}}"#;
    let mut world = World::with_terms(Some(terms.into()));
    crate::scenario::run(
        &mut world,
        "07:00 ann book 09:00~10:00  => PENDING_APPROVAL
         07:00 ann book 11:00~12:00  => PENDING_APPROVAL",
    );
    let mut older = AssetState::new(TAG);
    for record in &world.log {
        older.apply(&as_before(record.clone()));
    }
    assert_eq!(image(&older, &world, 1).status.name(), "CONFIRMED");
    assert_eq!(image(&older, &world, 1).approvals, []);
    assert_eq!(image(&older, &world, 1).terms_version, 1);

    let stored = serde_json::to_vec(&older.to_snapshot()).unwrap();
    let mut hydrated = AssetState::from_snapshot(serde_json::from_slice(&stored).unwrap());
    world.log.iter().for_each(|record| hydrated.remember(record));
    assert_eq!(hydrated, older);

    world.state = older;
    crate::scenario::run(
        &mut world,
        "07:00 ann book 10:00~10:30  => kept BOOKING_OVERLAP #2 11:00~12:00 next 12:00~12:30
         08:50 ann check-in #1       => CHECKED_IN
         10:00 ann check-out #1      => CHECKED_OUT
         13:00 boss name Van         => ACTIVE",
    );
    let ended: Vec<(&str, Option<i64>, Timestamp)> = world
        .bookings
        .iter()
        .map(|id| &world.finished[id])
        .map(|image| (image.status.name(), image.cost_minor, image.updated_at))
        .collect();
    assert_eq!(ended, [("CHECKED_OUT", Some(0), t("10:00")), ("NO_SHOW", Some(0), t("12:00"))]);
}
