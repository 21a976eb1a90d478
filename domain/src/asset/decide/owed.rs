//! What an earlier record made due on other resources: each a record of its own, at the same time and
//! in the name of the same caller. Nothing here refuses.

use super::{Case, Due, Effect, Loaded, Needed};
use crate::{
    asset::{
        AssetState, BookingDocument, CostLine, Event, LineType, LineUnit, MaintenanceType,
        event::Charge, fields::Fields, maintenance::Maintenance, pricing, schedule::Rule,
        upkeep::Consequence,
    },
    id::{MaintenanceId, ReportId, Stamp},
    record::{Kind, Subject},
};

pub(super) fn due(state: &AssetState, fields: &Fields, loaded: &Loaded) -> Due {
    let Some((consequence, actor, request_id)) = state.upkeep.owed.first() else {
        return Due::Nothing;
    };
    let actor = actor.clone();
    let case = Case { state, at: state.at, actor, request_id: Some(request_id), key: None };
    match case.consequence(fields, consequence, loaded) {
        Ok(Some(effect)) => Due::Append(case.accept(effect)),
        Ok(None) => Due::Nothing,
        Err(needed) => Due::Needs(needed),
    }
}

impl Case<'_> {
    /// `None` only where what it is about is not there, which no log says.
    fn consequence(
        &self,
        fields: &Fields,
        consequence: &Consequence,
        loaded: &Loaded,
    ) -> Result<Option<Effect>, Needed> {
        let open = |stamp: &Stamp| self.state.upkeep.open.get(stamp);
        Ok(match consequence {
            Consequence::Follow => Some(self.follow(fields)),
            Consequence::Damage { charge } => {
                let line = pricing::item(LineType::Damage, charge.amount_minor);
                let event = Event::BookingDamaged { charge: *charge };
                self.rebilled(loaded.booking(charge.booking)?, line, event)
            }
            Consequence::Reverse { charge } => {
                let event = Event::BookingDamageReversed { charge: *charge };
                self.rebilled(loaded.booking(charge.booking)?, Some(reversal(charge)), event)
            }
            Consequence::Open { rule } => {
                self.state.upkeep.schedule.rule(rule).map(|rule| self.occurrence(fields, rule))
            }
            Consequence::Correct { report } => Some(self.correction(fields, *report)),
            Consequence::Replan { maintenance, keeps_time } => {
                open(maintenance).and_then(|it| self.replan(fields, it, *keeps_time))
            }
            Consequence::Cancel { maintenance } => open(maintenance).map(|it| {
                let id = it.id(self.state.tag);
                let event = Event::MaintenanceCancelled { id, reason: None };
                self.keeps_up(fields, it, (Kind::MaintenanceCancelled, Some(event)))
            }),
            Consequence::Fire { maintenance, trigger } => {
                open(maintenance).map(|it| self.notice(fields, it, (0, *trigger)))
            }
        })
    }

    fn follow(&self, fields: &Fields) -> Effect {
        let status = self.state.upkeep.status_due(fields.status);
        let event = Event::AssetFollowed { status };
        let mut after = fields.clone();
        after.update(&event, self.next_version(), self.at);
        let free_since = self.state.free_since_after(status, self.at);
        Effect {
            kind: Kind::AssetUpdated,
            events: vec![event],
            subject: Subject::Asset(self.asset(fields)),
            created: false,
            before: Some(fields.document(self.state.tag)),
            after: after.document(self.state.tag),
            booking: None,
            stamp: self.state.last_stamp,
            next_due: self.state.next_due_after(None, None, free_since),
        }
    }

    /// The sums were judged by the command that caused this.
    fn rebilled(
        &self,
        before: Option<&BookingDocument>,
        line: Option<CostLine>,
        event: Event,
    ) -> Option<Effect> {
        self.rebills(before?, line?, event)
    }

    fn occurrence(&self, fields: &Fields, rule: &Rule) -> Effect {
        let (occurrence, due_at) = self.state.upkeep.next_occurrence(rule, self.at);
        self.opens(fields, |id| Event::MaintenanceOpened {
            id,
            rule: Some(rule.id.as_ref().into()),
            occurrence,
            r#type: rule.r#type,
            reason: None,
            due_at,
            window: None,
            notices: rule.notices(),
            report: None,
        })
    }

    fn correction(&self, fields: &Fields, report: Stamp) -> Effect {
        self.opens(fields, |id| Event::MaintenanceOpened {
            id,
            rule: None,
            occurrence: 1,
            r#type: MaintenanceType::Corrective,
            reason: None,
            due_at: Some(self.at),
            window: None,
            notices: vec![0],
            report: Some(ReportId::new(report, self.state.tag)),
        })
    }

    /// The effect of an event that opens a maintenance.
    pub(super) fn opens(
        &self,
        fields: &Fields,
        event: impl FnOnce(MaintenanceId) -> Event,
    ) -> Effect {
        let stamp = self.next_stamp();
        let id = MaintenanceId::new(stamp, self.state.tag);
        let event = event(id);
        let maintenance = Maintenance::opened(&event, self.next_version(), self.at)
            .expect("the event opens a maintenance");
        Effect {
            kind: Kind::MaintenanceScheduled,
            subject: Subject::Maintenance(id),
            created: true,
            before: None,
            after: maintenance.document(self.asset(fields)),
            events: vec![event],
            booking: None,
            stamp,
            next_due: self.state.next_booking_due(),
        }
    }

    fn replan(&self, fields: &Fields, open: &Maintenance, keeps_time: bool) -> Option<Effect> {
        let rule = self.state.upkeep.schedule.rule(open.rule.as_deref()?)?;
        let due_at = if keeps_time {
            open.due_at
        } else {
            self.state.upkeep.next_occurrence(rule, self.at).1
        };
        let event = Event::MaintenanceReplanned {
            id: open.id(self.state.tag),
            r#type: rule.r#type,
            due_at,
            notices: rule.notices(),
        };
        Some(self.keeps_up(fields, open, (Kind::MaintenanceUpdated, Some(event))))
    }
}

/// Takes a charge off the bill again.
pub(super) fn reversal(charge: &Charge) -> CostLine {
    CostLine {
        amount_minor: -charge.amount_minor,
        quantity: 1,
        reason: Some(format!("{} is superseded", charge.report)),
        r#type: LineType::Adjustment,
        unit: LineUnit::Item,
    }
}
