//! An engine in this process, without HTTP, on a simulated disk and a clock that the test moves.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use holdfast_actors::{
    Engine, EngineOptions, Foundation, PageAsk, Refusal,
    cell::{Faults, NoFaults},
    clock::ManualClock,
    engine::Answer,
    ids::Generator,
    webhooks::deliver::{Attempt, Deliver, Delivering},
};
use holdfast_domain::{
    AssetId, BookingId, IdempotencyKey, IfMatch, KeyScope, Locations, Principal, Rejection,
    Request, Role, Roles, Subject, Timestamp,
    asset::{BookingDocument, Command, NewAsset, NewBooking, terms},
    rejection::Window,
};
use holdfast_storage::sim::{MemoryViews, SimDisk};
use serde_json::Value;

/// Longer than anything here takes on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct InProcess {
    pub(crate) engine: Engine,
    pub(crate) clock: Arc<ManualClock>,
    /// A manager of `org_1` in all its locations.
    pub(crate) boss: Arc<Principal>,
    disk: SimDisk,
    views: MemoryViews,
    deliver: Arc<dyn Deliver>,
    keys: AtomicU64,
}

/// Where nobody is to be told anything.
pub(crate) struct Nobody;

impl Deliver for Nobody {
    fn deliver(&self, _: Attempt) -> Delivering<'_> {
        panic!("nobody has asked to be told")
    }
}

impl InProcess {
    pub(crate) async fn start(now: Timestamp) -> Self {
        Self::start_with(now, EngineOptions::default(), Arc::new(NoFaults)).await
    }

    pub(crate) async fn start_with(
        now: Timestamp,
        options: EngineOptions,
        faults: Arc<dyn Faults>,
    ) -> Self {
        Self::start_telling(now, options, faults, Arc::new(Nobody)).await
    }

    pub(crate) async fn start_telling(
        now: Timestamp,
        options: EngineOptions,
        faults: Arc<dyn Faults>,
        deliver: Arc<dyn Deliver>,
    ) -> Self {
        let (disk, views) = (SimDisk::new(1), MemoryViews::new());
        let clock = Arc::new(ManualClock::at(now));
        let engine = engine(&disk, &views, &clock, options, faults, &deliver).await;
        let boss = Arc::new(Principal {
            issuer: "local".into(),
            subject: "boss".into(),
            org: "org_1".into(),
            roles: Roles::default().with(Role::Manager),
            locations: Locations::All,
        });
        Self { engine, clock, boss, disk, views, deliver, keys: AtomicU64::new(0) }
    }

    pub(crate) async fn stop(&self) {
        self.engine.shutdown(PATIENCE).await;
    }

    /// Stops, lets time pass, and starts on what was left.
    pub(crate) async fn restart_after(self, millis: u32) -> Self {
        self.stop().await;
        let Self { clock, boss, disk, views, deliver, keys, .. } = self;
        clock.advance_ms(millis);
        let (options, faults) = (EngineOptions::default(), Arc::new(NoFaults));
        let engine = engine(&disk, &views, &clock, options, faults, &deliver).await;
        Self { engine, clock, boss, disk, views, deliver, keys }
    }

    /// As if the views had been deleted while nothing ran.
    pub(crate) fn without_views(mut self) -> Self {
        self.views = MemoryViews::new();
        self
    }

    pub(crate) fn request<C>(&self, command: C) -> Request<C> {
        let number = self.keys.fetch_add(1, Ordering::Relaxed);
        let mut scope = [0; 16];
        scope[..8].copy_from_slice(&number.to_be_bytes());
        let text = format!("key-{number}");
        Request {
            principal: Arc::clone(&self.boss),
            request_id: text.clone(),
            path: "/".into(),
            key: Some(IdempotencyKey { text, scope: KeyScope(scope), fingerprint: number }),
            if_match: IfMatch::Any,
            command,
        }
    }

    pub(crate) async fn register(&self, name: &str, booking_terms: Option<&Value>) -> AssetId {
        let command = Command::RegisterAsset(NewAsset {
            name: name.into(),
            category: "EQUIPMENT".into(),
            owner_org_id: "org_1".into(),
            location_id: "loc_7".into(),
            shared_with: Vec::new(),
            booking_terms: booking_terms.map(|terms| terms::check(terms).unwrap()),
            maintenance_schedule: None,
        });
        let answer = self.engine.register(self.request(command)).await.unwrap();
        let Subject::Asset(id) = answer.subject else { panic!("an asset was made") };
        id
    }

    /// By the boss.
    pub(crate) async fn try_submit(
        &self,
        asset: AssetId,
        command: Command,
    ) -> Result<Answer, Refusal> {
        self.engine.submit(asset, self.request(command)).await
    }

    /// The same where nothing but a rule refuses.
    pub(crate) async fn submit(
        &self,
        asset: AssetId,
        command: Command,
    ) -> Result<Answer, Rejection> {
        match self.try_submit(asset, command).await {
            Ok(answer) => Ok(answer),
            Err(Refusal::Rejected(rejection)) => Err(rejection),
            Err(other) => panic!("{other:?}"),
        }
    }

    pub(crate) async fn book(
        &self,
        asset: AssetId,
        user: &str,
        window: Window,
    ) -> Result<BookingId, Rejection> {
        let command = Command::CreateBooking(NewBooking {
            user_id: user.into(),
            window,
            accept_terms: true,
            terms_version: None,
        });
        let answer = self.submit(asset, command).await?;
        let Subject::Booking(id) = answer.subject else { panic!("a booking was made") };
        Ok(id)
    }

    /// The booking once it is as wanted: timers run in their own time.
    pub(crate) async fn once(
        &self,
        id: BookingId,
        wanted: impl Fn(&BookingDocument) -> bool,
    ) -> BookingDocument {
        let reached = async {
            loop {
                match self.engine.booking(&self.boss, id).await {
                    Ok(read) => {
                        let image = booking(&read.json);
                        if wanted(&image) {
                            return image;
                        }
                    }
                    // Its actor has failed and starts again a little later.
                    Err(Refusal::Overloaded) => {}
                    Err(other) => panic!("{other:?}"),
                }
                // Back-off and the pace of reminders go by this clock, too.
                self.clock.advance_ms(1);
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, reached).await.expect("it never happens")
    }

    /// The booking once nothing more is to happen to it.
    pub(crate) async fn ended(&self, id: BookingId) -> BookingDocument {
        self.once(id, |image| !image.status.is_live()).await
    }

    /// The newest audit entries of an asset, oldest first.
    pub(crate) async fn audit(&self, asset: AssetId) -> Vec<Value> {
        let page = PageAsk { limit: 100, anchor: None };
        let page = self.engine.audit(&self.boss, asset, page).await.unwrap();
        page.items.iter().rev().map(|entry| serde_json::from_slice(entry).unwrap()).collect()
    }
}

pub(crate) fn booking(json: &[u8]) -> BookingDocument {
    serde_json::from_slice(json).unwrap()
}

async fn engine(
    disk: &SimDisk,
    views: &MemoryViews,
    clock: &Arc<ManualClock>,
    options: EngineOptions,
    faults: Arc<dyn Faults>,
    deliver: &Arc<dyn Deliver>,
) -> Engine {
    // Small, so that starting does not write hundreds of megabytes of zeros.
    let options = EngineOptions { segment_bytes: 16 * 1024 * 1024, ..options };
    Engine::start(Foundation {
        disk: Arc::new(disk.clone()),
        views: Arc::new(views.clone()),
        clock: Arc::<ManualClock>::clone(clock),
        randomness: Arc::new(Generator::from_seed(7)),
        faults,
        secret_key: [7; 32],
        deliver: Arc::clone(deliver),
        options,
    })
    .await
    .unwrap()
}
