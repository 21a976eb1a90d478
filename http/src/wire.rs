//! Request bodies: their members, their shapes, and the commands they become.
//!
//! The structs are also what the OpenAPI document shows. Rules (overlap, terms, roles) are not here.

use holdfast_domain::{
    BookingId, Timestamp,
    asset::{
        AssetChange, AssetStatus, BookingChange, Change, Command, NewAsset, NewBooking, schedule,
        terms,
    },
    rejection::{Finding, Window},
};
use serde::Deserialize;
use serde::de::{IntoDeserializer, value};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    body::members::{ID_MAX, Members, NAME_MAX, TEXT_MAX},
    error::{ApiError, Issue},
};

const SHARED_WITH_MAX: usize = 100;

macro_rules! schema_only {
    ($($item:item)*) => {$(
        #[derive(ToSchema)]
        #[expect(dead_code, reason = "the shape shown in the OpenAPI document; read member by member")]
        $item
    )*};
}

// After the macro, which it uses.
mod endpoints;
mod maintenance;
mod reports;
mod schedule_schemas;
mod terms_schemas;

pub(crate) use endpoints::{
    Endpoint, EndpointChangeInput, EndpointInput, ReplayInput, endpoint, endpoint_change, replay,
};
pub(crate) use maintenance::{
    MaintenanceCancelInput, MaintenanceChangeInput, MaintenanceInput, maintenance, replan,
};
pub(crate) use reports::{ReportInput, report};
use schedule_schemas::MaintenanceSchedule;
use terms_schemas::BookingTerms;

schema_only! {
    /// A new asset.
    #[schema(example = json!({"name": "Forklift A2", "category": "EQUIPMENT", "owner_org_id": "org_1", "location_id": "loc_7"}))]
    #[serde(deny_unknown_fields)]
    pub(crate) struct AssetInput {
        #[schema(min_length = 1, max_length = 200)]
        name: String,
        #[schema(min_length = 1, max_length = 200)]
        category: String,
        /// The caller's own organisation.
        #[schema(min_length = 1, max_length = 128)]
        owner_org_id: String,
        #[schema(min_length = 1, max_length = 128)]
        location_id: String,
        /// Organisations that may see and book the asset, or `*` for all.
        #[schema(max_items = 100)]
        shared_with: Option<Vec<String>>,
        booking_terms: Option<BookingTerms>,
        maintenance_schedule: Option<MaintenanceSchedule>,
        /// Only null for now.
        registry: Option<Value>,
    }

    /// A partial update: absent members stay as they are, present ones are replaced as a whole, and
    /// null clears where it is allowed. At least one member.
    #[schema(min_properties = 1, example = json!({"status": "MAINTENANCE"}))]
    #[serde(deny_unknown_fields)]
    pub(crate) struct AssetChangeInput {
        #[schema(min_length = 1, max_length = 200, nullable = false)]
        name: Option<String>,
        #[schema(min_length = 1, max_length = 200, nullable = false)]
        category: Option<String>,
        #[schema(min_length = 1, max_length = 128, nullable = false)]
        location_id: Option<String>,
        #[schema(nullable = false)]
        status: Option<AssetStatus>,
        booking_terms: Option<BookingTerms>,
        maintenance_schedule: Option<MaintenanceSchedule>,
        #[schema(max_items = 100)]
        shared_with: Option<Vec<String>>,
        /// Only null for now.
        registry: Option<Value>,
    }

    /// A booking asked for: the half-open window from start to end.
    #[schema(example = json!({"user_id": "usr_9", "start": "2025-09-01T08:00:00Z", "end": "2025-09-01T16:00:00Z", "accept_terms": true}))]
    #[serde(deny_unknown_fields)]
    pub(crate) struct BookingInput {
        /// For whom; members book for themselves.
        #[schema(min_length = 1, max_length = 128)]
        user_id: String,
        start: Timestamp,
        /// After start.
        end: Timestamp,
        /// Must be true.
        accept_terms: bool,
        /// The version of the asset's terms that was accepted; refused when it is not current.
        #[schema(nullable = false, minimum = 1)]
        terms_version: Option<u64>,
    }

    #[schema(example = json!({"booking_id": "bkg_01k3bpp4r0e0vr9k3y6nq1gq2c", "condition_notes": "scratch on left fork"}))]
    #[serde(deny_unknown_fields)]
    pub(crate) struct CheckInInput {
        booking_id: String,
        #[schema(nullable = false, min_length = 1, max_length = 4000)]
        condition_notes: Option<String>,
    }

    #[schema(example = json!({"booking_id": "bkg_01k3bpp4r0e0vr9k3y6nq1gq2c", "extra_cost_minor": 500}))]
    #[serde(deny_unknown_fields)]
    pub(crate) struct CheckOutInput {
        booking_id: String,
        #[schema(nullable = false, minimum = 0, maximum = 9_007_199_254_740_991_i64)]
        extra_cost_minor: Option<i64>,
    }

    /// Another window for a booking; at least one member. A booking in use takes only `end`.
    #[schema(min_properties = 1, example = json!({"end": "2025-09-01T18:00:00Z"}))]
    #[serde(deny_unknown_fields)]
    pub(crate) struct BookingChangeInput {
        #[schema(nullable = false)]
        start: Option<Timestamp>,
        /// After start.
        #[schema(nullable = false)]
        end: Option<Timestamp>,
        /// True where the asset's terms are no longer those that the booking was made under.
        #[schema(nullable = false)]
        accept_terms: Option<bool>,
    }

    /// A window to ask about.
    #[schema(example = json!({"start": "2025-09-01T08:00:00Z", "end": "2025-09-01T16:00:00Z"}))]
    #[serde(deny_unknown_fields)]
    pub(crate) struct QuoteInput {
        start: Timestamp,
        /// After start.
        end: Timestamp,
    }

    /// May be absent altogether.
    #[schema(example = json!({"reason": "needed for the audit"}))]
    #[serde(deny_unknown_fields)]
    pub(crate) struct RejectInput {
        /// Shown in the booking's `approvals`.
        #[schema(nullable = false, min_length = 1, max_length = 4000)]
        reason: Option<String>,
    }

    /// A correction of the cost, as one more line.
    #[schema(example = json!({"amount_minor": -900, "reason": "returned late because of our closed gate"}))]
    #[serde(deny_unknown_fields)]
    pub(crate) struct AdjustmentInput {
        /// Not 0; below 0 it is taken off, but never more than the cost.
        #[schema(minimum = -9_007_199_254_740_991_i64, maximum = 9_007_199_254_740_991_i64)]
        amount_minor: i64,
        #[schema(min_length = 1, max_length = 4000)]
        reason: String,
    }

    /// May be absent altogether.
    #[schema(example = json!({"reason": "plans changed"}))]
    #[serde(deny_unknown_fields)]
    pub(crate) struct CancelInput {
        #[schema(nullable = false, min_length = 1, max_length = 4000)]
        reason: Option<String>,
    }
}

/// May be absent altogether.
#[derive(ToSchema)]
#[schema(example = json!({}))]
#[serde(deny_unknown_fields)]
pub(crate) struct EmptyInput {}

pub(crate) fn register(mut body: Members) -> Result<Command, ApiError> {
    let asset = NewAsset {
        name: body.string("name", NAME_MAX),
        category: body.string("category", NAME_MAX),
        owner_org_id: body.string("owner_org_id", ID_MAX),
        location_id: body.string("location_id", ID_MAX),
        shared_with: shared_with(&mut body).unwrap_or_default(),
        booking_terms: set(booking_terms(&mut body)),
        maintenance_schedule: set(maintenance_schedule(&mut body)),
    };
    not_yet(&mut body);
    body.finish()?;
    Ok(Command::RegisterAsset(asset))
}

pub(crate) fn update(mut body: Members) -> Result<Command, ApiError> {
    if body.is_empty() {
        body.issues([Issue::pointer("#", "must change something")]);
    }
    let change = AssetChange {
        name: body.optional_string("name", NAME_MAX),
        category: body.optional_string("category", NAME_MAX),
        location_id: body.optional_string("location_id", ID_MAX),
        status: status(&mut body),
        shared_with: shared_with(&mut body),
        booking_terms: booking_terms(&mut body),
        maintenance_schedule: maintenance_schedule(&mut body),
    };
    not_yet(&mut body);
    for name in READ_ONLY {
        if body.take(name).is_some() {
            body.issue(name, "cannot be changed");
        }
    }
    body.finish()?;
    Ok(Command::UpdateAsset(change))
}

/// Members of an asset that no update may name.
const READ_ONLY: [&str; 7] =
    ["id", "owner_org_id", "terms_version", "created_at", "updated_at", "etag", "version"];

pub(crate) fn book(mut body: Members) -> Result<Command, ApiError> {
    let user_id = body.string("user_id", ID_MAX);
    let window = window(&mut body);
    let accept_terms = body.bool("accept_terms");
    let terms_version = body.optional_integer("terms_version", 1);
    body.finish()?;
    Ok(Command::CreateBooking(NewBooking {
        user_id,
        window,
        accept_terms,
        terms_version: terms_version.map(i64::unsigned_abs),
    }))
}

/// What a booking is to become: `None` = unchanged.
#[derive(PartialEq, Debug)]
pub(crate) struct Moved {
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    accept_terms: Option<bool>,
}

impl Moved {
    pub(crate) fn of(self, booking: BookingId) -> Command {
        let Self { start, end, accept_terms } = self;
        Command::RescheduleBooking(BookingChange { booking, start, end, accept_terms })
    }
}

pub(crate) fn reschedule(mut body: Members) -> Result<Moved, ApiError> {
    if body.is_empty() {
        body.issues([Issue::pointer("#", "must change something")]);
    }
    let moved = Moved {
        start: body.optional_instant("start"),
        end: body.optional_instant("end"),
        accept_terms: body.optional_bool("accept_terms"),
    };
    in_order(&mut body, moved.start, moved.end);
    body.finish()?;
    Ok(moved)
}

pub(crate) fn quote(mut body: Members) -> Result<Window, ApiError> {
    let window = window(&mut body);
    body.finish()?;
    Ok(window)
}

/// The amount and the reason.
pub(crate) fn adjustment(mut body: Members) -> Result<(i64, String), ApiError> {
    let adjustment = (body.difference("amount_minor"), body.string("reason", TEXT_MAX));
    body.finish()?;
    Ok(adjustment)
}

pub(crate) fn check_in(mut body: Members) -> Result<Command, ApiError> {
    let booking = body.string("booking_id", ID_MAX);
    let condition_notes = body.optional_string("condition_notes", TEXT_MAX);
    body.finish()?;
    Ok(Command::CheckIn { booking: booking.parse().ok(), condition_notes })
}

pub(crate) fn check_out(mut body: Members) -> Result<Command, ApiError> {
    let booking = body.string("booking_id", ID_MAX);
    let extra_cost_minor = body.optional_amount("extra_cost_minor");
    body.finish()?;
    Ok(Command::CheckOut { booking: booking.parse().ok(), extra_cost_minor })
}

/// The reason, when one is given.
pub(crate) fn reason(mut body: Members) -> Result<Option<String>, ApiError> {
    let reason = body.optional_string("reason", TEXT_MAX);
    body.finish()?;
    Ok(reason)
}

/// A status as it is spelt in JSON and in queries.
pub(crate) fn named<'de, T: Deserialize<'de>>(name: &'de str) -> Option<T> {
    let name: value::StrDeserializer<'de, value::Error> = name.into_deserializer();
    T::deserialize(name).ok()
}

/// Start and end, both required.
fn window(body: &mut Members) -> Window {
    let (start, end) = (body.instant("start"), body.instant("end"));
    in_order(body, start, end);
    Window { start: start.unwrap_or_default(), end: end.unwrap_or_default() }
}

fn in_order(body: &mut Members, start: Option<Timestamp>, end: Option<Timestamp>) {
    if start.zip(end).is_some_and(|(start, end)| end <= start) {
        body.issue("end", "must be after start");
    }
}

fn status(body: &mut Members) -> Option<AssetStatus> {
    let value = body.take("status")?;
    let status = value.as_str().and_then(named);
    if status.is_none() {
        body.issue("status", "must be ACTIVE, INACTIVE, MAINTENANCE or RETIRED");
    }
    status
}

/// Null clears.
fn shared_with(body: &mut Members) -> Option<Vec<String>> {
    match body.take("shared_with")? {
        Value::Null => Some(vec![]),
        value => Some(body.ids("shared_with", value, SHARED_WITH_MAX)),
    }
}

fn booking_terms(body: &mut Members) -> Option<Change<String>> {
    checked(body, "booking_terms", terms::check)
}

fn maintenance_schedule(body: &mut Members) -> Option<Change<String>> {
    checked(body, "maintenance_schedule", schedule::check)
}

/// What a new asset starts with.
fn set(change: Option<Change<String>>) -> Option<String> {
    match change {
        Some(Change::Set(text)) => Some(text),
        Some(Change::Clear) | None => None,
    }
}

/// A member whose shape the domain judges. Null clears.
fn checked(
    body: &mut Members,
    name: &str,
    check: fn(&Value) -> Result<String, Vec<Finding>>,
) -> Option<Change<String>> {
    match body.take(name)? {
        Value::Null => Some(Change::Clear),
        value => match check(&value) {
            Ok(canonical) => Some(Change::Set(canonical)),
            Err(findings) => {
                body.issues(findings.into_iter().map(|f| Issue::pointer(f.pointer, f.reason)));
                None
            }
        },
    }
}

/// A member whose place is kept: null is what it is.
fn not_yet(body: &mut Members) {
    const NAME: &str = "registry";
    if body.take(NAME).is_some_and(|value| !value.is_null()) {
        body.issue(NAME, "is not supported yet");
    }
}

#[cfg(test)]
mod tests;
