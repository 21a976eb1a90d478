//! Condition reports and maintenance: one, or those of an asset. Whether the caller may is asked of
//! the asset's actor, what there is of history.

use std::{collections::HashMap, sync::Arc};

use bytes::Bytes;
use holdfast_domain::{
    AssetId, BookingId, MaintenanceId, Principal, Rejection, ReportId, Stamp, Subject, Tag,
    asset::{MaintenanceDocument, MaintenanceStatus, ReportDocument, ReportStatus},
};
use holdfast_storage::{
    history::{History, HistoryError},
    tail::Noun,
};

use super::{READ_BYTES, after, document, not_found};
use crate::{
    engine::{Engine, Page, PageAsk, Read, Refusal},
    message::{Ask, Reading, Standing},
};

impl Engine {
    /// `Err(Rejected(NotFound))` when absent; and for whoever may not inspect the asset also when it
    /// is about no booking that the caller may see.
    pub async fn report(&self, principal: &Arc<Principal>, id: ReportId) -> Result<Read, Refusal> {
        let standing = self.standing(principal, id.tag).await?;
        let read = self.newest_image(Subject::Report(id)).await?;
        let mut wanted = WantedReports { status: &[], own: own(principal, standing) };
        if wanted.admits(self, &read.json).await? { Ok(read) } else { Err(not_found()) }
    }

    /// `Err(Rejected(ForbiddenRole))` for those who see the asset but may not inspect it, whether
    /// there is such a maintenance or not.
    pub async fn maintenance(
        &self,
        principal: &Arc<Principal>,
        id: MaintenanceId,
    ) -> Result<Read, Refusal> {
        inspecting(self.standing(principal, id.tag).await?)?;
        self.newest_image(Subject::Maintenance(id)).await
    }

    /// Every report for those who may inspect the asset, else those on the caller's own bookings;
    /// newest first, of any of these statuses (empty = all).
    pub async fn reports_of_asset(
        &self,
        principal: &Arc<Principal>,
        id: AssetId,
        status: &[ReportStatus],
        page: PageAsk,
    ) -> Result<Page, Refusal> {
        self.exists(id)?;
        let standing = self.standing(principal, id.tag).await?;
        if !standing.sees {
            return Err(not_found());
        }
        let wanted = WantedReports { status, own: own(principal, standing) };
        self.items((id.tag, Noun::Report), Wanted::Reports(wanted), page).await
    }

    /// Newest first, of any of these statuses (empty = all); refused as [`Engine::maintenance`] is.
    pub async fn maintenance_of_asset(
        &self,
        principal: &Arc<Principal>,
        id: AssetId,
        status: &[MaintenanceStatus],
        page: PageAsk,
    ) -> Result<Page, Refusal> {
        self.exists(id)?;
        inspecting(self.standing(principal, id.tag).await?)?;
        self.items((id.tag, Noun::Maintenance), Wanted::Maintenance(status), page).await
    }

    async fn standing(&self, principal: &Arc<Principal>, tag: Tag) -> Result<Standing, Refusal> {
        if self.parts.catalogue.id_of(tag).is_none() {
            return Err(not_found());
        }
        match self.ask(tag, Ask::Standing(Arc::clone(principal)), READ_BYTES).await? {
            Reading::Standing(standing) => Ok(standing),
            other => unreachable!("a standing is never answered with {other:?}"),
        }
    }

    async fn newest_image(&self, of: Subject) -> Result<Read, Refusal> {
        let image = move |history: &History| {
            let Some(address) = history.item(of)? else { return Ok(None) };
            Ok(after(history.journal.read(address)?))
        };
        let (json, etag) = self.read(image).await?.ok_or_else(not_found)?;
        Ok(Read { json, etag })
    }

    async fn items(
        &self,
        of: (Tag, Noun),
        mut wanted: Wanted<'_>,
        page: PageAsk,
    ) -> Result<Page, Refusal> {
        let ((low, high), oldest_first) = page.range();
        let (mut low, mut high) = (Stamp::from_bits(low), highest(high));
        let limit = page.limit + 1;
        let mut rows: Vec<(u64, Bytes)> = Vec::new();
        while rows.len() < limit {
            let found = self
                .read(move |history| images(history, of, ((low, high), oldest_first), limit))
                .await?;
            let Some((last, _)) = found.last() else { break };
            if oldest_first {
                low = *last;
            } else {
                high = *last;
            }
            for (stamp, json) in found {
                if wanted.admits(self, &json).await? {
                    rows.push((stamp.bits(), json));
                }
            }
        }
        let more = rows.len() > page.limit;
        rows.truncate(page.limit);
        Ok(page.answer(rows, more))
    }
}

fn highest(key: u64) -> Stamp {
    Stamp::from_bits(key.min(Stamp::MAX.bits()))
}

fn images(
    history: &History,
    of: (Tag, Noun),
    (bounds, oldest_first): ((Stamp, Stamp), bool),
    limit: usize,
) -> Result<Vec<(Stamp, Bytes)>, HistoryError> {
    let items = history.items_of_asset(of, bounds, oldest_first, limit)?;
    items.into_iter().map(|item| Ok((item.stamp, document(history, item.address)?))).collect()
}

fn inspecting(standing: Standing) -> Result<(), Refusal> {
    if standing.inspects {
        Ok(())
    } else if standing.sees {
        Err(Refusal::Rejected(Rejection::ForbiddenRole))
    } else {
        Err(not_found())
    }
}

/// Which items belong on a page.
enum Wanted<'a> {
    Reports(WantedReports<'a>),
    Maintenance(&'a [MaintenanceStatus]),
}

struct WantedReports<'a> {
    status: &'a [ReportStatus],
    /// `None`: whatever they are about.
    own: Option<OwnBookings<'a>>,
}

/// Which bookings the caller may see, as far as asked already.
struct OwnBookings<'a> {
    principal: &'a Arc<Principal>,
    asked: HashMap<BookingId, bool>,
}

fn own(principal: &Arc<Principal>, standing: Standing) -> Option<OwnBookings<'_>> {
    (!standing.inspects).then(|| OwnBookings { principal, asked: HashMap::new() })
}

impl Wanted<'_> {
    async fn admits(&mut self, engine: &Engine, json: &[u8]) -> Result<bool, Refusal> {
        match self {
            Self::Reports(wanted) => wanted.admits(engine, json).await,
            Self::Maintenance(status) => Ok(serde_json::from_slice::<MaintenanceDocument>(json)
                .is_ok_and(|it| status.is_empty() || status.contains(&it.status))),
        }
    }
}

impl WantedReports<'_> {
    async fn admits(&mut self, engine: &Engine, json: &[u8]) -> Result<bool, Refusal> {
        let Ok(report) = serde_json::from_slice::<ReportDocument>(json) else { return Ok(false) };
        if !self.status.is_empty() && !self.status.contains(&report.status) {
            return Ok(false);
        }
        match (&mut self.own, report.booking_id) {
            (None, _) => Ok(true),
            (Some(_), None) => Ok(false),
            (Some(own), Some(booking)) => own.has(engine, booking).await,
        }
    }
}

impl OwnBookings<'_> {
    async fn has(&mut self, engine: &Engine, booking: BookingId) -> Result<bool, Refusal> {
        if let Some(known) = self.asked.get(&booking) {
            return Ok(*known);
        }
        let has = match engine.booking(self.principal, booking).await {
            Ok(_) => true,
            Err(Refusal::Rejected(_)) => false,
            Err(refusal) => return Err(refusal),
        };
        self.asked.insert(booking, has);
        Ok(has)
    }
}
