//! The parameters of queries.

use std::collections::BTreeSet;

use super::{NotText, Query, path::legal};
use crate::registry::{Code, Finding, Findings, Removal};

/// The parameters that are text. What is none has been found.
pub(super) struct Parameters<'a>(Query<'a>);

impl<'a> Parameters<'a> {
    pub(super) fn of(query: Query<'a>, findings: &mut Findings) -> Self {
        if query.contains(&Err(NotText)) {
            findings.insert(Finding::InvalidParameter);
        }
        Self(query)
    }

    /// The values of `name` in the order sent.
    fn values(&self, name: &'static str) -> impl Iterator<Item = &'a str> {
        let pairs = self.0.iter().flatten();
        pairs.filter(move |(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| &**value)
    }

    /// An empty one is never taken for none: what is asked with it would become something wider.
    pub(super) fn apps(&self, findings: &mut Findings) -> BTreeSet<String> {
        if self.values("app").any(str::is_empty) {
            findings.insert(Finding::InvalidParameter);
        }
        self.values("app").map(str::to_owned).collect()
    }

    /// The values of `name`, each of them a code, or `invalid`.
    pub(super) fn codes(
        &self,
        name: &'static str,
        invalid: Finding,
        findings: &mut Findings,
    ) -> BTreeSet<Code> {
        self.values(name).filter_map(|value| legal(Some(value), invalid, findings)).collect()
    }

    pub(super) fn removal(&self, findings: &mut Findings) -> Removal {
        let mut asked = self.values("deleteOnEmpty");
        let delete_on_empty = match (asked.next(), asked.next()) {
            (None, _) => Some(false),
            (Some(value), None) if value.eq_ignore_ascii_case("true") => Some(true),
            (Some(value), None) if value.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        };
        if delete_on_empty.is_none() {
            findings.insert(Finding::InvalidParameter);
        }
        Removal { apps: self.apps(findings), delete_on_empty: delete_on_empty.unwrap_or_default() }
    }
}
