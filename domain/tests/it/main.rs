//! The domain's tests: tables in the words of the trade, and a naive model to disagree with.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod access;
mod admission;
mod approvals;
mod assets;
mod audit;
mod bookings;
mod claims;
mod clock_changes;
mod costs;
mod documents;
mod extending;
mod keys;
mod maintenance;
mod model;
mod older_records;
mod opening_hours;
mod registry;
mod reports;
mod rescheduling;
mod scenario;
mod schedules;
mod terms;
mod timers;
mod transitions;
mod upkeep_walks;
mod usage;
mod values;
mod words;
mod world;
