//! What waits for another try: assets whose first undelivered event failed, and deliveries that go on
//! apart from any order.

use std::collections::{BTreeSet, HashMap};

use holdfast_domain::{Stamp, Tag, Timestamp, webhooks::EventRef};

use super::lane::Wish;

/// Which of those that wait.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Key {
    /// The first undelivered event of an asset; later ones wait behind it.
    InOrder(Tag),
    /// By a number of this process's own.
    Apart(u64),
}

#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    /// `None` until it has been written down.
    pub(crate) delivery: Option<Stamp>,
    pub(crate) event: EventRef,
    pub(crate) attempts: u32,
    pub(crate) tries: u32,
    pub(crate) next_at: Timestamp,
    /// The newest version of the asset that the lane has read past: all up to it wait here.
    pub(crate) newest: u64,
    /// So do all that there are: it is not known how far the lane had read when it was started.
    pub(crate) behind_all: bool,
    pub(crate) under_way: bool,
}

impl Waiting {
    /// Looks for what waits behind it, from a version on.
    pub(crate) fn search(&self, after: u64) -> Wish {
        let until = if self.behind_all { u64::MAX } else { self.newest };
        Wish::Next { tag: self.event.tag, after, until }
    }
}

#[derive(Default)]
pub(crate) struct Parked {
    waiting: HashMap<Key, Waiting>,
    due: BTreeSet<(Timestamp, Key)>,
    by_delivery: HashMap<Stamp, Key>,
    apart: usize,
    numbers: u64,
}

impl Parked {
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn get(&self, key: Key) -> Option<&Waiting> {
        self.waiting.get(&key)
    }

    pub(crate) fn next_key(&mut self) -> Key {
        self.numbers += 1;
        Key::Apart(self.numbers)
    }

    pub(crate) fn insert(&mut self, key: Key, waiting: Waiting) {
        self.remove(key);
        if !waiting.under_way {
            self.due.insert((waiting.next_at, key));
        }
        self.apart += usize::from(matches!(key, Key::Apart(_)));
        self.by_delivery.extend(waiting.delivery.map(|delivery| (delivery, key)));
        self.waiting.insert(key, waiting);
    }

    pub(crate) fn remove(&mut self, key: Key) -> Option<Waiting> {
        let waiting = self.waiting.remove(&key)?;
        self.due.remove(&(waiting.next_at, key));
        self.apart -= usize::from(matches!(key, Key::Apart(_)));
        if let Some(delivery) = waiting.delivery {
            self.by_delivery.remove(&delivery);
        }
        Some(waiting)
    }

    /// Whether the asset waits; its newest version read is noted.
    pub(crate) fn covers(&mut self, event: &EventRef) -> bool {
        match self.waiting.get_mut(&Key::InOrder(event.tag)) {
            Some(waiting) => {
                waiting.newest = waiting.newest.max(event.version);
                true
            }
            None => false,
        }
    }

    /// The next that is due by `now` and known to the log, now under way.
    pub(crate) fn take_due(&mut self, now: Timestamp) -> Option<(Key, EventRef)> {
        let known = |key: &Key| self.waiting.get(key).is_some_and(|it| it.delivery.is_some());
        let entry =
            *self.due.iter().take_while(|(at, _)| *at <= now).find(|(_, key)| known(key))?;
        self.due.remove(&entry);
        let waiting = self.waiting.get_mut(&entry.1)?;
        waiting.under_way = true;
        Some((entry.1, waiting.event))
    }

    pub(crate) fn next_at(&self) -> Option<Timestamp> {
        self.due.first().map(|(at, _)| *at)
    }

    /// The log has given it an id, unless it has gone on to another event meanwhile.
    pub(crate) fn name(&mut self, key: Key, event: &EventRef, delivery: Stamp) {
        if let Some(waiting) = self.waiting.get_mut(&key)
            && waiting.event == *event
        {
            waiting.delivery = Some(delivery);
            self.by_delivery.insert(delivery, key);
        }
    }

    /// Earlier than it would have been, because somebody asked.
    pub(crate) fn hurry(&mut self, key: Key, at: Timestamp) {
        let Some(waiting) = self.waiting.get_mut(&key) else { return };
        if !waiting.under_way && at < waiting.next_at {
            self.due.remove(&(waiting.next_at, key));
            waiting.next_at = at;
            self.due.insert((at, key));
        }
    }

    /// Who waits with this id.
    pub(crate) fn find(&self, delivery: Stamp) -> Option<Key> {
        self.by_delivery.get(&delivery).copied()
    }

    /// Those that go on apart from any order.
    pub(crate) fn apart(&self) -> usize {
        self.apart
    }
}
