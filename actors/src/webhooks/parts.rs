//! What the courier stands on, and what outlives it when it is started anew.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use holdfast_domain::{EndpointId, Tag};
use holdfast_storage::{history::History, journal::JournalReader};
use parking_lot::Mutex;

use super::{Changes, LaneMeter, Vault, WebhookOptions};
use crate::{
    catalogue::Catalogue,
    clock::Clock,
    ids::{Randomness, StoreKey},
    message::EngineGate,
    roster::Roster,
};

/// No network and no runtime: who drives the courier brings those.
pub struct CourierParts {
    pub gate: Arc<EngineGate>,
    pub clock: Arc<dyn Clock>,
    pub history: Arc<History>,
    pub reader: JournalReader,
    pub catalogue: Arc<Catalogue>,
    pub randomness: Arc<dyn Randomness>,
    pub store_key: StoreKey,
    pub vault: Vault,
    pub changes: Arc<Changes>,
    pub options: WebhookOptions,
    /// Whose endpoints there are; what a restarted courier begins with.
    pub orgs: Mutex<HashSet<Tag>>,
    /// The endpoint of each lane.
    pub lanes: Mutex<HashMap<Tag, EndpointId>>,
    pub roster: Arc<Roster>,
    pub meter: LaneMeter,
}

impl CourierParts {
    /// A random number, for the spread of the next try.
    pub(super) fn chance(&self) -> u32 {
        let mut bytes = [0; 4];
        self.randomness.fill(&mut bytes);
        u32::from_be_bytes(bytes)
    }
}
