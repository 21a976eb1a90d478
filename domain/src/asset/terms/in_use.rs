//! Which terms the live bookings of an asset are under: each version once, however many there are.

use std::{collections::BTreeMap, sync::Arc};

use super::Terms;
use crate::asset::booking::Booking;

#[derive(Clone, PartialEq, Debug, Default)]
pub(in crate::asset) struct TermsInUse {
    /// Version → the terms and how many bookings are under them.
    versions: BTreeMap<u64, (Arc<Terms>, usize)>,
}

impl TermsInUse {
    /// Counts a booking; the bytes that are held for it beside its own.
    pub(in crate::asset) fn take(&mut self, booking: &Booking) -> usize {
        let first = (Arc::clone(&booking.terms), 0);
        let (terms, bookings) = self.versions.entry(booking.under).or_insert(first);
        *bookings += 1;
        if *bookings == 1 { terms.bytes() } else { 0 }
    }

    /// The inverse of [`TermsInUse::take`].
    pub(in crate::asset) fn give_back(&mut self, booking: &Booking) -> usize {
        let Some((terms, bookings)) = self.versions.get_mut(&booking.under) else { return 0 };
        *bookings -= 1;
        if *bookings > 0 {
            return 0;
        }
        let bytes = terms.bytes();
        self.versions.remove(&booking.under);
        bytes
    }

    /// The text of each version, as stored.
    pub(in crate::asset) fn sources(&self) -> Vec<(u64, Option<Box<str>>)> {
        let source = |terms: &Terms| terms.source().map(Into::into);
        self.versions.iter().map(|(version, (terms, _))| (*version, source(terms))).collect()
    }
}
