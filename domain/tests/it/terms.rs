//! The shape of booking terms, a row each.

use holdfast_domain::asset::terms;
use serde_json::Value;

/// The terms, then the findings as `pointer reason` below `#/booking_terms`, joined by `; `.
fn check(terms: &str, wanted: &str) {
    let value: Value = serde_json::from_str(terms).unwrap();
    let found = match terms::check(&value) {
        Ok(canonical) => {
            assert_eq!(canonical, serde_json_canonicalizer::to_string(&value).unwrap());
            "ok".to_owned()
        }
        Err(findings) => {
            let lines = findings.iter().map(|finding| {
                let below = finding.pointer.strip_prefix("#/booking_terms").unwrap();
                format!("{below} {}", finding.reason)
            });
            lines.collect::<Vec<_>>().join("; ")
        }
    };
    assert_eq!(found, wanted, "{terms}");
}

#[test]
fn the_published_terms_are_well_formed() {
    check(
        r#"{ "time_zone": "Europe/Berlin", "min_minutes": 30, "max_minutes": 10080, "max_advance_days": 90,
          "deadline_minutes": 120, "buffer_before_minutes": 0, "buffer_after_minutes": 15,
          "opening_hours": { "mon": [["07:00","18:00"]], "sat": [], "exceptions": { "2025-12-25": [] } },
          "check_in": { "early_minutes": 15, "no_show_after_minutes": 30 }, "cancel_cutoff_minutes": 0,
          "approval": { "required": true, "approver_roles": ["manager", "admin"], "expires_minutes": 1440 },
          "pricing": { "currency": "EUR", "per_hour_minor": 1200, "per_day_minor": 6000, "rounding_minutes": 15,
            "basis": "PLANNED", "late_fee": { "grace_minutes": 10, "per_started_minutes": 30,
            "amount_minor": 900, "cap_minor": 20000 }, "cancel_fee_minor": 0, "no_show_fee_minor": 0 } }"#,
        "ok",
    );
    check("{}", "ok");
}

#[test]
fn members_and_types() {
    let whole = "must be a whole number";
    for (terms, wanted) in [
        ("[]", " must be an object"),
        ("null", " must be an object"),
        (r#"{"colour":1}"#, "/colour unknown member"),
        (r#"{"a/b~c":1}"#, "/a~1b~0c unknown member"),
        (r#"{"a b%\u00e9":1}"#, "/a%20b%25%C3%A9 unknown member"),
        (r#"{"min_minutes":5256000}"#, "ok"),
        (r#"{"min_minutes":5256001}"#, "/min_minutes must be from 0 to 5256000"),
        (r#"{"min_minutes":-1}"#, "/min_minutes must be from 0 to 5256000"),
        (r#"{"min_minutes":1.0}"#, &format!("/min_minutes {whole}")),
        (r#"{"min_minutes":1e3}"#, &format!("/min_minutes {whole}")),
        (r#"{"min_minutes":"1"}"#, &format!("/min_minutes {whole}")),
        (r#"{"min_minutes":null}"#, &format!("/min_minutes {whole}")),
        (r#"{"min_minutes":60,"max_minutes":60}"#, "ok"),
        (
            r#"{"min_minutes":61,"max_minutes":60}"#,
            "/min_minutes must not be greater than max_minutes",
        ),
        (r#"{"time_zone":"Mars/Base"}"#, "/time_zone unknown time zone"),
        (r#"{"time_zone":"UTC"}"#, "ok"),
        (r#"{"time_zone":1}"#, "/time_zone must be a string"),
        (r#"{"check_in":{"late":1}}"#, "/check_in/late unknown member"),
        (r#"{"check_in":[]}"#, "/check_in must be an object"),
        (r#"{"approval":{"required":"yes"}}"#, "/approval/required must be true or false"),
        (r#"{"approval":{"approver_roles":[]}}"#, "/approval/approver_roles must not be empty"),
        (
            r#"{"approval":{"approver_roles":["admin","member","admin"]}}"#,
            "/approval/approver_roles/1 must be manager or admin; /approval/approver_roles/2 is repeated",
        ),
        (r#"{"approval":{"approver_roles":"admin"}}"#, "/approval/approver_roles must be an array"),
        (r#"{"approval":{"by":1}}"#, "/approval/by unknown member"),
        (r#"{"pricing":{"currency":"XYZ"}}"#, "/pricing/currency unknown currency"),
        (r#"{"pricing":{"currency":"eur"}}"#, "/pricing/currency unknown currency"),
        (r#"{"pricing":{"currency":978}}"#, "/pricing/currency must be a string"),
        (
            r#"{"pricing":{"rounding_minutes":0}}"#,
            "/pricing/rounding_minutes must be from 1 to 5256000",
        ),
        (
            r#"{"pricing":{"basis":"planned"}}"#,
            "/pricing/basis must be PLANNED, ACTUAL or GREATER_OF_PLANNED_AND_ACTUAL",
        ),
        (r#"{"pricing":{"per_week_minor":1}}"#, "/pricing/per_week_minor unknown member"),
        (
            r#"{"pricing":{"late_fee":{"colour":1}}}"#,
            "/pricing/late_fee/colour unknown member; /pricing/late_fee/amount_minor is required; \
             /pricing/late_fee/per_started_minutes is required",
        ),
        (r#"{"a":1,"b":2}"#, "/a unknown member; /b unknown member"),
    ] {
        check(terms, wanted);
    }
}

#[test]
fn opening_hours() {
    let pair = r#"must be a pair of times like ["07:00", "18:00"]"#;
    for (hours, wanted) in [
        (r#"{"mon":[["00:00","24:00"]]}"#, "ok"),
        (r#"{"mon":[["07:00","12:00"],["12:00","18:00"]]}"#, "ok"),
        (r#"{"mon":[["12:00","18:00"],["07:00","12:00"]]}"#, "ok"),
        (r#"{"mon":[["07:00","12:00"],["11:59","18:00"]]}"#, "/mon/1 overlaps another interval"),
        (
            r#"{"mon":[["07:00","20:00"],["08:00","09:00"],["10:00","11:00"]]}"#,
            "/mon/1 overlaps another interval; /mon/2 overlaps another interval",
        ),
        (r#"{"mon":[["22:00","06:00"]],"tue":[["06:00","08:00"]]}"#, "ok"),
        (
            r#"{"mon":[["22:00","06:00"]],"tue":[["05:59","08:00"]]}"#,
            "/tue/0 overlaps another interval",
        ),
        (
            r#"{"sun":[["22:00","06:00"]],"mon":[["05:00","08:00"]]}"#,
            "/mon/0 overlaps another interval",
        ),
        (r#"{"sun":[["22:00","06:00"]],"mon":[["06:00","08:00"]]}"#, "ok"),
        (r#"{"mon":[["08:00","08:00"]]}"#, "/mon/0 must not close when it opens"),
        (r#"{"mon":[["24:00","08:00"]]}"#, "/mon/0 must not open at 24:00"),
        (r#"{"mon":[["7:00","08:00"]]}"#, &format!("/mon/0 {pair}")),
        (r#"{"mon":[["07:60","08:00"]]}"#, &format!("/mon/0 {pair}")),
        (r#"{"mon":[["07:00","24:01"]]}"#, &format!("/mon/0 {pair}")),
        (r#"{"mon":[["07:00"]]}"#, &format!("/mon/0 {pair}")),
        (r#"{"mon":[["07:00","08:00","09:00"]]}"#, &format!("/mon/0 {pair}")),
        (r#"{"mon":["07:00","08:00"]}"#, &format!("/mon/0 {pair}; /mon/1 {pair}")),
        (r#"{"mon":"always"}"#, "/mon must be an array"),
        (
            &format!(r#"{{"mon":[{}]}}"#, [r#"["07:00","08:00"]"#; 25].join(",")),
            "/mon must have at most 24 items",
        ),
        (r#"{"monday":[]}"#, "/monday unknown member"),
        (r#"{"exceptions":{"2024-02-29":[["10:00","12:00"]]}}"#, "ok"),
        (
            r#"{"exceptions":{"2025-02-29":[]}}"#,
            "/exceptions/2025-02-29 must be a date like 2025-12-25",
        ),
        (
            r#"{"exceptions":{"2025-2-03":[]}}"#,
            "/exceptions/2025-2-03 must be a date like 2025-12-25",
        ),
        (r#"{"exceptions":[]}"#, "/exceptions must be an object"),
        (
            r#"{"exceptions":{"2025-12-24":[["08:00","12:00"],["11:00","13:00"]]}}"#,
            "/exceptions/2025-12-24/1 overlaps another interval",
        ),
        (r#"{"mon":[["20:00","02:00"]],"exceptions":{"2025-12-23":[["00:00","08:00"]]}}"#, "ok"),
        ("[]", " must be an object"),
    ] {
        let wanted = match wanted {
            "ok" => "ok".to_owned(),
            findings => findings
                .split("; ")
                .map(|finding| format!("/opening_hours{finding}"))
                .collect::<Vec<_>>()
                .join("; "),
        };
        check(&format!(r#"{{"opening_hours":{hours}}}"#), &wanted);
    }
}
