//! A new booking: what refuses it, overlap last.

use super::{Case, Effect, mark};
use crate::{
    asset::{AssetStatus, Event, NewBooking, booking::Booking, fields::Fields},
    id::{AssetId, BookingId},
    record::{Kind, Subject},
    rejection::{Conflict, Finding, Rejection, Window},
};

const MINUTE_MS: i64 = 60_000;
const DAY_MINUTES: u32 = 24 * 60;
/// No booking is longer …
const LENGTH_MINUTES_MAX: u32 = 366 * DAY_MINUTES;
/// … or starts later than so far ahead.
const ADVANCE_MINUTES_MAX: u32 = 1_830 * DAY_MINUTES;
/// How far after the asked start another window is looked for.
const SEARCH_MINUTES_MAX: u32 = 90 * DAY_MINUTES;

pub(super) fn decide(
    case: &Case<'_>,
    fields: &Fields,
    new: &NewBooking,
) -> Result<Effect, Rejection> {
    if new.window.end <= new.window.start {
        let finding = Finding { pointer: "#/end".into(), reason: "must be after start".into() };
        return Err(Rejection::Invalid(vec![finding]));
    }
    terms_accepted(fields, new)?;
    if fields.status != AssetStatus::Active {
        return Err(Rejection::AssetUnavailable { status: fields.status });
    }
    in_bounds(case, new.window)?;
    is_free(case, new.window)?;

    let stamp = case.next_stamp();
    let id = BookingId::new(stamp, case.state.tag);
    let event = Event::BookingCreated {
        id,
        user_id: new.user_id.clone(),
        org_id: case.principal().org.clone(),
        window: new.window,
        terms_version: fields.terms_version,
        currency: fields.currency.clone(),
        estimated_cost_minor: 0,
    };
    let image = Booking::created(&event, case.state.version + 1, case.at)
        .expect("the event is a new booking")
        .image(AssetId::new(fields.id, case.state.tag));
    Ok(Effect {
        kind: Kind::BookingCreated,
        event: Some(event),
        subject: Subject::Booking(id),
        created: true,
        before: None,
        after: image.render(),
        booking: Some(mark(&image, true)),
        stamp,
    })
}

fn terms_accepted(fields: &Fields, new: &NewBooking) -> Result<(), Rejection> {
    if !new.accept_terms {
        return Err(Rejection::TermsNotAccepted);
    }
    if new.terms_version.is_some_and(|version| version != fields.terms_version) {
        return Err(Rejection::TermsChanged { current: fields.terms_version });
    }
    Ok(())
}

fn in_bounds(case: &Case<'_>, window: Window) -> Result<(), Rejection> {
    if case.at >= window.start {
        return Err(Rejection::DeadlinePassed { now: case.at, deadline_at: window.start });
    }
    if window.end.millis() - window.start.millis() > millis(LENGTH_MINUTES_MAX) {
        return Err(Rejection::DurationOutOfRange { limit_minutes: LENGTH_MINUTES_MAX });
    }
    if window.start.millis() - case.at.millis() > millis(ADVANCE_MINUTES_MAX) {
        return Err(Rejection::TooFarAhead { limit_minutes: ADVANCE_MINUTES_MAX });
    }
    Ok(())
}

fn is_free(case: &Case<'_>, window: Window) -> Result<(), Rejection> {
    let conflicts = case.state.calendar.conflicts(window);
    if conflicts.is_empty() {
        return Ok(());
    }
    // What is offered must itself be acceptable, so the limit on advance binds it as well.
    let latest = window
        .start
        .plus_minutes(SEARCH_MINUTES_MAX.into())
        .min(case.at.plus_minutes(ADVANCE_MINUTES_MAX.into()));
    Err(Rejection::Overlap {
        conflicts: conflicts
            .into_iter()
            .map(|(stamp, claim)| Conflict {
                booking: BookingId::new(stamp, case.state.tag),
                claim,
            })
            .collect(),
        next_available: case.state.calendar.next_available(window, latest),
    })
}

fn millis(minutes: u32) -> i64 {
    i64::from(minutes) * MINUTE_MS
}
