//! Reads the members of a body one by one and collects everything that is wrong with them.
//!
//! A reader returns a default where it finds fault, so that reading goes on to the next member;
//! [`Members::finish`] then refuses the whole.

use holdfast_domain::{Timestamp, asset::Change, rejection};
use serde_json::{Map, Value};

use crate::error::{ApiError, Issue, Place};

/// Names and categories.
pub(crate) const NAME_MAX: usize = 200;
/// Ids of people, orgs and places.
pub(crate) const ID_MAX: usize = 128;
/// Free text.
pub(crate) const TEXT_MAX: usize = 4_000;
/// 2^53 − 1: the greatest integer that every JSON reader takes in exactly.
const AMOUNT_MAX: i64 = (1 << 53) - 1;

/// The members of an object that have not been read yet.
pub(crate) struct Members {
    rest: Map<String, Value>,
    issues: Vec<Issue>,
    /// Among them, those about amounts that are integers but too great.
    amounts: usize,
}

impl Members {
    /// Beside what was `found` elsewhere in the request, which is told along.
    ///
    /// # Errors
    /// `Invalid` when the body is no object.
    pub(crate) fn beside(mut found: Vec<Issue>, body: Value) -> Result<Self, ApiError> {
        match body {
            Value::Object(rest) => Ok(Self { rest, issues: found, amounts: 0 }),
            _ => {
                found.push(Issue::pointer("#", "must be an object"));
                Err(ApiError::Invalid(found))
            }
        }
    }

    #[cfg(test)]
    pub(crate) fn of(body: Value) -> Result<Self, ApiError> {
        Self::beside(vec![], body)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn issue(&mut self, name: &str, reason: impl Into<String>) {
        self.issues.push(Issue::pointer(format!("#/{name}"), reason));
    }

    pub(crate) fn issues(&mut self, issues: impl IntoIterator<Item = Issue>) {
        self.issues.extend(issues);
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.rest.contains_key(name)
    }

    /// The member as it is, which must be there.
    pub(crate) fn required(&mut self, name: &str) -> Option<Value> {
        self.require(name);
        self.take(name)
    }

    /// The member as it is.
    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        self.rest.remove(name)
    }

    /// Only when present; whoever asks treats absence.
    pub(crate) fn optional_string(&mut self, name: &str, max: usize) -> Option<String> {
        match self.rest.remove(name)? {
            Value::String(text) => {
                if let Some(reason) = fault(&text, max) {
                    self.issue(name, reason);
                }
                Some(text)
            }
            _ => {
                self.issue(name, "must be a string");
                None
            }
        }
    }

    pub(crate) fn string(&mut self, name: &str, max: usize) -> String {
        self.require(name);
        self.optional_string(name, max).unwrap_or_default()
    }

    pub(crate) fn bool(&mut self, name: &str) -> bool {
        self.require(name);
        self.optional_bool(name).unwrap_or_default()
    }

    pub(crate) fn optional_bool(&mut self, name: &str) -> Option<bool> {
        let value = self.rest.remove(name)?;
        if !value.is_boolean() {
            self.issue(name, "must be true or false");
        }
        value.as_bool()
    }

    /// `None` where absent or at fault.
    pub(crate) fn instant(&mut self, name: &str) -> Option<Timestamp> {
        self.require(name);
        self.optional_instant(name)
    }

    pub(crate) fn optional_instant(&mut self, name: &str) -> Option<Timestamp> {
        let reason = match self.rest.remove(name)? {
            Value::String(text) => match Timestamp::parse(&text) {
                Ok(instant) => return Some(instant),
                Err(reason) => reason,
            },
            _ => "must be a string",
        };
        self.issue(name, reason);
        None
    }

    /// Null clears.
    pub(crate) fn instant_or_null(&mut self, name: &str) -> Option<Change<Timestamp>> {
        if self.rest.get(name).is_some_and(Value::is_null) {
            self.rest.remove(name);
            return Some(Change::Clear);
        }
        self.optional_instant(name).map(Change::Set)
    }

    /// At least `min`, at most 2^53 − 1.
    pub(crate) fn optional_integer(&mut self, name: &str, min: i64) -> Option<i64> {
        match self.integer(name)? {
            value if value < min => self.issue(name, format!("must be at least {min}")),
            value if value > AMOUNT_MAX => self.issue(name, "must be at most 9007199254740991"),
            value => return Some(value),
        }
        None
    }

    /// The same for money, where beyond 2^53 − 1 is a problem of its own.
    pub(crate) fn optional_amount(&mut self, name: &str) -> Option<i64> {
        match self.integer(name)? {
            value if value > AMOUNT_MAX => {
                self.amounts += 1;
                self.issue(name, "must be at most 9007199254740991");
            }
            value if value < -AMOUNT_MAX => {
                self.amounts += 1;
                self.issue(name, "must be at least 0");
            }
            value if value < 0 => self.issue(name, "must be at least 0"),
            value => return Some(value),
        }
        None
    }

    /// Money that is added or, below zero, taken off.
    pub(crate) fn difference(&mut self, name: &str) -> i64 {
        self.require(name);
        let reason = match self.integer(name) {
            Some(value) if value > AMOUNT_MAX => "must be at most 9007199254740991",
            Some(value) if value < -AMOUNT_MAX => "must be at least -9007199254740991",
            Some(0) => {
                self.issue(name, "must not be 0");
                return 0;
            }
            Some(value) => return value,
            None => return 0,
        };
        self.amounts += 1;
        self.issue(name, reason);
        0
    }

    /// Clamped to i64, far beyond every range in use.
    fn integer(&mut self, name: &str) -> Option<i64> {
        let value = self.rest.remove(name)?;
        let integer = value.as_i64().or_else(|| match value.as_f64() {
            // Integers too long for 64 bits arrive as floats; no float below that is one.
            Some(float) if value.is_u64() || float >= 9.3e18 => Some(i64::MAX),
            Some(float) if float <= -9.3e18 => Some(i64::MIN),
            _ => None,
        });
        if integer.is_none() {
            self.issue(name, "must be an integer");
        }
        integer
    }

    /// A list of at most `max` ids.
    pub(crate) fn ids(&mut self, name: &str, value: Value, max: usize) -> Vec<String> {
        let Value::Array(items) = value else {
            self.issue(name, "must be a list of strings");
            return vec![];
        };
        if items.len() > max {
            self.issue(name, format!("must have at most {max} items"));
            return vec![];
        }
        let mut ids = Vec::with_capacity(items.len());
        for (place, item) in items.into_iter().enumerate() {
            match item {
                Value::String(id) => match fault(&id, ID_MAX) {
                    Some(reason) => self.issue(&format!("{name}/{place}"), reason),
                    None => ids.push(id),
                },
                _ => self.issue(&format!("{name}/{place}"), "must be a string"),
            }
        }
        ids
    }

    /// A list of objects, required, each read by `read`.
    pub(crate) fn objects<T>(
        &mut self,
        name: &str,
        (min, max): (usize, usize),
        read: impl Fn(&mut Members) -> T,
    ) -> Vec<T> {
        let items = match self.required(name) {
            None => return vec![],
            Some(Value::Array(items)) if items.len() < min => {
                let plural = if min == 1 { "" } else { "s" };
                self.issue(name, format!("must have at least {min} item{plural}"));
                return vec![];
            }
            Some(Value::Array(items)) if items.len() > max => {
                self.issue(name, format!("must have at most {max} items"));
                return vec![];
            }
            Some(Value::Array(items)) => items,
            Some(_) => {
                self.issue(name, "must be a list");
                return vec![];
            }
        };
        let mut objects = Vec::with_capacity(items.len());
        for (place, item) in items.into_iter().enumerate() {
            let Value::Object(rest) = item else {
                self.issue(&format!("{name}/{place}"), "must be an object");
                continue;
            };
            let mut inner = Self { rest, issues: vec![], amounts: 0 };
            objects.push(read(&mut inner));
            inner.unknown();
            self.amounts += inner.amounts;
            self.issues.extend(inner.issues.into_iter().map(|issue| match issue.place {
                Place::Pointer(at) => {
                    Issue::pointer(format!("#/{name}/{place}{}", &at[1..]), issue.reason)
                }
                Place::Name(_) => issue,
            }));
        }
        objects
    }

    fn unknown(&mut self) {
        for name in std::mem::take(&mut self.rest).keys() {
            self.issues.push(Issue::pointer(rejection::below("#", name), "unknown member"));
        }
    }

    fn require(&mut self, name: &str) {
        if !self.rest.contains_key(name) {
            self.issue(name, "is required");
        }
    }

    /// # Errors
    /// Everything that was found, unread members included.
    pub(crate) fn finish(mut self) -> Result<(), ApiError> {
        self.unknown();
        if self.issues.is_empty() {
            Ok(())
        } else if self.issues.len() == self.amounts {
            Err(ApiError::AmountOutOfRange(self.issues))
        } else {
            Err(ApiError::Invalid(self.issues))
        }
    }
}

/// What is wrong with a text, if anything. Lengths are in characters.
pub(crate) fn fault(text: &str, max: usize) -> Option<String> {
    if text.trim().is_empty() {
        Some("must not be blank".to_owned())
    } else if text.len() > max && text.chars().count() > max {
        Some(format!("must have at most {max} characters"))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn unknown_members_are_pointed_at() {
        let members = Members::of(json!({"a/b": 1, "c~d": 2, "e f": 3, "é": 4})).unwrap();
        let Err(ApiError::Invalid(issues)) = members.finish() else { panic!("must be refused") };
        let expected = ["#/a~1b", "#/c~0d", "#/e%20f", "#/%C3%A9"]
            .map(|pointer| Issue::pointer(pointer, "unknown member"));
        assert_eq!(issues, expected);
    }

    fn outcome(members: Members, read: Option<i64>) -> String {
        match members.finish() {
            Ok(()) => format!("{read:?}"),
            Err(ApiError::AmountOutOfRange(_)) => "out of range".to_owned(),
            Err(ApiError::Invalid(_)) => "invalid".to_owned(),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn differences() {
        let rows = [
            (json!(1), "Some(1)"),
            (json!(-9_007_199_254_740_991_i64), "Some(-9007199254740991)"),
            (json!(9_007_199_254_740_991_i64), "Some(9007199254740991)"),
            (json!(-9_007_199_254_740_992_i64), "out of range"),
            (json!(9_007_199_254_740_992_i64), "out of range"),
            (json!(-1e300), "out of range"),
            (json!(0), "invalid"),
            (json!(-0.5), "invalid"),
            (json!("1"), "invalid"),
            (json!(null), "invalid"),
        ];
        for (value, expected) in rows {
            let mut members = Members::of(json!({"n": value})).unwrap();
            let read = members.difference("n");
            assert_eq!(outcome(members, Some(read)), expected, "{value}");
        }
        let mut absent = Members::of(json!({})).unwrap();
        let read = absent.difference("n");
        assert_eq!(outcome(absent, Some(read)), "invalid");
    }

    #[test]
    fn amounts() {
        let rows = [
            (json!(0), "Some(0)"),
            (json!(9_007_199_254_740_991_i64), "Some(9007199254740991)"),
            (json!(9_007_199_254_740_992_i64), "out of range"),
            (json!(u64::MAX), "out of range"),
            (json!(1e300), "out of range"),
            (json!(-9_007_199_254_740_992_i64), "out of range"),
            (json!(-1), "invalid"),
            (json!(1.5), "invalid"),
            (json!(1.0), "invalid"),
            (json!("1"), "invalid"),
            (json!(null), "invalid"),
        ];
        for (value, expected) in rows {
            let mut members = Members::of(json!({"n": value})).unwrap();
            let read = members.optional_amount("n");
            assert_eq!(outcome(members, read), expected, "{value}");
        }
    }
}
