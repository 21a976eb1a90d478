//! The parameters that every list shares, and its answer.

use axum::response::Response;
use holdfast_actors::engine::{Page, PageAsk};
use serde::de::DeserializeOwned;

use crate::{app::App, ask::Question, cursor::Binding, error::ApiError, query::Query, reply, wire};

/// `limit` and `cursor` of a list whose filter has been read.
pub(crate) struct Paging {
    limit: usize,
    cursor: Option<String>,
    filter: String,
}

impl Paging {
    /// Reads what is left of the query. `filter` is the filter in one canonical spelling.
    ///
    /// # Errors
    /// Everything that is wrong with the query.
    pub(crate) fn read(mut query: Query, filter: &str) -> Result<Self, ApiError> {
        let (limit, cursor) = (query.limit(), query.cursor());
        query.finish()?;
        Ok(Self { limit, cursor, filter: filter.to_owned() })
    }

    /// # Errors
    /// `InvalidCursor`.
    pub(crate) fn ask(&self, app: &App, question: &Question) -> Result<PageAsk, ApiError> {
        let read = |cursor: &String| app.cursors.read(cursor, self.binding(question));
        Ok(PageAsk { limit: self.limit, anchor: self.cursor.as_ref().map(read).transpose()? })
    }

    pub(crate) fn reply(&self, app: &App, question: &Question, page: &Page) -> Response {
        reply::page(app, self.binding(question), page, b"")
    }

    /// With a `summary` of the whole list.
    pub(crate) fn reply_with_summary(
        &self,
        app: &App,
        question: &Question,
        (page, summary): (&Page, &[u8]),
    ) -> Response {
        let summary = [b",\"summary\":", summary].concat();
        reply::page(app, self.binding(question), page, &summary)
    }

    fn binding<'a>(&'a self, question: &'a Question) -> Binding<'a> {
        Binding { path: &question.path, filter: &self.filter, principal: question.principal() }
    }
}

/// A filter of statuses in its one spelling.
pub(crate) fn canonical(status: impl Iterator<Item = &'static str>) -> String {
    let mut names: Vec<_> = status.collect();
    names.sort_unstable();
    names.dedup();
    format!("{names:?}")
}

/// The `status` parameter: the only one that may be repeated.
pub(crate) fn statuses<T: DeserializeOwned>(query: &mut Query, names: &str) -> Vec<T> {
    let mut statuses = Vec::new();
    for value in query.all("status") {
        match wire::named(&value) {
            Some(status) => statuses.push(status),
            None => query.issue("status", format!("must be {names}")),
        }
    }
    statuses
}
