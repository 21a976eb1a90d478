//! What a decision may need that is not in the state: last images of what is over.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use crate::{
    asset::{BookingDocument, MaintenanceDocument, ReportDocument},
    id::{BookingId, MaintenanceId, ReportId},
    record::{Outcome, Record, Subject},
};

/// Whose last image a decision waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Needed {
    Booking(BookingId),
    Report(ReportId),
    Maintenance(MaintenanceId),
}

/// The images that were looked up for one message, also those that history does not hold.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Loaded {
    bookings: BTreeMap<BookingId, Option<BookingDocument>>,
    reports: BTreeMap<ReportId, Option<ReportDocument>>,
    maintenance: BTreeMap<MaintenanceId, Option<MaintenanceDocument>>,
}

impl Loaded {
    pub fn none() -> Self {
        Self::default()
    }

    /// Takes in what history holds: the document's stored bytes, or that there is none.
    pub fn put(&mut self, needed: Needed, json: Option<&[u8]>) {
        match needed {
            Needed::Booking(id) => {
                self.bookings.insert(id, json.and_then(read));
            }
            Needed::Report(id) => {
                self.reports.insert(id, json.and_then(read));
            }
            Needed::Maintenance(id) => {
                self.maintenance.insert(id, json.and_then(read));
            }
        }
    }

    /// Keeps what was looked up as current as the state: call it with each record that is applied
    /// while these images are in use.
    pub fn follow(&mut self, record: &Record) {
        let Outcome::Accepted(accepted) = &record.outcome else { return };
        let after = Some(&*accepted.after);
        match accepted.subject {
            Subject::Booking(id) if self.bookings.contains_key(&id) => {
                self.put(Needed::Booking(id), after);
            }
            Subject::Report(id) if self.reports.contains_key(&id) => {
                self.put(Needed::Report(id), after);
            }
            Subject::Maintenance(id) if self.maintenance.contains_key(&id) => {
                self.put(Needed::Maintenance(id), after);
            }
            _ => {}
        }
    }

    /// # Errors
    /// What must be looked up first.
    pub(in crate::asset) fn booking(
        &self,
        id: BookingId,
    ) -> Result<Option<&BookingDocument>, Needed> {
        self.bookings.get(&id).map(Option::as_ref).ok_or(Needed::Booking(id))
    }

    /// # Errors
    /// What must be looked up first.
    pub(in crate::asset) fn report(&self, id: ReportId) -> Result<Option<&ReportDocument>, Needed> {
        self.reports.get(&id).map(Option::as_ref).ok_or(Needed::Report(id))
    }

    /// # Errors
    /// What must be looked up first.
    pub(in crate::asset) fn maintenance(
        &self,
        id: MaintenanceId,
    ) -> Result<Option<&MaintenanceDocument>, Needed> {
        self.maintenance.get(&id).map(Option::as_ref).ok_or(Needed::Maintenance(id))
    }
}

fn read<T: DeserializeOwned>(json: &[u8]) -> Option<T> {
    serde_json::from_slice(json).ok()
}
