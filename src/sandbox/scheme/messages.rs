//! The messages themselves, as JSON, and the conversation that they make.
//!
//! Promises: card numbers masked, as in every record; members of the version that is
//! spoken. Source: emv-3ds.md 1.2-1.8, 2.2, 3.5-3.7, 4.

use std::time::Duration;

use serde_json::{Value, json};

use super::codes::{challenge_indicator, exponent, merchant_indicator, numeric, requestor_indicator, transaction_type};
use super::{ACS_OPERATOR, ACS_REFERENCE, Answer};
use crate::clock::stamp;
use crate::model::scheme::SchemeMessage;
use crate::model::{Lane, SessionId, secret};
use crate::sandbox::fields::Object;
use crate::sandbox::issuer::notification_url;
use crate::sandbox::keys::base64url;
use crate::sandbox::session::{Place, Session, Status, Verdict};
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

    /// Notes a message on each leg of its way; it is written out once.
    pub(super) fn say(&mut self, kind: &'static str, path: &[(Lane, Lane)], gist: String, body: &Value) {
        self.say_text(kind, path, &gist, body.to_string());
    }

    /// The same for a message that is no JSON (3DS1).
    pub(in crate::sandbox) fn say_text(&mut self, kind: &'static str, path: &[(Lane, Lane)], gist: &str, body: String) {
        let body = bytes::Bytes::from(body);
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

fn with(mut body: Value, more: Value) -> Value {
    if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
        body.extend(more);
    }
    body
}

/// Type, version and the ids known so far.
fn ids(session: &Session, kind: &str) -> Value {
    let mut body = Object::new();
    let mut put = |name: &str, value: &str| {
        body.insert(name.to_owned(), value.into());
    };
    put("messageType", kind);
    put("messageVersion", session.version);
    put("threeDSServerTransID", &session.transaction_id);
    if let Some(id) = session.directory.as_ref().and_then(|ds| ds.transaction_id.as_deref()) {
        put("dsTransID", id);
    }
    if let Some(acs) = &session.acs {
        put("acsTransID", &acs.transaction_id);
    }
    Value::Object(body)
}

/// The authentication request; the card number masked, as in every record.
pub(super) fn areq(session: &Session, base: &str, answer: Answer) -> Value {
    let draft = &session.draft;
    let (channel, members) = match &session.channel {
        Some(Channel::App(app)) => ("01", app_members(app)),
        Some(Channel::Merchant(request_type)) => ("03", merchant_members(session, request_type)),
        Some(Channel::Browser(browser)) => ("02", browser_members(session, browser, base)),
        None => ("02", Value::Null),
    };
    let mut body = with(
        ids(session, "AReq"),
        json!({
            "deviceChannel": channel,
            "messageCategory": category(session),
            "threeDSServerRefNumber": SERVER_REFERENCE,
            "threeDSServerURL": format!("{base}/simulator/3dss/results"),
            "threeDSRequestorID": "SBX_REQUESTOR",
            "threeDSRequestorName": merchant(session),
            "threeDSRequestorURL": base,
            "threeDSRequestorAuthenticationInd": requestor_indicator(draft.authentication_type),
            "threeDSRequestorChallengeInd": challenge_indicator(draft.challenge_indicator),
            "acctNumber": secret::mask_digits(session.pan.expose()),
            "acquirerBIN": "400000", "acquirerMerchantID": "SBX000000000001",
            "mcc": "5999", "merchantCountryCode": "826", "merchantName": merchant(session),
            "transType": transaction_type(draft.transaction_type),
        }),
    );
    if session.network_token {
        body["payTokenInd"] = true.into();
    }
    if matches!(answer, Answer::Challenge(_, Place::Decoupled)) {
        body["threeDSRequestorDecReqInd"] = "Y".into();
        body["threeDSRequestorDecMaxTime"] = format!("{:05}", session.limits.decoupled.as_secs() / 60).into();
    }
    if let Some((month, year)) = draft.expiry {
        body["cardExpiryDate"] = format!("{:02}{month:02}", year % 100).into();
    }
    if let Some(name) = &draft.cardholder {
        body["cardholderName"] = name.as_str().into();
    }
    if draft.category == "payment" {
        body["purchaseAmount"] = draft.amount.unwrap_or(0).to_string().into();
        body["purchaseCurrency"] = numeric(&draft.currency).unwrap_or(&draft.currency).into();
        body["purchaseExponent"] = exponent(&draft.currency).to_string().into();
        body["purchaseDate"] = session.created.strftime("%Y%m%d%H%M%S").to_string().into();
    }
    with(body, members)
}

/// The request as the directory server passes it on.
pub(super) fn relayed(session: &Session, areq: Value) -> Value {
    let id = session.directory.as_ref().and_then(|ds| ds.transaction_id.as_deref());
    with(
        areq,
        json!({
            "dsReferenceNumber": session.scheme.ds_reference(), "dsTransID": id.unwrap_or_default(),
            "dsURL": "https://ds.sandbox.test/results",
        }),
    )
}

fn category(session: &Session) -> &'static str {
    if session.draft.category == "payment" { "01" } else { "02" }
}

fn browser_members(session: &Session, browser: &Browser, base: &str) -> Value {
    let mut members = json!({
        "threeDSCompInd": session.fingerprint.unwrap_or('U').to_string(),
        "notificationURL": notification_url(session, base),
        "browserAcceptHeader": browser.accept_header, "browserIP": browser.ip_address,
        "browserJavaEnabled": browser.java_enabled, "browserLanguage": browser.language,
        "browserColorDepth": browser.color_depth, "browserScreenHeight": browser.screen_height,
        "browserScreenWidth": browser.screen_width, "browserTZ": browser.timezone,
        "browserUserAgent": browser.user_agent,
    });
    if session.version != "2.1.0" {
        members["browserJavascriptEnabled"] = browser.javascript_enabled.into(); // not in 2.1.0 (emv-3ds.md 1.8)
    }
    members
}

/// Source: emv-3ds.md 4.2.
fn app_members(app: &App) -> Value {
    let interface = match app.interface {
        "native" => "01",
        "html" => "02",
        _ => "03",
    };
    let elements: Vec<&str> = app.elements.iter().map(|name| element(name)).collect();
    json!({
        "sdkAppID": app.app_id, "sdkTransID": app.transaction_id, "sdkReferenceNumber": app.reference_number,
        "sdkMaxTimeout": format!("{:02}", app.max_timeout), "sdkEncData": app.encrypted_data,
        "sdkEphemPubKey": {"kty": "EC", "crv": "P-256", "x": app.key.0, "y": app.key.1},
        "deviceRenderOptions": {"sdkInterface": interface, "sdkUiType": elements},
    })
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
fn merchant_members(session: &Session, request_type: &str) -> Value {
    let mut members = json!({"threeRIInd": merchant_indicator(request_type)});
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
        members["threeDSRequestorPriorAuthenticationInfo"] = prior.into();
    }
    members
}

/// The answer; without an issuer the directory server's ids stand in for the issuer's
/// (emv-3ds.md 1.2, rule 6).
pub(super) fn ares(session: &Session, code: char) -> Value {
    let directory = session.scheme.ds_reference();
    let reference = if session.acs.is_some() { ACS_REFERENCE } else { directory };
    let mut body = with(
        ids(session, "ARes"),
        json!({
            "acsReferenceNumber": reference, "acsOperatorID": ACS_OPERATOR,
            "dsReferenceNumber": directory, "transStatus": code.to_string(),
        }),
    );
    match &session.acs {
        None => body["acsTransID"] = body["dsTransID"].clone(),
        Some(acs) => {
            if let Some(url) = &acs.challenge_url {
                body["acsURL"] = url.as_str().into();
            }
            if let Some(rendering) = &acs.rendering {
                body["acsSignedContent"] = rendering.signed_content.as_str().into();
                let interface = if rendering.interface == "html" { "02" } else { "01" };
                body["acsRenderingType"] =
                    json!({"acsInterface": interface, "acsUiTemplate": element(rendering.template)});
            }
        }
    }
    match code {
        'C' => body = with(body, json!({"acsChallengeMandated": "Y", "authenticationType": "02"})),
        'D' => {
            let more = json!({
                "acsChallengeMandated": "Y", "acsDecConInd": "Y", "authenticationType": "04",
                "cardholderInfo": DECOUPLED,
            });
            body = with(body, more);
        }
        _ => (),
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
    talk.say("RReq", &up, gist, &rreq(session, verdict));
    let rres = with(ids(session, "RRes"), json!({"resultsStatus": "01"}));
    let down = [(Lane::Sessions, Lane::Directory), (Lane::Directory, Lane::Issuer)];
    talk.say("RRes", &down, "resultsStatus 01".to_owned(), &rres);
}

fn rreq(session: &Session, verdict: &Verdict) -> Value {
    let mut body = with(
        ids(session, "RReq"),
        json!({
            "messageCategory": category(session),
            "transStatus": verdict.response_code.unwrap_or('U').to_string(),
            "authenticationType": "02",
        }),
    );
    if let Some(challenge) = &session.challenge {
        if challenge.place == Place::Decoupled {
            body["authenticationType"] = "04".into();
        } else {
            body["interactionCounter"] = format!("{:02}", challenge.interactions).into();
        }
    }
    if let Some((_, code)) = verdict.cancel {
        body["challengeCancel"] = code.into();
    }
    outcome_members(&mut body, verdict);
    body
}

fn outcome_members(body: &mut Value, verdict: &Verdict) {
    if let Some(reason) = verdict.reason {
        body["transStatusReason"] = reason.into();
    }
    if let Some(eci) = verdict.eci {
        body["eci"] = eci.into();
    }
    if let Some(cryptogram) = &verdict.cryptogram {
        body["authenticationValue"] = cryptogram.as_str().into();
    }
    if matches!(verdict.response_code, Some('N' | 'R')) && verdict.cancel.is_none() {
        body["cardholderInfo"] = REFUSED.into();
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
    with(
        ids(session, "Erro"),
        json!({
            "errorCode": code, "errorComponent": component, "errorDescription": description,
            "errorDetail": about, "errorMessageType": about,
        }),
    )
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
