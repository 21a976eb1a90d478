//! The names that a path and a body give to the same thing.

use super::{NameSegments, Segment};
use crate::registry::{AssetName, Code, Finding, Findings};

/// A name as far as it is one: what is missing has been found.
#[derive(Default)]
pub(super) struct Named {
    pub(super) ty: Option<Code>,
    pub(super) code: Option<Code>,
}

impl Named {
    pub(super) fn by_url(url: NameSegments<'_>, findings: &mut Findings) -> Self {
        Self { ty: type_segment(url.ty, findings), code: code_segment(url.code, findings) }
    }

    pub(super) fn whole(self) -> Option<AssetName> {
        Some(AssetName { ty: self.ty?, code: self.code? })
    }

    /// The body must say what the URL says. Of a part that one of them lacks only that is told.
    pub(super) fn agree(&self, url: &Self, findings: &mut Findings) {
        agree(self.ty.as_ref(), url.ty.as_ref(), Finding::TypeMismatch, findings);
        agree(self.code.as_ref(), url.code.as_ref(), Finding::CodeMismatch, findings);
    }
}

pub(super) fn agree(
    sent: Option<&Code>,
    url: Option<&Code>,
    mismatch: Finding,
    findings: &mut Findings,
) {
    if sent.zip(url).is_some_and(|(sent, url)| sent != url) {
        findings.insert(mismatch);
    }
}

pub(super) fn type_segment(segment: Segment<'_>, findings: &mut Findings) -> Option<Code> {
    legal(segment, Finding::InvalidType, findings)
}

pub(super) fn code_segment(segment: Segment<'_>, findings: &mut Findings) -> Option<Code> {
    legal(segment, Finding::InvalidCode, findings)
}

/// The code that the text is, or `invalid`.
pub(super) fn legal(text: Option<&str>, invalid: Finding, findings: &mut Findings) -> Option<Code> {
    let code = text.and_then(Code::new);
    if code.is_none() {
        findings.insert(invalid);
    }
    code
}
