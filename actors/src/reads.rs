//! Reads: one asset and live bookings from the actor (gated), lists of assets from the catalogue,
//! history from the tail and the views. No read waits for a fold, and none shows less than an
//! acknowledged write.

mod items;
mod usage;

use std::sync::Arc;

use bytes::Bytes;
use holdfast_domain::{
    Accepted, AssetId, BookingId, Etag, Outcome, Principal, Record, Rejection, Stamp, access,
    asset::BookingDocument, audit, record::user_key, rejection::Window,
};
use holdfast_storage::{
    history::{FinishedBooking, History, HistoryError},
    journal::Address,
};

use crate::{
    catalogue::AssetFilter,
    engine::{Anchor, Engine, Page, PageAsk, Read, Refusal},
    message::{Ask, BookingFilter, BookingsAsk, LivePage, Reading},
};

/// What a read takes of the memory budget.
const READ_BYTES: usize = 512;

impl Engine {
    /// `Err(Rejected(NotFound))` when absent or invisible.
    pub async fn asset(&self, principal: &Arc<Principal>, id: AssetId) -> Result<Read, Refusal> {
        self.exists(id)?;
        match self.ask(id.tag, Ask::Asset(Arc::clone(principal)), READ_BYTES).await? {
            Reading::Document(document) => {
                Ok(Read { json: Bytes::from_owner(document.json), etag: document.etag })
            }
            other => unreachable!("an asset is never answered with {other:?}"),
        }
    }

    pub async fn booking(
        &self,
        principal: &Arc<Principal>,
        id: BookingId,
    ) -> Result<Read, Refusal> {
        if self.parts.catalogue.id_of(id.tag).is_none() {
            return Err(not_found());
        }
        let inspects = match self
            .ask(id.tag, Ask::Booking(Arc::clone(principal), id), READ_BYTES)
            .await?
        {
            Reading::Document(document) => {
                return Ok(Read { json: Bytes::from_owner(document.json), etag: document.etag });
            }
            Reading::NotLive { inspects } => inspects,
            other => unreachable!("a booking is never answered with {other:?}"),
        };
        let image = self.read(move |history| finished_image(history, id)).await?;
        let image = image.ok_or_else(not_found)?;
        let own = access::owns_booking(principal, &image.facts.org_id, &image.facts.user_id);
        if inspects || own { Ok(image.read) } else { Err(not_found()) }
    }

    /// Visible assets, newest first.
    pub async fn assets(
        &self,
        principal: &Arc<Principal>,
        filter: &AssetFilter,
        page: PageAsk,
    ) -> Result<Page, Refusal> {
        let (range, oldest_first) = page.range();
        let mut hits =
            self.parts.catalogue.find(principal, filter, range, oldest_first, page.limit + 1);
        let more = hits.len() > page.limit;
        hits.truncate(page.limit);
        let addresses: Vec<Address> = hits.iter().map(|hit| hit.document).collect();
        let documents: Vec<Bytes> = self
            .read(move |history| addresses.into_iter().map(|at| document(history, at)).collect())
            .await?;
        let rows = hits.iter().map(|hit| hit.key).zip(documents).collect();
        Ok(page.answer(rows, more))
    }

    /// Every booking of the asset for those who may inspect it, else the caller's own.
    pub async fn bookings_of_asset(
        &self,
        principal: &Arc<Principal>,
        id: AssetId,
        filter: &BookingFilter,
        page: PageAsk,
    ) -> Result<Page, Refusal> {
        self.exists(id)?;
        let ((low, high), oldest_first) = page.range();
        let range = (Stamp::from_bits(low), Stamp::from_bits(high.min(Stamp::MAX.bits())));
        let ask = BookingsAsk {
            filter: filter.clone(),
            low: range.0,
            high: range.1,
            oldest_first,
            limit: page.limit + 1,
        };
        let reading =
            self.ask(id.tag, Ask::Bookings(Arc::clone(principal), ask), READ_BYTES).await?;
        let Reading::Live(live) = reading else {
            unreachable!("bookings are never answered with {reading:?}")
        };
        let (principal, filter) = (Arc::clone(principal), filter.clone());
        let finished = move |history: &History| {
            let wanted = Finished { principal: &principal, filter: &filter, live: &live };
            wanted
                .collect(history, id, range, oldest_first, page.limit + 1)
                .map(|rows| (rows, live))
        };
        let (finished, live) = self.read(finished).await?;
        let mut rows: Vec<(u64, Bytes)> = live
            .rows
            .into_iter()
            .chain(finished)
            .map(|(stamp, json)| (stamp.bits(), json))
            .collect();
        rows.sort_unstable_by_key(|row| row.0);
        if !oldest_first {
            rows.reverse();
        }
        let more = rows.len() > page.limit;
        rows.truncate(page.limit);
        Ok(page.answer(rows, more))
    }

    /// Bookings of `filter.user_id` (default: the caller) in the caller's org, newest first, as far
    /// as the caller may see them. May return a short page with more to follow.
    pub async fn bookings_of_user(
        &self,
        principal: &Arc<Principal>,
        filter: &BookingFilter,
        page: PageAsk,
    ) -> Result<Page, Refusal> {
        let user = filter.user_id.as_ref().unwrap_or(&principal.subject);
        // To others the bookings of a person do not exist, not even as a number.
        if *user != principal.subject && !access::may_inspect(principal) {
            return Ok(Page::default());
        }
        let key = user_key(&principal.org, user);
        let (range, oldest_first) = page.range();
        let limit = page.limit + 1;
        let mut found = self
            .read(move |history| history.bookings_of_user(key, range, oldest_first, limit))
            .await?;
        let more = found.len() > page.limit;
        found.truncate(page.limit);
        let last = found.last().map(|(position, _)| *position);
        let mut rows = Vec::with_capacity(found.len());
        for (position, id) in &found {
            match self.booking(principal, *id).await {
                Ok(read) if is_of(&read.json, user, filter) => rows.push((*position, read.json)),
                Ok(_) | Err(Refusal::Rejected(_)) => {}
                Err(refusal) => return Err(refusal),
            }
        }
        Ok(page.answer_short(rows, more, found.first().map(|(position, _)| *position), last))
    }

    /// Audit entries, newest first. `Err(Rejected(ForbiddenRole))` for those who may see the asset
    /// but not its log.
    pub async fn audit(
        &self,
        principal: &Arc<Principal>,
        id: AssetId,
        page: PageAsk,
    ) -> Result<Page, Refusal> {
        self.exists(id)?;
        self.ask(id.tag, Ask::Audit(Arc::clone(principal)), READ_BYTES).await?;
        let ((low, high), oldest_first) = page.range();
        let limit = page.limit + 1;
        let rows = move |history: &History| {
            // Versions have no hole, so the page before an entry is named by its numbers.
            let below = if oldest_first { low.saturating_add(1 + limit as u64) } else { high };
            let records = history.records_below(id.tag, below, limit)?;
            let entries = records.iter().filter(|record| record.version > low);
            Ok(entries
                .map(|record| (record.version, Bytes::from(audit::entry(record, id))))
                .collect())
        };
        let mut rows: Vec<(u64, Bytes)> = self.read(rows).await?;
        if oldest_first {
            rows.reverse();
        }
        let more = rows.len() > page.limit;
        rows.truncate(page.limit);
        Ok(page.answer(rows, more))
    }

    /// What a booking of `window` would cost; nothing is written.
    pub async fn quote(
        &self,
        principal: &Arc<Principal>,
        id: AssetId,
        window: Window,
    ) -> Result<Bytes, Refusal> {
        self.computed(id, Ask::Quote(Arc::clone(principal), window)).await
    }

    /// When the asset is taken within `within`.
    pub async fn availability(
        &self,
        principal: &Arc<Principal>,
        id: AssetId,
        within: Window,
    ) -> Result<Bytes, Refusal> {
        self.computed(id, Ask::Availability(Arc::clone(principal), within)).await
    }

    async fn computed(&self, id: AssetId, ask: Ask) -> Result<Bytes, Refusal> {
        self.exists(id)?;
        match self.ask(id.tag, ask, READ_BYTES).await? {
            Reading::Rendered(json) => Ok(Bytes::from_owner(json)),
            other => unreachable!("a computed answer is never {other:?}"),
        }
    }

    fn exists(&self, id: AssetId) -> Result<(), Refusal> {
        if self.parts.catalogue.contains(id) { Ok(()) } else { Err(not_found()) }
    }
}

impl PageAsk {
    /// The keys strictly between which the page lies, and whether it is read oldest first.
    fn range(self) -> ((u64, u64), bool) {
        match self.anchor {
            None => ((0, u64::MAX), false),
            Some(Anchor::After(key)) => ((0, key), false),
            Some(Anchor::Before(key)) => ((key, u64::MAX), true),
        }
    }

    /// The page from rows in the order they were read; `more` beyond them in that direction.
    fn answer(self, rows: Vec<(u64, Bytes)>, more: bool) -> Page {
        let (first, last) = (rows.first().map(|row| row.0), rows.last().map(|row| row.0));
        self.answer_short(rows, more, first, last)
    }

    /// As [`PageAsk::answer`], where rows were left out: `first` and `last` are the keys read.
    fn answer_short(
        self,
        mut rows: Vec<(u64, Bytes)>,
        more: bool,
        first: Option<u64>,
        last: Option<u64>,
    ) -> Page {
        let backwards = matches!(self.anchor, Some(Anchor::Before(_)));
        if backwards {
            rows.reverse();
        }
        let items = rows.into_iter().map(|(_, json)| json).collect();
        let (next, prev) = match self.anchor {
            None => (last.filter(|_| more), None),
            Some(Anchor::After(key)) => {
                (last.filter(|_| more), Some(first.unwrap_or_else(|| key.saturating_sub(1))))
            }
            Some(Anchor::Before(key)) => {
                (Some(first.unwrap_or_else(|| key.saturating_add(1))), last.filter(|_| more))
            }
        };
        Page { items, next, prev }
    }
}

/// Which finished bookings belong on a page beside the live ones.
pub struct Finished<'a> {
    pub principal: &'a Principal,
    pub filter: &'a BookingFilter,
    pub live: &'a LivePage,
}

impl Finished<'_> {
    /// As of the version of the live rows, so that both together are one moment of the asset.
    pub fn collect(
        &self,
        history: &History,
        id: AssetId,
        (mut low, mut high): (Stamp, Stamp),
        oldest_first: bool,
        limit: usize,
    ) -> Result<Vec<(Stamp, Bytes)>, HistoryError> {
        let mut rows = Vec::new();
        while rows.len() < limit {
            let found = history.finished_of_asset(id.tag, (low, high), oldest_first, limit)?;
            let Some(last) = found.last() else { break };
            if oldest_first {
                low = last.id.stamp;
            } else {
                high = last.id.stamp;
            }
            for finished in found {
                let image = image_as_of(history, finished, self.live.version)?;
                rows.extend(
                    image
                        .filter(|image| self.wants(&image.facts))
                        .map(|image| (finished.id.stamp, image.read.json)),
                );
            }
        }
        rows.truncate(limit);
        Ok(rows)
    }

    fn wants(&self, booking: &BookingDocument) -> bool {
        let window = Window { start: booking.start, end: booking.end };
        (self.live.inspects
            || access::owns_booking(self.principal, &booking.org_id, &booking.user_id))
            && self.filter.admits(booking.status, &booking.user_id, window)
    }
}

/// The last image of a finished booking, as bytes and as facts.
pub struct Image {
    pub read: Read,
    pub facts: BookingDocument,
}

/// As the answer to a read; `None` when history holds no such booking.
pub fn finished_image(history: &History, id: BookingId) -> Result<Option<Image>, HistoryError> {
    match history.finished(id)? {
        Some(finished) => image_at(history, finished.address),
        None => Ok(None),
    }
}

/// The last image up to a version of the asset; `None` when the booking was live then. Later ones are
/// passed by way of what each of their records found before it.
fn image_as_of(
    history: &History,
    finished: FinishedBooking,
    version: u64,
) -> Result<Option<Image>, HistoryError> {
    let mut record = history.journal.read(finished.address)?;
    while record.version > version {
        let Outcome::Accepted(Accepted { before: Some(before), .. }) = &record.outcome else {
            return Ok(None);
        };
        let before = serde_json::from_slice::<BookingDocument>(before).ok();
        let Some(before) = before.filter(|before| !before.status.is_live()) else {
            return Ok(None);
        };
        let Some(earlier) = history.record(finished.id.tag, before.version)? else {
            return Ok(None);
        };
        record = earlier;
    }
    Ok(image_of(record))
}

fn image_at(history: &History, address: Address) -> Result<Option<Image>, HistoryError> {
    Ok(image_of(history.journal.read(address)?))
}

fn image_of(record: Record) -> Option<Image> {
    let (json, etag) = after(record)?;
    let facts = serde_json::from_slice(&json).ok()?;
    Some(Image { read: Read { json, etag }, facts })
}

/// The document that the record at `address` left behind.
pub fn document(history: &History, address: Address) -> Result<Bytes, HistoryError> {
    let record = history.journal.read(address)?;
    Ok(after(record).map_or_else(Bytes::new, |(json, _)| json))
}

fn after(record: Record) -> Option<(Bytes, Etag)> {
    match record.outcome {
        Outcome::Accepted(accepted) => Some((Bytes::from(accepted.after), accepted.etag)),
        Outcome::Refused(_) => None,
    }
}

/// The index knows a person by a hash; the document says who it really is.
fn is_of(json: &[u8], user: &str, filter: &BookingFilter) -> bool {
    serde_json::from_slice::<BookingDocument>(json).is_ok_and(|booking| {
        let window = Window { start: booking.start, end: booking.end };
        booking.user_id == user && filter.admits(booking.status, &booking.user_id, window)
    })
}

fn not_found() -> Refusal {
    Refusal::Rejected(Rejection::NotFound)
}
