//! The contract's words on maintenance, read as plainly as can be: everything is looked through each
//! time, dates are counted step by step, and use is a list of returns.

use serde_json::{Value, json};

use holdfast_domain::Timestamp;

use super::{DAY, MINUTE};

/// A rule and the number of its occurrence; without a rule, the number among those.
pub(super) type Key = (Option<String>, u32);
/// Which, how many minutes before, when, and why.
pub(super) type Told = (Key, i64, i64, &'static str);

#[derive(Clone, PartialEq, Debug)]
pub(super) struct Spec {
    pub(super) id: &'static str,
    pub(super) days: Option<i64>,
    pub(super) uses: Option<i64>,
    pub(super) minutes: Option<i64>,
    pub(super) first: Option<i64>,
    pub(super) notices: Vec<i64>,
    pub(super) fixed: bool,
}

impl Spec {
    pub(super) fn json(&self) -> Value {
        let mut rule = json!({"id": self.id, "type": "SAFETY"});
        let numbers = [
            ("every_days", self.days),
            ("every_uses", self.uses),
            ("every_usage_minutes", self.minutes),
        ];
        for (name, number) in numbers {
            if let Some(number) = number {
                rule[name] = number.into();
            }
        }
        if let Some(first) = self.first {
            rule["first_due"] = json!(Timestamp::from_millis(first));
        }
        if !self.notices.is_empty() {
            rule["notify_before_minutes"] = json!(self.notices);
        }
        if self.fixed {
            rule["anchor"] = "FIXED".into();
        }
        rule
    }

    fn notices(&self) -> Vec<i64> {
        let mut notices = self.notices.clone();
        if !notices.contains(&0) {
            notices.push(0);
        }
        notices
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Status {
    Scheduled,
    Due,
    InProgress,
    Over,
}

#[derive(Debug)]
struct Occurrence {
    key: Key,
    due: Option<i64>,
    /// The later of the date it was planned for and the one it has; use makes it now.
    stands: Option<i64>,
    status: Status,
    notices: Vec<i64>,
    told: Vec<i64>,
    planned: i64,
}

#[derive(Debug)]
struct Rule {
    spec: Spec,
    made: i64,
    closed: Option<i64>,
    former: Option<i64>,
    /// Of the returns since it was made or, by completion, done: uses and minutes that have already
    /// made something due.
    taken: (i64, i64),
    returns: Vec<i64>,
}

#[derive(Default, Debug)]
pub(super) struct Naive {
    rules: Vec<Rule>,
    occurrences: Vec<Occurrence>,
    pub(super) told: Vec<Told>,
    retired: bool,
}

impl Naive {
    pub(super) fn spec(&self, id: &str) -> Option<Spec> {
        self.rules.iter().find(|rule| rule.spec.id == id).map(|rule| rule.spec.clone())
    }

    pub(super) fn advance(&mut self, now: i64) {
        for occurrence in &mut self.occurrences {
            let mut notices = occurrence.notices.clone();
            notices.sort_by_key(|minutes| -minutes);
            for minutes in notices {
                let (Some(due), Status::Scheduled) = (occurrence.due, occurrence.status) else {
                    continue;
                };
                let mut at = due - minutes * MINUTE;
                if minutes == 0 {
                    at = at.max(occurrence.planned);
                }
                if occurrence.told.contains(&minutes) || at < occurrence.planned || at > now {
                    continue;
                }
                occurrence.told.push(minutes);
                self.told.push((occurrence.key.clone(), minutes, at, "DAYS"));
                if minutes == 0 {
                    occurrence.status = Status::Due;
                }
            }
        }
    }

    pub(super) fn put(&mut self, specs: &[Spec], now: i64) {
        let gone: Vec<_> = self
            .rules
            .iter()
            .map(|rule| rule.spec.id)
            .filter(|id| specs.iter().all(|spec| spec.id != *id))
            .collect();
        for id in gone {
            self.rules.retain(|rule| rule.spec.id != id);
            for it in self.occurrences.iter_mut().filter(|it| it.key.0.as_deref() == Some(id)) {
                if matches!(it.status, Status::Scheduled | Status::Due) {
                    it.status = Status::Over;
                }
            }
        }
        for spec in specs {
            match self.rules.iter().position(|rule| rule.spec.id == spec.id) {
                None => {
                    self.rules.push(Rule {
                        spec: spec.clone(),
                        made: now,
                        closed: None,
                        former: None,
                        taken: (0, 0),
                        returns: Vec::new(),
                    });
                    self.open_next(spec.id, now);
                }
                Some(index) if self.rules[index].spec != *spec => {
                    let old = std::mem::replace(&mut self.rules[index].spec, spec.clone());
                    let same =
                        (old.days, old.first, old.fixed) == (spec.days, spec.first, spec.fixed);
                    let due = next_date(&self.rules[index], now);
                    let scheduled = self.occurrences.iter_mut().find(|it| {
                        it.key.0.as_deref() == Some(spec.id) && it.status == Status::Scheduled
                    });
                    if let Some(it) = scheduled.filter(|_| !self.retired) {
                        if !same && it.due != due {
                            (it.due, it.stands) = (due, due);
                        }
                        it.notices = spec.notices();
                        it.planned = now;
                    }
                }
                Some(_) => {}
            }
        }
        self.see_use(now);
    }

    pub(super) fn used(&mut self, minutes: i64, now: i64) {
        for rule in &mut self.rules {
            rule.returns.push(minutes);
        }
        self.see_use(now);
    }

    pub(super) fn work(&mut self, key: &Key, verb: &str, now: i64) -> String {
        let it = self.find(key);
        let (from, refused) = match it.status {
            Status::Scheduled => ("SCHEDULED", verb == "complete"),
            Status::Due => ("DUE", false),
            _ => ("IN_PROGRESS", verb == "start"),
        };
        if refused {
            return format!("kept INVALID_TRANSITION {from}");
        }
        match verb {
            "start" => {
                it.status = Status::InProgress;
                "IN_PROGRESS".into()
            }
            _ => {
                it.status = Status::Over;
                let stands = it.stands;
                self.close(key, stands, now);
                if verb == "cancel" { "CANCELLED" } else { "COMPLETED" }.into()
            }
        }
    }

    pub(super) fn move_to(&mut self, key: &Key, due: i64, now: i64) -> String {
        let it = self.find(key);
        match it.status {
            Status::Scheduled => {
                if it.due != Some(due) {
                    it.due = Some(due);
                    it.stands = it.stands.max(Some(due));
                    it.planned = now;
                }
                "SCHEDULED".into()
            }
            Status::Due if it.due == Some(due) => "DUE".into(),
            Status::Due => "kept INVALID_TRANSITION DUE".into(),
            _ => "kept INVALID_TRANSITION IN_PROGRESS".into(),
        }
    }

    pub(super) fn ad_hoc(&mut self, due: i64, now: i64) {
        let number = self.occurrences.iter().filter(|it| it.key.0.is_none()).count() + 1;
        self.occurrences.push(Occurrence {
            key: (None, u32::try_from(number).unwrap()),
            due: Some(due),
            stands: Some(due),
            status: Status::Scheduled,
            notices: vec![0],
            told: Vec::new(),
            planned: now,
        });
    }

    pub(super) fn retire(&mut self, _now: i64) {
        self.retired = true;
        for it in &mut self.occurrences {
            if matches!(it.status, Status::Scheduled | Status::Due) {
                it.status = Status::Over;
            }
        }
    }

    pub(super) fn open(&self) -> Vec<(Key, Option<i64>, &'static str)> {
        let name = |status| match status {
            Status::Scheduled => "SCHEDULED",
            Status::Due => "DUE",
            _ => "IN_PROGRESS",
        };
        let open = self.occurrences.iter().filter(|it| it.status != Status::Over);
        let mut open: Vec<_> = open.map(|it| (it.key.clone(), it.due, name(it.status))).collect();
        open.sort();
        open
    }

    fn find(&mut self, key: &Key) -> &mut Occurrence {
        self.occurrences.iter_mut().find(|it| it.key == *key).expect("it was opened")
    }

    fn close(&mut self, key: &Key, stands: Option<i64>, now: i64) {
        let Some(id) = &key.0 else { return };
        let Some(rule) = self.rules.iter_mut().find(|rule| rule.spec.id == id) else { return };
        rule.closed = Some(now);
        rule.former = stands;
        if !rule.spec.fixed {
            rule.returns.clear();
            rule.taken = (0, 0);
        }
        let id = rule.spec.id;
        self.open_next(id, now);
        self.see_use(now);
    }

    fn open_next(&mut self, id: &str, now: i64) {
        let is_of = |it: &&Occurrence| it.key.0.as_deref() == Some(id);
        let busy = self.occurrences.iter().filter(is_of).any(|it| it.status != Status::Over);
        if busy || self.retired {
            return;
        }
        let number = self.occurrences.iter().filter(is_of).count() + 1;
        let rule = self.rules.iter().find(|rule| rule.spec.id == id).expect("a rule");
        let due = next_date(rule, now);
        self.occurrences.push(Occurrence {
            key: (Some(id.into()), u32::try_from(number).unwrap()),
            due,
            stands: due,
            status: Status::Scheduled,
            notices: rule.spec.notices(),
            told: Vec::new(),
            planned: now,
        });
    }

    fn see_use(&mut self, now: i64) {
        for rule in &mut self.rules {
            let uses = i64::try_from(rule.returns.len()).unwrap() - rule.taken.0;
            let minutes = rule.returns.iter().sum::<i64>() - rule.taken.1;
            let steps = |count: i64, every: Option<i64>| every.map_or(0, |every| count / every);
            let by_uses = steps(uses, rule.spec.uses);
            let by_minutes = steps(minutes, rule.spec.minutes);
            let scheduled = self.occurrences.iter_mut().find(|it| {
                it.key.0.as_deref() == Some(rule.spec.id) && it.status == Status::Scheduled
            });
            let Some(it) = scheduled.filter(|_| by_uses > 0 || by_minutes > 0) else { continue };
            it.status = Status::Due;
            (it.due, it.stands) = (Some(now), Some(now));
            it.told.push(0);
            let trigger = if by_uses > 0 { "USES" } else { "USAGE_MINUTES" };
            self.told.push((it.key.clone(), 0, now, trigger));
            if rule.spec.fixed {
                rule.taken.0 += by_uses * rule.spec.uses.unwrap_or(0);
                rule.taken.1 += by_minutes * rule.spec.minutes.unwrap_or(0);
            }
        }
    }
}

fn next_date(rule: &Rule, now: i64) -> Option<i64> {
    let step = rule.spec.days? * DAY;
    let first = rule.spec.first.unwrap_or(rule.made + step);
    if !rule.spec.fixed {
        return Some(rule.closed.map_or(first, |closed| closed + step));
    }
    let mut date = first;
    while rule.former.is_some_and(|former| date <= former) {
        date += step;
    }
    while date + step <= now {
        date += step;
    }
    Some(date)
}
