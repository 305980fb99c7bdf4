//! A session as the API shows it, and as the callback carries it.
//!
//! Promises: no `null`, no card number, no member that changes its type; with the session
//! secret exactly four members less. Written by hand from the contract, so that a mistake
//! in the client's types cannot hide here. Source: sessions-api.md 4.3, 4.4, 4.7, 6.1.

use std::time::Duration;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Value, json};

use super::Shared;
use super::bank::BANK;
use super::fields::{Object, shown};
use super::legacy;
use super::scheme::{
    ACS_OPERATOR, ACS_REFERENCE, applied, asks_exemption, encoded_creq, information, is_commercial, other_site,
    requested, script, spc_confirmed, spc_open, trust,
};
use super::session::{Acs, Place, Session, Status};
use super::validate::{Channel, Completion};

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
    /// The caller reads on behalf of an app: the header `channel: app`.
    pub(super) for_app: bool,
}

/// A session as JSON: the one place that renders one.
///
/// Depends on the session, on [`View`], on the sandbox's certificates (which change by a setting only),
/// and on the clock in one thing only: see [`Session::cryptogram_at`].
pub(super) fn session(session: &Session, view: &View) -> Vec<u8> {
    let mut text = Vec::with_capacity(USUAL_BYTES);
    serde_json::to_writer(&mut text, &Picture { session, view })
        .expect("text keys and numbers can be written to memory");
    text
}

/// Room for most pictures.
const USUAL_BYTES: usize = 4096;

struct Picture<'a> {
    session: &'a Session,
    view: &'a View<'a>,
}

/// Writes a member if there is something to write.
fn maybe<M: SerializeMap>(out: &mut M, name: &str, value: Option<impl Serialize>) -> Result<(), M::Error> {
    value.map_or(Ok(()), |value| out.serialize_entry(name, &value))
}

impl Serialize for Picture<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { session, view } = self;
        let draft = &session.draft;
        let mut out = serializer.serialize_map(None)?;
        out.serialize_entry("id", &session.id)?;
        if view.reader == Reader::Token {
            out.serialize_entry("session_secret", session.secret.expose())?;
        }
        out.serialize_entry("transaction_id", &session.transaction_id)?;
        out.serialize_entry("scheme", session.scheme.word())?;
        out.serialize_entry("amount", &draft.amount.unwrap_or(0))?;
        out.serialize_entry("currency", &draft.currency)?;
        out.serialize_entry("completed", &session.completed)?;
        out.serialize_entry("authentication_type", draft.authentication_type)?;
        out.serialize_entry("authentication_category", draft.category)?;
        out.serialize_entry("status", session.status.word())?;
        out.serialize_entry("protocol_version", session.version)?;
        maybe(&mut out, "reference", draft.reference.as_deref())?;
        out.serialize_entry("transaction_type", draft.transaction_type)?;
        out.serialize_entry("challenge_indicator", shown_indicator(session))?;
        out.serialize_entry("next_actions", actions(session, view))?;
        out.serialize_entry("authentication_date", &shown(session.concluded()))?;
        for (name, echo) in &draft.echoes {
            out.serialize_entry(name, echo)?;
        }
        experiences(session, &mut out)?;
        if !session.triggers.no_vault {
            out.serialize_entry("card", &card(session))?;
        }
        devices(session, view, &mut out)?;
        if view.schema == Schema::Full {
            full(session, view, &mut out)?;
        }
        out.serialize_entry("_links", &Links { session, view })?;
        out.end()
    }
}

/// Fingerprinting is not for apps. Source: sessions-api.md 2.2.
fn actions(session: &Session, view: &View) -> &'static [&'static str] {
    let reading = view.for_app && !session.hosted() && session.wants_data();
    if reading { &["collect_channel_data"] } else { session.next_actions() }
}

/// What an app needs to encrypt its data, and what the directory server gave.
fn devices<M: SerializeMap>(session: &Session, view: &View, out: &mut M) -> Result<(), M::Error> {
    let waiting = session.wants_data() && !session.hosted();
    let app = waiting && (session.in_app() || view.for_app);
    let full = view.schema == Schema::Full;
    if view.reader == Reader::Token && session.legacy.is_none() && (full || app) {
        out.serialize_entry("certificates", view.app.keys.certificates())?;
    }
    let ds_id = session.scheme.ds_id();
    match &session.directory {
        Some(directory) => {
            let (reference_number, transaction_id) =
                (Some(session.scheme.ds_reference()), directory.transaction_id.as_deref());
            out.serialize_entry("ds", &Ds { ds_id, reference_number, transaction_id })
        }
        None if app => out.serialize_entry("ds", &Ds { ds_id, reference_number: None, transaction_id: None }),
        None => Ok(()),
    }
}

#[derive(serde::Serialize)]
struct Ds<'a> {
    ds_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference_number: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction_id: Option<&'a str>,
}

/// Members of the full schema only.
fn full<M: SerializeMap>(session: &Session, view: &View, out: &mut M) -> Result<(), M::Error> {
    maybe(out, "acs", session.acs.as_ref().map(|acs| Issuer { session, acs }))?;
    if session.directory.as_ref().is_some_and(|directory| directory.transaction_id.is_some()) {
        out.serialize_entry("flow_type", flow_type(session))?;
    }
    if session.status == Status::Challenged {
        out.serialize_entry("response_code", if session.decoupled() { "D" } else { "C" })?;
    }
    if actions(session, view) == ["authenticate"] {
        maybe(out, "pareq", session.legacy.as_ref().and_then(|legacy| legacy.pareq.as_deref()))?;
    }
    maybe(out, "exemption", exemption(session))?;
    if session.scheme.word() == "cartes_bancaires" && session.directory.is_some() {
        out.serialize_entry("scheme_info", &json!({"name": "cartes_bancaires", "score": "20", "avalgo": "6"}))?;
        if let Some(Channel::Browser(browser)) = &session.channel {
            out.serialize_entry("customer_ip", &browser.ip_address)?;
        }
    }
    maybe(out, "3ds", three_ds(session))?;
    maybe(out, "cardholder_info", information(session))?;
    result(session, view, out)
}

fn flow_type(session: &Session) -> &'static str {
    match &session.challenge {
        Some(_) => "challenged",
        None if applied(session) == "sca_delegation" => "frictionless_delegated",
        None => "frictionless",
    }
}

/// What became of an exemption: one that was asked for, or one that somebody applied unasked.
fn exemption(session: &Session) -> Option<Value> {
    session.directory.as_ref()?;
    let (asked, applied, trust) = (requested(session), applied(session), trust(session));
    if asked.is_none() && applied == "none" && trust.is_none() {
        return None;
    }
    let mut exemption = Object::new();
    if let Some(asked) = asked {
        exemption.insert("requested".to_owned(), asked.into());
    }
    exemption.insert("applied".to_owned(), applied.into());
    if let Some((status, source)) = trust {
        exemption.insert("trusted_beneficiary".to_owned(), json!({"status": status, "source": source}));
    }
    Some(Value::Object(exemption))
}

/// Members of a final state.
fn result<M: SerializeMap>(session: &Session, view: &View, out: &mut M) -> Result<(), M::Error> {
    let Some(verdict) = &session.verdict else { return Ok(()) };
    out.serialize_entry("approved", &session.status.succeeded())?;
    maybe(out, "challenged", verdict.challenged)?;
    maybe(out, "status_reason", verdict.status_reason)?;
    maybe(out, "response_code", verdict.response_code)?;
    maybe(out, "response_status_reason", verdict.reason)?;
    maybe(out, "xid", xid(session))?;
    if view.reader == Reader::Token {
        maybe(out, "eci", verdict.eci)?;
        maybe(out, "cryptogram", session.cryptogram_at(view.app.clock.passed()))?;
    }
    Ok(())
}

/// Source: sessions-api.md 4.3: the transaction id, for Mastercard the directory's; 3DS1 has
/// one of its own.
pub(super) fn xid(session: &Session) -> Option<&str> {
    session.verdict.as_ref()?.status_reason?;
    if let Some(legacy) = &session.legacy {
        return Some(&legacy.xid);
    }
    let directory = session.directory.as_ref().and_then(|ds| ds.transaction_id.as_deref());
    match session.scheme.word() {
        "mastercard" => directory.or(Some(&session.transaction_id)),
        _ => Some(&session.transaction_id),
    }
}

/// What was asked for, unless it was an exemption that was not granted (sessions-api.md Q26).
/// Whoever asks for the trust list to be offered has got that once its status is known.
fn shown_indicator(session: &Session) -> &'static str {
    let asked = session.draft.challenge_indicator;
    let answered = session.legacy.is_some() || session.directory.is_some();
    let offered = asked == "trusted_listing_prompt" && trust(session).is_some();
    let refused = answered && applied(session) == "none" && !offered;
    if asks_exemption(asked) && refused { "no_challenge_requested" } else { asked }
}

fn experiences<M: SerializeMap>(session: &Session, out: &mut M) -> Result<(), M::Error> {
    let Some(wanted) = &session.draft.experiences else { return Ok(()) };
    let mut object = Object::new();
    for name in wanted {
        let state = match (*name, session.status) {
            ("google_spa", _) => json!({"status": "unavailable", "reason": ["not_simulated"]}),
            (_, status) if status.is_final() => json!({"status": "processed"}),
            _ => json!({"status": "available"}),
        };
        object.insert((*name).to_owned(), state);
    }
    out.serialize_entry("preferred_experiences", &object)?;
    out.serialize_entry("experience", "3ds")
}

/// Source: sessions-api.md 4.3; product data invented, the same for every card of a
/// scheme; a company's card where a scenario or a programmable number says so.
fn card(session: &Session) -> Card<'_> {
    let card_type = if session.scheme.word() == "amex" { "CHARGE" } else { "CREDIT" };
    let card_category = if is_commercial(session) { "COMMERCIAL" } else { "CONSUMER" };
    let metadata = Metadata { card_type, card_category, issuer_name: BANK, issuer_country: "GB" };
    Card { instrument_id: &session.card.instrument, fingerprint: &session.card.fingerprint, metadata }
}

#[derive(serde::Serialize)]
struct Card<'a> {
    instrument_id: &'a str,
    fingerprint: &'a str,
    metadata: Metadata,
}

#[derive(serde::Serialize)]
struct Metadata {
    card_type: &'static str,
    card_category: &'static str,
    issuer_name: &'static str,
    issuer_country: &'static str,
}

/// Source: sessions-api.md 4.4.
struct Issuer<'a> {
    session: &'a Session,
    acs: &'a Acs,
}

impl Serialize for Issuer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { session, acs } = self;
        let mut out = serializer.serialize_map(None)?;
        out.serialize_entry("reference_number", ACS_REFERENCE)?;
        out.serialize_entry("transaction_id", &acs.transaction_id)?;
        out.serialize_entry("operator_id", ACS_OPERATOR)?;
        let answer = script(session).and_then(|script| script.ares.as_ref());
        let optional = answer.is_some_and(|answer| answer.acs_challenge_mandated.as_deref() == Some("N"));
        out.serialize_entry("challenge_mandated", &(session.challenge.is_some() && !optional))?;
        match session.challenge.as_ref().map(|challenge| challenge.place) {
            Some(Place::Browser) => out.serialize_entry("authentication_type", proof(session))?,
            Some(Place::Decoupled) => out.serialize_entry("authentication_type", "04")?,
            Some(Place::App) | None => (), // an app's answer has none (sessions-api.md 5.3)
        }
        maybe(&mut out, "url", acs.challenge_url.as_deref())?;
        if let Some(rendering) = &acs.rendering {
            out.serialize_entry("signed_content", &rendering.signed_content)?;
            out.serialize_entry("interface", rendering.interface())?;
            out.serialize_entry("ui_template", rendering.template())?;
        }
        if let Some((reason, code)) = session.verdict.as_ref().and_then(|verdict| verdict.cancel) {
            out.serialize_entry("challenge_cancel_reason", reason)?;
            out.serialize_entry("challenge_cancel_reason_code", code)?;
        }
        out.end()
    }
}

/// `authentication_type` of a challenge in a browser. Source: emv-3ds.md 3.6.
fn proof(session: &Session) -> &str {
    if spc_open(session) || spc_confirmed(session) {
        return "14"; // emv-3ds.md 3.6
    }
    let Some(script) = script(session) else { return "02" };
    let given = script.ares.as_ref().and_then(|answer| answer.authentication_type.as_deref());
    let app = script.challenge.pages.iter().any(|page| page.is_out_of_band());
    given.unwrap_or(if app { "03" } else { "02" })
}

fn three_ds(session: &Session) -> Option<Value> {
    let mut object = Object::new();
    if let Some(creq) = encoded_creq(session) {
        object.insert("challenge_request".to_owned(), creq.into());
    }
    let over = session.challenge.as_ref().filter(|_| session.status.is_final());
    if let Some(challenge) = over.filter(|challenge| challenge.place != Place::Decoupled) {
        object.insert("interaction_counter".to_owned(), format!("{:02}", challenge.interactions).into());
    }
    if let Some(error) = session.verdict.as_ref().and_then(|verdict| verdict.error.as_ref()) {
        let details = json!({
            "error_code": error.code, "error_component": error.component,
            "error_description": error.description, "error_detail": error.detail,
        });
        object.insert("error_details".to_owned(), details);
    }
    (!object.is_empty()).then_some(Value::Object(object))
}

/// A link is there exactly when its action is. Source: sessions-api.md 4.7.
struct Links<'a> {
    session: &'a Session,
    view: &'a View<'a>,
}

/// A link's value.
#[derive(serde::Serialize)]
struct Link<'a> {
    href: &'a str,
}

impl Serialize for Links<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { session, view } = self;
        let base = view.base;
        let own = format!("{base}/sessions/{}", session.id);
        let mut out = serializer.serialize_map(None)?;
        let mut put = |name: &str, href: &str| out.serialize_entry(name, &Link { href });
        for action in actions(session, view) {
            match *action {
                "collect_channel_data" => put(action, &format!("{own}/collect-data"))?,
                "issuer_fingerprint" => {
                    put(action, &format!("{own}/issuer-fingerprint"))?;
                    put("three_ds_method_url", &format!("{}/simulator/acs/3ds-method", other_site(base)))?;
                }
                "authenticate" => {
                    put("acs_url", &format!("{base}/simulator/acs/3ds1"))?;
                    put("term_url", &legacy::term_url(session, base))?;
                }
                "complete" => put(action, &format!("{own}/complete"))?,
                "redirect_cardholder" => put("redirect_url", &format!("{base}/sessions-interceptor/{}", session.id))?,
                _ => (),
            }
        }
        match &session.draft.completion {
            Completion::Hosted { success_url, failure_url, .. } => {
                put("success_url", success_url)?;
                put("failure_url", failure_url)?;
            }
            Completion::NonHosted { callback_url: Some(url), .. } => put("callback_url", url)?,
            Completion::NonHosted { .. } => (),
        }
        put("self", &own)?;
        out.end()
    }
}

/// The body of the callback: the result under two other names. Source: sessions-api.md 6.1.
pub(super) fn callback(session: &Session, passed: Duration) -> Value {
    let mut body = json!({
        "session_id": session.id, "amount": session.draft.amount.unwrap_or(0), "currency": session.draft.currency,
        "status": session.status.word(), "authentication_type": session.draft.authentication_type,
        "authentication_category": session.draft.category, "protocol_version": session.version,
    });
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            body[name] = value;
        }
    };
    put("reference", json!(session.draft.reference));
    if let Some(verdict) = &session.verdict {
        put("approved", json!(session.status.succeeded()));
        put("response_code", json!(verdict.response_code));
        put("response_reason", json!(verdict.reason));
        put("cardholder_info", json!(information(session)));
        put("cryptogram", json!(session.cryptogram_at(passed)));
        put("eci", json!(verdict.eci));
        put("xid", json!(xid(session)));
        put("challenged", json!(verdict.challenged));
    }
    body
}
