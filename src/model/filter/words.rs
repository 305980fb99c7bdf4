//! The words of the filter language: keys, what each asks, the values it knows; and what to
//! offer while somebody types.

use std::ops::Range;

use crate::model::Lane;
use crate::model::delivery::DeliveryKind;
use crate::model::exchange::Step;
use crate::model::run::{Class, Entry, What};

use super::{Has, Is};

/// What a key's value may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Status,
    Lane,
    Step,
    Method,
    Time,
    Kind,
    Has,
    Is,
    Rule,
    Text,
}

/// A key of the language.
#[derive(Debug)]
pub(super) struct Key {
    pub name: &'static str,
    pub form: Form,
    /// The operator that is offered with it.
    pub usual: &'static str,
    /// What it asks, in a few words.
    pub about: &'static str,
    /// Values to offer; for some forms all there are.
    pub values: &'static [&'static str],
}

const LANE_WORDS: &[&str] = &["browser", "merchant", "api", "directory", "issuer", "callback"];
const STATUS_WORDS: &[&str] = &[
    "2xx",
    "4xx",
    "5xx",
    "pending",
    "challenged",
    "approved",
    "attempted",
    "declined",
    "rejected",
    "unavailable",
    "expired",
    "processing",
    "challenge_abandoned",
];
const STEP_WORDS: &[&str] = &[
    "token",
    "create",
    "method",
    "fingerprint",
    "collect",
    "challenge",
    "3ds1",
    "hosted",
    "confirm",
    "complete",
    "authorise",
];
const KIND_WORDS: &[&str] = &[
    "request",
    "callback",
    "method-notification",
    "notification",
    "inbox",
    "unknown",
    "areq",
    "ares",
    "creq",
    "cres",
    "rreq",
    "rres",
    "erro",
    "preq",
    "pres",
    "vereq",
    "veres",
    "pareq",
    "pares",
    "fault",
    "phone",
    "wait",
    "skipped",
    "pause",
    "remark",
    "failed",
    "stopped",
];
const IS_WORDS: &[&str] = &["api", "browser", "callback", "hidden", "failed", "marked", "waiting"];
const HAS_WORDS: &[&str] = &["finding", "note", "body", "status"];
const TIME_WORDS: &[&str] = &["5ms", "200ms", "1s", "1min"];

/// All keys.
pub(super) const KEYS: &[Key] = &[
    Key {
        name: "status",
        form: Form::Status,
        usual: ":",
        about: "HTTP status, or what the session became",
        values: STATUS_WORDS,
    },
    Key { name: "lane", form: Form::Lane, usual: ":", about: "who takes part", values: LANE_WORDS },
    Key { name: "from", form: Form::Lane, usual: ":", about: "who acted", values: LANE_WORDS },
    Key { name: "to", form: Form::Lane, usual: ":", about: "on whom", values: LANE_WORDS },
    Key { name: "step", form: Form::Step, usual: ":", about: "what it was for", values: STEP_WORDS },
    Key { name: "method", form: Form::Method, usual: ":", about: "HTTP method", values: &["get", "post", "put"] },
    Key { name: "path", form: Form::Text, usual: "~", about: "text in the path", values: &[] },
    Key { name: "header", form: Form::Text, usual: "~", about: "text in a header line", values: &[] },
    Key { name: "body", form: Form::Text, usual: "~", about: "text in a body", values: &[] },
    Key { name: "note", form: Form::Text, usual: "~", about: "text in your notes", values: &[] },
    Key { name: "took", form: Form::Time, usual: ">", about: "how long it took", values: TIME_WORDS },
    Key { name: "at", form: Form::Time, usual: ">", about: "when, since the start", values: TIME_WORDS },
    Key { name: "kind", form: Form::Kind, usual: ":", about: "sort of message", values: KIND_WORDS },
    Key { name: "is", form: Form::Is, usual: ":", about: "failed, marked, hidden, callback…", values: IS_WORDS },
    Key { name: "has", form: Form::Has, usual: ":", about: "a finding, a note, a body…", values: HAS_WORDS },
    Key { name: "rule", form: Form::Rule, usual: ":", about: "a finding of this rule: P007", values: &[] },
];

/// The key of this name.
pub(super) fn key(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name.eq_ignore_ascii_case(name))
}

/// The known word that is most like one that is not known.
pub(super) fn nearest(word: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let word = word.to_lowercase();
    let likeness = |other: &&'static str| strsim::damerau_levenshtein(&word, other);
    let nearest = known.min_by_key(likeness)?;
    let close = likeness(&nearest) <= 1 + word.chars().count() / 4;
    (close || (word.len() > 1 && nearest.starts_with(&word))).then_some(nearest)
}

/// A word without regard to case and to how its parts are joined.
pub(super) fn plain(word: &str) -> String {
    word.to_lowercase().replace(['-', ' '], "_")
}

pub(super) fn lane(word: &str) -> Option<Lane> {
    Some(match plain(word).as_str() {
        "browser" | "shopper" | "b" => Lane::Browser,
        "merchant" | "shop" | "m" => Lane::Merchant,
        "api" | "sessions" | "s" => Lane::Sessions,
        "directory" | "ds" | "d" => Lane::Directory,
        "issuer" | "acs" | "bank" | "i" => Lane::Issuer,
        "callback" | "listener" | "c" => Lane::Callback,
        _ => return None,
    })
}

pub(super) fn step(word: &str) -> Option<Step> {
    Some(match plain(word).as_str() {
        "token" => Step::Token,
        "create" => Step::Create,
        "method" => Step::Method,
        "fingerprint" => Step::Fingerprint,
        "collect" | "collect_data" => Step::Collect,
        "challenge" => Step::Challenge,
        "3ds1" | "authenticate" => Step::Authenticate,
        "hosted" | "redirect" => Step::Redirect,
        "confirm" | "read" => Step::Confirm,
        "complete" => Step::Complete,
        "authorise" | "authorize" | "payment" => Step::Authorise,
        _ => return None,
    })
}

pub(super) fn is(word: &str) -> Option<Is> {
    Some(match plain(word).as_str() {
        "api" => Is::Class(Class::Api),
        "browser" => Is::Class(Class::Browser),
        "callback" => Is::Class(Class::Callback),
        "hidden" => Is::Class(Class::Hidden),
        "failed" | "error" => Is::Failed,
        "marked" | "starred" => Is::Marked,
        "waiting" | "wait" => Is::Waiting,
        _ => return None,
    })
}

pub(super) fn has(word: &str) -> Option<Has> {
    Some(match plain(word).as_str() {
        "finding" | "findings" => Has::Finding,
        "note" => Has::Note,
        "body" => Has::Body,
        "status" => Has::Status,
        _ => return None,
    })
}

/// True if there are rows of this kind.
pub(super) fn is_kind(word: &str) -> bool {
    KIND_WORDS.iter().any(|known| known.eq_ignore_ascii_case(word)) || word.eq_ignore_ascii_case("method data")
}

/// What sort of message a row is; of scheme messages the wire's own word.
pub(super) fn kind(entry: &Entry) -> &'static str {
    match &entry.what {
        What::Exchange(_) => "request",
        What::Delivery(delivery) => match delivery.kind {
            DeliveryKind::Callback => "callback",
            DeliveryKind::MethodNotification => "method-notification",
            DeliveryKind::ChallengeNotification => "notification",
            DeliveryKind::Inbox => "inbox",
            DeliveryKind::Unknown => "unknown",
        },
        What::Scheme(message) => message.kind,
        What::Phone(_) => "phone",
        What::Wait(_) => "wait",
        What::Skipped(_) => "skipped",
        What::Paused(_) => "pause",
        What::Noted(..) => "remark",
        What::Failed(..) => "failed",
        What::Cancelled => "stopped",
    }
}

/// Something to offer while somebody types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// What would stand there: `status:`, `lane:issuer`.
    pub text: String,
    /// In place of these bytes.
    pub range: Range<usize>,
    /// What it asks.
    pub about: &'static str,
}

/// What could follow where the cursor stands (`cursor` in bytes): keys, then a key's values.
pub fn hints(text: &str, cursor: usize) -> Vec<Hint> {
    let Some(before) = text.get(..cursor) else { return Vec::new() };
    let start = before
        .rfind(|c: char| c.is_whitespace() || c == '(')
        .map_or(0, |place| place + before[place..].chars().next().map_or(0, char::len_utf8));
    let start = start + before[start..].len() - before[start..].trim_start_matches('-').len();
    let word = &before[start..];
    let range = start..cursor;
    let letters = word.len() - word.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
    let (name, rest) = word.split_at(letters);
    if rest.is_empty() {
        if word.is_empty() && !text.trim().is_empty() {
            return Vec::new();
        }
        let known = KEYS.iter().filter(|key| key.name.starts_with(&name.to_lowercase()));
        let hint =
            |key: &Key| Hint { text: format!("{}{}", key.name, key.usual), range: range.clone(), about: key.about };
        return known.map(hint).collect();
    }
    let Some(key) = key(name) else { return Vec::new() };
    let value = rest.trim_start_matches([':', '=', '~', '<', '>', '!']);
    let joint = &rest[..rest.len() - value.len()];
    let fits = |known: &&&'static str| known.starts_with(&value.to_lowercase()) && **known != value;
    let hint =
        |known: &&'static str| Hint { text: format!("{}{joint}{known}", key.name), range: range.clone(), about: "" };
    key.values.iter().filter(fits).map(hint).collect()
}
