//! Query parameters, read as strictly as bodies: a typo must not widen a list.

use holdfast_domain::{Timestamp, asset::UsageBound};

use crate::{
    body::members,
    error::{ApiError, Issue},
    percent::{self, Plus},
};

pub(crate) const LIMIT_DEFAULT: usize = 20;
pub(crate) const LIMIT_MAX: usize = 100;

/// The parameters that have not been read yet, decoded, in the order sent.
pub(crate) struct Query {
    rest: Vec<(String, String)>,
    issues: Vec<Issue>,
}

impl Query {
    /// # Errors
    /// `BadRequest` when the percent-encoding is broken.
    pub(crate) fn of(query: Option<&str>) -> Result<Self, ApiError> {
        let mut rest = Vec::new();
        for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            rest.push((decode(name)?, decode(value)?));
        }
        Ok(Self { rest, issues: vec![] })
    }

    /// Every value of a parameter that may be repeated.
    pub(crate) fn all(&mut self, name: &str) -> Vec<String> {
        self.rest.extract_if(.., |(sent, _)| sent == name).map(|(_, value)| value).collect()
    }

    fn one(&mut self, name: &str) -> Option<String> {
        let mut values = self.all(name);
        if values.len() > 1 {
            self.issue(name, "must be given once");
        }
        values.pop()
    }

    pub(crate) fn issue(&mut self, name: &str, reason: impl Into<String>) {
        self.issues.push(Issue::name(name, reason));
    }

    pub(crate) fn string(&mut self, name: &str, max: usize) -> Option<String> {
        let value = self.one(name)?;
        if let Some(reason) = members::fault(&value, max) {
            self.issue(name, reason);
        }
        Some(value)
    }

    pub(crate) fn instant(&mut self, name: &str) -> Option<Timestamp> {
        let value = self.one(name)?;
        Timestamp::parse(&value).map_err(|reason| self.issue(name, reason)).ok()
    }

    /// A date, or an instant.
    pub(crate) fn usage_bound(&mut self, name: &str) -> Option<UsageBound> {
        let value = self.one(name)?;
        UsageBound::parse(&value).map_err(|reason| self.issue(name, reason)).ok()
    }

    pub(crate) fn required_instant(&mut self, name: &str) -> Option<Timestamp> {
        if !self.rest.iter().any(|(sent, _)| sent == name) {
            self.issue(name, "is required");
        }
        self.instant(name)
    }

    pub(crate) fn limit(&mut self) -> usize {
        let Some(value) = self.one("limit") else { return LIMIT_DEFAULT };
        let digits = (1..=3).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_digit());
        match value.parse() {
            Ok(limit) if digits && (1..=LIMIT_MAX).contains(&limit) => limit,
            _ => {
                self.issue("limit", "must be an integer from 1 to 100");
                LIMIT_DEFAULT
            }
        }
    }

    pub(crate) fn cursor(&mut self) -> Option<String> {
        self.one("cursor")
    }

    /// Everything that was found, unread parameters included.
    pub(crate) fn found(mut self) -> Vec<Issue> {
        for (name, _) in std::mem::take(&mut self.rest) {
            self.issue(&name, "unknown parameter");
        }
        self.issues
    }

    /// # Errors
    /// Everything that was found.
    pub(crate) fn finish(self) -> Result<(), ApiError> {
        let found = self.found();
        if found.is_empty() { Ok(()) } else { Err(ApiError::Invalid(found)) }
    }
}

/// # Errors
/// `BadRequest` when the percent-encoding is broken.
fn decode(text: &str) -> Result<String, ApiError> {
    percent::decode(text, Plus::Space)
        .ok_or(ApiError::BadRequest("The query's percent-encoding is broken."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_escapes_are_refused() {
        for query in ["a=%", "%zz", "a=b&c=%ff"] {
            assert!(matches!(Query::of(Some(query)), Err(ApiError::BadRequest(_))), "{query}");
        }
    }

    #[test]
    fn unknown_and_repeated_parameters_are_named() {
        let mut query = Query::of(Some("q=a&q=b&stat=ACTIVE&limit=0&&cursor")).unwrap();
        assert_eq!(query.string("q", 200).as_deref(), Some("b"));
        assert_eq!(query.cursor().as_deref(), Some(""));
        query.limit();
        let Err(ApiError::Invalid(issues)) = query.finish() else { panic!("must be refused") };
        let expected = [
            Issue::name("q", "must be given once"),
            Issue::name("limit", "must be an integer from 1 to 100"),
            Issue::name("stat", "unknown parameter"),
        ];
        assert_eq!(issues, expected);
    }

    #[test]
    fn limits() {
        let rows = [
            ("1", true),
            ("100", true),
            ("0", false),
            ("101", false),
            ("+5", false),
            ("1.0", false),
            ("", false),
        ];
        for (text, good) in rows {
            let mut query = Query { rest: vec![("limit".into(), text.into())], issues: vec![] };
            query.limit();
            assert_eq!(query.finish().is_ok(), good, "{text}");
        }
    }
}
