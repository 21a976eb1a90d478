//! An open maintenance as the state holds it. Closed ones are only documents.
//!
//! What it tells (its notices) is told once each, also when it is moved; a window keeps bookings away
//! from what lies ahead of the moment at which it was given.

use serde::{Deserialize, Serialize};

use crate::{
    asset::{Document, Event, MaintenanceDocument, MaintenanceStatus, MaintenanceType},
    id::{AssetId, MaintenanceId, Stamp, Tag},
    record::Etag,
    rejection::Window,
    time::Timestamp,
};

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Maintenance {
    pub(super) stamp: Stamp,
    /// `None`: somebody asked for it.
    pub(super) rule: Option<Box<str>>,
    pub(super) occurrence: u32,
    r#type: MaintenanceType,
    reason: Option<Box<str>>,
    pub(super) due_at: Option<Timestamp>,
    /// The date of its rule's calendar that it stands for; `None` once use made it due.
    stands_for: Option<Timestamp>,
    pub(super) window: Option<Window>,
    /// The part of the window that lay ahead when it was given.
    pub(super) claim: Option<Window>,
    pub(super) status: MaintenanceStatus,
    /// Minutes before it is due, the longest first; the last is 0.
    notices: Vec<u32>,
    told: Vec<u32>,
    /// When it was made or moved: notices of before that are not told any more.
    planned_at: Timestamp,
    created_at: Timestamp,
    updated_at: Timestamp,
    /// Of the record that last changed it.
    version: u64,
}

impl Maintenance {
    /// The maintenance that an event brings forth.
    pub(super) fn opened(event: &Event, version: u64, at: Timestamp) -> Option<Self> {
        let Event::MaintenanceOpened {
            id,
            rule,
            occurrence,
            r#type,
            reason,
            due_at,
            window,
            notices,
            ..
        } = event
        else {
            return None;
        };
        Some(Self {
            stamp: id.stamp,
            rule: rule.as_deref().map(Into::into),
            occurrence: *occurrence,
            r#type: *r#type,
            reason: reason.as_deref().map(Into::into),
            due_at: *due_at,
            stands_for: *due_at,
            window: *window,
            claim: window.and_then(|window| ahead(window, at)),
            status: MaintenanceStatus::Scheduled,
            notices: notices.clone(),
            told: Vec::new(),
            planned_at: at,
            created_at: at,
            updated_at: at,
            version,
        })
    }

    /// Takes in an event on it; others change nothing here.
    pub(super) fn change(&mut self, event: &Event, version: u64, at: Timestamp) {
        match event {
            Event::MaintenanceMoved { due_at, window, .. } => {
                if self.due_at != *due_at {
                    if cfg!(feature = "planted-notice-twice") {
                        self.told.clear();
                    }
                    self.due_at = *due_at;
                    self.planned_at = at;
                }
                if self.window != *window {
                    self.window = *window;
                    self.claim = window.and_then(|window| ahead(window, at));
                }
            }
            Event::MaintenanceReplanned { r#type, due_at, notices, .. } => {
                self.r#type = *r#type;
                if self.due_at != *due_at {
                    self.due_at = *due_at;
                    self.stands_for = *due_at;
                }
                self.notices.clone_from(notices);
                self.planned_at = at;
            }
            Event::MaintenanceNoticed { notice_minutes, due_at, .. } => {
                self.told.push(*notice_minutes);
                if *notice_minutes > 0 {
                    // It has told something; it has not changed.
                    return;
                }
                self.status = MaintenanceStatus::Due;
                if self.due_at != Some(*due_at) {
                    self.due_at = Some(*due_at);
                    self.stands_for = None;
                }
            }
            Event::MaintenanceStarted { .. } => self.status = MaintenanceStatus::InProgress,
            Event::MaintenanceCompleted { .. } => self.status = MaintenanceStatus::Completed,
            Event::MaintenanceCancelled { reason, .. } => {
                self.status = MaintenanceStatus::Cancelled;
                if let Some(reason) = reason {
                    self.reason = Some(reason.as_str().into());
                }
            }
            _ => return,
        }
        self.updated_at = at;
        self.version = version;
    }

    /// When it next has something to tell, and how many minutes before it is due. Only what has not
    /// begun does.
    pub(super) fn next_notice(&self) -> Option<(Timestamp, u32)> {
        let due_at = self.due_at.filter(|_| self.status == MaintenanceStatus::Scheduled)?;
        self.notices.iter().filter(|minutes| !self.told.contains(minutes)).find_map(|&minutes| {
            let at = due_at.plus_minutes(-i64::from(minutes));
            match minutes {
                0 => Some((at.max(self.planned_at), 0)),
                _ => (at >= self.planned_at).then_some((at, minutes)),
            }
        })
    }

    /// Nobody works on it yet.
    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.status, MaintenanceStatus::Scheduled | MaintenanceStatus::Due)
    }

    /// What it was due for, as the next occurrence reckons it: one that was put off by hand takes
    /// the dates it was put past with it.
    pub(super) fn stood_for(&self) -> Option<Timestamp> {
        self.stands_for.max(self.due_at)
    }

    pub(super) fn id(&self, tag: Tag) -> MaintenanceId {
        MaintenanceId::new(self.stamp, tag)
    }

    pub(super) fn etag(&self) -> Etag {
        Etag { version: self.version, link: 0 }
    }

    pub(super) fn image(&self, asset_id: AssetId) -> MaintenanceDocument {
        MaintenanceDocument {
            asset_id,
            created_at: self.created_at,
            due_at: self.due_at,
            end: self.window.map(|window| window.end),
            id: self.id(asset_id.tag),
            occurrence: self.occurrence,
            reason: self.reason.as_deref().map(Into::into),
            rule_id: self.rule.as_deref().map(Into::into),
            start: self.window.map(|window| window.start),
            status: self.status,
            r#type: self.r#type,
            updated_at: self.updated_at,
            version: self.version,
        }
    }

    pub(super) fn document(&self, asset_id: AssetId) -> Document {
        self.image(asset_id).render()
    }

    /// An estimate of its memory, with its places in the trees.
    pub(super) fn bytes(&self) -> usize {
        const TREES: usize = 96;
        let of = |text: &Option<Box<str>>| text.as_ref().map_or(0, |text| text.len());
        let notices = size_of::<u32>() * (self.notices.len() + self.told.len());
        size_of::<Self>() + TREES + of(&self.rule) + of(&self.reason) + notices
    }
}

/// What of a window has not passed at `at`.
pub(super) fn ahead(window: Window, at: Timestamp) -> Option<Window> {
    let ahead = Window { start: window.start.max(at), end: window.end };
    (ahead.start < ahead.end).then_some(ahead)
}
