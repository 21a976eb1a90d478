//! The shape of booking terms: which members there are, their types and possible values.
//!
//! What they mean is in the files beside this one.

mod hours;

use std::{collections::BTreeSet, str::FromStr as _};

use serde_json::{Map, Value};

use crate::{
    canonical,
    rejection::{Finding, Rejection, below},
};

/// Ten years of minutes: no number in the terms is greater.
pub const NUMBER_MAX: u64 = 5_256_000;

/// Canonical JSON of the terms, when their shape is right.
///
/// # Errors
/// Everything that is wrong with them, each with its pointer below `#/booking_terms`.
pub fn check(terms: &Value) -> Result<String, Vec<Finding>> {
    let mut shape = Shape::default();
    shape.terms("#/booking_terms", terms);
    if shape.findings.is_empty() { Ok(canonical::to_string(terms)) } else { Err(shape.findings) }
}

/// The same for terms that are said to have passed [`check`]: what is stored always has.
pub(in crate::asset) fn recheck(terms: &str) -> Result<String, Rejection> {
    let value = serde_json::from_str(terms).map_err(|_| {
        let reason = "must be an object".into();
        Rejection::Invalid(vec![Finding { pointer: "#/booking_terms".into(), reason }])
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

    fn terms(&mut self, at: &str, value: &Value) {
        let Some(terms) = self.object(at, value) else { return };
        for (name, value) in terms {
            let at = &below(at, name);
            match name.as_str() {
                "time_zone" => self.time_zone(at, value),
                "min_minutes"
                | "max_minutes"
                | "max_advance_days"
                | "deadline_minutes"
                | "buffer_before_minutes"
                | "buffer_after_minutes"
                | "cancel_cutoff_minutes" => {
                    self.number(at, value, 0);
                }
                "opening_hours" => self.opening_hours(at, value),
                "check_in" => self.check_in(at, value),
                "approval" => self.approval(at, value),
                "pricing" => self.pricing(at, value),
                _ => self.find(at, "unknown member"),
            }
        }
        let number = |name: &str| terms.get(name).and_then(Value::as_u64);
        if let (Some(min), Some(max)) = (number("min_minutes"), number("max_minutes"))
            && min > max
        {
            self.find(&below(at, "min_minutes"), "must not be greater than max_minutes");
        }
    }

    fn check_in(&mut self, at: &str, value: &Value) {
        for (name, value) in self.object(at, value).into_iter().flatten() {
            let at = &below(at, name);
            match name.as_str() {
                "early_minutes" | "no_show_after_minutes" => self.number(at, value, 0),
                _ => self.find(at, "unknown member"),
            }
        }
    }

    fn approval(&mut self, at: &str, value: &Value) {
        for (name, value) in self.object(at, value).into_iter().flatten() {
            let at = &below(at, name);
            match name.as_str() {
                "required" if value.is_boolean() => {}
                "required" => self.find(at, "must be true or false"),
                "approver_roles" => self.approver_roles(at, value),
                "expires_minutes" => self.number(at, value, 0),
                _ => self.find(at, "unknown member"),
            }
        }
    }

    fn approver_roles(&mut self, at: &str, value: &Value) {
        let Some(roles) = value.as_array() else { return self.find(at, "must be an array") };
        if roles.is_empty() {
            self.find(at, "must not be empty");
        }
        let mut seen = BTreeSet::new();
        for (index, role) in roles.iter().enumerate() {
            match role.as_str() {
                Some(role @ ("manager" | "admin")) if seen.insert(role) => {}
                Some("manager" | "admin") => {
                    self.find(&below(at, &index.to_string()), "is repeated")
                }
                _ => self.find(&below(at, &index.to_string()), "must be manager or admin"),
            }
        }
    }

    fn pricing(&mut self, at: &str, value: &Value) {
        for (name, value) in self.object(at, value).into_iter().flatten() {
            let at = &below(at, name);
            match name.as_str() {
                "currency" => self.currency(at, value),
                "per_hour_minor" | "per_day_minor" | "cancel_fee_minor" | "no_show_fee_minor" => {
                    self.number(at, value, 0);
                }
                "rounding_minutes" => self.number(at, value, 1),
                "basis" => match value.as_str() {
                    Some("PLANNED" | "ACTUAL" | "GREATER_OF_PLANNED_AND_ACTUAL") => {}
                    _ => self.find(at, "must be PLANNED, ACTUAL or GREATER_OF_PLANNED_AND_ACTUAL"),
                },
                "late_fee" => self.late_fee(at, value),
                _ => self.find(at, "unknown member"),
            }
        }
    }

    /// A fee without its amount or its period says nothing.
    fn late_fee(&mut self, at: &str, value: &Value) {
        let Some(fee) = self.object(at, value) else { return };
        for (name, value) in fee {
            let at = &below(at, name);
            match name.as_str() {
                "grace_minutes" | "amount_minor" | "cap_minor" => self.number(at, value, 0),
                "per_started_minutes" => self.number(at, value, 1),
                _ => self.find(at, "unknown member"),
            }
        }
        for name in ["amount_minor", "per_started_minutes"] {
            if !fee.contains_key(name) {
                self.find(&below(at, name), "is required");
            }
        }
    }

    fn time_zone(&mut self, at: &str, value: &Value) {
        match value.as_str() {
            None => self.find(at, "must be a string"),
            Some(name) if chrono_tz::Tz::from_str(name).is_ok() => {}
            Some(_) => self.find(at, "unknown time zone"),
        }
    }

    fn currency(&mut self, at: &str, value: &Value) {
        match value.as_str() {
            None => self.find(at, "must be a string"),
            Some(code) if iso_currency::Currency::from_code(code).is_some() => {}
            Some(_) => self.find(at, "unknown currency"),
        }
    }

    /// Whole numbers only: `1.0` and `1e3` are not.
    fn number(&mut self, at: &str, value: &Value, min: u64) {
        match value.as_u64() {
            Some(number) if (min..=NUMBER_MAX).contains(&number) => {}
            _ if value.is_number() && !value.is_f64() => {
                self.find(at, format!("must be from {min} to {NUMBER_MAX}"));
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
