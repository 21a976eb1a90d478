//! A new booking: confirmed at once, or waiting for approval where the terms ask for it.

use super::{Case, Effect, mark};
use crate::{
    asset::{
        Event, NewBooking,
        admission::{self, Asked, Purpose},
        booking::Booking,
        fields::Fields,
        pricing,
    },
    id::BookingId,
    record::{Kind, Subject},
    rejection::Rejection,
};

pub(super) fn decide(
    case: &Case<'_>,
    fields: &Fields,
    new: &NewBooking,
    org_id: &str,
) -> Result<Effect, Rejection> {
    admission::in_order(new.window)?;
    terms_accepted(fields, new)?;
    let terms = &*fields.terms;
    let asked = Asked { purpose: Purpose::Create, window: new.window, terms, now: case.at };
    admission::admit(case.state, &asked)?;

    let stamp = case.next_stamp();
    let id = BookingId::new(stamp, case.state.tag);
    let event = Event::BookingPlaced {
        id,
        user_id: new.user_id.clone(),
        org_id: org_id.into(),
        window: new.window,
        terms_version: fields.terms_version,
        currency: terms.pricing.currency.clone(),
        estimated_cost_minor: pricing::estimate(&terms.pricing, new.window),
        approval_until: terms.approval.required.then(|| {
            let expires = terms.approval.expires_minutes;
            let latest = new.window.start;
            expires.map_or(latest, |minutes| case.at.plus_minutes(minutes.into()).min(latest))
        }),
    };
    let booking = Booking::created(&event, &fields.terms, case.next_version(), case.at)
        .expect("the event is a new booking");
    let image = booking.image(case.asset(fields));
    Ok(Effect {
        kind: Kind::BookingCreated,
        events: vec![event],
        subject: Subject::Booking(id),
        created: true,
        before: None,
        after: image.render(),
        booking: Some(mark(&image, true)),
        stamp,
        next_due: case.state.next_due_after(None, Some(&booking), case.state.free_since),
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
