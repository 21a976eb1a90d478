//! A live booking as the state holds it. Finished ones are only documents.

use serde::{Deserialize, Serialize};

use crate::{
    asset::{BookingDocument, BookingStatus, Document, Event},
    id::{AssetId, BookingId, Stamp, Tag},
    record::Etag,
    rejection::Window,
    time::Timestamp,
};

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Booking {
    pub(super) stamp: Stamp,
    pub(super) user_id: Box<str>,
    pub(super) org_id: Box<str>,
    pub(super) window: Window,
    pub(super) status: BookingStatus,
    actual_start: Option<Timestamp>,
    check_in_notes: Option<Box<str>>,
    terms_version: u64,
    currency: Box<str>,
    estimated_cost_minor: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
    /// Of the record that last changed it.
    version: u64,
}

impl Booking {
    /// The booking that a [`Event::BookingCreated`] brings forth.
    pub(super) fn created(event: &Event, version: u64, at: Timestamp) -> Option<Self> {
        let Event::BookingCreated {
            id,
            user_id,
            org_id,
            window,
            terms_version,
            currency,
            estimated_cost_minor,
        } = event
        else {
            return None;
        };
        Some(Self {
            stamp: id.stamp,
            user_id: user_id.as_str().into(),
            org_id: org_id.as_str().into(),
            window: *window,
            status: BookingStatus::Confirmed,
            actual_start: None,
            check_in_notes: None,
            terms_version: *terms_version,
            currency: currency.as_str().into(),
            estimated_cost_minor: *estimated_cost_minor,
            created_at: at,
            updated_at: at,
            version,
        })
    }

    pub(super) fn check_in(&mut self, start: Timestamp, notes: Option<&str>, version: u64) {
        self.status = BookingStatus::CheckedIn;
        self.actual_start = Some(start);
        self.check_in_notes = notes.map(Into::into);
        self.updated_at = start;
        self.version = version;
    }

    pub(super) fn id(&self, tag: Tag) -> BookingId {
        BookingId::new(self.stamp, tag)
    }

    /// What it keeps from others.
    pub(super) fn claim(&self) -> Window {
        self.window
    }

    pub(super) fn image(&self, asset_id: AssetId) -> BookingDocument {
        BookingDocument {
            actual_end: None,
            actual_start: self.actual_start,
            approvals: Vec::new(),
            asset_id,
            check_in_notes: self.check_in_notes.as_deref().map(Into::into),
            cost_lines: Vec::new(),
            cost_minor: None,
            created_at: self.created_at,
            currency: self.currency.as_ref().into(),
            end: self.window.end,
            estimated_cost_minor: self.estimated_cost_minor,
            etag: Etag { version: self.version, link: 0 }.to_string(),
            id: self.id(asset_id.tag),
            org_id: self.org_id.as_ref().into(),
            overdue: false,
            start: self.window.start,
            status: self.status,
            terms_version: self.terms_version,
            updated_at: self.updated_at,
            user_id: self.user_id.as_ref().into(),
            version: self.version,
        }
    }

    pub(super) fn document(&self, asset_id: AssetId) -> Document {
        self.image(asset_id).render()
    }

    /// An estimate of its memory, with its places in the two trees.
    pub(super) fn bytes(&self) -> usize {
        const TREES: usize = 64;
        size_of::<Self>()
            + TREES
            + self.user_id.len()
            + self.org_id.len()
            + self.currency.len()
            + self.check_in_notes.as_ref().map_or(0, |notes| notes.len())
    }
}
