//! Questions that the rules answer without anything happening: what would it cost, when is it free.

use crate::{
    access,
    asset::{
        AssetState, AvailabilityDocument, Busy, QuoteDocument,
        admission::{self, Asked, Purpose},
        pricing,
    },
    principal::Principal,
    rejection::{Rejection, Window},
    time::Timestamp,
};

impl AssetState {
    /// What a booking of `window` would cost, used exactly as planned.
    ///
    /// # Errors
    /// As a new booking of the window would be refused, but for its overlap and unaccepted terms.
    pub fn quote(
        &self,
        principal: &Principal,
        window: Window,
        now: Timestamp,
    ) -> Result<QuoteDocument, Rejection> {
        let fields = self.fields.as_ref().ok_or(Rejection::NotFound)?;
        if !access::is_visible(principal, fields.place()) {
            return Err(Rejection::NotFound);
        }
        admission::in_order(window)?;
        let (terms, now) = (&*fields.terms, now.max(self.at));
        admission::admit(self, &Asked { purpose: Purpose::Quote, window, terms, now })?;
        let cost_lines = pricing::use_lines(&terms.pricing, window, window);
        Ok(QuoteDocument {
            estimated_cost_minor: pricing::estimate(&terms.pricing, window),
            cost_lines,
            currency: terms.pricing.currency.clone(),
            end: window.end,
            start: window.start,
            terms_version: fields.terms_version,
        })
    }

    /// When the asset is taken within `within`, as admission sees it.
    ///
    /// # Errors
    /// `NotFound` where the asset is not visible.
    pub fn availability(
        &self,
        principal: &Principal,
        within: Window,
        now: Timestamp,
    ) -> Result<AvailabilityDocument, Rejection> {
        let fields = self.fields.as_ref().ok_or(Rejection::NotFound)?;
        if !access::is_visible(principal, fields.place()) {
            return Err(Rejection::NotFound);
        }
        let taken = self.taken(now.max(self.at), None);
        let busy = taken.busy(within, |stamp| self.upkeep.open.contains_key(&stamp)).into_iter();
        Ok(AvailabilityDocument {
            asset_id: crate::AssetId::new(fields.id, self.tag),
            busy: busy
                .map(|(claim, kind)| Busy { end: claim.end, kind, start: claim.start })
                .collect(),
            from: within.start,
            time_zone: fields.terms.time_zone.name().into(),
            to: within.end,
        })
    }
}
