//! What a condition report is asked with, member by member. Rules (whose booking, what is corrected)
//! are not here.

use axum::http::Uri;
use holdfast_domain::asset::{CheckResult, ChecklistItem, Command, NewReport, Photo};
use utoipa::ToSchema;

use super::named;
use crate::{
    body::members::{ID_MAX, Members, NAME_MAX, TEXT_MAX},
    error::ApiError,
};

const CHECKLIST_MAX: usize = 200;
const PHOTOS_MAX: usize = 50;
/// As much as browsers and proxies agree on.
const URL_MAX: usize = 2_000;

schema_only! {
    /// What somebody found when looking at the asset.
    #[schema(example = json!({"booking_id": "bkg_01k3bpp4r0e0vr9k3y6nq1gq2c", "checklist": [{"item": "forks", "result": "DAMAGED", "note": "bent"}], "photos": [{"url": "https://img.example/1.jpg"}], "notes": "left fork", "proposed_charge_minor": 15000, "takes_out_of_service": true}))]
    #[serde(deny_unknown_fields)]
    pub(crate) struct ReportInput {
        /// The booking it is about; required with a charge, and of members.
        #[schema(nullable = false)]
        booking_id: Option<String>,
        #[schema(min_items = 1, max_items = 200)]
        checklist: Vec<ChecklistItemInput>,
        #[schema(max_items = 50)]
        photos: Vec<PhotoInput>,
        #[schema(nullable = false, min_length = 1, max_length = 4000)]
        notes: Option<String>,
        /// What the damage should cost the booking, in its currency.
        #[schema(nullable = false, minimum = 0, maximum = 9_007_199_254_740_991_i64)]
        proposed_charge_minor: Option<i64>,
        /// At once, whoever decides later; by default false.
        #[schema(nullable = false)]
        takes_out_of_service: Option<bool>,
        /// The earlier report that this one corrects.
        #[schema(nullable = false)]
        supersedes: Option<String>,
    }

    #[serde(deny_unknown_fields)]
    pub(crate) struct ChecklistItemInput {
        #[schema(min_length = 1, max_length = 200)]
        item: String,
        result: CheckResult,
        #[schema(nullable = false, min_length = 1, max_length = 4000)]
        note: Option<String>,
    }

    #[serde(deny_unknown_fields)]
    pub(crate) struct PhotoInput {
        /// Of https.
        #[schema(min_length = 1, max_length = 2000)]
        url: String,
        /// Of the picture, 64 lower-case hexadecimal digits.
        #[schema(nullable = false, pattern = "^[0-9a-f]{64}$")]
        sha256: Option<String>,
    }
}

/// A condition report from its body.
pub(crate) fn report(mut body: Members) -> Result<Command, ApiError> {
    let booking = body.optional_string("booking_id", ID_MAX);
    let checklist = body.objects("checklist", (1, CHECKLIST_MAX), checklist_item);
    let photos = body.objects("photos", (0, PHOTOS_MAX), photo);
    let notes = body.optional_string("notes", TEXT_MAX);
    let proposed_charge_minor = body.optional_amount("proposed_charge_minor");
    let takes_out_of_service = body.optional_bool("takes_out_of_service").unwrap_or(false);
    let supersedes = body.optional_string("supersedes", ID_MAX).and_then(|id| {
        let id = id.parse().ok();
        if id.is_none() {
            body.issue("supersedes", "must be the id of a condition report");
        }
        id
    });
    if booking.is_none() && proposed_charge_minor.is_some_and(|charge| charge > 0) {
        body.issue("booking_id", "is required with a charge");
    }
    body.finish()?;
    Ok(Command::CreateReport(Box::new(NewReport {
        booking: booking.map(|id| id.parse().ok()),
        checklist,
        photos,
        notes,
        proposed_charge_minor,
        takes_out_of_service,
        supersedes,
    })))
}

fn checklist_item(body: &mut Members) -> ChecklistItem {
    ChecklistItem {
        item: body.string("item", NAME_MAX),
        note: body.optional_string("note", TEXT_MAX),
        result: result(body),
    }
}

fn result(body: &mut Members) -> CheckResult {
    let result = match body.required("result") {
        None => return CheckResult::Na,
        Some(value) => value.as_str().and_then(named),
    };
    if result.is_none() {
        body.issue("result", "must be OK, WORN, DAMAGED, MISSING or NA");
    }
    result.unwrap_or(CheckResult::Na)
}

fn photo(body: &mut Members) -> Photo {
    let sent = body.has("url");
    let url = body.string("url", URL_MAX);
    if sent && !url.is_empty() && !is_https(&url) {
        body.issue("url", "must be an https URL");
    }
    let sha256 = body.optional_string("sha256", 64);
    if sha256.as_deref().is_some_and(|digest| !is_digest(digest)) {
        body.issue("sha256", "must be 64 lower-case hexadecimal digits");
    }
    Photo { sha256, url }
}

fn is_https(url: &str) -> bool {
    // What stands behind `#` is the browser's business, and no part of a URI as this type knows it.
    let without_fragment = url.split('#').next().unwrap_or_default();
    without_fragment.parse::<Uri>().is_ok_and(|uri| {
        uri.scheme_str() == Some("https") && uri.host().is_some_and(|host| !host.is_empty())
    })
}

fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use holdfast_domain::{BookingId, Stamp, Tag};
    use serde_json::{Value, json};

    use super::*;
    use crate::wire::tests::findings;

    fn read(body: Value) -> Result<Command, ApiError> {
        report(Members::of(body).unwrap())
    }

    #[test]
    fn a_report_with_everything_wrong_is_told_everything() {
        let sent = json!({
            "booking_id": 7,
            "checklist": [
                {"item": "forks", "result": "BENT", "note": ""},
                {"result": "OK", "colour": "red"},
                "horn",
            ],
            "photos": [
                {"url": "http://img.example/1.jpg"},
                {"url": "https://img.example/1.jpg", "sha256": "ABC"},
                {},
                {"url": 7},
            ],
            "notes": " ",
            "proposed_charge_minor": -1,
            "takes_out_of_service": "yes",
            "supersedes": "bkg_1",
            "mood": "bad",
        });
        let mut found = findings(read(sent));
        found.sort();
        let expected = [
            "#/booking_id: must be a string",
            "#/checklist/0/note: must not be blank",
            "#/checklist/0/result: must be OK, WORN, DAMAGED, MISSING or NA",
            "#/checklist/1/colour: unknown member",
            "#/checklist/1/item: is required",
            "#/checklist/2: must be an object",
            "#/mood: unknown member",
            "#/notes: must not be blank",
            "#/photos/0/url: must be an https URL",
            "#/photos/1/sha256: must be 64 lower-case hexadecimal digits",
            "#/photos/2/url: is required",
            "#/photos/3/url: must be a string",
            "#/proposed_charge_minor: must be at least 0",
            "#/supersedes: must be the id of a condition report",
            "#/takes_out_of_service: must be true or false",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn lists_are_required_and_bounded() {
        let item = json!({"item": "forks", "result": "OK"});
        let photo = json!({"url": "https://img.example/1.jpg"});
        let rows: [(Value, &[&str]); 5] = [
            (json!({}), &["#/checklist: is required", "#/photos: is required"]),
            (json!({"checklist": [], "photos": []}), &["#/checklist: must have at least 1 item"]),
            (
                json!({"checklist": vec![&item; 201], "photos": vec![&photo; 51]}),
                &[
                    "#/checklist: must have at most 200 items",
                    "#/photos: must have at most 50 items",
                ],
            ),
            (
                json!({"checklist": {}, "photos": null}),
                &["#/checklist: must be a list", "#/photos: must be a list"],
            ),
            (
                json!({"checklist": [item], "photos": [], "proposed_charge_minor": 1}),
                &["#/booking_id: is required with a charge"],
            ),
        ];
        for (sent, expected) in rows {
            assert_eq!(findings(read(sent.clone())), expected, "{sent}");
        }
        let amount = json!({"checklist": [item], "photos": [], "booking_id": "x",
            "proposed_charge_minor": 9_007_199_254_740_992_i64});
        assert!(matches!(read(amount), Err(ApiError::AmountOutOfRange(_))));
    }

    #[test]
    fn a_report_as_it_should_be() {
        let id = BookingId::new(Stamp::new(1, 0), Tag::new(2));
        let item = json!({"item": "forks", "result": "NA"});
        let rows =
            [(None, None), (Some(json!(id)), Some(Some(id))), (Some(json!("x")), Some(None))];
        for (sent, expected) in rows {
            let mut body = json!({"checklist": [item], "photos": [], "proposed_charge_minor": 0});
            if let Some(sent) = sent {
                body["booking_id"] = sent;
            }
            let Ok(Command::CreateReport(report)) = read(body) else { panic!("must be taken") };
            assert_eq!(report.booking, expected);
            assert_eq!((report.takes_out_of_service, report.supersedes), (false, None));
            assert_eq!(report.checklist[0].result, CheckResult::Na);
        }
    }

    #[test]
    fn urls() {
        let rows = [
            ("https://img.example/1.jpg", true),
            ("https://img.example:8443/a%20b?c=d#e", true),
            ("HTTPS://img.example", true),
            ("https://", false),
            ("https:///1.jpg", false),
            ("http://img.example/1.jpg", false),
            ("img.example/1.jpg", false),
            ("https://img example/", false),
            ("data:image/png;base64,AAAA", false),
        ];
        for (url, good) in rows {
            assert_eq!(is_https(url), good, "{url}");
        }
    }
}
