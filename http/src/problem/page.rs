//! What a problem's `type` leads to: a small page per code, in plain HTML.

use super::codes;

/// The page of the code with this slug.
pub(crate) fn html(slug: &str) -> Option<String> {
    let code = codes::ALL.iter().find(|code| code.slug() == slug)?;
    let kept = if code.stored {
        "<p>The refusal is kept under the Idempotency-Key: the same request with the same key gets \
         the same answer again.</p>\n"
    } else {
        ""
    };
    let status = code.status;
    Some(format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>{name}</title>\n\
         <h1>{title}</h1>\n<p>Code <code>{name}</code>, status {status}.</p>\n\
         <p>{explanation}</p>\n{kept}</html>\n",
        name = code.name,
        title = escape(code.title),
        explanation = escape(code.explanation),
    ))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_page() {
        for code in codes::ALL {
            let page = html(&code.slug()).unwrap();
            assert!(page.contains(code.name) && !page.contains("<token>"), "{page}");
        }
        assert_eq!(html("no-such-problem"), None);
        assert_eq!(html("BOOKING_OVERLAP"), None);
    }
}
