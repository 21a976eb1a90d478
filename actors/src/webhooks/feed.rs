//! The log as lanes read it: groups of records that are told, decoded once for all lanes that pass by.

use std::{collections::VecDeque, sync::Arc};

use holdfast_domain::{EndpointId, Record, webhooks::Notice};
use holdfast_storage::journal::{Follower, Place, Position, ReadError};

use crate::catalogue::Catalogue;

/// Groups are kept for the lanes behind until their records take so much.
const KEPT_BYTES: usize = 8 * 1024 * 1024;

/// A record that is told.
pub(crate) struct Told {
    pub(crate) position: Position,
    pub(crate) notice: Notice,
    pub(crate) record: Arc<Record>,
    /// Owner and location of the asset as they are when the log is read; none for a test event.
    pub(crate) place: Option<(Arc<str>, Arc<str>)>,
}

impl Told {
    /// `None` for what nobody is told.
    pub(crate) fn of(
        position: Position,
        record: Record,
        place: Option<(Arc<str>, Arc<str>)>,
    ) -> Option<Self> {
        let notice = Notice::of(&record)?;
        if notice.only.is_none() && place.is_none() {
            return None;
        }
        Some(Self { position, notice, record: Arc::new(record), place })
    }
}

/// What one group of the log has to tell.
pub(crate) struct Sheet {
    pub(crate) before: Place,
    pub(crate) after: Place,
    pub(crate) told: Vec<Told>,
    /// Endpoints that were made in it, where a lane begins.
    pub(crate) made: Vec<(Position, EndpointId)>,
    bytes: usize,
}

pub(crate) struct Feed {
    follower: Follower,
    catalogue: Arc<Catalogue>,
    /// Most recently read last.
    kept: VecDeque<Arc<Sheet>>,
    bytes: usize,
}

impl Feed {
    pub(crate) fn new(follower: Follower, catalogue: Arc<Catalogue>) -> Self {
        Self { follower, catalogue, kept: VecDeque::new(), bytes: 0 }
    }

    /// What the group after `place` tells; `None` when nothing behind it is durable.
    pub(crate) fn sheet(
        &mut self,
        place: Place,
        durable: Position,
    ) -> Result<Option<Arc<Sheet>>, ReadError> {
        if place.position >= durable {
            return Ok(None);
        }
        if let Some(kept) = self.kept.iter().rev().find(|sheet| sheet.before == place) {
            return Ok(Some(Arc::clone(kept)));
        }
        let Some(group) = self.follower.group(place, durable)? else { return Ok(None) };
        let mut sheet = Sheet {
            before: place,
            after: group.after,
            told: Vec::new(),
            made: Vec::new(),
            bytes: 0,
        };
        for (position, record) in group.records {
            sheet.made.extend(made(&record).map(|id| (position, id)));
            let bytes = bytes(&record);
            let place = self.catalogue.place_of(record.tag);
            if let Some(told) = Told::of(position, record, place) {
                sheet.bytes += bytes;
                sheet.told.push(told);
            }
        }
        let sheet = Arc::new(sheet);
        self.keep(Arc::clone(&sheet));
        Ok(Some(sheet))
    }

    fn keep(&mut self, sheet: Arc<Sheet>) {
        self.bytes += sheet.bytes;
        self.kept.push_back(sheet);
        while self.bytes > KEPT_BYTES || self.kept.len() > 1_024 {
            let Some(oldest) = self.kept.pop_front() else { break };
            self.bytes -= oldest.bytes;
        }
    }
}

fn made(record: &Record) -> Option<EndpointId> {
    use holdfast_domain::{Kind, Outcome, Subject};
    match &record.outcome {
        Outcome::Accepted(accepted) if record.kind == Kind::EndpointCreated => {
            match accepted.subject {
                Subject::Endpoint(id) => Some(id),
                _ => None,
            }
        }
        _ => None,
    }
}

fn bytes(record: &Record) -> usize {
    let bodies = match &record.outcome {
        holdfast_domain::Outcome::Accepted(accepted) => {
            accepted.after.len() + accepted.before.as_ref().map_or(0, Vec::len)
        }
        holdfast_domain::Outcome::Refused(_) => 0,
    };
    size_of::<Record>() + bodies + 512
}
