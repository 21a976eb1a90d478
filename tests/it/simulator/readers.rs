//! The second halves of reads: what is fetched from history after the actor's word, any time later.
//! And the reads that ask no actor: lists of assets and of a user's bookings.

use std::{ops::Bound, sync::Arc};

use bytes::Bytes;
use holdfast_actors::{
    asset_actor::last_image,
    catalogue::AssetFilter,
    message::{BookingsAsk, LivePage},
    reads,
};
use holdfast_domain::{
    AssetId, BookingId, MaintenanceId, Principal, ReportId, Stamp, Subject, Tag,
    asset::{BookingDocument, Needed, PastBooking},
    audit,
    record::user_key,
};
use holdfast_storage::{
    history::HistoryError,
    journal::{Position, ReadError},
    tail::Noun,
};

use super::{
    ledger::{BookingImage, Chronicle},
    wishes::WishId,
    world::World,
};

pub(super) enum FollowUp {
    /// A replay: what the record of this version stored.
    Stored { wish: WishId, tag: Tag, version: u64 },
    /// The last image of a booking that was not live at `version`.
    Finished { id: BookingId, version: u64 },
    /// The finished bookings of a page.
    Rows { tag: Tag, who: Arc<Principal>, ask: BookingsAsk, live: LivePage },
    /// The newest audit entries; and the figures of what is over, which anybody may ask for.
    Audit { tag: Tag },
}

impl World {
    pub(super) fn follow_up(&mut self, index: usize) {
        let follow_up = self.follow_ups.swap_remove(index);
        let done = match &follow_up {
            FollowUp::Stored { wish, tag, version } => self.stored(*wish, *tag, *version),
            FollowUp::Finished { id, version } => self.finished(*id, *version),
            FollowUp::Rows { tag, who, ask, live } => self.rows(*tag, who, ask, live),
            FollowUp::Audit { tag } => {
                self.audit_rows(*tag, 7).and_then(|()| self.figures(*tag, 3))
            }
        };
        self.tolerate(done);
        if let FollowUp::Stored { wish, .. } = follow_up {
            self.wishes.get_mut(wish).settled = true;
        }
    }

    /// History may fail only when the disk does.
    pub(super) fn tolerate(&self, done: Result<(), HistoryError>) {
        match done {
            Ok(()) => {}
            Err(HistoryError::Journal(ReadError::Disk(_))) if self.fault_planned => {}
            Err(error) => panic!("I5: a read of history failed: {error}"),
        }
    }

    fn stored(&self, wish: WishId, tag: Tag, version: u64) -> Result<(), HistoryError> {
        let found = self.machine().ground.history.record(tag, version)?;
        let chronicle = &self.ledger.assets[&tag];
        assert_eq!(found.as_ref(), chronicle.record(version), "I4: the replay of {version}");
        let key = &self.wishes.get(wish).key;
        let newest = chronicle.under_key(key.scope);
        assert_eq!(found.as_ref(), newest, "I4: the replay is not the newest under its key");
        assert_eq!(
            found.and_then(|record| record.key).as_ref(),
            Some(key),
            "I4: a replay of another's answer"
        );
        Ok(())
    }

    /// It was no longer live at `version`; its cost may have been adjusted since.
    fn finished(&self, id: BookingId, version: u64) -> Result<(), HistoryError> {
        let image = reads::finished_image(&self.machine().ground.history, id)?;
        let chronicle = self.ledger.assets.get(&id.tag);
        let newest = |it: &Chronicle| it.version().max(version);
        let expected = chronicle.and_then(|it| it.booking_at(id.stamp, newest(it)));
        let found = image.as_ref().map(|image| &*image.read.json);
        assert_eq!(found, expected.map(|image| &*image.json), "I11: the last image of {id}");
        Ok(())
    }

    fn rows(
        &self,
        tag: Tag,
        who: &Arc<Principal>,
        ask: &BookingsAsk,
        live: &LivePage,
    ) -> Result<(), HistoryError> {
        let chronicle = &self.ledger.assets[&tag];
        let id = chronicle.id.expect("it is registered");
        let wanted = reads::Finished { principal: who, filter: &ask.filter, live };
        let history = &self.machine().ground.history;
        let bounds = (ask.low, ask.high);
        let mut rows = wanted.collect(history, id, bounds, ask.oldest_first, ask.limit)?;
        rows.extend(live.rows.iter().cloned());
        rows.sort_unstable_by_key(|row| row.0);
        if !ask.oldest_first {
            rows.reverse();
        }
        rows.truncate(ask.limit);
        let expected = expected_rows(chronicle, who, ask, live.version);
        assert_eq!(rows, expected, "I11: bookings of {id} at {}", live.version);
        Ok(())
    }

    pub(super) fn audit_rows(&self, tag: Tag, limit: usize) -> Result<(), HistoryError> {
        let chronicle = &self.ledger.assets[&tag];
        let found = self.machine().ground.history.records_below(tag, u64::MAX, limit)?;
        let expected: Vec<_> = chronicle.records.iter().rev().take(limit).collect();
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "I7: the audit log of {tag:?}");
        let id = chronicle.id.expect("it is registered");
        for record in found.iter().take(2) {
            let entry: serde_json::Value =
                serde_json::from_slice(&audit::entry(record, id)).expect("I6: an audit entry");
            assert_eq!(entry["seq"], record.version, "I6: the entry's number");
        }
        Ok(())
    }

    /// I11: every report and maintenance has its newest image, and so have the lists of them.
    pub(super) fn items(&self, tag: Tag, limit: usize) -> Result<(), HistoryError> {
        let chronicle = &self.ledger.assets[&tag];
        let reports = chronicle.reports.iter().map(|(stamp, images)| {
            let image = images.last().expect("it has one");
            (*stamp, Subject::Report(ReportId::new(*stamp, tag)), image.version, &image.json)
        });
        self.items_of((tag, Noun::Report), reports.collect(), limit)?;
        let maintenance = chronicle.maintenance.iter().map(|(stamp, images)| {
            let image = images.last().expect("it has one");
            let subject = Subject::Maintenance(MaintenanceId::new(*stamp, tag));
            (*stamp, subject, image.version, &image.json)
        });
        self.items_of((tag, Noun::Maintenance), maintenance.collect(), limit)
    }

    /// `expected`: the oldest first.
    fn items_of(
        &self,
        of: (Tag, Noun),
        expected: Vec<(Stamp, Subject, u64, &Vec<u8>)>,
        limit: usize,
    ) -> Result<(), HistoryError> {
        let history = &self.machine().ground.history;
        let bounds = (Stamp::MIN, Stamp::MAX);
        for oldest_first in [false, true] {
            let found = history.items_of_asset(of, bounds, oldest_first, limit)?;
            let row = |(stamp, _, version, _): &(Stamp, Subject, u64, &Vec<u8>)| (*stamp, *version);
            let mut rows: Vec<_> = expected.iter().map(row).collect();
            if !oldest_first {
                rows.reverse();
            }
            rows.truncate(limit);
            let found: Vec<_> = found.iter().map(|item| (item.stamp, item.version)).collect();
            assert_eq!(found, rows, "I11: items of {of:?}");
        }
        for (_, subject, _, json) in expected.iter().rev().take(limit) {
            let needed = match *subject {
                Subject::Report(id) => Needed::Report(id),
                Subject::Maintenance(id) => Needed::Maintenance(id),
                other => unreachable!("{other:?} is no item"),
            };
            let image = last_image(history, needed)?;
            assert_eq!(image.as_ref(), Some(*json), "I11: the newest image of {subject:?}");
        }
        Ok(())
    }

    /// What usage sums up: every booking that is over, with its figures, in steps of `limit`.
    pub(super) fn figures(&self, tag: Tag, limit: usize) -> Result<(), HistoryError> {
        let chronicle = &self.ledger.assets[&tag];
        let (mut found, mut low) = (Vec::new(), Stamp::MIN);
        loop {
            let history = &self.machine().ground.history;
            let (page, last) = history.past_of_asset(tag, (low, Stamp::MAX), limit)?;
            found.extend(page);
            match last {
                Some(last) => low = last,
                None => break,
            }
        }
        let expected = chronicle.bookings.iter().filter_map(|(stamp, images)| {
            let ended = images.iter().find(|image| !image.facts.status.is_live())?;
            let last = images.last()?;
            let at = chronicle.record(ended.version)?.at;
            Some((*stamp, last.version, (ended.version, at), PastBooking::of(&last.json)?))
        });
        let found = found.into_iter().map(|past| {
            (past.id.stamp, past.version, (past.ended_version, past.ended_at), past.booking)
        });
        assert_eq!(found.collect::<Vec<_>>(), expected.collect::<Vec<_>>(), "I11: what is over");
        Ok(())
    }

    /// The bookings that a user created, newest first or oldest first.
    pub(super) fn list_of_user(
        &self,
        (org, user): (&str, &str),
        bounds: (Position, Position),
        oldest_first: bool,
        limit: usize,
    ) -> Result<Vec<(Position, BookingId)>, HistoryError> {
        let history = &self.machine().ground.history;
        let found = history.bookings_of_user(user_key(org, user), bounds, oldest_first, limit)?;
        let mut expected = self.ledger.created_by(org, user);
        if !oldest_first {
            expected.reverse();
        }
        expected.retain(|(position, _)| bounds.0 < *position && *position < bounds.1);
        expected.truncate(limit);
        assert_eq!(found, expected, "I11: the bookings of {user} of {org}");
        Ok(found)
    }

    /// A list of assets from the catalogue, with the documents from the log.
    pub(super) fn list_of_assets(
        &self,
        who: &Principal,
        filter: &AssetFilter,
        limit: usize,
    ) -> Result<(), HistoryError> {
        let machine = self.machine();
        let hits = machine.catalogue.find(who, filter, (0, u64::MAX), false, limit);
        let mut found = Vec::new();
        for hit in &hits {
            found.push(reads::document(&machine.ground.history, hit.document)?);
        }
        let mut registered = self.ledger.registered();
        registered.reverse();
        let expected = registered.into_iter().filter_map(|id| self.listed(who, filter, id));
        let expected: Vec<Bytes> = expected.take(limit).collect();
        assert_eq!(found, expected, "I11: the list of assets by {filter:?}");
        Ok(())
    }

    fn listed(&self, who: &Principal, filter: &AssetFilter, id: AssetId) -> Option<Bytes> {
        let chronicle = &self.ledger.assets[&id.tag];
        let (visible, _) = chronicle.reach(who, chronicle.version());
        let image = chronicle.asset_at(chronicle.version())?;
        let facts = &image.facts;
        let admitted = visible
            && filter.category.as_ref().is_none_or(|category| *category == facts.category)
            && (filter.status.is_empty() || filter.status.contains(&facts.status));
        admitted.then(|| Bytes::copy_from_slice(&image.json))
    }
}

/// The page as the list of records says, at one version of the asset.
fn expected_rows(
    chronicle: &Chronicle,
    who: &Principal,
    ask: &BookingsAsk,
    version: u64,
) -> Vec<(Stamp, Bytes)> {
    let (_, inspects) = chronicle.reach(who, version);
    let admitted = |facts: &BookingDocument| {
        let own = facts.org_id == who.org && facts.user_id == who.subject;
        let filter = &ask.filter;
        (inspects || own)
            && (filter.status.is_empty() || filter.status.contains(&facts.status))
            && filter.user_id.as_ref().is_none_or(|user| *user == facts.user_id)
            && filter.from.is_none_or(|from| facts.end > from)
            && filter.to.is_none_or(|to| facts.start < to)
    };
    let inside = (Bound::Excluded(ask.low), Bound::Excluded(ask.high));
    let row = |(stamp, image): (Stamp, &BookingImage)| {
        let within = std::ops::RangeBounds::contains(&inside, &stamp);
        (within && admitted(&image.facts)).then(|| (stamp, Bytes::copy_from_slice(&image.json)))
    };
    let mut rows: Vec<_> = chronicle.bookings_at(version).filter_map(row).collect();
    if ask.oldest_first {
        rows.reverse();
    }
    rows.truncate(ask.limit);
    rows
}
