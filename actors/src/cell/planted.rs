//! A planted bug for the tests of the tests: a command's effect in one record, its key in the next.

use holdfast_domain::{Outcome, Record, asset::Loaded, audit};

use super::AssetCell;
use crate::{
    gate::AtomicPosition,
    message::{EngineGate, Reply},
    router::Permit,
};

impl AssetCell {
    /// Appends the effect without its key, and gives back a record that is the key alone.
    pub(super) fn append_apart(
        &mut self,
        mut record: Box<Record>,
        (reply, permit): (Reply, Permit),
        gate: &EngineGate,
        last: &AtomicPosition,
    ) -> (Box<Record>, Reply, Permit) {
        let mut key = record.clone();
        record.key = None;
        let asset = audit::asset_of(&record).or(self.state.asset_id());
        let asset = asset.expect("an asset's first record names it");
        record.hash = audit::hash(&record, asset);
        key.version += 1;
        key.audit = key.audit.next(key.at.unsigned_millis());
        key.prev_hash = record.hash;
        if let Outcome::Accepted(accepted) = &mut key.outcome {
            accepted.events.clear();
        }
        key.hash = audit::hash(&key, asset);
        let (nobody, _) = Reply::channel();
        self.append(*record, (nobody, permit.beyond()), &mut Loaded::none(), gate, last);
        (key, reply, permit)
    }
}
