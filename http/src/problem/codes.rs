//! The table of codes: status, title and explanation of every problem, in the order of their status.

use axum::http::StatusCode;

/// One kind of problem.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Code {
    pub(crate) name: &'static str,
    pub(crate) status: StatusCode,
    pub(crate) title: &'static str,
    /// A sentence or two for the person who has to deal with it; the usual `detail`.
    pub(crate) explanation: &'static str,
    /// Kept under the Idempotency-Key: the same request is refused the same way again.
    pub(crate) stored: bool,
}

impl Code {
    /// The last segment of `type` and of the page's path.
    pub(crate) fn slug(&self) -> String {
        self.name.to_ascii_lowercase().replace('_', "-")
    }
}

macro_rules! codes {
    ($($name:ident = $status:ident $($stored:ident)?, $title:literal, $explanation:literal;)*) => {
        $(pub(crate) static $name: Code = Code {
            name: stringify!($name),
            status: StatusCode::$status,
            title: $title,
            explanation: $explanation,
            stored: codes!(@stored $($stored)?),
        };)*

        pub(crate) static ALL: &[&Code] = &[$(&$name),*];
    };
    (@stored) => { false };
    (@stored stored) => { true };
}

codes! {
    MALFORMED_JSON = BAD_REQUEST, "The body is not well-formed JSON",
        "The body must be one JSON value in UTF-8, without duplicate members, at most 32 levels deep.";
    IDEMPOTENCY_KEY_REQUIRED = BAD_REQUEST, "An Idempotency-Key is required",
        "Send one Idempotency-Key header of 1 to 255 visible ASCII characters.";
    INVALID_CURSOR = BAD_REQUEST, "The cursor is not valid here",
        "A cursor is good only for the list, the filter and the caller it was made for.";
    BAD_REQUEST = BAD_REQUEST, "The request is malformed",
        "The path, the query or a header is not well-formed.";
    UNAUTHENTICATED = UNAUTHORIZED, "A token is required",
        "Send a token: Authorization: Bearer <token>.";
    INVALID_TOKEN = UNAUTHORIZED, "The token is not valid",
        "The token is malformed, expired, or not meant for this server.";
    INSUFFICIENT_SCOPE = FORBIDDEN, "The token's scope is not enough",
        "The token lacks the scope that this route asks for; WWW-Authenticate names it.";
    FORBIDDEN_USER = FORBIDDEN, "Not for another user",
        "A member may act only for itself.";
    FORBIDDEN_ROLE = FORBIDDEN, "The role is not enough",
        "The caller's roles do not allow this on this asset.";
    FORBIDDEN_LOCATION = FORBIDDEN, "Outside of the caller's organisation or locations",
        "An asset can be placed only in an organisation and a location that the token reaches.";
    TERMS_NOT_ACCEPTED = FORBIDDEN stored, "The booking terms were not accepted",
        "A booking needs accept_terms to be true.";
    NOT_FOUND = NOT_FOUND, "Not found",
        "There is no such resource, or it is not visible to the caller.";
    BOOKING_NOT_FOUND = NOT_FOUND, "No such booking of this asset",
        "The booking_id in the body is not a booking of this asset that the caller can see.";
    METHOD_NOT_ALLOWED = METHOD_NOT_ALLOWED, "Method not allowed",
        "The Allow header lists the methods of this resource.";
    NOT_ACCEPTABLE = NOT_ACCEPTABLE, "Only JSON is served",
        "The Accept header rules out application/json.";
    BOOKING_OVERLAP = CONFLICT stored, "Booking window overlaps",
        "The requested window meets a window that is already held.";
    BOOKING_DEADLINE_PASSED = CONFLICT stored, "The booking deadline has passed",
        "The window starts too soon: the booking had to be made before deadline_at.";
    ASSET_UNAVAILABLE = CONFLICT stored, "The asset is not available",
        "Only an ACTIVE asset takes bookings and check-ins.";
    ASSET_IN_USE = CONFLICT stored, "The asset is in use",
        "The asset is out with another booking, or another one holds it now.";
    ASSET_HAS_LIVE_BOOKINGS = CONFLICT stored, "The asset has live bookings",
        "An asset can be retired only when none of its bookings is live.";
    INVALID_TRANSITION = CONFLICT stored, "Not possible in the current status",
        "The resource's current status does not allow this; current_status names it.";
    CANCEL_CUTOFF_PASSED = CONFLICT stored, "Too late to cancel or move",
        "Members can cancel or move a booking only before the cut-off of its terms.";
    APPROVAL_REQUIRED = CONFLICT stored, "The new window needs an approval",
        "The asset's bookings need approval, and the new window is not inside the old one: a manager \
         can move the booking, or cancel it and book anew.";
    TERMS_CHANGED = CONFLICT stored, "The booking terms have changed",
        "The terms_version sent is not the current one: read the asset and accept its terms anew. Or \
         the current terms are in another currency than the booking, which cannot change: cancel it \
         and book anew.";
    ALREADY_SUPERSEDED = CONFLICT stored, "The report is superseded",
        "Another report has corrected this one already; supersede that one.";
    LIMIT_REACHED = CONFLICT stored, "No more of these",
        "There are already as many as one resource may have; limit tells how many.";
    PRECONDITION_FAILED = PRECONDITION_FAILED, "The resource has changed",
        "If-Match names no current, strong ETag of the resource; read it again.";
    BODY_TOO_LARGE = PAYLOAD_TOO_LARGE, "The body is too large",
        "A body may have at most 256 KiB, in the registry one about many things 4 MiB.";
    URI_TOO_LONG = URI_TOO_LONG, "The URI is too long",
        "Path and query together may have at most 8 KiB.";
    UNSUPPORTED_MEDIA_TYPE = UNSUPPORTED_MEDIA_TYPE, "The body must be plain JSON",
        "Send Content-Type: application/json and no Content-Encoding.";
    VALIDATION_FAILED = UNPROCESSABLE_ENTITY, "Your request is not valid",
        "See errors for field-level details.";
    DURATION_OUT_OF_RANGE = UNPROCESSABLE_ENTITY, "The window is too short or too long",
        "The length of the window is outside of what the asset's terms allow.";
    OUTSIDE_OPENING_HOURS = UNPROCESSABLE_ENTITY, "Outside of the opening hours",
        "The window starts or ends while the asset is closed; open lists that day's opening hours.";
    TOO_FAR_AHEAD = UNPROCESSABLE_ENTITY, "The window lies too far ahead",
        "The window starts later than the asset's terms allow.";
    IDEMPOTENCY_KEY_REUSED = UNPROCESSABLE_ENTITY, "The Idempotency-Key was used for another request",
        "Use a new key for a new request; a repeated request must be the same JSON.";
    AMOUNT_OUT_OF_RANGE = UNPROCESSABLE_ENTITY, "The amount is out of range",
        "Amounts are integers in minor units, at most 9007199254740991, and no cost is below 0.";
    WEBHOOK_URL_FORBIDDEN = UNPROCESSABLE_ENTITY, "Webhooks are not sent there",
        "A webhook endpoint has a URL of https, without a user, to a public address.";
    PRECONDITION_REQUIRED = PRECONDITION_REQUIRED, "If-Match is required",
        "Send the ETag of the version the change is meant for: If-Match: \"…\".";
    HEADERS_TOO_LARGE = REQUEST_HEADER_FIELDS_TOO_LARGE, "The headers are too large",
        "All headers together may have at most 32 KiB.";
    INTERNAL = INTERNAL_SERVER_ERROR, "Internal error",
        "A fault of the server. Quote traceId when you report it.";
    OVERLOADED = SERVICE_UNAVAILABLE, "Overloaded",
        "More is waiting than can be served in time. Nothing happened; try again later.";
    NOT_READY = SERVICE_UNAVAILABLE, "Not ready",
        "The server is starting or stopping. Nothing happened; try again later.";
    OUTCOME_UNKNOWN = SERVICE_UNAVAILABLE, "The outcome is unknown",
        "Storage failed while the request was being written. Ask again with the same Idempotency-Key.";
    STORAGE_FULL = SERVICE_UNAVAILABLE, "No room left on disk",
        "There is no room to write. Nothing happened; the operator must make room.";
    ASSET_QUARANTINED = SERVICE_UNAVAILABLE, "The asset is held back",
        "This asset failed repeatedly and is held back. Nothing happened; try again later.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_statuses_are_errors() {
        for (place, code) in ALL.iter().enumerate() {
            assert!(code.status.is_client_error() || code.status.is_server_error());
            assert!(ALL[place + 1..].iter().all(|other| other.name != code.name), "{}", code.name);
        }
    }

    #[test]
    fn the_written_table_says_the_same() {
        let text = include_str!("../../../docs/api.md");
        let (_, table) = text.split_once("\n## Error codes\n").unwrap();
        let mut told: Vec<(String, String)> = Vec::new();
        for row in table.lines().filter(|line| line.starts_with("| `")) {
            let mut cells = row.trim_matches(['|', ' ']).split(" | ");
            let (names, status) = (cells.next().unwrap(), cells.next().unwrap());
            let names = names.split(", ").map(|name| name.trim_matches('`').to_owned());
            told.extend(names.map(|name| (name, status.to_owned())));
        }
        let mut real: Vec<_> = ALL
            .iter()
            .map(|code| {
                let stored = if code.stored { ", stored" } else { "" };
                (code.name.to_owned(), format!("{}{stored}", code.status.as_u16()))
            })
            .collect();
        told.sort();
        real.sort();
        assert_eq!(told, real);
    }
}
