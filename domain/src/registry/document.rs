//! Documents as they are served and hashed: canonical JSON, put together from the canonical texts of
//! rows. Members are in alphabetical order; empty ones are left out.

use super::{
    Code,
    context::{EMPTY, NO_METADATA},
};

/// An asset with the text of its context; `EMPTY` for its name alone.
pub(super) fn asset(out: &mut Vec<u8>, ty: &Code, code: &Code, context: &str) {
    out.extend_from_slice(b"{\"Code\":");
    text(out, code);
    if context != EMPTY {
        out.extend_from_slice(b",\"Context\":");
        out.extend_from_slice(context.as_bytes());
    }
    out.extend_from_slice(b",\"Type\":");
    text(out, ty);
    out.push(b'}');
}

/// A type with the text of its metadata.
pub(super) fn asset_type(out: &mut Vec<u8>, code: &Code, metadata: &str) {
    out.extend_from_slice(b"{\"Code\":");
    text(out, code);
    if metadata != NO_METADATA {
        out.extend_from_slice(b",\"Metadata\":");
        out.extend_from_slice(metadata.as_bytes());
    }
    out.push(b'}');
}

/// The beginning of an association: its context, if it has one, with the comma after it.
pub(super) fn open_association(out: &mut Vec<u8>, context: &str) {
    out.push(b'{');
    if context != EMPTY {
        out.extend_from_slice(b"\"Association\":{\"Context\":");
        out.extend_from_slice(context.as_bytes());
        out.extend_from_slice(b"},");
    }
}

fn text(out: &mut Vec<u8>, code: &Code) {
    serde_json::to_writer(out, code.as_str()).expect("a text always serialises into memory");
}
