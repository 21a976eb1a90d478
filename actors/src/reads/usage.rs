//! How much an asset was used: one page of rows, and the sums of all of them.
//!
//! Every booking of the asset that is over is looked at, from the rows of the index and without its
//! body; memory is bounded by the page. Only the rows of the page are read whole.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use holdfast_domain::{
    AssetId, Principal, Stamp, access,
    asset::{
        BookingDocument, UsageBound, UsageGround, UsageRange, UsageRow, UsageSummary, UsageSums,
    },
};
use holdfast_storage::history::{History, HistoryError, Past};

use super::{READ_BYTES, document};
use crate::{
    engine::{Engine, Page, PageAsk, Refusal},
    message::{Ask, Reading},
};

/// Bookings looked at in one go.
const CHUNK: usize = 1_024;

impl Engine {
    /// Bookings that ended in `[from, to)`, the last to end first, and the sums of all of them.
    pub async fn usage(
        &self,
        principal: &Arc<Principal>,
        id: AssetId,
        (from, to): (Option<UsageBound>, Option<UsageBound>),
        page: PageAsk,
    ) -> Result<(Page, UsageSummary), Refusal> {
        self.exists(id)?;
        let reading = self.ask(id.tag, Ask::Usage(Arc::clone(principal)), READ_BYTES).await?;
        let Reading::Ground(ground) = reading else {
            unreachable!("usage is never answered with {reading:?}")
        };
        let range = ground.range(from, to);
        let principal = Arc::clone(principal);
        let survey = move |history: &History| {
            let (past, sums) = survey(history, id, range, page)?;
            let row = |past: Past| {
                let key = past.ended_version;
                row(history, past, range, (&principal, &ground)).map(|row| (key, row))
            };
            let rows = past.into_iter().map(row).collect::<Result<Vec<_>, _>>()?;
            Ok((rows, sums.summary(&ground)))
        };
        let (mut rows, summary) = self.read(survey).await?;
        let more = rows.len() > page.limit;
        rows.truncate(page.limit);
        Ok((page.answer(rows, more), summary))
    }
}

/// The rows of the page and one more, if there is one, in the order in which the page is read; and
/// the sums of all.
fn survey(
    history: &History,
    id: AssetId,
    range: UsageRange,
    page: PageAsk,
) -> Result<(Vec<Past>, UsageSums), HistoryError> {
    let ((low, high), oldest_first) = page.range();
    let mut sums = UsageSums::new(range);
    let mut kept: BTreeMap<u64, Past> = BTreeMap::new();
    let (mut after, until) = (Stamp::MIN, created_before(range));
    loop {
        let (chunk, last) = history.past_of_asset(id.tag, (after, until), CHUNK)?;
        for past in chunk {
            let key = past.ended_version;
            if sums.add(&past.booking, past.ended_at) && low < key && key < high {
                kept.insert(key, past);
                if kept.len() > page.limit + 1 {
                    let _ = if oldest_first { kept.pop_last() } else { kept.pop_first() };
                }
            }
        }
        match last {
            Some(last) => after = last,
            None => break,
        }
    }
    let kept = kept.into_values();
    Ok((if oldest_first { kept.collect() } else { kept.rev().collect() }, sums))
}

/// What was made later than this did not end in time. A minute more, because in a burst stamps run
/// ahead of the clock.
fn created_before(range: UsageRange) -> Stamp {
    range.to.map_or(Stamp::MAX, |to| Stamp::new(to.plus_minutes(1).unsigned_millis(), 0))
}

fn row(
    history: &History,
    past: Past,
    range: UsageRange,
    (principal, ground): (&Principal, &UsageGround),
) -> Result<Bytes, HistoryError> {
    let whole = document(history, past.address)?;
    let user_id = serde_json::from_slice::<BookingDocument>(&whole).ok().and_then(|booking| {
        let own = access::owns_booking(principal, &booking.org_id, &booking.user_id);
        (ground.inspects || own).then_some(booking.user_id)
    });
    let row = UsageRow::new(past.id, past.booking, past.ended_at, user_id, range);
    Ok(Bytes::from_owner(row.render()))
}
