//! A way through the log: what was read and is not settled yet, in order per asset.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
};

use holdfast_domain::{
    EndpointId, Record, Tag,
    webhooks::{Cursor, EventRef},
};
use holdfast_storage::journal::{Place, Position, ReadError};

use super::feed::{Feed, Sheet, Told};

/// Read and not settled, at most.
const WINDOW_MAX: usize = 256;
/// Groups read in one turn, so that one lane far behind does not hold up the others.
const SHEETS_PER_TURN: usize = 8;

struct Slot {
    event: EventRef,
    record: Arc<Record>,
    /// Before the group it stands in.
    place: Place,
}

pub(crate) struct Track {
    place: Place,
    /// Everything up to it has been looked at.
    passed: Position,
    /// The group that is being looked at.
    sheet: Option<Arc<Sheet>>,
    window: BTreeMap<Position, Slot>,
    /// Of one asset, in order; the first is ready or under way.
    chains: HashMap<Tag, VecDeque<Position>>,
    ready: VecDeque<Position>,
    /// Nothing counts before this endpoint was made.
    begins_with: Option<EndpointId>,
    /// It ends here.
    until: Option<Position>,
}

impl Track {
    pub(crate) fn after(cursor: Cursor, until: Option<Position>) -> Self {
        Self { passed: cursor.position, ..Self::from(Place::of(cursor), until) }
    }

    /// From where an endpoint was made; `place` lies before that.
    pub(crate) fn of_new(endpoint: EndpointId, place: Place) -> Self {
        Self { begins_with: Some(endpoint), ..Self::from(place, None) }
    }

    fn from(place: Place, until: Option<Position>) -> Self {
        Self {
            place,
            passed: place.position,
            sheet: None,
            window: BTreeMap::new(),
            chains: HashMap::new(),
            ready: VecDeque::new(),
            begins_with: None,
            until,
        }
    }

    /// Reads on while there is room; `wants` says of each event whether it is for this track.
    /// Returns whether there may be more to read at once.
    pub(crate) fn pull(
        &mut self,
        feed: &mut Feed,
        durable: Position,
        wants: &mut dyn FnMut(&Told) -> bool,
    ) -> Result<bool, ReadError> {
        for _ in 0..SHEETS_PER_TURN {
            if self.window.len() >= WINDOW_MAX || self.is_read() {
                return Ok(false);
            }
            let sheet = match self.sheet.take() {
                Some(sheet) => sheet,
                None => match feed.sheet(self.place, durable)? {
                    Some(sheet) => sheet,
                    None => return Ok(false),
                },
            };
            if let Some(endpoint) = self.begins_with {
                if let Some((position, _)) = sheet.made.iter().find(|(_, made)| *made == endpoint) {
                    self.begins_with = None;
                    self.passed = *position;
                } else {
                    self.passed = sheet.after.position;
                }
            }
            for told in &sheet.told {
                if told.position <= self.passed {
                    continue;
                }
                if self.window.len() >= WINDOW_MAX {
                    self.sheet = Some(sheet);
                    return Ok(false);
                }
                self.passed = told.position;
                if self.until.is_none_or(|until| told.position <= until) && wants(told) {
                    self.push(told, sheet.before);
                }
            }
            self.place = sheet.after;
            self.passed = self.passed.max(sheet.after.position);
        }
        Ok(true)
    }

    fn push(&mut self, told: &Told, place: Place) {
        let event = told.notice.event;
        let slot = Slot { event, record: Arc::clone(&told.record), place };
        self.window.insert(told.position, slot);
        let chain = self.chains.entry(event.tag).or_default();
        chain.push_back(told.position);
        if chain.len() == 1 {
            self.ready.push_back(told.position);
        }
    }

    pub(crate) fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// The next that may be sent.
    pub(crate) fn take_ready(&mut self) -> Option<(Position, EventRef, Arc<Record>)> {
        let position = self.ready.pop_front()?;
        let slot = self.window.get(&position)?;
        Some((position, slot.event, Arc::clone(&slot.record)))
    }

    /// It is settled: the asset's next one may follow.
    pub(crate) fn settled(&mut self, position: Position) -> Option<EventRef> {
        let slot = self.window.remove(&position)?;
        let tag = slot.event.tag;
        if let Some(chain) = self.chains.get_mut(&tag) {
            chain.retain(|held| *held != position);
            match chain.front() {
                Some(next) => self.ready.push_back(*next),
                None => {
                    self.chains.remove(&tag);
                }
            }
        }
        Some(slot.event)
    }

    /// It failed, and what follows it must wait elsewhere: the event, and the newest version of the
    /// asset that was read.
    pub(crate) fn parked(&mut self, position: Position) -> Option<(EventRef, u64)> {
        let event = self.window.get(&position)?.event;
        let mut newest = event.version;
        for held in self.chains.remove(&event.tag).unwrap_or_default() {
            if let Some(slot) = self.window.remove(&held) {
                newest = newest.max(slot.event.version);
            }
        }
        Some((event, newest))
    }

    /// Everything before it is settled or waits elsewhere.
    pub(crate) fn cursor(&self) -> Cursor {
        let unsettled = self.window.first_key_value();
        let unsettled = unsettled.filter(|_| !cfg!(feature = "planted-cursor-before-settled"));
        match (unsettled, &self.sheet) {
            (Some((position, slot)), _) => slot.place.cursor(position - 1),
            (None, Some(sheet)) => sheet.before.cursor(self.passed),
            (None, None) => self.place.cursor(self.passed),
        }
    }

    /// Whether the lane has found its beginning.
    pub(crate) fn has_begun(&self) -> bool {
        self.begins_with.is_none()
    }

    fn is_read(&self) -> bool {
        self.until.is_some_and(|until| self.passed >= until)
    }

    /// Read to its end, and all of it settled.
    pub(crate) fn is_over(&self) -> bool {
        self.is_read() && self.window.is_empty()
    }
}
