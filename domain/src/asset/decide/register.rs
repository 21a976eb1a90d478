//! A new asset: it begins its tag's history.

use super::{Case, Effect};
use crate::{
    asset::{Event, NewAsset, fields::Fields, schedule, terms},
    id::AssetId,
    record::{Kind, Subject},
    rejection::Rejection,
};

pub(super) fn decide(case: &Case<'_>, new: &NewAsset) -> Result<Effect, Rejection> {
    if case.state.fields.is_some() {
        return Err(Rejection::TagTaken);
    }
    let stamp = case.next_stamp();
    let event = Event::AssetRegistered {
        id: stamp,
        name: new.name.clone(),
        category: new.category.clone(),
        owner_org_id: new.owner_org_id.clone(),
        location_id: new.location_id.clone(),
        shared_with: new.shared_with.clone(),
        booking_terms: new.booking_terms.as_deref().map(terms::recheck).transpose()?,
    };
    let schedule = new.maintenance_schedule.as_deref().map(schedule::recheck).transpose()?;
    let schedule =
        schedule.map(|schedule| Event::ScheduleChanged { maintenance_schedule: Some(schedule) });
    let mut fields = Fields::registered(&event, case.next_version(), case.at)
        .expect("the event is a registration");
    if let Some(schedule) = &schedule {
        fields.update(schedule, case.next_version(), case.at);
    }
    Ok(Effect {
        kind: Kind::AssetCreated,
        subject: Subject::Asset(AssetId::new(stamp, case.state.tag)),
        created: true,
        before: None,
        after: fields.document(case.state.tag),
        events: [event].into_iter().chain(schedule).collect(),
        booking: None,
        stamp,
        next_due: None,
    })
}
