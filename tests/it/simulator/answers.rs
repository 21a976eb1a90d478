//! Judges every answer in the moment it arrives: it may show only what is durable (the output gate),
//! nothing older than what was durable when it was asked, and exactly what the log says.

use holdfast_actors::{
    engine::{Answer, Refusal},
    message::{Ask, Reading},
};
use holdfast_domain::{
    Outcome, Rejection, Request,
    asset::{self, AssetState, Due, Loaded, Needed, Verdict},
};

use super::{
    cast::Decided,
    readers::FollowUp,
    world::{Asked, Question, World},
};

const REFUSALS_PER_SECOND_MAX: usize = 64;

impl World {
    /// Takes in every answer that has left.
    pub(super) fn listen(&mut self) {
        let left = self.asked.iter().filter(|(_, asked)| asked.waiting.has_left());
        let left: Vec<u64> = left.map(|(id, _)| *id).collect();
        for id in left {
            let Some(mut asked) = self.asked.remove(&id) else { continue };
            let Some((answer, shown)) = asked.waiting.take() else { continue };
            self.note(|| format!("answer {id}: {}", brief(&answer)));
            if let Question::Webhooks(concern) = &asked.question {
                let concern = concern.clone();
                if answer.is_ok() {
                    self.gated(&asked);
                }
                self.heard_of_webhooks(concern, answer, shown);
                continue;
            }
            if matches!(
                answer,
                Err(Refusal::Overloaded
                    | Refusal::StorageFull
                    | Refusal::Quarantined
                    | Refusal::NotReady
                    | Refusal::OutcomeUnknown)
            ) {
                self.unanswered(&asked, &answer);
                continue;
            }
            self.gated(&asked);
            match &asked.question {
                Question::Command { .. } => self.outcome(asked, answer, shown),
                Question::Read(_) => self.reading(&asked, answer),
                Question::Webhooks(_) => unreachable!("they are heard before"),
            }
        }
    }

    fn unanswered(&mut self, asked: &Asked, answer: &Result<Reading, Refusal>) {
        if matches!(answer, Err(Refusal::OutcomeUnknown)) {
            let may_be = asked.is_torn || self.machine().ground.gate.is_poisoned();
            assert!(may_be, "R11: unknown without poison");
            return;
        }
        if let Question::Command { request, .. } = &asked.question {
            let record = self.ledger.of_request(&request.request_id);
            assert_eq!(record, None, "I3: {} was told that nothing happened", request.request_id);
            self.wishes.tell_that_nothing_happened(&request.request_id);
        }
    }

    /// I11 and the output gate, by the version of the state that the answer was computed from.
    fn gated(&self, asked: &Asked) {
        let decided = asked.decided.expect("R3: an answer that nobody decided");
        let version = match asked.question {
            Question::Command { .. } | Question::Webhooks(_) => decided.version,
            Question::Read(_) => decided.reached,
        };
        let durable = self.ledger.version(asked.tag);
        assert!(version <= durable, "I2: an answer shows version {version}, durable is {durable}");
        assert!(version >= asked.since, "I11: an answer shows {version}, {} was seen", asked.since);
    }

    fn outcome(&mut self, asked: Asked, answer: Result<Reading, Refusal>, shown: u64) {
        let Decided { version, now, .. } = asked.decided.expect("checked by the gate");
        let Question::Command { wish, request, attempt } = asked.question else { return };
        match answer {
            Ok(Reading::Written(answer)) => {
                self.written(&request, &answer, shown);
                self.wishes.get_mut(wish).settled = true;
            }
            Ok(Reading::Stored { version }) => {
                self.follow_ups.push(FollowUp::Stored { wish, tag: asked.tag, version });
            }
            Err(Refusal::Rejected(Rejection::TagTaken)) => {
                self.send_request(wish, *request, attempt + 1);
            }
            Err(Refusal::Rejected(rejection)) => {
                if let Some(record) = self.ledger.of_request(&request.request_id) {
                    let Outcome::Refused(refused) = &record.outcome else {
                        panic!("I4: {} was refused but is in the log", request.request_id)
                    };
                    assert_eq!(refused.rejection, rejection, "I4: another refusal was stored");
                    assert_eq!(refused.path, request.path, "I4: another path was stored");
                    assert!(shown >= record.version, "I11: a refusal left before it was published");
                } else {
                    self.refusal_stands(asked.tag, (version, now), &request, &rejection);
                    self.wishes.tell_that_nothing_happened(&request.request_id);
                }
                self.wishes.get_mut(wish).settled = true;
            }
            other => panic!("a command was answered with {other:?}"),
        }
    }

    /// I2, I4, I11: the answer is what the one record of this request holds, and is readable.
    fn written(&self, request: &Request, answer: &Answer, shown: u64) {
        let id = &request.request_id;
        let record = self.ledger.of_request(id);
        let record = record.unwrap_or_else(|| panic!("I2: {id} is acknowledged but not durable"));
        let Outcome::Accepted(accepted) = &record.outcome else {
            panic!("I4: {id} is acknowledged but stored as refused")
        };
        assert!(!answer.replayed, "I4: a first answer that says it is a replay");
        assert_eq!(answer.json, accepted.after, "I4: the answer to {id} is not what is stored");
        assert_eq!(answer.etag, accepted.etag, "I4: the entity tag of {id}");
        assert_eq!(answer.subject, accepted.subject, "I4: the subject of {id}");
        assert_eq!(answer.created, accepted.created, "I4: created or not, {id}");
        let (last, owed) = self.ledger.consequences(id).expect("it is in the log");
        assert_eq!(owed, [], "I2: {id} is answered before what it entails is durable");
        assert!(shown >= last, "I11: the answer up to {last} left when {shown} was readable");
        let listed = self.machine().catalogue.id_of(record.tag);
        assert_eq!(listed, self.ledger.assets[&record.tag].id, "I11: not in the catalogue");
    }

    /// A refusal that is not stored must follow from the durable state it was decided on.
    fn refusal_stands(
        &self,
        tag: holdfast_domain::Tag,
        (version, now): (u64, holdfast_domain::Timestamp),
        request: &Request,
        rejection: &Rejection,
    ) {
        let chronicle = self.ledger.assets.get(&tag);
        let mut state =
            chronicle.map_or_else(|| AssetState::new(tag), |chronicle| chronicle.state_at(version));
        let mut loaded = Loaded::none();
        loop {
            match asset::due(&state, now, &loaded) {
                Due::Append(due) => {
                    state.apply(&due);
                    loaded.follow(&due);
                }
                Due::Needs(needed) => loaded.put(needed, self.image(needed, state.version())),
                Due::Nothing => break,
            }
        }
        let verdict = loop {
            match asset::decide(&state, request, now, &loaded) {
                Verdict::Needs(needed) => loaded.put(needed, self.image(needed, state.version())),
                verdict => break verdict,
            }
        };
        assert_eq!(
            verdict,
            Verdict::Refuse(rejection.clone()),
            "I2: {} was refused at version {version} by what is not in the log",
            request.request_id
        );
        if rejection.is_stored() {
            let recent = chronicle.map_or(0, |chronicle| {
                let second = now.plus_millis(-1_000);
                let refused = |r: &&holdfast_domain::Record| {
                    r.at >= second && matches!(r.outcome, Outcome::Refused(_))
                };
                chronicle.records.iter().filter(refused).count()
            });
            assert!(recent >= REFUSALS_PER_SECOND_MAX, "I7: {rejection:?} was not stored");
        }
    }

    /// The last image of what is over, as of `version`.
    fn image(&self, needed: Needed, version: u64) -> Option<&[u8]> {
        let chronicle = |tag| self.ledger.assets.get(&tag);
        let json = match needed {
            Needed::Booking(id) => &chronicle(id.tag)?.booking_at(id.stamp, version)?.json,
            Needed::Report(id) => &chronicle(id.tag)?.report_at(id.stamp, version)?.json,
            Needed::Maintenance(id) => &chronicle(id.tag)?.maintenance_at(id.stamp, version)?.json,
        };
        Some(json)
    }

    fn reading(&mut self, asked: &Asked, answer: Result<Reading, Refusal>) {
        let version = asked.decided.expect("checked by the gate").reached;
        let Question::Read(ask) = &asked.question else { return };
        let Some(chronicle) = self.ledger.assets.get(&asked.tag) else {
            let unknown = matches!(answer, Err(Refusal::Rejected(Rejection::NotFound)));
            assert!(unknown, "I2: {} for an asset that is not in the log", brief(&answer));
            return;
        };
        let who = &asked.who;
        let (visible, inspects) = chronicle.reach(who, version);
        match (ask, answer) {
            (Ask::Asset(_), Ok(Reading::Document(document))) => {
                assert!(visible, "I10: an invisible asset was served");
                let expected = chronicle.asset_at(version).map(|image| &*image.json);
                assert_eq!(expected, Some(&*document.json), "I11: the asset at {version}");
            }
            (Ask::Booking(_, id), Ok(Reading::Document(document))) => {
                let image = chronicle.booking_at(id.stamp, version);
                let image = image.unwrap_or_else(|| panic!("I2: {id} is not in the log"));
                let own = image.facts.org_id == who.org && image.facts.user_id == who.subject;
                assert!(inspects || own, "I10: another's booking was served");
                assert_eq!(image.json, *document.json, "I11: the booking at {version}");
            }
            (Ask::Booking(_, id), Ok(Reading::NotLive { inspects: said })) => {
                assert_eq!(said, inspects, "I10: who may see every booking");
                let live = chronicle
                    .booking_at(id.stamp, version)
                    .is_some_and(|image| image.facts.status.is_live());
                assert!(!live, "I11: {id} is live at {version}");
                self.follow_ups.push(FollowUp::Finished { id: *id, version });
            }
            (Ask::Bookings(_, ask), Ok(Reading::Live(live))) => {
                assert!(visible, "I10: bookings of an invisible asset");
                assert_eq!((live.version, live.inspects), (version, inspects), "I11: the page");
                let (who, ask) = (who.clone(), ask.clone());
                self.follow_ups.push(FollowUp::Rows { tag: asked.tag, who, ask, live });
            }
            (Ask::Audit(_), Ok(Reading::MayAudit)) => {
                assert!(inspects, "I10: the audit log is not for everybody");
                self.follow_ups.push(FollowUp::Audit { tag: asked.tag });
            }
            (Ask::Audit(_), Err(Refusal::Rejected(Rejection::ForbiddenRole))) => {
                assert!(visible && !inspects, "I11: the audit log was denied");
            }
            (Ask::Booking(_, id), Err(Refusal::Rejected(Rejection::NotFound))) => {
                let image = chronicle.booking_at(id.stamp, version);
                let mine = image.is_some_and(|image| {
                    image.facts.org_id == who.org && image.facts.user_id == who.subject
                });
                assert!(!mine && !inspects, "I11: {id} was denied");
            }
            (_, Err(Refusal::Rejected(Rejection::NotFound))) => {
                assert!(!visible, "I11: {ask:?} found nothing at {version}");
            }
            (ask, answer) => panic!("{ask:?} was answered with {}", brief(&answer)),
        }
    }
}

fn brief(answer: &Result<Reading, Refusal>) -> String {
    match answer {
        Ok(Reading::Written(answer)) => format!("written {:?} {}", answer.subject, answer.etag),
        Ok(Reading::Document(document)) => format!("document {}", document.etag),
        other => format!("{other:?}").chars().take(300).collect(),
    }
}
