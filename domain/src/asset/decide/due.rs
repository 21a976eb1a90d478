//! What happens by itself, one transition at a time, each at the moment at which it was due.

use super::{Case, Effect, moment};
use crate::{
    asset::{
        ApprovalStatus, AssetState, BookingStatus, Event, LineType, booking::Booking,
        due::Transition, fields::Fields, pricing,
    },
    record::{Actor, Kind, Record},
    time::Timestamp,
};

/// The next transition that is due by `now`, as the record to append and apply; `None` when nothing
/// is. Ask again until then: before each command, and when [`AssetState::next_due`] has come.
///
/// The record's time is the moment at which it was due, so that it does not depend on when somebody
/// looked, and what it does can be done only once.
pub fn due(state: &AssetState, now: Timestamp) -> Option<Box<Record>> {
    let (due_at, booking, transition) = state.next_transition()?;
    if due_at > moment(state, now) {
        return None;
    }
    let fields = state.fields.as_ref()?;
    let at = if cfg!(feature = "planted-due-at-now") { now } else { due_at };
    let at = moment(state, at);
    let case = Case { state, at, actor: Actor::timer(), request_id: None, key: None };
    let effect = case.transition(fields, booking, transition);
    Some(case.accept(effect))
}

impl Case<'_> {
    fn transition(&self, fields: &Fields, booking: &Booking, transition: Transition) -> Effect {
        let id = booking.id(self.state.tag);
        match transition {
            Transition::Overdue => {
                let event = Event::BookingOverdue { id };
                self.goes_on(fields, booking, (Kind::BookingOverdue, Some(event)))
            }
            Transition::Expire => {
                let event = (Kind::BookingExpired, Event::BookingExpired { id });
                self.ends(fields, booking, event, |image| {
                    image.status = BookingStatus::Expired;
                    image.cost_minor = Some(0);
                    for approval in &mut image.approvals {
                        if approval.status == ApprovalStatus::Pending {
                            approval.status = ApprovalStatus::Expired;
                        }
                    }
                })
            }
            Transition::NoShow => {
                let fee = i64::from(booking.terms.pricing.no_show_fee_minor);
                let event = (Kind::BookingNoShow, Event::BookingNoShow { id });
                self.ends(fields, booking, event, |image| {
                    image.status = BookingStatus::NoShow;
                    image.cost_minor = Some(fee);
                    image.cost_lines.extend(pricing::item(LineType::NoShow, fee));
                })
            }
        }
    }
}
