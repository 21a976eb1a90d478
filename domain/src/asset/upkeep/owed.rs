//! What a record has made due on other resources, in order. Each becomes a record of its own, in the
//! name of whoever caused it, before anything else is decided or read.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::{
    asset::{Event, Trigger, event::Charge},
    id::Stamp,
    record::Actor,
};

/// Unconditional: whatever could speak against it was judged before it was caused.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(in crate::asset) enum Consequence {
    /// The asset takes the status that its holds ask for.
    Follow,
    /// A booking that is over costs more …
    Damage {
        charge: Charge,
    },
    /// … or no longer does.
    Reverse {
        charge: Charge,
    },
    /// A rule's next occurrence.
    Open {
        rule: Box<str>,
    },
    /// The maintenance that puts right what a report found.
    Correct {
        report: Stamp,
    },
    /// Its rule has changed. `keeps_time`: but not its calendar.
    Replan {
        maintenance: Stamp,
        keeps_time: bool,
    },
    Cancel {
        maintenance: Stamp,
    },
    /// Use has made it due.
    Fire {
        maintenance: Stamp,
        trigger: Trigger,
    },
}

#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub(in crate::asset) struct Owed {
    queue: VecDeque<Consequence>,
    /// While something is owed: who caused it, by which request.
    cause: Option<(Actor, Box<str>)>,
}

impl Owed {
    pub(in crate::asset) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// What comes next, and who caused it by which request.
    pub(in crate::asset) fn first(&self) -> Option<(&Consequence, &Actor, &str)> {
        let (actor, request_id) = self.cause.as_ref()?;
        Some((self.queue.front()?, actor, request_id))
    }

    /// Each once.
    pub(super) fn push(&mut self, consequence: Consequence) {
        if !self.queue.contains(&consequence) {
            self.queue.push_back(consequence);
        }
    }

    pub(super) fn all(&mut self, consequences: impl Iterator<Item = Consequence>) {
        consequences.for_each(|consequence| self.push(consequence));
    }

    /// Whether the asset's status is owed, as things are now.
    pub(super) fn follow(&mut self, is_owed: bool) {
        if is_owed {
            self.push(Consequence::Follow);
        } else {
            self.queue.retain(|it| *it != Consequence::Follow);
        }
    }

    /// Takes out what an event has done.
    pub(super) fn settle(&mut self, event: &Event) {
        if cfg!(feature = "planted-owed-lost") && self.queue.iter().any(|it| it.is_done_by(event)) {
            // The first that is carried out takes the others with it.
            self.queue.clear();
        }
        self.queue.retain(|it| !it.is_done_by(event));
    }

    /// The first cause stays while anything is owed: what follows from a consequence is its as well.
    pub(super) fn caused_by(&mut self, actor: &Actor, request_id: &str) {
        if self.queue.is_empty() {
            self.cause = None;
        } else if self.cause.is_none() {
            self.cause = Some((actor.clone(), request_id.into()));
        }
    }
}

impl Consequence {
    fn is_done_by(&self, event: &Event) -> bool {
        match (self, event) {
            (Self::Damage { charge }, Event::BookingDamaged { charge: done })
            | (Self::Reverse { charge }, Event::BookingDamageReversed { charge: done }) => {
                charge == done
            }
            (Self::Open { rule }, Event::MaintenanceOpened { rule: Some(done), .. }) => {
                **rule == **done
            }
            (Self::Correct { report }, Event::MaintenanceOpened { report: Some(done), .. }) => {
                *report == done.stamp
            }
            (Self::Replan { maintenance, .. }, Event::MaintenanceReplanned { id, .. })
            | (Self::Cancel { maintenance }, Event::MaintenanceCancelled { id, .. })
            | (
                Self::Fire { maintenance, .. },
                Event::MaintenanceNoticed { id, notice_minutes: 0, .. },
            ) => *maintenance == id.stamp,
            _ => false,
        }
    }
}
