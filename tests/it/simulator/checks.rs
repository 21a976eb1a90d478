//! `check_all`: every path to the past gives what the log says. Run after every restart, now and then
//! in between, and at the end.
//!
//! Claims, chains, keys and versions (I1, I3, I4, I6, I7) are judged when a record becomes durable, in
//! `ledger/judge.rs`; the log itself (I2) at every start, in `world.rs`.

use std::sync::Arc;

use holdfast_actors::{
    catalogue::AssetFilter,
    cell::{AssetCell, NoFaults},
};
use holdfast_domain::{Record, Stamp, Tag, asset::AssetState};
use holdfast_storage::{
    codec,
    history::{HistoryError, Replay},
    journal::ReadError,
};

use super::world::World;

impl World {
    pub(super) fn check_all(&mut self) {
        let tags: Vec<Tag> = self.ledger.assets.keys().copied().collect();
        for tag in tags {
            self.check_asset(tag);
        }
        let wrong = self.ledger.post.check(&self.machine().ground.history);
        self.tolerate(wrong);
        for who in &self.people {
            let filter = AssetFilter::default();
            self.tolerate(self.list_of_assets(who, &filter, usize::MAX));
            let user = (&*who.org, &*who.subject);
            self.tolerate(self.list_of_user(user, (0, u64::MAX), false, 1_000).map(drop));
        }
        self.judge_intrusions();
    }

    /// I5: hydrated, the asset is what its records fold to; its audit log is complete; its finished
    /// bookings, its reports and its maintenance are found.
    pub(super) fn check_asset(&self, tag: Tag) {
        let history = &self.machine().ground.history;
        let chronicle = &self.ledger.assets[&tag];
        let newest = chronicle.records.last().expect("an asset begins with a record");
        match AssetCell::hydrate(history, tag, newest.at, Arc::new(NoFaults)) {
            Ok(cell) => assert_eq!(cell.state(), &chronicle.state, "I5: {tag:?} hydrated"),
            Err(error) => assert!(self.fault_planned, "I5: {tag:?} cannot hydrate: {error}"),
        }
        self.tolerate(self.audit_rows(tag, usize::MAX));
        self.tolerate(self.figures(tag, 100));
        self.tolerate(self.items(tag, usize::MAX));
        chronicle.plans_are_apart();
        let found = history.finished_of_asset(tag, (Stamp::MIN, Stamp::MAX), false, usize::MAX);
        self.tolerate(found.map(|found| {
            let bookings = chronicle.bookings_at(chronicle.version());
            let expected: Vec<_> = bookings
                .filter(|(_, image)| !image.facts.status.is_live())
                .map(|(stamp, image)| (stamp, image.version))
                .collect();
            let found: Vec<_> = found.iter().map(|row| (row.id.stamp, row.version)).collect();
            assert_eq!(found, expected, "I5: finished bookings of {tag:?}");
        }));
    }

    /// What somebody read in the middle of a fold, and the folds in the middle of a read.
    pub(super) fn judge_intrusions(&mut self) {
        let (found, failed) = self.intruder.take();
        for error in failed {
            self.tolerate(Err(error));
        }
        for (tag, replay) in found {
            match replay {
                Ok(replay) => {
                    let state = fold(tag, &replay);
                    let expected = &self.ledger.assets[&tag].state;
                    assert_eq!(
                        state.to_snapshot(),
                        expected.to_snapshot(),
                        "I5: {tag:?} read in the middle of a fold"
                    );
                }
                Err(HistoryError::Journal(ReadError::Disk(_))) if self.fault_planned => {}
                Err(error) => panic!("I5: {tag:?} read in the middle of a fold: {error}"),
            }
        }
    }
}

fn fold(tag: Tag, replay: &Replay) -> AssetState {
    let mut state = match &replay.snapshot {
        Some(sealed) => AssetState::from_snapshot(codec::open(sealed).expect("I5: a snapshot")),
        None => AssetState::new(tag),
    };
    replay.records.iter().for_each(|record: &Record| state.apply(record));
    state
}
