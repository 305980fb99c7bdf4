//! What there is to say about a draft: what, why, what to do, and the edit that mends it.
//! Findings never block: testers send wrong things on purpose. Source: product.md, Decided.

use std::borrow::Cow;

use jiff::civil::Date;
use serde_json::Value;

use super::draft::Body;
use super::template::Values;

/// How much a finding matters. Source: emv-3ds.md 8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// The API or a real issuer will refuse it.
    Error,
    /// Some issuers refuse it.
    Warning,
    /// Good to know.
    Advice,
}

impl Severity {
    /// The name people read.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "Fails at real issuers",
            Self::Warning => "Fails at some issuers",
            Self::Advice => "Advice",
        }
    }
}

/// Something about a draft that a tester may want to know. Never blocks.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The document it is about.
    pub body: Body,
    /// The place in it, as JSON pointer; the document itself if empty.
    pub pointer: String,
    /// The code with which the API would answer 422: `number_invalid`.
    pub code: Option<String>,
    /// The lint rule: `L19`. Source: emv-3ds.md 8.
    pub rule: Option<&'static str>,
    /// How much it matters.
    pub severity: Severity,
    /// What is so, why it matters, what to do.
    pub message: String,
    /// What would mend it, if one edit does.
    pub fix: Option<Fix>,
}

/// Edits that mend a finding at once.
#[derive(Debug, Clone, PartialEq)]
pub struct Fix {
    /// On the button: `Send 24`.
    pub label: Cow<'static, str>,
    /// Document, place, new value; `None` removes what is there.
    pub edits: Vec<(Body, String, Option<Value>)>,
}

/// What a check must know that does not stand in the draft.
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    /// The day in UTC, for expiry dates.
    pub today: Date,
    /// The other side is a sandbox on this machine: private addresses work there.
    pub embedded: bool,
    /// The other side is production: card numbers there are nobody's test numbers.
    pub production: bool,
    /// What template values stand for; what they do not know is not judged.
    pub values: &'a Values,
    /// The protocol version that is expected; rules that differ by version follow it.
    pub version: Version,
    /// Minutes from this machine's local time to UTC, as a browser would say it; `None`
    /// if unknown.
    pub offset_minutes: Option<i32>,
}

impl<'a> Around<'a> {
    /// The usual surroundings: the day is that of `{{now}}` (without one, nothing is past).
    pub fn new(values: &'a Values, embedded: bool) -> Self {
        let today = values.today().unwrap_or(Date::MIN);
        Self { today, embedded, production: false, values, version: Version::default(), offset_minutes: None }
    }
}

/// A version of EMV 3-D Secure, as far as rules differ. Source: emv-3ds.md 1.8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Version {
    /// 2.1.0 and 2.2.0.
    #[default]
    V22,
    /// 2.3.1.
    V231,
}
