//! What happens by itself, one transition at a time, each at the moment at which it was due.

use super::{Case, Effect, Loaded, Needed, moment};
use crate::{
    asset::{
        ApprovalStatus, AssetState, BookingStatus, Event, LineType, Trigger, booking::Booking,
        due::Transition, fields::Fields, maintenance::Maintenance, pricing,
    },
    record::{Actor, Kind, Record},
    time::Timestamp,
};

/// What an asset has to do by itself.
#[derive(Clone, PartialEq, Debug)]
pub enum Due {
    /// Nothing by then.
    Nothing,
    /// Append it, apply it, and ask again.
    Append(Box<Record>),
    /// It depends on something that is over: load its last image and ask again with it.
    Needs(Needed),
}

/// The next thing that is due by `now`, as the record to append and apply. Ask again until nothing
/// is: before each command, and when [`AssetState::next_due`] has come.
///
/// What is owed comes first, at once. The time of a transition is the moment at which it was due, so
/// that it does not depend on when somebody looked, and what it does can be done only once.
pub fn due(state: &AssetState, now: Timestamp, loaded: &Loaded) -> Due {
    let Some(fields) = &state.fields else { return Due::Nothing };
    if state.owes() {
        return super::owed::due(state, fields, loaded);
    }
    let transition = state.next_transition();
    let notice = state.upkeep.next_notice();
    // Of two at once the booking's comes first: its claim and its notice are none of the other's.
    let is_notice = match (&transition, &notice) {
        (Some((booking_at, ..)), Some((notice_at, ..))) => notice_at < booking_at,
        (_, notice) => notice.is_some(),
    };
    let at = |due_at: Timestamp| {
        let at = if cfg!(feature = "planted-due-at-now") { now } else { due_at };
        (due_at <= moment(state, now)).then(|| moment(state, at))
    };
    let case = |at| Case { state, at, actor: Actor::timer(), request_id: None, key: None };
    let record = if is_notice {
        notice.and_then(|(due_at, maintenance, minutes)| {
            let case = case(at(due_at)?);
            let effect = case.notice(fields, maintenance, (minutes, Trigger::Days));
            Some(case.accept(effect))
        })
    } else {
        transition.and_then(|(due_at, booking, transition)| {
            let case = case(at(due_at)?);
            let effect = case.transition(fields, booking, transition);
            Some(case.accept(effect))
        })
    };
    record.map_or(Due::Nothing, Due::Append)
}

impl Case<'_> {
    /// A maintenance tells in how many minutes it is due. One that use makes due is due now.
    pub(super) fn notice(
        &self,
        fields: &Fields,
        maintenance: &Maintenance,
        (notice_minutes, trigger): (u32, Trigger),
    ) -> Effect {
        let event = Event::MaintenanceNoticed {
            id: maintenance.id(self.state.tag),
            notice_minutes,
            trigger,
            due_at: match trigger {
                Trigger::Days => maintenance.due_at.unwrap_or(self.at),
                Trigger::Uses | Trigger::UsageMinutes => self.at,
            },
        };
        self.keeps_up(fields, maintenance, (Kind::MaintenanceDue, Some(event)))
    }

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
                    image.cost_lines.extend(pricing::item(LineType::NoShow, fee));
                })
            }
        }
    }
}
