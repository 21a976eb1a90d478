//! Why an asset is out of service, and what its status was before.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{asset::AssetStatus, id::Stamp};

#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Holds {
    /// The reports and maintenance that hold the asset.
    by: BTreeSet<Stamp>,
    /// Its status from before the first of them.
    former: Option<AssetStatus>,
}

impl Holds {
    /// One that is retired is held by nothing more.
    pub(super) fn add(&mut self, by: Stamp, status: AssetStatus) {
        if status == AssetStatus::Retired {
            return;
        }
        self.former.get_or_insert(status);
        self.by.insert(by);
    }

    pub(super) fn remove(&mut self, by: Stamp) {
        self.by.remove(&by);
    }

    /// The hold of one becomes the other's, if it still has it.
    pub(super) fn pass(&mut self, from: Stamp, to: Stamp) {
        if self.by.remove(&from) {
            self.by.insert(to);
        }
    }

    pub(super) fn drop_all(&mut self) {
        *self = Self::default();
    }

    pub(super) fn target(&self, status: AssetStatus) -> AssetStatus {
        match self.former {
            None => status,
            Some(former) if self.by.is_empty() => former,
            Some(_) => AssetStatus::Maintenance,
        }
    }

    /// The same; and once the former status is back it is forgotten.
    pub(super) fn settle(&mut self, status: AssetStatus) -> AssetStatus {
        let target = self.target(status);
        if self.by.is_empty() && target == status {
            self.former = None;
        }
        target
    }
}
