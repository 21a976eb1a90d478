//! The model's asset: a list of bookings and a list of keys, no calendar, no index, no events.

use std::sync::Arc;

use holdfast_domain::{
    AssetId, BookingId, Kind, Rejection, Stamp, Timestamp,
    asset::{
        AssetDocument, AssetStatus, AvailabilityDocument, BookingDocument, BookingStatus, CostLine,
        QuoteDocument,
    },
};

use super::{
    claims::{DAY, at},
    costs,
    step::{Ask, Caller, Match, Step},
    terms::Rules,
    timers::Timer,
};
use crate::world::{TAG, forklift};

#[derive(Clone)]
pub(super) struct Model {
    /// What the callers' clock showed last.
    pub(super) clock: i64,
    /// The time of the newest record, and how many there are.
    pub(super) at: i64,
    pub(super) version: u64,
    /// What the terms may be changed to.
    pub(super) palette: Vec<Arc<Rules>>,
    /// By version, from 1.
    pub(super) terms: Vec<Arc<Rules>>,
    pub(super) asset: AssetDocument,
    /// Since when a booking can be taken up: the asset is active and not out with somebody.
    pub(super) free_since: Option<i64>,
    pub(super) lines: Vec<Line>,
    pub(super) used: Vec<Used>,
    pub(super) told: Told,
}

/// A booking with the terms that it is under.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) doc: BookingDocument,
    pub(super) terms: Arc<Rules>,
}

/// A key that a record carries.
#[derive(Clone, Debug)]
pub(super) struct Used {
    pub(super) at: i64,
    pub(super) version: u64,
    pub(super) refused: bool,
    pub(super) step: Step,
}

/// What the last step led to.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) timers: Vec<Timer>,
    pub(super) answer: Answer,
}

#[derive(Clone, Debug)]
pub(super) enum Answer {
    Booking(Kind, BookingDocument),
    Asset(AssetDocument),
    Kept(Rejection),
    Refused(Rejection),
    Replay(u64),
    Quote(Result<QuoteDocument, Rejection>),
    Busy(Result<AvailabilityDocument, Rejection>),
}

/// What a failing case begins with.
impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "at {} under {:?} of {:?}", self.at, self.terms, self.palette)
    }
}

impl Line {
    pub(super) fn finish(&mut self, status: BookingStatus, lines: Vec<CostLine>) {
        self.doc.status = status;
        self.doc.cost_minor = Some(costs::sum(&lines));
        self.doc.cost_lines = lines;
        self.doc.overdue = false;
    }
}

impl Model {
    /// The asset as it has just been registered.
    pub(super) fn registered(clock: i64, mut palette: Vec<Arc<Rules>>) -> Self {
        let new = forklift();
        let terms = palette.remove(0);
        let asset = AssetDocument {
            booking_terms: terms.json.as_ref().map(|it| serde_json::from_str(it).unwrap()),
            category: new.category,
            created_at: at(clock),
            etag: "\"1-0\"".into(),
            id: AssetId::new(Stamp::MIN, TAG),
            location_id: new.location_id,
            maintenance_schedule: None,
            name: new.name,
            owner_org_id: new.owner_org_id,
            registry: None,
            shared_with: new.shared_with,
            status: AssetStatus::Active,
            terms_version: 1,
            updated_at: at(clock),
            version: 1,
        };
        let ask = Ask::Status(AssetStatus::Active);
        let step = Step { clock, caller: "boss", key: "fresh-1".into(), matches: Match::Any, ask };
        Self {
            clock,
            at: clock,
            version: 1,
            palette,
            terms: vec![terms],
            asset: asset.clone(),
            free_since: Some(clock),
            lines: Vec::new(),
            used: vec![Used { at: clock, version: 1, refused: false, step }],
            told: Told { timers: Vec::new(), answer: Answer::Asset(asset) },
        }
    }

    pub(super) fn current(&self) -> &Arc<Rules> {
        self.terms.last().unwrap()
    }

    /// Stands for the id that the engine gives to the booking of this number.
    pub(super) fn id(n: usize) -> BookingId {
        BookingId::new(Stamp::from_bits(n as u64), TAG)
    }

    /// The next record is of this time.
    pub(super) fn stamp(&mut self, now: i64) {
        assert!(self.at <= now, "the model's records are in order");
        self.at = now;
        self.version += 1;
    }

    /// The booking as the newest record leaves it.
    pub(super) fn changed(&mut self, n: usize) -> BookingDocument {
        let doc = &mut self.lines[n].doc;
        doc.version = self.version;
        doc.etag = format!("\"{}-0\"", self.version);
        doc.updated_at = at(self.at);
        doc.clone()
    }

    pub(super) fn take(&mut self, step: &Step) {
        self.clock = step.clock;
        let now = self.clock.max(self.at);
        let timers = self.settle(now);
        let answer = self.answer(step, now);
        self.told = Told { timers, answer };
    }

    fn answer(&mut self, step: &Step, now: i64) -> Answer {
        let caller = Caller::of(step.caller);
        if let Err(rejection) = self.access(&caller, &step.ask) {
            return match step.ask {
                Ask::Quote { .. } => Answer::Quote(Err(rejection)),
                Ask::Availability { .. } => Answer::Busy(Err(rejection)),
                _ => Answer::Refused(rejection),
            };
        }
        match step.ask {
            Ask::Quote { start, end } => return Answer::Quote(self.quote((start, end), now)),
            Ask::Availability { from, to } => {
                return Answer::Busy(Ok(self.availability((from, to), now)));
            }
            _ => {}
        }
        if let Some(answer) = self.known(step, now) {
            return answer;
        }
        let (answer, refused) =
            match self.precondition(step).and_then(|()| self.rules(&caller, &step.ask, now)) {
                Ok(answer) => (answer, false),
                Err(rejection) => {
                    let since = |used: &&Used| used.refused && used.at + 1000 > now;
                    if !is_kept(&rejection) || self.used.iter().filter(since).count() >= 64 {
                        return Answer::Refused(rejection);
                    }
                    self.stamp(now);
                    (Answer::Kept(rejection), true)
                }
            };
        self.used.push(Used { at: now, version: self.version, refused, step: step.clone() });
        answer
    }

    /// What the key was answered before: for 24 hours, and by the newest 64 whatever the time.
    fn known(&self, step: &Step, now: i64) -> Option<Answer> {
        let caller = Caller::of(step.caller);
        let is_same = |used: &Used| {
            let by = Caller::of(used.step.caller);
            used.step.key == step.key && by.subject == caller.subject && by.org == caller.org
        };
        let index = self.used.iter().rposition(is_same)?;
        let used = &self.used[index];
        if index + 64 < self.used.len() && now - used.at >= DAY {
            return None;
        }
        // The model's registration stands under a key that no step uses.
        Some(if used.step.ask == step.ask {
            Answer::Replay(used.version)
        } else {
            Answer::Refused(Rejection::KeyReused)
        })
    }

    fn precondition(&self, step: &Step) -> Result<(), Rejection> {
        let etag = match step.ask {
            Ask::Status(_) | Ask::Share(_) | Ask::Terms(_) => &self.asset.etag,
            Ask::Move { n, .. } => &self.lines[n].doc.etag,
            _ => return Ok(()),
        };
        match &step.matches {
            Match::Any => Ok(()),
            Match::Missing => Err(Rejection::PreconditionRequired),
            Match::Version(version) if *etag == format!("\"{version}-0\"") => Ok(()),
            Match::Version(_) => Err(Rejection::PreconditionFailed),
        }
    }

    fn access(&self, caller: &Caller, ask: &Ask) -> Result<(), Rejection> {
        let sees = self.sees(caller);
        let visible = if sees { Ok(()) } else { Err(Rejection::NotFound) };
        match ask {
            Ask::Quote { .. } | Ask::Availability { .. } => visible,
            Ask::Status(_) | Ask::Share(_) | Ask::Terms(_) => {
                visible?;
                if caller.manages() { Ok(()) } else { Err(Rejection::ForbiddenRole) }
            }
            Ask::Book { user, .. } => {
                visible?;
                let may = *user == caller.subject || caller.manages();
                if may { Ok(()) } else { Err(Rejection::ForbiddenUser) }
            }
            Ask::Move { n, .. } | Ask::Cancel(n) => self.reach(caller, *n, Rejection::NotFound),
            Ask::CheckIn(n, _) | Ask::CheckOut(n, _) => {
                let absent = self.reach(caller, *n, Rejection::NotFound);
                // One that a body names is only missed after the replay.
                if absent == Err(Rejection::NotFound) && sees { Ok(()) } else { absent }
            }
            Ask::Adjust(n, _) => {
                self.reach(caller, *n, Rejection::NotFound)?;
                if caller.manages() { Ok(()) } else { Err(Rejection::ForbiddenRole) }
            }
            Ask::Approve(n) | Ask::Reject(n, _) => {
                self.reach(caller, *n, Rejection::NotFound)?;
                let doc = &self.lines[*n].doc;
                let approves =
                    doc.approvals.first().is_none_or(|it| caller.has(&it.approver_roles));
                let may = caller.manages() && approves && !caller.owns(doc);
                if may { Ok(()) } else { Err(Rejection::ForbiddenRole) }
            }
        }
    }

    fn sees(&self, caller: &Caller) -> bool {
        let is_shared = |org: &String| org == "*" || org == caller.org;
        caller.is_near() || self.asset.shared_with.iter().any(is_shared)
    }

    pub(super) fn reach(
        &self,
        caller: &Caller,
        n: usize,
        absent: Rejection,
    ) -> Result<(), Rejection> {
        match self.lines.get(n) {
            Some(line) if caller.manages() || caller.owns(&line.doc) => Ok(()),
            Some(_) if caller.inspects() => Err(Rejection::ForbiddenRole),
            _ => Err(absent),
        }
    }
}

/// "stored" in the contract's table of codes.
fn is_kept(rejection: &Rejection) -> bool {
    [
        "TERMS_NOT_ACCEPTED",
        "BOOKING_OVERLAP",
        "BOOKING_DEADLINE_PASSED",
        "ASSET_UNAVAILABLE",
        "ASSET_IN_USE",
        "ASSET_HAS_LIVE_BOOKINGS",
        "INVALID_TRANSITION",
        "CANCEL_CUTOFF_PASSED",
        "APPROVAL_REQUIRED",
        "TERMS_CHANGED",
        "LIMIT_REACHED",
    ]
    .contains(&rejection.code())
}

/// Of a member that is written only when it comes.
pub(super) fn stamped(millis: i64) -> Option<Timestamp> {
    Some(at(millis))
}
