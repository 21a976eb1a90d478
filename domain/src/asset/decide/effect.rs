//! What an accepted command does, and the effects that many commands share. Judges nothing.

use super::Case;
use crate::{
    asset::{
        BookingDocument, BookingStatus, CostLine, Document, Event, booking::Booking,
        fields::Fields, maintenance::Maintenance, pricing,
    },
    id::Stamp,
    record::{BookingMark, Etag, Kind, Subject, user_key},
    time::Timestamp,
};

/// What an accepted command does.
pub(super) struct Effect {
    pub(super) kind: Kind,
    pub(super) events: Vec<Event>,
    pub(super) subject: Subject,
    pub(super) created: bool,
    pub(super) before: Option<Document>,
    pub(super) after: Document,
    pub(super) booking: Option<BookingMark>,
    /// The last stamp the effect has used up.
    pub(super) stamp: Stamp,
    /// When a booking next changes by itself after it.
    pub(super) next_due: Option<Timestamp>,
}

impl Case<'_> {
    /// The effect of an event after which a booking is still live.
    pub(super) fn goes_on(
        &self,
        fields: &Fields,
        booking: &Booking,
        (kind, event): (Kind, Option<Event>),
    ) -> Effect {
        let asset = self.asset(fields);
        let mut after = booking.clone();
        if let Some(event) = &event {
            after.change(event, &fields.terms, self.next_version(), self.at);
        }
        let is_out = after.status == BookingStatus::CheckedIn;
        let free_since = self.state.free_since.filter(|_| !is_out);
        let image = after.image(asset);
        Effect {
            kind,
            events: event.into_iter().collect(),
            subject: Subject::Booking(image.id),
            created: false,
            before: Some(booking.document(asset)),
            after: image.render(),
            booking: Some(mark(&image, false)),
            stamp: self.state.last_stamp,
            next_due: self.state.next_due_after(Some(booking.stamp), Some(&after), free_since),
        }
    }

    /// The effect of an event that ends a booking; `change` makes its last image but for what
    /// reports charge, and its lines are what it costs.
    pub(super) fn ends(
        &self,
        fields: &Fields,
        booking: &Booking,
        (kind, event): (Kind, Event),
        change: impl FnOnce(&mut BookingDocument),
    ) -> Effect {
        let asset = self.asset(fields);
        let mut image = booking.image(asset);
        image.overdue = false;
        change(&mut image);
        image.cost_lines.extend(booking.damage_lines());
        image.cost_minor = Some(image.cost_lines.iter().map(|line| line.amount_minor).sum());
        self.touch(&mut image);
        let comes_back = booking.status == BookingStatus::CheckedIn && self.state.is_active();
        let free_since = if comes_back { Some(self.at) } else { self.state.free_since };
        Effect {
            kind,
            events: vec![event],
            subject: Subject::Booking(image.id),
            created: false,
            before: Some(booking.document(asset)),
            after: image.render(),
            booking: Some(mark(&image, false)),
            stamp: self.state.last_stamp,
            next_due: self.state.next_due_after(Some(booking.stamp), None, free_since),
        }
    }

    /// The effect of an event on an open maintenance.
    pub(super) fn keeps_up(
        &self,
        fields: &Fields,
        maintenance: &Maintenance,
        (kind, event): (Kind, Option<Event>),
    ) -> Effect {
        let asset = self.asset(fields);
        let mut after = maintenance.clone();
        if let Some(event) = &event {
            after.change(event, self.next_version(), self.at);
        }
        Effect {
            kind,
            events: event.into_iter().collect(),
            subject: Subject::Maintenance(maintenance.id(asset.tag)),
            created: false,
            before: Some(maintenance.document(asset)),
            after: after.document(asset),
            booking: None,
            stamp: self.state.last_stamp,
            next_due: self.state.next_booking_due(),
        }
    }

    /// The effect of one more line on the bill of a booking that is over. `None` where the sum would
    /// be none.
    pub(super) fn rebills(
        &self,
        before: &BookingDocument,
        line: CostLine,
        event: Event,
    ) -> Option<Effect> {
        let mut after = before.clone();
        after.cost_lines.push(line);
        after.cost_minor = Some(pricing::total(&after.cost_lines)?);
        self.touch(&mut after);
        Some(Effect {
            kind: Kind::BookingCostAdjusted,
            events: vec![event],
            subject: Subject::Booking(after.id),
            created: false,
            before: Some(before.render()),
            after: after.render(),
            booking: Some(mark(&after, false)),
            stamp: self.state.last_stamp,
            next_due: self.state.next_booking_due(),
        })
    }

    /// Marks an image as changed by this record.
    pub(super) fn touch(&self, image: &mut BookingDocument) {
        image.version = self.next_version();
        image.etag = Etag { version: image.version, link: 0 }.to_string();
        image.updated_at = self.at;
    }
}

pub(super) fn mark(image: &BookingDocument, created: bool) -> BookingMark {
    BookingMark {
        id: image.id,
        user: user_key(&image.org_id, &image.user_id),
        created,
        finished: !image.status.is_live(),
    }
}
