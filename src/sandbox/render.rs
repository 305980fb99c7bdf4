//! A session as the API shows it, and as the callback carries it.
//!
//! Promises: no `null`, no card number, no member that changes its type; with the session
//! secret exactly four members less. Written by hand from the contract, so that a mistake
//! in the client's types cannot hide here. Source: sessions-api.md 4.3, 4.4, 4.7, 6.1.

use std::time::Duration;

use serde_json::{Value, json};

use super::Shared;
use super::fields::{Object, shown};
use super::keys::Keys;
use super::scheme::{ACS_OPERATOR, ACS_REFERENCE, asks_exemption, encoded_creq, information};
use super::session::{Session, Status};
use super::validate::Completion;

/// Who reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    /// A back end with an access token.
    Token,
    /// Somebody with the session's secret.
    Secret,
}

/// How much is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Schema {
    Full,
    /// A create that was answered 202.
    Short,
}

/// What a picture of a session depends on, besides the session.
pub(super) struct View<'a> {
    pub(super) app: &'a Shared,
    pub(super) base: &'a str,
    pub(super) reader: Reader,
    pub(super) schema: Schema,
    /// How long the cryptogram is shown, from creation.
    pub(super) cryptogram_lasts: Duration,
}

/// Collects members that are there.
struct Members(Object);

impl Members {
    fn put(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    fn maybe(&mut self, name: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.put(name, value);
        }
    }
}

/// A session as JSON.
pub(super) fn session(session: &Session, view: &View) -> Value {
    let mut members = Members(Object::new());
    let out = &mut members;
    let token = view.reader == Reader::Token;
    out.put("id", session.id.as_str());
    if token {
        out.put("session_secret", session.secret.expose());
    }
    out.put("transaction_id", session.transaction_id.as_str());
    out.put("scheme", session.scheme.word());
    out.put("amount", session.draft.amount.unwrap_or(0));
    out.put("currency", session.draft.currency.as_str());
    out.put("completed", session.completed);
    out.put("authentication_type", session.draft.authentication_type);
    out.put("authentication_category", session.draft.category);
    out.put("status", session.status.word());
    out.put("protocol_version", session.version);
    out.maybe("reference", session.draft.reference.as_deref());
    out.put("transaction_type", session.draft.transaction_type);
    out.put("challenge_indicator", shown_indicator(session));
    out.put("next_actions", session.next_actions());
    out.put("authentication_date", shown(session.verdict.as_ref().map_or(session.created, |verdict| verdict.at)));
    session.draft.echoes.iter().for_each(|(name, echo)| out.put(name, echo.clone()));
    experiences(session, out);
    if !session.triggers.no_vault {
        out.put("card", card(session));
    }
    if view.schema == Schema::Full {
        full(session, view, out);
    }
    out.put("_links", links(session, view.base));
    Value::Object(members.0)
}

/// Members of the full schema only.
fn full(session: &Session, view: &View, out: &mut Members) {
    if view.reader == Reader::Token {
        let keys = &view.app.keys;
        out.put("certificates", json!({"ds_public": keys.ds_public, "ca_public": keys.ca_public}));
    }
    if let Some(directory) = &session.directory {
        let mut ds = json!({"ds_id": session.scheme.ds_id(), "reference_number": session.scheme.ds_reference()});
        if let Some(id) = &directory.transaction_id {
            ds["transaction_id"] = id.as_str().into();
        }
        out.put("ds", ds);
    }
    out.maybe("acs", acs(session));
    if session.acs.is_some() {
        out.put("flow_type", if session.challenge.is_some() { "challenged" } else { "frictionless" });
    }
    if session.status == Status::Challenged {
        out.put("response_code", "C");
    }
    if session.directory.is_some() && asks_exemption(session.draft.challenge_indicator) {
        let asked = session.draft.challenge_indicator;
        let granted = if asked == "trusted_listing_prompt" { "trusted_listing" } else { asked };
        let applied = if session.triggers.exempt { granted } else { "none" };
        out.put("exemption", json!({"requested": asked, "applied": applied}));
    }
    if session.scheme.word() == "cartes_bancaires" && session.directory.is_some() {
        out.put("scheme_info", json!({"name": "cartes_bancaires", "score": "20", "avalgo": "6"}));
        out.maybe("customer_ip", session.browser.as_ref().map(|browser| browser.ip_address.as_str()));
    }
    out.maybe("3ds", three_ds(session));
    result(session, view, out);
}

/// Members of a final state.
fn result(session: &Session, view: &View, out: &mut Members) {
    let Some(verdict) = &session.verdict else { return };
    out.put("approved", session.status.succeeded());
    out.maybe("challenged", verdict.challenged);
    out.maybe("status_reason", verdict.status_reason);
    out.maybe("response_code", verdict.response_code.map(String::from));
    out.maybe("response_status_reason", verdict.reason);
    out.maybe("cardholder_info", information(session));
    out.maybe("xid", xid(session));
    if view.reader == Reader::Token {
        out.maybe("eci", verdict.eci);
        let shown = view.app.clock.passed() < session.born + view.cryptogram_lasts;
        out.maybe("cryptogram", verdict.cryptogram.as_deref().filter(|_| shown));
    }
}

/// Source: sessions-api.md 4.3: the transaction id, for Mastercard the directory's.
pub(super) fn xid(session: &Session) -> Option<&str> {
    session.verdict.as_ref()?.status_reason?;
    let directory = session.directory.as_ref().and_then(|ds| ds.transaction_id.as_deref());
    match session.scheme.word() {
        "mastercard" => directory.or(Some(&session.transaction_id)),
        _ => Some(&session.transaction_id),
    }
}

/// What was asked for, unless it was an exemption that was not granted (sessions-api.md Q26).
fn shown_indicator(session: &Session) -> &'static str {
    let asked = session.draft.challenge_indicator;
    let refused = asks_exemption(asked) && session.directory.is_some() && !session.triggers.exempt;
    if refused { "no_challenge_requested" } else { asked }
}

fn experiences(session: &Session, out: &mut Members) {
    let Some(wanted) = &session.draft.experiences else { return };
    let mut object = Object::new();
    for name in wanted {
        let state = match (*name, session.status) {
            ("google_spa", _) => json!({"status": "unavailable", "reason": ["not_simulated"]}),
            (_, status) if status.is_final() => json!({"status": "processed"}),
            _ => json!({"status": "available"}),
        };
        object.insert((*name).to_owned(), state);
    }
    out.put("preferred_experiences", object);
    out.put("experience", "3ds");
}

/// Source: sessions-api.md 4.3; product data invented, the same for every card of a scheme.
fn card(session: &Session) -> Value {
    let scheme = session.scheme.word();
    json!({
        "instrument_id": session.instrument_id,
        "fingerprint": Keys::fingerprint(session.pan.expose()),
        "metadata": {
            "card_type": if scheme == "amex" { "CHARGE" } else { "CREDIT" }, "card_category": "CONSUMER",
            "issuer_name": super::issuer::BANK, "issuer_country": "GB",
        },
    })
}

fn acs(session: &Session) -> Option<Value> {
    let acs = session.acs.as_ref()?;
    let mut object = json!({
        "reference_number": ACS_REFERENCE, "transaction_id": acs.transaction_id, "operator_id": ACS_OPERATOR,
        "challenge_mandated": session.challenge.is_some(),
    });
    if let Some(url) = &acs.challenge_url {
        object["url"] = url.as_str().into();
        object["authentication_type"] = "02".into();
    }
    if let Some((reason, code)) = session.verdict.as_ref().and_then(|verdict| verdict.cancel) {
        object["challenge_cancel_reason"] = reason.into();
        object["challenge_cancel_reason_code"] = code.into();
    }
    Some(object)
}

fn three_ds(session: &Session) -> Option<Value> {
    let mut object = Object::new();
    if let Some(creq) = encoded_creq(session) {
        object.insert("challenge_request".to_owned(), creq.into());
    }
    if let (Some(challenge), true) = (&session.challenge, session.status.is_final()) {
        object.insert("interaction_counter".to_owned(), format!("{:02}", challenge.interactions).into());
    }
    if let Some((code, component, description)) = session.verdict.as_ref().and_then(|verdict| verdict.error) {
        let details = json!({
            "error_code": code, "error_component": component,
            "error_description": description, "error_detail": description,
        });
        object.insert("error_details".to_owned(), details);
    }
    (!object.is_empty()).then_some(Value::Object(object))
}

/// A link is there exactly when its action is. Source: sessions-api.md 4.7.
fn links(session: &Session, base: &str) -> Value {
    let mut links = Object::new();
    let mut put = |name: &str, href: String| {
        links.insert(name.to_owned(), json!({"href": href}));
    };
    let own = format!("{base}/sessions/{}", session.id);
    for action in session.next_actions() {
        match action {
            "collect_channel_data" => put(action, format!("{own}/collect-data")),
            "issuer_fingerprint" => {
                put(action, format!("{own}/issuer-fingerprint"));
                put("three_ds_method_url", format!("{base}/simulator/acs/3ds-method"));
            }
            "complete" => put(action, format!("{own}/complete")),
            "redirect_cardholder" => put("redirect_url", format!("{base}/sessions-interceptor/{}", session.id)),
            _ => (),
        }
    }
    match &session.draft.completion {
        Completion::Hosted { success_url, failure_url, .. } => {
            put("success_url", success_url.clone());
            put("failure_url", failure_url.clone());
        }
        Completion::NonHosted { callback_url: Some(url), .. } => put("callback_url", url.clone()),
        Completion::NonHosted { .. } => (),
    }
    put("self", own);
    Value::Object(links)
}

/// The body of the callback: the result under two other names. Source: sessions-api.md 6.1.
pub(super) fn callback(session: &Session) -> Value {
    let mut members = Members(Object::new());
    let out = &mut members;
    out.put("session_id", session.id.as_str());
    out.put("amount", session.draft.amount.unwrap_or(0));
    out.put("currency", session.draft.currency.as_str());
    out.put("status", session.status.word());
    out.put("authentication_type", session.draft.authentication_type);
    out.put("authentication_category", session.draft.category);
    out.maybe("reference", session.draft.reference.as_deref());
    out.put("protocol_version", session.version);
    if let Some(verdict) = &session.verdict {
        out.put("approved", session.status.succeeded());
        out.maybe("response_code", verdict.response_code.map(String::from));
        out.maybe("response_reason", verdict.reason);
        out.maybe("cardholder_info", information(session));
        out.maybe("cryptogram", verdict.cryptogram.as_deref());
        out.maybe("eci", verdict.eci);
        out.maybe("xid", xid(session));
        out.maybe("challenged", verdict.challenged);
    }
    Value::Object(members.0)
}
