//! An engine on simulated parts with traps in it, behind both routers.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use holdfast_actors::{
    Engine, EngineOptions, Foundation,
    cell::{Faults, Point},
    clock::ManualClock,
    ids::Generator,
};
use holdfast_domain::{AssetId, Tag};
use holdfast_http::{HttpOptions, Routers, VersionInfo};
use holdfast_storage::{
    sim::{MemoryViews, SimDisk},
    views::{Views, ViewsError},
};
use parking_lot::Mutex;
use serde_json::Value;

use super::open_metrics::Metrics;
use crate::harness::{Caller, Reply, client, fresh_key, test_now};

/// Longer than anything here takes on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) struct World {
    pub(super) clock: Arc<ManualClock>,
    pub(super) views: Arc<Brittle>,
    pub(super) owner: Caller,
    pub(super) operator: Caller,
    traps: Arc<Traps>,
    booked: AtomicUsize,
}

/// So many decisions of one asset end in a panic.
#[derive(Default)]
struct Traps(Mutex<Option<(Tag, usize)>>);

impl Faults for Traps {
    fn reach(&self, point: Point, tag: Tag) {
        let mut trap = self.0.lock();
        if let Some((trapped, left)) = &mut *trap
            && *trapped == tag
            && *left > 0
            && point == Point::Decided
        {
            *left -= 1;
            drop(trap);
            // Unlike `panic!` this says nothing on stderr.
            std::panic::resume_unwind(Box::new("a planned fault"));
        }
    }
}

/// Views of which so many flushes panic, and whose reads can fail.
#[derive(Default)]
pub(super) struct Brittle {
    inner: MemoryViews,
    pub(super) flushes_to_panic: AtomicUsize,
    pub(super) reads_fail_with: Mutex<Option<fn() -> ViewsError>>,
    pub(super) is_condemned: AtomicBool,
}

impl Brittle {
    fn readable(&self) -> Result<(), ViewsError> {
        self.reads_fail_with.lock().map_or(Ok(()), |error| Err(error()))
    }
}

impl Views for Brittle {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ViewsError> {
        self.readable()?;
        self.inner.get(key)
    }

    fn insert(&self, key: &[u8], value: &[u8]) -> Result<(), ViewsError> {
        self.inner.insert(key, value)
    }

    fn remove(&self, key: &[u8]) -> Result<(), ViewsError> {
        self.inner.remove(key)
    }

    fn range(
        &self,
        from: &[u8],
        to: &[u8],
        backwards: bool,
        each: &mut dyn FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), ViewsError> {
        self.readable()?;
        self.inner.range(from, to, backwards, each)
    }

    fn flush(&self) -> Result<(), ViewsError> {
        let left = |left: usize| left.checked_sub(1);
        if self.flushes_to_panic.fetch_update(Ordering::SeqCst, Ordering::SeqCst, left).is_ok() {
            std::panic::resume_unwind(Box::new("a planned fault of the views"));
        }
        self.inner.flush()
    }

    fn condemn(&self) -> Result<(), ViewsError> {
        self.is_condemned.store(true, Ordering::SeqCst);
        self.inner.condemn()
    }
}

impl World {
    pub(super) async fn start() -> Self {
        let clock = Arc::new(ManualClock::at(test_now()));
        let views = Arc::new(Brittle::default());
        let traps = Arc::new(Traps::default());
        // Small, so that starting does not write hundreds of megabytes of zeros.
        let options = EngineOptions { segment_bytes: 16 * 1024 * 1024, ..EngineOptions::default() };
        let engine = Engine::start(Foundation {
            disk: Arc::new(SimDisk::new(1)),
            views: Arc::<Brittle>::clone(&views),
            clock: Arc::<ManualClock>::clone(&clock),
            randomness: Arc::new(Generator::from_seed(7)),
            faults: Arc::<Traps>::clone(&traps),
            secret_key: [7; 32],
            deliver: Arc::new(crate::in_process::Nobody),
            options,
        })
        .await
        .unwrap();
        let key = [7; 32];
        let options = HttpOptions {
            token_key: key.to_vec(),
            issuer: None,
            audience: None,
            public_url: String::new(),
            version: VersionInfo::default(),
            webhook_addresses: Default::default(),
        };
        let Routers { api, operators } = holdfast_http::routers(engine, &options);
        let (api, operators) = (serve(api).await, serve(operators).await);
        let owner = Caller::new((api, client()), &key, ("usr_9", "org_1"), test_now(), |_| {});
        let operator =
            Caller::new((operators, client()), &key, ("ops", "org_ops"), test_now(), |claims| {
                claims.roles = Some(vec!["operator".into()]);
                claims.scope = String::new();
            });
        Self { clock, views, owner, operator, traps, booked: AtomicUsize::new(0) }
    }

    /// The next decisions of `asset` fail, so many of them.
    pub(super) fn trap(&self, asset: &str, times: usize) {
        let id: AssetId = asset.parse().unwrap();
        *self.traps.0.lock() = Some((id.tag, times));
    }

    /// A window that nobody has asked for before, some minutes from now.
    pub(super) async fn book(&self, asset: &str, request_id: &str) -> Reply {
        let number = i64::try_from(self.booked.fetch_add(1, Ordering::Relaxed)).unwrap();
        let start = test_now().plus_minutes(10 * (number + 1));
        let body = self.owner.booking_body(&start.to_string(), &start.plus_minutes(5).to_string());
        let key = fresh_key();
        let headers = [("idempotency-key", key.as_str()), ("x-request-id", request_id)];
        let path = format!("/assets/{asset}/bookings");
        self.owner.send(reqwest::Method::POST, &path, &headers, Some(&body)).await
    }

    pub(super) async fn tree(&self) -> Value {
        self.operator.get("/admin/supervision").await.expect(200)
    }

    /// The tree as soon as it is as wanted.
    pub(super) async fn once(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let reached = async {
            loop {
                let tree = self.tree().await;
                if wanted(&tree) {
                    return tree;
                }
            }
        };
        tokio::time::timeout(PATIENCE, reached).await.expect("it never happens")
    }

    pub(super) async fn metrics(&self) -> Metrics {
        let reply = self.operator.get("/metrics").await;
        Metrics::parse(&String::from_utf8(reply.bytes).unwrap())
    }
}

/// Where it is served, until the test ends.
async fn serve(router: axum::Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    base
}
