//! Rings of what has happened: requests with their answers, and hidden messages.
//!
//! Promises: bounded memory, a visible count of what was dropped, and no secret and no full
//! card number, test numbers included, in anything that is shown of an entry; what is coded
//! once more, as base64 is, is not looked into. Source: product.md "Decided" (Size),
//! sessions-api.md 7.5, trust.md R32.

use std::collections::{BTreeSet, VecDeque};
use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use axum::body::Bytes;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::deliver::public;
use super::fields::shown;
use crate::model::secret::{luhn, mask_digits};

/// Longest body kept of one message, in bytes.
const BODY_BYTES: usize = 8 * 1024;

/// Digits of a card number.
const NUMBER: RangeInclusive<usize> = 13..=19;

/// What stands for a secret.
const HIDDEN: &str = "••••";

/// A ring that is bounded in bytes.
pub(super) struct Ring<T> {
    entries: VecDeque<(usize, T)>,
    bytes: usize,
    limit: usize,
    pub(super) dropped: u64,
}

impl<T> Ring<T> {
    pub(super) fn new(limit: usize) -> Self {
        Self { entries: VecDeque::new(), bytes: 0, limit, dropped: 0 }
    }

    /// Adds an entry of about so many bytes; the oldest go.
    pub(super) fn push_sized(&mut self, bytes: usize, entry: T) {
        self.bytes += bytes;
        self.entries.push_back((bytes, entry));
        while self.bytes > self.limit {
            let Some((freed, _)) = self.entries.pop_front() else { break };
            self.bytes -= freed;
            self.dropped += 1;
        }
    }

    /// Newest first.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.entries.iter().rev().map(|(_, entry)| entry)
    }
}

impl Ring<Entry> {
    pub(super) fn push(&mut self, entry: Entry) {
        self.push_sized(entry.bytes(), entry);
    }
}

/// One request with its answer. What it holds is raw; only [`Entry::json`] shows it, masked,
/// so that nobody pays for masking what nobody reads.
#[derive(Clone)]
pub(super) struct Entry {
    at: Timestamp,
    method: Method,
    path: Box<str>,
    request_id: Uuid,
    user_agent: Option<Box<[u8]>>,
    credentials: &'static str,
    status: u16,
    took: Duration,
    request: Kept,
    response: Kept,
}

impl Entry {
    pub(super) fn new(parts: &Parts, at: Timestamp, request_id: Uuid) -> Self {
        let path = parts.uri.path(); // visible ASCII, as all that the server lets in
        Self {
            at,
            method: parts.method.clone(),
            path: path.get(..512).unwrap_or(path).into(),
            request_id,
            user_agent: parts.headers.get(USER_AGENT).map(|value| value.as_bytes().into()),
            credentials: "none",
            status: 0,
            took: Duration::ZERO,
            request: Kept::Nothing,
            response: Kept::Nothing,
        }
    }

    pub(super) fn request(&mut self, headers: &HeaderMap, body: &Bytes) {
        let given = headers.get(AUTHORIZATION).map(|value| value.to_str().unwrap_or_default().trim());
        self.credentials = match given {
            None => "none",
            Some(text) if text.starts_with("sek_") || text.starts_with("Bearer sek_") => "session secret",
            Some(text) if text.starts_with("Bearer ") => "token",
            Some(text) if text.starts_with("Basic ") => "basic",
            Some(_) => "other",
        };
        self.request = Kept::of(headers, body);
    }

    pub(super) fn answer(&mut self, status: StatusCode, headers: &HeaderMap, body: &Bytes, took: Duration) {
        self.status = status.as_u16();
        self.took = took;
        self.response = Kept::of(headers, body);
    }

    /// With what the allocator adds to five pieces.
    fn bytes(&self) -> usize {
        let agent = self.user_agent.as_ref().map_or(0, |agent| agent.len());
        size_of::<Self>() + 5 * 16 + self.path.len() + agent + self.request.bytes() + self.response.bytes()
    }

    pub(super) fn json(&self) -> Value {
        let mut entry = json!({
            "at": shown(self.at), "method": self.method.as_str(), "path": harmless(&self.path), "status": self.status,
            "request_id": self.request_id.to_string(), "credentials": self.credentials,
            "took_microseconds": u64::try_from(self.took.as_micros()).unwrap_or(u64::MAX),
        });
        let agent = self.user_agent.as_ref().map(|agent| harmless(&String::from_utf8_lossy(agent)));
        for (name, text) in
            [("user_agent", agent), ("request", self.request.masked()), ("response", self.response.masked())]
        {
            if let Some(text) = text {
                entry[name] = text.into();
            }
        }
        entry
    }
}

/// What is kept of a body.
#[derive(Clone)]
enum Kept {
    Nothing,
    Form(Bytes),
    Json(Bytes),
    /// A page of so many bytes.
    Page(usize),
    /// More bytes than are kept.
    Long(usize),
}

impl Kept {
    fn of(headers: &HeaderMap, body: &Bytes) -> Self {
        let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        match body.len() {
            0 => Self::Nothing,
            length if kind.starts_with("text/html") => Self::Page(length),
            length if length > BODY_BYTES => Self::Long(length),
            _ if kind.starts_with("application/x-www-form-urlencoded") => Self::Form(body.clone()),
            _ => Self::Json(body.clone()),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Form(body) | Self::Json(body) => body.len(),
            Self::Nothing | Self::Page(_) | Self::Long(_) => 0,
        }
    }

    /// The body without its secrets, as text.
    fn masked(&self) -> Option<String> {
        Some(match self {
            Self::Nothing => return None,
            Self::Form(body) => masked_form(body),
            Self::Json(body) => match serde_json::from_slice::<Value>(body) {
                Ok(mut value) => {
                    mask(&mut value);
                    value.to_string()
                }
                Err(_) => format!("{} bytes that are not JSON", body.len()),
            },
            Self::Page(length) => format!("page of {length} bytes"),
            Self::Long(length) => format!("{length} bytes, too long for the log"),
        })
    }
}

fn masked_form(body: &[u8]) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in url::form_urlencoded::parse(body) {
        let shown = match Named::by(&name) {
            Some(Named::Secret) => "***".to_owned(),
            Some(Named::Number) => mask_digits(&value),
            None => harmless(&value),
        };
        form.append_pair(&harmless(&name), &shown);
    }
    form.finish()
}

/// What a member's name says about its value.
enum Named {
    /// Never shown, whatever it is.
    Secret,
    /// A card number, right or wrong.
    Number,
}

impl Named {
    /// Source: trust.md R32, and what this API adds.
    fn by(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().replace('-', "_").as_str() {
            "authorization"
            | "cookie"
            | "set_cookie"
            | "client_secret"
            | "client_assertion"
            | "access_token"
            | "refresh_token"
            | "id_token"
            | "token"
            | "session_secret"
            | "signature_key"
            | "cko_signature"
            | "password"
            | "otp"
            | "cvv"
            | "cvv2"
            | "cvc"
            | "cvc2"
            | "cav2"
            | "cid"
            | "security_code"
            | "cryptogram"
            | "cavv"
            | "authentication_value"
            | "authenticationvalue"
            | "authentication_data"
            | "three_ds_req_auth_data" => Some(Self::Secret),
            "number" | "card_number" | "acctnumber" | "pan" => Some(Self::Number),
            _ => None,
        }
    }
}

/// Masks secrets and card numbers in place, at any depth.
fn mask(value: &mut Value) {
    match value {
        Value::Object(object) => {
            *object = std::mem::take(object).into_iter().map(masked_member).collect();
        }
        Value::Array(list) => list.iter_mut().for_each(mask),
        Value::String(text) => *text = harmless(text),
        Value::Number(number) => {
            let digits = number.to_string();
            let shown = without_numbers(&digits);
            if shown != digits {
                *value = shown.into();
            }
        }
        Value::Null | Value::Bool(_) => (),
    }
}

fn masked_member((name, mut value): (String, Value)) -> (String, Value) {
    match (Named::by(&name), &mut value) {
        (_, Value::Null) => (),
        (Some(Named::Secret), _) => value = HIDDEN.into(),
        (Some(Named::Number), Value::String(digits)) => *digits = mask_digits(digits),
        (Some(Named::Number), Value::Number(digits)) => value = mask_digits(&digits.to_string()).into(),
        // Fixed headers of a workflow: any of them may be a key.
        (None, Value::Object(headers)) if name == "headers" => {
            headers.values_mut().for_each(|value| *value = HIDDEN.into());
        }
        (_, other) => mask(other),
    }
    (harmless(&name), value)
}

/// A text without what nobody's name announces: card numbers, and passwords in addresses.
fn harmless(text: &str) -> String {
    if Uuid::try_parse(text).is_ok() { text.to_owned() } else { without_numbers(&public(text)) }
}

/// Hides the middle of what may be a card number: digits, in groups or not, with the right
/// check digit.
fn without_numbers(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut groups: Vec<Range<usize>> = Vec::new();
    for at in (0..bytes.len()).filter(|at| bytes[*at].is_ascii_digit()) {
        match groups.last_mut() {
            Some(group) if group.end == at => group.end += 1,
            _ => groups.push(at..at + 1),
        }
    }
    let mut hidden = BTreeSet::<usize>::new();
    for first in 0..groups.len() {
        let places = number_at(bytes, &groups[first..]);
        hidden.extend(places.get(6..places.len().saturating_sub(4)).unwrap_or_default());
    }
    if hidden.is_empty() {
        return text.to_owned();
    }
    text.char_indices().map(|(at, letter)| if hidden.contains(&at) { '•' } else { letter }).collect()
}

/// Where the digits stand of the longest number that begins with the first group; nowhere if
/// there is none.
fn number_at(bytes: &[u8], groups: &[Range<usize>]) -> Vec<usize> {
    let (mut places, mut longest) = (Vec::<usize>::new(), Vec::new());
    for group in groups {
        let joined = places.last().is_none_or(|last| last + 2 == group.start && matches!(bytes[last + 1], b' ' | b'-'));
        if !joined || places.len() + group.len() > *NUMBER.end() {
            break;
        }
        places.extend(group.clone());
        let digits: Vec<u8> = places.iter().map(|at| bytes[*at]).collect();
        if NUMBER.contains(&digits.len()) && luhn(&digits) {
            longest.clone_from(&places);
        }
    }
    longest
}
