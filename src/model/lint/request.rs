//! The rules about a hand-off as a browser would post it: content type, field names,
//! encoding. Checked on the request as it stands in the step editor.
//! Source: emv-3ds.md 2, 8.

use url::form_urlencoded;

use super::data::strict;
use crate::model::exchange::Step;
use crate::model::finding::Severity;
use crate::model::run::StepRequest;
use crate::model::steps::form;

/// Something about a request before it is sent. Never blocks.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestFinding {
    /// The lint rule: `L04`. Source: emv-3ds.md 8.
    pub rule: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What is so, why it matters, what to do.
    pub message: String,
    /// The request with this mended, if one edit does it.
    pub mended: Option<StepRequest>,
}

/// The form fields of the hand-offs, as they must be spelt.
const NAMES: [&str; 8] = ["creq", "cres", "threeDSMethodData", "threeDSSessionData", "PaReq", "PaRes", "TermUrl", "MD"];
/// What may stand for a field, in small letters.
const OTHER_NAMES: [(&str, &str); 3] =
    [("methoddata", "threeDSMethodData"), ("sessiondata", "threeDSSessionData"), ("termurl", "TermUrl")];

/// What the rules say about a hand-off; nothing about calls of the API.
pub fn check(request: &StepRequest) -> Vec<RequestFinding> {
    if !matches!(request.step, Step::Method | Step::Challenge) || request.method != "POST" {
        return Vec::new();
    }
    let mut findings = Vec::new();
    if let Some(finding) = not_a_form(request) {
        findings.push(finding);
        return findings; // there are no fields to look at
    }
    let fields: Vec<(String, String)> = form_urlencoded::parse(request.body.as_bytes()).into_owned().collect();
    for (place, (name, value)) in fields.iter().enumerate() {
        let with = |name: &str, value: &str| {
            let mut fields = fields.clone();
            fields[place] = (name.to_owned(), value.to_owned());
            let pairs: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            Some(StepRequest { body: form(&pairs), ..request.clone() })
        };
        if let Some(right) = misspelt(name) {
            let message = format!("The field is called {right}; a bank does not look for {name}");
            findings.push(RequestFinding {
                rule: "L04",
                severity: Severity::Error,
                message,
                mended: with(right, value),
            });
        }
        let right = misspelt(name).unwrap_or(name);
        if right == "threeDSSessionData" {
            findings.extend(session_data(value));
        } else if matches!(right, "creq" | "threeDSMethodData")
            && let Some(better) = strict(value)
        {
            let message = format!("{right} is base64url without padding, + or /; some banks answer error 101 or 203");
            let mended = with(name, &better);
            findings.push(RequestFinding { rule: "L01", severity: Severity::Error, message, mended });
        }
    }
    findings
}

/// L03.
fn not_a_form(request: &StepRequest) -> Option<RequestFinding> {
    let kind = request.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let kind = kind.map_or("", |(_, value)| value.split(';').next().unwrap_or_default().trim());
    let json = request.body.trim_start().starts_with('{');
    let form = kind.eq_ignore_ascii_case("application/x-www-form-urlencoded");
    if form && !json {
        return None;
    }
    let message = match json {
        true => "Banks take an HTML form here, not JSON: send creq or threeDSMethodData as a form field".to_owned(),
        false => format!("Banks take an HTML form here; this says {}", if kind.is_empty() { "nothing" } else { kind }),
    };
    let mended = (!json).then(|| {
        let mut request = request.clone();
        request.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
        request.headers.push(("Content-Type".into(), "application/x-www-form-urlencoded".into()));
        request
    });
    Some(RequestFinding { rule: "L03", severity: Severity::Error, message, mended })
}

/// The right spelling of a name that is nearly one of the hand-offs'.
fn misspelt(name: &str) -> Option<&'static str> {
    if NAMES.contains(&name) {
        return None;
    }
    let small: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let same = NAMES.into_iter().find(|known| known.eq_ignore_ascii_case(&small));
    same.or_else(|| OTHER_NAMES.into_iter().find(|(ending, _)| small.ends_with(ending)).map(|(_, right)| right))
}

/// L05.
fn session_data(value: &str) -> Option<RequestFinding> {
    let message = if value.chars().count() > 1024 {
        "threeDSSessionData has at most 1024 characters; banks cut it off. Send an id and keep the rest"
    } else if value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
        return None;
    } else {
        "threeDSSessionData is base64url; raw braces, blanks or padding may come back damaged, or not at all"
    };
    Some(RequestFinding { rule: "L05", severity: Severity::Warning, message: message.into(), mended: None })
}
