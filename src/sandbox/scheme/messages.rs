//! The messages themselves, as JSON, and the conversation that they make.
//!
//! Promises: card numbers masked, as in every record; members of the version that is
//! spoken. Source: emv-3ds.md 1.2-1.8, 2.2, 3.5-3.7, 4.

use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};

use super::acs::script;
use super::check::Flaw;
use super::codes::{description, exponent, numeric, requestor_indicator, spoken, transaction_type};
use super::plan::{looks_up_trust_list, merchant_members, plan_members, prior_members, token_members};
use super::server::version;
use super::{ACS_OPERATOR, ACS_REFERENCE, decoupled, spc, terms};
use crate::clock::stamp;
use crate::model::scenario::{self, Version};
use crate::model::scheme::SchemeMessage;
use crate::model::{Lane, SessionId, secret};
use crate::sandbox::fields::Object;
use crate::sandbox::issuer::notification_url;
use crate::sandbox::keys::{base64url, other_uuid};
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

    pub(super) fn put(&mut self, name: &str, value: impl Serialize) {
        self.0.extend_from_slice(if self.0.is_empty() { b"{\"" } else { b",\"" });
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(b"\":");
        serde_json::to_writer(&mut self.0, &value).expect("text and numbers can be written to memory");
    }

    pub(super) fn maybe(&mut self, name: &str, value: Option<impl Serialize>) {
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
pub(super) fn areq(session: &Session, base: &str) -> Message {
    let draft = &session.draft;
    let mut body = Message(Vec::with_capacity(USUAL_BYTES));
    // The ids of others come later, also where this is the second request.
    ids(session, "AReq").take(3).for_each(|(name, value)| body.put(name, value));
    body.put("deviceChannel", channel_code(session.channel.as_ref()));
    body.put("messageCategory", category(session));
    body.put("threeDSServerRefNumber", SERVER_REFERENCE);
    body.put("threeDSServerURL", format_args!("{base}/simulator/3dss/results"));
    body.put("threeDSRequestorID", "SBX_REQUESTOR");
    body.put("threeDSRequestorName", merchant(session));
    body.put("threeDSRequestorURL", base);
    body.put("threeDSRequestorAuthenticationInd", requestor_indicator(draft.authentication_type));
    terms::write_wish(session, &mut body);
    spc::write_request(session, &mut body);
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
    token_members(session, &mut body);
    decoupled::write(session, &mut body);
    prior_members(session, &mut body);
    plan_members(session, &mut body);
    if let Some((month, year)) = draft.expiry {
        body.put("cardExpiryDate", format_args!("{:02}{month:02}", year % 100));
    }
    let fits = |name: &&str| version(session) >= Version::V231 || (name.is_ascii() && name.len() >= 2);
    body.maybe("cardholderName", draft.cardholder.as_deref().filter(fits)); // else it would be refused
    if category(session) == "01" {
        body.put("purchaseAmount", draft.amount.unwrap_or(0).to_string());
        body.put("purchaseCurrency", numeric(&draft.currency).unwrap_or(&draft.currency));
        body.put("purchaseExponent", exponent(&draft.currency).to_string());
        body.put("purchaseDate", session.created.strftime("%Y%m%d%H%M%S").to_string());
    }
    match &session.channel {
        Some(Channel::App(app)) => app_members(session, app, &mut body),
        Some(Channel::Merchant(request_type)) => merchant_members(session, request_type, &mut body),
        Some(Channel::Browser(browser)) => browser_members(session, browser, base, &mut body),
        None => (),
    }
    body
}

pub(super) fn channel_code(channel: Option<&Channel>) -> &'static str {
    match channel {
        Some(Channel::App(_)) => "01",
        Some(Channel::Browser(_)) | None => "02",
        Some(Channel::Merchant(_)) => "03",
    }
}

/// The request as the directory server passes it on: what came, and its own ids; of an app's
/// sealed device data what was in them. Source: emv-3ds.md 4.2.
pub(super) fn relayed(session: &Session, areq: &Bytes, device_info: Option<&str>) -> Bytes {
    let mut body = match (&session.channel, serde_json::from_slice::<Object>(areq)) {
        (Some(Channel::App(_)), Ok(mut members)) => {
            members.shift_remove("sdkEncData");
            let text = Value::Object(members).to_string();
            Message(text.strip_suffix('}').unwrap_or(&text).as_bytes().to_vec())
        }
        _ => Message(areq.strip_suffix(b"}").unwrap_or(areq).to_vec()),
    };
    body.maybe("deviceInfo", device_info);
    let id = session.directory.as_ref().and_then(|ds| ds.transaction_id.as_deref());
    body.put("dsReferenceNumber", session.scheme.ds_reference());
    body.put("dsTransID", id.unwrap_or_default());
    body.put("dsURL", "https://ds.sandbox.test/results");
    body.into()
}

/// A payment, or none: a look at the trust list never is one.
pub(super) fn category(session: &Session) -> &'static str {
    if session.draft.category == "payment" && !looks_up_trust_list(session) { "01" } else { "02" }
}

fn browser_members(session: &Session, browser: &Browser, base: &str, body: &mut Message) {
    body.put("threeDSCompInd", session.fingerprint.unwrap_or('U'));
    body.put("notificationURL", notification_url(session, base));
    body.put("browserAcceptHeader", &browser.accept_header);
    body.put("browserIP", &browser.ip_address);
    body.put("browserJavaEnabled", browser.java_enabled);
    let longest = if version(session) >= Version::V231 { 35 } else { 8 };
    let primary = browser.language.split('-').next().unwrap_or_default();
    body.put("browserLanguage", if browser.language.len() > longest { primary } else { &browser.language });
    body.put("browserColorDepth", &browser.color_depth);
    body.put("browserScreenHeight", &browser.screen_height);
    body.put("browserScreenWidth", &browser.screen_width);
    body.put("browserTZ", &browser.timezone);
    body.put("browserUserAgent", &browser.user_agent);
    if version(session) >= Version::V220 {
        body.put("browserJavascriptEnabled", browser.javascript_enabled); // not in 2.1.0 (emv-3ds.md 1.8)
    }
    if version(session) >= Version::V231 {
        body.put("acceptLanguage", [&browser.language]);
        if session.method_reused {
            body.put("threeDSMethodId", other_uuid(session.card.fingerprint.as_bytes()));
        }
    }
}

/// Source: emv-3ds.md 4.2.
fn app_members(session: &Session, app: &App, body: &mut Message) {
    let interface = match app.interface {
        "native" => "01",
        "html" => "02",
        _ => "03",
    };
    let elements: Vec<&str> = app.elements.iter().map(|name| element(name)).collect();
    if version(session) >= Version::V231 {
        body.put("sdkType", "01"); // a default SDK (emv-3ds.md 4.2)
    }
    body.put("sdkAppID", &app.app_id);
    body.put("sdkTransID", &app.transaction_id);
    body.put("sdkReferenceNumber", &app.reference_number);
    body.put("sdkMaxTimeout", format_args!("{:02}", app.max_timeout.clamp(5, 99))); // two digits (emv-3ds.md 4.2)
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

/// The answer; without an issuer the directory server's ids stand in for the issuer's
/// (emv-3ds.md 1.2, rule 6).
pub(super) fn ares(
    session: &Session,
    letter: char,
    values: Option<&Verdict>,
    scripted: Option<&scenario::Answer>,
) -> Message {
    let directory = session.scheme.ds_reference();
    let mut body = Message::of(session, "ARes");
    body.put("acsReferenceNumber", if session.acs.is_some() { ACS_REFERENCE } else { directory });
    body.put("acsOperatorID", ACS_OPERATOR);
    body.put("dsReferenceNumber", directory);
    body.put("transStatus", letter);
    match &session.acs {
        None => body.put("acsTransID", session.directory.as_ref().and_then(|ds| ds.transaction_id.as_deref())),
        Some(acs) => {
            body.maybe("acsURL", acs.challenge_url.as_deref().filter(|_| letter != 'S'));
            if let Some(rendering) = &acs.rendering {
                body.put("acsSignedContent", &rendering.signed_content);
                let interface = if rendering.is_html() { "02" } else { "01" };
                let mut kind = json!({"acsInterface": interface, "acsUiTemplate": rendering.ui.code()});
                if version(session) >= Version::V231 {
                    kind["deviceUserInterfaceMode"] = "01".into(); // portrait; not before 2.3.1 (emv-3ds.md 1.8)
                }
                body.put("acsRenderingType", kind);
            }
        }
    }
    if matches!(letter, 'C' | 'D') {
        let mandated = scripted.and_then(|answer| answer.acs_challenge_mandated.as_deref());
        body.put("acsChallengeMandated", mandated.unwrap_or("Y"));
        kind_of_proof(session, scripted.and_then(|answer| answer.authentication_type.as_deref()), &mut body);
    }
    let text = scripted.and_then(|answer| answer.cardholder_info.as_deref());
    if letter == 'D' {
        let consent = scripted.and_then(|answer| answer.acs_dec_con_ind.as_deref());
        body.put("acsDecConInd", consent.unwrap_or("Y"));
        information_member(session, text.unwrap_or(DECOUPLED), &mut body);
    } else if let Some(text) = text {
        information_member(session, text, &mut body);
    }
    if let Some(values) = values {
        outcome_members(session, &mut body, values, text.is_none());
    }
    if letter == 'S' {
        spc::write_offer(session, &mut body);
    }
    if session.acs.is_some() {
        terms::write_grant(session, &mut body);
    }
    if spc::is_confirmed(session) {
        body.put("authenticationMethod", ["14"]); // emv-3ds.md 3.6
    }
    body
}

/// How the shopper proves who they are. Source: emv-3ds.md 1.8, 3.6.
fn kind_of_proof(session: &Session, given: Option<&str>, body: &mut Message) {
    let decoupled = session.challenge.as_ref().is_some_and(|challenge| challenge.place == Place::Decoupled);
    let by_app = script(session).is_some_and(|script| script.challenge.pages.iter().any(|page| page.is_out_of_band()));
    let kind = given.unwrap_or(match (decoupled, by_app) {
        (true, _) => "04",
        (false, true) => "03",
        (false, false) => "02",
    });
    if version(session) >= Version::V231 {
        let method = match kind {
            "03" => "07",
            "04" => "12",
            other => other,
        };
        body.put("authenticationMethod", [method]);
    } else {
        body.put("authenticationType", kind);
    }
}

/// Text for the shopper: an object from 2.3.1 on. Source: emv-3ds.md 1.8.
fn information_member(session: &Session, text: &str, body: &mut Message) {
    if version(session) >= Version::V231 {
        body.put("cardholderInfo", json!({ "text": text }));
    } else {
        body.put("cardholderInfo", text);
    }
}

/// The result of a challenge.
pub(super) fn rreq(session: &Session, verdict: &Verdict) -> Message {
    let mut body = Message::of(session, "RReq");
    body.put("messageCategory", category(session));
    body.put("transStatus", verdict.response_code.unwrap_or('U'));
    kind_of_proof(session, None, &mut body);
    let decoupled = |challenge: &&Challenge| challenge.place == Place::Decoupled;
    let challenge = session.challenge.as_ref();
    if let Some(challenge) = challenge.filter(|challenge| !decoupled(challenge)) {
        body.put("interactionCounter", format_args!("{:02}", challenge.interactions));
    }
    body.maybe("challengeCancel", verdict.cancel.map(|(_, code)| code));
    // With the code that says whose error it was. Source: emv-3ds.md 3.6.
    let error = challenge.and_then(|challenge| challenge.line.as_ref()?.error());
    body.maybe("challengeErrorReporting", error.filter(|_| version(session) >= Version::V231));
    terms::write_listed(session, &mut body);
    if verdict.response_code == Some('D') {
        information_member(session, DECOUPLED, &mut body);
    }
    outcome_members(session, &mut body, verdict, true);
    body
}

/// The receipt of a result.
pub(super) fn rres(session: &Session, results_status: &str) -> Message {
    let mut body = Message::of(session, "RRes");
    body.put("resultsStatus", results_status);
    body
}

/// The request for card ranges. Source: emv-3ds.md 1.2.
pub(super) fn preq(session: &Session) -> Message {
    let mut body = Message(Vec::with_capacity(256));
    body.put("messageType", "PReq");
    body.put("messageVersion", session.version);
    body.put("threeDSServerTransID", &session.transaction_id);
    body.put("threeDSServerRefNumber", SERVER_REFERENCE);
    body.put("threeDSServerOperatorID", "SBX-OPERATOR");
    body
}

/// The card ranges of a scheme: in this sandbox one issuer has them all.
pub(super) fn pres(session: &Session, base: &str, transaction: &str) -> Message {
    let mut body = Message(Vec::with_capacity(512));
    body.put("messageType", "PRes");
    body.put("messageVersion", session.version);
    body.put("threeDSServerTransID", transaction);
    body.put("dsTransID", other_uuid(transaction.as_bytes()));
    body.put("serialNum", "1");
    body.put("dsStartProtocolVersion", "2.1.0");
    body.put("dsEndProtocolVersion", "2.3.1");
    let (start, end) = session.scheme.card_range();
    body.put(
        "cardRangeData",
        json!([{
            "startRange": start, "endRange": end, "actionInd": "A",
            "acsStartProtocolVersion": "2.1.0", "acsEndProtocolVersion": "2.3.1",
            "acsInfoInd": features(version(session)),
            "threeDSMethodURL": format!("{base}/simulator/acs/3ds-method"),
        }]),
    );
    body
}

/// `acsInfoInd`: what the issuer can do, as far as the version has a code for it. Source:
/// emv-3ds.md 3.6.
fn features(version: Version) -> &'static [&'static str] {
    match version {
        Version::V102 | Version::V210 => &["01", "02"],
        Version::V220 => &["01", "02", "03", "04"],
        Version::V231 => &["01", "02", "03", "04", "07", "08", "09", "10", "11"],
    }
}

fn outcome_members(session: &Session, body: &mut Message, verdict: &Verdict, silent: bool) {
    body.maybe("transStatusReason", verdict.reason);
    body.maybe("eci", verdict.eci);
    body.maybe("authenticationValue", verdict.cryptogram.as_deref());
    if silent && matches!(verdict.response_code, Some('N' | 'R')) && verdict.cancel.is_none() {
        information_member(session, REFUSED, body);
    }
}

/// The text for the shopper: once refused, or while the bank will ask by itself.
/// Source: sessions-api.md 4.3, emv-3ds.md 1.6.
pub(in crate::sandbox) fn information(session: &Session) -> Option<&str> {
    if session.decoupled() {
        return Some(DECOUPLED);
    }
    session.verdict.as_ref()?.response_code?;
    let scripted = script(session).and_then(|script| script.ares.as_ref()?.cardholder_info.as_deref());
    scripted.or(matches!(session.status, Status::Declined | Status::Rejected).then_some(REFUSED))
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
        ("errorCode", spoken(version(session), code)),
        ("errorComponent", component),
        ("errorDescription", description),
        ("errorDetail", about),
        ("errorMessageType", about),
    ] {
        body.insert(name.to_owned(), text.into());
    }
    Value::Object(body)
}

/// The error that says what is wrong with a message.
pub(super) fn erro_of(session: &Session, flaw: &Flaw, component: &str, about: &str) -> Bytes {
    let mut body = erro(session, flaw.code, component, about, description(flaw.code));
    body["errorDetail"] = flaw.detail.as_str().into();
    body.to_string().into()
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

/// The final CRes: `Y` or `N`, and `D` where the bank goes on by itself; the real outcome is
/// in the RReq. A bank that never showed a page sends none. Source: emv-3ds.md 1.2, 1.6.
pub(in crate::sandbox) fn cres(session: &Session) -> Option<Value> {
    let acs = session.acs.as_ref()?;
    let paged = |challenge: &&Challenge| challenge.fell_back || challenge.place != Place::Decoupled;
    let challenge = session.challenge.as_ref().filter(paged)?;
    let ended = challenge.over.as_ref().map_or('N', |(letter, _)| *letter);
    let letter = if challenge.fell_back { 'D' } else { ended };
    Some(json!({
        "threeDSServerTransID": session.transaction_id, "acsTransID": acs.transaction_id,
        "messageType": "CRes", "messageVersion": session.version, "transStatus": letter.to_string(),
    }))
}
