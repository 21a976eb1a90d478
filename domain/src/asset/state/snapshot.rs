//! The stored form of a state, and the way back.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

use super::AssetState;
use crate::{
    asset::{booking::Booking, calendar::Claim, fields::Fields, terms::Terms, upkeep::Upkeep},
    id::{Stamp, Tag},
    record::Digest,
    time::Timestamp,
};

/// The stored form of a state.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Snapshot {
    pub tag: Tag,
    pub version: u64,
    pub last_stamp: Stamp,
    at: Timestamp,
    last_hash: Digest,
    fields: Option<Fields>,
    bookings: Vec<Booking>,
    /// The terms that the bookings are under, each once.
    terms: Vec<(u64, Option<Box<str>>)>,
    cooling: Vec<Claim>,
    free_since: Option<Timestamp>,
    upkeep: Upkeep,
}

impl AssetState {
    /// Everything but the idempotency keys, for a snapshot.
    pub fn to_snapshot(&self) -> Snapshot {
        Snapshot {
            tag: self.tag,
            version: self.version,
            last_stamp: self.last_stamp,
            at: self.at,
            last_hash: self.last_hash,
            fields: self.fields.clone(),
            bookings: self.bookings.values().cloned().collect(),
            terms: self.terms.sources(),
            cooling: self.calendar.cooling().to_vec(),
            free_since: self.free_since,
            upkeep: self.upkeep.clone(),
        }
    }

    /// Keys are re-read from history: [`AssetState::remember`].
    pub fn from_snapshot(snapshot: Snapshot) -> Self {
        let mut state = Self {
            version: snapshot.version,
            last_stamp: snapshot.last_stamp,
            at: snapshot.at,
            last_hash: snapshot.last_hash,
            ..Self::new(snapshot.tag)
        };
        state.set_fields(snapshot.fields.map(Fields::restored));
        let (current, version) = (state.current_terms(), state.current_version());
        let terms: BTreeMap<u64, Arc<Terms>> = snapshot
            .terms
            .iter()
            .map(|(under, source)| {
                let is_current = *under == version;
                (*under, if is_current { current.clone() } else { Terms::of(source.as_deref()) })
            })
            .collect();
        for mut booking in snapshot.bookings {
            booking.terms = terms.get(&booking.under).cloned().unwrap_or_default();
            state.insert(booking);
        }
        let schedule = state.fields.as_ref().and_then(|it| it.maintenance_schedule.as_deref());
        state.upkeep = snapshot.upkeep.restored(schedule);
        for maintenance in state.upkeep.open.values() {
            if let Some(claim) = maintenance.claim {
                state.calendar.insert(maintenance.stamp, claim);
            }
        }
        state.upkeep_bytes = state.upkeep.bytes();
        state.calendar.restore_cooling(snapshot.cooling);
        state.free_since = snapshot.free_since;
        state
    }
}
