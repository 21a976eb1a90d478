//! One asset with its log, driven as an actor would drive it, and checked after every step.

mod checks;

use std::{collections::BTreeMap, sync::Arc};

use holdfast_domain::{
    AssetId, BookingId, IdempotencyKey, IfMatch, KeyScope, Locations, MaintenanceId, Outcome,
    Principal, Record, Rejection, ReportId, Request, Role, Roles, Subject, Tag, Timestamp,
    asset::{
        AssetState, BookingDocument, Command, Due, Loaded, Needed, NewAsset, Verdict, decide, due,
    },
    rejection::{Claimant, Window},
};

pub(crate) const TAG: Tag = Tag::new(0x2bad_cafe_1234_5678);

pub(crate) struct World {
    pub(crate) state: AssetState,
    pub(crate) log: Vec<Record>,
    /// In order of creation: `#1` is the first.
    pub(crate) bookings: Vec<BookingId>,
    pub(crate) finished: BTreeMap<BookingId, BookingDocument>,
    /// In order of creation: `r1` is the first report, `m1` the first maintenance.
    pub(crate) reports: Vec<ReportId>,
    pub(crate) maintenance: Vec<MaintenanceId>,
    /// What the newest command entailed on other resources.
    pub(crate) entailed: Vec<String>,
    /// Off where there is much to decide.
    pub(crate) decides_twice: bool,
    fresh_key: u64,
}

/// How a command is asked: with which key, against which version.
#[derive(Clone)]
pub(crate) struct Manner {
    /// `None`: without a key. An empty text: a key of its own.
    pub(crate) key: Option<String>,
    pub(crate) if_match: IfMatch,
}

impl Default for Manner {
    fn default() -> Self {
        Self { key: Some(String::new()), if_match: IfMatch::Any }
    }
}

impl World {
    pub(crate) fn empty() -> Self {
        Self {
            state: AssetState::new(TAG),
            log: Vec::new(),
            bookings: Vec::new(),
            finished: BTreeMap::new(),
            reports: Vec::new(),
            maintenance: Vec::new(),
            entailed: Vec::new(),
            decides_twice: true,
            fresh_key: 0,
        }
    }

    /// With the asset of `org_1` in `loc_7`, registered at 00:00.
    pub(crate) fn new() -> Self {
        Self::with_terms(None)
    }

    /// The same under these terms, which are version 1.
    pub(crate) fn with_terms(booking_terms: Option<String>) -> Self {
        let mut world = Self::empty();
        let register = Command::RegisterAsset(NewAsset { booking_terms, ..forklift() });
        let answer = world.ask(&who("boss"), register, t("00:00"), &Manner::default());
        assert_eq!(answer, "ACTIVE");
        world
    }

    pub(crate) fn asset(&self) -> AssetId {
        self.state.asset_id().expect("registered")
    }

    /// Applies whatever is due by `now`, and says what that was.
    pub(crate) fn settle(&mut self, now: Timestamp) -> Vec<String> {
        let mut happened = Vec::new();
        while let Some(record) = self.due(now) {
            assert_eq!(Some(record.at), self.state.next_due(), "at the moment it was due");
            happened.push(self.transition(&record));
            self.keep(record);
        }
        happened
    }

    fn due(&self, now: Timestamp) -> Option<Record> {
        let mut loaded = Loaded::none();
        loop {
            match due(&self.state, now, &loaded) {
                Due::Nothing => return None,
                Due::Append(record) => return Some(*record),
                Due::Needs(needed) => loaded.put(needed, self.last_image(needed).as_deref()),
            }
        }
    }

    /// As history would look it up.
    fn last_image(&self, needed: Needed) -> Option<Vec<u8>> {
        let subject = match needed {
            Needed::Booking(id) => {
                assert!(self.state.booking_document(id).is_none(), "a live booking is not loaded");
                Subject::Booking(id)
            }
            Needed::Report(id) => Subject::Report(id),
            Needed::Maintenance(id) => {
                assert!(self.state.maintenance_document(id).is_none(), "nor is what is open");
                Subject::Maintenance(id)
            }
        };
        self.image_of(subject)
    }

    /// The newest image of a resource in the log.
    pub(crate) fn image_of(&self, subject: Subject) -> Option<Vec<u8>> {
        self.log.iter().rev().find_map(|record| match &record.outcome {
            Outcome::Accepted(it) if it.subject == subject => Some(it.after.clone()),
            _ => None,
        })
    }

    /// What the newest record entails happens at once, in the name of its caller.
    fn carry_out(&mut self) {
        let cause = self.log.last().unwrap().clone();
        self.entailed.clear();
        while self.state.owes() {
            let record = self.due(cause.at).expect("what is owed is due at once");
            assert_eq!((record.at, &record.key), (cause.at, &None));
            assert_eq!((&record.actor, &record.request_id), (&cause.actor, &cause.request_id));
            let said = self.consequence(&record);
            self.entailed.push(said);
            self.keep(record);
        }
    }

    /// The answer in one line; what is due by then comes first, and a record is applied.
    pub(crate) fn ask(
        &mut self,
        principal: &Principal,
        command: Command,
        now: Timestamp,
        manner: &Manner,
    ) -> String {
        self.settle(now);
        let request = self.request(principal, command, manner);
        let verdict = self.decide(&request, now);
        self.take(verdict)
    }

    pub(crate) fn request(
        &mut self,
        principal: &Principal,
        command: Command,
        manner: &Manner,
    ) -> Request {
        let key = manner.key.as_ref().map(|text| {
            let text = if text.is_empty() {
                self.fresh_key += 1;
                format!("fresh-{}", self.fresh_key)
            } else {
                text.clone()
            };
            key(principal, &text, &format!("{command:?}"))
        });
        Request {
            principal: Arc::new(principal.clone()),
            request_id: "01J6Q7A8V4".into(),
            path: "/assets/ast_456/bookings".into(),
            key,
            if_match: manner.if_match.clone(),
            command,
        }
    }

    /// Decides, looking up what it asks for, and twice, for the answer must be a function of its
    /// arguments.
    pub(crate) fn decide(&self, request: &Request, now: Timestamp) -> Verdict {
        let mut loaded = Loaded::none();
        loop {
            let verdict = decide(&self.state, request, now, &loaded);
            if self.decides_twice {
                assert_eq!(verdict, decide(&self.state, request, now, &loaded));
            }
            let Verdict::Needs(needed) = verdict else { return verdict };
            let before = loaded.clone();
            loaded.put(needed, self.last_image(needed).as_deref());
            assert_ne!(loaded, before, "asked for it once");
        }
    }

    pub(crate) fn take(&mut self, verdict: Verdict) -> String {
        let Verdict::Append(record) = verdict else { return self.word(&verdict) };
        let word = self.word(&Verdict::Append(record.clone()));
        self.keep(*record);
        self.carry_out();
        word
    }

    /// Applies a record.
    pub(crate) fn keep(&mut self, record: Record) {
        assert_eq!(record.version, self.state.version() + 1);
        if let Outcome::Accepted(accepted) = &record.outcome
            && let Some(mark) = accepted.booking
        {
            if mark.created {
                self.bookings.push(mark.id);
            }
            if mark.finished {
                let image = serde_json::from_slice(&accepted.after).unwrap();
                self.finished.insert(mark.id, image);
            }
        }
        if let Outcome::Accepted(accepted) = &record.outcome
            && accepted.created
        {
            match accepted.subject {
                Subject::Report(id) => self.reports.push(id),
                Subject::Maintenance(id) => self.maintenance.push(id),
                _ => {}
            }
        }
        self.state.apply(&record);
        assert_eq!(record.next_due, self.state.next_due(), "a record says what is due after it");
        self.log.push(record);
    }

    /// `STATUS` of the resource, `kept CODE …` for a stored refusal, `refused CODE …` for another,
    /// `replay of` what the record answered.
    fn word(&self, verdict: &Verdict) -> String {
        match verdict {
            Verdict::Append(record) => self.stored(record),
            Verdict::Replay { version } => {
                let index = usize::try_from(*version).unwrap() - 1;
                format!("replay of {}", self.stored(&self.log[index]))
            }
            Verdict::Refuse(rejection) => format!("refused {}", self.rejection(rejection)),
            Verdict::Needs(needed) => format!("needs {needed:?}"),
        }
    }

    fn stored(&self, record: &Record) -> String {
        match &record.outcome {
            Outcome::Accepted(accepted) => {
                let after: serde_json::Value = serde_json::from_slice(&accepted.after).unwrap();
                after["status"].as_str().unwrap().into()
            }
            Outcome::Refused(refused) => format!("kept {}", self.rejection(&refused.rejection)),
        }
    }

    pub(crate) fn rejection(&self, rejection: &Rejection) -> String {
        let code = rejection.code();
        match rejection {
            Rejection::TermsChanged { current } => format!("{code} {current}"),
            Rejection::Overlap { conflicts, next_available } => {
                let mut out = code.to_owned();
                for conflict in conflicts {
                    let number = self.bookings.iter().position(|id| *id == conflict.booking);
                    out += &format!(" #{} {}", number.unwrap() + 1, window(conflict.claim));
                }
                let next = next_available.map_or("none".into(), window);
                out + " next " + &next
            }
            Rejection::Blocked { conflicts, next_available } => {
                let mut out = code.to_owned();
                for conflict in conflicts {
                    let by = match conflict.by {
                        Claimant::Booking(id) => self.number(id),
                        Claimant::Maintenance(id) => self.maintenance_number(id),
                    };
                    out += &format!(" {by} {}", window(conflict.claim));
                }
                let next = next_available.map_or("none".into(), window);
                out + " next " + &next
            }
            Rejection::DeadlinePassed { now, deadline_at } => {
                format!("{code} {} {}", clock(*now), clock(*deadline_at))
            }
            Rejection::AssetUnavailable { status } => format!("{code} {}", status.name()),
            Rejection::InvalidTransition { current_status } => format!("{code} {current_status}"),
            Rejection::DurationOutOfRange { limit_minutes }
            | Rejection::TooFarAhead { limit_minutes } => format!("{code} {limit_minutes}"),
            Rejection::Invalid(findings) => findings
                .iter()
                .fold(code.to_owned(), |out, it| out + " " + &it.pointer + " " + &it.reason),
            Rejection::OutsideOpeningHours { start, end, open } => {
                let named = [(*start, " start"), (*end, " end")];
                let at_fault = named.into_iter().filter(|(is, _)| *is).map(|(_, name)| name);
                let open = open.iter().map(|open| format!(" {}", window(*open)));
                format!("{code}{} open{}", at_fault.collect::<String>(), open.collect::<String>())
            }
            Rejection::AmountOutOfRange { pointer } => format!("{code} {pointer}"),
            Rejection::LimitReached { limit } => format!("{code} {limit}"),
            _ => code.into(),
        }
    }
}

pub(crate) fn forklift() -> NewAsset {
    NewAsset {
        name: "Forklift A2".into(),
        category: "EQUIPMENT".into(),
        owner_org_id: "org_1".into(),
        location_id: "loc_7".into(),
        shared_with: Vec::new(),
        booking_terms: None,
        maintenance_schedule: None,
    }
}

/// A key with the scope and fingerprint that belong to caller, text and request.
pub(crate) fn key(principal: &Principal, text: &str, request: &str) -> IdempotencyKey {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let digest = |parts: &[&str]| {
        let mut hasher = DefaultHasher::new();
        parts.hash(&mut hasher);
        hasher.finish()
    };
    let mut scope = [0; 16];
    let parts = [&principal.org as &str, &principal.subject, text];
    scope[..8].copy_from_slice(&digest(&parts).to_be_bytes());
    IdempotencyKey { text: text.into(), scope: KeyScope(scope), fingerprint: digest(&[request]) }
}

/// The cast. Everybody but `far…` reaches all locations; `guest…` is of another org.
pub(crate) fn who(name: &str) -> Principal {
    let (subject, org, role, locations) = match name {
        "ann" | "bob" => (name, "org_1", None, None),
        "boss" => (name, "org_1", Some(Role::Manager), None),
        "chief" => (name, "org_1", Some(Role::Admin), None),
        "auditor" => (name, "org_1", Some(Role::Auditor), None),
        "operator" => (name, "org_1", Some(Role::Operator), None),
        "far-ann" => ("ann", "org_1", None, Some("loc_8")),
        "far-boss" => ("far-boss", "org_1", Some(Role::Manager), Some("loc_8")),
        "near-boss" => ("near-boss", "org_1", Some(Role::Manager), Some("loc_7")),
        "guest" => (name, "org_2", None, None),
        "guest-ann" => ("ann", "org_2", None, None),
        "guest-boss" => (name, "org_2", Some(Role::Manager), None),
        "guest-auditor" => (name, "org_2", Some(Role::Auditor), None),
        _ => panic!("nobody called {name}"),
    };
    let roles = role.map_or(Roles::default(), |role| Roles::default().with(role));
    Principal {
        issuer: "local".into(),
        subject: subject.into(),
        org: org.into(),
        roles,
        locations: locations
            .map_or(Locations::All, |one: &str| Locations::These([one.to_owned()].into())),
    }
}

const DAY: &str = "2026-03-02T";

/// `09:00` of the day all tables are about, `09:00:30.500` of it, `03-29T09:00` of another in the
/// same year, or a whole instant.
pub(crate) fn t(text: &str) -> Timestamp {
    let full = match text.len() {
        11 => format!("2026-{text}:00Z"),
        5 => format!("{DAY}{text}:00Z"),
        8 | 12 => format!("{DAY}{text}Z"),
        _ => text.into(),
    };
    Timestamp::parse(&full).unwrap_or_else(|why| panic!("{full}: {why}"))
}

pub(crate) fn clock(at: Timestamp) -> String {
    let full = at.to_string();
    match full.strip_prefix(DAY).and_then(|rest| rest.strip_suffix('Z')) {
        Some(time) => time.strip_suffix(":00").filter(|it| it.len() == 5).unwrap_or(time).into(),
        None => full,
    }
}

pub(crate) fn window(window: Window) -> String {
    format!("{}~{}", clock(window.start), clock(window.end))
}
