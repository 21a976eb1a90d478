//! The engine as `http` sees it: submit a command, read what is there.

use bytes::Bytes;
use holdfast_domain::{
    AssetId, BookingId, Etag, Principal, Rejection, Request, Subject, Timestamp,
    asset::{AssetStatus, BookingStatus},
};

/// What bounds the engine. Each limit has its unit last.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// Waiting commands per asset.
    pub waiting_per_asset_max: usize,
    /// Waiting commands in all.
    pub waiting_max: usize,
    /// Bytes of requests in flight.
    pub in_flight_bytes_max: usize,
    /// A command not decided by then is refused: nothing happened.
    pub deadline_ms: u64,
    /// Memory for live actors (their state and 8 kB each) before idle ones are passivated.
    pub resident_bytes_max: usize,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            waiting_per_asset_max: 4_096,
            waiting_max: 65_536,
            in_flight_bytes_max: 64 * 1024 * 1024,
            deadline_ms: 10_000,
            resident_bytes_max: 512 * 1024 * 1024,
        }
    }
}

/// A command's result: the document in its record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    pub json: Bytes,
    pub etag: Etag,
    pub subject: Subject,
    /// The first answer was 201.
    pub created: bool,
    /// The key had been used: this is what was stored.
    pub replayed: bool,
}

/// Why there is no answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    Rejected(Rejection),
    /// A refusal stored under the key by an earlier request.
    Replayed {
        rejection: Rejection,
        request_id: String,
        path: String,
    },
    /// Nothing happened: a bound was reached, the deadline passed before deciding, or the actor
    /// failed before it handed anything over.
    Overloaded,
    /// Nothing happened: no room is prepared on disk.
    StorageFull,
    /// Nothing happened: the asset is held back after repeated panics.
    Quarantined,
    /// Nothing happened: recovering or draining.
    NotReady,
    /// A storage fault after the append began: ask again with the same key.
    OutcomeUnknown,
}

/// A document read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Read {
    pub json: Bytes,
    pub etag: Etag,
}

/// Which page of a list. Keys are opaque numbers of the list's order (newest = greatest).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PageAsk {
    /// 1..=100
    pub limit: usize,
    pub anchor: Option<Anchor>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Anchor {
    /// Rows after this key in the list's order (older ones): a `next_cursor`.
    After(u64),
    /// Rows before this key (newer ones): a `prev_cursor`.
    Before(u64),
}

/// Rendered rows, newest first.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Page {
    pub items: Vec<Bytes>,
    /// `Some` when more may follow: the key for [`Anchor::After`].
    pub next: Option<u64>,
    /// `Some` unless this is the first page: the key for [`Anchor::Before`].
    pub prev: Option<u64>,
}

/// Exact matches; `words` must each start a word of the name.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AssetFilter {
    pub category: Option<String>,
    /// Any of these; empty = all.
    pub status: Vec<AssetStatus>,
    pub location_id: Option<String>,
    pub owner_org_id: Option<String>,
    /// The `q` parameter, as sent.
    pub q: Option<String>,
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct BookingFilter {
    /// Any of these; empty = all.
    pub status: Vec<BookingStatus>,
    pub user_id: Option<String>,
    /// Bookings whose window ends after `from` …
    pub from: Option<Timestamp>,
    /// … and starts before `to`.
    pub to: Option<Timestamp>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Readiness {
    pub recovered: bool,
    pub store_writable: bool,
    pub draining: bool,
    /// The wall clock and the engine's differ by more than five minutes.
    pub clock_astray: bool,
}

impl Readiness {
    pub fn is_ready(&self) -> bool {
        self.recovered && self.store_writable && !self.draining
    }
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Engine {}

impl Engine {
    /// Decides and makes durable one command on the asset of `id`; for a `CreateBooking`, `CheckIn`,
    /// `CheckOut` or `UpdateAsset` the asset in the path, for the others the asset of the booking.
    /// Returns only after the answer's facts are on disk.
    pub async fn submit(&self, id: AssetId, request: Request) -> Result<Answer, Refusal> {
        let _ = (id, request);
        unimplemented!()
    }

    /// A [`holdfast_domain::asset::Command::RegisterAsset`]: the key decides which tag it goes to,
    /// so that two creates with one key meet in one actor.
    pub async fn register(&self, request: Request) -> Result<Answer, Refusal> {
        let _ = request;
        unimplemented!()
    }

    /// `Err(Rejected(NotFound))` when absent or invisible.
    pub async fn asset(&self, principal: &Principal, id: AssetId) -> Result<Read, Refusal> {
        let _ = (principal, id);
        unimplemented!()
    }

    pub async fn booking(&self, principal: &Principal, id: BookingId) -> Result<Read, Refusal> {
        let _ = (principal, id);
        unimplemented!()
    }

    /// Visible assets.
    pub async fn assets(
        &self,
        principal: &Principal,
        filter: &AssetFilter,
        page: PageAsk,
    ) -> Result<Page, Refusal> {
        let _ = (principal, filter, page);
        unimplemented!()
    }

    /// A member sees only its own.
    pub async fn bookings_of_asset(
        &self,
        principal: &Principal,
        id: AssetId,
        filter: &BookingFilter,
        page: PageAsk,
    ) -> Result<Page, Refusal> {
        let _ = (principal, id, filter, page);
        unimplemented!()
    }

    /// Bookings of `filter.user_id` (default: the caller) in the caller's org. May return short
    /// pages with more to follow.
    pub async fn bookings_of_user(
        &self,
        principal: &Principal,
        filter: &BookingFilter,
        page: PageAsk,
    ) -> Result<Page, Refusal> {
        let _ = (principal, filter, page);
        unimplemented!()
    }

    /// Audit entries, newest first. `Err(Rejected(ForbiddenRole))` for those who may see the asset
    /// but not its log.
    pub async fn audit(
        &self,
        principal: &Principal,
        id: AssetId,
        page: PageAsk,
    ) -> Result<Page, Refusal> {
        let _ = (principal, id, page);
        unimplemented!()
    }

    pub fn readiness(&self) -> Readiness {
        unimplemented!()
    }

    /// Engine time.
    pub fn now(&self) -> Timestamp {
        unimplemented!()
    }

    /// A secret for one purpose (cursors, say), derived from the store key: the same after a restart.
    pub fn secret(&self, purpose: &str) -> [u8; 32] {
        let _ = purpose;
        unimplemented!()
    }

    /// Fresh random bytes from the engine's seam (request ids).
    pub fn random(&self) -> [u8; 16] {
        unimplemented!()
    }
}
