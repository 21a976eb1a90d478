//! Samples of what came with schema 3: condition reports, maintenance, webhooks.

use holdfast_domain::{
    DeliveryId, EndpointId, MaintenanceId, ReportId,
    asset::{Charge, MaintenanceType, Trigger},
    rejection::{Claimant, Taken},
    webhooks::{
        Cursor, DisabledReason, EndpointEvent, EndpointStatus, EventRef, Failure, LaneEvent,
        Replay, ReplayProgress, Sealed, Settled, SettledDelivery, Settlement, Try,
    },
};

use super::{
    AssetStatus, Event, Kind, Outcome, Record, Rejection, Stamp, Subject, TAG, accepted, at,
    booking, refused, window,
};

fn stamp(counter: u16) -> Stamp {
    Stamp::new(1_700_000_000_000, counter)
}

/// As [`accepted`], about something else than a booking.
fn about(kind: Kind, subject: Subject, event: Event) -> Record {
    let mut record = accepted(kind, event);
    if let Outcome::Accepted(accepted) = &mut record.outcome {
        accepted.subject = subject;
        accepted.booking = None;
    }
    record
}

pub(super) fn samples() -> Vec<(&'static str, Record)> {
    reports().into_iter().chain(maintenance()).chain(endpoints()).chain(lanes()).collect()
}

fn charge() -> Charge {
    Charge { report: ReportId::new(stamp(7), TAG), booking: booking(1), amount_minor: 15_000 }
}

fn reports() -> Vec<(&'static str, Record)> {
    let id = ReportId::new(stamp(7), TAG);
    let created = |reverses| Event::ReportCreated {
        id,
        by: "usr_9".into(),
        org_id: "org_1".into(),
        pending: true,
        holds: true,
        supersedes: Some(ReportId::new(stamp(6), TAG)),
        reverses,
    };
    let decided = |charge| Event::ReportDecided { id, approved: true, charge, opens: true };
    let report = |kind, event| about(kind, Subject::Report(id), event);
    vec![
        ("report-created", report(Kind::ReportCreated, created(None))),
        ("report-created-over-another", report(Kind::ReportCreated, created(Some(charge())))),
        ("report-decided", report(Kind::ReportDecided, decided(Some(charge())))),
        ("report-refused", refused(Kind::ReportRefused, Rejection::AlreadySuperseded)),
        (
            "booking-damaged",
            accepted(Kind::BookingCostAdjusted, Event::BookingDamaged { charge: charge() }),
        ),
        (
            "booking-damage-reversed",
            accepted(Kind::BookingCostAdjusted, Event::BookingDamageReversed { charge: charge() }),
        ),
    ]
}

fn maintenance() -> Vec<(&'static str, Record)> {
    let id = MaintenanceId::new(stamp(8), TAG);
    let of = |kind, event| about(kind, Subject::Maintenance(id), event);
    let schedule = Event::ScheduleChanged { maintenance_schedule: Some("{}".into()) };
    let followed = Event::AssetFollowed { status: AssetStatus::Maintenance };
    let opened = Event::MaintenanceOpened {
        id,
        rule: Some("oil".into()),
        occurrence: 2,
        r#type: MaintenanceType::Preventive,
        reason: Some("worn".into()),
        due_at: Some(at(1)),
        window: Some(window()),
        notices: vec![10_080, 0],
        report: Some(ReportId::new(stamp(7), TAG)),
    };
    let moved = Event::MaintenanceMoved { id, due_at: Some(at(2)), window: None };
    let replanned = Event::MaintenanceReplanned {
        id,
        r#type: MaintenanceType::Inspection,
        due_at: None,
        notices: vec![0],
    };
    let noticed = Event::MaintenanceNoticed {
        id,
        notice_minutes: 10_080,
        trigger: Trigger::UsageMinutes,
        due_at: at(3),
    };
    let cancelled = Event::MaintenanceCancelled { id, reason: Some("sold".into()) };
    let taken = vec![
        Taken { by: Claimant::Booking(booking(1)), claim: window() },
        Taken { by: Claimant::Maintenance(id), claim: window() },
    ];
    let blocked = Rejection::Blocked { conflicts: taken, next_available: Some(window()) };
    vec![
        ("schedule-changed", accepted(Kind::AssetUpdated, schedule)),
        ("asset-followed", accepted(Kind::AssetUpdated, followed)),
        ("maintenance-opened", of(Kind::MaintenanceScheduled, opened)),
        ("maintenance-moved", of(Kind::MaintenanceUpdated, moved)),
        ("maintenance-replanned", of(Kind::MaintenanceUpdated, replanned)),
        ("maintenance-noticed", of(Kind::MaintenanceDue, noticed)),
        ("maintenance-started", of(Kind::MaintenanceStarted, Event::MaintenanceStarted { id })),
        (
            "maintenance-completed",
            of(Kind::MaintenanceCompleted, Event::MaintenanceCompleted { id }),
        ),
        ("maintenance-cancelled", of(Kind::MaintenanceCancelled, cancelled)),
        ("maintenance-refused", refused(Kind::MaintenanceRefused, blocked)),
    ]
}

fn endpoints() -> Vec<(&'static str, Record)> {
    let id = EndpointId::new(stamp(9), TAG);
    let of = |kind, event| about(kind, Subject::Endpoint(id), Event::Endpoint(event));
    let secret = Sealed(vec![1, 2, 3]);
    let created = EndpointEvent::Created {
        id: id.stamp,
        url: "https://erp.example/hooks".into(),
        events: vec!["booking.*".into()],
        description: Some("erp".into()),
        org_id: "org_1".into(),
        locations: vec!["*".into()],
        secret: secret.clone(),
    };
    let updated = EndpointEvent::Updated {
        id: id.stamp,
        url: Some("https://erp.example/other".into()),
        events: Some(vec!["*".into()]),
        description: Some(None),
        status: Some(EndpointStatus::Disabled),
        reason: Some(DisabledReason::Failing),
    };
    let rotated = EndpointEvent::SecretRotated { id: id.stamp, secret };
    let limit = Rejection::LimitReached { limit: 100 };
    vec![
        ("endpoint-created", of(Kind::EndpointCreated, created)),
        ("endpoint-updated", of(Kind::EndpointUpdated, updated)),
        ("endpoint-deleted", of(Kind::EndpointDeleted, EndpointEvent::Deleted { id: id.stamp })),
        ("endpoint-secret-rotated", of(Kind::EndpointSecretRotated, rotated)),
        ("endpoint-tested", of(Kind::EndpointTested, EndpointEvent::Tested { id: id.stamp })),
        ("endpoint-refused", refused(Kind::EndpointRefused, limit.clone())),
        ("delivery-refused", refused(Kind::DeliveryRefused, limit)),
    ]
}

fn lanes() -> Vec<(&'static str, Record)> {
    let endpoint = Subject::Endpoint(EndpointId::new(stamp(9), TAG));
    let delivery = DeliveryId::new(stamp(10), TAG);
    let cursor = Cursor { position: 70_000, place: [7; 20] };
    let event =
        EventRef { tag: TAG, version: 300, stamp: stamp(5), kind: Kind::BookingCreated, at: at(0) };
    let tried = |status_code, error| Try { at: at(1), status_code, error, duration_ms: 41 };
    let settled = |last, outcome| Settled {
        delivery: None,
        event,
        attempts: 2,
        tries: 1,
        last,
        outcome,
        in_order: true,
    };
    let settled = [
        settled(Some(tried(Some(200), None)), Settlement::Delivered),
        settled(Some(tried(None, Some(Failure::Timeout))), Settlement::Retry(at(2))),
        settled(None, Settlement::Dead),
    ];
    let settled =
        settled.into_iter().map(|one| SettledDelivery::new(delivery.stamp, one)).collect();
    let replay = Replay { id: stamp(11), from: at(0), to: at(9), cursor };
    let progressed = LaneEvent::Progressed {
        cursor,
        settled,
        replay: Some(ReplayProgress { replay, over: true }),
    };
    let of = |kind, subject, event| about(kind, subject, Event::Lane(event));
    let asked = LaneEvent::RedeliveryAsked { delivery: delivery.stamp };
    let again = LaneEvent::ReplayAsked(replay);
    vec![
        ("lane-progressed", of(Kind::DeliveryProgressed, endpoint, progressed)),
        ("redelivery-asked", of(Kind::DeliveryRequested, Subject::Delivery(delivery), asked)),
        ("replay-asked", of(Kind::DeliveryRequested, endpoint, again)),
    ]
}
