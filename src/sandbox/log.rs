//! Rings of what has happened: requests with their answers, and hidden messages.
//!
//! Promises: bounded memory, a visible count of what was dropped, and no secret and no
//! full card number in any entry. Source: product.md "Decided" (Size), sessions-api.md 7.5.

use std::collections::VecDeque;
use std::time::Duration;

use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, Method, StatusCode};
use serde_json::{Map, Value, json};

use super::fields::shown;
use crate::clock::Clock;
use crate::model::secret::mask_digits;

/// Longest body kept of one message, in bytes.
const BODY_BYTES: usize = 8 * 1024;

/// Members whose values are never kept.
const SECRETS: [&str; 9] = [
    "client_secret",
    "access_token",
    "session_secret",
    "password",
    "token",
    "cryptogram",
    "client_assertion",
    "signature_key",
    "authorization",
];

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

/// One request with its answer.
pub(super) struct Entry {
    at: String,
    method: String,
    path: String,
    request_id: String,
    pub(super) user_agent: Option<String>,
    credentials: &'static str,
    status: u16,
    took: Duration,
    request: Option<String>,
    response: Option<String>,
}

impl Entry {
    pub(super) fn new(method: &Method, path: &str, clock: &Clock, request_id: &str) -> Self {
        Self {
            at: shown(clock.now()),
            method: method.to_string(),
            path: path.chars().take(512).collect(),
            request_id: request_id.to_owned(),
            user_agent: None,
            credentials: "none",
            status: 0,
            took: Duration::ZERO,
            request: None,
            response: None,
        }
    }

    pub(super) fn request(&mut self, headers: &HeaderMap, body: &[u8]) {
        let given = headers.get(AUTHORIZATION).map(|value| value.to_str().unwrap_or_default().trim());
        self.credentials = match given {
            None => "none",
            Some(text) if text.starts_with("sek_") || text.starts_with("Bearer sek_") => "session secret",
            Some(text) if text.starts_with("Bearer ") => "token",
            Some(text) if text.starts_with("Basic ") => "basic",
            Some(_) => "other",
        };
        self.request = masked(headers, body);
    }

    pub(super) fn answer(&mut self, status: StatusCode, headers: &HeaderMap, body: &[u8], took: Duration) {
        self.status = status.as_u16();
        self.took = took;
        self.response = masked(headers, body);
    }

    fn bytes(&self) -> usize {
        let bodies = [&self.request, &self.response, &self.user_agent];
        256 + self.path.len() + bodies.into_iter().flatten().map(String::len).sum::<usize>()
    }

    pub(super) fn json(&self) -> Value {
        let mut entry = json!({
            "at": self.at, "method": self.method, "path": self.path, "status": self.status,
            "request_id": self.request_id, "credentials": self.credentials,
            "took_microseconds": u64::try_from(self.took.as_micros()).unwrap_or(u64::MAX),
        });
        let bodies = [("user_agent", &self.user_agent), ("request", &self.request), ("response", &self.response)];
        for (name, text) in bodies {
            if let Some(text) = text {
                entry[name] = text.as_str().into();
            }
        }
        entry
    }
}

/// A body without its secrets; pages are not kept.
fn masked(headers: &HeaderMap, body: &[u8]) -> Option<String> {
    if body.is_empty() {
        return None;
    }
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let text = if kind.starts_with("application/x-www-form-urlencoded") {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in url::form_urlencoded::parse(body) {
            let hidden = SECRETS.contains(&name.as_ref());
            form.append_pair(&name, if hidden { "***" } else { &value });
        }
        form.finish()
    } else if kind.starts_with("text/html") {
        format!("page of {} bytes", body.len())
    } else if body.len() > BODY_BYTES {
        format!("{} bytes, too long for the log", body.len())
    } else {
        match serde_json::from_slice::<Value>(body) {
            Ok(mut value) => {
                mask(&mut value);
                value.to_string()
            }
            Err(_) => format!("{} bytes that are not JSON", body.len()),
        }
    };
    Some(if text.len() > BODY_BYTES { format!("{} bytes, too long for the log", text.len()) } else { text })
}

/// Masks secrets and card numbers in place, at any depth.
pub(super) fn mask(value: &mut Value) {
    match value {
        Value::Object(object) => mask_members(object),
        Value::Array(list) => list.iter_mut().for_each(mask),
        _ => (),
    }
}

fn mask_members(object: &mut Map<String, Value>) {
    for (name, value) in object {
        match value {
            Value::String(text) if SECRETS.contains(&name.as_str()) => "••••".clone_into(text),
            Value::String(text) if name == "number" || name == "acctNumber" => *text = mask_digits(text),
            // Fixed headers of a workflow: any of them may be a key.
            Value::Object(headers) if name == "headers" => {
                headers.values_mut().for_each(|value| *value = Value::from("••••"));
            }
            other => mask(other),
        }
    }
}
