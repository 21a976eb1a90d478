//! The shape of a maintenance schedule: which members there are, their types and possible values.
//!
//! What they mean is in `schedule.rs`.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::{
    asset::{MaintenanceType, terms::NUMBER_MAX},
    canonical,
    rejection::{Finding, Rejection, below},
    time::Timestamp,
};

/// No schedule has more rules.
pub const RULES_MAX: usize = 50;
/// Ten years of days, as [`NUMBER_MAX`] is ten years of minutes.
pub const DAYS_MAX: u64 = NUMBER_MAX / (24 * 60);
/// Characters of a rule's id.
const ID_MAX: usize = 128;
/// Different notices of a rule, beside the one at the due time.
const NOTICES_MAX: usize = 10;
const SCHEDULE: &str = "#/maintenance_schedule";

/// Canonical JSON of the schedule, when its shape is right.
///
/// # Errors
/// Everything that is wrong with it, each with its pointer below `#/maintenance_schedule`.
pub fn check(schedule: &Value) -> Result<String, Vec<Finding>> {
    let mut shape = Shape::default();
    shape.schedule(schedule);
    if shape.findings.is_empty() { Ok(canonical::to_string(schedule)) } else { Err(shape.findings) }
}

/// The same for a schedule that is said to have passed [`check`]: what is stored always has.
pub(in crate::asset) fn recheck(schedule: &str) -> Result<String, Rejection> {
    let value = serde_json::from_str(schedule).map_err(|_| {
        let reason = "must be an object".into();
        Rejection::Invalid(vec![Finding { pointer: SCHEDULE.into(), reason }])
    })?;
    check(&value).map_err(Rejection::Invalid)
}

#[derive(Default)]
struct Shape {
    findings: Vec<Finding>,
}

impl Shape {
    fn find(&mut self, pointer: &str, reason: impl Into<String>) {
        self.findings.push(Finding { pointer: pointer.into(), reason: reason.into() });
    }

    fn schedule(&mut self, value: &Value) {
        let Some(schedule) = self.object(SCHEDULE, value) else { return };
        if !schedule.contains_key("rules") {
            self.find(&below(SCHEDULE, "rules"), "is required");
        }
        for (name, value) in schedule {
            let at = &below(SCHEDULE, name);
            match name.as_str() {
                "rules" => self.rules(at, value),
                _ => self.find(at, "unknown member"),
            }
        }
    }

    fn rules(&mut self, at: &str, value: &Value) {
        let Some(rules) = value.as_array() else { return self.find(at, "must be an array") };
        if rules.len() > RULES_MAX {
            return self.find(at, format!("must have at most {RULES_MAX} rules"));
        }
        let mut seen = BTreeSet::new();
        for (index, rule) in rules.iter().enumerate() {
            let at = &below(at, &index.to_string());
            self.rule(at, rule);
            if let Some(id) = rule.get("id").and_then(Value::as_str)
                && !seen.insert(id)
            {
                self.find(&below(at, "id"), "is repeated");
            }
        }
    }

    fn rule(&mut self, at: &str, value: &Value) {
        let Some(rule) = self.object(at, value) else { return };
        for (name, value) in rule {
            let at = &below(at, name);
            match name.as_str() {
                "id" => self.id(at, value),
                "type" => match value.as_str().and_then(MaintenanceType::of) {
                    Some(_) => {}
                    None => self.find(at, "must be PREVENTIVE, INSPECTION, CORRECTIVE or SAFETY"),
                },
                "every_days" => self.number(at, value, 1, DAYS_MAX),
                "every_uses" | "every_usage_minutes" | "duration_minutes" => {
                    self.number(at, value, 1, NUMBER_MAX);
                }
                "first_due" => self.instant(at, value),
                "notify_before_minutes" => self.notices(at, value),
                "anchor" => match value.as_str() {
                    Some("COMPLETION" | "FIXED") => {}
                    _ => self.find(at, "must be COMPLETION or FIXED"),
                },
                _ => self.find(at, "unknown member"),
            }
        }
        for name in ["id", "type"] {
            if !rule.contains_key(name) {
                self.find(&below(at, name), "is required");
            }
        }
        let has = |name: &&str| rule.contains_key(*name);
        if !["every_days", "every_uses", "every_usage_minutes"].iter().any(has) {
            self.find(at, "must have every_days, every_uses or every_usage_minutes");
        }
        if has(&"first_due") && !has(&"every_days") {
            self.find(&below(at, "first_due"), "needs every_days");
        }
    }

    fn id(&mut self, at: &str, value: &Value) {
        match value.as_str() {
            None => self.find(at, "must be a string"),
            Some(id) if id.trim().is_empty() => self.find(at, "must not be blank"),
            Some(id) if id.chars().count() > ID_MAX => {
                self.find(at, format!("must have at most {ID_MAX} characters"));
            }
            Some(_) => {}
        }
    }

    fn instant(&mut self, at: &str, value: &Value) {
        match value.as_str().map(Timestamp::parse) {
            None => self.find(at, "must be a string"),
            Some(Err(why)) => self.find(at, why),
            Some(Ok(_)) => {}
        }
    }

    fn notices(&mut self, at: &str, value: &Value) {
        let Some(notices) = value.as_array() else { return self.find(at, "must be an array") };
        let mut seen = BTreeSet::new();
        for (index, notice) in notices.iter().enumerate() {
            let at = &below(at, &index.to_string());
            self.number(at, notice, 0, NUMBER_MAX);
            if let Some(minutes) = notice.as_u64()
                && !seen.insert(minutes)
            {
                self.find(at, "is repeated");
            }
        }
        if seen.len() > NOTICES_MAX {
            self.find(at, format!("must have at most {NOTICES_MAX} notices"));
        }
    }

    /// Whole numbers only: `1.0` and `1e3` are not.
    fn number(&mut self, at: &str, value: &Value, min: u64, max: u64) {
        match value.as_u64() {
            Some(number) if (min..=max).contains(&number) => {}
            _ if value.is_number() && !value.is_f64() => {
                self.find(at, format!("must be from {min} to {max}"));
            }
            _ => self.find(at, "must be a whole number"),
        }
    }

    fn object<'a>(&mut self, at: &str, value: &'a Value) -> Option<&'a Map<String, Value>> {
        let object = value.as_object();
        if object.is_none() {
            self.find(at, "must be an object");
        }
        object
    }
}
