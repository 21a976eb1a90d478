//! The names of events, and which of them an endpoint has asked for.

use crate::record::Kind;

/// Every event there is, by noun. An endpoint may name each, a noun with `.*`, or `*`.
pub const EVENT_NAMES: [&str; 22] = [
    "asset.created",
    "asset.updated",
    "booking.approved",
    "booking.cancelled",
    "booking.checked_in",
    "booking.checked_out",
    "booking.cost_adjusted",
    "booking.created",
    "booking.expired",
    "booking.no_show",
    "booking.overdue",
    "booking.rejected",
    "booking.rescheduled",
    "condition_report.created",
    "condition_report.decided",
    "maintenance.cancelled",
    "maintenance.completed",
    "maintenance.due",
    "maintenance.scheduled",
    "maintenance.started",
    "maintenance.updated",
    "webhook.test",
];

/// Whether an endpoint may ask for this: an exact name, `noun.*` of a noun there is, or `*`.
pub fn is_event_name(asked: &str) -> bool {
    let noun = asked.strip_suffix(".*");
    asked == "*"
        || EVENT_NAMES.iter().any(|name| match noun {
            Some(noun) => name.split('.').next() == Some(noun),
            None => *name == asked,
        })
}

/// Whether a record of this kind is told to anybody.
pub(super) fn is_told(kind: Kind) -> bool {
    EVENT_NAMES.contains(&kind.name())
}

/// What an endpoint has asked for, ready to be matched.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Subscriptions(Vec<&'static str>);

impl Subscriptions {
    /// Of what [`is_event_name`] accepts; anything else matches nothing.
    pub fn of<T: AsRef<str>>(asked: &[T]) -> Self {
        let wanted = |name: &&'static str| {
            asked.iter().map(AsRef::as_ref).any(|asked| {
                asked == "*"
                    || asked == *name
                    || asked
                        .strip_suffix(".*")
                        .is_some_and(|noun| name.split('.').next() == Some(noun))
            })
        };
        Self(EVENT_NAMES.iter().copied().filter(wanted).collect())
    }

    pub fn has(&self, kind: Kind) -> bool {
        self.0.contains(&kind.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_names_nouns_and_all() {
        assert!(is_event_name("booking.created"));
        assert!(is_event_name("maintenance.*"));
        assert!(is_event_name("*"));
        for unknown in ["booking", "booking.", "booking.made", "bookings.*", ".*", "", "book.*"] {
            assert!(!is_event_name(unknown), "{unknown}");
        }
        let some = Subscriptions::of(&["booking.*", "maintenance.due"]);
        assert!(some.has(Kind::BookingOverdue) && some.has(Kind::MaintenanceDue));
        assert!(!some.has(Kind::MaintenanceStarted) && !some.has(Kind::AssetUpdated));
        assert!(Subscriptions::of(&["*"]).has(Kind::EndpointTested));
        assert!(!Subscriptions::of(&["*"]).has(Kind::BookingRefused));
    }
}
