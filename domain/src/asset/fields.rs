//! The asset's own fields, without its bookings.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    access::Place,
    asset::{AssetDocument, AssetStatus, Document, Event, terms::Terms},
    id::{AssetId, Stamp, Tag},
    record::Etag,
    time::Timestamp,
};

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Fields {
    pub(super) id: Stamp,
    pub(super) name: String,
    pub(super) category: String,
    pub(super) owner_org_id: String,
    pub(super) location_id: String,
    pub(super) shared_with: Vec<String>,
    /// Canonical JSON.
    pub(super) booking_terms: Option<String>,
    /// From 1, one more with each change of the terms.
    pub(super) terms_version: u64,
    /// What `booking_terms` mean.
    #[serde(skip)]
    pub(super) terms: Arc<Terms>,
    /// Canonical JSON.
    pub(super) maintenance_schedule: Option<String>,
    pub(super) status: AssetStatus,
    created_at: Timestamp,
    updated_at: Timestamp,
    /// Of the record that last changed these fields.
    version: u64,
}

impl Fields {
    /// The asset that a [`Event::AssetRegistered`] brings forth.
    pub(super) fn registered(event: &Event, version: u64, at: Timestamp) -> Option<Self> {
        let Event::AssetRegistered {
            id,
            name,
            category,
            owner_org_id,
            location_id,
            shared_with,
            booking_terms,
        } = event
        else {
            return None;
        };
        Some(Self {
            id: *id,
            name: name.clone(),
            category: category.clone(),
            owner_org_id: owner_org_id.clone(),
            location_id: location_id.clone(),
            shared_with: shared_with.clone(),
            booking_terms: booking_terms.clone(),
            terms_version: 1,
            terms: Terms::of(booking_terms.as_deref()),
            maintenance_schedule: None,
            status: AssetStatus::Active,
            created_at: at,
            updated_at: at,
            version,
        })
    }

    /// As a snapshot holds them, with what follows from them.
    pub(super) fn restored(self) -> Self {
        Self { terms: Terms::of(self.booking_terms.as_deref()), ..self }
    }

    /// Takes in an event that changes the asset itself; others change nothing here.
    pub(super) fn update(&mut self, event: &Event, version: u64, at: Timestamp) {
        match event {
            Event::AssetUpdated {
                name,
                category,
                location_id,
                status,
                shared_with,
                booking_terms,
            } => {
                replace(&mut self.name, name);
                replace(&mut self.category, category);
                replace(&mut self.location_id, location_id);
                replace(&mut self.status, status);
                replace(&mut self.shared_with, shared_with);
                if let Some(terms) = booking_terms {
                    self.booking_terms.clone_from(terms);
                    self.terms_version += 1;
                    self.terms = Terms::of(terms.as_deref());
                }
            }
            Event::ScheduleChanged { maintenance_schedule } => {
                self.maintenance_schedule.clone_from(maintenance_schedule);
            }
            Event::AssetFollowed { status } => self.status = *status,
            _ => return,
        }
        self.updated_at = at;
        self.version = version;
    }

    pub(super) fn place(&self) -> Place<'_> {
        Place {
            owner_org: &self.owner_org_id,
            location: &self.location_id,
            shared_with: &self.shared_with,
        }
    }

    pub(super) fn etag(&self) -> Etag {
        Etag { version: self.version, link: 0 }
    }

    pub(super) fn document(&self, tag: Tag) -> Document {
        AssetDocument {
            booking_terms: self.booking_terms.as_deref().map(stored_value),
            category: self.category.clone(),
            created_at: self.created_at,
            etag: self.etag().to_string(),
            id: AssetId::new(self.id, tag),
            location_id: self.location_id.clone(),
            maintenance_schedule: self.maintenance_schedule.as_deref().map(stored_value),
            name: self.name.clone(),
            owner_org_id: self.owner_org_id.clone(),
            registry: None,
            shared_with: self.shared_with.clone(),
            status: self.status,
            terms_version: self.terms_version,
            updated_at: self.updated_at,
            version: self.version,
        }
        .render()
    }

    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.name.len()
            + self.category.len()
            + self.owner_org_id.len()
            + self.location_id.len()
            + self.shared_with.iter().map(|org| org.len() + size_of::<String>()).sum::<usize>()
            + self.booking_terms.as_ref().map_or(0, String::len)
            + self.maintenance_schedule.as_ref().map_or(0, String::len)
            + self.terms.bytes()
    }
}

fn stored_value(stored: &str) -> serde_json::Value {
    serde_json::from_str(stored).expect("what is stored has passed its shape check")
}

fn replace<T: Clone>(field: &mut T, change: &Option<T>) {
    if let Some(value) = change {
        field.clone_from(value);
    }
}
