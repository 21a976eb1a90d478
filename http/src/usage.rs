//! How much an asset was used.

use axum::{
    extract::{Request, State},
    response::Response,
};
use holdfast_domain::asset::UsageBound;

use crate::{
    app::App,
    ask::{PathId, asset_id},
    error::ApiError,
    openapi::UsageList,
    paging::Paging,
    query::Query,
};

type Bounds = (Option<UsageBound>, Option<UsageBound>);

/// List the bookings of an asset that were used, missed, or cancelled at a cost, the last to end
/// first, with the sums of all of them.
///
/// Minutes are clipped to the time asked about, costs are whole. A bare date is the asset's local
/// midnight. Those who only book see of others' bookings everything but whose they were.
#[utoipa::path(
    get, path = "/assets/{id}/usage", operation_id = "list_usage", tag = "Usage",
    params(
        ("id" = inline(String), Path, description = "The asset's id"),
        ("date_from" = inline(Option<String>), Query, description = "Ended at or after this date or instant"),
        ("date_to" = inline(Option<String>), Query, description = "Ended before this date or instant"),
    ),
    responses((status = 200, body = UsageList, description = "A page, and the sums")),
)]
pub(crate) async fn list(
    State(app): State<App>,
    id: PathId,
    request: Request,
) -> Result<Response, ApiError> {
    let question = app.question(request)?;
    let mut query = question.query()?;
    let bounds = bounds(&mut query);
    let paging = Paging::read(query, &format!("{bounds:?}"))?;
    let ask = paging.ask(&app, &question)?;
    let (page, summary) =
        app.engine.usage(question.principal(), asset_id(id)?, bounds, ask).await?;
    Ok(paging.reply_with_summary(&app, &question, (&page, &summary.render())))
}

fn bounds(query: &mut Query) -> Bounds {
    let (from, to) = (query.usage_bound("date_from"), query.usage_bound("date_to"));
    if from.zip(to).is_some_and(|(from, to)| !to.is_after(from)) {
        query.issue("date_to", "must be after date_from");
    }
    (from, to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Issue;

    #[test]
    fn dates_and_instants() {
        const FORM: &str = "must be a date (YYYY-MM-DD) or an RFC 3339 instant with an offset";
        let rows: &[(&str, &[(&str, &str)])] = &[
            ("", &[]),
            ("date_from=2028-01-01", &[]),
            ("date_from=2028-01-01&date_to=2028-01-02", &[]),
            ("date_from=2028-01-01T00:00:00%2B01:00&date_to=2028-01-01T00:00:00Z", &[]),
            ("date_from=2028-01-01&date_to=2027-01-01T00:00:00Z", &[]),
            ("date_from=2028-01-01&date_to=2028-01-01", &[("date_to", "must be after date_from")]),
            (
                "date_from=2028-01-01T00:00:00Z&date_to=2028-01-01T01:00:00%2B01:00",
                &[("date_to", "must be after date_from")],
            ),
            ("date_from=2028-02-30", &[("date_from", FORM)]),
            ("date_from=2028-2-3", &[("date_from", FORM)]),
            ("date_from=+2028-2-3", &[("date_from", FORM)]),
            ("date_from=today&date_to=", &[("date_from", FORM), ("date_to", FORM)]),
            ("date_from=1969-12-31", &[("date_from", "must lie in the years 1970 to 9999")]),
            (
                "date_from=2028-01-01T00:00:00",
                &[("date_from", "must be an RFC 3339 instant with an offset")],
            ),
        ];
        for (sent, expected) in rows {
            let expected: Vec<_> = expected.iter().map(|(n, r)| Issue::name(*n, *r)).collect();
            let mut query = Query::of(Some(sent)).unwrap();
            bounds(&mut query);
            match query.finish() {
                Ok(()) => assert!(expected.is_empty(), "{sent}"),
                Err(error) => assert_eq!(error, ApiError::Invalid(expected), "{sent}"),
            }
        }
    }
}
