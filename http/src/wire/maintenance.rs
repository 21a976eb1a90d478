//! What a maintenance is asked with, member by member.

use holdfast_domain::{
    MaintenanceId, Timestamp,
    asset::{Change, Command, MaintenanceChange, MaintenanceType, NewMaintenance},
};
use utoipa::ToSchema;

use super::in_order;
use crate::{
    body::members::{Members, TEXT_MAX},
    error::{ApiError, Issue},
};

schema_only! {
    /// A maintenance that no rule asks for. With a window it keeps bookings out.
    #[schema(example = json!({"type": "CORRECTIVE", "due_at": "2025-10-01T06:00:00Z", "reason": "brake squeals"}))]
    #[serde(deny_unknown_fields)]
    pub(crate) struct MaintenanceInput {
        r#type: MaintenanceType,
        due_at: Timestamp,
        #[schema(nullable = false, min_length = 1, max_length = 4000)]
        reason: Option<String>,
        /// Of its window; together with `end`.
        #[schema(nullable = false)]
        start: Option<Timestamp>,
        /// After start.
        #[schema(nullable = false)]
        end: Option<Timestamp>,
    }

    /// Another time for a maintenance; at least one member. Null takes the window away.
    #[schema(min_properties = 1, example = json!({"start": "2025-10-01T06:00:00Z", "end": "2025-10-01T08:00:00Z"}))]
    #[serde(deny_unknown_fields)]
    pub(crate) struct MaintenanceChangeInput {
        start: Option<Timestamp>,
        /// After start. By default the length its rule says after a new start.
        end: Option<Timestamp>,
        #[schema(nullable = false)]
        due_at: Option<Timestamp>,
    }

    /// May be absent altogether.
    #[schema(example = json!({"reason": "done by the maker"}))]
    #[serde(deny_unknown_fields)]
    pub(crate) struct MaintenanceCancelInput {
        /// Takes the place of the one it was made for.
        #[schema(nullable = false, min_length = 1, max_length = 4000)]
        reason: Option<String>,
    }
}

pub(crate) fn maintenance(mut body: Members) -> Result<Command, ApiError> {
    let r#type = match body.required("type") {
        None => None,
        Some(value) => {
            let r#type = value.as_str().and_then(MaintenanceType::of);
            if r#type.is_none() {
                body.issue("type", "must be PREVENTIVE, INSPECTION, CORRECTIVE or SAFETY");
            }
            r#type
        }
    };
    let due_at = body.instant("due_at");
    let reason = body.optional_string("reason", TEXT_MAX);
    for (one, other) in [("start", "end"), ("end", "start")] {
        if body.has(one) && !body.has(other) {
            body.issue(other, format!("is required with {one}"));
        }
    }
    let (start, end) = (body.optional_instant("start"), body.optional_instant("end"));
    in_order(&mut body, start, end);
    body.finish()?;
    Ok(Command::CreateMaintenance(NewMaintenance {
        r#type: r#type.unwrap_or(MaintenanceType::Corrective),
        due_at: due_at.unwrap_or_default(),
        reason,
        start,
        end,
    }))
}

/// When a maintenance is to be: `None` = unchanged.
#[derive(PartialEq, Debug)]
pub(crate) struct Replanned {
    start: Option<Change<Timestamp>>,
    end: Option<Change<Timestamp>>,
    due_at: Option<Timestamp>,
}

impl Replanned {
    pub(crate) fn of(self, maintenance: MaintenanceId) -> Command {
        let Self { start, end, due_at } = self;
        Command::ChangeMaintenance(MaintenanceChange { maintenance, due_at, start, end })
    }
}

pub(crate) fn replan(mut body: Members) -> Result<Replanned, ApiError> {
    if body.is_empty() {
        body.issues([Issue::pointer("#", "must change something")]);
    }
    let replanned = Replanned {
        start: body.instant_or_null("start"),
        end: body.instant_or_null("end"),
        due_at: body.optional_instant("due_at"),
    };
    in_order(&mut body, set(replanned.start.as_ref()), set(replanned.end.as_ref()));
    body.finish()?;
    Ok(replanned)
}

fn set(change: Option<&Change<Timestamp>>) -> Option<Timestamp> {
    match change {
        Some(Change::Set(instant)) => Some(*instant),
        Some(Change::Clear) | None => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::wire::tests::findings;

    const EIGHT: &str = "2028-10-01T08:00:00Z";
    const NINE: &str = "2028-10-01T09:00:00Z";

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn what_is_wrong_with_a_maintenance() {
        let rows: [(Value, &[&str]); 5] = [
            (json!({}), &["#/type: is required", "#/due_at: is required"]),
            (
                json!({"type": "REPAIR", "due_at": "tomorrow", "reason": "", "rule_id": "oil"}),
                &[
                    "#/type: must be PREVENTIVE, INSPECTION, CORRECTIVE or SAFETY",
                    "#/due_at: must be an RFC 3339 instant with an offset",
                    "#/reason: must not be blank",
                    "#/rule_id: unknown member",
                ],
            ),
            (
                json!({"type": "SAFETY", "due_at": EIGHT, "start": EIGHT}),
                &["#/end: is required with start"],
            ),
            (
                json!({"type": "SAFETY", "due_at": EIGHT, "end": EIGHT}),
                &["#/start: is required with end"],
            ),
            (
                json!({"type": "SAFETY", "due_at": EIGHT, "start": NINE, "end": EIGHT}),
                &["#/end: must be after start"],
            ),
        ];
        for (sent, expected) in rows {
            let found = findings(maintenance(Members::of(sent.clone()).unwrap()));
            assert_eq!(found, expected, "{sent}");
        }
    }

    #[test]
    fn another_time() {
        let read = |body: Value| replan(Members::of(body).unwrap());
        assert_eq!(findings(read(json!({}))), ["#: must change something"]);
        assert_eq!(findings(read(json!({"due_at": null}))), ["#/due_at: must be a string"]);
        let backwards = json!({"start": NINE, "end": EIGHT});
        assert_eq!(findings(read(backwards)), ["#/end: must be after start"]);
        assert_eq!(findings(read(json!({"status": "DUE"}))), ["#/status: unknown member"]);
        let moved = Replanned {
            start: Some(Change::Set(at(EIGHT))),
            end: Some(Change::Clear),
            due_at: Some(at(NINE)),
        };
        let sent = json!({"start": EIGHT, "end": null, "due_at": NINE});
        assert_eq!(read(sent).ok(), Some(moved));
    }
}
