//! The messages themselves, as JSON, and the conversation that they make.
//!
//! Promises: card numbers masked, as in every record; members of the version that is
//! spoken. Source: emv-3ds.md 1.2-1.8, 2.2, 3.5-3.7, 4.

use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};

use super::codes::{challenge_indicator, exponent, merchant_indicator, numeric, requestor_indicator, transaction_type};
use super::{ACS_OPERATOR, ACS_REFERENCE, Answer};
use crate::clock::stamp;
use crate::model::scheme::SchemeMessage;
use crate::model::{Lane, SessionId, secret};
use crate::sandbox::fields::Object;
use crate::sandbox::issuer::notification_url;
use crate::sandbox::keys::base64url;
use crate::sandbox::session::{Challenge, Place, Session, Status, Verdict};
use crate::sandbox::validate::{App, Browser, Channel};

/// Longest cardholder text the protocol allows is 128 characters.
const REFUSED: &str = "Your bank did not approve this payment. Please contact your bank or use another card.";
const DECOUPLED: &str = "Your bank will contact you to confirm this payment.";
const SERVER_REFERENCE: &str = "SBX_3DS_SERVER_0001";

/// A conversation about one session.
pub(in crate::sandbox) struct Talk {
    session: SessionId,
    pub(in crate::sandbox) said: Vec<SchemeMessage>,
}

impl Talk {
    pub(in crate::sandbox) fn of(session: &Session) -> Self {
        Self { session: SessionId(session.id.clone()), said: Vec::new() }
    }

    /// Notes a message, written out, on each leg of its way.
    pub(in crate::sandbox) fn say(
        &mut self,
        kind: &'static str,
        path: &[(Lane, Lane)],
        gist: &str,
        body: impl Into<Bytes>,
    ) {
        let body = body.into();
        self.said.extend(path.iter().map(|(from, to)| SchemeMessage {
            session: self.session.clone(),
            kind,
            from: *from,
            to: *to,
            at: stamp(),
            took: Duration::ZERO,
            gist: gist.to_owned(),
            body: body.clone(),
        }));
    }
}

/// A message between the shopper's browser and the issuer.
pub(in crate::sandbox) fn browser_message(
    session: &Session,
    kind: &'static str,
    (from, to): (Lane, Lane),
    gist: String,
    body: &Value,
) -> SchemeMessage {
    SchemeMessage {
        session: SessionId(session.id.clone()),
        kind,
        from,
        to,
        at: stamp(),
        took: Duration::ZERO,
        gist,
        body: body.to_string().into(),
    }
}

/// A message while it is written: a JSON object without its closing brace.
#[derive(Clone)]
pub(super) struct Message(Vec<u8>);

/// Room for most messages.
const USUAL_BYTES: usize = 1536;

impl Message {
    /// Type, version and the ids known so far.
    fn of(session: &Session, kind: &str) -> Self {
        let mut message = Self(Vec::with_capacity(USUAL_BYTES));
        ids(session, kind).for_each(|(name, value)| message.put(name, value));
        message
    }

    fn put(&mut self, name: &str, value: impl Serialize) {
        self.0.extend_from_slice(if self.0.is_empty() { b"{\"" } else { b",\"" });
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(b"\":");
        serde_json::to_writer(&mut self.0, &value).expect("text and numbers can be written to memory");
    }

    fn maybe(&mut self, name: &str, value: Option<impl Serialize>) {
        if let Some(value) = value {
            self.put(name, value);
        }
    }
}

impl From<Message> for Bytes {
    fn from(message: Message) -> Self {
        let mut text = message.0;
        text.push(b'}');
        text.into_boxed_slice().into() // no spare room stays with it
    }
}

fn ids<'a>(session: &'a Session, kind: &'a str) -> impl Iterator<Item = (&'static str, &'a str)> {
    let ids = [
        ("messageType", Some(kind)),
        ("messageVersion", Some(session.version)),
        ("threeDSServerTransID", Some(session.transaction_id.as_str())),
        ("dsTransID", session.directory.as_ref().and_then(|ds| ds.transaction_id.as_deref())),
        ("acsTransID", session.acs.as_ref().map(|acs| acs.transaction_id.as_str())),
    ];
    ids.into_iter().filter_map(|(name, id)| Some((name, id?)))
}

/// The authentication request; the card number masked, as in every record.
pub(super) fn areq(session: &Session, base: &str, answer: Answer) -> Message {
    let draft = &session.draft;
    let mut body = Message::of(session, "AReq");
    body.put("deviceChannel", channel_code(session.channel.as_ref()));
    body.put("messageCategory", category(session));
    body.put("threeDSServerRefNumber", SERVER_REFERENCE);
    body.put("threeDSServerURL", format_args!("{base}/simulator/3dss/results"));
    body.put("threeDSRequestorID", "SBX_REQUESTOR");
    body.put("threeDSRequestorName", merchant(session));
    body.put("threeDSRequestorURL", base);
    body.put("threeDSRequestorAuthenticationInd", requestor_indicator(draft.authentication_type));
    body.put("threeDSRequestorChallengeInd", challenge_indicator(draft.challenge_indicator));
    body.put("acctNumber", secret::mask_digits(session.pan.expose()));
    for (name, value) in [
        ("acquirerBIN", "400000"),
        ("acquirerMerchantID", "SBX000000000001"),
        ("mcc", "5999"),
        ("merchantCountryCode", "826"),
        ("merchantName", merchant(session)),
        ("transType", transaction_type(draft.transaction_type)),
    ] {
        body.put(name, value);
    }
    if session.network_token {
        body.put("payTokenInd", true);
    }
    if matches!(answer, Answer::Challenge(_, Place::Decoupled)) {
        body.put("threeDSRequestorDecReqInd", "Y");
        body.put("threeDSRequestorDecMaxTime", format_args!("{:05}", session.limits.decoupled.as_secs() / 60));
    }
    if let Some((month, year)) = draft.expiry {
        body.put("cardExpiryDate", format_args!("{:02}{month:02}", year % 100));
    }
    body.maybe("cardholderName", draft.cardholder.as_deref());
    if draft.category == "payment" {
        body.put("purchaseAmount", draft.amount.unwrap_or(0).to_string());
        body.put("purchaseCurrency", numeric(&draft.currency).unwrap_or(&draft.currency));
        body.put("purchaseExponent", exponent(&draft.currency).to_string());
        body.put("purchaseDate", session.created.strftime("%Y%m%d%H%M%S").to_string());
    }
    match &session.channel {
        Some(Channel::App(app)) => app_members(app, &mut body),
        Some(Channel::Merchant(request_type)) => merchant_members(session, request_type, &mut body),
        Some(Channel::Browser(browser)) => browser_members(session, browser, base, &mut body),
        None => (),
    }
    body
}

fn channel_code(channel: Option<&Channel>) -> &'static str {
    match channel {
        Some(Channel::App(_)) => "01",
        Some(Channel::Browser(_)) | None => "02",
        Some(Channel::Merchant(_)) => "03",
    }
}

/// The request as the directory server passes it on.
pub(super) fn relayed(session: &Session, areq: Message) -> Message {
    let mut body = areq;
    let id = session.directory.as_ref().and_then(|ds| ds.transaction_id.as_deref());
    body.put("dsReferenceNumber", session.scheme.ds_reference());
    body.put("dsTransID", id.unwrap_or_default());
    body.put("dsURL", "https://ds.sandbox.test/results");
    body
}

fn category(session: &Session) -> &'static str {
    if session.draft.category == "payment" { "01" } else { "02" }
}

fn browser_members(session: &Session, browser: &Browser, base: &str, body: &mut Message) {
    body.put("threeDSCompInd", session.fingerprint.unwrap_or('U'));
    body.put("notificationURL", notification_url(session, base));
    body.put("browserAcceptHeader", &browser.accept_header);
    body.put("browserIP", &browser.ip_address);
    body.put("browserJavaEnabled", browser.java_enabled);
    body.put("browserLanguage", &browser.language);
    body.put("browserColorDepth", &browser.color_depth);
    body.put("browserScreenHeight", &browser.screen_height);
    body.put("browserScreenWidth", &browser.screen_width);
    body.put("browserTZ", &browser.timezone);
    body.put("browserUserAgent", &browser.user_agent);
    if session.version != "2.1.0" {
        body.put("browserJavascriptEnabled", browser.javascript_enabled); // not in 2.1.0 (emv-3ds.md 1.8)
    }
}

/// Source: emv-3ds.md 4.2.
fn app_members(app: &App, body: &mut Message) {
    let interface = match app.interface {
        "native" => "01",
        "html" => "02",
        _ => "03",
    };
    let elements: Vec<&str> = app.elements.iter().map(|name| element(name)).collect();
    body.put("sdkAppID", &app.app_id);
    body.put("sdkTransID", &app.transaction_id);
    body.put("sdkReferenceNumber", &app.reference_number);
    body.put("sdkMaxTimeout", format_args!("{:02}", app.max_timeout));
    body.put("sdkEncData", &app.encrypted_data);
    body.put("sdkEphemPubKey", json!({"kty": "EC", "crv": "P-256", "x": app.key.0, "y": app.key.1}));
    body.put("deviceRenderOptions", json!({"sdkInterface": interface, "sdkUiType": elements}));
}

fn element(name: &str) -> &'static str {
    match name {
        "text" => "01",
        "single_select" => "02",
        "multi_select" => "03",
        "oob" => "04",
        _ => "05",
    }
}

/// Source: emv-3ds.md 1.5.
fn merchant_members(session: &Session, request_type: &str, body: &mut Message) {
    body.put("threeRIInd", merchant_indicator(request_type));
    let echo = session.draft.echoes.iter().find(|(name, _)| *name == "initial_transaction");
    let initial = echo.and_then(|(_, echo)| serde_json::from_str::<Object>(echo.get()).ok());
    if let Some(mut initial) = initial {
        let mut prior = Object::new();
        for (ours, theirs) in [
            ("acs_transaction_id", "threeDSReqPriorRef"),
            ("authentication_method", "threeDSReqPriorAuthMethod"),
            ("authentication_timestamp", "threeDSReqPriorAuthTimestamp"),
            ("authentication_data", "threeDSReqPriorAuthData"),
        ] {
            if let Some(value) = initial.remove(ours) {
                prior.insert(theirs.to_owned(), value);
            }
        }
        body.put("threeDSRequestorPriorAuthenticationInfo", prior);
    }
}

/// The answer; without an issuer the directory server's ids stand in for the issuer's
/// (emv-3ds.md 1.2, rule 6).
pub(super) fn ares(session: &Session, code: char) -> Message {
    let directory = session.scheme.ds_reference();
    let mut body = Message::of(session, "ARes");
    body.put("acsReferenceNumber", if session.acs.is_some() { ACS_REFERENCE } else { directory });
    body.put("acsOperatorID", ACS_OPERATOR);
    body.put("dsReferenceNumber", directory);
    body.put("transStatus", code);
    match &session.acs {
        None => body.put("acsTransID", session.directory.as_ref().and_then(|ds| ds.transaction_id.as_deref())),
        Some(acs) => {
            body.maybe("acsURL", acs.challenge_url.as_deref());
            if let Some(rendering) = &acs.rendering {
                body.put("acsSignedContent", &rendering.signed_content);
                let interface = if rendering.interface == "html" { "02" } else { "01" };
                let template = element(rendering.template);
                body.put("acsRenderingType", json!({"acsInterface": interface, "acsUiTemplate": template}));
            }
        }
    }
    if matches!(code, 'C' | 'D') {
        body.put("acsChallengeMandated", "Y");
        body.put("authenticationType", if code == 'D' { "04" } else { "02" });
    }
    if code == 'D' {
        body.put("acsDecConInd", "Y");
        body.put("cardholderInfo", DECOUPLED);
    }
    if let Some(verdict) = &session.verdict {
        outcome_members(&mut body, verdict);
    }
    body
}

/// The round trip of the result: RReq up, RRes down.
pub(super) fn results(talk: &mut Talk, session: &Session, verdict: &Verdict) {
    let gist = format!("transStatus {}", verdict.response_code.unwrap_or('U'));
    let up = [(Lane::Issuer, Lane::Directory), (Lane::Directory, Lane::Sessions)];
    talk.say("RReq", &up, &gist, rreq(session, verdict));
    let mut rres = Message::of(session, "RRes");
    rres.put("resultsStatus", "01");
    let down = [(Lane::Sessions, Lane::Directory), (Lane::Directory, Lane::Issuer)];
    talk.say("RRes", &down, "resultsStatus 01", rres);
}

fn rreq(session: &Session, verdict: &Verdict) -> Message {
    let mut body = Message::of(session, "RReq");
    body.put("messageCategory", category(session));
    body.put("transStatus", verdict.response_code.unwrap_or('U'));
    let decoupled = |challenge: &&Challenge| challenge.place == Place::Decoupled;
    let challenge = session.challenge.as_ref();
    body.put("authenticationType", if challenge.filter(decoupled).is_some() { "04" } else { "02" });
    if let Some(challenge) = challenge.filter(|challenge| !decoupled(challenge)) {
        body.put("interactionCounter", format_args!("{:02}", challenge.interactions));
    }
    body.maybe("challengeCancel", verdict.cancel.map(|(_, code)| code));
    outcome_members(&mut body, verdict);
    body
}

fn outcome_members(body: &mut Message, verdict: &Verdict) {
    body.maybe("transStatusReason", verdict.reason);
    body.maybe("eci", verdict.eci);
    body.maybe("authenticationValue", verdict.cryptogram.as_deref());
    if matches!(verdict.response_code, Some('N' | 'R')) && verdict.cancel.is_none() {
        body.put("cardholderInfo", REFUSED);
    }
}

/// The text for the shopper: once refused, or while the bank will ask by itself.
/// Source: sessions-api.md 4.3, emv-3ds.md 1.6.
pub(in crate::sandbox) fn information(session: &Session) -> Option<&'static str> {
    if session.decoupled() {
        return Some(DECOUPLED);
    }
    session.verdict.as_ref()?.response_code?;
    matches!(session.status, Status::Declined | Status::Rejected).then_some(REFUSED)
}

/// A protocol error. Source: emv-3ds.md 3.7.
pub(in crate::sandbox) fn erro(
    session: &Session,
    code: &str,
    component: &str,
    about: &str,
    description: &str,
) -> Value {
    let mut body: Object = ids(session, "Erro").map(|(name, id)| (name.to_owned(), id.into())).collect();
    for (name, text) in [
        ("errorCode", code),
        ("errorComponent", component),
        ("errorDescription", description),
        ("errorDetail", about),
        ("errorMessageType", about),
    ] {
        body.insert(name.to_owned(), text.into());
    }
    Value::Object(body)
}

/// The name the bank shows.
pub(in crate::sandbox) fn merchant(session: &Session) -> &str {
    session.draft.billing_descriptor.as_deref().unwrap_or("Sandbox Merchant")
}

/// The ready CReq of a challenge in a browser, base64url without padding.
pub(in crate::sandbox) fn encoded_creq(session: &Session) -> Option<String> {
    let acs = session.acs.as_ref()?;
    session.challenge.as_ref().filter(|challenge| challenge.place == Place::Browser)?;
    let creq = json!({
        "threeDSServerTransID": session.transaction_id, "acsTransID": acs.transaction_id,
        "messageType": "CReq", "messageVersion": session.version, "challengeWindowSize": "05",
    });
    Some(base64url(creq.to_string().as_bytes()))
}

/// The final CRes: `Y` or `N` only; the real outcome is in the RReq. A bank that asks by
/// itself sends none. Source: emv-3ds.md 1.2, 1.6.
pub(in crate::sandbox) fn cres(session: &Session) -> Option<Value> {
    let acs = session.acs.as_ref()?;
    session.challenge.as_ref().filter(|challenge| challenge.place != Place::Decoupled)?;
    let answer = if session.status == Status::Approved { "Y" } else { "N" };
    Some(json!({
        "threeDSServerTransID": session.transaction_id, "acsTransID": acs.transaction_id,
        "messageType": "CRes", "messageVersion": session.version, "transStatus": answer,
    }))
}
