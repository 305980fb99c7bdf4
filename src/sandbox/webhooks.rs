//! Webhooks: events about sessions, sent to the merchant's workflow until they are acknowledged.
//!
//! Promises: the same id and the same bytes in each attempt; no answer of the API waits for a
//! delivery; nothing is made while no workflow is set. Retries go by the sandbox's clock. An
//! event that leaves the list (a reset, or a thousand newer ones) is not tried again. Members
//! of `data` are picked from the session as the API shows it, so the two cannot disagree.
//! Source: sessions-api.md 6.4.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use axum::body::Bytes;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::fields::{Findings, Need, Object, Reader, shown};
use super::given::{Given, Members};
use super::keys::hmac;
use super::render::{self, Schema, View};
use super::session::{Session, Status};
use super::state::State as Store;
use super::{Shared, deliver};
use crate::model::Secret;

/// Seconds from one attempt to the next; after the last the event is dropped.
const RETRIES: [u64; 8] = [300, 600, 900, 1800, 3600, 14_400, 43_200, 43_200];
/// Default of the factor on them.
const SCALE: f64 = 1.0 / 60.0;
/// Stands for a secret that is set; given back, it keeps it.
const MASK: &str = "••••";
/// Fixed headers at most.
const HEADERS: usize = 16;

const STARTED: &str = "authentication_started";
const FAILED: &str = "authentication_failed";
/// All types.
const KINDS: &[(&str, &[&str])] = &[
    (STARTED, &[]),
    ("authentication_approved", &[]),
    ("authentication_attempted", &[]),
    (FAILED, &[]),
    ("authentication_expired", &[]),
];

/// Where events go, and which.
#[derive(Debug, Clone)]
pub(super) struct Workflow {
    url: String,
    signature_key: Option<Secret>,
    authorization: Option<Secret>,
    headers: Vec<(HeaderName, Secret)>,
    events: Vec<&'static str>,
    /// Factor on the waiting times.
    retry_scale: f64,
    /// Failed events lack the wrapper `data`, as they once did.
    malformed_failed_event: bool,
}

impl Workflow {
    /// Reads a whole workflow in place of the old one; without an address there is none.
    /// A secret that reads `••••` is taken over from the old one.
    pub(super) fn read(object: &Members, findings: &mut Findings, old: Option<&Self>) -> Option<Self> {
        const KNOWN: [&str; 7] =
            ["url", "signature_key", "authorization", "headers", "events", "retry_scale", "malformed_failed_event"];
        object.keys().filter(|name| !KNOWN.contains(name)).for_each(|name| findings.invalid(name));
        let mut reader = Reader::new(object, findings);
        let url = reader.web_address("url", Need::May);
        let signature_key = reader.text("signature_key", Need::May, 1..=1024);
        let authorization = reader.matching("authorization", Need::May, |text| HeaderValue::from_str(text).is_ok());
        let events =
            reader.words("events", Need::May, KINDS).unwrap_or_else(|| KINDS.iter().map(|(kind, _)| *kind).collect());
        let retry_scale = match reader.raw("retry_scale") {
            None => SCALE,
            Some(value) => value.as_f64().filter(|scale| (0.0..=1000.0).contains(scale)).unwrap_or_else(|| {
                reader.findings.invalid("retry_scale");
                SCALE
            }),
        };
        let malformed_failed_event = reader.flag("malformed_failed_event").unwrap_or(false);
        let given = reader.object("headers", Need::May);
        // The last of those with one name counts, so that none is sent twice.
        let last =
            |name: &str, value| given.and_then(|given| given.get(name)).is_some_and(|last| std::ptr::eq(last, value));
        let given = given.into_iter().flat_map(Members::iter).filter(|(name, value)| last(name, *value));
        let headers: Option<Vec<_>> = given.map(|(name, value)| fixed_header(name, value, old)).collect();
        let headers = headers.filter(|headers| headers.len() <= HEADERS).unwrap_or_else(|| {
            reader.findings.invalid("headers");
            Vec::new()
        });
        let kept = |given: Option<String>, old: Option<&Secret>| match given {
            Some(text) if text == MASK => old.cloned(),
            other => other.map(Secret::new),
        };
        Some(Self {
            url: url?,
            signature_key: kept(signature_key, old.and_then(|old| old.signature_key.as_ref())),
            authorization: kept(authorization, old.and_then(|old| old.authorization.as_ref())),
            headers,
            events,
            retry_scale,
            malformed_failed_event,
        })
    }

    /// For the control API: secrets are only said to be there.
    pub(super) fn json(&self) -> Value {
        let mut shown = json!({
            "url": self.url, "events": self.events, "retry_scale": self.retry_scale,
            "malformed_failed_event": self.malformed_failed_event,
            "headers": self.headers.iter().map(|(name, _)| (name.to_string(), MASK.into())).collect::<Object>(),
        });
        for (name, secret) in [("signature_key", &self.signature_key), ("authorization", &self.authorization)] {
            if secret.is_some() {
                shown[name] = MASK.into();
            }
        }
        shown
    }

    /// All headers but the content type.
    fn headers(&self, signature: Option<&str>) -> Vec<(HeaderName, HeaderValue)> {
        let fixed = self.headers.iter().map(|(name, value)| (name.clone(), value.expose()));
        let authorization = self.authorization.iter().map(|value| (AUTHORIZATION, value.expose()));
        let signature = signature.map(|text| (HeaderName::from_static("cko-signature"), text));
        let all = fixed.chain(authorization).chain(signature);
        // Each was checked when it was set.
        all.filter_map(|(name, text)| Some((name, HeaderValue::from_str(text).ok()?))).collect()
    }
}

/// One of the further headers; not one that we write ourselves.
fn fixed_header(name: &str, value: &Given, old: Option<&Workflow>) -> Option<(HeaderName, Secret)> {
    let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
    let own = [AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName::from_static("cko-signature")];
    let framing = ["content-length", "transfer-encoding", "connection", "expect", "upgrade", "te", "trailer"];
    let text = value.as_str().filter(|text| HeaderValue::from_str(text).is_ok())?;
    if own.contains(&name) || framing.contains(&name.as_str()) {
        return None;
    }
    let known = old.and_then(|old| old.headers.iter().find(|(known, _)| *known == name));
    match known {
        Some((_, secret)) if text == MASK => Some((name, secret.clone())),
        _ => Some((name, Secret::new(text))),
    }
}

/// How far an event has come.
#[derive(Debug)]
struct Progress {
    /// `waiting`, `delivered`, `dropped`, or `recorded` if it is not to be sent.
    state: &'static str,
    attempts: Vec<Value>,
    /// When it is tried again, on the sandbox's clock.
    next: Option<Timestamp>,
}

/// An event that was made.
#[derive(Debug)]
pub(super) struct Event {
    id: String,
    kind: &'static str,
    session: String,
    at: Timestamp,
    body: Bytes,
    signature: Option<String>,
    workflow: Arc<Workflow>,
    progress: Mutex<Progress>,
}

impl Event {
    fn progress(&self) -> MutexGuard<'_, Progress> {
        // Its holders do not panic half way.
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For the control API.
    pub(super) fn json(&self) -> Value {
        let progress = self.progress();
        let mut shown_event = json!({
            "id": self.id, "type": self.kind, "session_id": self.session, "at": shown(self.at),
            "url": deliver::public(&self.workflow.url), "state": progress.state, "attempts": progress.attempts,
            "body": serde_json::from_slice::<Value>(&self.body).unwrap_or_default(),
        });
        if let Some(signature) = &self.signature {
            shown_event["signature"] = signature.as_str().into();
        }
        if let Some(next) = progress.next {
            shown_event["next_attempt"] = shown(next).into();
        }
        shown_event
    }

    /// Notes an attempt. True if it was the last that is needed or allowed.
    fn note(&self, at: Timestamp, outcome: Result<u16, &'static str>, wait: Option<Duration>) -> bool {
        let accepted = outcome.is_ok_and(|status| (200..300).contains(&status));
        let attempt = match outcome {
            Ok(status) => json!({"at": shown(at), "status": status}),
            Err(reason) => json!({"at": shown(at), "failed": reason}),
        };
        let mut progress = self.progress();
        progress.attempts.push(attempt);
        progress.next = wait.filter(|_| !accepted).and_then(|wait| at.checked_add(wait).ok());
        progress.state = match (accepted, wait) {
            (true, _) => "delivered",
            (false, Some(_)) => "waiting",
            (false, None) => "dropped",
        };
        progress.state != "waiting"
    }
}

/// Makes the event of a session's present state and sends it on its way; nothing if there is
/// no workflow that wants it.
pub(super) fn announce(app: &Arc<Shared>, store: &mut Store, id: &str) {
    let Some(workflow) = &store.settings.webhooks else { return };
    let Some(session) = store.sessions.get(id) else { return };
    let kind = kind(session.status);
    if !workflow.events.contains(&kind) {
        return;
    }
    let workflow = Arc::clone(workflow);
    let base = app.base.get().map_or("", String::as_str);
    let reader = render::Reader::Token;
    let view = View { app, base, reader, schema: Schema::Full, for_app: false };
    let full: Value = serde_json::from_slice(&render::session(session, &view)).expect("what we wrote is JSON");
    let (id, at) = (app.event_ids.id("evt_"), app.clock.now());
    let data = data(kind, session, &full);
    let body = Bytes::from(envelope(&id, kind, at, data, base, &workflow).to_string());
    let signature = workflow.signature_key.as_ref().map(|key| signed(key, &body));
    let send = store.settings.callbacks.reaches(&workflow.url);
    let state = if send { "waiting" } else { "recorded" };
    let progress = Mutex::new(Progress { state, attempts: Vec::new(), next: None });
    let event = Event { id, kind, session: session.id.clone(), at, body, signature, workflow, progress };
    let event = Arc::new(event);
    if send {
        let (app, stop, event) = (Arc::clone(app), app.stop.clone(), Arc::downgrade(&event));
        tokio::spawn(stop.run_until_cancelled_owned(async move { carry(&app, &event).await }));
    }
    store.remember_event(event);
}

/// Tries until it is acknowledged, dropped or forgotten.
async fn carry(app: &Shared, event: &Weak<Event>) {
    for wait in RETRIES.iter().map(Some).chain([None]) {
        let turn = app.courier.turn().await;
        let Some(event) = event.upgrade() else { return };
        let wait = wait.map(|seconds| Duration::from_secs(*seconds).mul_f64(event.workflow.retry_scale));
        let headers = event.workflow.headers(event.signature.as_deref());
        let (at, due) = (app.clock.now(), app.clock.passed() + wait.unwrap_or_default());
        let outcome = app.post_through(&event.session, &event.workflow.url, headers, event.body.clone()).await;
        if event.note(at, outcome, wait) {
            return;
        }
        drop((event, turn)); // so that it can be forgotten while it waits
        app.clock.sleep(due.saturating_sub(app.clock.passed())).await;
    }
}

/// HMAC-SHA-256 of the raw body, hex in lower case.
fn signed(key: &Secret, body: &[u8]) -> String {
    hmac(key.expose().as_bytes(), &[body]).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The type of the event that a state is told by.
fn kind(status: Status) -> &'static str {
    match status {
        Status::Pending | Status::Processing | Status::Challenged => STARTED,
        Status::Approved => "authentication_approved",
        Status::Attempted => "authentication_attempted",
        Status::Declined | Status::Rejected | Status::Unavailable | Status::ChallengeAbandoned => FAILED,
        Status::Expired => "authentication_expired",
    }
}

fn envelope(id: &str, kind: &str, at: Timestamp, data: Object, base: &str, workflow: &Workflow) -> Value {
    let mut envelope = json!({
        "id": id, "type": kind, "version": "1.0.1",
        "created_on": at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
    });
    if let Value::Object(members) = &mut envelope {
        if kind == FAILED && workflow.malformed_failed_event {
            // «ours»: what a lost wrapper leaves behind; an envelope's own members stay.
            data.into_iter().for_each(|(name, value)| {
                members.entry(name).or_insert(value);
            });
        } else {
            members.insert("data".to_owned(), Value::Object(data));
        }
        let own = format!("{base}/workflows/events/{id}");
        members.insert("_links".to_owned(), json!({"self": {"href": own}}));
    }
    envelope
}

/// `data` of an event, picked from the session as the API shows it.
fn data(kind: &str, session: &Session, full: &Value) -> Object {
    let mut out = Object::new();
    let mut put = |name: &str, value: &Value| {
        if !value.is_null() {
            out.insert(name.to_owned(), value.clone());
        }
    };
    put("session_id", &full["id"]);
    put("amount", &full["amount"].to_string().into());
    put("currency", &full["currency"]);
    put("type", &full["authentication_type"]);
    put("response_code", &full["response_code"]);
    if kind != STARTED {
        put("eci", &full["eci"]);
        put("xid", &full["xid"]);
        put("challenged", &full["challenged"]);
        let mandated = full["acs"]["challenge_mandated"] == true;
        put("acs_challenged_mandated", &mandated.into());
        let applied = full["exemption"]["applied"].as_str().unwrap_or("none");
        put("exemption_applied", &applied.into());
    }
    put("challenge_indicator", &full["challenge_indicator"]);
    put("protocol_version", &full["protocol_version"]);
    put("scheme", &full["scheme"]);
    put("reference", &full["reference"]);
    if kind == STARTED {
        return out;
    }
    put("experience", &"3ds".into());
    put("3ds_transaction_id", &full["transaction_id"]);
    put("ds_transaction_id", &full["ds"]["transaction_id"]);
    put("acs_transaction_id", &full["acs"]["transaction_id"]);
    if let Some((reason, description)) = reason(session.status, session.challenge.is_some()) {
        put("reason", &reason.into());
        put("reason_description", &description.into());
        put("transaction_status_reason", &full["status_reason"]);
        put("error_details", &full["3ds"]["error_details"]);
    }
    out
}

/// Why it did not succeed. Two words are documented, the others are ours.
fn reason(status: Status, challenged: bool) -> Option<(&'static str, &'static str)> {
    Some(match status {
        Status::Unavailable => ("Unavailable", "The authentication could not be performed"),
        Status::Declined => ("Declined", "The cardholder was not authenticated"),
        Status::Rejected => ("Rejected", "The issuer rejected the authentication"),
        Status::ChallengeAbandoned => ("ChallengeAbandoned", "The cardholder cancelled the challenge"),
        Status::Expired if challenged => ("ChallengeExpired", "The challenge was not completed in time"),
        Status::Expired => ("Expired", "The session was not completed in time"),
        _ => return None,
    })
}
